#!/bin/bash
# SPDX-License-Identifier: MIT
# Guessing what is in another's image: neither who shares a guess, nor who imports one, nor a recipient hears that the other has
# these bytes. Only bytes that somebody had, by owning the image or launching from it, are told to be the same.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
instances=$T/bob/regions/north/instances

# imported MINE DISK: an image made by reading and writing, sealed, its digest known.
imported() {
        ok mkdir "$1"
        ok cp --reflink=never "$2" "$T/bytes"
        ok sh -c 'cat "$1" >"$2"' - "$T/bytes" "$1/disk"
        ok put sealed "$1/.meta/state"
        eventually digested "$1" || not_ok "no digest: $1"
}
# exposes IMAGE WORD: its exposure has that.
exposes() {
        admin exposure "$1" | grep -q "$2"
}
digested() {
        ! grep -qx pending "$1/.meta/digest"
}

# Bob guesses: he imports what he thinks that alice has, and is right.
image "$A/secret" 3
ok put sealed "$A/secret/.meta/state"
eventually digested "$A/secret" || not_ok 'no digest'
imported "$B/guess" "$A/secret/disk"
is import cat "$B/guess/.meta/source"
is import cat "$A/secret/.meta/source"
! exposes north/secret@alice bob || not_ok 'exposure tells a guess'

# Alice guesses: she shares it for a moment with bob before he imports that, and before he shares it.
image "$A/probe" 4
ok mkdir "$A/probe/shares/bob"
eventually digested "$B/probe@alice" || not_ok 'no digest of what is received'
is "sha256:$(sha256sum <"$A/probe/disk" | cut -d' ' -f1)" cat "$B/probe@alice/.meta/digest" # its recipient may compare
ok rmdir "$A/probe/shares/bob"
imported "$B/own" "$A/probe/disk"
ok mkdir "$B/own/shares/carol"
is import cat "$B/own/.meta/source"
is $'bob\tpast share' sh -c 'cut -f 2,3 "$1" | grep -v owner' - "$A/probe/.meta/exposure.tsv"
! exposes north/probe@alice carol || not_ok 'exposure tells whom he shares it with'
! exposes north/own@bob alice || not_ok 'and the other way'

# What he launched he had: that is told, also after the share has ended.
image "$A/web" 5
ok mkdir "$A/web/shares/bob"
settle
ok mkdir "$instances/vm"
ok put web@alice "$instances/vm/image"
ok rmdir "$A/web/shares/bob"
imported "$B/saved" "$instances/vm/disk"
is 'import; same-content hidden' cat "$B/saved/.meta/source"
exposes north/web@alice 'same-content' || not_ok 'exposure does not tell what was launched and saved'
