#!/bin/bash
# SPDX-License-Identifier: MIT
# A mount that somebody else runs, for one person: account=NAME,allow_other,default_permissions,uid=N (CONTRACT 2.1).
. "${0%/*}/../lib.sh"
needs_root
needs setpriv
catalog
chmod 711 "$T"
mount_as alice allow_other,default_permissions,uid=65534,gid=65533
# person UID CMD…
person() {
        setpriv --reuid "$1" --regid 65533 --clear-groups "${@:2}"
}
is '65534:65533' stat -c %u:%g "$A"

# The person may do what the account may.
ok person 65534 mkdir "$A/web"
ok person 65534 sh -c 'echo hello >"$1/description" && echo disk >"$1/disk"' - "$A/web"
ok person 65534 mkdir "$A/web/shares/bob"
is '65534:65533' stat -c %u:%g "$A/web/disk"
refused 1 "$EPERM" person 65534 rm "$A/web/disk"
says '^rule: unshare-before-delete$' person 65534 cat "$T/alice/.imgshare/last_denial"
says '"uid":65534' cat "$A/web/.meta/history.jsonl"

# Others are kept out by the kernel, from looking too; and from the catalog altogether.
is $'700\n600\n600\n400' stat -c %a "$T/alice" "$A/web/disk" "$A/web/description" "$A/web/.meta/id"
for command in "ls $T/alice" "ls $A" "cat $A/web/description" "cat $A/web/disk" "stat $A/web" "mkdir $A/other" \
        "rmdir $A/web/shares/bob" "cat $T/alice/.imgshare/whoami"; do
        # shellcheck disable=SC2086 # words
        refused '[12]' 'Permission denied' person 65533 $command
done
refused 2 'Permission denied' person 65534 ls "$DIR"
refused 1 'Permission denied' person 65534 "$IMGSHARE" -C "$DIR" limits

# umask= widens it: for a group, or for all, who then act as the account. Denials are kept per uid.
mount_at wide account=alice,allow_other,default_permissions,uid=65534,gid=65533,umask=027
is $'750\n640' stat -c %a "$T/wide" "$T/wide/regions/north/images/web/disk"
ok person 65533 ls "$T/wide/regions/north/images"
refused 2 'Permission denied' setpriv --reuid 65533 --regid 65532 --clear-groups ls "$T/wide"
refused 1 "$EPERM" person 65534 rm "$T/wide/regions/north/images/web/disk"
says '^rule: unshare-before-delete$' person 65534 cat "$T/wide/.imgshare/last_denial"
is '' person 65533 cat "$T/wide/.imgshare/last_denial"
is '' cat "$T/wide/.imgshare/last_denial"
unmount wide
mount_at wide account=alice,allow_other,default_permissions,uid=65534,umask=0
is $'755\n644' stat -c %a "$T/wide" "$T/wide/regions/north/images/web/disk"
unmount wide
# without a uid, or without the kernel's check, modes keep nobody out, and say so
mount_at wide account=alice,allow_other,uid=65534
is 755 stat -c %a "$T/wide"
unmount wide
refused 2 'no umask= with multiuser' "$IMGSHAREFS" "$DIR" "$T/wide" -o multiuser,umask=0
