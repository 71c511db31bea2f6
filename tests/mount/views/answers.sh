#!/bin/bash
# SPDX-License-Identifier: MIT
# An answer that no rule gave is explained, too: by whom a disk is open, what a word should be, what is not there. It is the
# last answer that `imgshare why` tells, whatever came before.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
V=$T/alice/regions/north/instances
image "$A/web"
image "$A/busy"

# told ERRNO FACT DO: of the last answer to alice; and `why` says the same.
told() {
        local file=$T/alice/.imgshare/last_denial
        place
        grep -qx 'rule: -' "$file" && grep -qx "errno: $1" "$file" || not_ok "not $1 without a rule: $(cat "$file")"
        grep -Eq "^fact: $2" "$file" || not_ok "not the fact '$2': $(grep fact: "$file")"
        grep -Eq "^do: $3" "$file" || not_ok "not the remedy '$3': $(grep do: "$file")"
        "$IMGSHARE" why "$T/alice" | cmp -s - "$file" || not_ok 'imgshare why differs from last_denial'
}

# First a rule's, which must not be taken for the answer to what follows.
refused 1 "$EPERM" mkdir "$A/web/shares/alice"
rule no-self-share alice

# EBUSY: who has it open.
exec 7<>"$A/busy/disk"
printf x >&7
refused 1 "$EBUSY" mkdir "$A/busy/shares/bob"
told EBUSY "the disk of north/busy@alice is open for writing by process $$ \(.*\) of uid $(id -u)$" 'wait until'
says '^asked: share north/busy@alice with bob$' cat "$T/alice/.imgshare/last_denial"
ok mkdir "$V/vm"
refused '*' "$EBUSY" put busy "$V/vm/image"
told EBUSY "the disk of north/busy@alice is open for writing by process $$ " 'wait until'
exec 7<&-
ok mkdir "$A/busy/shares/bob"

# EINVAL: which word, and what is right.
refused 1 "$EINVAL" mkdir "$A/web/shares/Bob"
told EINVAL "Bob is not an account's name" 'write lower-case letters'
says '^asked: share north/web@alice with Bob$' cat "$T/alice/.imgshare/last_denial"
refused 1 "$EINVAL" mkdir "$A/a b"
told EINVAL "a b is not an image's name" 'write letters, digits'
refused 1 "$EINVAL" mkdir "$V/vm@2"
told EINVAL "vm@2 is not an instance's name" 'write letters'
refused 1 "$ENAMETOOLONG" mkdir "$A/$(printf 'x%.0s' {1..61})"
told ENAMETOOLONG "x+ is too long for an image's name" 'write .* at most 60'
refused 1 "$EPERM" mv "$A/web" "$A/web@bob"
told EPERM "web@bob is not an image's name" 'write letters'
refused '*' "$EINVAL" put 30d "$A/busy/shares/bob/.expires"
told EINVAL '30d is not a time to come' 'write a date \(2026-12-31\), .* \+30d'
refused '*' "$EINVAL" put closed "$A/web/.meta/state"
told EINVAL 'closed is not a state that can be set' 'write sealed'
refused '*' "$EINVAL" put yes "$A/web/.meta/reviewed"
told EINVAL 'yes is not 1 or 0' 'write 1'
refused '*' "$EINVAL" sh -c 'head -c 2000 /dev/zero | tr "\0" x >"$1"' - "$A/web/description"
told EINVAL 'that is not a description' 'write at most 256 characters'

# ENOENT of a launch, ENOTEMPTY; what the kernel finds out by itself, as a missing name, does not come here.
refused '*' "$ENOENT" put wbe "$V/vm/image"
told ENOENT 'alice sees no image wbe in north' 'see what there is'
refused 1 "$ENOTEMPTY" rmdir "$A/web"
told ENOTEMPTY 'web is not empty' 'to remove it with all that is in it: rm -r web'

# A rule after that is the last answer again.
refused 1 "$EPERM" mkdir "$A/web/shares/alice"
denials[alice]=0
rule no-self-share alice

# What is a step on the way to a success leaves nothing, nor what tools probe.
quietly alice mv "$A/web" "$AS/"
quietly alice ls "$A/nothing"
quietly alice touch "$A/busy/.hidden"
quietly bob cat "$T/bob/regions/nowhere/x"
# None of it is in the log, but for the launch.
settle
is 2 sh -c '"$IMGSHARE" -C "$DIR" log --denied | wc -l'
