# SPDX-License-Identifier: MIT
# Of the small fixture: regions, accounts and limits; images with their texts, disks, names, times and reviews.
# shellcheck shell=bash
. "${BASH_SOURCE[0]%/*}/tools.sh"

# --- regions, accounts, limits

days_ago 400
"$IMGSHARE" init "$C"
admin region add north
days_ago 366
admin region add south
admin region add west --store "$store"
admin region add east
no admin region add east
no admin region add Nord
admin account add alice --uid 70001
admin account add bob --uid 70002 --quota 8
admin account add carol --uid 70003
admin account add dave --uid 70004
days_ago 31
admin account add 100001234567
admin account add erin.v_2-x --uid 70005 --quota 2
admin account add eve --uid 70010 --role auditor
admin account add olga --uid 70011 --role operator
admin account add gone --uid 70020
admin account add zoe
admin account add brief
admin account rm brief
no admin account add brief
no admin account add alice
no admin account add twin --uid 70001
admin account set zoe role=auditor
admin account set zoe role=operator quota=3 uid=70030 require-trust=on
admin account set zoe role=account quota=- uid=- require-trust=off
admin account set dave uid=70014
admin account set dave uid=70004
no admin account set dave uid=70001
admin account set carol require-trust=on
for value in 5 60 4; do admin limits shares-per-image "$value"; done
admin limits images-per-region 12
admin limits images-per-region 40
no admin --as alice limits shares-per-image 50
no admin --as eve region add elsewhere
no admin --as bob account add mallory
admin --as olga limits images-per-region 41

# An image of some days ago, shared then.

days_ago 3
up alice
image "$A/ancient" ancient
mkdir "$A/ancient/shares/bob" "$A/ancient/shares/carol"
put 2087-06-05 "$A/ancient/shares/carol/.expires"
down alice
days_ago 2
up bob
mkdir "$VB/ancient"
put ancient@alice "$VB/ancient/image"
down bob
days_ago 1
up alice
rmdir "$A/ancient/shares/bob"
mkdir "$A/short-lived" && rmdir "$A/short-lived"
down alice
days_ago 0

up alice
up bob
up carol
up operator

# --- a region that had images, removed, and added again under its name

image "$T/alice/regions/east/images/first" east
mkdir "$T/alice/regions/east/images/first/shares/bob"
no admin region rm east
rmdir "$T/alice/regions/east/images/first/shares/bob"
rm -r "$T/alice/regions/east/images/first"
admin region rm east
admin region add east
settle
image "$T/alice/regions/east/images/first" 'east again'
rm -r "$T/alice/regions/east/images/first"
admin region rm east
admin region add east
settle
image "$T/alice/regions/east/images/third" 'east for the third time'

# --- images: drafts, texts, disks, names, times

mkdir "$A/draft" "$A/bare"
put 'nothing but a text' "$A/draft/description"
mkdir "$A/linked" && ln -s .meta/shares "$A/linked/shares"
mkdir "$A/empty" && touch "$A/empty/disk"
mkdir "$A/wrong" && rmdir "$A/wrong"
no mkdir -p "$A/tpyo/shares/bob"
rmdir "$A/tpyo"

image "$A/web" web 64
put 'a second text' "$A/web/description"
put 'and a third' "$A/web/description"
rm "$A/web/description"
touch "$A/web/description"
put 'made again' "$A/web/description"
rm "$A/web/shares"
ln -s .meta/shares "$A/web/shares"
rm "$A/web/disk"
bytes 'another web' 32 >"$A/web/disk"
rm "$A/web/disk"
bytes web 64 >"$A/web/disk"
bytes 'written over' 1 | dd of="$A/web/disk" bs=512 seek=3 conv=notrunc status=none
truncate -s 70000 "$A/web/disk"
mv "$A/web" "$A/www"
mv "$A/www" "$A/web"
touch -d '1969-12-31 23:59:58.5' "$A/web/description"
touch -d '2001-02-03 04:05:06.123456789' "$A/web/disk"

image "$A/db" db
mv "$A/db" "$A/Database-1.0_x"
image "$A/db" 'another by that name'
rm -r "$A/db"
image "$A/db" 'a third by that name'
mv "$A/db" "$A/db.old"
image "$A/db" 'the fourth'
no mv -T "$A/db" "$A/db.old"
no mv "$A/db" "$A/.hidden"
long=$(printf 'n%.0s' {1..60})
image "$A/$long" long
mv "$A/$long" "$A/short"

# Texts: quotes, backslashes, lines, other scripts, signs that turn the direction, nothing, the longest.
while IFS= read -r line; do
    exactly "$line" "$A/short/description"
done <<'TEXTS'
"double" and 'single' quotes, `ticks`, $HOME, 100 %, a;b|c&d <html>&amp;
back\\slash, C:\\\\temp\\\\new, \\n is no line, \\u0041 neither, \\"
two\nlines
three\n\nlines, and an end\n
\ta tab\tand a return\r\n
Grüße, Ελληνικά, русский, 漢字, 한국어, עברית, 🐧, e\xcc\x81 and é
turned \xe2\x80\xae round \xe2\x80\xac, a bell \a, escape \e[31m, delete \x7f
line\xe2\x80\xa8separator, paragraph\xe2\x80\xa9separator, next\xc2\x85line, no-break\xc2\xa0space, null\xe2\x80\x8bwidth
{"json":"{\\"nested\\":null}"}
TEXTS
no exactly '\xff\xfe' "$A/short/description"
no put "$(printf 'x%.0s' {1..257})" "$A/short/description"
put "$(printf 'ä%.0s' {1..256})" "$A/short/description"
image "$A/texts" texts
exactly 'quote " backslash \\ line\nsecond 漢字 🐧 \xe2\x80\xae' "$A/texts/description"
image "$A/nothing" nothing
truncate -s 0 "$A/nothing/description"
rm "$A/draft/description"
put 'a draft, once more' "$A/draft/description"

# Disks: emptied again, with holes, written in many ways; times before 1970, far off, and after sealing.
image "$A/emptied" emptied
truncate -s 0 "$A/emptied/disk"
image "$A/holes" holes
truncate -s 3M "$A/holes/disk"
bytes end 4 | dd of="$A/holes/disk" bs=1K seek=3000 conv=notrunc status=none
touch -d '1901-12-13 20:45:52.000000001' "$A/holes/disk"
image "$A/future" future
touch -d '2262-04-11 23:47:16.854775807' "$A/future/disk" "$A/future/description"
put sealed "$A/future/.meta/state"
touch -d '2199-01-01 00:00:00.5' "$A/future/disk" # refused to be opened, so a line in the log, but touched
image "$A/past" past
put sealed "$A/past/.meta/state"
put sealed "$A/past/.meta/state"
touch -d '1930-06-07 08:09:10.987654321' "$A/past/disk" "$A/past/description"
image "$A/epoch" epoch
touch -d '1970-01-01' "$A/epoch/disk" "$A/epoch/description"
image "$A/timed" timed
touch -d '2011-11-11 11:11:11' "$A/timed/disk"
put 'later' "$A/timed/description"
bytes later 1 | dd of="$A/timed/disk" bs=1 conv=notrunc status=none
for state in draft available ''; do
    no put "$state" "$A/timed/.meta/state"
done
no put sealed "$A/draft/.meta/state"
no put sealed "$A/emptied/.meta/state"
if command -v qemu-img >/dev/null; then
    qemu-img create -q -f raw "$T/base" 1M
    qemu-img create -q -f qcow2 -F raw -b "$T/base" "$T/overlay" && qemu-img rebase -q -u -F raw -b base.raw "$T/overlay"
    mkdir "$A/overlay" && cp --sparse=always "$T/overlay" "$A/overlay/disk"
fi

# Review: set, reset by hand and by writing, set again.
for value in 1 0 1; do put "$value" "$A/web/.meta/reviewed"; done
put 1 "$A/timed/.meta/reviewed"
bytes more 1 | dd of="$A/timed/disk" bs=1 conv=notrunc status=none
put 1 "$A/holes/.meta/reviewed"
no put 7 "$A/web/.meta/reviewed"
