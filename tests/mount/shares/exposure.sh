#!/bin/bash
# SPDX-License-Identifier: MIT
# Who can or could get an image's bytes: a chain of 5 accounts after the owner, over 3 regions, path by path.
. "${0%/*}/../lib.sh"
catalog
ok admin region add east
ok admin account add erin
ok admin account add frank
ok admin account add op --role operator
for account in alice bob carol dave erin frank op; do
        mount_as "$account"
done

# at ACCOUNT REGION: where its images are.
at() {
        echo "$T/$1/regions/$2/images"
}

# launch ACCOUNT REGION IMAGE: on its instance vm there.
launch() {
        settle
        ok mkdir -p "$T/$1/regions/$2/instances/vm"
        ok put "$3" "$T/$1/regions/$2/instances/vm/image"
}

# custom ACCOUNT REGION NAME: an image from that instance.
custom() {
        ok mkdir "$(at "$1" "$2")/$3"
        ok ln "$T/$1/regions/$2/instances/vm/disk" "$(at "$1" "$2")/$3/disk"
}

# Alice copies to the south and shares there.
image "$(at alice north)/web"
image "$(at alice north)/unrelated"
ok mkdir "$(at alice north)/unrelated/shares/frank"
ok cp -r "$(at alice north)/web" "$(at alice south)/"
ok mkdir "$(at alice south)/web/shares/bob"
# Bob makes his own of it, which he copies to the east for carol.
launch bob south web@alice
custom bob south b
ok cp -r "$(at bob south)/b" "$(at bob east)/"
ok mkdir "$(at bob east)/b/shares/carol"
# Carol makes hers, and takes it back to the north for dave.
launch carol east b@bob
custom carol east c
ok cp -r "$(at carol east)/c" "$(at carol north)/"
ok mkdir "$(at carol north)/c/shares/dave"
# Dave makes his, for erin; erin's is read and written, so that only its content tells, and goes to frank.
launch dave north c@carol
custom dave north d
ok mkdir "$(at dave north)/d/shares/erin"
launch erin north d@dave
ok mkdir "$(at erin north)/e"
ok dd if="$T/erin/regions/north/instances/vm/disk" of="$(at erin north)/e/disk" bs=64K status=none
ok mkdir "$(at erin north)/e/shares/frank"
launch frank north e@erin

W='north/web@alice > south/web@alice' B1="$W > south/vm@bob > south/b@bob > east/b@bob"
C1="$B1 > east/vm@carol > east/c@carol > north/c@carol" D1="$C1 > north/vm@dave > north/d@dave"
paths() {
        cat <<PATHS
alice	copy	$W
bob	$1	$W
bob	launch	$W > south/vm@bob
bob	custom	$W > south/vm@bob > south/b@bob
bob	copy	$B1
carol	share	$B1
carol	launch	$B1 > east/vm@carol
carol	custom	$B1 > east/vm@carol > east/c@carol
carol	copy	$C1
dave	share	$C1
dave	launch	$C1 > north/vm@dave
dave	custom	$D1
erin	share	$D1
erin	launch	$D1 > north/vm@erin
erin	same-content	$D1 > north/e@erin
frank	share	$D1 > north/e@erin
frank	launch	$D1 > north/e@erin > north/vm@frank
PATHS
}
# exposure IMAGE: what the operator is told, without the times, sorted.
exposure() {
        admin exposure "$1" | awk -v image="$1" -f "${0%/*}/../../exposure.awk" | cut -f1-3 | sort
}
# compare SHARE: everything, path by path.
compare() {
        exposure north/web@alice >"$T/got"
        paths "$1" | sort >"$T/want"
        cmp -s "$T/want" "$T/got"
}
eventually compare share || not_ok "other paths: $(diff "$T/want" "$T/got")"

# Each row has its time; the mount's file says the same to operator and auditor.
is 17 sh -c 'cut -f5 "$1" | grep -Ecx "20.*T.*Z"' - "$T/op/regions/north/images/web@alice/.meta/exposure.tsv"
is "$(admin exposure north/web@alice)" cat "$T/op/regions/north/images/web@alice/.meta/exposure.tsv"

# Of the part that begins later only that part is told, and of what has nothing to do with it, nothing.
is 8 sh -c 'cut -f3 | grep -c "^north/c@carol"' < <(exposure north/c@carol)
is $'frank\tshare\tnorth/unrelated@alice' exposure north/unrelated@alice

# As JSON and for Graphviz.
ok admin exposure north/web@alice --json
ok "$PYTHON" - "$T/out" "$T/want" <<'PYTHON'
import json, sys
rows = json.load(open(sys.argv[1]))
path = {None: 'north/web@alice'}
for row in rows:
    path[row['row']] = path[row['from']] + ('' if 'share' in row['how'] else ' > ' + row['object'])
got = sorted('%s\t%s\t%s' % (row['account'], row['how'], path[row['row']]) for row in rows)
assert got == sorted(open(sys.argv[2]).read().splitlines()), got
PYTHON
says '^digraph exposure' admin exposure north/web@alice --dot

# The owner learns accounts, ways and how many, not the paths through others' images.
mine=$(at alice north)/web/.meta/exposure.tsv
is "$(paths share | cut -f1,2 | sort)" sh -c 'cut -f2,3 "$1" | sort' - "$mine"
says "^[0-9]+	bob	launch	1	20.*	1	hidden$" cat "$mine"
says "^[0-9]+	frank	launch	1	20.*	1	hidden$" cat "$mine"
is '' sh -c 'grep -E "(vm|[a-z])@(bob|carol|dave|erin|frank)" "$1" || true' - "$mine"
is "$(sort "$mine")" sh -c '"$1" -C "$2" exposure north/web@alice --as alice | sort' - "$IMGSHARE" "$DIR"
# A recipient has neither file, and a maker in the chain sees what begins with its own.
settle
absent "$(at bob south)/web@alice/.meta/"{exposure,usage}.tsv
is '' sh -c 'ls "$1" | grep -E "exposure|usage" || true' - "$(at bob south)/web@alice/.meta"
refused 1 '^imgshare: ' admin exposure south/web@alice --as bob
refused 1 '^imgshare: ' admin exposure north/web@alice --as frank
refused 1 "$ENOENT" cat "$(at dave north)/web@alice/.meta/exposure.tsv"
says '^[0-9]+	erin	share	-	.*	north/d@dave$' cat "$(at dave north)/d/.meta/exposure.tsv"
is '' sh -c 'grep -E "alice|bob|carol" "$1" || true' - "$(at dave north)/d/.meta/exposure.tsv"
is $'carol\tlaunch' sh -c 'cut -f2,3 "$1" | grep -x "carol.*launch"' - "$(at bob east)/b/.meta/exposure.tsv"

# usage.tsv: who runs instances from this very image.
is $'bob\t1' cut -f1,2 "$(at alice south)/web/.meta/usage.tsv"
is '' cat "$(at alice north)/web/.meta/usage.tsv"
absent "$T/op/regions/south/images/web@alice/.meta/usage.tsv"

# What is over stays in it: shares, instances, images that are gone.
ok rmdir "$(at alice south)/web/shares/bob"
ok rm -r "$T/bob/regions/south/instances/vm" "$T/frank/regions/north/instances/vm" "$(at bob south)/b"
compare 'past share' || not_ok "other paths: $(diff "$T/want" "$T/got")"
is '' cat "$(at alice south)/web/.meta/usage.tsv"

# A draft has given nothing to anybody: what is told is of the disk that was removed there, today and as of then, also
# when there is another disk by now, or another image by that name. Its size has been looked at before each change.
last_event() {
        admin log | tail -n 1 | cut -f1
}
G=$(at alice north)/gone
size() {
        stat -c %s "$G/.meta/exposure.tsv"
}
image "$G"
ok mkdir "$G/shares/bob"
ok rmdir "$G/shares/bob"
is '1	bob	past share	-' sh -c 'cut -f1-4 "$1"' - "$G/.meta/exposure.tsv"
want=$(admin exposure north/gone@alice)
ok rm "$G/disk"
settle
removed=$(last_event)
is "$want" admin exposure north/gone@alice
is "$want" cat "$G/.meta/exposure.tsv"
is "$((${#want} + 1))" size
dense "$G/disk" 8
settle
is '' admin exposure north/gone@alice
is '' cat "$G/.meta/exposure.tsv"
is 0 size
ok mkdir "$G/shares/carol"
settle
second=$(admin exposure north/gone@alice | sed 's/share/past share/')
ok rm -r "$G/shares/carol"
ok rm -r "$G"
deleted=$(last_event)
ok mkdir "$G"
is "$second" admin exposure north/gone@alice
made=$(last_event)
dense "$G/disk" 8
is '' admin exposure north/gone@alice
ok rm -r "$G" # the first one comes back, which had not ended last then
ok admin undelete "north/gone@alice#$(admin undelete --list | grep north/gone@alice | cut -f1 | sort -n | head -n 1)"
is "$want" admin exposure north/gone@alice
mount_at past "account=alice,asof=$removed"
is "$want" cat "$T/past/regions/north/images/gone/.meta/exposure.tsv"
for who in operator alice; do
        is "$want" admin --as "$who" exposure north/gone@alice --asof "$removed"
        is "$second" admin --as "$who" exposure north/gone@alice --asof "$deleted"
        is "$second" admin --as "$who" exposure north/gone@alice --asof "$made"
done
