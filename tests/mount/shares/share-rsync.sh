#!/bin/bash
# SPDX-License-Identifier: MIT
# rsync -r --delete want/ shares/ makes the shares exactly those wanted; -n is the dry run.
. "${0%/*}/../lib.sh"
needs rsync
catalog
mount_as alice
image "$A/web"
mkdir "$A/web/shares/"{bob,carol}
mkdir -p "$T/want/"{carol,dave}

snapshot
says 'deleting +bob' rsync -rni --delete "$T/want/" "$A/web/shares/"
says 'dave' rsync -rni --delete "$T/want/" "$A/web/shares/"
unchanged 'a dry run'

granted=$(stat -c %Y.%i "$A/web/shares/carol")
ok rsync -r --delete "$T/want/" "$A/web/shares/"
is 'carol dave' listing "$A/web/shares/"
is "$granted" stat -c %Y.%i "$A/web/shares/carol"
is '' rsync -rni --delete "$T/want/" "$A/web/shares/"
is '' rsync -ri --delete "$T/want/" "$A/web/shares/"

# Without the slash, and with -a, the same.
mkdir "$T/want/bob"
ok rsync -r --delete "$T/want/" "$A/web/shares"
is 'bob carol dave' listing "$A/web/shares/"
rmdir "$T/want/carol"
ok rsync -a --delete "$T/want/" "$A/web/shares/"
is 'bob dave' listing "$A/web/shares/"

# A wanted account that does not exist is refused; the others are made.
mkdir "$T/want/"{carol,nobody}
refused 23 "nobody.*$EPERM" rsync -r --delete "$T/want/" "$A/web/shares/"
is 'bob carol dave' listing "$A/web/shares/"

# At the limit, what goes makes place for what comes.
ok admin limits shares-per-image 3
rm -r "$T/want"
mkdir -p "$T/want/"{bob,carol}
admin account add erin >"$T/out"
mkdir "$T/want/erin"
ok rsync -r --delete "$T/want/" "$A/web/shares/"
is 'bob carol erin' listing "$A/web/shares/"

# Nobody.
rm -r "$T/want" && mkdir "$T/want"
ok rsync -r --delete "$T/want/" "$A/web/shares/"
is '' listing "$A/web/shares/"
is 'description disk shares' listing "$A/web"
