/* SPDX-License-Identifier: MIT
 * The log of refusals. The first of a kind is a row at once; its repeats within a minute are counted and become one
 * more row. Single rows are rationed, for each caller and for all; refusals beyond that are counted by caller,
 * operation and rule only. So a loop of refused calls fills no disk, takes bounded memory and costs others no flush,
 * and no refused caller waits for a disk. Yet each refusal is in the log, by itself or in a count.
 */
#include "log/wing.h"
#include "log/rate.h"
#include "utf8.h"

#define WINDOW_MS 60000
#define KINDS_MAX 1024   /* of refusals at a time; as many again that are folded */
#define CALLERS_MAX 256  /* with a ration of their own, at a time */
#define WAITING_MAX 256  /* rows on their way to the log */
#define CHAINS 256
#define SHOWN_SIZE 256   /* bytes of a name as logged, valid or not */

static const struct rate caller_rate = { .at_once = 100, .a_minute = 10 };
static const struct rate common_rate = { .at_once = 1000, .a_minute = 200 };

/* A kind of refusal, or its row on the way to the log. Owns its texts. */
struct denial {
        struct denial *next;
        struct caller caller;
        enum event_op op;
        char *object, *account; /* NULL: none, or counted without */
        int64_t place;
        int verdict;   /* the rule that refused; -errno: none did */
        bool folded;   /* counted by caller, operation and rule only */
        bool several;  /* and not by caller either: the built-in operator stands for them */
        int64_t since; /* ms */
        int64_t count; /* of a kind: refusals in no row yet; of a row: so many that it counts, 0: a single one */
};

struct quota {
        int64_t account;
        uid_t uid;
        struct allowance allowance;
};

struct denials {
        pthread_mutex_t lock;
        struct denial *chains[CHAINS];
        size_t kinds[2]; /* indexed by `folded` */
        struct quota quotas[CALLERS_MAX];
        struct allowance common;
        struct denial *waiting, **last; /* rows to be written */
        size_t rows;                    /* these, and what the writer has taken */
        bool posted;                    /* a job for them is posted */
};

/* The rows that one posted job writes. A commit may serve several jobs. */
struct writing {
        struct denials *denials;
        struct denial *rows;
};

static struct denial *denial_free(struct denial *d) {
        if (!d)
                return NULL;
        free(d->object);
        free(d->account);
        free(d);
        return NULL;
}

static struct denial *chain_free(struct denial *d) {
        while (d) {
                struct denial *next = d->next;

                (void)denial_free(d); /* returns NULL */
                d = next;
        }
        return NULL;
}

int denials_new(struct denials **ret_denials) {
        struct denials *denials = calloc(1, sizeof(*denials));

        if (!denials)
                return -ENOMEM;
        (void)pthread_mutex_init(&denials->lock, NULL); /* cannot fail with default attributes */
        denials->last = &denials->waiting;
        *ret_denials = denials;
        return 0;
}

struct denials *denials_free(struct denials *denials) {
        if (!denials)
                return NULL;
        for (int i = 0; i < CHAINS; i++)
                (void)chain_free(denials->chains[i]); /* returns NULL, as the next one */
        (void)chain_free(denials->waiting);
        (void)pthread_mutex_destroy(&denials->lock); /* nobody is refused any more */
        free(denials);
        return NULL;
}

static struct denial *denial_copy(const struct denial *model) {
        struct denial *d = malloc(sizeof(*d));

        if (!d)
                return NULL;
        *d = *model;
        d->next = NULL;
        d->object = model->object ? strdup(model->object) : NULL;
        d->account = model->account ? strdup(model->account) : NULL;
        return (model->object && !d->object) || (model->account && !d->account) ? denial_free(d) : d;
}

/* --- kinds, under the lock from here on --- */

static bool same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_kind(const struct denial *a, const struct denial *b) {
        return a->caller.account == b->caller.account && a->caller.uid == b->caller.uid && a->op == b->op &&
               a->verdict == b->verdict && a->folded == b->folded && a->several == b->several &&
               same_text(a->object, b->object) && same_text(a->account, b->account);
}

static struct denial **chain_of(struct denials *denials, const struct denial *d) {
        size_t h = (size_t)d->caller.account * 31 + d->caller.uid;
        const char *texts[] = { d->object, d->account };

        h = (h * 31 + (size_t)d->op) * 31 + (size_t)d->verdict;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                for (const char *p = texts[i]; p && *p; p++)
                        h = h * 31 + (unsigned char)*p;
        return &denials->chains[h % CHAINS];
}

/* The link to the kind, or to where it would be. */
static struct denial **kind_find(struct denials *denials, const struct denial *model) {
        struct denial **link = chain_of(denials, model);

        while (*link && !same_kind(*link, model))
                link = &(*link)->next;
        return link;
}

/* Adds a kind at the end of its chain. NULL: no memory. */
static struct denial *kind_insert(struct denials *denials, struct denial **link, const struct denial *model) {
        *link = denial_copy(model);
        if (*link)
                denials->kinds[model->folded]++;
        return *link;
}

static struct denial *kind_take_out(struct denials *denials, struct denial **link) {
        struct denial *d = *link;

        *link = d->next;
        d->next = NULL;
        denials->kinds[d->folded]--;
        return d;
}

/* The ration of a caller; NULL: too many callers are being refused. A ration that is whole gives up its slot. */
static struct allowance *allowance_of(struct denials *denials, const struct caller *caller, int64_t now) {
        struct quota *unused = NULL;

        for (struct quota *q = denials->quotas; q < denials->quotas + CALLERS_MAX; q++) {
                if (q->account == caller->account && q->uid == caller->uid)
                        return &q->allowance;
                if (!unused && allowance_whole(&q->allowance, now))
                        unused = q;
        }
        if (!unused)
                return NULL;
        *unused = (struct quota){ .account = caller->account, .uid = caller->uid };
        return &unused->allowance;
}

static void row_add(struct denials *denials, struct denial *row) {
        *denials->last = row;
        denials->last = &row->next;
        denials->rows++;
}

/* Is there room, and a ration left, for one more row? */
static bool row_may(struct denials *denials, int64_t now) {
        return denials->rows < WAITING_MAX && allowance_left(&denials->common, &common_rate, now);
}

/* Adds a row for the first refusal of a kind. False: there is no room; it must be folded. */
static bool log_first(struct denials *denials, const struct denial *model, int64_t now) {
        struct allowance *ration = allowance_of(denials, &model->caller, now);
        struct denial *row, **link = kind_find(denials, model);

        if (!ration || denials->kinds[false] >= KINDS_MAX || !allowance_left(ration, &caller_rate, now) ||
            !row_may(denials, now))
                return false;
        row = denial_copy(model);
        if (!row || !kind_insert(denials, link, model)) {
                (void)denial_free(row); /* returns NULL */
                return false;
        }
        allowance_spend(ration, &caller_rate, now);
        allowance_spend(&denials->common, &common_rate, now);
        row_add(denials, row);
        return true;
}

/* Closes a kind whose minute is over, or (at_once) any kind. False: it goes on counting, also for lack of room. */
static bool kind_close(struct denials *denials, struct denial **link, bool at_once, int64_t now) {
        struct denial *d = *link;

        if (!at_once && now - d->since < WINDOW_MS)
                return false;
        if (d->count > 0 && !at_once && !row_may(denials, now))
                return false;
        d = kind_take_out(denials, link);
        if (d->count > 0) {
                allowance_spend(&denials->common, &common_rate, now);
                row_add(denials, d);
        } else {
                (void)denial_free(d); /* returns NULL */
        }
        return true;
}

/* Counts refusals by caller, operation and rule only; not by caller either if there are too many such kinds. */
static void kind_fold(struct denials *denials, const struct denial *what, int64_t count, int64_t now) {
        struct denial model = { .caller = what->caller, .op = what->op, .verdict = what->verdict, .folded = true,
                                .several = what->several, .since = now };
        struct denial **link = kind_find(denials, &model);

        if (*link && kind_close(denials, link, false, now))
                link = kind_find(denials, &model);
        if (!*link && denials->kinds[true] >= KINDS_MAX) {
                model.several = true;
                model.caller = (struct caller){ .account = 1, .uid = geteuid(), .via = VIA_MOUNT };
                link = kind_find(denials, &model);
        }
        if (*link || kind_insert(denials, link, &model))
                (*link)->count += count;
}

/* --- to the log --- */

static int write_row(struct catalog_connection *c, const struct denial *d) {
        const struct rule_row *row = d->verdict > 0 ? rule_row((enum rule)d->verdict) : NULL;
        struct event event = {
                .caller = &d->caller,
                .op = d->op,
                .object = d->object,
                .account = d->account,
                .place = d->place,
                .rule = row ? row->id : RULE_NONE_ID,
                .error = strerrorname_np(row ? row->error : -d->verdict),
        };
        int64_t id;

        if (d->count > 0) {
                event.detail[0].key = "repeated";
                event.detail[0].number = d->count;
        }
        if (d->several) {
                event.detail[1].key = "callers";
                event.detail[1].text = "several";
        }
        return catalog_event_add(c, &event, &id);
}

/* Moves the waiting rows to a job, which owns them until waiting_written(). */
static void take_waiting(struct writing *writing) {
        struct denials *denials = writing->denials;

        writing->rows = TAKE_PTR(denials->waiting);
        denials->last = &denials->waiting;
        denials->posted = false;
}

static int write_waiting(struct catalog_connection *c, void *context) {
        struct writing *writing = context;
        int r = 0;

        (void)pthread_mutex_lock(&writing->denials->lock);
        take_waiting(writing);
        (void)pthread_mutex_unlock(&writing->denials->lock);
        for (const struct denial *d = writing->rows; d && r == 0; d = d->next)
                r = write_row(c, d);
        return r;
}

/* Rows that could not be written are counted again. */
static void waiting_written(void *context, int r) {
        struct writing *writing = context;
        struct denials *denials = writing->denials;
        int64_t now = rate_now();

        (void)pthread_mutex_lock(&denials->lock);
        if (r < 0 && !writing->rows) /* write_waiting() did not run */
                take_waiting(writing);
        for (const struct denial *d = writing->rows; d; d = d->next) {
                denials->rows--;
                if (r < 0)
                        kind_fold(denials, d, d->count > 0 ? d->count : 1, now);
        }
        (void)pthread_mutex_unlock(&denials->lock);
        (void)chain_free(writing->rows); /* returns NULL */
        free(writing);
}

/* Posts a job for the waiting rows. If that fails, they wait for the next call; no request fails. */
static void denials_post(struct service *service) {
        struct denials *denials = service->denials;
        struct writing *writing;

        if (!denials->waiting || denials->posted)
                return;
        writing = malloc(sizeof(*writing));
        if (!writing)
                return; /* the next call tries again */
        *writing = (struct writing){ .denials = denials };
        denials->posted = catalog_post(service->catalog, write_waiting, writing, waiting_written) == 0;
        if (!denials->posted)
                free(writing);
}

/* Makes a name as it was typed fit for the log. */
static char *shown_name(const char *text, char ret_text[static SHOWN_SIZE]) {
        (void)snprintf(ret_text, SHOWN_SIZE, "%s", text); /* a long one is cut */
        utf8_clean(ret_text);
        return ret_text;
}

void denial_log(struct service *service, const struct caller *caller, enum event_op op, const char *object,
                const char *account, int64_t place, int verdict) {
        const int64_t now = rate_now();
        char object_text[SHOWN_SIZE], account_text[SHOWN_SIZE];
        const struct denial model = { .caller = *caller, .op = op, .place = place, .verdict = verdict, .since = now,
                                      .object = object && *object ? shown_name(object, object_text) : NULL,
                                      .account = account ? shown_name(account, account_text) : NULL };
        struct denials *denials = service->denials;
        struct denial **link;

        if (service->flags & SERVICE_READ_ONLY)
                return;
        (void)pthread_mutex_lock(&denials->lock);
        link = kind_find(denials, &model);
        if (*link && !kind_close(denials, link, false, now))
                (*link)->count++;
        else if (!log_first(denials, &model, now))
                kind_fold(denials, &model, 1, now);
        denials_post(service);
        (void)pthread_mutex_unlock(&denials->lock);
}

void denials_flush(struct service *service, bool all) {
        struct denials *denials = service->denials;
        const int64_t now = rate_now();

        (void)pthread_mutex_lock(&denials->lock);
        for (int i = 0; i < CHAINS; i++)
                for (struct denial **link = &denials->chains[i]; *link;)
                        if (!kind_close(denials, link, all, now))
                                link = &(*link)->next;
        denials_post(service);
        (void)pthread_mutex_unlock(&denials->lock);
}
