/* SPDX-License-Identifier: MIT
 * Parses numbers, switches and roles from arguments; the whole string must match.
 */
#include "cleanup.h"
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UID_LAST 4294967294 /* (uid_t)-1 means no user to the kernel */

static const char *const roles[] = {
        [ROLE_ACCOUNT] = "account",
        [ROLE_AUDITOR] = "auditor",
        [ROLE_OPERATOR] = "operator",
};

int parse_number(const char *text, int64_t max, int64_t *ret_number) {
        long long number;

        if (!*text || text[strspn(text, "0123456789")]) /* strtoll itself accepts blanks and signs */
                return -EINVAL;
        errno = 0;
        number = strtoll(text, NULL, 10);
        if (errno || number > max)
                return -EINVAL;
        *ret_number = number;
        return 0;
}

int parse_uid(const char *text, int64_t *ret_uid) {
        return parse_number(text, UID_LAST, ret_uid);
}

int parse_switch(const char *text, int64_t *ret_on) {
        if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
                return -EINVAL;
        *ret_on = strcmp(text, "on") == 0;
        return 0;
}

int parse_role(const char *text, int64_t *ret_role) {
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
                if (strcmp(text, roles[i]) == 0) {
                        *ret_role = (int64_t)i;
                        return 0;
                }
        return -EINVAL;
}

const char *role_name(enum role role) {
        return roles[role];
}
