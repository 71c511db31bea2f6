#!/bin/bash
# SPDX-License-Identifier: MIT
# reserve.sh with the stores on another file system, which is full, too.
APART=1
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/reserve.sh"
