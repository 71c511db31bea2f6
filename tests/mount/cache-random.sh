#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel's caches are right: thousands of random changes by two accounts, other mounts and imgshare, compared with
# mounts that cache nothing. A failure prints its seed; SEED=N repeats it, IMGSHARE_LONG=1 takes more changes.
LIMIT=900
. "${0%/*}/lib.sh"
catalog
admin account add audit --role auditor >"$T/out" || die 'account add'
admin account add turncoat >"$T/out" || die 'account add'
for account in alice bob audit turncoat; do
        mount_at "$account" "account=$account"
        mount_at "$account-truth" "account=$account,nocache"
done
changes=$([ "${IMGSHARE_LONG-}" = 1 ] && echo 20000 || echo 2000)
seed=${SEED:-$RANDOM}
"$PYTHON" "${0%/*}/cache-random.py" "$T" "$IMGSHARE" "$DIR" "${CHANGES:-$changes}" "$seed" >"$T/wrong" 2>&1 ||
        not_ok "seed $seed: $(cat "$T/wrong")"
tail -n 1 "$T/wrong"
