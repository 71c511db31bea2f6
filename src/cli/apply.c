/* SPDX-License-Identifier: MIT
 * `imgshare apply`: wanted shares from lines as `imgshare access --all` prints them. Reads and reports; the service
 * finds out what is missing.
 */
#include "apply.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "internal.h"
#include "share.h"
#include "timestamp.h"

static const struct column columns[] = {
        { "verb" }, { "region" }, { "image" }, { "account" }, { "expires", .omit = true }
};

struct run {
        const struct call *call;
        const char *name; /* of the input file */
        FILE *file;
        char *text; /* the current line */
        size_t room;
        int64_t number;
        bool plan, pruning, progress;
        bool malformed, refused;
        bool shown; /* the progress is on the screen */
        int64_t changes, looked; /* time in ms of the last progress line */
        struct table table;
        struct apply *apply;
        struct request *request;
};

/* Shows the progress to users who wait, five times a second. */
static void show_progress(struct run *run) {
        const int64_t now = timestamp_now();

        if (!run->progress || now - run->looked < 200)
                return;
        run->looked = now;
        run->shown = true;
        (void)fprintf(stderr, "\r%lld lines, %lld changes\033[K", (long long)run->number, (long long)run->changes);
}

static void apply_hide_progress(struct run *run) {
        if (run->shown)
                (void)fputs("\r\033[K", stderr);
        run->shown = false;
}

__attribute__((format(printf, 2, 3))) static void complain(struct run *run, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list arguments;
        int n;

        apply_hide_progress(run);
        va_start(arguments, format);
        n = vasprintf(&text, format, arguments);
        va_end(arguments);
        if (n < 0)
                text = NULL;
        (void)error_failed("%s", text ? text : "out of memory"); /* the status is returned at the end */
        run->refused = true;
}

static int apply_tell_step(const struct apply_step *step, void *context) {
        static const char *const verbs[] = {
                [APPLY_SHARE] = "share", [APPLY_UNSHARE] = "unshare", [APPLY_SET_EXPIRY] = "set-expiry"
        };
        struct run *run = context;
        char expires[TIMESTAMP_SIZE];
        const struct cell cells[] = {
                cell_text(verbs[step->verb]),
                cell_text(step->region),
                cell_text(step->image),
                cell_text(step->account),
                step->expires                           ? cell_text(timestamp_format(step->expires, expires))
                : step->verb == APPLY_SET_EXPIRY ? cell_text("never")
                                                        : cell_none(),
        };

        run->changes++;
        show_progress(run);
        return run->plan ? table_add(&run->table, cells) : 0;
}

static int apply_tell_refusal(const struct apply_refusal *refusal, void *context) {
        static const struct meaning meanings[] = {
                { ENOENT, "no such image" },
                { EINVAL, "not a valid name of an account" },
                { ENAMETOOLONG, "the name is too long: 64 characters at most" },
                { 0 },
        };
        struct run *run = context;
        char line[32] = "";

        if (refusal->line)
                (void)snprintf(line, sizeof(line), ":%lld", (long long)refusal->line);
        if (refusal->result > 0)
                complain(run, "%s%s: %s: %s: %s", run->name, line, refusal->asked,
                         rule_row((enum rule)refusal->result)->id, refusal->fact);
        else
                complain(run, "%s%s: %s: %s", run->name, line, refusal->asked, error_text(refusal->result, meanings));
        return 0;
}

/* Why a line is skipped: it is what `imgshare access --asof` printed of a share that would have ended by now. */
static const char passed[] = "its expiry has passed, skipped";

/* Parses a line. Returns NULL, or why it is malformed, or `passed`. */
static const char *take_apart(struct request *request, char *text, size_t length, struct apply_line *line) {
        static const char form[] = "not 'region, img@owner, account[, expires]', separated by tabs";
        char *rest = text;
        struct clock_state clock;
        const char *expires;
        int r = 0;

        if (strlen(text) != length)
                return form;
        line->region = strsep(&rest, "\t");
        line->image = strsep(&rest, "\t");
        line->account = strsep(&rest, "\t");
        expires = strsep(&rest, "\t");
        if (rest || !line->account || !*line->region || !*line->account || !strchr(line->image, '@'))
                return form;
        line->has_expires = expires && *expires;
        if (strcmp(line->account, "-") == 0) {
                line->account = NULL;
                return line->has_expires ? "nobody's share cannot expire" : NULL;
        }
        if (line->has_expires)
                r = clock_get(request, &clock);
        if (r < 0)
                return "expires: the log's clock cannot be read";
        if (line->has_expires)
                r = share_expiry_parse(&clock, expires, &line->expires);
        return r == -ETIME ? passed : r < 0 ? "expires: not a time" : NULL;
}

static bool is_comment(const char *text) {
        const char *c = text + strspn(text, " \t");

        return *c == '\0' || *c == '#';
}

/* 1: a line, 0: the end, -errno. Malformed lines are reported in the first pass. */
static int next_line(struct run *run, bool first, struct apply_line *ret_line) {
        ssize_t n;

        while (errno = 0, (n = getline(&run->text, &run->room, run->file)) >= 0) {
                const char *why;

                run->number++;
                if (n > 0 && run->text[n - 1] == '\n')
                        run->text[--n] = '\0';
                if (is_comment(run->text) && strlen(run->text) == (size_t)n)
                        continue;
                *ret_line = (struct apply_line){ .number = run->number };
                why = take_apart(run->request, run->text, (size_t)n, ret_line);
                if (!why)
                        return 1;
                if (first && why == passed) {
                        (void)error_failed("%s:%lld: %s", run->name, (long long)run->number, why); /* that is no failure */
                } else if (first) {
                        complain(run, "%s:%lld: %s", run->name, (long long)run->number, why);
                        run->malformed = true;
                }
        }
        return ferror(run->file) || errno ? -(errno ?: EIO) : 0;
}

static int each_line(struct run *run, bool first, int (*act)(struct apply *apply, const struct apply_line *line)) {
        struct apply_line line;
        int r;

        run->number = 0;
        while ((r = next_line(run, first, &line)) > 0) {
                r = act(run->apply, &line);
                if (r == 0 && run->table.count > 0 && table_flush(&run->table, run->call) < 0)
                        return 1; /* nobody reads the output; main reports it */
                if (r != 0)
                        return r;
                show_progress(run);
        }
        return r;
}

/* Copies the input, so that both passes read the same. */
static int copy_input(struct run *run) {
        FILE *copy = tmpfile();
        char buffer[65536];
        size_t n;

        if (!copy)
                return -errno;
        while ((n = fread(buffer, 1, sizeof(buffer), run->file)) > 0)
                if (fwrite(buffer, 1, n, copy) != n)
                        break;
        if (ferror(run->file) || ferror(copy) || fseek(copy, 0, SEEK_SET) < 0) {
                const int r = errno ? -errno : -EIO;

                (void)fclose(copy); /* the first error is reported */
                return r;
        }
        if (run->file != stdin)
                (void)fclose(run->file); /* opened for reading */
        run->file = copy;
        return 0;
}

/* Revokes unwanted shares first: before, there may be no room for new ones. */
static int prune(struct run *run) {
        int r = copy_input(run);

        if (r == 0)
                r = each_line(run, true, apply_list);
        if (r == 0 && run->malformed)
                complain(run, "%s: nothing is revoked: a malformed line may name who is wanted", run->name);
        else if (r == 0)
                r = apply_prune(run->apply);
        if (r == 0 && fseek(run->file, 0, SEEK_SET) < 0)
                r = -errno;
        return r;
}

static int apply(struct run *run) {
        int r = run->pruning ? prune(run) : 0;

        if (r == 0)
                r = each_line(run, !run->pruning, apply_add);
        if (r == 0)
                r = apply_flush(run->apply);
        apply_hide_progress(run);
        return r;
}

static enum status apply_session(struct run *run, struct session *session) {
        const struct apply_report report = { .step = apply_tell_step, .refusal = apply_tell_refusal, .context = run };
        _cleanup_(apply_cleanup) struct apply *work = NULL;
        int r = apply_new(&session->request, run->plan, &report, &work);

        run->apply = work;
        run->request = &session->request;
        if (r == 0)
                r = apply(run);
        if (r < 0)
                return error_result(&session->request, r, NULL, "apply", run->name);
        return STATUS_DONE;
}

static enum status open_input(struct run *run) {
        run->name = run->call->count > 0 ? run->call->arguments[0] : "-";
        run->file = strcmp(run->name, "-") == 0 ? stdin : fopen(run->name, "re");
        if (!run->file)
                return error_failed("cannot read '%s': %s", run->name, error_text(-errno, NULL));
        return STATUS_DONE;
}

static void close_input(struct run *run) {
        if (run->file && run->file != stdin)
                (void)fclose(run->file); /* opened for reading */
        free(run->text);
        table_clear(&run->table);
}

static enum status cmd_apply(const struct call *call) {
        _cleanup_(close_input) struct run run = {
                .call = call,
                .plan = call->option[OPTION_PLAN],
                .pruning = call->option[OPTION_PRUNE],
                .progress = isatty(STDERR_FILENO),
                .looked = timestamp_now(),
                .table = TABLE(columns),
        };
        _cleanup_(session_close) struct session session = { 0 };
        enum status status = open_input(&run);

        if (!status)
                status = session_open(call, run.plan ? SERVICE_READ_ONLY : 0, &session);
        if (!status)
                status = apply_session(&run, &session);
        session_close(&session);
        if (run.plan && run.table.count > 0 && table_print(&run.table, call))
                status = STATUS_REFUSED;
        return status ? status : run.refused ? STATUS_REFUSED : STATUS_DONE;
}

const struct verb apply_verbs[] = {
        { .name = "apply",
          .arguments = "[-n] [--prune] [FILE]",
          .summary = "make the shares those of a file",
          .help = "Reads lines as 'imgshare access --all' prints them, from FILE or, without it or\n"
                  "with '-', from standard input: region, img@owner, account and, if wanted, when\n"
                  "the share expires, separated by tabs; '#' begins a comment. Grants what is\n"
                  "missing and sets expiries that differ. A line without expiry leaves a live\n"
                  "share's as it is, 'never' clears it. Refused lines are told, the others done;\n"
                  "one whose expiry has passed is skipped, with a word.\n"
                  "\n"
                  "  -n       print the plan, change nothing: verb, region, image, account, expires\n"
                  "  --prune  also revoke an image's shares with accounts that no line lists for\n"
                  "           it; the account '-' stands for nobody\n",
          .example = "imgshare apply -n --prune shares.tsv",
          .most = 1,
          .options = WITH(PLAN) | WITH(PRUNE),
          .run = cmd_apply },
        { 0 },
};
