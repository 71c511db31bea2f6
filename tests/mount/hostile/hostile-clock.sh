#!/bin/bash
# SPDX-License-Identifier: MIT
# A clock that was wrong once, under running mounts: by a year, and back. Shares that are due by it are hidden and refused
# for as long, but nothing is lost: no share is ended, no event is of the wrong time, and no span is counted from it.
. "${0%/*}/../lib.sh"
machine_begin
YEAR=$((365 * 86400))
catalog
ok admin account add audit --role auditor
mount_as alice
mount_as bob
mount_as carol ro
mount_as audit
image "$A/web"
ok mkdir "$A/web/shares/"{bob,carol,dave}
ok put +30d "$A/web/shares/bob/.expires"
ok put +30d "$A/web/shares/carol/.expires"
ok put +500d "$A/web/shares/dave/.expires"
VM=$T/bob/regions/north/instances
ok mkdir "$VM/vm1"
settle
is web@alice listing "$B"
is web@alice listing "$C"
this_year=$(date -u +%Y) next_year=$(date -ud "@$(($(date +%s) + YEAR))" +%Y)

# count_of OP: how many such events the log has.
count_of() {
        admin log --json | grep "\"op\":\"$1\"" | grep -c '"rule":null' || true
}
# shows NAME COMMAND…: a listing is that, soon.
shows() {
        [ "$(listing "$2")" = "$1" ]
}
# doubted: the log says so.
doubted() {
        [ "$(count_of clock-doubt)" -eq "$1" ]
}
# times_are_right: no event is of next year.
times_are_right() {
        says "\"time\":\"$this_year" sh -c '"$@" | tail -n 1' - "$IMGSHARE" -C "$DIR" log --json
        run sh -c '"$@" | grep "\"time\":\"$0"' "$next_year" "$IMGSHARE" -C "$DIR" log --json && not_ok 'an event of next year'
}

# Forward.
machine step $YEAR
ok eventually shows '' "$B"
ok eventually shows '' "$C"
ok eventually shows dave "$T/audit/regions/north/images/web@alice/shares/"
refused 2 "$ENOENT" ls "$B/web@alice"
refused 1 "$ENOENT" put web@alice "$VM/vm1/image"
is dave listing "$A/web/shares/"
WAIT=20 eventually doubted 1 || not_ok 'no event says that the clock is doubted'
says '"op":"clock-doubt","object":null.*"detail":{"ahead":315[0-9]{8},"clock":"'"$next_year" admin log --json
says $'^doubt\t(364|365)d ahead$' admin clock
is 0 count_of expire
ok mkdir "$A/db"
times_are_right

# What hidden shares block stays blocked: they may live.
refused 1 "$EPERM" rm -r "$A/web"
rule unshare-before-delete alice
refused 1 '^imgshare: ' admin account set bob role=auditor

# A span begins at the log's clock, and is checked by the one that ends it: it is refused, not over at once.
refused 1 "$EINVAL" put +30d "$A/web/shares/dave/.expires"
ok put +600d "$A/web/shares/dave/.expires"
says "^$(date -ud "@$(($(date +%s) - YEAR + 600 * 86400))" +%Y-%m-%dT%H)" cat "$A/web/shares/dave/.expires"

# What is granted anew is a share of its own: its owner ends the hidden one.
ok mkdir "$A/web/shares/carol"
is never cat "$A/web/shares/carol/.expires"
is 0 count_of expire
is 1 count_of unshare

# Killed, and mounted again: in doubt as before, without another event.
for mount in alice bob; do
        kill -KILL "$(daemon_of "$T/$mount")"
        run umount -l "$T/$mount"
        eventually daemon_ended "$T/$mount"
done
mount_as alice
mount_as bob
is '' listing "$B"
is 1 count_of clock-doubt
is 0 count_of expire

# It agrees again: all is as it was, and the log says so.
machine step -$YEAR
ok eventually shows web@alice "$B"
is 'bob carol dave' listing "$A/web/shares/"
ok put web@alice "$VM/vm1/image"
WAIT=20 eventually doubted 2 || not_ok 'no event says that the doubt is over'
says '"op":"clock-doubt",.*"detail":{"doubt":"over",' admin log --json
says $'^doubt\t-$' admin clock
is 0 count_of expire
ok put +30d "$A/web/shares/bob/.expires"
settle
is web@alice listing "$B"
times_are_right

# A step of less than an hour is nobody's business; neither is a laptop that slept.
machine step 3000
is web@alice listing "$B"
machine sleep $((2 * 86400))
is web@alice listing "$B"
ok mkdir "$A/mail"
is 2 count_of clock-doubt

# The clock is right after all, says an operator: what is due ends.
this_year=$(date -u +%Y)
machine step $YEAR
refused 1 '^imgshare: .*role' admin --as alice clock set
ok admin clock set
ok eventually shows '' "$B"
says $'^doubt\t-$' admin clock
is 'the clock is not doubted' admin clock set
ok admin limits require-review off
is 1 count_of expire
is 1 count_of clock-set
says '"op":"clock-set",.*"detail":{"from":"'"$this_year"'[^"]*","to":"'"$(date -u +%Y)" admin log --json
