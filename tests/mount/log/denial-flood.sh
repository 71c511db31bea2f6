#!/bin/bash
# SPDX-License-Identifier: MIT
# A loop of refused calls, each different from the last: the log gets a ration of lines and counts the rest, others are
# heard as before, and no refusal is lost.
. "${0%/*}/../lib.sh"
catalog
admin account add eve --role auditor >"$T/out" || die 'account add eve'
mount_as alice
mount_as bob
mount_as eve
image "$A/web"
ok mkdir "$A/web/shares/bob"

# flood FROM TO: alice shares with nobody, and nobody, and nobody …
flood() {
        "$PYTHON" - "$A/web/shares" "$1" "$2" <<'PYTHON'
import errno, os, sys
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    try:
        os.mkdir(f'{sys.argv[1]}/nobody{i}')
        sys.exit('not refused')
    except OSError as e:
        assert e.errno == errno.EPERM, e
PYTHON
}

# refusals NAME: how many of them the log tells that account, one way or the other; in how many lines.
refusals() {
        admin --as "$1" log --denied --json | "$PYTHON" -c 'import json, sys
events = [json.loads(line) for line in sys.stdin]
print(sum(e["detail"].get("repeated", 1) for e in events), len(events))'
}

ok flood 0 2000
says '^fact: .*nobody1999' cat "$T/alice/.imgshare/last_denial"
is 2000 number alice
ok mkdir "$A/after" # what alice's daemon had to write before is written
read -r count lines <<<"$(refusals eve)"
[ "$lines" -ge 100 ] && [ "$lines" -lt 140 ] || not_ok "$lines lines" # 100, and 10 a minute
[ "$count" -le 2000 ] || not_ok "$count of 2000 refusals"

# Bob's refusal has its line, with rule and object; alice's last ones explain themselves.
refused 1 "$EPERM" mkdir "$B/web@alice/shares/carol"
ok mkdir "$B/after"
says '"actor":"bob".*"op":"share","object":"north/web@alice","account":"carol","rule":"no-reshare"' \
        tail -n 2 "$T"/eve/events/*.jsonl
ok flood 2000 2100
rule unknown-account alice

# The counts come at the latest when the daemon ends.
unmount alice bob
says '^2101 ' refusals eve
says '^2101 ' refusals alice # bob's was about her image
says '^1 1$' refusals bob
says '"op":"share","object":null,"account":null,"rule":"unknown-account","errno":"EPERM","detail":\{"repeated":[0-9]+\}' \
        admin --as alice log --denied --json
admin log --json >"$T/log"
is '' bash -c "cat '$T'/eve/events/*.jsonl | cmp - '$T/log'"
sizes=$(stat -c %s "$T"/eve/events/*.jsonl | paste -sd+)
[ $((sizes)) -eq "$(stat -c %s "$T/log")" ] || not_ok "st_size is $sizes"
