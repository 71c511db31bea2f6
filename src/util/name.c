/* SPDX-License-Identifier: MIT
 * Names: one grammar, one table of lengths and cases. Never asks whether something exists.
 */
#include "name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const struct {
        size_t max;
        bool lower_only;
} grammar[] = {
        [NAME_IMAGE] = { IMAGE_NAME_MAX, false },
        [NAME_ACCOUNT] = { OTHER_NAME_MAX, true },
        [NAME_REGION] = { OTHER_NAME_MAX, true },
        [NAME_INSTANCE] = { OTHER_NAME_MAX, false },
};

/* Not isalnum(): names are ASCII in every locale. */
static bool alphanumeric(char c, bool lower_only) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (!lower_only && c >= 'A' && c <= 'Z');
}

int name_check(enum name_kind kind, const char *name) {
        size_t n = strlen(name);

        if (n == 0 || !alphanumeric(name[0], grammar[kind].lower_only))
                return -EINVAL;
        for (size_t i = 1; i < n; i++)
                if (!alphanumeric(name[i], grammar[kind].lower_only) && !strchr("._-", name[i]))
                        return -EINVAL;
        return n > grammar[kind].max ? -ENAMETOOLONG : 0;
}

static int split(enum name_kind kind, const char *text, char ret_name[static NAME_SIZE],
                 char ret_owner[static NAME_SIZE]) {
        const char *at = strchr(text, '@');
        char name[NAME_SIZE];

        if (!at || (size_t)(at - text) >= sizeof(name))
                return -ENOENT;
        memcpy(name, text, (size_t)(at - text));
        name[at - text] = '\0';
        if (name_check(kind, name) < 0 || name_check(NAME_ACCOUNT, at + 1) < 0)
                return -ENOENT;
        strcpy(ret_name, name);
        strcpy(ret_owner, at + 1);
        return 0;
}

int name_split(const char *text, char ret_image[static NAME_SIZE], char ret_owner[static NAME_SIZE]) {
        return split(NAME_IMAGE, text, ret_image, ret_owner);
}

int instance_name_split(const char *text, char ret_instance[static NAME_SIZE], char ret_owner[static NAME_SIZE]) {
        return split(NAME_INSTANCE, text, ret_instance, ret_owner);
}
