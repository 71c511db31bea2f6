/* SPDX-License-Identifier: MIT
 * A catalog with something of everything, made once by the services, copied for each input: in $FUZZ_DIR, or in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "check.h"
#include "cleanup.h"
#include "disk.h"
#include "fuzz.h"
#include "image.h"
#include "instance.h"
#include "registry.h"
#include "share.h"

#define DISK_SIZE 10000
#define FILE_MOST (INT64_C(1) << 50) /* so long a file fits nowhere: what is allocated must be refused, not tried */

static char folder[256];
static struct service *service;
static int64_t north, south;

const char *world_path(const char *name) {
        static char paths[4][512];
        static unsigned next;

        next = (next + 1) % 4;
        (void)snprintf(paths[next], sizeof(paths[next]), "%s/%s", folder, name); /* fits: both are short */
        return paths[next];
}

/* --- making it --- */

static struct request *as(const char *name) {
        static struct request requests[4];
        static unsigned next;
        struct request *request = &requests[next++ % 4];

        *request = (struct request){ .service = service };
        require(service_caller(service, name, 1000, VIA_MOUNT, &request->caller) == 0);
        return request;
}

static int64_t draft(const char *owner, int64_t region, const char *name) {
        struct image image;

        require(image_create(as(owner), region, name, &image) == 0);
        return image.place;
}

/* A disk with bytes, a hole, and bytes. */
static int64_t filled(const char *owner, int64_t region, const char *name) {
        int64_t place = draft(owner, region, name);
        struct disk_handle *handle;
        struct image image;
        int fd;

        require(disk_create(as(owner), place, O_RDWR, &image, &handle) == 0);
        require(disk_write_begin(handle, &fd) == 0);
        require(pwrite(fd, name, strlen(name), 0) > 0 && pwrite(fd, owner, strlen(owner), DISK_SIZE) > 0);
        disk_write_end(handle, 1);
        require(disk_flush(as(owner), handle) == 0);
        (void)disk_close(as(owner), handle); /* returns NULL */
        return place;
}

static int64_t launched(const char *owner, const char *name, const char *image) {
        struct instance instance;

        require(instance_create(as(owner), north, name, &instance) == 0);
        require(instance_launch(as(owner), instance.id, image) == 0);
        require(instance_get(as(owner), instance.id, &instance) == 0);
        return instance.launch;
}

static int64_t region_id(const char *name) {
        _cleanup_region_ struct region region = { 0 };

        require(region_add(as("operator"), name, NULL) == 0);
        require(image_region_find(as("operator"), name, &region) == 0);
        return region.id;
}

static void make_accounts(void) {
        require(account_add(as("operator"), "alice", ROLE_ACCOUNT, 1000, -1) == 0);
        require(account_add(as("operator"), "bob", ROLE_ACCOUNT, 1001, 5) == 0);
        require(account_add(as("operator"), "carol", ROLE_ACCOUNT, 1002, -1) == 0);
        require(account_add(as("operator"), "dave", ROLE_ACCOUNT, -1, -1) == 0);
        require(account_add(as("operator"), "eve", ROLE_AUDITOR, 1003, -1) == 0);
        require(account_add(as("operator"), "oscar", ROLE_OPERATOR, 1004, -1) == 0);
}

static void make_images(void) {
        int64_t web = filled("alice", north, "web"), copy, custom, launch, trust;
        struct image image;
        struct share share;

        require(description_write(as("alice"), web, "text\n", 5) == 0);
        require(image_review(as("alice"), web, true) == 0);
        require(share_grant(as("alice"), web, "bob", &share, NULL) == 0);
        require(share_grant(as("alice"), web, "carol", &share, NULL) == 0);
        require(share_expire(as("alice"), share.id, "+999999d") == 0);
        require(share_grant(as("alice"), web, "dave", &share, NULL) == 0);
        require(share_grant(as("bob"), web, "carol", &share, NULL) > 0);
        copy = draft("alice", south, "copy");
        require(image_copy(as("alice"), web, copy, &image) == 0);
        (void)filled("alice", north, "db");
        (void)draft("alice", north, "empty");
        (void)draft("alice", south, "gone");
        require(image_remove(as("alice"), draft("alice", south, "removed"), "removed") == 0);
        launch = launched("bob", "vm1", "web@alice");
        (void)launched("alice", "vm2", "db");
        custom = draft("bob", north, "custom");
        require(instance_disk_copy(as("bob"), launch, custom, &image) == 0);
        require(share_grant(as("bob"), custom, "alice", &share, NULL) == 0);
        require(share_revoke(as("bob"), custom, "alice", NULL, NULL) == 0);
        require(share_grant(as("bob"), custom, "alice", &share, NULL) == 0);
        require(trust_add(as("bob"), "alice", &trust) == 0);
        require(trust_add(as("alice"), "bob", &trust) == 0);
        require(image_rename(as("alice"), copy, "copy", south, "web") == 0);
}

static void make(const char *dir) {
        char why[WHY_SIZE];

        require(service_create(dir, 0, VIA_CLI, why) == 0);
        require(service_open(dir, 0, &service, why) == 0);
        north = region_id("north");
        south = region_id("south");
        require(region_remove(as("operator"), (region_id("west"), "west"), NULL, NULL) == 0);
        make_accounts();
        make_images();
        require(account_remove(as("operator"), "dave") == 0);
        require(limit_set(as("operator"), LIMIT_SHARES, 4) == 0);
        service = service_close(service);
}

/* --- the folder --- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static void remove_folder(void) {
        (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* what is left is left in the temporary folder */
}

/* Writes beyond a limit fail instead of ending the process. */
static void limit_files(void) {
        const struct rlimit limit = { FILE_MOST, FILE_MOST };

        (void)signal(SIGXFSZ, SIG_IGN); /* cannot fail for this one */
        (void)setrlimit(RLIMIT_FSIZE, &limit);
}

static void begin(void) {
        const char *where = getenv("FUZZ_DIR") ?: access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

        (void)snprintf(folder, sizeof(folder), "%s/fuzz-XXXXXX", where);
        require(mkdtemp(folder));
        (void)atexit(remove_folder); /* after a crash it stays */
        (void)umask(077);
        limit_files();
        make(world_path("template"));
}

/* --- copies --- */

static struct {
        ino_t inode;
        char path[1024];
} linked[8];
static size_t links, template_length;
static const char *copying_to;

static void copy_bytes(const char *from, const char *to, off_t size) {
        _cleanup_fd_ int in = open(from, O_RDONLY | O_CLOEXEC);
        _cleanup_fd_ int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        require(in >= 0 && out >= 0);
        require(copy_file_range(in, NULL, out, NULL, (size_t)size, 0) == size);
}

/* Blobs that were one file are one file again. */
static void copy_file(const char *from, const char *to, const struct stat *st) {
        for (size_t i = 0; i < links; i++)
                if (linked[i].inode == st->st_ino) {
                        require(link(linked[i].path, to) == 0);
                        return;
                }
        copy_bytes(from, to, st->st_size);
        if (st->st_nlink > 1 && links < 8) {
                linked[links].inode = st->st_ino;
                (void)snprintf(linked[links++].path, sizeof(linked[0].path), "%s", to); /* fits */
        }
}

static int copy_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        char to[1024];

        (void)ftw;
        (void)snprintf(to, sizeof(to), "%s%s", copying_to, path + template_length); /* fits */
        if (type == FTW_D)
                require(mkdir(to, 0700) == 0);
        else
                copy_file(path, to, st);
        return 0;
}

const char *world_new(void) {
        static char dir[512];

        if (!folder[0])
                begin();
        strcpy(dir, world_path("copy"));
        if (access(dir, F_OK) == 0)
                require(nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
        links = 0;
        copying_to = dir;
        template_length = strlen(world_path("template"));
        require(nftw(world_path("template"), copy_entry, 16, FTW_PHYS) == 0);
        return dir;
}

static int outside = -1;

void world_enter(const char *folder_name) {
        require(outside < 0);
        outside = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        require(outside >= 0 && chdir(folder_name) == 0);
}

void world_leave(void) {
        require(fchdir(outside) == 0);
        outside = fd_close(outside);
}

/* --- looking --- */

static int tell_finding(const struct finding *finding, void *context) {
        (void)context;
        (void)fprintf(stderr, "check: %s %s: %s\n", finding->what, finding->object, finding->problem);
        return 0;
}

void world_check(const char *dir) {
        uint8_t hash[CHECK_HASH_SIZE];
        char why[WHY_SIZE];
        int64_t event;

        require(service_open(dir, SERVICE_READ_ONLY, &service, why) == 0);
        require(check_run(as("operator"), false, tell_finding, NULL) == 0);
        require(check_log(as("operator"), NULL, tell_finding, NULL, &event, hash) == 0);
        service = service_close(service);
}

void world_check_descriptors(void) {
        _cleanup_dir_ DIR *dir = opendir("/proc/self/fd");
        const struct dirent *entry;
        char path[512];

        require(dir);
        while ((entry = readdir(dir))) {
                ssize_t n = readlinkat(dirfd(dir), entry->d_name, path, sizeof(path) - 1);

                path[n > 0 ? n : 0] = '\0';
                if (strncmp(path, folder, strlen(folder)) == 0) {
                        (void)fprintf(stderr, "left open: %s\n", path);
                        require(!"a file of the catalog is left open");
                }
        }
}
