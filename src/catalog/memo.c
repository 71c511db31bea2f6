/* SPDX-License-Identifier: MIT
 * Remembers rows that lookups have read, until a commit of any process could have changed one. Every commit changes the
 * header of SQLite's WAL index (sqlite.org/walformat.html, "The WAL-Index Header"). It is read where SQLite has mapped
 * it, without a lock or a system call. If it differs by a bit, or is not a known version, the catalog is asked. Rows
 * survive one kind of commit: our own, if it only granted or ended shares. Writers and decisions always ask.
 */
#include <assert.h>

#include "connection.h"
#include "memo.h"

#define WAYS 8
#define LOCKS 64
#define WAL_INDEX_VERSION 3007000
#define IS_SET 0x01          /* byte 12 of a header in use */
#define CHANGE_AT 8          /* offset in the header: number of transactions, 4 bytes */
#define FRAMES_AT 16         /* offset in the header: number of pages in the log, 4 bytes */
#define COPIED_AT 96         /* offset behind both headers: how many of them have been copied back, 4 bytes */

struct slot {
        uint64_t generation; /* in which it is valid */
        int64_t a, b;
        int which;
        bool past;
        char text[NAME_SIZE];
        char row[];
};

/* Sizes of rows, and the number of sets of WAYS for each. Some 10 MiB in all; only a large catalog touches more than a
 * few pages of it. */
static const struct {
        size_t row, sets;
} sizes[] = { { sizeof(struct share), 4096 }, { sizeof(struct image), 512 } };

struct table {
        size_t sets, stride;
        uint64_t (*tags)[WAYS]; /* from hash and generation, to find a slot without reading the others; 0: empty */
        char *slots;
};

struct memo {
        pthread_mutex_t lock; /* protects the next three */
        uint64_t generation;
        struct log_state state; /* that the generation stands for */
        bool committing;        /* this process commits: a new state cannot be judged yet */
        pthread_mutex_t locks[LOCKS]; /* of the sets; each lock serves every LOCKS-th set */
        struct table tables[ARRAY_SIZE(sizes)];
};

/* --- has anything been committed? --- */

/* Reads both copies of the header. During a commit they differ from each other, or from before. Each word is read once
 * and in order; SQLite's writer does not know of us, so there is nothing to synchronise with. */
__attribute__((no_sanitize("thread"))) static void read_state(const volatile uint64_t *header,
                                                              struct log_state *ret_state) {
        for (size_t i = 0; i < LOG_STATE_WORDS; i++)
                ret_state->words[i] = __atomic_load_n(&header[i], __ATOMIC_ACQUIRE);
}

/* Both copies are equal, in use, and of the known version. */
static bool is_valid(const struct log_state *state) {
        const unsigned char *bytes = (const unsigned char *)state->words;
        uint32_t version;

        memcpy(&version, bytes, sizeof(version));
        return version == WAL_INDEX_VERSION && bytes[12] == IS_SET &&
               memcmp(bytes, bytes + sizeof(state->words) / 2, sizeof(state->words) / 2) == 0;
}

void memo_open(struct catalog_connection *c) {
        sqlite3_file *file = NULL;
        void volatile *part = NULL;
        sqlite3_stmt *s = NULL;
        bool wal;

        /* also opens the log and its index if they are not open yet */
        wal = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode", -1, &s, NULL) == SQLITE_OK &&
              sqlite3_step(s) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "wal") == 0;
        (void)sqlite3_finalize(s); /* if the query failed, every lookup asks the catalog */
        if (wal && sqlite3_file_control(c->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file &&
            file->pMethods && file->pMethods->iVersion >= 2 && file->pMethods->xShmMap &&
            file->pMethods->xShmMap(file, 0, MEMO_INDEX_PAGE, 0, &part) == SQLITE_OK)
                c->log_header = part; /* mapped until the connection is closed */
}

bool memo_log_is_copied(const struct catalog_connection *c) {
        const volatile uint32_t *numbers = (const volatile uint32_t *)c->log_header;

        return numbers && __atomic_load_n(&numbers[FRAMES_AT / 4], __ATOMIC_ACQUIRE) ==
                                  __atomic_load_n(&numbers[COPIED_AT / 4], __ATOMIC_ACQUIRE);
}

int64_t memo_log_frames(const struct catalog_connection *c) {
        const volatile uint32_t *numbers = (const volatile uint32_t *)c->log_header;

        return numbers ? __atomic_load_n(&numbers[FRAMES_AT / 4], __ATOMIC_ACQUIRE) : 0;
}

/* --- generations --- */

struct memo *memo_new(void) {
        struct memo *memo = calloc(1, sizeof(*memo));

        if (!memo)
                return NULL;
        (void)pthread_mutex_init(&memo->lock, NULL); /* cannot fail with default attributes */
        for (size_t i = 0; i < LOCKS; i++)
                (void)pthread_mutex_init(&memo->locks[i], NULL);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct table *table = &memo->tables[i];
                const size_t align = _Alignof(struct slot);

                table->sets = sizes[i].sets;
                table->stride = (offsetof(struct slot, row) + sizes[i].row + align - 1) / align * align;
                table->tags = calloc(table->sets, sizeof(*table->tags));
                table->slots = calloc(table->sets * WAYS, table->stride);
                if (!table->tags || !table->slots)
                        return memo_free(memo);
        }
        return memo;
}

struct memo *memo_free(struct memo *memo) {
        if (!memo)
                return NULL;
        (void)pthread_mutex_destroy(&memo->lock); /* no thread holds any of them */
        for (size_t i = 0; i < LOCKS; i++)
                (void)pthread_mutex_destroy(&memo->locks[i]);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                free(memo->tables[i].tags);
                free(memo->tables[i].slots);
        }
        free(memo);
        return NULL;
}

static bool same_state(const struct log_state *a, const struct log_state *b) {
        return memcmp(a, b, sizeof(*a)) == 0;
}

/* Any state but the last one begins a generation, even a state seen before. 0: none while this process commits. */
static uint64_t generation_of(struct memo *memo, const struct log_state *state) {
        uint64_t generation = 0;

        (void)pthread_mutex_lock(&memo->lock);
        if (!same_state(&memo->state, state) && !memo->committing) {
                memo->state = *state;
                memo->generation++;
        }
        if (same_state(&memo->state, state))
                generation = memo->generation;
        (void)pthread_mutex_unlock(&memo->lock);
        return generation;
}

void memo_look(struct catalog_connection *c) {
        struct log_state state;

        c->looked = true;
        if (!c->log_header || !c->catalog->memo)
                return;
        read_state(c->log_header, &state);
        if (c->generation != 0 && same_state(&state, &c->state))
                return;
        c->state = state;
        c->generation = is_valid(&state) ? generation_of(c->catalog->memo, &state) : 0;
}

/* --- rows --- */

static uint64_t hash(const struct catalog_connection *c, const struct memo_key *key) {
        uint64_t h = ((uint64_t)key->which << 1 | c->past) + 0x9e3779b97f4a7c15U;

        h = (h ^ (uint64_t)key->a) * 0xff51afd7ed558ccdU;
        h = (h ^ h >> 32 ^ (uint64_t)key->b) * 0xc4ceb9fe1a85ec53U;
        for (const char *p = key->text; p && *p; p++)
                h = (h ^ h >> 29 ^ (unsigned char)*p) * 0x100000001b3U;
        return h ^ h >> 31;
}

static bool is_slot(const struct catalog_connection *c, const struct slot *slot, const struct memo_key *key) {
        return slot->which == (int)key->which && slot->a == key->a && slot->b == key->b && slot->past == c->past &&
               strcmp(slot->text, key->text ?: "") == 0;
}

/* Whether rows may be looked up or remembered in this use of the connection. */
static bool is_used(struct catalog_connection *c, const struct memo_key *key) {
        if (!c->together || (key->text && strlen(key->text) >= NAME_SIZE))
                return false;
        if (!c->looked)
                memo_look(c);
        return c->generation != 0;
}

/* The set for a row of a key and size; its lock is held. */
struct set {
        pthread_mutex_t *lock;
        uint64_t *tags, tag; /* of all its slots; of this row in this generation */
        char *slots;
        size_t stride;
};

static void set_lock(const struct catalog_connection *c, const struct memo_key *key, size_t size,
                     struct set *ret_set) {
        struct memo *memo = c->catalog->memo;
        const struct table *table = size <= sizes[0].row ? &memo->tables[0] : &memo->tables[1];
        const uint64_t h = hash(c, key);
        const size_t n = h % table->sets;

        assert(size <= sizes[1].row);
        *ret_set = (struct set){ .lock = &memo->locks[n % LOCKS],
                                 .tags = table->tags[n],
                                 .tag = ((h ^ c->generation * 0x9e3779b97f4a7c15U) | 1),
                                 .slots = table->slots + n * WAYS * table->stride,
                                 .stride = table->stride };
        (void)pthread_mutex_lock(ret_set->lock);
}

static struct slot *slot_at(const struct set *set, size_t i) {
        return (struct slot *)(void *)(set->slots + i * set->stride);
}

bool memo_get(struct catalog_connection *c, const struct memo_key *key, void *ret_row, size_t size) {
        struct set set;
        bool found = false;

        if (!is_used(c, key))
                return false;
        set_lock(c, key, size, &set);
        for (size_t i = 0; i < WAYS && !found; i++) {
                const struct slot *slot = slot_at(&set, i);

                if (set.tags[i] != set.tag || slot->generation != c->generation || !is_slot(c, slot, key))
                        continue;
                memcpy(ret_row, slot->row, size);
                found = true;
        }
        (void)pthread_mutex_unlock(set.lock);
        return found;
}

/* The slot to overwrite: the row's own or an empty one, else an invalid one, else any. */
static size_t victim(const struct set *set, const struct catalog_connection *c) {
        for (size_t i = 0; i < WAYS; i++)
                if (set->tags[i] == set->tag || set->tags[i] == 0)
                        return i;
        for (size_t i = 0; i < WAYS; i++)
                if (slot_at(set, i)->generation != c->generation)
                        return i;
        return set->tag >> 32 & (WAYS - 1);
}

void memo_put(struct catalog_connection *c, const struct memo_key *key, const void *row, size_t size) {
        struct log_state now;
        struct slot *slot;
        struct set set;
        size_t i;

        if (!is_used(c, key))
                return;
        set_lock(c, key, size, &set);
        /* the row was read after c->state: if the state is still the same, no commit came in between. Checked under the
         * lock: a row that a commit makes invalid is put before that commit looks for it, or not at all */
        read_state(c->log_header, &now);
        if (!same_state(&now, &c->state)) {
                (void)pthread_mutex_unlock(set.lock);
                return;
        }
        i = victim(&set, c);
        set.tags[i] = set.tag;
        slot = slot_at(&set, i);
        slot->generation = c->generation;
        slot->which = (int)key->which;
        slot->a = key->a;
        slot->b = key->b;
        slot->past = c->past;
        strcpy(slot->text, key->text ?: "");
        memcpy(slot->row, row, size);
        (void)pthread_mutex_unlock(set.lock);
}

/* --- rows that survive a commit of this process --- */

void memo_write_begin(struct catalog_connection *c) {
        c->touching.all = false;
        c->touching.count = 0;
        if (c->log_header)
                read_state(c->log_header, &c->touching.began); /* no other process writes from here on */
}

/* Makes a row invalid. */
static void forget(struct catalog_connection *c, const struct memo_key *key, size_t size) {
        struct set set;

        set_lock(c, key, size, &set);
        for (size_t i = 0; i < WAYS; i++)
                if (set.tags[i] == set.tag)
                        set.tags[i] = 0;
        (void)pthread_mutex_unlock(set.lock);
}

static void memo_forget_share(struct catalog_connection *c, const struct share *share) {
        forget(c, &(struct memo_key){ .which = S_SHARE_GET, .a = share->id }, sizeof(*share));
        forget(c, &(struct memo_key){ .which = S_SHARE_FIND, .a = share->image, .b = share->account }, sizeof(*share));
}

void memo_share_ends(struct catalog_connection *c, const struct share *share) {
        struct memo_touch *touching = &c->touching;

        if (touching->count < MEMO_TOUCHES)
                touching->shares[touching->count++] = *share;
        else
                touching->all = true;
}

static uint32_t number_at(const struct log_state *state, size_t offset) {
        uint32_t number;

        memcpy(&number, (const unsigned char *)state->words + offset, sizeof(number));
        return number;
}

void memo_commit_begin(struct catalog_connection *c) {
        struct memo *memo = c->catalog->memo;

        if (!memo)
                return;
        (void)pthread_mutex_lock(&memo->lock);
        memo->committing = true;
        (void)pthread_mutex_unlock(&memo->lock);
}

/* Whether this transaction alone led to the state `now`: with another process's the counter would be at least two
 * ahead. */
static bool is_own(const struct catalog_connection *c, const struct log_state *now) {
        return is_valid(&c->touching.began) && is_valid(now) &&
               number_at(now, CHANGE_AT) == number_at(&c->touching.began, CHANGE_AT) + 1 &&
               number_at(now, FRAMES_AT) == (uint32_t)c->frames;
}

void memo_commit_end(struct catalog_connection *c, bool committed) {
        struct memo_touch *touching = &c->touching;
        struct memo *memo = c->catalog->memo;
        struct log_state now;
        bool kept;

        if (!memo)
                return;
        kept = committed && c->log_header && !touching->all;
        if (kept) {
                read_state(c->log_header, &now);
                kept = is_own(c, &now);
        }
        /* memo->state cannot change while `committing` is set */
        kept = kept && same_state(&memo->state, &touching->began);
        c->generation = memo->generation;
        for (size_t i = 0; kept && i < touching->count; i++)
                memo_forget_share(c, &touching->shares[i]);
        (void)pthread_mutex_lock(&memo->lock);
        if (kept)
                memo->state = now;
        memo->committing = false;
        (void)pthread_mutex_unlock(&memo->lock);
}
