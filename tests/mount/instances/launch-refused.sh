#!/bin/bash
# SPDX-License-Identifier: MIT
# What is not launched: another region's image, one not or no longer seen, a draft; the instance stays as it was.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
mount_as dave
VM=$T/bob/regions/north/instances
image "$A/web"
image "$AS/far"
image "$A/private"
mkdir "$A/web/shares/bob" "$AS/far/shares/bob" "$A/draft" "$B/draft"
image "$B/own"
image "$BS/own"
settle
ok mkdir "$VM/vm1" "$VM/vm2"
ok put web@alice "$VM/vm2/image"
ok put mine "$VM/vm2/disk"
nodes=$(stat -c %i "$VM/vm2" "$VM/vm2/image" "$VM/vm2/disk")

# not_launched ERRNO WHAT: neither on a new instance nor in the place of an old one.
not_launched() {
        local vm
        for vm in vm1 vm2; do
                refused 1 "$1" put "$2" "$VM/$vm/image"
        done
        is '' listing "$VM/vm1"
        is web@alice cat "$VM/vm2/image"
        is mine cat "$VM/vm2/disk"
        is "$nodes" stat -c %i "$VM/vm2" "$VM/vm2/image" "$VM/vm2/disk"
}

# The region.
for name in south/far@alice south/own south/own@bob; do
        not_launched "$EPERM" "$name"
        rule same-region bob
        says "^asked: launch from ${name%@*}" cat "$T/bob/.imgshare/last_denial"
        says '^fact: .*neither yours nor shared with you in region north' cat "$T/bob/.imgshare/last_denial"
        says '^do: launch from an image of that region: ls regions/north/images' cat "$T/bob/.imgshare/last_denial"
done
not_launched "$ENOENT" far@alice

# What is not there, or not to be seen, is no different: neither the answer nor the sentence nor the log tells them apart.
for name in nothing nothing@alice web@nobody web web@carol web@bob private@alice private south/web@alice nowhere/web@alice \
        north/private@alice draft@alice 'web@alice@bob' '@alice' 'web@' /web@alice north/ north//web@alice ../web@alice \
        own/disk WEB@alice "$(printf '%0100d' 0)"; do
        not_launched "$ENOENT" "$name"
done
denials[bob]=$(number bob)
for name in private@alice nothing@alice private@nobody; do
        refused 1 "$ENOENT" put "$name" "$VM/vm1/image"
        rule - bob
        says '^errno: ENOENT' cat "$T/bob/.imgshare/last_denial"
        sed "/^number:/d; /^time:/d; s/$name/NAME/g" "$T/bob/.imgshare/last_denial" >"$T/denial.$name"
        says '^fact: bob sees no image NAME in north' cat "$T/denial.$name"
        same "$T/denial.private@alice" "$T/denial.$name"
done
quietly bob stat "$B/private@alice"
ok mkdir "$VM/vm3" # refusals that were posted are in the log before it
# event NAME FILE: his events about that name, without what counts them.
event() {
        grep -F "\"north/$1\"" "$2" | grep -F '"rule":"-","errno":"ENOENT"' |
                sed "s/$1/NAME/; s/\"event\":[0-9]*//; s/\"time\":\"[^\"]*\"//; s/\"hash\":\"[^\"]*\"//" | sort -u
}
cat "$T/bob/events/"* >"$T/bob.events"
for name in private@alice nothing@alice web@nobody; do
        is '{,,"actor":"bob","uid":0,"via":"mount","op":"launch","object":"north/NAME","account":null,"rule":"-","errno":"ENOENT","detail":{}}' \
                event "$name" "$T/bob.events"
done
# Its owner hears nothing of it, nor does it say so to whom he shares it with later. Operators and auditors read all.
grep -F private@alice "$T/alice/events/"* "$A/private/.meta/history.jsonl" | grep -F '"bob"' >"$T/heard"
is '' cat "$T/heard"
says $'\tbob\tlaunch\tnorth/private@alice\t-\tENOENT$' admin log --denied
for text in "'own\\nown'" "'own\\n\\n'" "'own\\0'" "300 * 'x'"; do
        fails EINVAL "os.write(os.open(a[0], os.O_WRONLY), ($text).encode())" "$VM/vm2/image"
done
is mine cat "$VM/vm2/disk"

# A draft, and a disk that is empty.
not_launched "$EPERM" draft
rule image-available bob
ok touch "$B/draft/disk"
not_launched "$EPERM" draft
rule image-available bob

# Every refusal is in the image's log with its rule, none changes an image.
says '"op":"launch","object":"south/far@alice".*"rule":"same-region","errno":"EPERM"' cat "$AS/far/.meta/history.jsonl"
is available state "$B/own"

# After the unshare it is gone for launch and reinstall, and what runs stays.
rmdir "$A/web/shares/bob"
settle
not_launched "$ENOENT" web@alice
not_launched "$ENOENT" north/web@alice

# The stranger sees no instance of others', by no name; the operator and the auditor see all, and read no disk.
is '' listing "$T/dave/regions/north/instances"
absent "$T/dave/regions/north/instances/"{vm2,vm2@bob}
absent "$VM/vm2@bob"
ok admin account add op --role operator
ok admin account add audit --role auditor
mount_as op
mount_as audit
for staff in op audit; do
        all=$T/$staff/regions/north/instances
        is 'vm1@bob vm2@bob vm3@bob' listing "$all"
        is 'disk image' listing "$all/vm2@bob"
        is web@alice cat "$all/vm2@bob/image"
        is 5 stat -c %s "$all/vm2@bob/disk"
        refused 1 "$EPERM" cat "$all/vm2@bob/disk"
        rule role "$staff"
        absent "$all/vm2"
done
refused 1 "$EPERM" mkdir "$T/op/regions/north/instances/vm"
rule role op
refused 1 "$EPERM" put web@alice "$T/op/regions/north/instances/vm1@bob/image"
refused 1 "$EPERM" rm -r "$T/op/regions/north/instances/vm2@bob"
rule role op
refused 1 "$EROFS" mkdir "$T/audit/regions/north/instances/vm"
refused 1 "$EROFS" rm -r "$T/audit/regions/north/instances/vm2@bob"
is mine cat "$VM/vm2/disk"
