#!/bin/bash
# SPDX-License-Identifier: MIT
# shares/bob/.expires: when a share ends by itself; who sets it, in which forms, and what it says.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
image "$A/web"
ok mkdir "$A/web/shares/"{bob,carol}
settle
expires=$A/web/shares/bob/.expires

# expires_at SECONDS_SINCE_1970 (or a few more): as the file tells it.
expires_at() {
        local got
        got=$(date -ud "$(cat "$expires")" +%s) || not_ok "no time: $(cat "$expires")"
        [ "$got" -ge "$1" ] && [ "$got" -le "$(($1 + 5))" ] || not_ok "$(cat "$expires"), not $(date -uIseconds -d "@$1")"
}

# Unlisted, and empty directories stay empty to all tools.
is '' listing "$A/web/shares/bob"
is never cat "$expires"
is 644 stat -c %a "$expires"
says $'^bob\t20.*Z\talice\tnever$' cat "$A/web/.meta/shares.tsv"

# The forms.
next=$(date -ud '+1 year' +%Y)-06-30
ok put "$next" "$expires"
is 24 sh -c 'cat "$1" | tr -d "\n" | wc -c' - "$expires"
expires_at "$(($(date -ud "$next" +%s) + 86399))"
says "^$next"'T23:59:59(\.999)?Z$|T00:00:00(.000)?Z$' cat "$expires"
ok put "${next}T10:11:12Z" "$expires"
is "${next}T10:11:12.000Z" cat "$expires"
ok put "${next}T10:11:12+02:00" "$expires"
is "${next}T08:11:12.000Z" cat "$expires"
ok put "${next}T10:11:12.345Z" "$expires"
is "${next}T10:11:12.345Z" cat "$expires"
now=$(date +%s)
ok put +30d "$expires"
expires_at $((now + 30 * 86400))
now=$(date +%s)
ok put +12h "$expires"
expires_at $((now + 12 * 3600))
text=$(cat "$expires")
is $'bob\t'"$text"$'\ncarol\tnever' cut -f1,4 "$A/web/.meta/shares.tsv"
is "$((${#text} + 1))" stat -c %s "$expires"

# never, and empty in every way, clear it.
# clears CMD…: set before, not after.
clears() {
        ok put +30d "$expires"
        ok "$@"
        is never cat "$expires"
}
clears put never "$expires"
clears put '' "$expires"
clears sh -c ': >"$1"' - "$expires"
clears truncate -s 0 "$expires"
clears cp /dev/null "$expires"
ok sh -c 'printf %s +30d >"$1"' - "$expires"
is 25 stat -c %s "$expires"

# What is past, or no time, changes nothing.
text=$(cat "$expires")
for word in 2001-01-01 "$(date -u +%Y-%m-%dT%H:%M:%SZ)" 1970-01-01T00:00:00Z tomorrow 30d +30 +d +0d -1d +1y 2030-13-01 \
        2030-02-30 2030-01-01T25:00:00Z 0 99999999999 '+30d x' Never; do
        refused 1 "$EINVAL" put "$word" "$expires"
        is "$text" cat "$expires"
done

# The log says it, once for each change.
says '"op":"set-expiry","object":"north/web@alice","account":"bob".*"detail":{"expires":"'"$text"'","share":[0-9]+}' cat "$A/web/.meta/history.jsonl"
says '"op":"set-expiry",.*"detail":{"expires":"never","share":[0-9]+}' cat "$A/web/.meta/history.jsonl"

# The recipient reads its own, and sets none.
settle
theirs=$B/web@alice/shares/bob/.expires
is "$text" cat "$theirs"
for word in never +90d 2001-01-01 nonsense; do
        refused 1 "$EPERM" put "$word" "$theirs"
        rule no-reshare bob
done
refused 2 "$EPERM" sh -c ': >"$1"' - "$theirs" # refused when it is opened: closing would be too late
rule no-reshare bob
refused 1 "$EPERM" truncate -s 0 "$theirs"
rule no-reshare bob
absent "$B/web@alice/shares/carol/.expires"
refused 1 "$EPERM" rm "$expires"
refused 1 "$EPERM" touch "$A/web/shares/bob/other"
settle
is "$text" cat "$expires"

# Others' do not change; a copy of the shares has none; ended and granted again, it has none.
is never cat "$A/web/shares/carol/.expires"
ok cp -r "$A/web" "$AS/"
ok cp -r "$A/web/shares/." "$AS/web/shares/"
is never cat "$AS/web/shares/bob/.expires"
ok rmdir "$A/web/shares/bob"
ok mkdir "$A/web/shares/bob"
is never cat "$expires"

# It outlives a remount.
ok put "$next" "$expires"
text=$(cat "$expires")
unmount alice
mount_as alice
is "$text" cat "$expires"
