/* SPDX-License-Identifier: MIT
 * Tries an operation with one fault after another, each time on a copy of the same catalog. Each time it must succeed
 * in full, or report an error, change nothing, and succeed at the next try.
 */
#include "fault.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../unit/service/scratch.h"
#include "check.h"
#include "oracle.h"
#include "place.h"

#define FIRST 4 /* calls tried both ways (once, persistently) even in a short run; later ones only one way */
#define HANGS 120 /* s: no try takes so long, even under valgrind */

struct trial {
        const struct operation *operation;
        struct fault fault;
        char *rows;              /* snapshot of the catalog before */
        char *before, *after;    /* snapshots before, and after a try without fault */
        char *told;              /* told by a try without fault */
        int calls[FAULT_KINDS];  /* made by a try without fault */
        int descriptors, allocations; /* open before the tries */
};

static int tries;
static char told[65536]; /* by trial_told */
static char trying[512]; /* the current fault, and how to repeat it */

void trial_told(const char *format, ...) {
        size_t length = strlen(told);
        va_list arguments;
        char line[4096], *old;

        va_start(arguments, format);
        (void)vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        old = strstr(told, line);
        if (!old || (old != told && old[-1] != '\n'))
                (void)snprintf(told + length, sizeof(told) - length, "%s", line);
}

static void describe(const struct trial *t) {
        const struct fault *f = &t->fault;

        (void)snprintf(trying, sizeof(trying),
                       "%s, call %d of %s failing%s (%d); again with "
                       "FAULT_OPERATION='%s' FAULT_KIND='%s' FAULT_CALL=%d IMGSHARE_LONG=1\n",
                       t->operation->name, f->n, fault_name(f->kind), f->persistent ? " from then on" : "",
                       fault_error(f->kind, f->error), t->operation->name, fault_name(f->kind), f->n);
}

/* Reports the fault of a try that hangs; meson's timeout would not. */
static void hang(int signal) {
        static const char text[] = "hangs: ";

        (void)signal;
        if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 || write(STDERR_FILENO, trying, strlen(trying)) < 0)
                _exit(2);
        abort();
}

__attribute__((format(printf, 1, 2))) static void wrong(const char *format, ...) {
        va_list arguments;

        print_error("%s", trying);
        va_start(arguments, format);
        vprint_error(format, arguments);
        va_end(arguments);
        fail_msg("see above");
}

static enum snapshot_flags before_flags(const struct trial *t) {
        return (t->operation->flags & OPERATION_REFUSED ? SNAPSHOT_NO_LOG : 0) |
               (t->operation->flags & OPERATION_BYTES ? SNAPSHOT_NO_FILES : 0) |
               (t->operation->flags & OPERATION_LINKED ? SNAPSHOT_NO_LINKS : 0) |
               (t->fault.persistent ? SNAPSHOT_NO_RESERVATIONS : 0);
}

static enum snapshot_flags rows_flags(const struct trial *t) {
        return before_flags(t) | SNAPSHOT_NO_FILES | SNAPSHOT_NO_RESERVATIONS;
}

static enum snapshot_flags after_flags(const struct trial *t) {
        return (t->operation->flags & OPERATION_REFUSED ? SNAPSHOT_NO_LOG : 0) |
               (t->operation->flags & (OPERATION_LINKS | OPERATION_LINKED) ? SNAPSHOT_NO_LINKS : 0) | SNAPSHOT_NO_RESERVATIONS;
}

/* Expects the directory to be as before; sweep: except for what the next mount removes. */
static void expect(const char *was, enum snapshot_flags flags, bool sweep, const char *what) {
        _cleanup_free_ char *is = snapshot(scratch_name("dir"), flags), *difference = NULL;

        if (strcmp(was, is) == 0)
                return;
        if (sweep) {
                place_sweep();
                if (!strstr(was, "/lost+found"))
                        place_forget();
                free(is);
                is = snapshot(scratch_name("dir"), flags);
                if (strcmp(was, is) == 0)
                        return;
        }
        difference = snapshot_difference(was, is);
        wrong("%s:\n%s\n", what, difference);
}

/* A failed operation must not be done after a crash either. */
static void expect_after_crash(const struct trial *t) {
        _cleanup_free_ char *is = NULL, *difference = NULL;

        if (t->fault.kind != FAULT_VFS_SYNC && t->fault.kind != FAULT_VFS_WRITE && t->fault.kind != FAULT_STEP)
                return;
        place_crash();
        is = snapshot(scratch_name("crashed"), rows_flags(t));
        difference = snapshot_difference(t->rows, is);
        if (strcmp(t->rows, is) != 0)
                wrong("it failed, but after a crash it is done:\n%s\n", difference);
}

static void begin(const struct trial *t) {
        told[0] = '\0';
        place_copy();
        if (!(t->operation->flags & OPERATION_ALONE))
                scratch_reopen(0);
        if (t->operation->begin)
                t->operation->begin();
}

static struct request *asker(const struct trial *t) {
        return t->operation->flags & OPERATION_ALONE ? NULL : as(t->operation->who ?: "operator");
}

static int found(const struct finding *finding, void *context) {
        (void)context;
        wrong("check: %s %s: %s\n", finding->what, finding->object, finding->problem);
        return 0;
}

/* Checks that what is on disk is consistent. */
static void check(void) {
        uint8_t hash[CHECK_HASH_SIZE];
        int64_t event;

        place_sweep();
        scratch_reopen(SERVICE_READ_ONLY);
        assert_int_equal(check_run(as("operator"), true, found, NULL), 0);
        assert_int_equal(check_log(as("operator"), NULL, found, NULL, &event, hash), 0);
        scratch_service = service_close(scratch_service);
}

#define SOUND 512

/* Whatever failed, the rows must follow from the log. Most tries leave a catalog that an earlier one has left, too. */
static void expect_sound(void) {
        static uint64_t sound[SOUND];
        uint64_t hash = place_catalog_hash();
        int r;

        if (hash != 0 && sound[hash % SOUND] == hash)
                return;
        r = oracle_check(scratch_name("dir/catalog.db"), stderr);
        if (r != 0)
                wrong("the oracle says %d\n", r);
        sound[hash % SOUND] = hash;
}

/* Ends a try; nothing may be left open. */
static void end(const struct trial *t) {
        if (t->operation->end)
                t->operation->end();
        scratch_service = service_close(scratch_service);
        expect_sound();
        /* other tries were compared with a snapshot that was checked */
        if (t->fault.n == 0 || (t->operation->flags & OPERATION_STEPS && tries % (getenv("IMGSHARE_LONG") ? 1 : 8) == 0))
                check();
        if (place_descriptors() != t->descriptors)
                wrong("%d descriptors are open, not %d\n", place_descriptors(), t->descriptors);
        if (fault_sqlite_allocations() != t->allocations)
                wrong("%d allocations of SQLite's are left\n", fault_sqlite_allocations() - t->allocations);
}

static int act(const struct trial *t, const struct fault *fault, bool *ret_reached, int *ret_calls) {
        struct request *request = asker(t);
        int r;

        fault_arm(fault);
        r = t->operation->act(request);
        *ret_reached = fault_disarm(ret_calls);
        if (r == t->operation->result && t->told && strcmp(t->told, told) != 0)
                wrong("it succeeds, and tells:\n%s\nand not:\n%s\n", told, t->told);
        return r;
}

/* After a failure: nothing has changed, others can write, and the same operation succeeds. */
static void again(struct trial *t, int r) {
        const struct operation *o = t->operation;
        bool reached;

        if (r < 0 && !fault_answer(&t->fault, r))
                wrong("it says %s\n", strerrorname_np(-r));
        if (r > 0)
                wrong("it is refused by rule %d\n", r);
        if (!snapshot_writable(scratch_name("dir")))
                wrong("the catalog stays locked\n");
        if (!(o->flags & (OPERATION_ROUND | OPERATION_STEPS)) && !(o->flags & OPERATION_STORE && t->fault.persistent)) {
                expect(t->before, before_flags(t), t->fault.persistent, "it failed, and changed something");
                expect_after_crash(t);
        }
        if (o->flags & OPERATION_FRESH) {
                if (o->end)
                        o->end();
                if (o->begin)
                        o->begin();
        }
        if (!(o->flags & OPERATION_ROUND)) /* else the retry tells only the rest */
                told[0] = '\0';
        r = act(t, &(struct fault){ 0 }, &reached, NULL);
        if (r != o->result)
                wrong("once nothing fails any more it returns %d\n", r);
        if (!(o->flags & OPERATION_STEPS))
                expect(t->after, after_flags(t), true, "the second time it does something else");
}

/* False: the fault was not reached. */
static bool try_once(struct trial *t) {
        const struct operation *o = t->operation;
        bool reached;
        int r;

        tries++;
        describe(t);
        (void)alarm(HANGS);
        begin(t);
        r = act(t, &t->fault, &reached, NULL);
        if (r != o->result || o->flags & OPERATION_ROUND)
                again(t, r);
        else if (!(o->flags & OPERATION_STEPS))
                expect(t->after, after_flags(t), true, "it succeeded, but not in full");
        if (o->check)
                o->check();
        end(t);
        return reached;
}

/* Calls that come in hundreds: allocations, bindings, and any while a log is copied back. */
static bool many(enum fault_kind kind, int calls) {
        return kind == FAULT_MEMORY || kind == FAULT_SQL_MEMORY || kind == FAULT_PREPARE || calls > 200;
}

/* Of such calls, besides the first ones and the last, about so many are tried, evenly spread. */
static int spread(void) {
        const char *wanted = getenv("FAULT_SPREAD");

        return wanted && atoi(wanted) > 0 ? atoi(wanted) : 4;
}

/* Which n to try after the given one. */
static int next(enum fault_kind kind, int n, int calls) {
        int step = (calls - FIRST) / spread();

        if (getenv("IMGSHARE_LONG") || !many(kind, calls) || n < FIRST || n >= calls || step <= 1)
                return n + 1;
        return n + step > calls ? calls : n + step;
}

/* Tries until a call is not reached: after a fault there can be more calls than without one. */
static void try_kind(struct trial *t, enum fault_kind kind, bool persistent) {
        const char *only = getenv("FAULT_KIND"), *call = getenv("FAULT_CALL");
        int errors = fault_errors(kind), first = 0, last = errors;
        bool reached = t->calls[kind] > 0 && (!only || strcmp(only, fault_name(kind)) == 0), brief = !getenv("IMGSHARE_LONG");

        for (int n = 1; reached; n = next(kind, n, t->calls[kind])) {
                if (call ? n != atoi(call) : brief && n > FIRST && (n + persistent) % 2 != 0)
                        continue;
                if (brief) /* one error per call, in turn */
                        first = (n + persistent) / 2 % errors, last = first + 1;
                for (int e = first; e < last; e++) {
                        t->fault = (struct fault){ .kind = kind, .n = n, .persistent = persistent, .error = e };
                        reached = try_once(t);
                }
                if (call)
                        break;
        }
}

static void learn(struct trial *t) {
        bool reached;
        int r;

        describe(t);
        begin(t);
        t->rows = snapshot(scratch_name("dir"), rows_flags(t));
        t->before = snapshot(scratch_name("dir"), before_flags(t));
        r = act(t, &t->fault, &reached, t->calls);
        if (r != t->operation->result)
                wrong("without a fault it returns %d\n", r);
        t->after = snapshot(scratch_name("dir"), after_flags(t));
        t->told = strdup(told);
        assert_non_null(t->told);
        if (t->operation->check)
                t->operation->check();
        end(t);
}

static void trial(void **state) {
        struct trial t = { .operation = *state, .descriptors = place_descriptors(),
                           .allocations = fault_sqlite_allocations() };

        place_prepare(t.operation->prepare);
        learn(&t);
        for (int kind = 0; kind < FAULT_KINDS; kind++)
                for (int persistent = 0; persistent <= 1; persistent++)
                        try_kind(&t, (enum fault_kind)kind, persistent);
        free(t.rows);
        free(t.before);
        free(t.after);
        free(t.told);
}

static int clean(void **state) {
        (void)state;
        (void)fault_disarm(NULL);
        fault_apart = false;
        scratch_service = service_close(scratch_service);
        place_remove();
        return 0;
}

int trial_run(const char *group, const struct operation *operations, size_t count) {
        _cleanup_free_ struct CMUnitTest *tests = calloc(count, sizeof(*tests));
        int failed;

        assert_non_null(tests);
        (void)signal(SIGALRM, hang);
        fault_sqlite();
        for (size_t i = 0; i < count; i++)
                tests[i] = (struct CMUnitTest){ .name = operations[i].name, .test_func = trial, .teardown_func = clean,
                                                .initial_state = (void *)&operations[i] };
        cmocka_set_test_filter(getenv("FAULT_OPERATION"));
        failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
        print_message("%d tries\n", tries);
        return failed;
}
