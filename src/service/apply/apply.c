/* SPDX-License-Identifier: MIT
 * Wanted shares in bulk: gathers lines, does some hundred in a transaction, and reports them after it.
 */
#include "apply/wing.h"
#include "clock.h"
#include "log/wing.h"

#define GAP_US 1200 /* between transactions: other processes that want to write look once a millisecond */

int apply_new(struct request *request, bool plan, const struct apply_report *report, struct apply **ret_apply) {
        struct apply *a = calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        a->request = request;
        a->plan = plan;
        a->report = *report;
        a->seal = SEAL_NONE;
        *ret_apply = a;
        return 0;
}

static void apply_job_done(struct apply_job *job) {
        free((char *)job->line.region);
        free((char *)job->line.image);
        free((char *)job->line.account);
        free(job->note);
        *job = (struct apply_job){ 0 };
}

struct apply *apply_free(struct apply *apply) {
        if (!apply)
                return NULL;
        for (size_t i = 0; i < apply->count; i++)
                apply_job_done(&apply->jobs[i]);
        seal_end(&apply->seal);
        numbers_done(&apply->more);
        numbers_done(&apply->planned);
        numbers_done(&apply->listed);
        numbers_done(&apply->named);
        free(apply->places);
        free(apply);
        return NULL;
}

/* Does jobs from a->from on, until its time is over; a->to is the first that is not done. */
static int run_jobs(struct catalog_connection *c, void *context) {
        struct apply *a = context;
        const int64_t until = clock_ns() + APPLY_NS;
        struct decision asker = { .request = a->request };
        int r = decision_caller(c, &asker);

        a->known = a->seal_wanted = false;
        a->to = a->from;
        while (r == 0 && a->to < a->count && (a->to == a->from || clock_ns() < until)) {
                struct apply_job *job = &a->jobs[a->to];

                free(job->note); /* left by a transaction that failed */
                job->note = NULL;
                r = apply_judge(c, a, job);
                if (r == 1)
                        break;
                a->to += r == 0;
        }
        a->seal_wanted = r == 1;
        return r < 0 ? r : 0;
}

/* A plan runs the jobs on a reading connection, changing nothing. */
static int plan_jobs(struct apply *a) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        int r = catalog_read(a->request->service->catalog, &c);

        return r < 0 ? r : run_jobs(c, a);
}

static int tell_job_step(struct apply *a, const struct apply_job *job, enum apply_verb verb) {
        return a->report.step(&(struct apply_step){ .verb = verb, .region = job->line.region, .image = job->line.image,
                                                    .account = job->line.account,
                                                    .expires = job->line.has_expires ? job->line.expires : 0 },
                              a->report.context);
}

static int tell_job_refusal(struct apply *a, const struct apply_job *job) {
        const struct apply_note *note = job->note;
        _cleanup_free_ char *asked = NULL;
        const struct apply_line *line = &job->line;

        if (job->result > 0 && !note)
                return -ENOMEM;
        if (note && !a->plan)
                denial_log(a->request->service, &note->caller, note->op, note->object, line->account, note->place,
                           job->result);
        if (!note && (line->account ? asprintf(&asked, "share %s/%s with %s", line->region, line->image, line->account)
                                    : asprintf(&asked, "list %s/%s", line->region, line->image)) < 0) {
                asked = NULL;
                return -ENOMEM;
        }
        return a->report.refusal(&(struct apply_refusal){ .line = line->number,
                                                          .asked = note ? note->refusal.asked : asked,
                                                          .result = job->result,
                                                          .fact = note ? note->refusal.fact : NULL },
                                 a->report.context);
}

static int tell_job(struct apply *a, const struct apply_job *job) {
        int r = 0;

        if (job->unshared)
                r = tell_job_step(a, job, APPLY_UNSHARE);
        if (job->shared)
                r = tell_job_step(a, job, APPLY_SHARE);
        else if (job->expiry_set)
                r = tell_job_step(a, job, APPLY_SET_EXPIRY);
        if (r == 0 && job->result != 0)
                r = tell_job_refusal(a, job);
        return r;
}

/* Outside the transaction: makes the disk durable that was found unsealed there. If somebody writes to it, the rules
 * say so when the line is tried again; if its region is offline, only this line fails. */
static int apply_seal_prepare(struct apply *a) {
        struct apply_job *job = &a->jobs[a->from];
        struct image image;

        a->sealed = a->decision.place;
        job->result = seal_prepare_own(&a->acting, a->decision.place, &image, &a->seal);
        if (job->result == 0)
                return 0;
        a->from++;
        return tell_job(a, job);
}

static void apply_seal_end(struct apply *a) {
        seal_end(&a->seal);
        a->sealed = 0;
}

static int next_transaction(struct apply *a) {
        int r = a->plan ? plan_jobs(a) : request_write(a->request, run_jobs, a);

        apply_seal_end(a); /* it has been used, or is of no use */
        for (; r == 0 && a->from < a->to; a->from++)
                r = tell_job(a, &a->jobs[a->from]);
        return r == 0 && a->seal_wanted ? apply_seal_prepare(a) : r;
}

int apply_flush(struct apply *apply) {
        int r = 0;

        apply->from = 0;
        while (r == 0 && apply->from < apply->count) {
                r = next_transaction(apply);
                if (!apply->plan)
                        (void)usleep(GAP_US); /* an early return only shortens it */
        }
        for (size_t i = 0; i < apply->count; i++)
                apply_job_done(&apply->jobs[i]);
        apply->count = 0;
        return r;
}

int apply_take(struct apply *a, const struct apply_line *line, int64_t place) {
        struct apply_job *job = &a->jobs[a->count];

        *job = (struct apply_job){ .line = *line, .place = place };
        job->line.region = strdup(line->region);
        job->line.image = strdup(line->image);
        job->line.account = line->account ? strdup(line->account) : NULL;
        if (!job->line.region || !job->line.image || (line->account && !job->line.account)) {
                apply_job_done(job);
                return -ENOMEM;
        }
        if (place != 0 && !a->plan) {
                struct decision d = { .request = a->request, .place = place, .account = job->line.account };
                int r = share_remains(a->request, &d, &job->remains);

                if (r < 0) {
                        apply_job_done(job);
                        return r;
                }
        }
        a->count++;
        return a->count == APPLY_LINES ? apply_flush(a) : 0;
}

int apply_add(struct apply *apply, const struct apply_line *line) {
        return apply_take(apply, line, 0);
}
