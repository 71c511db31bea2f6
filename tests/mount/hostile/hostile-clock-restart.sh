#!/bin/bash
# SPDX-License-Identifier: MIT
# A clock that was wrong once, across restarts and without a daemon: what can be told, what an operator says, and a log
# whose times are ahead.
. "${0%/*}/../lib.sh"
machine_begin
DAY=86400 YEAR=$((365 * 86400))
catalog
mount_as alice
image "$A/web"
ok mkdir "$A/web/shares/"{bob,carol,dave}
ok put +12h "$A/web/shares/bob/.expires"
ok put +100d "$A/web/shares/carol/.expires"
unmount alice

# count_of OP: how many such events the log has.
count_of() {
        admin log --json | grep "\"op\":\"$1\"" | grep -c '"rule":null' || true
}
# live: with whom the image is shared.
live() {
        admin access north/web@alice | cut -f 3 | sort | xargs
}
# does COMMAND…: a command that writes, so that what is due is written before it.
does() {
        ok admin limits shares-per-image $((50 + RANDOM % 1000))
}
# clock_says REGEX: of the doubt.
clock_says() {
        says $'^doubt\t'"$1\$" admin clock
}
# last_time: the second of the last event.
last_time() {
        date -ud "$(admin log --json | tail -n 1 | sed 's/.*"time":"\([^"]*\)".*/\1/')" +%s
}

# Without a daemon. A clock that was ahead is still so after a restart; one that was set right meanwhile agrees.
machine step $YEAR
is dave live
does
is 0 count_of expire
clock_says '36[45]d ahead'
for _ in 1 2; do
        machine restart 60
        is dave live
        clock_says '36[45]d ahead'
        does
        is 1 count_of clock-doubt
        is 0 count_of expire
done
machine restart $((3600 * 3))
machine step -$YEAR
is 'bob carol dave' live
does
is 2 count_of clock-doubt
is 0 count_of expire
clock_says -

# Set back in one boot: what is over by the time since the machine started stays so, and is not ended yet.
machine sleep $((10 * 3600))
is 'carol dave' live
machine step $((-11 * 3600))
is 'carol dave' live
does
clock_says '11h behind'
is 0 count_of expire
is 3 count_of clock-doubt
machine step $((11 * 3600))
does
is 1 count_of expire
is 4 count_of clock-doubt

# A machine without a clock of its own starts in 1970, and then asks the net.
before=$(last_time)
machine restart
now=$(date +%s)
machine set $((-now + 100))
is 'carol dave' live
does
[ "$(last_time)" -ge "$before" ] || not_ok 'an event is before the last one'
is 5 count_of clock-doubt
clock_says '[0-9]+d behind'
machine set $((2 * DAY))
does
is 6 count_of clock-doubt
clock_says -
is 'carol dave' live

# It starts a year ahead: nobody can tell. Then it is set right, and the log's times are ahead: doubted; nothing ends, a
# span begins at the log's clock and is not over at once.
machine restart
machine step $((YEAR / 12))
does
is 6 count_of clock-doubt
ahead=$(last_time)
machine step $((-YEAR / 12))
is 'carol dave' live
mount_as alice
ok put +40d "$A/web/shares/dave/.expires"
is 'carol dave' live
says "^$(date -ud "@$((ahead + 40 * DAY))" +%Y-%m-%dT)" cat "$A/web/shares/dave/.expires"
clock_says '[0-9]+d behind'
is 7 count_of clock-doubt

# So an operator says. From now on it is the clock that counts; only the events' times wait until it has caught up.
ok admin clock set
clock_says -
ok put +12h "$A/web/shares/dave/.expires"
says "^$(date -ud "@$(($(date +%s) + DAY / 2))" +%Y-%m-%dT)" cat "$A/web/shares/dave/.expires"
refused 1 "$EINVAL" put "$(date -ud @$(($(date +%s) - 3600)) +%Y-%m-%dT%H:%M:%SZ)" "$A/web/shares/dave/.expires"
ok mkdir "$A/db"
[ "$(last_time)" -ge "$ahead" ] || not_ok 'an event is before the last one'
is 'carol dave' live
event=$(admin log | tail -n 1 | cut -f 1)
is "carol dave" sh -c '"$@" | cut -f 3 | sort | xargs' - "$IMGSHARE" -C "$DIR" access north/web@alice --asof "$event"
unmount alice
machine sleep $((13 * 3600))
is carol live
does
is 2 count_of expire
machine restart
does
clock_says -
is carol live
is 7 count_of clock-doubt
machine sleep $((40 * DAY))
does
[ "$(last_time)" -ge "$((ahead + 5 * DAY))" ] || not_ok 'events have no times of their own'
is carol live

# Killed while it says so: it is said, or it is not.
machine step -$YEAR
for _ in {1..20}; do
        admin clock set &
        sleep "0.00$((RANDOM % 10))"
        kill -KILL $! 2>"$T/out"
        wait $! 2>"$T/out"
done
ok admin clock set
clock_says -
is carol live

# A file that says anything else says nothing, and what the file says needs no flush: a power cut is a restart.
for text in '' x "$(head -c 200 /dev/zero | tr '\0' 9)" "$(cut -d' ' -f1 "$DIR/catalog.db-clock") 1 2 9"; do
        printf %s "$text" >"$DIR/catalog.db-clock"
        does
        clock_says -
done
ln -sf /etc/hostname "$DIR/catalog.db-clock"
does
[ -L "$DIR/catalog.db-clock" ] || not_ok 'wrote through a link'
is carol live
