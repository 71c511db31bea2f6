/* SPDX-License-Identifier: MIT
 * The product's nouns as plain data, shared by every layer above util. No behaviour here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include "name.h"

enum role {
        ROLE_ACCOUNT,  /* ordinary */
        ROLE_AUDITOR,  /* sees everything, changes nothing, reads no disk */
        ROLE_OPERATOR, /* manages regions, accounts and limits, may revoke any share */
};

enum image_state {
        IMAGE_DRAFT,
        IMAGE_AVAILABLE, /* has a disk with content; still writable by its owner */
        IMAGE_SEALED,    /* its disk never changes again */
};

/* Whether a disk names other files, such as a backing file (CONTRACT 4 self-contained). */
enum whole {
        WHOLE_UNKNOWN, /* not sealed, or the log did not tell it then: ask the blob */
        WHOLE_YES,
        WHOLE_NO,
};
#define FORMAT_SIZE 1280 /* of what a disk is: `qcow2`, and below it a line `needs FILE` for each file that it names */

enum via {
        VIA_MOUNT,
        VIA_CLI,
};

/* Copied into every request, never kept. */
struct caller {
        int64_t account;
        char name[NAME_SIZE];
        enum role role;
        uid_t uid; /* of the requesting process, for the log */
        enum via via;
};

#define TEXT_MAX_CHARACTERS 256                     /* of a description, without a final newline (CONTRACT 3) */
#define TEXT_SIZE (4 * TEXT_MAX_CHARACTERS + 1 + 1) /* bytes: at most four each, a newline, NUL */

#define DIGEST_SIZE 32                           /* bytes of a SHA-256 */
#define DIGEST_TEXT_SIZE (7 + 2 * DIGEST_SIZE + 1) /* "sha256:" and hex digits, with NUL */

/* An image in its place. Times are milliseconds since 1970; ids are catalog ids, 0: none. */
struct image {
        int64_t place; /* id of the image's directory: outlives the disk */
        int64_t id;    /* id of the image that is there now */
        int64_t region, owner;
        char region_name[NAME_SIZE];
        char owner_name[NAME_SIZE];
        char name[NAME_SIZE];
        enum image_state state;
        bool has_disk;       /* a file `disk` exists */
        int64_t description; /* node of the description, 0: none */
        int64_t shares_link; /* node of the `shares` symlink, 0: none */
        int64_t created;     /* of the image, as `.meta/created` tells */
        int64_t place_created;
        int64_t size; /* bytes, correct for sealed images; else 0: ask the blob */
        bool digested;
        uint8_t digest[DIGEST_SIZE];
        int64_t mtime; /* of the disk, nanoseconds since 1970; 0: the blob's own. As of the past: of its last event */
        int64_t sealed; /* the event that sealed it, 0: none */
        int64_t expires; /* when the caller's share ends, ms; 0: never, or the caller needs none */
        bool reviewed;  /* its owner says it holds no secrets (FAQ 10) */
        int64_t returned; /* the event that brought its directory back last, 0: it was never gone */
        enum whole whole;
};

/* One entry of a listing: its name, and the id after which the listing continues. */
struct image_entry {
        int64_t place;
        int64_t cursor; /* for an owned image the place, for a received one the share */
        char name[NAME_SIZE];
        char owner_name[NAME_SIZE];
};

struct share {
        int64_t id;
        int64_t image, account;
        char account_name[NAME_SIZE];
        char granted_by[NAME_SIZE];
        int64_t granted; /* ms */
        int64_t expires; /* ms; 0: never */
};

struct trust {
        int64_t id; /* number of the event that made it */
        int64_t account, owner;
        char owner_name[NAME_SIZE];
        int64_t since; /* ms */
};

/* A machine, and the image it runs from (if it has one). */
struct instance {
        int64_t id;
        int64_t region, owner;
        char region_name[NAME_SIZE];
        char owner_name[NAME_SIZE];
        char name[NAME_SIZE];
        int64_t created;
        int64_t launch;             /* the last installation, and the id of its blob; 0: none yet */
        int64_t image;              /* that it was made from */
        char image_name[OBJECT_SIZE]; /* `web@alice`, its name at that time */
        bool has_image, has_disk;   /* the files exist */
        int64_t mtime;              /* of the disk, only as of the past: when it was installed, ns; else 0 */
        int64_t returned;           /* the event that brought its directory back last, 0: it was never gone */
};

/* A disk that was removed, and whose bytes are still there. */
struct kept {
        int64_t id;              /* the image's or the launch's, and the blob's */
        int64_t place, instance; /* whose it was: one of them, the other is 0 */
        int64_t region, owner;
        char object[OBJECT_SIZE]; /* `north/web@alice`, as it is called now or was called last */
        bool sealed;
        int64_t size;  /* bytes of a sealed disk, else 0 */
        int64_t ended; /* the event that removed it */
        int64_t time;  /* its time, ms */
        int64_t bytes; /* that go with it: 0 where another disk has the same ones */
};

struct account {
        int64_t id;
        char name[NAME_SIZE];
        enum role role;
        int64_t uid;   /* -1: none */
        int64_t quota; /* own images per region; -1: the catalog's limit `images-per-region` */
        bool require_trust;
};

struct region {
        int64_t id;
        char name[NAME_SIZE];
        char *store; /* path of the store, allocated; NULL: the catalog's own `store/<name>` */
        int64_t created;
        int64_t images, instances; /* of all accounts */
        int64_t bytes;  /* of their sealed disks */
};

static inline void region_done(struct region *region) {
        free(region->store);
        region->store = NULL;
}
#define _cleanup_region_ __attribute__((cleanup(region_done)))

/* What a refused caller is told (CONTRACT 4 "Explaining"). */
struct refusal {
        int rule;  /* enum rule; 0: none */
        int error; /* errno of a refusal that no rule made; 0: none */
        char asked[512];
        char fact[512];
        char remedy[512];
};

/* The log's clock (CONTRACT 5.4), ms. */
struct clock_state {
        int64_t log;     /* spans begin at it, events happen at it */
        int64_t due;     /* shares that expire until then are dead */
        int64_t machine; /* CLOCK_REALTIME */
        int64_t last;    /* the last event's time: ahead of `log` after the clock was set back */
        bool doubted;    /* the machine's clock: no share is ended by it */
};
