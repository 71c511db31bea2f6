#!/bin/bash
# SPDX-License-Identifier: MIT
# /accounts: an ordinary account finds itself alone there, and can make and remove nothing but its trust.
. "${0%/*}/lib.sh"
catalog
mount_as alice
mount_as bob
me=$T/alice/accounts/alice
image "$A/web"
ok mkdir "$A/web/shares/bob"
settle

is alice listing "$T/alice/accounts"
is bob listing "$T/bob/accounts"
says trusted listing "$me"
says usage listing "$me"
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
