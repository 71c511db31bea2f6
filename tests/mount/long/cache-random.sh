#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel's caches are right: hundreds of random changes by two accounts, other mounts and imgshare, compared with
# mounts that cache nothing. A failure prints its seed; SEED=N repeats it, IMGSHARE_LONG=1 takes more changes.
LIMIT=900
. "${0%/*}/../lib.sh"
needs_root # to be many users
catalog
admin account add audit --role auditor --uid 70003 >"$T/out" || die 'account add'
admin account add turncoat --uid 70004 >"$T/out" || die 'account add'
admin account set alice uid=70001 >"$T/out" && admin account set bob uid=70002 >"$T/out" || die 'account set'
chmod 711 "$T"
mount_at many multiuser
mount_at many-truth multiuser,nocache
for account in alice bob audit turncoat; do
        mount_at "$account" "account=$account"
        mount_at "$account-truth" "account=$account,nocache"
done
changes=$([ "${IMGSHARE_LONG-}" = 1 ] && echo 20000 || echo 400)
seed=${SEED:-$RANDOM}
"$PYTHON" "${0%/*}/cache-random.py" "$T" "$IMGSHARE" "$DIR" "${CHANGES:-$changes}" "$seed" >"$T/wrong" 2>&1 ||
        not_ok "seed $seed: $(cat "$T/wrong")"
tail -n 1 "$T/wrong"
