/* SPDX-License-Identifier: MIT
 * The log of refusals: the first of a kind is a row at once, its repeats within a minute are counted and become one
 * more. A caller that loops costs nobody else a disk, and no refused caller waits for one.
 */
#include "internal.h"
#include "timestamp.h"

#define SLOTS 256
#define WINDOW_MS 60000

/* A refusal on its way to the log: owns its texts. */
struct denial {
        struct caller caller;
        enum event_op op;
        char *object, *account;
        int64_t place;
        int rule;
        int64_t first, repeated; /* ms; how often since */
};

struct denials {
        pthread_mutex_t lock;
        struct denial *slots[SLOTS];
};

static void denial_free(void *denial) {
        struct denial *d = denial;

        if (!d)
                return;
        free(d->object);
        free(d->account);
        free(d);
}

int denials_new(struct denials **ret_denials) {
        struct denials *denials = calloc(1, sizeof(*denials));

        if (!denials)
                return -ENOMEM;
        (void)pthread_mutex_init(&denials->lock, NULL); /* cannot fail with default attributes */
        *ret_denials = denials;
        return 0;
}

struct denials *denials_free(struct denials *denials) {
        if (!denials)
                return NULL;
        for (int i = 0; i < SLOTS; i++)
                denial_free(denials->slots[i]);
        free(denials);
        return NULL;
}

static int write_denial(struct catalog_connection *c, void *context) {
        const struct denial *d = context;
        const struct rule_row *row = rule_row((enum rule)d->rule);
        struct event event = {
                .caller = &d->caller,
                .op = d->op,
                .object = d->object,
                .account = d->account,
                .place = d->place,
                .rule = row->id,
                .error = strerrorname_np(row->error),
        };
        int64_t id;

        if (d->repeated > 0) {
                event.detail[0].key = "repeated";
                event.detail[0].number = d->repeated;
        }
        return catalog_event_add(c, &event, &id);
}

/* Takes ownership. A log that cannot be written loses the line, not the request. */
static void post(struct service *service, struct denial *denial) {
        if (catalog_post(service->catalog, write_denial, denial, denial_free) < 0)
                denial_free(denial);
}

static bool same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_kind(const struct denial *a, const struct denial *b) {
        return a->caller.account == b->caller.account && a->caller.uid == b->caller.uid && a->op == b->op &&
               a->rule == b->rule && same_text(a->object, b->object) && same_text(a->account, b->account);
}

static size_t slot_of(const struct denial *d) {
        size_t h = (size_t)d->caller.account * 31 + d->caller.uid;
        const char *texts[] = { d->object, d->account };

        h = (h * 31 + (size_t)d->op) * 31 + (size_t)d->rule;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                for (const char *p = texts[i]; p && *p; p++)
                        h = h * 31 + (unsigned char)*p;
        return h % SLOTS;
}

static struct denial *denial_new(const struct denial *model) {
        struct denial *d = malloc(sizeof(*d));

        if (!d)
                return NULL;
        *d = *model;
        d->object = model->object ? strdup(model->object) : NULL;
        d->account = model->account ? strdup(model->account) : NULL;
        if ((model->object && !d->object) || (model->account && !d->account)) {
                denial_free(d);
                return NULL;
        }
        return d;
}

/* Empties a slot: its repeats go to the log. Under the lock. */
static void close_slot(struct service *service, struct denial **slot) {
        struct denial *d = TAKE_PTR(*slot);

        if (d && d->repeated > 0)
                post(service, d);
        else
                denial_free(d);
}

void denial_log(struct service *service, const struct caller *caller, enum event_op op, const char *object,
                const char *account, int64_t place, int rule) {
        const struct denial model = { .caller = *caller, .op = op, .place = place, .rule = rule,
                                      .object = object && *object ? (char *)object : NULL, .account = (char *)account,
                                      .first = timestamp_now() };
        struct denials *denials = service->denials;
        struct denial **slot, *d;

        if (service->flags & SERVICE_READ_ONLY)
                return;
        (void)pthread_mutex_lock(&denials->lock);
        slot = &denials->slots[slot_of(&model)];
        if (*slot && same_kind(*slot, &model) && model.first - (*slot)->first < WINDOW_MS) {
                (*slot)->repeated++;
        } else {
                close_slot(service, slot);
                *slot = denial_new(&model);
                d = denial_new(&model);
                if (d)
                        post(service, d);
        }
        (void)pthread_mutex_unlock(&denials->lock);
}

void denials_flush(struct service *service, bool all) {
        struct denials *denials = service->denials;
        int64_t now = timestamp_now();

        (void)pthread_mutex_lock(&denials->lock);
        for (int i = 0; i < SLOTS; i++)
                if (denials->slots[i] && (all || now - denials->slots[i]->first >= WINDOW_MS))
                        close_slot(service, &denials->slots[i]);
        (void)pthread_mutex_unlock(&denials->lock);
}
