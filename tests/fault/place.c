/* SPDX-License-Identifier: MIT
 * Directories of the fault tests, in memory if possible: thousands of catalogs are made and thrown away.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <nettle/sha2.h>
#include <string.h>

#include "../../src/service/upkeep/wing.h"
#include "../unit/service/scratch.h"

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void remove_tree(const char *path) {
        (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* what is left is left in /tmp */
}

void place_prepare(void (*more)(void)) {
        char from[160];

        (void)scratch_setup_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (more)
                more();
        scratch_service = service_close(scratch_service);
        (void)snprintf(from, sizeof(from), "%s", scratch_name("dir"));
        assert_int_equal(rename(from, scratch_name("made")), 0);
}

uint64_t place_catalog_hash(void) {
        _cleanup_file_ FILE *f = fopen(scratch_name("dir/catalog.db"), "re");
        struct stat st;
        struct sha256_ctx sha256;
        uint8_t bytes[65536];
        uint64_t hash;
        size_t n;

        if (!f || (stat(scratch_name("dir/catalog.db-wal"), &st) == 0 && st.st_size > 0))
                return 0;
        sha256_init(&sha256);
        while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
                sha256_update(&sha256, n, bytes);
        sha256_digest(&sha256, sizeof(hash), (uint8_t *)&hash);
        return hash;
}

static size_t prefix;
static const char *target; /* where copy_entry copies to */

static int copy_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        _cleanup_fd_ int from = -1, to = -1;
        char copy[200];

        (void)ftw;
        (void)snprintf(copy, sizeof(copy), "%s%s", scratch_name(target), path + prefix);
        if (type == FTW_D)
                return mkdir(copy, st->st_mode & 07777);
        from = open(path, O_RDONLY | O_CLOEXEC);
        to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 07777);
        if (from < 0 || to < 0)
                return -1;
        return copy_file_range(from, NULL, to, NULL, (size_t)st->st_size, 0) == st->st_size ? 0 : -1;
}

void place_copy_tree(const char *from, const char *to) {
        char path[200];

        (void)snprintf(path, sizeof(path), "%s", scratch_name(from));
        remove_tree(scratch_name(to));
        prefix = strlen(path);
        target = to;
        assert_int_equal(nftw(path, copy_entry, 16, FTW_PHYS), 0);
}

void place_copy(void) {
        place_copy_tree("made", "dir");
}

void place_crash(void) {
        place_copy_tree("dir", "crashed");
        (void)unlink(scratch_name("crashed/catalog.db-shm")); /* so that the log is recovered */
}

void place_clear(const char *name) {
        remove_tree(scratch_name(name));
}

void place_empty(void) {
        place_clear("dir");
        assert_int_equal(mkdir(scratch_name("dir"), 0700), 0);
}

void place_sweep(void) {
        struct service *service = scratch_service;
        char why[WHY_SIZE];

        if (!service)
                assert_int_equal(service_open(scratch_name("dir"), 0, &service, why), 0);
        service_sweep(service);
        if (!scratch_service)
                (void)service_close(service); /* returns NULL */
}

void place_forget(void) {
        static const char *const stores[] = { "store/north", "store/south", "store/west", "elsewhere" };
        char name[64];

        for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
                (void)snprintf(name, sizeof(name), "dir/%s/lost+found", stores[i]);
                remove_tree(scratch_name(name));
        }
}

void place_remove(void) {
        remove_tree(scratch_dir);
}

int place_descriptors(void) {
        _cleanup_dir_ DIR *dir = opendir("/proc/self/fd");
        int n = -3; /* without . and .. and dir itself */

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        return n;
}
