#!/bin/bash
# SPDX-License-Identifier: MIT
# rm disk on an unshared image ends it, so that cp -f, mv and install replace a sealed disk; the place stays, copies too.
. "${0%/*}/../lib.sh"
needs busybox
catalog
mount_as alice
dense "$T/new" 100

# replaces CMD…: with NEW and DISK replaced; a new image with the same name, description and place.
n=0
replaces() {
        local place id disk
        n=$((n + 1))
        image "$A/i$n"
        echo sealed >"$A/i$n/.meta/state"
        cp -al "$A/i$n" "$AS/" || die "cp -al i$n"
        cp "$A/i$n/disk" "$T/old"
        cp "$T/new" "$T/replacement"
        place=$(stat -c %i "$A/i$n" "$A/i$n/description")
        id=$(cat "$A/i$n/.meta/id")
        disk=$(stat -c %i "$A/i$n/disk")
        set -- "${@//DISK/$A/i$n/disk}"
        ok "${@//NEW/$T/replacement}"
        same "$T/new" "$A/i$n/disk"
        is available state "$A/i$n"
        is "the image i$n" cat "$A/i$n/description"
        is "$place" stat -c %i "$A/i$n" "$A/i$n/description"
        is import cat "$A/i$n/.meta/source"
        [ "$(cat "$A/i$n/.meta/id")" != "$id" ] || not_ok "the same id: $*"
        [ "$(stat -c %i "$A/i$n/disk")" != "$disk" ] || not_ok "the same disk: $*"
        same "$T/old" "$AS/i$n/disk"
}
replaces cp -f NEW DISK
replaces cp --remove-destination NEW DISK
replaces mv NEW DISK
replaces mv -f NEW DISK
replaces install NEW DISK
replaces busybox cp -f NEW DISK
replaces busybox mv NEW DISK
replaces sh -c 'rm "$2" && cat "$1" >"$2"' - NEW DISK

# rm leaves a draft with its name and description.
ok rm "$A/i1/disk"
is draft state "$A/i1"
is 'description shares' listing "$A/i1"
refused 1 "$EPERM" mkdir "$A/i1/shares/bob"
rule image-available alice

# Without unlink a sealed disk is refused, and nothing is lost.
echo sealed >"$A/i2/.meta/state"
snapshot
refused 1 "$EPERM" cp "$T/new" "$A/i2/disk"
rule sealed alice
refused 1 "$EPERM" put x "$A/i2/disk"
if has rsync; then
        refused 23 "$EPERM" rsync --inplace -I "$T/new" "$A/i2/disk"
fi
unchanged 'writing a sealed disk'

# Who has the old disk open keeps reading it.
cp "$A/i2/disk" "$T/old"
exec 7<"$A/i2/disk"
ok rm "$A/i2/disk"
ok cmp "$T/old" - <&7
exec 7<&-

# Shared: nothing of this.
ok mkdir "$A/i3/shares/bob"
snapshot
for how in 'cp -f' 'cp --remove-destination' 'install' 'busybox cp -f' 'mv'; do
        cp "$T/new" "$T/replacement"
        # shellcheck disable=SC2086 # a command and its option
        refused 1 "$EPERM" $how "$T/replacement" "$A/i3/disk"
done
refused 1 "$EPERM" rm "$A/i3/disk"
rule unshare-before-delete alice
unchanged 'replacing a shared disk'
