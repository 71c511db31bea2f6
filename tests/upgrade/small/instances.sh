# SPDX-License-Identifier: MIT
# Of the small fixture: instances and what is made of them, accounts that go, the mount for many, `imgshare apply`.
# shellcheck shell=bash
. "${BASH_SOURCE[0]%/*}/tools.sh"

# --- instances: launched, written, reinstalled, in parts; custom images of them

mkdir "$VB/vm1" "$VB/vm2" "$VB/never" "$VA/own" "$VC/vm"
put web@alice "$VB/vm1/image"
bytes 'written by bob' 2 | dd of="$VB/vm1/disk" bs=1K conv=notrunc status=none
put north/holes@alice "$VB/vm2/image"
put web "$VA/own/image"
put db.old "$VA/own/image"
for _ in 1 2 3; do
    no put web@alice "$VC/vm/image" # trust
done
mkdir "$T/carol/accounts/carol/trusted/alice"
put web@alice "$VC/vm/image"
mkdir "$B/custom" "$BS/custom" "$B/cloned"
ln "$VB/vm1/disk" "$B/custom/disk"
copy_range "$VB/vm1/disk" "$BS/custom/disk"
cp "$VB/vm2/disk" "$B/cloned/disk"
put web@alice "$VB/vm1/image"
put past@alice "$VB/vm1/image"
rm "$VB/vm2/image"
no put south/linked@alice "$VB/vm2/image"
put web@alice "$VB/vm2/image"
rm "$VB/vm2/disk"
put web@alice "$VB/vm2/image"
rm "$VB/vm2/image" "$VB/vm2/disk"
put own "$VB/vm2/image"
mkdir "$VB/vm3" "$B/ofvm3"
put web@alice "$VB/vm3/image"
ln "$VB/vm3/disk" "$B/ofvm3/disk"
rm -r "$VB/vm3"
mkdir "$VB/vm3"
put own "$VB/vm3/image"
no mv "$VB/vm3" "$VB/vm4"
mkdir "$VB/noname" "$VB/nodisk" "$T/alice/regions/west/instances/vm"
put own "$VB/noname/image"
put web@carol "$VB/nodisk/image"
put linked "$T/alice/regions/west/instances/vm/image"
touch -d '2010-10-10 10:10:10' "$VB/noname/disk"
rm "$VB/noname/image"
rm "$VB/nodisk/disk"
no put nothing "$VB/never/image"
mkdir "$B/custom/shares/"{alice,carol,gone}
settle
mkdir "$VA/ofbob" "$A/round"
put custom@bob "$VA/ofbob/image"
ln "$VA/ofbob/disk" "$A/round/disk"
mkdir "$A/round/shares/bob"
mkdir "$T/carol/regions/north/images/byhand"
cat "$VC/vm/disk" >"$T/carol/regions/north/images/byhand/disk"
put sealed "$T/carol/regions/north/images/byhand/.meta/state"
rmdir "$A/web/shares/carol"
settle
no put web@alice "$VC/vm/image"

# --- an account that had much, and is removed: its shares end; others that cannot be, or are full

up gone
G=$T/gone/regions/north
image "$G/images/left" left
mkdir "$G/images/left/shares/bob" "$G/instances/vm" "$T/gone/accounts/gone/trusted/alice"
put custom@bob "$G/instances/vm/image"
mkdir "$G/images/made" && ln "$G/instances/vm/disk" "$G/images/made/disk"
mkdir "$G/images/made/shares/bob" && rmdir "$G/images/made/shares/bob"
no admin account rm gone
rmdir "$G/images/left/shares/bob"
rm -r "$G/images/left" "$G/images/made" "$G/instances/vm"
put 2150-05-05 "$A/holes/shares/gone/.expires"
down gone
admin account rm gone
no admin account add gone
admin account set 100001234567 uid=70020
no admin account rm alice
no admin account set bob role=auditor
admin account set erin.v_2-x quota=1
up erin account=erin.v_2-x
mkdir "$T/erin/regions/north/images/only"
for _ in 1 2; do no mkdir "$T/erin/regions/north/images/more"; done
mkdir "$T/erin/regions/south/images/only"
down erin

# --- the mount for many: events with their callers' uids; an auditor's and an operator's refusals; a flood of them

up all multiuser
N=$T/all/regions/north/images
user 70001 mkdir "$N/multi"
# shellcheck disable=SC2016 # the other shell's
user 70001 sh -c 'echo "by uid 70001" >"$1/description" && echo bytes >"$1/disk" && mkdir "$1/shares/bob"' - "$N/multi"
user 70001 touch -d '1999-12-31 23:59:59.999' "$N/multi/disk"
settle
no user 70002 cat "$N/multi@alice/disk"
no user 70010 mkdir "$N/new"
no user 70010 rmdir "$N/multi@alice/shares/bob"
no user 70011 mkdir "$N/new"
no mkdir "$T/operator/regions/north/images/web@alice/shares/zoe"
no rm -r "$T/operator/regions/north/images/db@alice"
no user 70099 ls "$N"
# shellcheck disable=SC2016 # the other shell's
no user 70002 sh -c 'for i in $(seq 130); do mkdir "$1/own/shares/nobody$i"; done; exit 1' - "$N"
user 70011 rmdir "$N/multi@alice/shares/bob"
down all

# --- apply: the operator's and an owner's, with expiries, pruning, and lines that are refused

printf '%s\n' $'north\tdb@alice\tbob\t2111-11-11' $'north\tdb@alice\tdave' $'north\tcloned@bob\tcarol' \
    $'west\tlinked@alice\tzoe' | admin apply
printf '# a comment\nnorth\tdb@alice\tdave\tnever\nnorth\tdb@alice\tcarol\t+40000d\n' | admin --as alice apply --prune
printf 'north\tdb@alice\tbob\nnorth\tdb@alice\tdave\nnorth\tdb@alice\tcarol\n' | admin apply
printf 'north\tdb@alice\tdave\t2112-12-12T12:12:12.120Z\n' | admin apply
no admin apply <<<$'north\tdb@alice\tnobody\nnorth\tdraft@alice\tbob\nnorth\tdb@alice\tdave\t2001-01-01'
no admin --as bob apply <<<$'north\tdb@alice\tzoe'
printf 'west\tlinked@alice\t-\n' | admin apply --prune
