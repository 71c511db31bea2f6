#!/bin/bash
# SPDX-License-Identifier: MIT
# Exposure when accounts go round (alice, bob, alice), when two ways lead to one account, and after shares came and went.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
VMA=$T/alice/regions/north/instances/vm VMB=$T/bob/regions/north/instances/vm
image "$A/web"
ok mkdir "$A/web/shares/bob"
settle
ok mkdir "$VMB" "$VMA" "$B/b" "$A/back"
ok put web@alice "$VMB/image"
ok ln "$VMB/disk" "$B/b/disk"
ok mkdir "$B/b/shares/alice"
settle
ok put b@bob "$VMA/image"
ok ln "$VMA/disk" "$A/back/disk"
ok mkdir "$A/back/shares/bob"
settle
ok mkdir "$T/bob/regions/north/instances/vm2"
ok put back@alice "$T/bob/regions/north/instances/vm2/image"

# rows IMAGE: without the times, sorted.
rows() {
        admin exposure "$1" | awk -v image="$1" -f "${0%/*}/../../exposure.awk" | cut -f1-3 | sort
}
to_b='north/web@alice > north/vm@bob > north/b@bob' to_back='north/vm@alice > north/back@alice'
want="alice	custom	$to_b > $to_back
alice	launch	$to_b > north/vm@alice
alice	share	$to_b
bob	custom	$to_b
bob	launch	$to_b > $to_back > north/vm2@bob
bob	launch	north/web@alice > north/vm@bob
bob	share	$to_b > $to_back
bob	share	north/web@alice"
is "$(sort <<<"$want")" rows north/web@alice

# The owner sees its own objects in it, from the last own ones before them.
mine='alice	launch	north/web@alice > north/vm@alice
alice	custom	north/web@alice > north/vm@alice > north/back@alice
alice	share	north/web@alice > hidden
bob	custom	north/web@alice > hidden
bob	launch	north/web@alice > hidden
bob	launch	north/web@alice > north/vm@alice > north/back@alice > hidden
bob	share	north/web@alice
bob	share	north/web@alice > north/vm@alice > north/back@alice'
is "$(sort <<<"$mine")" sh -c \
        'awk -v image=north/web@alice -f "$1" "$2" | cut -f1-3 | sort' - "${0%/*}/../../exposure.awk" "$A/web/.meta/exposure.tsv"

# Once more around: reinstalling alice's from what came back.
ok put back "$VMA/image"
ok mkdir "$A/again"
ok ln "$VMA/disk" "$A/again/disk"
want+="
alice	launch	$to_b > $to_back > north/vm@alice
alice	custom	$to_b > $to_back > north/vm@alice > north/again@alice"
is "$(sort <<<"$want")" rows north/web@alice

# A share that came and went several times is told each time; ended ones are past.
ok mkdir "$A/plain" && dense "$A/plain/disk" 16
for i in 1 2 3; do
        ok mkdir "$A/plain/shares/carol"
        [ "$i" -eq 3 ] || ok rmdir "$A/plain/shares/carol"
done
is $'carol\tpast share\tnorth/plain@alice\ncarol\tpast share\tnorth/plain@alice\ncarol\tshare\tnorth/plain@alice' rows north/plain@alice

# Two ways: copies of one image, shared with the same account.
ok cp -r "$A/plain" "$A/copy1"
ok cp -r "$A/copy1" "$AS/copy2"
ok mkdir "$A/copy1/shares/carol" "$AS/copy2/shares/carol"
ok admin exposure north/plain@alice
is 5 grep -c $'\tcarol\t' "$T/out"
says $'^carol\tshare\tnorth/plain@alice > north/copy1@alice > south/copy2@alice$' rows north/plain@alice

# It follows renames, and outlives deletion.
ok rmdir "$A/copy1/shares/carol"
ok mv "$A/copy1" "$A/moved"
says $'^carol\tpast share\tnorth/plain@alice > north/moved@alice$' rows north/plain@alice
ok rm -r "$A/moved"
says $'^carol\tshare\tnorth/plain@alice > north/moved@alice > south/copy2@alice$' rows north/plain@alice

# An image that is not there.
refused 1 '^imgshare: ' admin exposure north/none@alice
refused 1 '^imgshare: ' admin exposure web@alice
