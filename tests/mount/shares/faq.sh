#!/bin/bash
# SPDX-License-Identifier: MIT
# faq.sh N: the rule of question N of the FAQ (CONTRACT 4), from the side of the owner (alice), a recipient (bob) and a
# stranger (dave), for whom the image does not exist. Without N: all.
if [ $# -eq 0 ]; then
        for n in {1..12}; do
                "$0" "$n" || exit
        done
        exit
fi
. "${0%/*}/../lib.sh"
needs busybox
catalog
for account in alice bob dave; do
        mount_as "$account"
done
D=$T/dave/regions/north/images DS=$T/dave/regions/south/images
VMA=$T/alice/regions/north/instances VMB=$T/bob/regions/north/instances VMD=$T/dave/regions/north/instances
image "$A/web"
ok mkdir "$A/web/shares/bob"
settle

# denied RULE NAME CMD…: EPERM, by that rule, in that mount.
denied() {
        refused 1 "$EPERM" "${@:3}"
        rule "$1" "$2"
}

# told LINE NAME: the last denial says so.
told() {
        says "$1" cat "$T/$2/.imgshare/last_denial"
}

# unseen CMD…: for the stranger nothing is there, and nothing is said.
unseen() {
        refused 1 "$ENOENT" "$@"
        quietly dave "$@"
}

# At most 50 accounts.
faq_1() {
        local i
        for i in $(seq -w 50); do
                admin account add "p$i" >"$T/out" || die "account add p$i"
        done
        ok mkdir "$A/web/shares/"p{01..49}
        snapshot
        denied share-limit alice mkdir "$A/web/shares/p50"
        told '^asked: share north/web@alice with p50$' alice
        told '^fact: 50 of 50 shares are live$' alice
        told '^do: .*rmdir shares/NAME' alice
        denied no-reshare bob mkdir "$B/web@alice/shares/p50"
        unseen mkdir "$D/web@alice/shares/p50"
        unchanged 'the 51st share'
        ok rmdir "$B/web@alice/shares/bob"
        settle
        ok mkdir "$A/web/shares/p50"
        says '"rule":"share-limit","errno":"EPERM"' cat "$A/web/.meta/history.jsonl"
}

# Name and description of a shared image do not change.
faq_2() {
        snapshot
        denied shared-frozen alice mv "$A/web" "$A/db"
        told '^fact: north/web@alice is shared with bob$' alice
        told '^do: unshare it from bob first: rmdir shares/bob$' alice
        denied shared-frozen alice put new "$A/web/description"
        denied unshare-before-delete alice rm "$A/web/description"
        denied shared-frozen alice mv "$A/web" "$AS/web"
        denied shared-frozen bob mv "$B/web@alice" "$B/db"
        told '^do: ask its owner alice$' bob
        denied shared-frozen bob put new "$B/web@alice/description"
        unseen mv "$D/web@alice" "$D/db"
        quietly dave put new "$D/web@alice/description"
        absent "$D/web@alice"
        unchanged 'changes of a shared image'
        ok rmdir "$A/web/shares/bob"
        ok put new "$A/web/description"
        ok mv "$A/web" "$A/db"
        ok mkdir "$A/db/shares/bob"
        settle
        is db@alice listing "$B"
        is new cat "$B/db@alice/description"
}

# Shared images count in nobody's quota but their owner's.
faq_3() {
        ok admin account set alice quota=2
        ok admin account set bob quota=1
        image "$A/db"
        ok mkdir "$A/db/shares/bob" "$A/db/shares/dave"
        settle
        is $'north\t2\t2\t131072' grep north "$T/alice/accounts/alice/usage"
        is $'north\t0\t1\t0' grep north "$T/bob/accounts/bob/usage"
        is $'north\t0\t500\t0' grep north "$T/dave/accounts/dave/usage"
        denied quota-own-only alice mkdir "$A/third"
        told '^fact: you have 2 of at most 2 images in region north$' alice
        ok mkdir "$B/own"
        denied quota-own-only bob mkdir "$B/second"
        told '^fact: you have 1 of at most 1 images in region north$' bob
        ok mkdir "$VMB/vm"
        ok put web@alice "$VMB/vm/image"
        ok cp -r "$A/web" "$AS/" # counts in south
        is $'south\t1\t2\t65536' grep south "$T/alice/accounts/alice/usage"
        ok cp -r "$A/web" "$AS/second"
        denied quota-own-only alice cp -r "$A/web" "$AS/third"
        ok mkdir "$D/first" "$D/second"
}

# Used only in its region.
faq_4() {
        local vm
        ok mkdir "$T/"{alice,bob,dave}/regions/south/instances/vm "$T/"{alice,bob,dave}/regions/north/instances/vm
        denied same-region alice put north/web "$T/alice/regions/south/instances/vm/image"
        told '^asked: launch from north/web@alice$' alice
        denied same-region bob put north/web@alice "$T/bob/regions/south/instances/vm/image"
        told '^fact: north/web@alice is neither yours nor shared with you in region south$' bob
        told '^do: .*ask its owner alice to copy it there and share the copy$' bob
        refused 1 "$ENOENT" put web@alice "$T/bob/regions/south/instances/vm/image"
        for vm in "$T/dave/regions/"{north,south}/instances/vm; do
                refused 1 "$ENOENT" put north/web@alice "$vm/image"
                rule - dave
        done
        for vm in "$T/"{alice,bob,dave}/regions/south/instances/vm "$VMD/vm"; do
                is '' listing "$vm"
        done
        is '' listing "$BS"
        is web@alice listing "$B"
        for vm in "$VMA" "$VMB"; do
                ok put web@alice "$vm/vm/image"
                same "$vm/vm/disk" "$A/web/disk"
        done
}

# A recipient makes no copy.
faq_5() {
        snapshot
        ok mkdir "$T/copy"
        denied no-copy-of-shared bob cp "$B/web@alice/disk" "$T/copy/"
        told '^fact: only its owner alice reads or copies the disk of north/web@alice$' bob
        told '^do: .*echo web@alice > instances/VM/image' bob
        denied no-copy-of-shared bob cat "$B/web@alice/disk"
        denied no-copy-of-shared bob cp -r "$B/web@alice" "$T/copy/web"
        absent "$T/copy/disk" "$T/copy/web/disk"
        ok mkdir "$B/mine" "$BS/mine"
        denied no-copy-of-shared bob ln "$B/web@alice/disk" "$B/mine/disk"
        denied no-copy-of-shared bob ln "$B/web@alice/disk" "$BS/mine/disk"
        denied no-copy-of-shared bob cp "$B/web@alice/disk" "$BS/mine/disk"
        is '' listing "$B/mine"
        ok rmdir "$B/mine" "$BS/mine"
        unseen cat "$D/web@alice/disk"
        unseen cp -r "$D/web@alice" "$T/copy/stranger"
        unchanged 'copies by others'
        ok cp -r "$A/web" "$A/copy"
        ok cp "$A/web/disk" "$T/copy/disk"
        same "$T/copy/disk" "$A/web/disk"
}

# Unshared before it is deleted.
faq_6() {
        snapshot
        refused 1 "$EPERM" rm -r "$A/web"
        rule unshare-before-delete alice
        told '^fact: north/web@alice is shared with bob$' alice
        told '^do: unshare it from bob first: rmdir shares/bob$' alice
        refused 1 "$EPERM" rm -rf "$A/web"
        refused 1 "$EPERM" busybox rm -r "$A/web"
        denied unshare-before-delete alice rm "$A/web/disk"
        denied unshare-before-delete alice rmdir "$A/web"
        denied unshare-before-delete alice mv "$A/web/disk" "$T/disk"
        denied owner-deletes bob rm -r "$B/web@alice"
        unseen rm -r "$D/web@alice"
        unchanged 'deleting a shared image'
        ok mkdir "$A/web/shares/carol"
        ok rmdir "$A/web/shares/bob"
        denied unshare-before-delete alice rm -r "$A/web"
        told '^do: unshare it from carol first: rmdir shares/carol$' alice
        ok rmdir "$A/web/shares/carol"
        ok rm -r "$A/web"
        is '' listing "$A"
}

# Only its owner deletes it.
faq_7() {
        snapshot
        denied owner-deletes bob rm -r "$B/web@alice"
        told '^fact: north/web@alice belongs to alice$' bob
        told '^do: ask its owner alice; .*rmdir shares/YOU$' bob
        denied owner-deletes bob rmdir "$B/web@alice"
        told '^asked: delete north/web@alice$' bob
        denied owner-deletes bob rm "$B/web@alice/disk"
        unseen rm -r "$D/web@alice"
        unseen rmdir "$D/web@alice"
        unchanged 'deleting by others'
        ok rmdir "$B/web@alice/shares/bob"
        is '' listing "$B"
        refused 1 "$ENOENT" rm -r "$B/web@alice"
        settle
        ok rm -r "$A/web"
}

# Integrity is not guaranteed.
faq_8() {
        is own cat "$A/web/.meta/trust"
        is $'untrusted\nthe integrity of an image shared by alice is not guaranteed: launch it only if you trust its maker' \
                cat "$B/web@alice/.meta/trust"
        unseen cat "$D/web@alice/.meta/trust"
        ok mkdir "$VMB/vm"
        ok put web@alice "$VMB/vm/image"
        ok admin account set bob require-trust=on
        denied trust bob put web@alice "$VMB/vm/image"
        told '^fact: alice is not among those your account trusts, and it requires that$' bob
        told '^do: .*mkdir accounts/YOU/trusted/alice$' bob
        same "$VMB/vm/disk" "$A/web/disk"
        ok mkdir "$T/bob/accounts/bob/trusted/alice"
        is trusted cat "$B/web@alice/.meta/trust"
        ok put web@alice "$VMB/vm/image"
        ok admin account set alice require-trust=on
        ok mkdir "$VMA/vm"
        ok put web "$VMA/vm/image"
}

# No sharing on.
faq_9() {
        snapshot
        denied no-reshare bob mkdir "$B/web@alice/shares/carol"
        told '^asked: share north/web@alice with carol$' bob
        told '^fact: north/web@alice belongs to alice$' bob
        told '^do: ask its owner alice; ' bob
        denied no-reshare bob mkdir "$B/web@alice/shares/dave"
        denied no-reshare bob mkdir "$B/web@alice/shares/nobody"
        unseen mkdir "$D/web@alice/shares/carol"
        unchanged 'sharing on'
        ok mkdir "$A/web/shares/carol"
        settle
        refused 1 "$ENOENT" rmdir "$B/web@alice/shares/carol"
        unseen rmdir "$D/web@alice/shares/carol"
        settle
        is 'bob carol' listing "$A/web/shares/"
        ok rmdir "$A/web/shares/carol"
}

# The risk of leaks is shown, and where that is required, looked at before.
faq_10() {
        ok admin limits require-review on
        is bob listing "$A/web/shares/"
        is 0 cat "$A/web/.meta/reviewed"
        says $'^1\tbob\tshare\t-\t20.*\tnorth/web@alice$' cat "$A/web/.meta/exposure.tsv"
        denied review-before-share alice mkdir "$A/web/shares/carol"
        told '^fact: north/web@alice is not marked as reviewed, and this catalog requires that$' alice
        told '^do: .*echo 1 > .meta/reviewed$' alice
        is 0 cat "$B/web@alice/.meta/reviewed"
        denied shared-frozen bob put 1 "$B/web@alice/.meta/reviewed"
        unseen cat "$D/web@alice/.meta/reviewed"
        refused 1 "$ENOENT" cat "$B/web@alice/.meta/exposure.tsv"
        unseen cat "$D/web@alice/.meta/exposure.tsv"
        ok put 1 "$A/web/.meta/reviewed"
        ok mkdir "$A/web/shares/carol"
        settle
        is 1 cat "$B/web@alice/.meta/reviewed"
}

# Its owner uses it all the same, and makes images from what it runs; so does a recipient.
faq_11() {
        image "$A/unshared"
        ok mkdir "$VMA/"{vm1,vm2} "$VMB/vm" "$VMD/vm"
        ok put web "$VMA/vm1/image"
        ok put unshared "$VMA/vm2/image"
        ok put web@alice "$VMB/vm/image"
        refused 1 "$ENOENT" put web@alice "$VMD/vm/image"
        rule - dave
        ok mkdir "$A/mine" "$B/mine"
        ok cp "$VMA/vm1/disk" "$A/mine/disk"
        ok ln "$VMB/vm/disk" "$B/mine/disk"
        is 'instance north/vm@bob from north/web@alice' cat "$B/mine/.meta/source"
        ok mv "$B/mine" "$B/bobs"
        ok mkdir "$B/bobs/shares/dave"
        settle
        is bobs@bob listing "$D"
        denied no-copy-of-shared dave cat "$D/bobs@bob/disk"
        ok put bobs@bob "$VMD/vm/image"
        same "$VMD/vm/disk" "$A/web/disk"
        unseen cat "$VMD/vm@bob/disk"
}

# To reach another region: copy it there, share the copy.
faq_12() {
        is '' listing "$BS"
        ok cp -r "$A/web" "$AS/"
        is '' listing "$AS/web/shares/"
        is 'copy of north/web@alice' cat "$AS/web/.meta/source"
        settle
        is '' listing "$BS"
        ok mkdir "$AS/web/shares/bob"
        settle
        is web@alice listing "$BS"
        is 'copy of north/web@alice' cat "$BS/web@alice/.meta/source"
        ok mkdir "$T/bob/regions/south/instances/vm"
        ok put web@alice "$T/bob/regions/south/instances/vm/image"
        same "$T/bob/regions/south/instances/vm/disk" "$A/web/disk"
        denied no-copy-of-shared bob cat "$BS/web@alice/disk"
        unseen cat "$DS/web@alice/disk"
        ok mkdir "$AS/web/shares/dave"
        settle
        is 'copy of hidden' cat "$DS/web@alice/.meta/source"
        is '' listing "$D"
        ok rmdir "$A/web/shares/bob"
        ok rm -r "$A/web"
        is 'bob dave' listing "$AS/web/shares/"
}

"faq_$1"
