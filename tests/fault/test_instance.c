/* SPDX-License-Identifier: MIT
 * Faults in operations on instances.
 */
#include "fault.h"

#include <fcntl.h>

#include "../unit/service/scratch.h"
#include "instance.h"

static int64_t place, copy, instance, launch;
static struct disk_handle *handle;

static void make_instance(void) {
        struct instance made;

        assert_int_equal(instance_create(as("alice"), north, "vm1", &made), 0);
        instance = made.id;
}

static void make_image(void) {
        place = filled(north, "web", 64 * KIB);
        make_instance();
}

static void make_launched(void) {
        struct instance made;

        make_image();
        assert_int_equal(instance_launch(as("alice"), instance, "web"), 0);
        assert_int_equal(instance_get(as("alice"), instance, &made), 0);
        launch = made.launch;
        copy = draft(north, "custom");
}

static void end(void) {
        handle = disk_close(as("alice"), handle);
}

static int act_create(struct request *request) {
        struct instance made;

        return instance_create(request, north, "vm1", &made);
}

static int act_remove(struct request *request) {
        return instance_remove(request, instance);
}

static int act_launch(struct request *request) {
        return instance_launch(request, instance, "web");
}

static int act_image_remove(struct request *request) {
        return instance_image_remove(request, instance);
}

static int act_disk_remove(struct request *request) {
        return instance_disk_remove(request, instance);
}

static int act_disk_open(struct request *request) {
        return instance_disk_open(request, instance, O_RDWR, &handle);
}

static int act_disk_copy(struct request *request) {
        struct image image;

        return instance_disk_copy(request, launch, copy, &image);
}

static const struct operation operations[] = {
        { "instance_create", "alice", .act = act_create },
        { "instance_remove", "alice", .prepare = make_instance, .act = act_remove },
        { "instance_launch", "alice", .prepare = make_image, .act = act_launch },
        { "instance_launch, again", "alice", .prepare = make_launched, .act = act_launch },
        { "instance_image_remove", "alice", .prepare = make_launched, .act = act_image_remove },
        { "instance_disk_remove", "alice", .prepare = make_launched, .act = act_disk_remove },
        { "instance_disk_open", "alice", .prepare = make_launched, .act = act_disk_open, .end = end },
        { "instance_disk_copy", "alice", .prepare = make_launched, .act = act_disk_copy },
};

int main(void) {
        return trial_run("fault instance", operations, ARRAY_SIZE(operations));
}
