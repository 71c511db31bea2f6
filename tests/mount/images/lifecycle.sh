#!/bin/bash
# SPDX-License-Identifier: MIT
# What becomes of images, shares and instances when accounts, roles, limits and regions change.
. "${0%/*}/../lib.sh"
catalog
ok admin region add west
mount_as alice
mount_as bob
image "$A/web"
image "$A/db"
ok mkdir "$A/web/shares/"{bob,carol,dave} "$A/db/shares/"{carol,dave}
settle
VM=$T/bob/regions/north/instances W=$T/bob/regions/west

# cannot CMD…: the command line refuses it, in one line, and nothing changes.
cannot() {
        snapshot
        refused 1 '^imgshare: ' admin "$@"
        is 1 sh -c 'wc -l <"$1"' - "$T/err"
        unchanged "$*"
}

# A region goes when it has neither images nor instances.
ok mkdir "$W/instances/vm"
cannot region rm west
image "$W/images/own"
ok put own "$W/instances/vm/image"
ok rm -r "$W/images/own"
cannot region rm west
ok rm -r "$W/instances/vm"
ok mkdir "$W/images/draft"
cannot region rm west
ok rmdir "$W/images/draft"
ok admin region rm west
settle
is 'north south' listing "$T/bob/regions"
refused 2 "$ENOENT" ls "$W/instances"
refused 1 "$ENOENT" mkdir "$W/instances/vm"

# Lower limits end nothing.
ok mkdir "$VM/vm1"
ok put web@alice "$VM/vm1/image"
ok admin limits shares-per-image 1
ok admin limits images-per-region 1
ok admin limits require-review on
ok admin account set bob require-trust=on
settle
is 'bob carol dave' listing "$A/web/shares/"
is 'db web' listing "$A"
same "$VM/vm1/disk" "$A/web/disk"
refused 1 "$EPERM" put web@alice "$VM/vm1/image"
rule trust bob
refused 1 "$EPERM" mkdir "$A/more"
rule quota-own-only alice
ok admin account add eve
refused 1 "$EPERM" mkdir "$A/web/shares/eve"
rule review-before-share alice
ok put 1 "$A/web/.meta/reviewed"
refused 1 "$EPERM" mkdir "$A/web/shares/eve"
rule share-limit alice
ok admin limits shares-per-image 50
ok admin limits images-per-region 500
ok admin limits require-review off
ok admin account set bob require-trust=off
settle
ok put web@alice "$VM/vm1/image"

# An account stays as long as it owns images or instances.
cannot account rm alice
cannot account rm bob
is vm1 listing "$VM"

# It goes with what it received: each share ends, and the log has a line for each.
ok admin account rm carol
settle
is 'bob dave' listing "$A/web/shares/"
is dave listing "$A/db/shares/"
for image in web db; do
        is 1 grep -c '"op":"unshare",.*"account":"carol"' "$A/$image/.meta/history.jsonl"
        says '"actor":"operator".*"op":"unshare","object":"north/'"$image"'@alice","account":"carol"' cat "$A/$image/.meta/history.jsonl"
        says $'^[0-9]+\tcarol\tpast share' cat "$A/$image/.meta/exposure.tsv"
        refused 1 "$EPERM" mkdir "$A/$image/shares/carol"
        rule unknown-account alice
done
cannot account add carol
mkdir "$T/mnt"
refused 1 '' "$IMGSHAREFS" "$DIR" "$T/mnt" -o account=carol

# One that is mounted while it goes sees nothing any more, and can do nothing.
mount_as dave
is 'db@alice web@alice' listing "$T/dave/regions/north/images"
ok admin account rm dave
settle
run ls "$T/dave/regions/north/images"
is '' cat "$T/out"
refused 1 '' mkdir "$T/dave/regions/north/images/new"
refused 1 '' mkdir "$T/dave/regions/north/instances/vm"
refused 1 '' cat "$T/dave/regions/north/images/web@alice/description"
is bob listing "$A/web/shares/"
is '' listing "$A/db/shares/"
unmount dave

# A role does not change while the account has something; ended, it does, and it receives nothing any more.
cannot account set alice role=operator
cannot account set bob role=auditor
ok rm -r "$VM/vm1"
settle
cannot account set bob role=auditor
ok rmdir "$A/web/shares/bob"
settle
ok admin account set bob role=auditor
settle
refused 1 "$EPERM" mkdir "$A/web/shares/bob"
rule role alice
is 'bob' sh -c 'sed -n "s/^account: //p" "$1"' - "$T/bob/.imgshare/whoami"
refused 1 '' mkdir "$VM/vm2"
ok admin account set bob role=account
settle
ok mkdir "$A/web/shares/bob"
ok mkdir "$VM/vm2"
