#!/bin/bash
# SPDX-License-Identifier: MIT
# /accounts in a mount for many users: each reaches it in its own view, where every link leads to what that view shows;
# an auditor there reads everything but disks and changes nothing.
. "${0%/*}/../lib.sh"
needs rsync
catalog
EVE=$((CAROL + 1))
admin account add eve --role auditor --uid "$EVE" >"$T/out" || die auditor
mount_users rw
M=$T/all N=$T/all/regions/north/images
mkdir -m 755 "$T/files" && dense "$T/files/disk" 64
for name in web db; do
        ok user "$ALICE" mkdir "$N/$name"
        ok user "$ALICE" cp "$T/files/disk" "$N/$name/"
        ok user "$ALICE" mkdir "$N/$name/shares/bob"
done
ok user "$ALICE" mkdir "$N/web/shares/carol"
ok user "$BOB" mkdir "$M/accounts/bob/trusted/alice"

is alice user "$ALICE" ls "$M/accounts"
is bob user "$BOB" ls "$M/accounts"
refused 2 "$ENOENT" user "$BOB" ls "$M/accounts/alice"
is $'web@alice\ndb@alice' user "$BOB" ls -U "$M/accounts/bob/received/north"
is "$(user "$BOB" stat -Lc %i "$N/web@alice")" user "$BOB" stat -Lc %i "$M/accounts/bob/received/north/web@alice"
is ../../../../regions/north/images/web user "$ALICE" readlink "$M/accounts/alice/owned/north/web"
is "$(user "$ALICE" stat -Lc %i "$N/web")" user "$ALICE" stat -Lc %i "$M/accounts/alice/owned/north/web"
for uid in "$EVE" 0; do
        is 'alice bob carol dave eve operator' user "$uid" sh -c 'ls "$1" | xargs' - "$M/accounts"
        is ../../../../regions/north/images/web@alice user "$uid" readlink "$M/accounts/alice/owned/north/web"
        is "$(user "$uid" stat -Lc %i "$N/web@alice")" user "$uid" stat -Lc %i "$M/accounts/carol/received/north/web@alice"
        is alice user "$uid" ls "$M/accounts/bob/trusted"
done
for uid in "$ALICE" "$BOB" "$EVE" 0; do
        is '' user "$uid" find "$M/accounts/" "$M/regions/" -xtype l
        ok user "$uid" ls -lR "$M/accounts/" "$M/regions/"
done

# The auditor: tools walk all of it, also into the shares; no disk, no change.
ok user "$EVE" sh -c 'tar c --exclude=disk -C "$1" accounts/ regions/ | tar t >/dev/null' - "$M"
is $'bob\ncarol' user "$EVE" ls "$N/web@alice/shares"
is directory user "$EVE" stat -c %F "$N/web@alice/shares"
refused 1 "$EPERM" user "$EVE" cat "$N/web@alice/disk"
refused 1 "$EROFS" user "$EVE" mkdir "$M/accounts/bob/trusted/carol"
says '^rule: read-only-role$' user "$EVE" cat "$M/.imgshare/last_denial"
refused 1 "$EROFS" user "$EVE" rm "$M/accounts/bob/received/north/web@alice"
refused 1 "$EROFS" user "$EVE" mkdir "$N/web@alice/shares/dave"
refused 1 "$EPERM" mkdir "$M/accounts/bob/trusted/carol"
says '^rule: fixed-tree$' cat "$M/.imgshare/last_denial"
is alice user "$BOB" ls "$M/accounts/bob/trusted"
