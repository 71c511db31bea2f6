#!/bin/bash
# SPDX-License-Identifier: MIT
# The quota counts images one owns, per region, drafts too; never what is shared with one.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
ok admin account set bob quota=2

for name in one two three; do
        image "$A/$name"
        ok mkdir "$A/$name/shares/bob"
done
settle
is 3 count "$B"
image "$B/first"
ok mkdir "$B/second"
snapshot
refused 1 "$EPERM" mkdir "$B/third"
rule quota-own-only bob
refused 1 "$EPERM" cp -r "$B/first" "$B/copy"
rule quota-own-only bob
refused 1 "$EPERM" mkdir -p "$B/third/shares"
unchanged 'a mkdir over the quota'

# A copy counts where it is copied to.
ok cp -r "$B/first" "$BS/"
ok cp -r "$B/first" "$BS/again"
refused 1 "$EPERM" cp -r "$B/first" "$BS/more"
rule quota-own-only bob

# Renames and replaced disks take no place; what is deleted makes one.
ok mv "$B/second" "$B/deux"
ok cp "$BS/first/disk" "$B/deux/disk"
ok rm -r "$B/deux"
ok mkdir "$B/third"

# The catalog's default, for who has none of its own.
ok admin limits images-per-region 4
ok mkdir "$A/four"
refused 1 "$EPERM" mkdir "$A/five"
rule quota-own-only alice
ok admin account set bob quota=3
ok mkdir "$B/fourth"
# Lowered: what exists stays.
ok admin limits images-per-region 1
is 'four one three two' listing "$A"
refused 1 "$EPERM" mkdir "$A/five"
