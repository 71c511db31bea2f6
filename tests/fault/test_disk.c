/* SPDX-License-Identifier: MIT
 * Faults in operations on images' bytes.
 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../unit/service/scratch.h"

#define SIZE (64 * KIB)

static int64_t place, copy;
static struct disk_handle *handle, *source;

static void make_draft(void) {
        place = draft(north, "web");
}

static void make_image(void) {
        place = filled(north, "web", SIZE);
}

static void make_image_and_draft(void) {
        make_image();
        copy = draft(south, "copy");
}

static void make_linked(void) {
        struct image image;

        make_image_and_draft();
        assert_int_equal(image_copy(as("alice"), place, copy, &image), 0);
}

static void begin_apart(void) {
        fault_apart = true;
}

static void end_apart(void) {
        fault_apart = false;
}

static void begin_handle(void) {
        handle = opened(place, O_RDWR);
}

static void begin_handle_of_copy(void) {
        handle = opened(copy, O_RDWR);
}

static void begin_written(void) {
        handle = created(place);
        scratch_bytes(handle, 0, SIZE);
}

static void begin_target(void) {
        source = opened(place, O_RDONLY);
        handle = created(copy);
}

static void refer(uint64_t length) {
        begin_target();
        assert_int_equal(disk_copy_range(source, 0, handle, 0, length), length);
}

static void begin_referred(void) {
        refer(SIZE);
}

static void begin_referred_apart(void) {
        refer(SIZE);
        fault_apart = true;
}

static void begin_interrupted(void) {
        refer(SIZE / 2);
}

static void end(void) {
        fault_apart = false;
        handle = disk_close(as("alice"), handle);
        source = disk_close(as("alice"), source);
}

static int act_create(struct request *request) {
        struct image image;

        return disk_create(request, place, O_RDWR, &image, &handle);
}

static int act_open(struct request *request) {
        return disk_open(request, place, O_RDWR, &handle);
}

static int act_open_truncate(struct request *request) {
        int r = disk_open(request, place, O_WRONLY | O_TRUNC, &handle);

        if (r < 0)
                return r;
        r = disk_flush(request, handle);
        handle = disk_close(request, handle);
        return r;
}

static void check_truncated(void) {
        assert_int_equal(blob_of(place).st_size, 0);
}

static void check_referred(void) {
        scratch_same(handle, 0, SIZE);
}

/* When it is a copy of bytes, a flush that is tried again has nothing to seal any more. */
static void check_filled(void) {
        check_referred();
        assert_int_equal(row(copy).state, IMAGE_AVAILABLE);
}

/* Writes as the mount does. */
static int write_text(struct disk_handle *to, uint64_t offset) {
        ssize_t n;
        int fd, r = disk_write_begin(to, &fd);

        if (r < 0)
                return r;
        n = pwrite(fd, "changed", 7, (off_t)offset);
        if (n < 0)
                n = -errno;
        disk_write_end(to, n);
        return n < 0 ? (int)n : 0;
}

static int act_write(struct request *request) {
        (void)request;
        return write_text(handle, 1000);
}

static int act_truncate(struct request *request) {
        (void)request;
        return disk_truncate(handle, 1000);
}

static int act_allocate(struct request *request) {
        (void)request;
        return disk_allocate(handle, 0, 0, 2 * SIZE);
}

static int act_sync(struct request *request) {
        return disk_sync(request, handle);
}

static int act_flush(struct request *request) {
        return disk_flush(request, handle);
}

/* As if the process that had it open was killed. */
static int act_close(struct request *request) {
        handle = disk_close(request, handle);
        return 0;
}

static int act_refer(struct request *request) {
        (void)request;
        return (int)disk_copy_range(source, 0, handle, 0, SIZE);
}

static int act_copy_bytes(struct request *request) {
        (void)request;
        return (int)disk_copy_range(source, 0, handle, SIZE, SIZE);
}

static int act_copy(struct request *request) {
        struct image image;

        return image_copy(request, place, copy, &image);
}

static int act_truncate_path(struct request *request) {
        return disk_truncate_path(request, place, 10);
}

static int act_touch(struct request *request) {
        return disk_touch(request, place, 1234567);
}

static int act_remove(struct request *request) {
        return disk_remove(request, place);
}

/* What `cp` does, after `rm` if there is a disk. */
static int act_import(struct request *request) {
        struct image image;
        int r = disk_remove(request, place), e;

        if (r < 0 && r != -ENOENT)
                return r;
        r = disk_create(request, place, O_WRONLY, &image, &handle);
        if (r < 0)
                return r;
        r = write_text(handle, 0);
        e = disk_flush(request, handle);
        handle = disk_close(request, handle);
        return r < 0 ? r : e;
}

static void check_import(void) {
        handle = opened(place, O_RDONLY);
        assert_string_equal(scratch_get(handle, 0, 100), "changed");
        handle = disk_close(as("alice"), handle);
        assert_int_equal(row(place).state, IMAGE_AVAILABLE);
}

/* Open, copy, close, after removing what a failure left. */
static int act_copy_steps(struct request *request) {
        struct image image;
        ssize_t n;
        int r = disk_remove(request, copy), e;

        if (r < 0 && r != -ENOENT)
                return r;
        r = disk_open(request, place, O_RDONLY, &source);
        if (r == 0)
                r = disk_create(request, copy, O_WRONLY, &image, &handle);
        if (r == 0) {
                n = disk_copy_range(source, 0, handle, 0, SIZE);
                e = disk_flush(request, handle);
                r = n < 0 ? (int)n : e;
        }
        handle = disk_close(request, handle);
        source = disk_close(request, source);
        return r;
}

static void check_copy_steps(void) {
        handle = opened(copy, O_RDONLY);
        scratch_same(handle, 0, SIZE);
        handle = disk_close(as("alice"), handle);
        assert_int_equal(row(copy).state, IMAGE_AVAILABLE);
}

static const struct operation operations[] = {
        { "disk_create", "alice", .prepare = make_draft, .act = act_create, .end = end },
        { "disk_open", "alice", .prepare = make_image, .act = act_open, .end = end },
        { "disk_open, of a copy", "alice", .prepare = make_linked, .act = act_open, .end = end, .result = RULE_SEALED,
          .flags = OPERATION_REFUSED },
        { "disk_open, truncating", "alice", OPERATION_STEPS, .prepare = make_image, .act = act_open_truncate,
          .check = check_truncated },
        { "disk_write", "alice", OPERATION_FRESH, .prepare = make_image, .begin = begin_handle, .act = act_write,
          .end = end },
        { "disk_write, of a copy", "alice", OPERATION_FRESH, .prepare = make_linked, .begin = begin_handle_of_copy,
          .act = act_write, .end = end },
        { "disk_write, of a reference", "alice", OPERATION_STEPS, .prepare = make_image_and_draft,
          .begin = begin_referred, .act = act_write, .end = end },
        { "disk_truncate", "alice", OPERATION_FRESH, .prepare = make_image, .begin = begin_handle,
          .act = act_truncate, .end = end },
        { "disk_truncate, of a copy", "alice", OPERATION_FRESH, .prepare = make_linked, .begin = begin_handle_of_copy,
          .act = act_truncate, .end = end },
        { "disk_allocate", "alice", .prepare = make_image, .begin = begin_handle, .act = act_allocate, .end = end },
        { "disk_sync", "alice", .prepare = make_image, .begin = begin_handle, .act = act_sync, .end = end },
        { "disk_flush", "alice", .prepare = make_draft, .begin = begin_written, .act = act_flush, .end = end },
        { "disk_flush, of a reference", "alice", OPERATION_BYTES | OPERATION_LINKS, .prepare = make_image_and_draft, .begin = begin_referred,
          .act = act_flush, .end = end },
        { "disk_flush, of a reference to elsewhere", "alice", OPERATION_STEPS, .prepare = make_image_and_draft,
          .begin = begin_referred_apart, .act = act_flush, .check = check_filled, .end = end },
        { "disk_flush, of an interrupted copy", "alice", OPERATION_BYTES, .prepare = make_image_and_draft, .begin = begin_interrupted,
          .act = act_flush, .end = end },
        { "disk_close, of a reference", "alice", OPERATION_STEPS, .prepare = make_image_and_draft,
          .begin = begin_referred, .act = act_close, .end = end },
        { "disk_copy_range, by reference", "alice", OPERATION_STEPS, .result = SIZE, .prepare = make_image_and_draft,
          .begin = begin_target, .act = act_refer, .check = check_referred,
          .end = end },
        { "disk_copy_range, of bytes", "alice", .result = SIZE, .prepare = make_image_and_draft,
          .begin = begin_target, .act = act_copy_bytes, .end = end },
        { "image_copy", "alice", OPERATION_LINKS, .prepare = make_image_and_draft, .act = act_copy },
        { "image_copy, to elsewhere", "alice", .prepare = make_image_and_draft, .begin = begin_apart, .act = act_copy,
          .end = end_apart },
        { "disk_truncate_path", "alice", OPERATION_STEPS, .prepare = make_image, .act = act_truncate_path },
        { "disk_touch", "alice", .prepare = make_image, .act = act_touch },
        { "disk_remove", "alice", .prepare = make_image, .act = act_remove },
        { "disk_remove, of a copied one", "alice", .prepare = make_linked, .act = act_remove },
        { "import", "alice", OPERATION_STEPS, .prepare = make_draft, .act = act_import, .check = check_import },
        { "copy by reference", "alice", OPERATION_STEPS, .prepare = make_image_and_draft, .act = act_copy_steps,
          .check = check_copy_steps },
};

int main(void) {
        return trial_run("fault disk", operations, ARRAY_SIZE(operations));
}
