#!/bin/bash
# SPDX-License-Identifier: MIT
# Launches that meet: of one instance from two mounts, with an unshare, with a delete, with a daemon killed. Each is done
# or refused as a whole, and no bytes are left behind.
. "${0%/*}/../lib.sh"
catalog
ok admin limits keep-deleted 0
mount_as alice
mount_as bob
mount_at second account=bob
VM=$T/bob/regions/north/instances VM2=$T/second/regions/north/instances
image "$A/web" 2000
image "$A/db" 1000
ok mkdir "$A/web/shares/bob" "$A/db/shares/bob"
settle
# blobs N: that many disks are in the store.
blobs() {
        is "$1" sh -c 'find "$1" -name "[0-9]*" | wc -l' - "$DIR/store/north"
}
# swept N: they come to be so many when a daemon has just begun.
swept() {
        eventually sh -c '[ "$(find "$1" -name "[0-9]*" | wc -l)" -eq "$2" ]' - "$DIR/store/north" "$1"
        blobs "$1"
}
# whole VM: its disk is that of the image it names.
whole() {
        local image
        image=$(cat "$VM/$1/image") && same "$VM/$1/disk" "$A/${image%@alice}/disk"
}

# Two mounts install on one instance: either may hear EBUSY.
ok mkdir "$VM/vm1"
ok put db@alice "$VM/vm1/image"
settle
for i in {1..15}; do
        put web@alice "$VM/vm1/image" 2>"$T/err1" &
        put db@alice "$VM2/vm1/image" 2>"$T/err2"
        wait $!
        cat "$T/err1" "$T/err2" >"$T/errors"
        ! grep -v "$EBUSY" "$T/errors" || not_ok "round $i: $(cat "$T/errors")"
        settle
        whole vm1
        is "$(cat "$VM/vm1/image")" cat "$VM2/vm1/image"
        blobs 3
done

# The share ends meanwhile: launched or not, never half.
for i in {1..15}; do
        ok mkdir "$VM/race$i"
        put web@alice "$VM/race$i/image" 2>"$T/err1" &
        ok rmdir "$A/web/shares/bob"
        if wait $!; then
                whole "race$i"
        else
                says "$ENOENT" cat "$T/err1"
                is '' listing "$VM/race$i"
        fi
        ok rm -r "$VM/race$i"
        ok mkdir "$A/web/shares/bob"
        settle
done
blobs 3

# The image is deleted meanwhile.
for i in {1..10}; do
        image "$B/own" 500
        ok mkdir "$VM/race"
        put own "$VM/race/image" 2>"$T/err1" &
        run rm -r "$B/own"
        wait $! || says "$ENOENT|$EPERM|$EBUSY" cat "$T/err1"
        run rm -r "$B/own"
        ok rm -r "$VM/race"
done
blobs 3

# The image is renamed meanwhile, through another mount: the instance tells the name that the log tells, which the check at
# the end holds. One of the two names is always there, by the time that it is asked for or not.
mount_at renaming account=bob
RENAMED=$T/renaming/regions/north/images
image "$B/own" 500
ok mkdir "$VM/race"
settle
"$PYTHON" - "$RENAMED/own" "$RENAMED/other" "$VM/race/image" >"$T/launched" 2>&1 <<'PYTHON'
import os, sys
own, other, image = sys.argv[1:]
if os.fork() == 0:
    for _ in range(150):
        os.rename(own, other)
        os.rename(other, own)
    os._exit(0)
launched = 0
while os.waitpid(-1, os.WNOHANG) == (0, 0):
    for name in b'own', b'other':
        fd = os.open(image, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(fd, name)
            launched += 1
        except FileNotFoundError:
            pass
        os.close(fd)
print(launched)
PYTHON
ok [ "$(cat "$T/launched")" -gt 0 ]
settle
ok put own "$VM/race/image"
is own@bob cat "$VM/race/image"
ok rm -r "$VM/race" "$B/own"
unmount renaming
blobs 3

# The daemon is killed meanwhile: the next one finds the old disk or the new one, and sweeps what was begun.
image "$A/big" 20000
ok mkdir "$A/big/shares/bob"
unmount second
for i in {1..5}; do
        settle
        put big@alice "$VM/vm1/image" 2>"$T/err1" &
        "$PYTHON" -c "import time; time.sleep(0.004 * $i)"
        kill -KILL "$(daemon_of "$T/bob")"
        wait $!
        fusermount3 -uz "$T/bob"
        mount_as bob
        whole vm1
        swept 4
        ok put db@alice "$VM/vm1/image"
        blobs 4
done
