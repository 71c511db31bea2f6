#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare check --repair of a catalog with all that a mount can make in it: each damage of a list (repair.py) is planted,
# found, explained, and mended or left with a remedy; no byte of a disk is lost, and a second run finds nothing new.
LIMIT=280
. "${0%/*}/../lib.sh"
catalog
ok admin account add eve --role auditor
mount_as alice
mount_as bob
VM=$T/bob/regions/north/instances

image "$A/web"
image "$A/db" 96
image "$A/old" 32
ok mkdir "$A/draft"
ok put other "$A/web/description"
ok put 1 "$A/web/.meta/reviewed"
ok put 1 "$A/db/.meta/reviewed"
ok mv "$A/old" "$A/older"
ok touch -d 2020-02-02T02:02:02Z "$A/web/description"
ok mkdir "$A/web/shares/"{bob,carol} "$A/db/shares/bob"
settle
ok mkdir "$T/bob/accounts/bob/trusted/"{alice,carol}
ok rmdir "$T/bob/accounts/bob/trusted/carol"
ok put 2999-01-01T00:00:00Z "$A/web/shares/bob/.expires"
ok put 2999-01-01T00:00:00Z "$A/db/shares/bob/.expires"
ok put never "$A/db/shares/bob/.expires"
ok rmdir "$A/web/shares/carol"
ok mkdir "$VM/vm"
ok put web@alice "$VM/vm/image"
ok put db@alice "$VM/vm/image"
ok mkdir "$B/custom"
ok ln "$VM/vm/disk" "$B/custom/disk"
ok cp -r "$A/web" "$AS/"
image "$A/gone"
ok rm -r "$A/gone"
refused 1 "$EPERM" rm "$A/web/disk"
refused 1 "$EPERM" mkdir "$A/web/shares/nobody"
has_digests() {
        ! grep -q pending "$A/web/.meta/digest" "$A/db/.meta/digest"
}
eventually has_digests || die 'no digests'
ok admin limits reserve 0 # else the log is kept, and what is planted in the database is not looked at
ok admin limits images-per-region 600
ok admin account set bob require-trust=on
for i in {1..40}; do # so that the log and its tables have more than one page
        admin account add "other$i" --uid "$((80000 + i))" >"$T/out" || die "account add other$i"
done
ok admin region add west

unmount alice bob
ok admin limits shares-per-image 49 # the mounts had kept the log

ok "$PYTHON" "${0%/*}/repair.py" "$T" ${SOURCE:+"$SOURCE/docs/RELIABILITY.md"} || cat "$T/out" "$T/err"
