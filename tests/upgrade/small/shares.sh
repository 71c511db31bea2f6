# SPDX-License-Identifier: MIT
# Of the small fixture: shares, refusals, expiries, copies, imports of the same bytes, trust.
# shellcheck shell=bash
. "${BASH_SOURCE[0]%/*}/tools.sh"

# --- shares: made, ended by each who may, made again, limits, refusals

mkdir "$A/web/shares/bob" "$A/web/shares/carol" "$A/web/shares/dave"
mkdir "$A/holes/shares/bob" "$A/holes/shares/gone" "$A/past/shares/gone"
rmdir "$A/web/shares/dave"
mkdir "$A/web/shares/dave"
settle
rmdir "$B/holes@alice/shares/bob"
rmdir "$T/operator/regions/north/images/web@alice/shares/dave"
settle
mkdir "$A/holes/shares/bob" "$A/web/shares/dave" "$A/web/shares/100001234567"
no mkdir "$A/web/shares/zoe" # share-limit
no mkdir "$A/web/shares/alice"
no mkdir "$A/web/shares/nobody"
no mkdir "$A/web/shares/eve"
no mkdir "$A/draft/.meta/shares/bob"
for _ in 1 2 3 4; do
    no mv "$A/web" "$A/other"
    no put x "$A/web/description"
done
no rm -r "$A/web"
no rm "$A/web/disk"
no put x "$A/web/disk"
no mkdir "$A/web/föö"
no ln -s elsewhere "$A/linked/shares2"
no rmdir "$T/alice/regions/north/images"
settle
for _ in 1 2 3; do
    no cat "$B/web@alice/disk"
    no mkdir "$B/web@alice/shares/carol"
    no rm -r "$B/web@alice"
    no mv "$B/web@alice" "$B/mine"
done
touch -d '2020-02-20 20:20:20' "$A/web/description" "$A/web/disk"
admin limits require-review on
no mkdir "$A/past/shares/bob"
put 1 "$A/past/.meta/reviewed"
mkdir "$A/past/shares/bob"
put 0 "$A/past/.meta/reviewed"
admin limits require-review off
image "$B/own" own
put 1 "$B/own/.meta/reviewed"
image "$B/web" 'the web of bob'
image "$T/carol/regions/north/images/web" 'the web of carol'
mkdir "$B/web/shares/alice" "$T/carol/regions/north/images/web/shares/"{alice,bob}

# --- expiry: set, changed, cleared, set again; ended by the clock; shared again

mkdir "$A/timed/shares/"{bob,carol}
put 2199-12-31 "$A/timed/shares/bob/.expires"
put 2198-01-01T01:02:03.456+01:00 "$A/timed/shares/bob/.expires"
put never "$A/timed/shares/bob/.expires"
put +40000d "$A/timed/shares/bob/.expires"
put 2098-07-06T05:04:03Z "$A/timed/shares/bob/.expires"
: >"$A/timed/shares/carol/.expires"
no put 2001-01-01 "$A/timed/shares/carol/.expires"
no put soon "$A/timed/shares/carol/.expires"
image "$A/brief" brief
mkdir "$A/brief/shares/"{bob,carol}
at=$(soon 1)
put "$at" "$A/brief/shares/bob/.expires"
put "$(soon 1)" "$A/brief/shares/carol/.expires"
expired() {
    [[ $(sql "SELECT count(*) FROM event WHERE op = 'expire'") -ge $1 ]]
}
eventually expired 2
mkdir "$A/brief/shares/bob"
put 2099-01-01 "$A/brief/shares/bob/.expires"
rmdir "$A/brief/shares/bob"
mv "$A/brief" "$A/briefly"
mkdir "$A/briefly/shares/bob"
at=$(soon 1)
put "$at" "$A/briefly/shares/bob/.expires"
eventually passed "$at"
mkdir "$A/briefly/shares/bob" # ended and granted at once, or just after

# --- copies: link, cp -l, copy_file_range, cp -r; of a copy, of nothing, of two, of what goes later

mkdir "$AS/linked" "$AW/linked"
ln "$A/web/disk" "$AS/linked/disk"
ln "$AS/linked/disk" "$AW/linked/disk"
cp -al "$A/holes" "$AS/"
mkdir "$AS/ranged" "$AW/ranged" "$AS/part" "$AS/both" "$AS/again"
copy_range "$A/future/disk" "$AS/ranged/disk"
copy_range "$AS/ranged/disk" "$AW/ranged/disk"
copy_range "$A/web/disk" "$AS/part/disk" 4096
copy_range "$A/past/disk" "$AS/both/disk" 4096
copy_range "$A/future/disk" "$AS/both/disk" 4096 4096
copy_range "$A/past/disk" "$AS/again/disk"
rm "$AS/again/disk"
copy_range "$A/future/disk" "$AS/again/disk"
bytes 'no copy any more' 4 | dd of="$AS/again/disk" bs=1K conv=notrunc status=none
copy_range "$A/web/disk" "$AS/again/disk"
cp -r "$A/epoch" "$AS/"
cp -a "$AS/epoch" "$AW/epoch"
mkdir "$AS/empty" "$AS/source" "$AS/ofsource"
ln "$A/emptied/disk" "$AS/empty/disk"
bytes source 8 >"$AS/source/disk"
ln "$AS/source/disk" "$AS/ofsource/disk"
cp -al "$AS/source" "$AW/ofsource"
rm -r "$AS/source"
image "$AS/source" 'not the same source'
mkdir "$A/filled" && ln "$A/epoch/disk" "$A/filled/disk"
rm "$A/filled/disk"
ln "$A/past/disk" "$A/filled/disk"
no ln "$B/web@alice/disk" "$B/own/disk2"
mkdir "$B/stolen"
no ln "$B/web@alice/disk" "$B/stolen/disk"
no cp "$B/web@alice/disk" "$B/stolen/disk"
rm -r "$B/stolen"
cp -r "$A/web/shares/." "$AS/linked/shares/" # the copies of shares

# --- imports of the same bytes: of one's own, of what was shared, of a stranger's

up dave
image "$A/same" epoch
put sealed "$A/same/.meta/state"
eventually digested
image "$A/same2" epoch
put sealed "$A/same2/.meta/state"
mkdir "$B/same" && cat "$A/web/disk" >"$B/same/disk" && put sealed "$B/same/.meta/state"
mkdir "$T/dave/regions/north/images/alike" && cat "$A/past/disk" >"$T/dave/regions/north/images/alike/disk"
put sealed "$T/dave/regions/north/images/alike/.meta/state"
eventually digested
mkdir "$A/ofsame" && cp --reflink=never --sparse=always "$A/same2/disk" "$T/bytes" && cp "$T/bytes" "$A/ofsame/disk"
mkdir "$A/ofsame/shares/carol"
eventually digested
rm -r "$A/same"
[[ $(sql "SELECT count(*) FROM image WHERE same_content NOTNULL") -ge 3 ]] || die 'no same-content'

# --- trust

trusted=$T/bob/accounts/bob/trusted
mkdir "$trusted/alice" "$trusted/carol" "$trusted/gone"
rmdir "$trusted/alice"
mkdir "$trusted/alice"
rmdir "$trusted/carol"
no mkdir "$trusted/nobody"
no mkdir "$trusted/bob"
