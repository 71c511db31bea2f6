#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare why: finds the mount from any path in it, however little of the path exists. The mount here is a stand-in
# with the one file that counts; tests/mount has the real one.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

if [ "${1:-}" != inside ]; then
    refused "'$tmp': not in a mount of imgsharefs" why "$tmp"
    refused "'$tmp/a/b/c': not in a mount of imgsharefs" why "$tmp/a/b/c"
    refused "'/': not in a mount of imgsharefs" why /
    refused "'nothing/here': not in a mount of imgsharefs" why nothing/here
    (cd "$tmp" && refused "'.': not in a mount of imgsharefs" why && exit "$failures") || failures=1
    usage "why: too many arguments, usage: imgshare why \[PATH\]" why a b
    usage "path '': not a path" why ''
    unshare --mount --map-root-user true 2>/dev/null || skip "no mount namespaces"
    unshare --mount --map-root-user "$0" inside
    code=$?
    exit $((failures ? 1 : code))
fi

mnt=$tmp/mnt
{ mkdir "$mnt" && mount -t tmpfs none "$mnt"; } || skip "no mounts"
mkdir -p "$mnt/.imgshare" "$mnt/regions/north/images/web/.meta/shares/bob" "$tmp/elsewhere"
ln -s .meta/shares "$mnt/regions/north/images/web/shares"
echo text >"$mnt/regions/north/images/web/description"
ln -s "$mnt/regions" "$tmp/elsewhere/link"
printf 'number: 3\nrule: share-limit\n' >"$mnt/.imgshare/last_denial"

# explains PATH...
explains() {
    local path
    for path; do
        done_ why "$path"
        prints 'number: 3' 'rule: share-limit'
    done
}
web=$mnt/regions/north/images/web
explains "$mnt" "$mnt/" "$web" "$web/description" "$web/description/" "$web/description/x/y" "$web/shares/bob" \
    "$web/shares/zoe" "$web/shares/zoe/.expires" "$mnt/no/such/path//at/all/" "$mnt/regions/south" \
    "$web/../../images" "$tmp/elsewhere/link" "$tmp/elsewhere/link/north/images/new" "$mnt/.imgshare/last_denial"
for folder in "$mnt" "$web" "$web/shares" "$web/.meta/shares/bob"; do
    cd "$folder" || exit 99
    done_ why
    prints 'number: 3' 'rule: share-limit'
    explains . zoe zoe/zoe ./zoe
done
cd "$web" || exit 99
explains .. ../db ../../../south/images/x
mkdir "$mnt/gone" && cd "$mnt/gone" && rmdir "$mnt/gone"
explains .
cd "$tmp" || exit 99

# The nearest mount counts, a bind mount below is not the root.
refused "'$tmp/elsewhere': not in a mount of imgsharefs" why "$tmp/elsewhere"
mkdir "$mnt/inner" && mount -t tmpfs none "$mnt/inner"
refused "'$mnt/inner/x': not in a mount of imgsharefs" why "$mnt/inner/x"
umount "$mnt/inner"

# An unreadable path is walked past.
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
    install -m 755 "$IMGSHARE" "$mnt/imgshare"
    chmod 711 "$tmp" && mkdir -m 700 "$mnt/closed"
    ran='imgshare why closed/x as nobody' status=0
    (cd "$mnt" && setpriv --reuid 65534 --clear-groups "$mnt/imgshare" why closed/x) >"$tmp/out" \
        2>"$tmp/err" || status=$?
    [ "$status" -eq 0 ] || fail "does not explain"
    prints 'number: 3' 'rule: share-limit'
fi

: >"$mnt/.imgshare/last_denial"
run why "$web"
[ "$status" -eq 0 ] || fail "not done"
one_line "nothing was refused here yet"
rm "$mnt/.imgshare/last_denial"
refused "'$web': not in a mount of imgsharefs" why "$web"
umount "$mnt"
