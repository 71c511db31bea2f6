#!/bin/bash
# SPDX-License-Identifier: MIT
# trusted/: mkdir trusts an owner, rmdir stops; require-trust refuses launches from all others.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
trusted=$T/bob/accounts/bob/trusted
VM=$T/bob/regions/north/instances
image "$A/web"
image "$B/own"
ok mkdir "$A/web/shares/bob"
settle

# The notice.
is '' listing "$trusted"
is own cat "$A/web/.meta/trust"
is own cat "$B/own/.meta/trust"
says '^untrusted$' cat "$B/web@alice/.meta/trust"
says 'integrity of an image shared by alice is not guaranteed' cat "$B/web@alice/.meta/trust"
is "$(stat -c %s "$B/web@alice/.meta/trust")" sh -c 'cat "$1" | wc -c' - "$B/web@alice/.meta/trust"
refused 1 "$EPERM" put trusted "$B/web@alice/.meta/trust"

# Trusting, idempotent forms, stopping.
ok mkdir "$trusted/alice"
is alice listing "$trusted"
is '' listing "$trusted/alice"
is trusted cat "$B/web@alice/.meta/trust"
refused 1 "$EEXIST" mkdir "$trusted/alice"
fails EEXIST 'os.mkdir(a[0])' "$trusted/alice"
ok mkdir -p "$trusted/alice"
ok mkdir "$trusted/carol"
is 'alice carol' listing "$trusted"
ok rmdir "$trusted/alice"
says '^untrusted$' cat "$B/web@alice/.meta/trust"
refused 1 "$ENOENT" rmdir "$trusted/alice"
ok rm -r "$trusted/carol"
is '' listing "$trusted"

# Whom one cannot trust, and what else is not to be made there.
refused 1 "$EPERM" mkdir "$trusted/nobody"
rule unknown-account bob
refused 1 "$EPERM" mkdir "$trusted/bob"
rule no-self-share bob
refused 1 "$EPERM" touch "$trusted/alice"
refused 1 "$EPERM" ln -s x "$trusted/alice"
ok mkdir "$trusted/alice"
refused 1 "$EPERM" mkdir "$trusted/alice/more"
refused 1 "$EPERM" touch "$trusted/alice/more"
refused 1 "$EPERM" mv "$trusted/alice" "$trusted/carol"
ok rmdir "$trusted/alice"
is '' listing "$trusted"

# Nobody's business but one's own.
is alice listing "$T/alice/accounts"
refused 2 "$ENOENT" ls "$T/alice/accounts/bob"
refused 1 "$ENOENT" mkdir "$T/alice/accounts/bob/trusted/alice"

# require-trust: from the next launch on, by whatever name; one's own images need none.
ok mkdir "$VM/vm1" "$VM/vm2"
ok put web@alice "$VM/vm1/image"
ok put mine "$VM/vm1/disk"
ok admin account set bob require-trust=on
for vm in vm1 vm2; do
        refused 1 "$EPERM" put web@alice "$VM/$vm/image"
        rule trust bob
        refused 1 "$EPERM" put north/web@alice "$VM/$vm/image"
        rule trust bob
done
is mine cat "$VM/vm1/disk"
is '' listing "$VM/vm2"
says '"op":"launch","object":"north/web@alice".*"rule":"trust"' cat "$A/web/.meta/history.jsonl"
ok put own "$VM/vm2/image"
ok mkdir "$trusted/alice"
ok put web@alice "$VM/vm1/image"
same "$VM/vm1/disk" "$A/web/disk"
ok rmdir "$trusted/alice"
refused 1 "$EPERM" put web@alice "$VM/vm1/image"
rule trust bob
ok admin account set bob require-trust=off
settle
ok put web@alice "$VM/vm1/image"

# It is bob's: kept over remounts, and alice's trust in bob is another thing.
ok mkdir "$trusted/alice"
unmount bob
mount_as bob
is alice listing "$trusted"
is '' listing "$T/alice/accounts/alice/trusted"

# An account that goes takes the trust along.
ok mkdir "$trusted/dave"
ok admin account rm dave
settle
is alice listing "$trusted"
absent "$trusted/dave"
refused 1 "$ENOENT" rmdir "$trusted/dave"
