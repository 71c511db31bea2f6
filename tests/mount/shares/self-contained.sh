#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that names other files is neither shared nor launched, whatever its format; its owner may have it, seal it and copy it.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
disks=$SOURCE/tests/fuzz/corpus/format
VM=$T/alice/regions/north/instances
why() {
        sed -n "s/^$1: //p" "$T/$2/.imgshare/last_denial"
}

# import NAME FILE: as a user does.
import() {
        ok mkdir "$A/$1"
        ok cp "$2" "$A/$1/disk"
}

# Each kind, by a header that qemu-img or its like made, and which file it needs.
while read -r file format needs; do
        name=${file//./-}
        import "$name" "$disks/$file"
        is "$format
needs $needs" cat "$A/$name/.meta/format"
        refused 1 "$EPERM" mkdir "$A/$name/shares/bob"
        rule self-contained alice
        is "the disk of north/$name@alice needs $needs" why fact alice
        is available state "$A/$name" # nothing is sealed by a refusal
        ok mkdir "$VM/$name"
        refused 1 "$EPERM" put "$name" "$VM/$name/image"
        rule self-contained alice
        is '' listing "$VM/$name"
done <<'END'
backed.qcow2 qcow2 base.raw
old.qcow2 qcow2 /tmp/disks/base.raw
data.qcow2 qcow2 data.raw
backed.qcow qcow base.raw
backed.qed qed base.raw
child.vmdk vmdk monolithicSparse.vmdk
monolithicFlat.vmdk vmdk monolithicFlat-flat.vmdk
twoGbMaxExtentSparse.vmdk vmdk twoGbMaxExtentSparse-s001.vmdk
END
import vhd "$disks/child.vhd"
import vhdx "$disks/child.vhdx"
is $'vhd\nneeds base.vhd\nneeds ..\\base.vhd' cat "$A/vhd/.meta/format"
is $'vhdx\nneeds base.vhdx' cat "$A/vhdx/.meta/format"
for name in vhdx vhd; do
        refused 1 "$EPERM" mkdir "$A/$name/shares/bob"
        rule self-contained alice
done
is 'the disk of north/vhd@alice needs base.vhd, ..\base.vhd' why fact alice
says '"rule":"self-contained","errno":"EPERM"' cat "$A/vhd/.meta/history.jsonl"
is 'its owner makes a disk that needs no other file, where those files are: qemu-img convert -O qcow2 DISK NEW (or qemu-img rebase -b '"''"' NEW), and puts it in the place of this one: rm disk && cp NEW disk' why 'do' alice

# Disks that are whole.
for file in whole.qcow2 monolithicSparse.vmdk streamOptimized.vmdk dynamic.vhd fixed.vhd whole.vdi raw; do
        name=whole-${file//./-}
        import "$name" "$disks/$file"
        ok mkdir "$A/$name/shares/bob"
done
is qcow2 cat "$A/whole-whole-qcow2/.meta/format"
is raw cat "$A/whole-raw/.meta/format"
says '"op":"seal".*"format":"qcow2"' cat "$A/whole-whole-qcow2/.meta/history.jsonl"
settle
is vmdk cat "$B/whole-monolithicSparse-vmdk@alice/.meta/format"
ok mkdir "$A/draft"
is '' cat "$A/draft/.meta/format"

# Sealed and copied it can be, and is still not shared: the copy neither.
ok put sealed "$A/backed-qcow2/.meta/state"
is sealed state "$A/backed-qcow2"
refused 1 "$EPERM" mkdir "$A/backed-qcow2/shares/bob"
rule self-contained alice
is 'the disk of north/backed-qcow2@alice needs base.raw' why fact alice
ok mkdir "$VM/sealed"
refused 1 "$EPERM" put backed-qcow2 "$VM/sealed/image"
rule self-contained alice
ok mkdir "$AS/copy" "$AS/link"
ok cp "$A/backed-qcow2/disk" "$AS/copy/disk"
ok ln "$A/backed-qcow2/disk" "$AS/link/disk"
for name in copy link; do
        is $'qcow2\nneeds base.raw' cat "$AS/$name/.meta/format"
        refused 1 "$EPERM" mkdir "$AS/$name/shares/bob"
        rule self-contained alice
done

# The order: a share that is there, and the draft, before it; the review and a writer after it.
ok admin limits require-review on
refused 1 "$EPERM" mkdir "$A/old-qcow2/shares/bob"
rule self-contained alice
ok admin limits require-review off
refused 1 "$EPERM" mkdir "$A/old-qcow2/shares/nobody"
rule unknown-account alice
exec 9>>"$A/old-qcow2/disk"
refused 1 "$EBUSY" mkdir "$A/old-qcow2/shares/bob" # what it will be is not known
exec 9>&-

# apply and its plan say the same.
printf 'north\told-qcow2@alice\tbob\nnorth\tbacked-qcow2@alice\tbob\nnorth\twhole-raw@alice\tcarol\n' >"$T/wanted"
for plan in -n ''; do
        # shellcheck disable=SC2086 # an option, or none
        refused 1 ':1: share north/old-qcow2@alice with bob: self-contained: .* needs /tmp/disks/base.raw' admin apply $plan "$T/wanted"
        says ':2: share north/backed-qcow2@alice with bob: self-contained: .* needs base.raw' cat "$T/err"
done
is whole-raw@alice sh -c '"$IMGSHARE" -C "$1" access carol | cut -f 2' - "$DIR"

# The remedy; and a file of the recipient's host that nobody reads.
if has qemu-img; then
        echo secret >"$T/host-file"
        truncate -s 64K "$T/host-file"
        qemu-img create -q -f qcow2 -b "$T/host-file" -F raw "$T/trap"
        import trap "$T/trap"
        refused 1 "$EPERM" mkdir "$A/trap/shares/bob"
        rule self-contained alice
        ok qemu-img convert -O qcow2 "$T/trap" "$T/new"
        ok rm "$A/trap/disk"
        ok cp "$T/new" "$A/trap/disk"
        ok mkdir "$A/trap/shares/bob"
fi

# A custom image of an instance: what a guest has written into its disk counts when that is shared.
ok put whole-raw "$VM/sealed/image"
ok dd if="$disks/backed.qcow2" of="$VM/sealed/disk" conv=notrunc status=none
ok mkdir "$A/custom"
ok cp "$VM/sealed/disk" "$A/custom/disk"
refused 1 "$EPERM" mkdir "$A/custom/shares/bob"
rule self-contained alice

# Known of the past, too, and where the store is not there.
mount_at past account=alice,asof="$(admin log | tail -n 1 | cut -f 1)"
is $'qcow2\nneeds base.raw' cat "$T/past/regions/north/images/backed-qcow2/.meta/format"
is '' cat "$T/past/regions/north/images/old-qcow2/.meta/format"
