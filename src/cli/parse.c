/* SPDX-License-Identifier: MIT
 * Parses numbers, switches, spans of time and roles from arguments; the whole string must match.
 */
#include "cleanup.h"
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
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

#define HOUR 3600
#define DAY (24 * HOUR)

int parse_span(const char *text, int64_t *ret_seconds) {
        const size_t digits = strspn(text, "0123456789");
        const int64_t unit = text[digits] == 'd' ? DAY : text[digits] == 'h' ? HOUR : 0;
        char number[20];
        int r;

        if (strcmp(text, "0") == 0) {
                *ret_seconds = 0;
                return 0;
        }
        if (unit == 0 || text[digits + 1] || digits >= sizeof(number))
                return -EINVAL;
        memcpy(number, text, digits);
        number[digits] = '\0';
        r = parse_number(number, INT64_MAX / 1000 / unit, ret_seconds);
        *ret_seconds *= r == 0 ? unit : 1;
        return r;
}

char *span_text(int64_t seconds, char ret_text[static SPAN_SIZE]) {
        const bool days = seconds % DAY == 0;

        if (seconds == 0)
                return strcpy(ret_text, "0");
        (void)snprintf(ret_text, SPAN_SIZE, "%lld%c", (long long)(seconds / (days ? DAY : HOUR)), days ? 'd' : 'h'); /* fits */
        return ret_text;
}

static const char units[] = "KMGT";

int parse_size(const char *text, int64_t *ret_bytes) {
        const size_t digits = strspn(text, "0123456789");
        const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
        const int shift = unit ? 10 * (int)(unit - units + 1) : 0;
        char number[20];
        int r;

        if ((text[digits] && (!unit || text[digits + 1])) || digits >= sizeof(number))
                return -EINVAL;
        memcpy(number, text, digits);
        number[digits] = '\0';
        r = parse_number(number, INT64_MAX >> shift, ret_bytes);
        *ret_bytes = r == 0 ? *ret_bytes << shift : *ret_bytes;
        return r;
}

char *size_text(int64_t bytes, char ret_text[static SPAN_SIZE]) {
        int unit = 0;

        while (bytes > 0 && bytes % 1024 == 0 && unit < (int)strlen(units)) {
                bytes /= 1024;
                unit++;
        }
        (void)snprintf(ret_text, SPAN_SIZE, unit ? "%lld%c" : "%lld", (long long)bytes, units[unit ? unit - 1 : 0]); /* fits */
        return ret_text;
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
