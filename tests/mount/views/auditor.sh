#!/bin/bash
# SPDX-License-Identifier: MIT
# An auditor's mount shows everything, changes nothing, reads no disk; tools walk all of it; the same facts come out by
# image, by account and from imgshare. The operator's mount tells the same.
LIMIT=120
. "${0%/*}/../lib.sh"
needs tar rsync
catalog
admin account add eve --role auditor >"$T/out" || die auditor
mount_as alice
mount_as bob
VM=$T/bob/regions/north/instances
for name in web db; do
        image "$A/$name"
        image "$AS/$name"
done
image "$B/mine"
mkdir "$A/draft" "$A/web/shares/"{bob,carol} "$AS/db/shares/"{bob,dave} "$B/mine/shares/alice" || die shares
mkdir "$T/bob/accounts/bob/trusted/alice" "$VM/vm1" "$VM/empty" || die instances
settle
put web@alice "$VM/vm1/image" || die launch
put 2099-12-31 "$AS/db/shares/dave/.expires" || die expiry
settle
mount_as eve
mount_at again account=eve
mount_as operator
V=$T/eve/regions/north/images

# Every image and instance by its name and owner's; the disks by size, not by content.
is 'db@alice draft@alice mine@bob web@alice' listing "$V"
is 'empty@bob vm1@bob' listing "$T/eve/regions/north/instances"
is web@alice cat "$T/eve/regions/north/instances/vm1@bob/image"
is '65536 128' stat -c '%s %b' "$V/web@alice/disk"
is '65536 128' stat -c '%s %b' "$T/eve/regions/north/instances/vm1@bob/disk"
is 'the image web' cat "$V/web@alice/description"
absent "$V/web" "$V/web@bob" "$T/eve/regions/north/instances/vm1" "$T/eve/regions/north/instances/vm1@alice"
for view in eve operator; do
        find "$T/$view/regions" -name disk >"$T/disks"
        is 6 sh -c 'wc -l <"$1"' - "$T/disks"
        while read -r disk; do
                refused 1 "$EPERM" cat "$disk"
                fails EPERM 'os.open(a[0], os.O_RDONLY)' "$disk"
        done <"$T/disks"
done
rule no-copy-of-shared operator
fails EPERM 'os.open(a[0], os.O_RDWR)' "$T/operator/regions/north/images/web@alice/disk"
fails EPERM 'os.open(a[0], os.O_WRONLY)' "$T/operator/regions/north/instances/vm1@bob/disk"
refused 1 "$EPERM" ln "$T/operator/regions/north/images/web@alice/disk" "$T/operator/regions/north/images/db@alice/disk2"
refused 1 "$EPERM" mkdir "$T/operator/regions/north/images/own"
rule role operator

# shares is a directory in the one, the catch in the other.
is directory stat -c %F "$V/web@alice/shares"
is ../shares readlink "$V/web@alice/.meta/shares"
is .meta/shares readlink "$T/operator/regions/north/images/web@alice/shares"
for view in eve operator; do
        is 'bob carol' listing "$T/$view/regions/north/images/web@alice/shares/"
        is 'created digest exposure.tsv format history.jsonl id owner reviewed shares shares.tsv size source state trust' \
                listing "$T/$view/regions/north/images/web@alice/.meta"
        is alice cat "$T/$view/regions/north/images/web@alice/.meta/owner"
        says '^[0-9]+.bob.launch.*north/vm1@bob' cat "$T/$view/regions/north/images/web@alice/.meta/exposure.tsv"
        absent "$T/$view/regions/north/images/web@alice/.meta/usage.tsv"
done

# By account: every link leads to the image as it is seen here, and says when.
is ../../../../regions/north/images/web@alice readlink "$T/eve/accounts/bob/received/north/web@alice"
is ../../../../regions/north/images/web@alice readlink "$T/eve/accounts/alice/owned/north/web"
is 'db draft web' listing "$T/eve/accounts/alice/owned/north"
is mine@bob listing "$T/eve/accounts/alice/received/north"
absent "$T/eve/accounts/alice/owned/north/web@alice" "$T/eve/accounts/bob/received/north/web"
for view in eve operator; do
        is '' find "$T/$view" -xtype l
        is 11 sh -c 'find "$1/accounts" -type l | wc -l' - "$T/$view"
        is "$(stat -c %Y "$T/eve/regions/north/images/web@alice/shares/bob")" \
                stat -c %Y "$T/$view/accounts/bob/received/north/web@alice"
        find "$T/$view" -type l -printf '%s %l\n' | awk '$1 != length($2)' >"$T/wrong"
        is '' cat "$T/wrong"
done
is '' sh -c 'find "$1" -printf "%i\n" | sort | uniq -d' - "$T/eve"

# Tools on the mount as a whole, disks aside.
for view in eve operator; do
        cd "$T/$view" || die "cd $view"
        for command in find 'ls -lR' 'ls -lai' 'du -a' 'grep -r --exclude=disk image' 'tar cf ../all.tar --exclude=disk .' \
                'rsync -a --exclude=disk . ../copy/' 'busybox find' 'busybox ls -lR' 'busybox du'; do
                has "${command%% *}" || continue
                # shellcheck disable=SC2086 # a command and its options
                ok $command
                is '' cat "$T/err"
        done
        ok diff -r --exclude=disk --no-dereference . ../copy
        mkdir ../extracted
        ok tar xf ../all.tar -C ../extracted
        ok diff -r --no-dereference ../copy ../extracted
        rm -r ../copy ../extracted
        cd "$T" || die cd
done
ok diff -r --exclude=disk --no-dereference "$T/eve" "$T/again"
is "$(find "$T/again" -printf '%i %P %l %s\n' | sed '1d' | sort)" sh -c 'find "$1" -printf "%i %P %l %s\n" | sed 1d | sort' - "$T/eve"
is "$T/eve/regions/north/images/web@alice/shares/bob
$T/eve/regions/south/images/db@alice/shares/bob" sh -c 'find "$1/regions" -name bob | sort' - "$T/eve"

# The same facts both ways, and from imgshare.
# by_image VIEW, by_account VIEW: region, image@owner and account of each share.
by_image() {
        local path
        for path in "$T/$1"/regions/*/images/*/shares/*; do
                path=${path#"$T/$1/regions/"}
                echo "${path//\// }"
        done | awk '{ print $1, $3, $5 }' | sort
}
by_account() {
        local path
        for path in "$T/$1"/accounts/*/received/*/*; do
                path=${path#"$T/$1/accounts/"}
                echo "${path//\// }"
        done | awk '{ print $3, $4, $1 }' | sort
}
by_command() {
        admin access --all | awk '{ print $1, $2, $3 }' | sort
}
# agree COUNT: all ways tell of that many shares, and of the same.
agree() {
        local view
        by_command >"$T/command"
        is "$1" sh -c 'wc -l <"$1"' - "$T/command"
        for view in eve again operator; do
                is "$(cat "$T/command")" by_image "$view"
                is "$(cat "$T/command")" by_account "$view"
        done
}
agree 5
ok mkdir "$A/db/shares/"{bob,carol,dave} "$AS/web/shares/bob"
ok rmdir "$A/web/shares/bob" "$T/operator/regions/south/images/db@alice/shares/bob"
settle
agree 7
ok admin account rm dave
ok rmdir "$A/db/shares/bob" "$A/db/shares/carol"
ok mv "$A/db" "$A/base"
ok mkdir "$A/base/shares/carol"
settle
agree 4

# Nothing can be changed: every verb on every node, the unlisted ones too.
snapshot
denied=$(number eve)
"$PYTHON" - "$T/eve" >"$T/verbs" 2>"$T/tried" <<'PYTHON'
import errno, os, stat, sys
root = sys.argv[1]
nodes = [root]
for top, directories, files in os.walk(root):
    names = directories + files
    if '/images/' in top and os.path.dirname(top).endswith('images'):
        names.append('.meta')
        directories.append('.meta')
    if os.path.basename(os.path.dirname(top)) == 'shares':
        names.append('.expires')
    if top == root:
        names.append('.imgshare')
        directories.append('.imgshare')
    nodes += [os.path.join(top, name) for name in names]
tried = 0
def must(verb, path, call):
    global tried
    tried += 1
    try:
        call()
        print('done:', verb, path)
    except OSError as e:
        if e.errno != errno.EROFS:
            print(errno.errorcode[e.errno], verb, path)
def opened(path, flags):
    return lambda: os.close(os.open(path, flags, 0o600))
for path in nodes:
    kind = stat.S_IFMT(os.lstat(path).st_mode)
    other = path + '-new'
    must('chown', path, lambda: os.lchown(path, 1, 1))
    must('utime', path, lambda: os.utime(path, (1, 1), follow_symlinks=False))
    if kind != stat.S_IFLNK:
        must('chmod', path, lambda: os.chmod(path, 0o600))
        must('setxattr', path, lambda: os.setxattr(path, 'user.a', b'b'))
    if kind == stat.S_IFDIR:
        for name in ('description', 'disk', 'image', 'shares', 'bob', 'zoe', 'new', 'web@bob'):
            child = os.path.join(path, name)
            if os.path.lexists(child):
                continue
            must('mkdir', child, lambda: os.mkdir(child))
            must('create', child, opened(child, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            must('mknod', child, lambda: os.mknod(child))
            must('symlink', child, lambda: os.symlink('.meta/shares', child))
    if kind == stat.S_IFREG:
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_TRUNC):
            must('open', path, opened(path, flags))
        must('truncate', path, lambda: os.truncate(path, 0))
    if kind != stat.S_IFDIR:
        must('unlink', path, lambda: os.unlink(path))
        must('link', path, lambda: os.link(path, other, follow_symlinks=False))
    elif path != root:
        must('rmdir', path, lambda: os.rmdir(path))
    if path != root:
        must('rename', path, lambda: os.rename(path, other))
print(tried, 'tried', file=sys.stderr)
PYTHON
is '' head -n 20 "$T/verbs"
says '^[0-9]{4,} tried$' cat "$T/tried"
for command in "mkdir $V/web@alice/shares/dave" "rmdir $V/web@alice/shares/carol" "rm -r $V/web@alice" \
        "mv $V/web@alice $V/other" "ln $V/web@alice/description $V/draft@alice/description" \
        "touch $V/web@alice/disk" "chmod 600 $V/web@alice" "put x $V/web@alice/description" \
        "put sealed $V/draft@alice/.meta/state" "put never $V/web@alice/shares/carol/.expires"; do
        # shellcheck disable=SC2086 # a command and its arguments
        refused 1 "$EROFS" $command
done
unchanged 'changes by an auditor'
is "$denied" number eve
says '^mode: ro$' cat "$T/eve/.imgshare/whoami"
