#!/bin/bash
# SPDX-License-Identifier: MIT
# imgshare account add, set, list, rm.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

quiet init "$cat"
quiet -C "$cat" account add alice
quiet -C "$cat" account add bob --uid 1000 --quota 20
quiet -C "$cat" account add eve --role auditor --uid 0
quiet -C "$cat" account add 100001234567 --uid=4294967294 --quota=0 --role=account
quiet -C "$cat" account add op --role operator
done_ -C "$cat" account list
prints $'operator\toperator\t-\t-\toff' $'alice\taccount\t-\t-\toff' $'bob\taccount\t1000\t20\toff' \
    $'eve\tauditor\t0\t-\toff' $'100001234567\taccount\t4294967294\t0\toff' $'op\toperator\t-\t-\toff'
done_ -C "$cat" account list --json
json '[list(r) for r in rows][0]' '["name", "role", "uid", "quota", "require-trust"]'
json 'list(rows[1].values())' '["alice", "account", null, null, false]'
json 'list(rows[4].values())' '["100001234567", "account", 4294967294, 0, false]'

# The log tells all that was set.
done_ -C "$cat" log --json --account 100001234567
grep -qF '"detail":{"role":"account","uid":4294967294,"quota":0,"id":5},' "$tmp/out" || fail "not all in the log"
done_ -C "$cat" log --json --account alice
grep -qF '"detail":{"role":"account","id":2},' "$tmp/out" || fail "more in the log than was set"

# Names.
refused "account 'alice': exists already" -C "$cat" account add alice
refused "account 'operator': exists already" -C "$cat" account add operator
refused "account 'carol': uid 1000 is another account's" -C "$cat" account add carol --uid 1000
long=$(printf 'a%.0s' {1..64})
quiet -C "$cat" account add "$long"
refused "account 'a$long': the name is too long: 64 characters at most" -C "$cat" account add "a$long"
for bad in '' . .. a/b Alice web@alice 'a b' $'a\tb' 'é' -a; do
    refused "account '*': not a valid name: *" -C "$cat" account add -- "$bad"
done

# Values.
for bad in '' ' 1' '1 ' +1 -1 0x10 1e3 4294967295 4294967296 99999999999999999999 one -; do
    usage "uid '$bad': not a number from 0 to 4294967294" -C "$cat" account add dave --uid "$bad"
done
for bad in '' -1 +1 ' 1' 9223372036854775808 1.5 -; do
    usage "quota '$bad': not a number from 0 on" -C "$cat" account add dave --quota "$bad"
done
for bad in '' king Operator 1; do
    usage "role '$bad': not account, auditor or operator" -C "$cat" account add dave --role "$bad"
    usage "role '$bad': not account, auditor or operator" -C "$cat" account set alice "role=$bad"
done
quiet -C "$cat" account add dave --quota 9223372036854775807

# Changing.
quiet -C "$cat" account set alice uid=1001 quota=7 require-trust=on
done_ -C "$cat" account list
grep -qx $'alice\taccount\t1001\t7\ton' "$tmp/out" || fail "not set"
quiet -C "$cat" account set alice role=auditor
quiet -C "$cat" account set alice uid=- quota= require-trust=off role=account
done_ -C "$cat" account list
grep -qx $'alice\taccount\t-\t-\toff' "$tmp/out" || fail "not cleared"
quiet -C "$cat" account set bob uid=1000
refused "account 'alice': uid 1000 is another account's" -C "$cat" account set alice quota=3 uid=1000
refused "account 'nobody': no such account" -C "$cat" account set nobody quota=3
refused "account '': no such account" -C "$cat" account set '' quota=3
refused "account 'operator': the built-in operator keeps its role" -C "$cat" account set operator quota=3 role=account
usage "quota 'x': not a number from 0 on" -C "$cat" account set alice uid=5 quota=x
usage "uid '-2': not a number from 0 to 4294967294" -C "$cat" account set alice uid=-2
usage "require-trust 'yes': not on or off" -C "$cat" account set alice require-trust=yes
usage "require-trust '-': not on or off" -C "$cat" account set alice require-trust=-
usage "key 'quota': given twice" -C "$cat" account set alice quota=1 quota=2
usage "key 'colour': not uid, role, quota or require-trust" -C "$cat" account set alice colour=red
usage "key 'ui': not uid*" -C "$cat" account set alice ui=1
usage "key '': not uid*" -C "$cat" account set alice =1
usage "argument 'uid': not KEY=VALUE" -C "$cat" account set alice uid
usage "account set: too few arguments, usage: imgshare account set NAME KEY=VALUE..." -C "$cat" account set alice
done_ -C "$cat" account list
grep -qx $'alice\taccount\t-\t-\toff' "$tmp/out" || fail "a refused change left something"
grep -qx $'operator\toperator\t-\t-\toff' "$tmp/out" || fail "a refused change left something"

# Removing: a name is never used again, its uid is free.
quiet -C "$cat" account rm bob
refused "account 'bob': no such account" -C "$cat" account rm bob
refused "account 'bob': was removed, and a name is never used again" -C "$cat" account add bob
refused "account 'bob': no such account" -C "$cat" --as bob region list
quiet -C "$cat" account set alice uid=1000
refused "account 'operator': the built-in operator cannot be removed" -C "$cat" account rm operator
refused "account 'Alice': no such account" -C "$cat" account rm Alice
done_ -C "$cat" account list
grep -q '^bob' "$tmp/out" && fail "still listed"

usage "account add: too few arguments*" -C "$cat" account add
usage "account add: too many arguments*" -C "$cat" account add a b
usage "account list: too many arguments*" -C "$cat" account list a
usage "account rm: too few arguments*" -C "$cat" account rm
usage "option '--json': not for 'account add'" -C "$cat" account add z --json
usage "option '--uid': needs a value" -C "$cat" account add z --uid
