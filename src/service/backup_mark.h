/* SPDX-License-Identifier: MIT
 * The marks by which a backup, or a restore that has not ended, is known.
 */
#pragma once

#include "state.h"

#define BACKUP_MARK ".backup"
#define RESTORE_MARK ".restore"
#define BACKUP_WITH_DISKS "backup\n"
#define BACKUP_WITHOUT_DISKS "backup without disks\n"
#define BACKUP_MARK_SIZE 160 /* of a mark's text */

/* The text of a mark; "" if it has none yet. */
int backup_mark_read(int fd, char ret_text[static BACKUP_MARK_SIZE]);
/* Looks for both in a directory that is being opened. A backup is for reading only, and held until it is closed: nobody
 * changes it meanwhile. Fills backup_fd, past, flags and note. */
int backup_mark_check(struct service *service, char why[static WHY_SIZE]);
