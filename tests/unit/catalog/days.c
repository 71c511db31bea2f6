/* SPDX-License-Identifier: MIT
 * Sums up the log by days, by reading all of it.
 */
#include "days.h"

#include <errno.h>

#include "scratch.h"

const struct caller alice = { .account = 2, .name = "alice" }, bob = { .account = 3, .name = "bob" },
                    zoe = { .account = 4, .name = "zoe" };

struct log_filter view_of(const struct caller *viewer, int64_t last) {
        return (struct log_filter){ .last = last, .viewer = viewer ? viewer->account : 0,
                                    .viewer_name = viewer ? viewer->name : NULL };
}

static int sum_entry(const struct log_entry *entry, void *context) {
        struct sums *sums = context;
        const int64_t number = entry->time / DAY_MS;
        struct day *day = &sums->days[number - FIRST];

        assert_in_range(number, FIRST, FIRST + DAYS - 1);
        if (day->bytes == 0) {
                day->number = number;
                day->after = sums->last;
                sums->first[number - FIRST] = entry->id;
        }
        day->bytes += (int64_t)entry->length;
        day->last = sums->last = entry->id;
        day->time = entry->time;
        sums->events++;
        return 0;
}

struct sums sum_log(struct log_filter filter) {
        struct sums sums = { 0 };
        int r;

        do {
                filter.after = sums.last;
                r = catalog_log(scratch_reader, &filter, sum_entry, &sums);
                assert_true(r >= 0);
        } while (r == CATALOG_PAGE);
        return sums;
}

int sum_length(const struct log_length *length, void *context) {
        struct lengths *lengths = context;

        assert_true(length->id > lengths->last);
        lengths->bytes += length->length;
        lengths->last = length->id;
        lengths->events++;
        return 0;
}

static void assert_day(const struct day *day, const struct sums *sums, int i) {
        const struct day *expected = &sums->days[i];

        assert_int_equal(day->number, expected->number);
        assert_int_equal(day->bytes, expected->bytes);
        assert_in_range(day->after, expected->after, sums->first[i] - 1);
        assert_int_equal(day->last, expected->last);
        assert_int_equal(day->time, expected->time);
}

int check_listed(int64_t number, void *context) {
        struct listed *listed = context;

        while (listed->day < DAYS && listed->sums->days[listed->day].bytes == 0)
                listed->day++;
        assert_in_range(listed->day, 0, DAYS - 1);
        assert_int_equal(number, listed->sums->days[listed->day++].number);
        return ++listed->count == listed->stop_at ? 17 : 0;
}

int64_t check_view(const struct caller *viewer, int64_t last) {
        struct log_filter view = view_of(viewer, last);
        const struct sums sums = sum_log(view);
        struct listed listed = { .sums = &sums };
        struct lengths lengths = { 0 };
        int64_t bytes = 0;
        int days = 0, r;

        for (int i = 0; i < DAYS; i++) {
                struct day day;

                r = catalog_day_get(scratch_reader, &view, FIRST + i, &day);
                assert_int_equal(r, sums.days[i].bytes ? 0 : -ENOENT);
                if (r == 0)
                        assert_day(&day, &sums, i);
                bytes += sums.days[i].bytes;
                days += r == 0;
        }
        assert_int_equal(catalog_day_list(scratch_reader, &view, 0, check_listed, &listed), 0);
        assert_int_equal(listed.count, days);
        do {
                view.after = lengths.last;
                r = catalog_log_lengths(scratch_reader, &view, sum_length, &lengths);
                assert_true(r >= 0);
        } while (r == CATALOG_PAGE);
        assert_int_equal(lengths.bytes, bytes);
        assert_int_equal(lengths.events, sums.events);
        return sums.events;
}

void check_all(int64_t last) {
        (void)check_view(NULL, last);
        (void)check_view(&alice, last);
        (void)check_view(&bob, last);
        (void)check_view(&zoe, last);
        (void)check_view(&scratch_operator, last); /* as if it were an ordinary account */
}
