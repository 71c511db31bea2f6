#!/bin/bash
# SPDX-License-Identifier: MIT
# Mixed load for a while, with checks and backups beside it: memory, descriptors and SQLite's log stay flat, and nothing is
# found wrong. IMGSHARE_LONG=1 takes half an hour; SOAK=N any number of seconds.
[ "${IMGSHARE_LONG-}" = 1 ] && : "${SOAK:=1800}"
: "${SOAK:=15}"
export SOAK
LIMIT=$((SOAK + 120 + SOAK / 5)) JUDGES=$((60 + SOAK / 5)) # of half a million events
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
mount_at watch account=operator,ro
ok "$PYTHON" "${0%/*}/soak.py" "$T" "$(daemon_of "$T/alice")" "$(daemon_of "$T/bob")" "$(daemon_of "$T/watch")"
cat "$T/out"
WAIT=60 unmount alice bob watch # a busy disk takes its time to copy the log back
ok admin check --log --digests
ok admin backup "$T/kept"
ok "$IMGSHARE" -C "$T/kept" check --log --digests
