/* SPDX-License-Identifier: MIT
 * Names of images, accounts, regions and instances (CONTRACT 2), and the form `<img>@<owner>`. Pure: checks how a name
 * looks, not whether it exists.
 */
#pragma once

#define NAME_SIZE 65       /* buffer for any name: 64 characters and NUL */
#define IMAGE_NAME_MAX 60  /* characters of an image's name */
#define OTHER_NAME_MAX 64  /* characters of an account's, a region's or an instance's */
#define OBJECT_SIZE (3 * NAME_SIZE) /* buffer for `<region>/<img>@<owner>` */

enum name_kind {
        NAME_IMAGE,
        NAME_ACCOUNT, /* lower case only, or `web@alice` would have a twin `web@Alice` */
        NAME_REGION,  /* lower case only */
        NAME_INSTANCE,
};

/* 0, -EINVAL (empty, or a character is not allowed, or not as the first one) or -ENAMETOOLONG. */
int name_check(enum name_kind kind, const char *name);

/* Splits `<img>@<owner>`. 0, or -ENOENT if there is no single '@' or a part is no valid name: looking up a bad name
 * finds nothing (CONTRACT 2). */
int name_split(const char *text, char ret_image[static NAME_SIZE], char ret_owner[static NAME_SIZE]);
/* The same for `<vm>@<account>`, as staff sees instances. */
int instance_name_split(const char *text, char ret_instance[static NAME_SIZE], char ret_owner[static NAME_SIZE]);
