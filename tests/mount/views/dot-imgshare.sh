#!/bin/bash
# SPDX-License-Identifier: MIT
# /.imgshare/: whoami, rules, version, and last_denial, which explains each refusal and is counted per mount.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
I=$T/alice/.imgshare

for entry in whoami last_denial rules version; do
        says "^$entry\$" ls "$I"
        is 444 stat -c %a "$I/$entry"
done
is 'account: alice
role: account
mode: rw' grep -E '^(account|role|mode):' "$I/whoami"
is 'account: role: uid: mode: asof:' sh -c 'cut -d" " -f1 "$1" | xargs' - "$I/whoami"
says '0\.[0-9]+\.[0-9]+' cat "$I/version"
for id in share-limit shared-frozen quota-own-only same-region no-copy-of-shared unshare-before-delete owner-deletes trust \
        no-reshare review-before-share owner-uses copy-then-share share-exists name-taken no-self-share unknown-account \
        image-available self-contained instance-quota byte-quota sealed read-only-role role fixed-tree; do
        says "^$id\b" cat "$I/rules"
done

# No denial yet.
is '' cat "$I/last_denial"
is '' "$IMGSHARE" why "$T/alice"

image "$A/web"
mkdir "$A/web/shares/"{bob,carol}
refused 1 "$EPERM" mv "$A/web" "$A/db"
is 'number: time: rule: asked: fact: do:' sh -c 'cut -d" " -f1 "$1" | xargs' - "$I/last_denial"
says '^number: 1$' cat "$I/last_denial"
says '^time: [0-9-]{10}T[0-9:.]+Z$' cat "$I/last_denial"
says '^rule: shared-frozen$' cat "$I/last_denial"
says '^asked: .*north/web@alice' cat "$I/last_denial"
says '^fact: .*bob, carol' cat "$I/last_denial"
says '^do: .*shares/bob' cat "$I/last_denial"
refused 1 "$EPERM" rm "$A/web/disk"
says '^number: 2$' cat "$I/last_denial"

# Another mount has its own.
is '' cat "$T/bob/.imgshare/last_denial"
refused 1 "$EPERM" rmdir "$B/web@alice"
rule owner-deletes bob
says '^number: 1$' cat "$T/bob/.imgshare/last_denial"
says '^number: 2$' cat "$I/last_denial"

# `imgshare why` is for the mount that a path, or the working directory, lies in.
says '^rule: unshare-before-delete$' "$IMGSHARE" why "$A/web/disk"
says '^rule: owner-deletes$' sh -c 'cd "$1" && "$IMGSHARE" why' - "$B"
refused 1 '^imgshare: ' "$IMGSHARE" why "$T"

# What others must not learn is no denial: an unknown name.
quietly alice ls "$A/never"
quietly alice cat "$A/web/.description.swp"

# Nothing here can be changed.
refused 1 '.' put x "$I/whoami"
refused 1 "$EPERM" rm -f "$I/last_denial"
refused 1 "$EPERM" mkdir "$I/new"

# Of a mount whose daemon was killed there is nothing to be had but that.
kill -KILL "$(daemon_of "$T/bob")"
ok eventually daemon_ended "$T/bob"
for path in "$T/bob" "$B/web@alice/disk" "$B/never/../at/all"; do
        refused 1 "^imgshare: '.*/bob[^']*': its mount has no daemon any more$" "$IMGSHARE" why "$path"
done
