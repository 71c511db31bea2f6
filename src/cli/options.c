/* SPDX-License-Identifier: MIT
 * Options: one table for all verbs; each verb says which of them it takes.
 */
#include <getopt.h>

#include "cleanup.h"
#include "internal.h"

enum {
        LONG_FIRST = 256, /* after all characters; enum verb_option starts here */
        LONG_AS = LONG_FIRST + OPTION_COUNT,
};

static const struct option long_options[] = {
        { "account", required_argument, NULL, LONG_FIRST + OPTION_ACCOUNT },
        { "all", no_argument, NULL, LONG_FIRST + OPTION_ALL },
        { "asof", required_argument, NULL, LONG_FIRST + OPTION_ASOF },
        { "denied", no_argument, NULL, LONG_FIRST + OPTION_DENIED },
        { "digests", no_argument, NULL, LONG_FIRST + OPTION_DIGESTS },
        { "dot", no_argument, NULL, LONG_FIRST + OPTION_DOT },
        { "follow", no_argument, NULL, LONG_FIRST + OPTION_FOLLOW },
        { "head", required_argument, NULL, LONG_FIRST + OPTION_HEAD },
        { "image", required_argument, NULL, LONG_FIRST + OPTION_IMAGE },
        { "json", no_argument, NULL, LONG_FIRST + OPTION_JSON },
        { "list", no_argument, NULL, LONG_FIRST + OPTION_LIST },
        { "log", no_argument, NULL, LONG_FIRST + OPTION_LOG },
        { "prune", no_argument, NULL, LONG_FIRST + OPTION_PRUNE },
        { "quota", required_argument, NULL, LONG_FIRST + OPTION_QUOTA },
        { "repair", no_argument, NULL, LONG_FIRST + OPTION_REPAIR },
        { "role", required_argument, NULL, LONG_FIRST + OPTION_ROLE },
        { "since", required_argument, NULL, LONG_FIRST + OPTION_SINCE },
        { "store", required_argument, NULL, LONG_FIRST + OPTION_STORE },
        { "uid", required_argument, NULL, LONG_FIRST + OPTION_UID },
        { "until", required_argument, NULL, LONG_FIRST + OPTION_UNTIL },
        { "without-disks", no_argument, NULL, LONG_FIRST + OPTION_WITHOUT_DISKS },
        { "as", required_argument, NULL, LONG_AS },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
};

static const char *long_name(int value) {
        for (const struct option *o = long_options; o->name; o++)
                if (o->val == value)
                        return o->name;
        return NULL;
}

/* Own messages: getopt's have another form. */
static enum status option_refuse(int answer, const char *word) {
        const char *name = long_name(optopt);

        if (answer == ':' && optopt < LONG_FIRST)
                return error_usage("option '-%c': needs a value", optopt);
        if (answer == ':')
                return error_usage("option '--%s': needs a value", name);
        if (optopt == 0)
                return error_usage("option '%s': unknown", word);
        if (name)
                return error_usage("option '--%s': takes no value", name);
        return error_usage("option '-%c': unknown", optopt);
}

static enum status check_allowed(const struct call *call) {
        for (int i = 0; i < OPTION_COUNT; i++)
                if (call->option[i] && !(call->verb->options & (1U << i)))
                        return error_usage("option '-%s%s': not for '%s'", i == OPTION_PLAN ? "" : "-",
                                           i == OPTION_PLAN ? "n" : long_name(LONG_FIRST + i), call->verb->name);
        return STATUS_DONE;
}

enum status options_read(struct call *call, bool stop) {
        int answer;

        opterr = 0;
        optind = 0; /* glibc: start over with another argv */
        while ((answer = getopt_long(call->count, call->arguments, stop ? "+:C:hnV" : ":C:hnV", long_options,
                                     NULL)) >= 0)
                switch (answer) {
                case 'C':
                        call->dir = optarg;
                        break;
                case LONG_AS: /* behind a verb that gives a name: that */
                        if (call->verb && call->verb->options & WITH(NEW_NAME))
                                call->option[OPTION_NEW_NAME] = optarg;
                        else
                                call->as = optarg;
                        break;
                case 'n':
                        call->option[OPTION_PLAN] = "";
                        break;
                case 'h':
                        call->help = true;
                        return STATUS_DONE;
                case 'V':
                        call->version = true;
                        return STATUS_DONE;
                case ':':
                case '?':
                        return option_refuse(answer, call->arguments[optind - 1]);
                default:
                        call->option[answer - LONG_FIRST] = optarg ? optarg : "";
                }
        call->count -= optind;
        call->arguments += optind;
        return call->verb ? check_allowed(call) : STATUS_DONE;
}
