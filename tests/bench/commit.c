/* SPDX-License-Identifier: MIT
 * How fast shares are granted at the service level, each durable before it is answered, compared with raw SQLite in the
 * same run: WAL, synchronous=FULL, one prepared INSERT per transaction. Rounds alternate; medians are printed.
 *
 *   bench-commit DIR [CLIENTS...]     rates, latencies; default 1 16 64; under taskset for one CPU
 *   bench-commit DIR bulk             as imgshare apply grants them, 50 shares per image, transactions of 500
 *   bench-commit DIR size SHARES      fills a catalog and prints bytes per live share, by table and index
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "apply.h"
#include "catalog.h"
#include "cleanup.h"
#include "disk.h"
#include "image.h"
#include "registry.h"
#include "service.h"
#include "share.h"

#define ROUNDS 7
#define ROUND_NS 700000000
#define CLIENTS_MOST 256
#define SHARES_EACH 50 /* per image: the default limit */
#define IMAGES 6000    /* enough for all rounds at 60 000 shares a second */
#define LATENCIES 100000

static void die(const char *what, int r) {
        (void)fprintf(stderr, "bench-commit: %s: %s\n", what,
                      r < 0 ? strerror(-r) : r > 0 ? rule_row((enum rule)r)->id : "failed");
        exit(1);
}

static void must(const char *what, int r) {
        if (r != 0)
                die(what, r);
}

static int64_t now_ns(void) {
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct client {
        pthread_t thread;
        struct request request;
        const int64_t *places;
        _Atomic int *next_place; /* shared by all clients */
        int64_t place, until;
        int next;
        int64_t *latencies; /* ns */
        size_t count;
};

/* Shares an image with one account after another, then takes the next free image. */
static void *client_main(void *argument) {
        struct client *k = argument;
        int64_t before = now_ns();

        while (before < k->until && k->count < LATENCIES) {
                char name[NAME_SIZE];
                struct share share;
                int64_t after;

                if (k->next == 0) {
                        const int i = atomic_fetch_add(k->next_place, 1);

                        if (i >= IMAGES)
                                die("no images left", 0);
                        k->place = k->places[i];
                }
                (void)snprintf(name, sizeof(name), "account%d", k->next);
                must("a share", share_grant(&k->request, k->place, name, &share, NULL));
                k->next = (k->next + 1) % SHARES_EACH;
                after = now_ns();
                k->latencies[k->count++] = after - before;
                before = after;
        }
        return NULL;
}

static int compare(const void *a, const void *b) {
        const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return x < y ? -1 : x > y;
}

static int64_t place_new(struct request *owner, int64_t region, int number) {
        struct disk_handle *handle = NULL;
        char name[NAME_SIZE];
        struct image image;
        int fd;

        (void)snprintf(name, sizeof(name), "image%d", number);
        must("image", image_create(owner, region, name, &image));
        must("disk", disk_create(owner, image.place, O_RDWR, &image, &handle));
        must("write", disk_write_begin(handle, &fd));
        disk_write_end(handle, pwrite(fd, "disk", 4, 0));
        must("flush", disk_flush(owner, handle));
        (void)disk_close(owner, handle); /* returns NULL */
        return image.place;
}

static struct request request_of(struct service *service, const char *name) {
        struct request request = { .service = service };

        must(name, service_caller(service, name, 1000, VIA_MOUNT, &request.caller));
        return request;
}

static struct service *open_again(const char *dir, struct service *service, enum service_flags flags) {
        char why[WHY_SIZE];

        (void)service_close(service); /* returns NULL; closing copies the WAL into the file */
        if (service_open(dir, flags, &service, why) < 0) {
                (void)fprintf(stderr, "bench-commit: '%s': %s\n", dir, why);
                exit(1);
        }
        return service;
}

/* A catalog with alice's sealed images, and accounts to share them with; not durable, which saves time. */
static struct service *open_filled(const char *dir, int accounts, int images, int64_t *ret_places) {
        struct request operator, alice;
        struct service *service = NULL;
        struct region region;
        char why[WHY_SIZE];

        if (service_create(dir, 1000, VIA_CLI, why) < 0)
                die(why, 0);
        service = open_again(dir, NULL, SERVICE_NOT_DURABLE);
        operator = request_of(service, "operator");
        must("region", region_add(&operator, "north", NULL));
        must("alice", account_add(&operator, "alice", ROLE_ACCOUNT, -1, 1000000));
        for (int i = 0; i < accounts; i++) {
                char name[NAME_SIZE];

                (void)snprintf(name, sizeof(name), "account%d", i);
                must(name, account_add(&operator, name, ROLE_ACCOUNT, -1, -1));
        }
        alice = request_of(service, "alice");
        must("region", image_region_find(&alice, "north", &region));
        for (int i = 0; i < images; i++) {
                ret_places[i] = place_new(&alice, region.id, i);
                must("seal", image_seal(&alice, ret_places[i]));
        }
        region_done(&region);
        return service;
}

static sqlite3 *raw_open(const char *path, sqlite3_stmt **ret_insert) {
        sqlite3 *db = NULL;

        if (sqlite3_open(path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "PRAGMA journal_mode = wal; PRAGMA synchronous = full; CREATE TABLE t (a INTEGER, b TEXT)",
                         NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1, 'a share of an image with somebody')", -1, ret_insert,
                               NULL) != SQLITE_OK)
                die("raw SQLite", 0);
        return db;
}

/* ret_typical: the median latency, ms. */
static double raw_round(sqlite3_stmt *insert, double *ret_typical) {
        static int64_t latencies[LATENCIES];
        const int64_t begin = now_ns();
        int64_t n = 0, now = begin;

        do {
                (void)sqlite3_bind_int64(insert, 1, n);
                if (sqlite3_step(insert) != SQLITE_DONE)
                        die("raw SQLite", 0);
                (void)sqlite3_reset(insert);
                latencies[n] = now_ns() - now;
                now += latencies[n++];
        } while (now - begin < ROUND_NS && n < LATENCIES);
        qsort(latencies, (size_t)n, sizeof(*latencies), compare);
        *ret_typical = (double)latencies[n / 2] / 1e6;
        return (double)n * 1e9 / (double)(now - begin);
}

static double share_round(struct client *clients, int count) {
        const int64_t begin = now_ns();
        size_t done = 0;

        for (int i = 0; i < count; i++) {
                done -= clients[i].count;
                clients[i].until = begin + ROUND_NS;
                if (pthread_create(&clients[i].thread, NULL, client_main, &clients[i]) != 0)
                        die("thread", 0);
        }
        for (int i = 0; i < count; i++) {
                (void)pthread_join(clients[i].thread, NULL); /* joinable */
                done += clients[i].count;
        }
        return (double)done * 1e9 / (double)(now_ns() - begin);
}

static int compare_rates(const void *a, const void *b) {
        const double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

static double median(double *rates) {
        qsort(rates, ROUNDS, sizeof(*rates), compare_rates);
        return rates[ROUNDS / 2];
}

static void print_clients(struct client *clients, int count, double raw, double typical, double rate) {
        _cleanup_free_ int64_t *all = malloc(sizeof(*all) * LATENCIES * (size_t)count);
        size_t n = 0;

        if (!all)
                die("latencies", -ENOMEM);
        for (int i = 0; i < count; i++) {
                memcpy(all + n, clients[i].latencies, clients[i].count * sizeof(*all));
                n += clients[i].count;
        }
        qsort(all, n, sizeof(*all), compare);
        (void)printf("%d\t%.0f\t%.3f\t%.0f\t%.2f\t%.3f\t%.2f\t%.2f\n", count, raw, typical, rate, rate / raw,
                     (double)all[n / 2] / 1e6, (double)all[n * 99 / 100] / 1e6, (double)all[n - 1] / 1e6);
        (void)fflush(stdout);
}

static void rates(const char *dir, struct service *service, const int64_t *places, _Atomic int *next_place, int count) {
        static struct client clients[CLIENTS_MOST];
        struct request alice = request_of(service, "alice");
        double raw[ROUNDS], typical[ROUNDS], shares[ROUNDS];
        _cleanup_free_ char *path = NULL;
        sqlite3_stmt *insert;
        sqlite3 *db;

        for (int i = 0; i < count; i++) {
                clients[i] = (struct client){ .request = alice, .places = places, .next_place = next_place,
                                              .latencies = malloc(sizeof(int64_t) * LATENCIES) };
                if (!clients[i].latencies)
                        die("latencies", -ENOMEM);
        }
        if (asprintf(&path, "%s/raw-%d.db", dir, count) < 0)
                die("path", -ENOMEM);
        db = raw_open(path, &insert);
        for (int i = 0; i < ROUNDS; i++) {
                raw[i] = raw_round(insert, &typical[i]);
                shares[i] = share_round(clients, count);
        }
        (void)sqlite3_finalize(insert);
        (void)sqlite3_close(db);
        print_clients(clients, count, median(raw), median(typical), median(shares));
        for (int i = 0; i < count; i++)
                free(clients[i].latencies);
}

static int no_step(const struct apply_step *step, void *context) {
        (void)step;
        ++*(int64_t *)context;
        return 0;
}

static int no_refusal(const struct apply_refusal *refusal, void *context) {
        (void)context;
        die(refusal->asked, refusal->result);
        return 0;
}

static double bulk_round(struct request *operator, int *image) {
        int64_t done = 0;
        const struct apply_report report = { .step = no_step, .refusal = no_refusal, .context = &done };
        const int64_t begin = now_ns();
        struct apply *apply;

        must("apply", apply_new(operator, false, &report, &apply));
        while (now_ns() - begin < ROUND_NS) {
                char name[NAME_SIZE], account[NAME_SIZE];

                if (*image >= IMAGES)
                        die("no images left", 0);
                (void)snprintf(name, sizeof(name), "image%d@alice", (*image)++);
                for (int i = 0; i < SHARES_EACH; i++) {
                        (void)snprintf(account, sizeof(account), "account%d", i);
                        must("apply", apply_add(apply, &(struct apply_line){ .region = "north", .image = name,
                                                                             .account = account }));
                }
        }
        must("apply", apply_flush(apply));
        (void)apply_free(apply); /* returns NULL */
        return (double)done * 1e9 / (double)(now_ns() - begin);
}

static void bulk(const char *dir, struct service *service) {
        struct request operator = request_of(service, "operator");
        double raw[ROUNDS], typical[ROUNDS], shares[ROUNDS], r, s;
        _cleanup_free_ char *path = NULL;
        sqlite3_stmt *insert;
        sqlite3 *db;
        int image = 0;

        if (asprintf(&path, "%s/raw.db", dir) < 0)
                die("path", -ENOMEM);
        db = raw_open(path, &insert);
        for (int i = 0; i < ROUNDS; i++) {
                raw[i] = raw_round(insert, &typical[i]);
                shares[i] = bulk_round(&operator, &image);
        }
        (void)sqlite3_finalize(insert);
        (void)sqlite3_close(db);
        r = median(raw);
        s = median(shares);
        (void)printf("raw/s\tapply/s\tratio\n%.0f\t%.0f\t%.1f\n", r, s, s / r);
}

/* Prints bytes per live share: the file's growth, and each table's and index's part. */
static void print_size(const char *path, int64_t before, int64_t shares) {
        struct stat st;
        sqlite3_stmt *s;
        sqlite3 *db = NULL;

        if (stat(path, &st) < 0 || sqlite3_open(path, &db) != SQLITE_OK)
                die(path, 0);
        (void)printf("all\t%.1f\n", (double)(st.st_size - before) / (double)shares);
        if (sqlite3_prepare_v2(db, "SELECT name, sum(pgsize) FROM dbstat GROUP BY name HAVING sum(pgsize) > 100000"
                                   " ORDER BY 2 DESC", -1, &s, NULL) == SQLITE_OK)
                while (sqlite3_step(s) == SQLITE_ROW)
                        (void)printf("%s\t%.1f\n", sqlite3_column_text(s, 0),
                                     (double)sqlite3_column_int64(s, 1) / (double)shares);
        (void)sqlite3_finalize(s);
        (void)sqlite3_close(db);
}

static void size(const char *catalog, int64_t shares) {
        const int64_t images = shares / SHARES_EACH;
        _cleanup_free_ int64_t *places = calloc((size_t)images, sizeof(*places));
        _cleanup_free_ char *path = NULL;
        struct service *service;
        struct request alice;
        struct stat st;

        if (!places || asprintf(&path, "%s/catalog.db", catalog) < 0)
                die("places", -ENOMEM);
        service = open_filled(catalog, SHARES_EACH * 4, (int)images, places);
        service = open_again(catalog, service, SERVICE_NOT_DURABLE);
        if (stat(path, &st) < 0)
                die(path, -errno);
        alice = request_of(service, "alice");
        for (int64_t i = 0; i < images * SHARES_EACH; i++) {
                const int64_t image = i % images, turn = i / images; /* by turns over the images, as in practice */
                struct share share;
                char name[NAME_SIZE];

                (void)snprintf(name, sizeof(name), "account%d", (int)((image * 7 + turn) % (SHARES_EACH * 4)));
                must("a share", share_grant(&alice, places[image], name, &share, NULL));
        }
        (void)service_close(service); /* returns NULL */
        print_size(path, st.st_size, images * SHARES_EACH);
}

int main(int argc, char **argv) {
        static char *usual[] = { "1", "16", "64" };
        static int64_t places[IMAGES];
        char **clients = argc > 2 ? argv + 2 : usual;
        int n = argc > 2 ? argc - 2 : (int)ARRAY_SIZE(usual);
        _cleanup_free_ char *catalog = NULL;
        struct service *service;
        _Atomic int next_place = 0;

        if (argc < 2 || asprintf(&catalog, "%s/catalog", argv[1]) < 0) {
                (void)fputs("usage: bench-commit DIR [CLIENTS... | bulk | size SHARES]\n", stderr);
                return 2;
        }
        if (argc == 4 && strcmp(argv[2], "size") == 0) {
                size(catalog, atoll(argv[3]));
                return 0;
        }
        service = open_filled(catalog, SHARES_EACH, IMAGES, places);
        service = open_again(catalog, service, 0);
        if (argc == 3 && strcmp(argv[2], "bulk") == 0) {
                bulk(argv[1], service);
                (void)service_close(service); /* returns NULL */
                return 0;
        }
        (void)puts("clients\traw/s\traw p50 ms\tshares/s\tratio\tp50 ms\tp99 ms\tworst ms");
        for (int i = 0; i < n; i++) {
                if (atoi(clients[i]) < 1 || atoi(clients[i]) > CLIENTS_MOST)
                        die(clients[i], -EINVAL);
                rates(argv[1], service, places, &next_place, atoi(clients[i]));
        }
        (void)service_close(service); /* returns NULL */
        return 0;
}
