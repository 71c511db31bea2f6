/* SPDX-License-Identifier: MIT
 * Faults in backups and restores: the catalog that is backed up never changes; what is made is not there, or whole.
 */
#include "fault.h"

#include "../unit/service/scratch.h"
#include "backup.h"
#include "instance.h"
#include "place.h"

static int64_t heads[2]; /* the last events of the backup that is there before, 0: none; and of the one that is made */

static int keeping_tell(const struct finding *finding, void *context) {
        (void)context;
        trial_told("%s %s: %s\n", finding->what, finding->object, finding->problem);
        return 0;
}

static int keeping_wrong(const struct finding *finding, void *context) {
        (void)context;
        fail_msg("%s %s: %s", finding->what, finding->object, finding->problem);
        return 0;
}

/* The last event of a backup or restored catalog, which is whole; 0: it says that it is none. */
static int64_t whole(const char *name) {
        struct service *service;
        uint8_t hash[CHECK_HASH_SIZE];
        char why[WHY_SIZE];
        int64_t event;

        if (service_open(scratch_name(name), SERVICE_READ_ONLY, &service, why) < 0)
                return 0;
        assert_int_equal(check_log(as_of(service, "operator"), NULL, keeping_wrong, NULL, &event, hash), 0);
        if (event == heads[1]) /* else there may be disks already that it does not know yet */
                assert_int_equal(check_run(as_of(service, "operator"), true, keeping_wrong, NULL), 0);
        (void)service_close(service); /* returns NULL */
        return event;
}

static void make_images(void) {
        int64_t web = filled(north, "web", 100);
        struct instance instance;
        struct share share;

        (void)filled(south, "db", 3000);
        assert_int_equal(share_grant(as("alice"), web, "bob", &share, NULL), 0);
        assert_int_equal(instance_create(as("bob"), north, "vm", &instance), 0);
        assert_int_equal(instance_launch(as("bob"), instance.id, "web@alice"), 0);
        heads[0] = 0;
}

static int64_t backup_to(const char *name) {
        struct backup backup = { .each = keeping_tell };
        char why[WHY_SIZE];

        assert_int_equal(service_backup(as("operator"), scratch_name(name), &backup, why), 0);
        return backup.event;
}

static void make_backup(void) {
        make_images();
        heads[1] = backup_to("made-kept") + 1; /* `restore` */
}

/* Since that one a disk was sealed, another has come, a region has gone. */
static void make_older(void) {
        struct share share;

        assert_int_equal(region_add(as("operator"), "west", NULL), 0);
        make_images();
        heads[0] = backup_to("made-kept");
        assert_int_equal(share_grant(as("alice"), sql_number("SELECT place FROM place_name WHERE name = 'db'"), "bob",
                                     &share, NULL), 0);
        assert_int_equal(share_grant(as("alice"), filled(north, "new", 200), "bob", &share, NULL), 0);
        assert_int_equal(region_remove(as("operator"), "west", NULL, NULL), 0);
}

static void begin_first(void) {
        place_clear("kept");
}

static void begin_again(void) {
        place_copy_tree("made-kept", "kept");
}

static void begin_apart(void) {
        begin_first();
        fault_apart = true;
}

static void end_apart(void) {
        fault_apart = false;
}

static void begin_restore(void) {
        place_clear("restored");
}

/* What failed has left what was there before, or nothing that looks whole, unless it failed when all was done. */
static int judge(const char *name, int r, const char *why) {
        int64_t event;

        if (r >= 0)
                return r;
        (void)fault_disarm(NULL);
        assert_string_not_equal(why, "");
        event = whole(name);
        assert_true(event == heads[0] || event == heads[1]);
        return r;
}

static int act_backup(struct request *request) {
        struct backup backup = { .each = keeping_tell };
        char why[WHY_SIZE] = "";
        int r = service_backup(request, scratch_name("kept"), &backup, why);

        heads[1] = backup.event;
        assert_int_equal(backup.missing, 0);
        return judge("kept", r, why);
}

static int act_restore(struct request *request) {
        struct backup restore = { .each = keeping_tell };
        char why[WHY_SIZE] = "";
        int r = service_restore(scratch_name("made-kept"), scratch_name("restored"), 1000, &restore, why);

        (void)request;
        assert_int_equal(restore.missing, 0);
        return judge("restored", r, why);
}

static void check_backup(void) {
        assert_int_equal(whole("kept"), heads[1]);
}

static void check_restore(void) {
        assert_int_equal(whole("restored"), heads[1]);
}

static const struct operation operations[] = {
        { "backup", .flags = OPERATION_LINKED, .prepare = make_images, .begin = begin_first, .act = act_backup,
          .check = check_backup },
        { "backup, to another filesystem", .prepare = make_images, .begin = begin_apart, .act = act_backup,
          .end = end_apart, .check = check_backup },
        { "backup, again", .flags = OPERATION_LINKED, .prepare = make_older, .begin = begin_again, .act = act_backup,
          .check = check_backup },
        { "restore", .prepare = make_backup, .begin = begin_restore, .act = act_restore, .check = check_restore },
};

int main(void) {
        return trial_run("fault keeping", operations, ARRAY_SIZE(operations));
}
