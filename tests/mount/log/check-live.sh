#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare check finds nothing while images are made, copied, shared and deleted under it.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/source"
touch "$T/going"
while [ -e "$T/going" ]; do
        for i in 1 2 3 4; do
                mkdir "$A/i$i" && head -c 100000 /dev/urandom >"$A/i$i/disk" && cp -r "$A/i$i" "$AS/" &&
                        mkdir "$A/i$i/shares/bob" && ln "$A/source/disk" "$(mkdir "$AS/l$i" && echo "$AS/l$i/disk")" &&
                        echo sealed >"$AS/l$i/.meta/state" && rmdir "$A/i$i/shares/bob" && rm -r "$AS/i$i" "$A/i$i" "$AS/l$i" ||
                        touch "$T/failed"
        done
done 2>"$T/worker" &
for i in $(seq 30); do
        ok admin check
        is '' cat "$T/out"
done
rm "$T/going"
wait
absent "$T/failed" || cat "$T/worker"
is 'source' listing "$A"
is '' listing "$AS"
