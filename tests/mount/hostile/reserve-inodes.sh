#!/bin/bash
# SPDX-License-Identifier: MIT
# reserve.sh with all inodes taken as well.
INODES=1
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/reserve.sh"
