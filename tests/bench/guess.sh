# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Rows about what times tell: a stranger names images that are hidden from it, and ones that are not there. 50 % is chance.

row guess
row_guess() {
    local tries=2000 kind ask guest goal
    if $quick; then
        tries=500
    fi
    small && serve guest taskset -c "$cpu" "$imgsharefs" -f "$catalog" "$work/mount/guest" -o account=acc00000 || return
    guest=$point/regions/north
    mkdir -p "$guest/instances/vm" || return
    launch() { load guess launch "$guest/instances/vm/image" hidden "$1" "$tries" 10000; }
    lookup() { load guess lookup "$guest/images" hidden "$1" "$tries" 10000 "$point"; }
    launch_absent() { launch absent; }
    launch_nobodys() { launch nobodys; }
    lookup_absent() { lookup absent; }
    lookup_nobodys() { lookup nobodys; }
    by_turns launch_absent launch_nobodys lookup_absent lookup_nobodys || return
    for ask in launch lookup; do
        for kind in absent nobodys; do
            goal='<= 54'
            if [[ $kind == nobodys ]]; then
                goal=- # an unknown account is told by the rule unknown-account, too
            fi
            value "hidden images told from those that are $kind, by $tries times of a $ask" % "${ask}_$kind" "$goal"
            ratio '... how long it takes' us "${ask}_$kind:2" "${ask}_$kind:3" "$kind" -
        done
    done
}
