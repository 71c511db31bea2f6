#!/bin/bash
# SPDX-License-Identifier: MIT
# description: at most 256 characters of UTF-8; a refused write leaves the old text; editors and redirections work.
. "${0%/*}/../lib.sh"
needs busybox
catalog
mount_as alice
image "$A/web"
D=$A/web/description

ok put hello "$D"
is hello cat "$D"
is 6 stat -c %s "$D"
{ echo one && echo two; } >"$D" || not_ok 'two writes'
is 'one
two' cat "$D"
echo three >>"$D" || not_ok 'append'
is 'one
two
three' cat "$D"
: >"$D" || not_ok 'truncate'
emptied() {
        [ ! -s "$D" ]
}
eventually emptied || not_ok 'truncated without a write, it keeps the old text' # RELEASE comes after close
is '' cat "$D"
is 0 stat -c %s "$D"
ok sh -c 'printf "no newline" >"$1"' - "$D"
is 10 stat -c %s "$D"

# At the limit, in characters, a final newline not counted.
ascii=$(printf '%0256d' 0)
utf8=$(printf '%0256d' 0 | sed 's/0/é/g')
for text in "$ascii" "$utf8"; do
        ok put "$text" "$D"
        is "$text" cat "$D"
        ok sh -c 'printf %s "$1" >"$2"' - "$text" "$D"
        is "$text" cat "$D"
done
is 512 stat -c %s "$D"
"$PYTHON" -c 'print("\N{PENGUIN}" * 256)' >"$T/penguins"
ok cp "$T/penguins" "$D"
same "$T/penguins" "$D"

# Over it, or not UTF-8: refused, and the old text stays.
ok put 'the old text' "$D"
snapshot
refused 1 "$EINVAL" put "1$ascii" "$D"
refused 1 "$EINVAL" put "é$utf8" "$D"
refused 1 "$EINVAL" sh -c 'printf "%s\n\n" "$1" | dd of="$2"' - "$ascii" "$D"
refused 1 "$EINVAL" sh -c 'printf "caf\351" | tee "$1"' - "$D"
refused 1 "$EINVAL" sh -c 'printf "a\0b" | dd of="$1"' - "$D"
refused 1 "$EINVAL" sh -c 'printf "\355\240\200" | dd of="$1" status=none' - "$D"
refused 1 "$EINVAL" cp "$T/alice/.imgshare/rules" "$D"
refused 1 "$EINVAL" sh -c 'cat >>"$1"' - "$D" < <(echo "$ascii")
refused 1 '.' truncate -s 300 "$D"
fails EINVAL '[f.write(b"x" * 257) for f in [open(a[0], "wb", buffering=0)]]' "$D"
fails EINVAL '[f.write(b"x" * 257) for f in [open(a[0], "r+b", buffering=0)]]' "$D"
unchanged 'bad descriptions'
is 'the old text' cat "$D"

# A character may come in two writes.
ok "$PYTHON" -c 'import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)
for byte in "é€\N{PENGUIN}".encode(): os.write(fd, bytes([byte]))' "$D"
is 'é€🐧' cat "$D"

# Tools.
ok sh -c 'echo tee | tee "$1"' - "$D"
is tee cat "$D"
ok sh -c 'echo more | tee -a "$1"' - "$D"
is 'tee
more' cat "$D"
ok sh -c 'printf "byte by byte\n" | dd bs=1 of="$1"' - "$D"
is 'byte by byte' cat "$D"
ok truncate -s 4 "$D"
is 'byte' cat "$D"
echo text >"$T/text"
for how in cp 'cp -f' 'cp --remove-destination' install 'busybox cp'; do
        echo other >"$D"
        # shellcheck disable=SC2086 # a command and its option
        ok $how "$T/text" "$D"
        is text cat "$D"
done
cp "$T/text" "$T/moved"
ok mv -f "$T/moved" "$D"
is text cat "$D"
ok "$PYTHON" -c 'open(__import__("sys").argv[1], "w").write("python\n")' "$D"
is python cat "$D"
ok "$PYTHON" -c 'f = open(__import__("sys").argv[1], "r+"); f.seek(3); f.write("X")' "$D"
is pytXon cat "$D"
if has ed; then
        ok sh -c 'printf "s/X/h/\nw\nq\n" | ed -s "$1"' - "$D"
        is python cat "$D"
fi
if has vim; then
        quietly alice vim -es -u NONE "$D" -c 's/python/vim/' -c wq
        is vim cat "$D"
fi
before=$(cat "$D")
quietly alice sed -i s/./x/ "$D"
is "$before" cat "$D"
refused 4 "$EPERM" sed -i s/./x/ "$D"
refused 1 "$EPERM" busybox sed -i s/./x/ "$D"
is "$before" cat "$D"

# Removed, and made again.
ok rm "$D"
is 'disk shares' listing "$A/web"
refused 1 "$ENOENT" cat "$D"
ok put again "$D"
is again cat "$D"

# Shared: frozen, with every tool.
ok mkdir "$A/web/shares/bob"
snapshot
refused 1 "$EPERM" put x "$D"
rule shared-frozen alice
refused 1 "$EPERM" bash -c 'echo x >>"$1"' - "$D"
refused 1 "$EPERM" sh -c 'echo x | tee "$1"' - "$D"
refused 1 "$EPERM" truncate -s 0 "$D"
rule shared-frozen alice
refused 1 "$EPERM" cp "$T/text" "$D"
refused 1 "$EPERM" cp -f "$T/text" "$D"
refused 1 "$EPERM" install "$T/text" "$D"
refused 1 "$EPERM" rm -f "$D"
fails EPERM 'open(a[0], "r+")' "$D"
fails EPERM 'os.truncate(a[0], 0)' "$D"
if has ed; then
        refused 1 "$EPERM" sh -c 'printf "s/a/b/\nw\nq\n" | ed "$1" >&2' - "$D"
fi
if has vim; then
        run vim -es -u NONE "$D" -c 's/a/b/' -c 'w!' -c 'q!'
fi
unchanged 'editing a frozen description'

# Shared while an editor has it open: its write is refused then.
rmdir "$A/web/shares/bob"
exec 7>>"$D"
ok mkdir "$A/web/shares/bob"
refused 1 "$EPERM" sh -c '/bin/echo late >&7'
exec 7>&-
is again cat "$D"

# Emptied by its last close, which close(2) does not wait for: whoever reads next finds it empty all the same.
ok rmdir "$A/web/shares/bob"
is 0 "$PYTHON" - "$D" <<'PYTHON'
import os, sys
late = 0
for _ in range(200):
    with open(sys.argv[1], 'w') as file:
        file.write('text\n')
    os.close(os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC))
    late += open(sys.argv[1]).read() != ''
print(late)
PYTHON
