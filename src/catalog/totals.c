/* SPDX-License-Identifier: MIT
 * The days' totals for each who may read them: events are summed in memory, of a fixed size, then each sum is put once.
 * SQLite would sort every event for every reader.
 */
#include <stdlib.h>

#include "internal.h"

#define SUMS 1024
#define SLOTS (2 * SUMS) /* so that few meet */
#define READERS_MOST 4   /* of an event */
#define SETS 512         /* of names, each in that which its hash says */
#define WAYS 4

#define APART 8          /* numbers of accounts between two of a range */

struct sum {
        int64_t day, account, bytes, last;
        bool put; /* there was a row that it is added to */
};

/* Whose a name is, and since when. It is never used again, so that stays true. */
struct known {
        int64_t id, born; /* id 0: nothing is known */
        char name[NAME_SIZE];
};

struct totals {
        size_t count;
        struct sum sums[SUMS];
        struct sum *at, *end;    /* of the range that is being put */
        uint16_t slots[SLOTS]; /* where the sum of a day and account is, from 1; 0: there is none */
        struct known known[SETS][WAYS];
        unsigned next;           /* way that is given up */
};

/* What an event adds. */
struct addend {
        int64_t event, day, bytes, actor, owner; /* owner 0: the actor, or none */
        const char *account;                     /* NULL: none */
};

void totals_forget(struct catalog_connection *c) {
        if (c->totals)
                memset(c->totals, 0, sizeof(*c->totals));
}

void totals_end(struct catalog_connection *c) {
        free(c->totals);
        c->totals = NULL;
}

/* The set that a name is in. */
static struct known *set_of(struct totals *totals, const char *name) {
        uint64_t h = 0xcbf29ce484222325U;

        for (const char *p = name; *p; p++)
                h = (h ^ (unsigned char)*p) * 0x100000001b3U;
        return totals->known[(h ^ h >> 32) % SETS];
}

/* Whose the name is; ret_known->id 0: nobody's. */
static int ask_account(struct catalog_connection *c, const char *name, struct known *ret_known) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = statement_start(c, S_TOTALS_WHO, &s, "t", name);

        if (r == 0)
                r = statement_row(s);
        if (r < 0)
                return r;
        *ret_known = (struct known){ 0 };
        if (r > 0) {
                ret_known->id = sqlite3_column_int64(s, 0);
                ret_known->born = sqlite3_column_int64(s, 1);
        }
        return 0;
}

static int find_account(struct catalog_connection *c, const char *name, struct known *ret_known) {
        struct known *set = set_of(c->totals, name);
        int r;

        for (size_t i = 0; i < WAYS; i++)
                if (set[i].id != 0 && strcmp(set[i].name, name) == 0) {
                        *ret_known = set[i];
                        return 0;
                }
        r = ask_account(c, name, ret_known);
        if (r == 0 && ret_known->id != 0 && strlen(name) < sizeof(ret_known->name)) {
                strcpy(ret_known->name, name);
                set[c->totals->next++ % WAYS] = *ret_known;
        }
        return r;
}

static void sum(struct totals *totals, int64_t account, const struct addend *a) {
        size_t slot = ((uint64_t)account + (uint64_t)a->day * SUMS) * 0x9e3779b97f4a7c15U >> 32;
        struct sum *sum;

        for (;; slot++) {
                uint16_t *place = &totals->slots[slot %= SLOTS];

                if (*place == 0) {
                        totals->sums[totals->count] = (struct sum){ .day = a->day, .account = account };
                        *place = (uint16_t)++totals->count;
                }
                sum = &totals->sums[*place - 1];
                if (sum->day == a->day && sum->account == account)
                        break;
        }
        sum->bytes += a->bytes;
        sum->last = a->event;
}

/* The range's sum of an account; NULL: none. SQLite asks for most in order. */
static struct sum *sum_of(struct totals *totals, int64_t account) {
        struct sum *s = totals->at;

        while (s < totals->end && s->account < account)
                s++;
        if (s == totals->end || s->account != account)
                return NULL;
        totals->at = s;
        return s;
}

enum { SUM_IS_THERE, SUM_BYTES, SUM_LAST }; /* as indexed.def asks */

/* day_sum(account, what) */
static void run_day_sum(sqlite3_context *context, int count, sqlite3_value **values) {
        struct sum *s = sum_of(sqlite3_user_data(context), sqlite3_value_int64(values[0]));
        const int what = sqlite3_value_int(values[1]);

        (void)count;
        if (s && what == SUM_IS_THERE)
                s->put = true;
        sqlite3_result_int64(context, !s ? 0 : what == SUM_IS_THERE ? 1 : what == SUM_BYTES ? s->bytes : s->last);
}

static int compare(const void *left, const void *right) {
        const struct sum *a = left, *b = right;

        if (a->day != b->day)
                return a->day < b->day ? -1 : 1;
        return a->account < b->account ? -1 : a->account > b->account;
}

/* Adds to the rows there are, which SQLite passes one after the other, then makes the others. */
static int put_range(struct catalog_connection *c, struct sum *first, struct sum *end) {
        int r;

        c->totals->at = first;
        c->totals->end = end;
        r = statement_run(c, S_TOTALS_ADD, "iii", first->day, first->account, end[-1].account);
        for (const struct sum *s = first; s < end && r >= 0; s++)
                if (!s->put)
                        r = statement_run(c, S_TOTALS_PUT, "iiii", s->day, s->account, s->bytes, s->last);
        return r < 0 ? r : 0;
}

/* Puts the sums so far, and begins anew. */
static int put(struct catalog_connection *c) {
        struct totals *totals = c->totals;
        struct sum *const all = totals->sums + totals->count;
        int r = 0;

        qsort(totals->sums, totals->count, sizeof(*totals->sums), compare);
        for (struct sum *first = totals->sums, *end; first < all && r == 0; first = end) {
                for (end = first + 1; end < all && end->day == first->day && end->account <= end[-1].account + APART;)
                        end++;
                r = put_range(c, first, end);
        }
        totals->count = 0;
        memset(totals->slots, 0, sizeof(totals->slots));
        return r;
}

/* Each who may read it, once, as LOG lets through. */
static int add(struct catalog_connection *c, const struct addend *a) {
        struct totals *totals = c->totals;
        struct known other = { 0 };
        int r = totals->count + READERS_MOST > SUMS ? put(c) : 0;

        if (r == 0 && a->account)
                r = find_account(c, a->account, &other);
        if (r < 0)
                return r;
        sum(totals, 0, a);
        sum(totals, a->actor, a);
        if (other.id != 0 && other.id != a->actor && other.born <= a->event)
                sum(totals, other.id, a);
        if (a->owner != 0 && a->owner != a->actor && a->owner != other.id)
                sum(totals, a->owner, a);
        return 0;
}

static int begin(struct catalog_connection *c) {
        int r;

        if (c->totals)
                return 0;
        c->totals = calloc(1, sizeof(*c->totals));
        if (!c->totals)
                return -ENOMEM;
        r = sqlite_error(c->db, sqlite3_create_function(c->db, "day_sum", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, c->totals,
                                                        run_day_sum, NULL, NULL));
        if (r < 0)
                totals_end(c);
        return r;
}

int totals_fill(struct catalog_connection *c) {
        _cleanup_statement_ sqlite3_stmt *s = NULL;
        int r = begin(c);

        if (r == 0)
                r = statement_start(c, S_TOTALS_TAIL, &s, "");
        while (r == 0 && (r = statement_row(s)) > 0) {
                struct addend a = {
                        .event = sqlite3_column_int64(s, 0),
                        .day = sqlite3_column_int64(s, 1),
                        .bytes = sqlite3_column_int64(s, 2),
                        .actor = sqlite3_column_int64(s, 3),
                        .owner = sqlite3_column_int64(s, 5),
                };

                r = column_pointer(s, 4, &a.account);
                if (r == 0)
                        r = add(c, &a);
        }
        return r < 0 ? r : put(c);
}
