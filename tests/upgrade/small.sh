#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes the catalog of the small fixture with ordinary tools on real mounts: every operation there is, and what is awkward.
#     IMGSHARE=... IMGSHAREFS=... small.sh DIR    as root; makes DIR/catalog, and DIR/outside, the store of region west
# While it runs, and in the catalog for good, that store is /tmp/imgshare-fixture-store (README.md).
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC
export OUT=${1:?where to make it}
# Each part goes on where the one before has stopped.
. "${0%/*}/small/images.sh"
. "${0%/*}/small/shares.sh"
. "${0%/*}/small/instances.sh"
. "${0%/*}/small/ends.sh"

admin check --log >"$T/check" || die "imgshare check --log: $(cat "$T/check")"
mv "$store" "$OUT/outside"
