#!/bin/bash
# SPDX-License-Identifier: MIT
# cp -r never copies shares; cp -r web/shares/. does, each one checked and logged.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
image "$A/web"
mkdir "$A/web/shares/"{bob,carol,dave}
ok cp -r "$A/web" "$AS/"
is '' listing "$AS/web/shares/"
settle
is '' listing "$BS"
says '^$|^' listing "$BS"

ok cp -r "$A/web/shares/." "$AS/web/shares/"
is 'bob carol dave' listing "$AS/web/shares/"
settle
is 'web@alice' listing "$BS"
ok diff -r "$A/web/shares/" "$AS/web/shares/"
is 3 grep -c '"op":"share"' "$AS/web/.meta/history.jsonl"

# Again, and where some are there already.
ok cp -r "$A/web/shares/." "$AS/web/shares/"
ok rmdir "$AS/web/shares/carol"
ok cp -r "$A/web/shares/." "$AS/web/shares/"
is 'bob carol dave' listing "$AS/web/shares/"

# Each is checked: the limit holds for the copy, too.
ok cp -r "$A/web" "$AS/db"
ok admin limits shares-per-image 2
refused 1 "$EPERM" cp -r "$A/web/shares/." "$AS/db/shares/"
rule share-limit alice
is 2 count "$AS/db/shares/"

# Into a draft they cannot go. One by name is one.
ok mkdir "$AS/draft"
refused 1 "$EPERM" cp -r "$A/web/shares/." "$AS/draft/.meta/shares/"
is '' listing "$AS/draft/.meta/shares"
ok cp -r "$A/web" "$AS/one"
ok cp -r "$A/web/shares/carol" "$AS/one/shares/"
is 'carol' listing "$AS/one/shares/"
