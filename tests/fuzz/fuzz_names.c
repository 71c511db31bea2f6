/* SPDX-License-Identifier: MIT
 * Names (CONTRACT 2): what the grammar lets pass can be a path's component and is read back as it was joined; what it
 * refuses is refused in every form. The grammar is written down here a second time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "name.h"

static const char small[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static int expected(enum name_kind kind, const char *text) {
        bool lower = kind == NAME_ACCOUNT || kind == NAME_REGION;
        const char *first = lower ? small : all;
        char rest[80];

        (void)snprintf(rest, sizeof(rest), "%s._-", first); /* fits */
        if (strspn(text, first) < 1 || strspn(text, rest) != strlen(text))
                return -EINVAL;
        return strlen(text) > (kind == NAME_IMAGE ? 60 : 64) ? -ENAMETOOLONG : 0;
}

static void check_one(enum name_kind kind, const char *text) {
        int r = name_check(kind, text);

        require(r == expected(kind, text));
        if (r != 0)
                return;
        require(text[0] != '\0' && !strchr(text, '/') && !strchr(text, '@') && text[0] != '.');
        require(strlen(text) < NAME_SIZE);
}

static void check_split(enum name_kind kind, const char *text, int r, const char *name, const char *owner) {
        char joined[2 * NAME_SIZE];

        require(r == 0 || r == -ENOENT);
        if (r < 0)
                return;
        require(name_check(kind, name) == 0 && name_check(NAME_ACCOUNT, owner) == 0);
        (void)snprintf(joined, sizeof(joined), "%s@%s", name, owner); /* fits */
        require(strcmp(joined, text) == 0);
}

/* Two names that are good are one when joined; with a bad one they are nothing. */
static void check_join(const char *name, const char *owner) {
        char joined[1100], a[NAME_SIZE], b[NAME_SIZE];
        bool good = name_check(NAME_IMAGE, name) == 0 && name_check(NAME_ACCOUNT, owner) == 0;

        (void)snprintf(joined, sizeof(joined), "%s@%s", name, owner); /* fits */
        require((name_split(joined, a, b) == 0) == good);
        require(!good || (strcmp(a, name) == 0 && strcmp(b, owner) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct input input = { data, size };
        char text[512], owner[512], a[NAME_SIZE], b[NAME_SIZE];
        int r;

        input_line(&input, text, sizeof(text));
        input_line(&input, owner, sizeof(owner));
        for (int kind = NAME_IMAGE; kind <= NAME_INSTANCE; kind++)
                check_one((enum name_kind)kind, text);
        r = name_split(text, a, b);
        check_split(NAME_IMAGE, text, r, a, b);
        r = instance_name_split(text, a, b);
        check_split(NAME_INSTANCE, text, r, a, b);
        check_join(text, owner);
        return 0;
}
