#!/bin/bash
# SPDX-License-Identifier: MIT
# --help and --version everywhere, help that is as wide as a terminal and as the manual says, and wrong usage.
# MANUAL is the manual's source.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
: "${MANUAL:?the source of imgshare.1}"

verbs=(init 'region add' 'region list' 'region set' 'region rm' 'account add' 'account set' 'account list' 'account rm' limits rules
    log why access exposure apply 'image purge' undelete check clock adopt backup restore upgrade)

# help_is_good
help_is_good() {
    awk 'length > 80 { exit 1 }' "$tmp/out" || fail "wider than 80 columns"
    [ "$(grep -c '^Example:$' "$tmp/out")" -eq 1 ] || fail "not one example"
    grep -A 1 '^Example:$' "$tmp/out" | grep -q '^  imgshare ' || fail "the example is none"
    grep -q $'\t' "$tmp/out" && fail "tabs"
    return 0
}

for where in '' init region 'region add' account 'account set' limits log access exposure apply check; do
    for flag in --help -h; do
        # shellcheck disable=SC2086 # words
        done_ $where $flag
        help_is_good
        head -n 1 "$tmp/out" | grep -q "^Usage: imgshare ${where:-.OPTION}" || fail "no usage of '$where'"
    done
    for flag in --version -V; do
        # shellcheck disable=SC2086
        done_ $where $flag
        grep -qxE 'imgshare [0-9]+\.[0-9]+\.[0-9]+' "$tmp/out" || fail "no version"
    done
done
done_ --help region add
grep -q '^Commands:$' "$tmp/out" || fail "--help before the command is not the program's"
done_ region add north --store x --help # and nothing is opened
grep -q '^Usage: imgshare region add' "$tmp/out" || fail "--help behind arguments"

# Help, table of commands and manual agree.
done_ --help
sed -n '/^Commands:$/,/^$/s/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p' "$tmp/out" >"$tmp/commands"
[ "$(cat "$tmp/commands")" = "$(printf '%s\n' "${verbs[@]}")" ] || fail "not the commands"
for verb in "" "${verbs[@]}"; do
    # shellcheck disable=SC2086
    done_ $verb --help
    help_is_good
    sed -n 's/^Usage: //p' "$tmp/out" >>"$tmp/help"
done
sed -n '/^# SYNOPSIS$/,/^# DESCRIPTION$/{/^#/d;/^$/d;s/++$//;s/[*_\\]//g;p}' "$MANUAL" >"$tmp/manual"
diff "$tmp/help" "$tmp/manual" || fail "help and the manual's SYNOPSIS differ"

# Each option of a command's help is in the manual.
for verb in "${verbs[@]}"; do
    # shellcheck disable=SC2086
    run $verb --help
    grep -oE '^  --[a-z-]+' "$tmp/out" | while read -r option; do
        grep -qF -- "*$option*" "$MANUAL" || echo "$option"
    done >"$tmp/missing"
    [ -s "$tmp/missing" ] && fail "the manual lacks $(cat "$tmp/missing")"
done

usage "no command: see 'imgshare --help'"
usage "no command: see 'imgshare --help'" -C "$tmp"
usage "command 'frobnicate': unknown, see 'imgshare --help'" frobnicate
usage "command '': unknown, see 'imgshare --help'" ''
usage "command 'regions': unknown*" regions
usage "command 'region add': unknown*" 'region add'
usage "region: no command, see 'imgshare region --help'" region
usage "command 'region frob': unknown, see 'imgshare region --help'" region frob
usage "command 'account ': unknown, see 'imgshare account --help'" account ''
for later in stats report help; do
    usage "command '$later': unknown, see 'imgshare --help'" "$later"
done
usage "option '--frob': unknown" --frob
usage "option '--frob=3': unknown" rules --frob=3
usage "option '-x': unknown" -x
usage "option '-x': unknown" rules -x
usage "option '-C': needs a value" -C
usage "option '--as': needs a value" rules --as
usage "option '--json': takes no value" rules --json=yes
usage "option '--digests': not for 'rules'" rules --digests
usage "option '--json': not for 'why'" why --json
usage "option '--dot': not for 'rules'" rules --dot
usage "command 'a?b': unknown*" $'a\nb'
