#!/bin/bash
# SPDX-License-Identifier: MIT
# An owner launches from what it shares and what it does not, which seals it; every way to name the image.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
VM=$T/alice/regions/north/instances
image "$A/shared"
image "$A/plain"
mkdir "$A/shared/shares/bob"
ok mkdir "$VM/vm1"
for name in shared shared@alice north/shared north/shared@alice; do
        ok put "$name" "$VM/vm1/image"
        is shared@alice cat "$VM/vm1/image"
        same "$VM/vm1/disk" "$A/shared/disk"
done

# Launching seals: the image can no longer be written, the instance can.
is available state "$A/plain"
ok mkdir "$VM/vm2"
ok put plain "$VM/vm2/image"
is sealed state "$A/plain"
says '"op":"seal"' cat "$A/plain/.meta/history.jsonl"
refused 1 "$EPERM" put changed "$A/plain/disk"
rule sealed alice
ok put changed "$VM/vm2/disk"
is 'shared@alice plain@alice' sh -c 'echo $(cat "$1/vm1/image" "$1/vm2/image")' - "$VM"

# The image's name may change and its directory go; `image` says what was written then.
ok mv "$A/plain" "$A/renamed"
is plain@alice cat "$VM/vm2/image"
refused 1 "$ENOENT" put plain "$VM/vm2/image"
ok rm -r "$A/renamed"
is changed cat "$VM/vm2/disk"
refused 1 "$ENOENT" put renamed "$VM/vm2/image"

# Another's image of the same name is not one's own.
image "$B/twin"
image "$A/twin"
ok mkdir "$A/twin/shares/bob"
settle
ok mkdir "$T/bob/regions/north/instances/vm1"
ok put twin "$T/bob/regions/north/instances/vm1/image"
same "$T/bob/regions/north/instances/vm1/disk" "$B/twin/disk"
ok put twin@alice "$T/bob/regions/north/instances/vm1/image"
same "$T/bob/regions/north/instances/vm1/disk" "$A/twin/disk"

# Who runs instances from it: for the owner only.
says $'^bob\t1\t20' cat "$A/twin/.meta/usage.tsv"
says $'^alice\t1\t20' cat "$A/shared/.meta/usage.tsv"
absent "$T/bob/regions/north/images/twin@alice/.meta/usage.tsv"
ok rm -r "$T/bob/regions/north/instances/vm1"
settle
is '' cat "$A/twin/.meta/usage.tsv"
