# SPDX-License-Identifier: MIT
# Of the small fixture: what is left where something was killed, or where no daemon was there to finish it.
# shellcheck shell=bash
. "${BASH_SOURCE[0]%/*}/tools.sh"

# --- what a crash leaves: a launch that was reserved and never was

down alice # what it counted is in the log
up alice
mkdir "$A/heavy" "$VA/killed"
head -c 300M /dev/zero >"$A/heavy/disk"
put sealed "$A/heavy/.meta/state"
reserved() {
    [[ $(sql 'SELECT count(*) FROM launch WHERE from_event ISNULL') -ge 1 ]]
}
put heavy "$VA/killed/image" 2>/dev/null &
until reserved || ! kill -0 $! 2>/dev/null; do :; done
kill -KILL "$(pgrep -P "${daemons[alice]}")"
wait $! || true
umount "$T/alice" || umount -l "$T/alice"
wait "${daemons[alice]}" || true
unset 'daemons[alice]'
reserved || die 'the launch was too fast'
up alice
rm -r "$A/heavy"

# --- a share that expired, whose image's disk goes before the log closes it: the daemon is busy with another's digest

image "$A/ended" ended
mkdir "$A/ended/shares/bob" "$A/slow"
truncate -s 4G "$A/slow/disk"
bytes slow 1 | dd of="$A/slow/disk" bs=1K conv=notrunc status=none
down alice bob carol dave operator
at=$(soon 1)
printf 'north\tended@alice\tbob\t%s\nnorth\tslow@alice\tbob\n' "$at" | admin apply
eventually passed "$at"
up alice
rm "$A/ended/disk"
eventually expired 4
[[ $(sql "SELECT d.id < e.id FROM event d, event e WHERE d.object = 'north/ended@alice' AND d.op = 'delete'
    AND e.object = d.object AND e.op = 'expire'") == 1 ]] || die 'the share was closed before the disk went'
bytes 'a new disk' 4 >"$A/ended/disk"
mkdir "$A/ended/shares/bob"
rmdir "$A/slow/shares/bob"
rm -r "$A/slow"
image "$A/late" late
image "$A/later" later
mkdir "$A/later/shares/carol"
eventually digested
down alice

# --- without any daemon: sealed and not digested yet; expired and not closed in the log yet

at=$(soon 1)
printf 'north\tlate@alice\tbob\t2123-01-01\nnorth\tlater@alice\tcarol\t%s\n' "$at" | admin apply
eventually passed "$at"
admin limits images-per-region 42 # later than that: so it stays expired whatever the clock says
admin limits shares-per-image 50
