#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare apply of disks that nothing has sealed yet: its plan tells what it would do, and seals nothing.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
image "$A/web"
ok mkdir "$A/draft"
both=$'share\tnorth\tweb@alice\tbob\nshare\tnorth\tweb@alice\tcarol'
printf 'north\tweb@alice\tbob\nnorth\tweb@alice\tcarol\nnorth\tweb@alice\tnobody\nnorth\tdraft@alice\tbob\n' >"$T/wanted"

# plan WHAT REGEX…: prints that, and a line for each that is refused.
plan() {
        local what=$1 regex
        shift
        run admin apply -n "$T/wanted"
        [ "$(cat "$T/out")" = "$what" ] || not_ok "the plan is '$(cat "$T/out")', not '$what'"
        [ "$(wc -l <"$T/err")" -eq $# ] || not_ok "refused: $(cat "$T/err")"
        for regex; do
                grep -q "$regex" "$T/err" || not_ok "no '$regex' in $(cat "$T/err")"
        done
}

plan "$both" ':3: .* unknown-account: ' ':4: .* image-available: '
is available state "$A/web"

# Somebody writes to it: so it would be refused.
exec 9>>"$A/web/disk"
printf x >&9
plan '' ':1: .*: in use right now' ':2: .*: in use right now' ':3: .* unknown-account: ' ':4: .* image-available: '
exec 9>&-
eventually admin apply -n <(head -n 1 "$T/wanted")
plan "$both" ':3: .* unknown-account: ' ':4: .* image-available: '

refused 1 'unknown-account' admin apply "$T/wanted"
is 'bob carol' listing "$A/web/shares/"
is sealed state "$A/web"
plan '' ':3: .* unknown-account: ' ':4: .* image-available: '
