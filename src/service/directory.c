/* SPDX-License-Identifier: MIT
 * DIR, the catalog's directory: whether it may be used, and in a sentence why not.
 */
#include "directory.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "room.h"
#include "state.h"

void say_why(char why[static WHY_SIZE], const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(why, WHY_SIZE, format, arguments); /* a long one is cut */
        va_end(arguments);
}

/* CONTRACT 2.1: whoever can enter DIR can read every disk. On read-only media, and in somebody else's DIR, this process
 * cannot change that. */
int service_check_directory(const char *dir, enum service_flags flags, bool *ret_unwritable,
                            char why[static WHY_SIZE]) {
        struct stat st;
        int r = 0;

        if (stat(dir, &st) < 0)
                r = -errno;
        else if (!S_ISDIR(st.st_mode))
                r = -ENOTDIR;
        if (r < 0) {
                say_why(why, "%s", strerror(-r));
                return r;
        }
        if (access(dir, R_OK | X_OK) < 0) {
                r = -errno;
                say_why(why, "it cannot be read: %s", strerror(-r));
                return r;
        }
        *ret_unwritable = access(dir, W_OK) < 0;
        if (*ret_unwritable) {
                r = -errno;
                if (flags & (SERVICE_READ_ONLY | SERVICE_AS_POSSIBLE)) {
                        say_why(why, "it cannot be written (%s) and is only read%s", strerror(-r),
                                st.st_mode & 077 ? "; others can enter it, and read every disk" : "");
                        return 0;
                }
                say_why(why, "it cannot be written: %s", strerror(-r));
                return r;
        }
        if (st.st_mode & 077) {
                say_why(why, "others can enter it (mode %04o): whoever can read it reads every disk; chmod 0700 it",
                        (unsigned)st.st_mode & 07777);
                return -EPERM;
        }
        why[0] = '\0';
        return 0;
}

void service_explain(int r, char why[static WHY_SIZE]) {
        switch (r) {
        case -ENOENT:
                say_why(why, "there is no catalog in it; imgshare init makes one");
                break;
        case -EUCLEAN:
                say_why(why, "its catalog.db is damaged; imgshare check --repair mends it if its log is whole");
                break;
        case -EMEDIUMTYPE:
                say_why(why, "its catalog.db is no catalog of imgsharefs");
                break;
        case -EMLINK:
                say_why(why, "its catalog.db has another name elsewhere (a hard link, as cp -al makes); give it a file of its "
                             "own: cp catalog.db copy && mv copy catalog.db");
                break;
        case -EPROTOTYPE:
                say_why(why, "its catalog is of an earlier format; imgshare upgrade makes it one of this version");
                break;
        case -EPROTONOSUPPORT:
                say_why(why, "its catalog was made by a newer version; this one is " IMGSHARE_VERSION);
                break;
        default:
                say_why(why, "its catalog cannot be opened: %s", strerror(-r));
        }
}

int service_statvfs(struct service *service, struct statvfs *ret_space) {
        if (statvfs(service->dir, ret_space) < 0)
                return -errno;
        return service->past ? 0 : room_with_kept(service, 0, ret_space);
}
