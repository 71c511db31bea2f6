#!/bin/bash
# SPDX-License-Identifier: MIT
# .meta/reviewed: the owner's word; with require-review no image is shared without it. Writing the disk takes it back.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
image "$A/web"
image "$A/early"
ok mkdir "$A/early/shares/bob"

# 1 or 0, nothing else.
is 0 cat "$A/web/.meta/reviewed"
ok put 1 "$A/web/.meta/reviewed"
is 1 cat "$A/web/.meta/reviewed"
ok sh -c 'printf 0 >"$1"' - "$A/web/.meta/reviewed"
is 0 cat "$A/web/.meta/reviewed"
ok put 1 "$A/web/.meta/reviewed"
for word in 2 yes '' 10 '1 ' -1 on; do
        refused 1 "$EINVAL" put "$word" "$A/web/.meta/reviewed"
        is 1 cat "$A/web/.meta/reviewed"
done
says '"op":"review","object":"north/web@alice".*"detail":{"reviewed":1}' cat "$A/web/.meta/history.jsonl"
is 2 sh -c 'grep -c "\"reviewed\":1" "$1"' - "$A/web/.meta/history.jsonl"
ok put 1 "$A/web/.meta/reviewed"
is 2 sh -c 'grep -c "\"reviewed\":1" "$1"' - "$A/web/.meta/history.jsonl"

# Writing the disk resets it, by any way; reading, and a description, do not.
ok cat "$A/web/disk"
ok put new "$A/web/description"
ok mv "$A/web" "$A/moved"
ok mv "$A/moved" "$A/web"
is 1 cat "$A/web/.meta/reviewed"
# resets CMD…: reviewed before, not after.
resets() {
        ok put 1 "$A/web/.meta/reviewed"
        ok "$@"
        is 0 cat "$A/web/.meta/reviewed"
}
resets put content "$A/web/disk"
resets truncate -s 4 "$A/web/disk"
resets truncate -s 40000 "$A/web/disk"
resets dd if=/dev/zero of="$A/web/disk" bs=1 count=1 conv=notrunc
resets cp -f "$A/early/disk" "$A/web/disk"
resets "$PYTHON" -c 'import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
memory = mmap.mmap(fd, 4)
memory[:2] = b"XY"
memory.flush()
memory.close()
os.close(fd)' "$A/web/disk"

# So do bytes that come before a write that fails, be it that of the same opening; and where they came from stays known.
image "$A/busy"
exec 7<>"$A/busy/disk"
# fails_after PYTHON: what is done with fd, web's disk, before a copy from a busy disk fails.
fails_after() {
        resets "$PYTHON" -c 'import errno, os, sys
busy, other, web = sys.argv[2:]
fd = os.open(web, os.O_RDWR)
exec(sys.argv[1])
try:
    os.copy_file_range(os.open(busy, os.O_RDONLY), fd, 4, 0, 0)
except OSError as e:
    sys.exit(e.errno != errno.EBUSY)
sys.exit("not refused")' "$1" "$A/busy/disk" "$A/other/disk" "$A/web/disk"
}
fails_after 'os.pwrite(fd, b"Z", 3)'
is Z dd if="$A/web/disk" bs=1 skip=3 count=1 status=none
before=$(cat "$A/web/.meta/source")
fails_after 'os.ftruncate(fd, 40)'
is "$before" cat "$A/web/.meta/source"
image "$A/other" # whose bytes have not been there yet
fails_after 'os.copy_file_range(os.open(other, os.O_RDONLY), fd, 10, 0, 5)'
says 'north/other@alice' cat "$A/web/.meta/source"
ok put 1 "$A/web/.meta/reviewed"
refused 1 "$EBUSY" cp "$A/busy/disk" "$A/web/disk"
is 0 cat "$A/web/.meta/reviewed"
exec 7>&-
ok put content "$A/web/disk" # cp had emptied it

# A copy starts at 0, also when the draft that it fills was called reviewed.
# starts_over CMD…: fills the disk of a draft that counts as reviewed.
starts_over() {
        ok mkdir "$A/draft"
        ok put 1 "$A/draft/.meta/reviewed"
        ok "$@" "$A/early/disk" "$A/draft/disk"
        is 0 cat "$A/draft/.meta/reviewed"
        ok rm -r "$A/draft"
}
starts_over cp
starts_over cp --sparse=never
starts_over ln
starts_over cp -l

# Without require-review it does not matter; with it, it does, after what makes the request senseless anyway.
ok mkdir "$A/web/shares/bob"
ok rmdir "$A/web/shares/bob"
ok admin limits require-review on
settle
refused 1 "$EPERM" mkdir "$A/web/shares/bob"
rule review-before-share alice
refused 1 "$EPERM" mkdir "$A/web/shares/nobody"
rule unknown-account alice
refused 1 "$EEXIST" mkdir "$A/early/shares/bob"
is bob listing "$A/early/shares/"
refused 1 "$EPERM" mkdir "$A/early/shares/carol"
rule review-before-share alice
ok put 1 "$A/web/.meta/reviewed"
ok mkdir "$A/web/shares/bob"
settle

# Only the owner says it, at any time; taking it back ends no share.
refused 1 "$EPERM" put 0 "$B/web@alice/.meta/reviewed"
rule shared-frozen bob
ok put 0 "$A/web/.meta/reviewed"
is bob listing "$A/web/shares/"
settle
is 'early@alice web@alice' listing "$B"
is 0 cat "$B/web@alice/.meta/reviewed"
refused 1 "$EPERM" mkdir "$A/web/shares/carol"
rule review-before-share alice

# A copy starts at 0, of either kind.
ok put 1 "$A/web/.meta/reviewed"
ok cp -r "$A/web" "$AS/"
is 0 cat "$AS/web/.meta/reviewed"
is 1 cat "$A/web/.meta/reviewed"
ok mkdir "$AS/linked"
ok ln "$A/web/disk" "$AS/linked/disk"
is 0 cat "$AS/linked/.meta/reviewed"
refused 1 "$EPERM" mkdir "$AS/web/shares/bob"
rule review-before-share alice

# It is kept over a remount; rm disk ends the image and its review.
ok rmdir "$A/web/shares/bob"
unmount alice
mount_as alice
is 1 cat "$A/web/.meta/reviewed"
ok rm "$A/web/disk"
is 0 cat "$A/web/.meta/reviewed"
ok admin limits require-review off
settle
ok mkdir "$AS/web/shares/bob"
