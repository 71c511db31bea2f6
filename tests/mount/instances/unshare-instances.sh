#!/bin/bash
# SPDX-License-Identifier: MIT
# After an unshare what runs goes on and what was made stays; the log says how much. Accounts and roles wait for it.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
mount_as carol
VM=$T/bob/regions/north/instances
image "$A/web"
image "$A/db"
ok mkdir "$A/web/shares/bob" "$A/web/shares/carol" "$A/db/shares/bob"
settle
ok mkdir "$VM/vm1" "$VM/vm2" "$VM/vm3" "$VM/gone" "$T/carol/regions/north/instances/vm"
for vm in "$VM/vm1" "$VM/vm2" "$VM/gone" "$T/carol/regions/north/instances/vm"; do
        ok put web@alice "$vm/image"
done
ok put db@alice "$VM/vm3/image"
ok mkdir "$B/made" "$B/ended"
ok ln "$VM/vm1/disk" "$B/made/disk"
ok ln "$VM/gone/disk" "$B/ended/disk"
ok cp -r "$B/made" "$BS/"
ok put mine "$VM/vm1/disk"
ok rm -r "$VM/gone" "$B/ended"
settle
is $'bob\t2\ncarol\t1' cut -f1,2 "$A/web/.meta/usage.tsv"

# What counts is what lives and descends from it at that account: 2 of bob's 3 instances, an image and its copy.
ok rmdir "$A/web/shares/bob"
says '"op":"unshare","object":"north/web@alice","account":"bob".*"detail":\{"instances":2,"derived":2,"share":[0-9]+\}' cat "$A/web/.meta/history.jsonl"
ok rmdir "$A/web/shares/carol"
says '"op":"unshare",.*"account":"carol".*"detail":\{"instances":1,"derived":0,"share":[0-9]+\}' cat "$A/web/.meta/history.jsonl"
settle

# All of it stays, works and can be changed.
is 'vm1 vm2 vm3' listing "$VM"
is mine cat "$VM/vm1/disk"
is web@alice cat "$VM/vm1/image"
ok put more "$VM/vm2/disk"
is more cat "$VM/vm2/disk"
same "$B/made/disk" "$A/web/disk"
same "$BS/made/disk" "$A/web/disk"
ok mkdir "$B/later"
ok ln "$VM/vm2/disk" "$B/later/disk"
ok mkdir "$B/later/shares/carol"
is $'bob\t2\ncarol\t1' cut -f1,2 "$A/web/.meta/usage.tsv"

# No reinstall and no launch any more; from one's own made of it both.
refused 1 "$ENOENT" put web@alice "$VM/vm1/image"
refused 1 "$ENOENT" put web@alice "$VM/vm3/image"
is mine cat "$VM/vm1/disk"
is db@alice cat "$VM/vm3/image"
ok put made "$VM/vm1/image"
same "$VM/vm1/disk" "$A/web/disk"

# What remains outlives the image, too.
ok rm -r "$A/web"
same "$VM/vm1/disk" "$B/made/disk"
is more cat "$VM/vm2/disk"

# An account stays as long as it has instances, and so does its role.
ok rmdir "$A/db/shares/bob"
for image in "$B/made" "$BS/made" "$B/later"; do
        rmdir "$image/shares/"* 2>"$T/err"
        ok rm -r "$image"
done
settle
refused 1 '^imgshare: .*bob' admin account rm bob
refused 1 '^imgshare: .*bob' admin account set bob role=auditor
refused 1 '^imgshare: .*bob' admin account set bob role=operator
is 'vm1 vm2 vm3' listing "$VM"
ok rm -r "$VM/vm1" "$VM/vm2" "$VM/vm3"
ok mkdir "$VM/only-made"
settle
refused 1 '^imgshare: .*bob' admin account rm bob
ok rmdir "$VM/only-made"
settle
ok admin account set bob role=auditor
ok admin account rm bob
