#!/bin/bash
# SPDX-License-Identifier: MIT
# How many instances an account may have in a region (instance-quota): launched or empty, until they are removed.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
VM=$T/alice/regions/north/instances
image "$A/web"
ok admin limits instances-per-region 3

ok mkdir "$VM/vm1" "$VM/vm2" "$VM/vm3"
ok put web "$VM/vm1/image"
snapshot
refused 1 "$EPERM" mkdir "$VM/vm4"
rule instance-quota alice
says 'fact: you have 3 of at most 3 instances in region north' cat "$T/alice/.imgshare/last_denial"
says 'rm -r regions/north/instances/NAME' cat "$T/alice/.imgshare/last_denial"
refused 1 "$EPERM" cp -r "$VM/vm1" "$VM/vm4"
fails EPERM 'os.mkdir(a[0])' "$VM/vm4"
# The first rule that is broken answers.
refused 1 "$EEXIST" mkdir "$VM/vm1"
refused 1 "$EINVAL" mkdir "$VM/vm@4"
unchanged 'a mkdir over the quota'

# Each region and each account by itself.
ok mkdir "$T/alice/regions/south/instances/vm4" "$T/bob/regions/north/instances/vm4"
# What is there can be launched and reinstalled.
ok put web "$VM/vm2/image"
ok rm -r "$VM/vm2"
ok mkdir "$VM/vm4"

# What is brought back counts, unless it comes back into its place.
refused 1 'instance-quota' admin undelete north/vm2@alice
ok rm "$VM/vm1/disk" "$VM/vm1/image"
ok admin undelete north/vm1@alice
ok rm -r "$VM/vm3"
ok mkdir "$VM/vm2"
ok admin undelete north/vm2@alice # in place of an empty one
settle
is 'vm1 vm2 vm4' listing "$VM"

# Lowered: what exists stays. 0: none at all.
ok admin limits instances-per-region 0
is 'vm1 vm2 vm4' listing "$VM"
ok rm -r "$VM/vm4"
refused 1 "$EPERM" mkdir "$VM/vm4"
rule instance-quota alice
ok admin limits instances-per-region 3
ok mkdir "$VM/vm4"
