#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare limits: print all, print one, set one.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

quiet init "$cat"
done_ -C "$cat" limits
[ "$(sort "$tmp/out")" = $'bytes-per-region\t-\nimages-per-region\t500\ninstances-per-region\t500\nkeep-deleted\t7d\nrequire-review\toff\nreserve\t64M\nshares-per-image\t50' ] ||
    fail "not the defaults"
quiet -C "$cat" limits shares-per-image 100
done_ -C "$cat" limits shares-per-image
prints $'shares-per-image\t100'
quiet -C "$cat" limits images-per-region 0
done_ -C "$cat" limits images-per-region --json
json rows '[{"name": "images-per-region", "value": 0}]'
done_ -C "$cat" limits --json
json 'sorted((r["name"], r["value"]) for r in rows)' \
    '[["bytes-per-region", null], ["images-per-region", 0], ["instances-per-region", 500], ["keep-deleted", "7d"], ["require-review", false], ["reserve", "64M"], ["shares-per-image", 100]]'

# A span of time: days or hours, printed the same way.
for span in 12h:12h 48h:2d 30d:30d 0:0 0d:0; do
    quiet -C "$cat" limits keep-deleted "${span%:*}"
    done_ -C "$cat" limits keep-deleted
    prints $'keep-deleted\t'"${span#*:}"
done
for span in 7 d '' 7w +1d 1d2 7dd 1.5d 99999999999999999999d 9999999999999999d; do
    usage "value '$span': not a number of days or hours as in 7d or 12h, or 0" -C "$cat" limits keep-deleted "$span"
done

# A size, printed by the largest unit that it is a whole number of.
for size in 0:0 1:1 4096:4K 1536K:1536K 1024K:1M 64M:64M; do
    quiet -C "$cat" limits reserve "${size%:*}"
    done_ -C "$cat" limits reserve
    prints $'reserve\t'"${size#*:}"
done
for size in '' M 1m 1P 1MM 1.5M -1 +1 8388608T 99999999999999999999; do
    usage "value '$size': not a number of bytes as in 64M (K M G T), or 0" -C "$cat" limits -- reserve "$size"
done

# A size, or none.
for size in 500G:500G 0:0 -:-; do
    quiet -C "$cat" limits -- bytes-per-region "${size%:*}"
    done_ -C "$cat" limits bytes-per-region
    prints $'bytes-per-region\t'"${size#*:}"
done
for size in '' -- none 1m; do
    usage "value '$size': not a number of bytes as in 64M (K M G T), or - for no limit" -C "$cat" limits -- bytes-per-region "$size"
done

# A switch.
quiet -C "$cat" limits require-review on
done_ -C "$cat" limits require-review
prints $'require-review\ton'
done_ -C "$cat" limits require-review --json
json rows '[{"name": "require-review", "value": true}]'
for bad in '' 1 0 ON yes true; do
    usage "value '$bad': not on or off" -C "$cat" limits require-review "$bad"
done
done_ -C "$cat" limits require-review
prints $'require-review\ton'
quiet -C "$cat" limits require-review off
done_ -C "$cat" limits require-review
prints $'require-review\toff'

refused "limit 'colour': no such limit" -C "$cat" limits colour
refused "limit 'colour': no such limit" -C "$cat" limits colour 3
refused "limit '': no such limit" -C "$cat" limits ''
for bad in '' many 1x ' 1' +1 99999999999999999999 on; do
    usage "value '$bad': not a number from 0 on" -C "$cat" limits shares-per-image "$bad"
done
usage "value '-1': not a number from 0 on" -C "$cat" limits -- shares-per-image -1
usage "option '-1': unknown" -C "$cat" limits shares-per-image -1
usage "limits: too many arguments*" -C "$cat" limits shares-per-image 1 2
done_ -C "$cat" limits shares-per-image
prints $'shares-per-image\t100'
