#!/bin/bash
# SPDX-License-Identifier: MIT
# chown and chmod have no effect; the only link is shares; an image has no other names, and asking is no denial.
. "${0%/*}/../lib.sh"
needs busybox
catalog
mount_as alice
image "$A/web"
snapshot

ok chmod 000 "$A/web/disk" "$A/web/description" "$A/web"
ok chmod -R a-w "$A/web"
ok chmod u+s "$A/web/disk"
ok chown 1:1 "$A/web/disk" "$A/web/description" "$A/web"
ok chown -R -h 1:1 "$A/web"
ok busybox chown -R 1:1 "$A/web"
unchanged 'chmod and chown'
ok install -m 0400 /dev/null "$T/file"
mkdir "$A/db"
dense "$T/file" 1
ok cp -p "$T/file" "$A/db/disk"
is 644 stat -c %a "$A/db/disk"

# Other names, kinds and links.
snapshot
for name in README .description.swp sedAbCdE .disk.XXXXXX .git descriptions; do
        fails EPERM 'open(a[0], "w")' "$A/web/$name"
        quietly alice touch "$A/web/$name"
        quietly alice stat "$A/web/$name"
        refused 1 "$EPERM" mkdir "$A/web/$name"
done
refused 1 "$EPERM" ln -s elsewhere "$A/web/other"
refused 1 "$EPERM" ln -s .meta/shares "$A/web/other"
refused 1 "$EPERM" ln -s web "$A/link"
refused 1 "$EPERM" ln "$A/web/disk" "$A/web/other"
refused 1 "$EPERM" ln "$A/web/description" "$A/web/other"
refused 1 "$EPERM" mkfifo "$A/web/fifo"
refused 1 "$EPERM" mkfifo "$A/fifo"
fails EPERM 'os.mknod(a[0], 0o060600, 0)' "$A/web/disk2"
unchanged 'names an image cannot have'

# A draft accepts each of its three parts, as what it is.
mkdir "$A/draft"
refused 1 "$EPERM" ln -s elsewhere "$A/draft/shares"
refused 1 "$EPERM" ln -s ../.meta/shares "$A/draft/shares"
refused 1 "$EPERM" ln -s .meta/shares "$A/draft/disk"
refused 1 "$EPERM" mkdir "$A/draft/disk"
refused 1 "$EPERM" mkfifo "$A/draft/disk"
refused 1 "$EPERM" touch "$A/draft/shares"
is '' listing "$A/draft"
ok ln -s .meta/shares "$A/draft/shares"

# rm shares removes the link, ln -s makes it again; shares themselves are untouched by both.
ok rm "$A/web/shares"
is 'description disk' listing "$A/web"
refused 1 "$EEXIST" ln -s .meta/shares "$A/web/disk"
ok ln -s .meta/shares "$A/web/shares"
ok mkdir "$A/web/shares/bob"
is bob listing "$A/web/shares/"
