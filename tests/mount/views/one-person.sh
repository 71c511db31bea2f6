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

# Denials are kept per uid.
is '' person 65533 cat "$T/alice/.imgshare/last_denial"
is '' cat "$T/alice/.imgshare/last_denial"

# Others are kept out by the kernel, from writing; and from the catalog altogether.
refused 1 'Permission denied' person 65533 mkdir "$A/other"
refused 1 'Permission denied' person 65533 rmdir "$A/web/shares/bob"
refused 2 'Permission denied' person 65534 ls "$DIR"
refused 1 'Permission denied' person 65534 "$IMGSHARE" -C "$DIR" limits
