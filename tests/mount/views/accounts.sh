#!/bin/bash
# SPDX-License-Identifier: MIT
# /accounts: an ordinary account finds itself alone there, and can make and remove nothing but its trust. Auditor and
# operator find everybody.
LIMIT=180
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
me=$T/alice/accounts/alice
image "$A/web"
ok mkdir "$A/web/shares/bob"
settle

is alice listing "$T/alice/accounts"
is bob listing "$T/bob/accounts"
is 'received
owned
trusted
usage' ls -AU "$me"
for name in bob carol dave nobody operator ALICE .alice alice@alice; do
        absent "$T/alice/accounts/$name"
        refused 2 "$ENOENT" ls "$T/alice/accounts/$name"
        quietly alice ls "$T/alice/accounts/$name"
        refused 1 "$ENOENT" cat "$T/alice/accounts/$name/usage"
        refused 2 "$ENOENT" ls "$T/alice/accounts/$name/trusted"
done
ok ls -lR "$T/alice/accounts"
ok find "$T/alice/accounts" -ls
ok tar cf "$T/accounts.tar" -C "$T/alice" accounts
is 1 stat -c %h "$me"
is directory stat -c %F "$me/trusted"

snapshot
refused 1 "$EPERM" mkdir "$T/alice/accounts/zoe"
rule fixed-tree alice
refused 1 "$EPERM" touch "$me/other"
refused 1 "$EPERM" mkdir "$me/other"
refused 1 "$EPERM" mkdir "$me/received/east"
refused 1 "$EPERM" mkdir "$me/received/north/web@bob" "$me/owned/north/db"
refused 1 "$EPERM" ln -s ../../../../regions/north/images/web "$me/owned/north/db"
refused 1 "$EPERM" rm "$me/owned/north/web"
rule fixed-tree alice
refused 1 "$EPERM" rm "$T/bob/accounts/bob/received/north/web@alice"
rule fixed-tree bob
refused 1 "$EPERM" mv "$me/owned/north/web" "$me/owned/north/db"
refused 1 "$EPERM" mv "$me/owned/north/web" "$me/owned/south/web"
refused 1 "$EPERM" rmdir "$me/owned/north"
refused 1 "$EPERM" rm -r "$me/owned"
refused 1 "$EPERM" rmdir "$me/trusted"
rule fixed-tree alice
refused 1 "$EPERM" rm -r "$me"
refused 1 "$EPERM" mv "$me" "$T/alice/accounts/al"
refused 1 "$EPERM" mv "$me/trusted" "$me/other"
refused 1 "$EPERM" rm "$me/usage"
refused 1 "$EPERM" mv "$A/web" "$T/alice/accounts/"
refused 1 "$EPERM" ln "$me/usage" "$me/usage2"
unchanged accounts
is alice listing "$T/alice/accounts"

# Numbers stay over a remount; an account that is new changes nobody's view.
before=$(stat -c %i "$me" "$me/trusted" "$me/usage")
ok admin account add eve
unmount alice
mount_as alice
is "$before" stat -c %i "$me" "$me/trusted" "$me/usage"
is alice listing "$T/alice/accounts"

# Auditor and operator find every account that lives, in a listing of any length, by exact names.
ok admin account add audit --role auditor
ok admin account rm eve
mount_as audit
mount_as operator
for view in audit operator; do
        is 'alice audit bob carol dave operator' listing "$T/$view/accounts"
        for name in eve nobody ALICE alice@alice .alice; do
                absent "$T/$view/accounts/$name"
        done
        is $'north\t1\t500\t65536\nsouth\t0\t500\t0' cat "$T/$view/accounts/alice/usage"
        is $'north\t0\t500\t0\nsouth\t0\t500\t0' cat "$T/$view/accounts/dave/usage"
        is '' cat "$T/$view/accounts/audit/usage" "$T/$view/accounts/operator/usage"
        is 0 stat -c %s "$T/$view/accounts/audit/usage"
        is '' find "$T/$view/accounts/audit" "$T/$view/accounts/operator" -type l
done
for i in $(seq 300); do admin account add "many-$i" >"$T/out" || break; done
settle
is 306 count "$T/audit/accounts"
is '' sh -c 'ls -f "$1" | sort | uniq -d' - "$T/operator/accounts"
is alice listing "$T/alice/accounts"
ok admin account rm many-150
settle
is 305 count "$T/audit/accounts"
absent "$T/audit/accounts/many-150"

# Whom an account trusts is its own business, also where it can be read: each trust a number of its own.
ok mkdir "$T/bob/accounts/bob/trusted/"{alice,carol} "$me/trusted/carol"
settle
for view in audit operator; do
        is 'alice carol' listing "$T/$view/accounts/bob/trusted"
        is carol listing "$T/$view/accounts/alice/trusted"
        is '' listing "$T/$view/accounts/carol/trusted"
        is 3 sh -c 'ls -di "$1"/*/trusted/* | sort -u | wc -l' - "$T/$view/accounts"
        is "$(stat -c %Y "$T/bob/accounts/bob/trusted/alice")" stat -c %Y "$T/$view/accounts/bob/trusted/alice"
done
snapshot
refused 1 "$EPERM" mkdir "$T/operator/accounts/bob/trusted/dave"
rule fixed-tree operator
refused 1 "$EPERM" rmdir "$T/operator/accounts/bob/trusted/alice"
rule fixed-tree operator
refused 1 "$ENOENT" rmdir "$T/operator/accounts/bob/trusted/dave"
refused 1 "$EPERM" rm -r "$T/operator/accounts/bob/trusted/alice"
refused 1 "$EPERM" mkdir "$T/operator/accounts/operator/trusted/alice"
rule role operator
refused 1 "$EPERM" mkdir "$T/operator/accounts/zoe"
refused 1 "$EPERM" rm "$T/operator/accounts/bob/received/north/web@alice"
rule fixed-tree operator
unchanged "another's trust"
is 'alice carol' listing "$T/bob/accounts/bob/trusted"

# Ending a trust and beginning it again is another trust.
before=$(stat -c %i "$T/audit/accounts/bob/trusted/alice")
ok rmdir "$T/bob/accounts/bob/trusted/alice"
ok mkdir "$T/bob/accounts/bob/trusted/alice"
settle
[ "$(stat -c %i "$T/audit/accounts/bob/trusted/alice")" -gt "$before" ] || not_ok 'a number was used again'
