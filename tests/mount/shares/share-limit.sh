#!/bin/bash
# SPDX-License-Identifier: MIT
# An image has at most 50 live shares; the operator can change the limit, which never ends a share.
. "${0%/*}/../lib.sh"
catalog
for i in $(seq -w 51); do
        admin account add "p$i" >"$T/out" || die "account add p$i"
done
mount_as alice
image "$A/web"
ok mkdir "$A/web/shares/"p{01..50}

snapshot
refused 1 "$EPERM" mkdir "$A/web/shares/p51"
rule share-limit alice
says '^asked: share north/web@alice with p51$' cat "$T/alice/.imgshare/last_denial"
says '^fact: 50 of 50 shares are live$' cat "$T/alice/.imgshare/last_denial"
unchanged 'the 51st share'
refused 1 "$EEXIST" mkdir "$A/web/shares/p50"
ok mkdir -p "$A/web/shares/p50"

# Another share ended makes place.
ok rmdir "$A/web/shares/p07"
ok mkdir "$A/web/shares/p51"
refused 1 "$EPERM" mkdir "$A/web/shares/p07"
rule share-limit alice

# The limit is of live shares, per image.
image "$A/db"
ok mkdir "$A/db/shares/p07"

# A lower limit keeps what exists and blocks new ones.
ok admin limits shares-per-image 10
is 50 count "$A/web/shares/"
ok rmdir "$A/web/shares/p51"
refused 1 "$EPERM" mkdir "$A/web/shares/p51"
rule share-limit alice
ok admin limits shares-per-image 51
ok mkdir "$A/web/shares/"{p07,p51}
is 51 count "$A/web/shares/"
