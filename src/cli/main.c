/* SPDX-License-Identifier: MIT
 * imgshare: does to a catalog what a filesystem cannot. The map of the program:
 *   main.c      finds the verb and calls it; --help and --version     options.c  the options of all verbs
 *   init.c region.c account.c limits.c rules.c log.c why.c access.c exposure.c apply.c image.c undelete.c check.c
 * clock.c adopt.c
 *   backup.c upgrade.c   a noun each
 *   session.c   a catalog and the caller    table.c  output    error.c  error messages    parse.c  values of arguments
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "internal.h"

#define DEFAULT_DIR "/var/lib/imgshare"

static const struct verb *const nouns[] = {
        init_verbs, region_verbs, account_verbs, limits_verbs, rules_verbs, log_verbs, why_verbs, access_verbs,
        exposure_verbs, apply_verbs, image_verbs, undelete_verbs, check_verbs, clock_verbs, adopt_verbs, backup_verbs, restore_verbs, upgrade_verbs,
};

/* Length of a verb's first word, the noun. */
static size_t noun_length(const struct verb *verb) {
        return strcspn(verb->name, " ");
}

static const struct verb *find_noun(const char *word) {
        for (size_t i = 0; i < ARRAY_SIZE(nouns); i++)
                if (strlen(word) == noun_length(nouns[i]) && strncmp(word, nouns[i]->name, strlen(word)) == 0)
                        return nouns[i];
        return NULL;
}

static const struct verb *find_verb(const struct verb *noun, const char *word) {
        for (; noun->name; noun++)
                if (strcmp(noun->name + noun_length(noun) + 1, word) == 0)
                        return noun;
        return NULL;
}

static void verb_print_usage(const struct verb *verb, bool first) {
        (void)printf("%s imgshare %s %s\n", first ? "Usage:" : "      ", verb->name, verb->arguments);
}

static enum status help_verb(const struct verb *verb) {
        verb_print_usage(verb, true);
        (void)printf("\n%s\nExample:\n  %s\n\nGlobal options: see 'imgshare --help'.\n", verb->help, verb->example);
        return STATUS_DONE;
}

static enum status help_noun(const struct verb *noun) {
        for (const struct verb *verb = noun; verb->name; verb++)
                verb_print_usage(verb, verb == noun);
        (void)printf("\nExample:\n  %s\n\nMore of each: 'imgshare %s --help'.\n", noun->example, noun->name);
        return STATUS_DONE;
}

static enum status help_all(void) {
        (void)puts("Usage: imgshare [OPTION...] COMMAND [ARGUMENT...]\n"
                   "\n"
                   "Manages a catalog of machine images that imgsharefs mounts.\n"
                   "\n"
                   "Commands:");
        for (size_t i = 0; i < ARRAY_SIZE(nouns); i++)
                for (const struct verb *verb = nouns[i]; verb->name; verb++)
                        (void)printf("  %-14s %s\n", verb->name, verb->summary);
        (void)puts("\n"
                   "Options, before or behind the command:\n"
                   "  -C DIR         the catalog; default: $IMGSHARE_DIR, then " DEFAULT_DIR "\n"
                   "  --as ACCOUNT   act as this account, under its rules; default: operator\n"
                   "  -h, --help     this text, or a command's\n"
                   "  -V, --version  the version\n"
                   "\n"
                   "Example:\n"
                   "  imgshare -C /srv/images region add north\n"
                   "\n"
                   "Exit status: 0 done, 1 refused or found wanting, 2 wrong usage.");
        return STATUS_DONE;
}

static enum status version(void) {
        (void)puts("imgshare " IMGSHARE_VERSION);
        return STATUS_DONE;
}

static enum status verb_run(struct call *call) {
        const struct verb *verb = call->verb;
        enum status status = options_read(call, false);

        if (status)
                return status;
        if (call->help)
                return help_verb(verb);
        if (call->version)
                return version();
        if (call->count < verb->least || (verb->most >= 0 && call->count > verb->most))
                return error_usage("%s: too %s arguments, usage: imgshare %s %s", verb->name,
                                   call->count < verb->least ? "few" : "many", verb->name, verb->arguments);
        return verb->run(call);
}

/* Reads the second word of nouns with several verbs. */
static enum status run_noun(struct call *call, const struct verb *noun) {
        const int length = (int)noun_length(noun);
        enum status status;

        if (!noun->name[length]) {
                call->verb = noun;
                return verb_run(call);
        }
        status = options_read(call, true);
        if (status)
                return status;
        if (call->help)
                return help_noun(noun);
        if (call->version)
                return version();
        if (call->count == 0)
                return error_usage("%.*s: no command, see 'imgshare %.*s --help'", length, noun->name, length,
                                   noun->name);
        call->verb = find_verb(noun, call->arguments[0]);
        if (!call->verb)
                return error_usage("command '%.*s %s': unknown, see 'imgshare %.*s --help'", length, noun->name,
                                   call->arguments[0], length, noun->name);
        return verb_run(call);
}

static enum status run_program(struct call *call) {
        const struct verb *noun;
        enum status status = options_read(call, true);

        if (status)
                return status;
        if (call->help)
                return help_all();
        if (call->version)
                return version();
        if (call->count == 0)
                return error_usage("no command: see 'imgshare --help'");
        noun = find_noun(call->arguments[0]);
        if (!noun)
                return error_usage("command '%s': unknown, see 'imgshare --help'", call->arguments[0]);
        return run_noun(call, noun);
}

/* If a standard descriptor is closed, the catalog could get its number and be written to like a terminal. /dev/null
 * takes its place, read only. */
static bool fill_standard_descriptors(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) /* inherited: no O_CLOEXEC */
                        return false;
        return true;
}

static enum status close_output(void) {
        const bool failed = ferror(stdout);

        errno = 0;
        if (fclose(stdout) == 0 && !failed)
                return STATUS_DONE;
        return error_failed("standard output: %s", errno ? error_text(-errno, NULL) : "cannot be written");
}

int main(int argc, char **argv) {
        const char *dir = getenv("IMGSHARE_DIR");
        struct call call = {
                .dir = dir && *dir ? dir : DEFAULT_DIR,
                .as = "operator",
                .count = argc,
                .arguments = argv,
        };
        enum status status;

        if (!fill_standard_descriptors())
                return STATUS_REFUSED;
        (void)setlocale(LC_CTYPE, ""); /* for widths of characters; messages are not translated */
        status = run_program(&call);
        if (close_output() && status == STATUS_DONE)
                status = STATUS_REFUSED;
        return status;
}
