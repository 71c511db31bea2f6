/* SPDX-License-Identifier: MIT
 * Reporting errors: one line on stderr, `imgshare: WHAT: WHY`. The only place where an errno becomes words.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "internal.h"
#include "origin.h"
#include "utf8.h"

/* Prints one line, whatever the user's words contain. */
__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list arguments) {
        _cleanup_free_ char *text = NULL;

        if (vasprintf(&text, format, arguments) < 0) {
                text = NULL;
                (void)fputs("imgshare: out of memory\n", stderr);
                return;
        }
        utf8_clean(text);
        (void)fprintf(stderr, "imgshare: %s\n", text); /* if this fails, too, there is nowhere to report it */
}

enum status error_usage(const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        complain(format, arguments);
        va_end(arguments);
        return STATUS_USAGE;
}

enum status error_failed(const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        complain(format, arguments);
        va_end(arguments);
        return STATUS_REFUSED;
}

/* For errors that the system's text would explain misleadingly or too briefly. */
static const struct meaning general[] = {
        { EACCES, "permission denied" },
        { EADDRINUSE, "in use by another" },
        { EAGAIN, "the catalog is in use by another process for too long, try again" },
        { EBADF, "not open" },
        { EBUSY, "in use right now, try again" },
        { EDQUOT, "the disk quota is used up" },
        { EEXIST, "exists already" },
        { EINVAL, "not valid" },
        { EIO, "the machine failed, or the region's store is offline" },
        { ENAMETOOLONG, "the name is too long" },
        { ENOENT, "does not exist" },
        { ENOMEM, "out of memory" },
        { ENOSPC, "no space left" },
        { ENOTDIR, "not a directory" },
        { ENOTEMPTY, "not empty" },
        { EPERM, "not permitted" },
        { EUCLEAN, "the catalog is damaged; imgshare check --log says how" },
        { EPROTONOSUPPORT, "made by a newer version of imgshare" },
        { EROFS, "read-only file system" },
        { 0 },
};

const struct meaning meanings_of_names[] = {
        { EINVAL, "not a valid name: lower-case letters, digits, '.', '_' and '-', the first a letter or digit" },
        { ENAMETOOLONG, "the name is too long: 64 characters at most" },
        { 0 },
};

static const char *meaning_find(const struct meaning *meanings, int error) {
        for (; meanings && meanings->error; meanings++)
                if (meanings->error == error)
                        return meanings->text;
        return NULL;
}

const char *error_text(int r, const struct meaning *meanings) {
const char *text;

        assert(r < 0);
        text = meaning_find(meanings, -r);
        if (!text)
                text = meaning_find(general, -r);
        if (!text)
                text = strerrordesc_np(-r);
        return text ? text : "unknown error";
}

enum status error_result(const struct request *request, int r, const struct meaning *meanings, const char *noun,
                         const char *name) {
        char origin[ORIGIN_SIZE];

        if (r == 0)
                return STATUS_DONE;
        if (r > 0)
                return error_failed("%s: %s%s%s (%s)", request->refusal.asked, request->refusal.fact,
                                    request->refusal.remedy[0] ? "; " : "", request->refusal.remedy,
                                    rule_row((enum rule)r)->id);
        if (r == -EROFS && request && service_foreign(request->service))
                return error_failed("%s%s%s%s: read-only: %s", noun, name ? " '" : "", name ? name : "", name ? "'" : "",
                                    service_foreign(request->service));
        if (!name)
                return error_failed("%s: %s%s", noun, error_text(r, meanings), origin_text(r, origin));
        return error_failed("%s '%s': %s%s", noun, name, error_text(r, meanings), origin_text(r, origin));
}
