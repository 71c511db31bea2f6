#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare log: columns, filters, whose events an ordinary account reads, JSON lines, and --follow.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
: >"$tmp/no_oracle" # rows and events by SQL, of which one says nothing of the other

quiet init "$cat"                               # 1
quiet -C "$cat" region add north                # 2
quiet -C "$cat" account add alice               # 3
quiet -C "$cat" account add bob                 # 4
quiet -C "$cat" account add eve --role auditor  # 5
run -C "$cat" --as bob region add south         # 6
quiet -C "$cat" limits shares-per-image 7       # 7

# numbers N...: those events were printed.
numbers() {
    [ "$(cut -f 1 "$tmp/out" | paste -sd' ')" = "$*" ] || fail "not the events $*"
}

for who in operator eve; do
    done_ -C "$cat" --as "$who" log
    numbers 1 2 3 4 5 6 7
    awk -F '\t' 'NF != 7 || $2 !~ /^20[0-9-]+T[0-9:.]+Z$/ { exit 1 }' "$tmp/out" || fail "not the columns"
    cut -f 1,3- "$tmp/out" >"$tmp/rows"
    diff "$tmp/rows" - <<'ROWS' || fail "not the rows"
1	operator	init	-	-	-
2	operator	region-add	north	-	-
3	operator	account-add	-	alice	-
4	operator	account-add	-	bob	-
5	operator	account-add	-	eve	-
6	bob	region-add	south	-	role
7	operator	limit	shares-per-image	-	-
ROWS
done

# Each filter, and several.
done_ -C "$cat" log --denied
numbers 6
done_ -C "$cat" log --account bob
numbers 4 6
done_ -C "$cat" log --account bob --denied
numbers 6
quiet -C "$cat" log --account alice --denied
quiet -C "$cat" log --account nobody

# Whose events: what it did, what names it, and what others did to its images.
sqlite3 "$cat/catalog.db" >"$tmp/out" <<'SQL' || fail "cannot fill the catalog"
UPDATE event SET time = 1777593600000 + id * 3600000; -- 2026-05-01, an hour each
CREATE TEMP TABLE new (id, actor, op, object, account, place, owner, rule);
INSERT INTO new VALUES
  (8, 'alice', 'create', 'north/web@alice', NULL, 8, NULL, NULL),
  (9, 'alice', 'rename', 'north/old@alice', NULL, 8, NULL, NULL),
  (10, 'alice', 'share', 'north/web@alice', 'bob', 8, NULL, NULL),
  (11, 'eve', 'share', 'north/web@alice', 'carol', 8, 'alice', 'read-only-role'),
  (12, 'alice', 'share', 'north/gone@alice', 'zoe', NULL, NULL, 'unknown-account');
INSERT INTO event (id, time, actor, uid, via, op, object, account, place, owner, rule, errno, length, hash)
  SELECT n.id, 1777593600000 + 86400000 + n.id * 3600000, a.id, 1000, 'mount', n.op, n.object, n.account, n.place,
  (SELECT id FROM account WHERE name = n.owner), n.rule, CASE WHEN n.rule IS NOT NULL THEN 'EPERM' END, 2, zeroblob(32)
  FROM new n JOIN account a ON a.name = n.actor;
INSERT INTO place (id, region, owner) SELECT 8, r.id, a.id FROM region r, account a WHERE a.name = 'alice';
INSERT INTO place_name (place, from_event, region, owner, name) SELECT id, 9, region, owner, 'web' FROM place;
INSERT INTO image (id, place) VALUES (8, 8);
SQL
done_ -C "$cat" --as alice log
numbers 3 8 9 10 11 12
done_ -C "$cat" --as bob log
numbers 4 6 10
done_ -C "$cat" --as alice log --denied
numbers 11 12
done_ -C "$cat" --as bob log --account alice
numbers 10
done_ -C "$cat" log --image north/web@alice
numbers 8 9 10 11 # under the name it had, too
done_ -C "$cat" --as alice log --image north/web@alice --account bob
numbers 10
done_ -C "$cat" --as bob log --image north/web@alice # no image that bob sees: what names him
numbers 10
done_ -C "$cat" log --image north/gone@alice
numbers 12
quiet -C "$cat" log --image north/nix@alice
quiet -C "$cat" --as bob log --image north/gone@alice

# Times, from both sides.
done_ -C "$cat" log --since 2026-05-02
numbers 8 9 10 11 12
done_ -C "$cat" log --until 2026-05-01
numbers 1 2 3 4 5 6 7
done_ -C "$cat" log --since 2026-05-01T02:00:00Z --until 2026-05-01T04:00:00Z
numbers 2 3 4
done_ -C "$cat" log --since 2026-05-01T02:00:00.001Z --until 2026-05-01T05:59:59.999+02:00
numbers 3
done_ -C "$cat" log --denied --since 2026-05-01T07:00:00Z --account alice
numbers 12
quiet -C "$cat" log --since 2026-05-03
quiet -C "$cat" log --until 2026-04-30

# The log's own lines.
done_ -C "$cat" log --json --account bob
[ "$("$PYTHON" -c 'import json, sys
for line in open(sys.argv[1]):
    e = json.loads(line)
    print(e["event"], list(e) == "event time actor uid via op object account rule errno detail hash".split())' \
    "$tmp/out")" = $'4 True\n6 True\n10 True' ] || fail "not CONTRACT 9's lines"
quiet -C "$cat" log --json --account nobody
if command -v script >/dev/null; then
    on_terminal -C "$cat" log --denied
    head -n 1 "$tmp/out" | grep -qxE 'event +time +actor +op +object +account +rule *' || fail "no header"
    [ "$(wc -l <"$tmp/out")" -eq 4 ] || fail "not a row an event"
fi

usage "log: too many arguments*" -C "$cat" log x
for bad in '' yesterday 2026-13-01 +1d 2026-05-01T; do
    usage "option '--since': '$bad' is no time, such as 2026-05-03 or *" -C "$cat" log --since "$bad"
    usage "option '--until': '$bad' is no time, such as 2026-05-03 or *" -C "$cat" log --until "$bad"
done
usage "option '--follow': not with '--until'" -C "$cat" log --follow --until 2026-05-01
usage "option '--since': not for 'check'" -C "$cat" check --since 2026-05-01

# wait_for COMMAND...: at most 20 s.
wait_for() {
    local i
    for ((i = 0; i < 400; i++)); do
        "$@" && return
        sleep 0.05
    done
    fail "never: $*"
}
has() {
    grep -q "$1" "$tmp/follow"
}

# --follow: what is there, then what comes, until interrupted.
quiet init "$tmp/two"
: >"$tmp/follow"
for signal in INT TERM; do
    ran="imgshare log --follow, SIG$signal" status=0
    # a job of a script ignores SIGINT; what is exec'd by python does not
    "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$IMGSHARE" -C "$tmp/two" log --follow >"$tmp/follow" 2>"$tmp/err" &
    wait_for has '^1	'
    quiet -C "$tmp/two" account add "new-${signal,,}"
    wait_for has "account-add	-	new-${signal,,}	-$"
    kill -"$signal" $!
    wait $! || status=$?
    [ "$status" -eq 0 ] || fail "ends with an error"
    [ -s "$tmp/err" ] && fail "complains"
done
ran='imgshare log --follow --json --account zoe' status=0
mkfifo "$tmp/pipe"
"$IMGSHARE" -C "$tmp/two" log --follow --json --account zoe >"$tmp/pipe" 2>"$tmp/err" &
exec 3<"$tmp/pipe"
quiet -C "$tmp/two" account add yan
quiet -C "$tmp/two" account add zoe
IFS= read -r -t 20 line <&3 || fail "no line"
[[ $line == '{"event":'*'"account":"zoe"'*'}' ]] || fail "not the event, but $line"
exec 3<&- # nobody reads on
wait $! || status=$?
[ "$status" -eq 0 ] || fail "ends with an error"
[ -s "$tmp/err" ] && fail "complains"
: >"$tmp/out"

# More than a page.
sqlite3 "$tmp/two/catalog.db" 'WITH RECURSIVE n (id) AS (VALUES (100) UNION ALL SELECT id + 1 FROM n WHERE id < 999)
    INSERT INTO event (id, time, actor, uid, via, op, length, hash)
    SELECT id, (SELECT max(time) FROM event), 1, 0, "cli", "limit", 2, zeroblob(32) FROM n'
done_ -C "$tmp/two" log --since 2020-01-01
[ "$(grep -c '	limit	' "$tmp/out")" -eq 900 ] || fail "not all pages"
sort -n -c -u "$tmp/out" || fail "not in order, or twice"
status=0 ran="imgshare log >/dev/full"
"$IMGSHARE" -C "$tmp/two" log >/dev/full 2>"$tmp/err" || status=$?
: >"$tmp/out"
[ "$status" -eq 1 ] || fail "status is not 1"
one_line "standard output: no space left"
