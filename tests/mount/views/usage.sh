#!/bin/bash
# SPDX-License-Identifier: MIT
# accounts/<me>/usage: images and bytes per region against the quota; what is shared with one never counts.
. "${0%/*}/../lib.sh"
catalog
mount_as alice
mount_as bob
usage=$T/alice/accounts/alice/usage

is $'north\t0\t500\t0\nsouth\t0\t500\t0' cat "$usage"
is "$(stat -c %s "$usage")" sh -c 'cat "$1" | wc -c' - "$usage"
is 444 stat -c %a "$usage"
refused 1 "$EPERM" put x "$usage"
refused 1 "$EPERM" rm "$usage"

# A draft counts from mkdir on; bytes are those of the disks, sealed or not.
ok mkdir "$A/web"
is $'north\t1\t500\t0\nsouth\t0\t500\t0' cat "$usage"
dense "$A/web/disk" 64
is $'north\t1\t500\t65536\nsouth\t0\t500\t0' cat "$usage"
ok truncate -s 100000 "$A/web/disk"
is $'north\t1\t500\t100000' grep north "$usage"
ok put sealed "$A/web/.meta/state"
is $'north\t1\t500\t100000' grep north "$usage"

# Sharing changes nobody's; a recipient counts nothing, instances neither.
ok mkdir "$A/web/shares/bob"
settle
is $'north\t0\t500\t0\nsouth\t0\t500\t0' cat "$T/bob/accounts/bob/usage"
ok mkdir "$T/bob/regions/north/instances/vm"
ok put web@alice "$T/bob/regions/north/instances/vm/image"
is $'north\t0\t500\t0\nsouth\t0\t500\t0' cat "$T/bob/accounts/bob/usage"
ok mkdir "$B/mine"
ok ln "$T/bob/regions/north/instances/vm/disk" "$B/mine/disk"
is $'north\t1\t500\t100000\nsouth\t0\t500\t0' cat "$T/bob/accounts/bob/usage"
is $'north\t1\t500\t100000\nsouth\t0\t500\t0' cat "$usage"

# A copy counts in the region it is copied to, by reference too.
ok cp -r "$A/web" "$AS/"
is $'north\t1\t500\t100000\nsouth\t1\t500\t100000' cat "$usage"
ok cp -al "$A/web" "$A/again"
is $'north\t2\t500\t200000\nsouth\t1\t500\t100000' cat "$usage"
ok rm -r "$A/again"
ok mv "$AS/web" "$AS/other"
is $'north\t1\t500\t100000\nsouth\t1\t500\t100000' cat "$usage"

# The quota in it is the account's own, or the catalog's; it is kept.
ok admin limits images-per-region 3
settle
is $'north\t1\t3\t100000\nsouth\t1\t3\t100000' cat "$usage"
ok admin account set alice quota=2
settle
is $'north\t1\t2\t100000\nsouth\t1\t2\t100000' cat "$usage"
ok mkdir "$A/second"
refused 1 "$EPERM" mkdir "$A/third"
rule quota-own-only alice
ok admin account set alice quota=1
settle
is $'north\t2\t1\t100000\nsouth\t1\t1\t100000' cat "$usage"
is 'second web' listing "$A"
ok rm -r "$A/second"
refused 1 "$EPERM" mkdir "$A/third"
rule quota-own-only alice
is $'north\t1\t3' sh -c 'grep north "$1" | cut -f1-3' - "$T/bob/accounts/bob/usage"

# A new region has a line at once.
ok admin region add east
settle
is $'east\t0\t1\t0' grep east "$usage"
