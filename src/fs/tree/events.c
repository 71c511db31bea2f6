/* SPDX-License-Identifier: MIT
 * /events: one file for each day of the log that the viewer may see (CONTRACT 3, 9). Its size is known without reading;
 * its bytes are streamed.
 */
#include "tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "events.h"
#include "image.h"
#include "kernel/kernel.h"
#include "timestamp.h"

#define DAY_MS INT64_C(86400000)
#define DATE_LENGTH 10
#define SUFFIX ".jsonl"
#define DAY_NAME_SIZE (DATE_LENGTH + sizeof(SUFFIX))

static void day_name(int64_t number, char ret_name[static DAY_NAME_SIZE]) {
        char time[TIMESTAMP_SIZE];

        (void)snprintf(ret_name, DAY_NAME_SIZE, "%.*s" SUFFIX, DATE_LENGTH, timestamp_format(number * DAY_MS, time));
}

/* The day of a file's name, in days since 1970. -ENOENT: no such name. */
static int day_number(const char *name, int64_t *ret_number) {
        char date[DATE_LENGTH + 1] = "", again[DAY_NAME_SIZE];
        int64_t end;

        if (strlen(name) == DAY_NAME_SIZE - 1)
                memcpy(date, name, DATE_LENGTH);
        if (timestamp_parse(date, 0, &end) < 0 || end < 0)
                return -ENOENT;
        day_name(end / DAY_MS, again);
        if (strcmp(name, again) != 0)
                return -ENOENT;
        *ret_number = end / DAY_MS;
        return 0;
}

/* --- the directory --- */

static int events_lookup(struct call *call, const char *name, struct node *ret_node) {
        struct events_day day;
        int64_t number;
        int r = day_number(name, &number);

        if (r == 0)
                r = events_day(&call->request, number, &day);
        if (r == 0)
                *ret_node = call_node(call, NODE_EVENTS_DAY, number);
        return r;
}

struct listing {
        struct call *call;
        struct lister *lister;
};

static int list_day(int64_t number, void *context) {
        const struct listing *l = context;
        char name[DAY_NAME_SIZE];

        day_name(number, name);
        return lister_add(l->lister, name, call_node(l->call, NODE_EVENTS_DAY, number), (uint64_t)number + 1);
}

static int list_days(struct call *call, uint64_t offset, struct lister *lister) {
        return events_list(&call->request, (int64_t)offset, list_day,
                           &(struct listing){ .call = call, .lister = lister });
}

const struct kind kind_events = {
        .mode = S_IFDIR | 0755, .lookup = events_lookup, .list = list_days,
        .remember = { .entry = remember_always },
};

/* --- a day --- */

static int day_attributes(struct call *call, struct stat *st) {
        struct events_day day;
        int r = events_day(&call->request, call->node.id, &day);

        if (r < 0)
                return r;
        set_times(st, day.time);
        st->st_size = day.bytes;
        st->st_blocks = (day.bytes + 511) / 512;
        st->st_blksize = 1 << 17; /* tools read this much at once, and each read is a request */
        return 0;
}

const struct kind kind_events_day = { .mode = S_IFREG | 0444, .attributes = day_attributes, .costly = true };

int day_judge_write(struct call *call) {
        return fixed_tree(&call->request, false, "a file that is only read", false);
}

int day_open(struct call *call, int flags, struct events_reader **ret_reader) {
        int r = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC ? day_judge_write(call) : 0;

        return r != 0 ? r : events_open(&call->request, call->node.id, ret_reader);
}
