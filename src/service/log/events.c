/* SPDX-License-Identifier: MIT
 * A day of the log as a file. Lines are rendered as they are read, and skipped by their lengths, so that no day is ever
 * held in memory. Whether a viewer may see an event is settled when it is written, so the file only grows.
 */
#include "events.h"

#include "array.h"
#include "log/wing.h"

#define MARK_EVERY ((uint64_t)1 << 20) /* bytes between two known places */

/* A place in the file: the line after this event begins there. */
struct mark {
        uint64_t offset;
        int64_t event;
};

struct events_reader {
        int64_t day, viewer; /* whose view was opened */
        pthread_mutex_t lock; /* of what follows */
        struct mark *marks;  /* rising; the first is the file's beginning */
        size_t room, count;
        struct mark last; /* where the last read ended: the next one begins there */
};

static int day_view(struct request *request, struct log_filter *ret_view) {
        int r = log_view(request, ret_view);

        return r == -ENOENT ? -EACCES : r;
}

int events_day(struct request *request, int64_t number, struct events_day *ret_day) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct log_filter view = { 0 };
        struct day day;
        int r = day_view(request, &view);

        request_done(request); /* summing up may take long */
        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0)
                r = catalog_day_get(c, &view, number, &day);
        if (r == 0)
                *ret_day = (struct events_day){ .number = number, .bytes = day.bytes, .time = day.time };
        return r;
}

int events_list(struct request *request, int64_t from, int (*each)(int64_t number, void *context), void *context) {
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct log_filter view = { 0 };
        int r = day_view(request, &view);

        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        return r < 0 ? r : catalog_day_list(c, &view, from, each, context);
}

/* --- reading --- */

struct events_reader *events_close(struct events_reader *reader) {
        if (!reader)
                return NULL;
        (void)pthread_mutex_destroy(&reader->lock); /* nobody reads any more */
        free(reader->marks);
        free(reader);
        return NULL;
}

static void cleanup_reader(struct events_reader **reader) {
        *reader = events_close(*reader);
}

int events_open(struct request *request, int64_t number, struct events_reader **ret_reader) {
        _cleanup_(cleanup_reader) struct events_reader *reader = calloc(1, sizeof(*reader));
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct log_filter view = { 0 };
        struct day day;
        int r = day_view(request, &view);

        if (!reader)
                return -ENOMEM;
        (void)pthread_mutex_init(&reader->lock, NULL); /* cannot fail with default attributes */
        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0)
                r = catalog_day_get(c, &view, number, &day);
        if (r < 0)
                return r;
        if (ARRAY_ROOM(reader->marks, &reader->room, reader->count) < 0)
                return -ENOMEM;
        reader->day = number;
        reader->viewer = view.viewer;
        reader->last = reader->marks[reader->count++] = (struct mark){ .event = day.after };
        *ret_reader = TAKE_PTR(reader);
        return 0;
}

/* The nearest mark at or before an offset. */
static struct mark mark_before(struct events_reader *reader, uint64_t offset) {
        size_t low = 0, high;
        struct mark mark;

        (void)pthread_mutex_lock(&reader->lock);
        for (high = reader->count; high - low > 1;) {
                size_t middle = low + (high - low) / 2;

                *(reader->marks[middle].offset <= offset ? &low : &high) = middle;
        }
        mark = reader->marks[low];
        if (reader->last.offset <= offset && reader->last.offset > mark.offset)
                mark = reader->last;
        (void)pthread_mutex_unlock(&reader->lock);
        return mark;
}

static void mark_keep(struct events_reader *reader, struct mark mark, bool last) {
        (void)pthread_mutex_lock(&reader->lock);
        if (last)
                reader->last = mark;
        if (mark.offset >= reader->marks[reader->count - 1].offset + MARK_EVERY &&
            ARRAY_ROOM(reader->marks, &reader->room, reader->count) == 0) /* else the next read skips more lines */
                reader->marks[reader->count++] = mark;
        (void)pthread_mutex_unlock(&reader->lock);
}

struct reading {
        struct events_reader *reader;
        struct mark at;
        uint64_t offset; /* the first byte that is still wanted */
        char *data;
        size_t left;
        bool done;
};

static void reading_advance(struct reading *reading, int64_t event, uint64_t length) {
        reading->at = (struct mark){ .offset = reading->at.offset + length, .event = event };
        mark_keep(reading->reader, reading->at, false);
}

static int skip_line(const struct log_length *line, void *context) {
        struct reading *reading = context;

        reading->done = reading->at.offset + (uint64_t)line->length > reading->offset;
        if (!reading->done)
                reading_advance(reading, line->id, (uint64_t)line->length);
        return reading->done;
}

static int copy_line(const struct log_entry *entry, void *context) {
        struct reading *reading = context;
        size_t from = reading->offset > reading->at.offset ? (size_t)(reading->offset - reading->at.offset) : 0, n;

        if (from < entry->length) {
                n = entry->length - from < reading->left ? entry->length - from : reading->left;
                memcpy(reading->data, entry->line + from, n);
                reading->data += n;
                reading->left -= n;
                reading->offset += n;
                from += n;
        }
        if (from >= entry->length)
                reading_advance(reading, entry->id, entry->length);
        reading->done = reading->left == 0;
        return reading->done;
}

/* Goes on page by page until the wanted line is reached, or there are no more. */
static int skip_lines(struct catalog_connection *c, struct log_filter *view, struct reading *reading) {
        int r;

        do {
                view->after = reading->at.event;
                r = catalog_log_lengths(c, view, skip_line, reading);
        } while (r == CATALOG_PAGE && !reading->done);
        return r < 0 ? r : 0;
}

static int copy_lines(struct catalog_connection *c, struct log_filter *view, struct reading *reading) {
        int r;

        reading->done = reading->left == 0;
        do {
                view->after = reading->at.event;
                r = reading->done ? 0 : catalog_log(c, view, copy_line, reading);
        } while (r == CATALOG_PAGE && !reading->done);
        return r < 0 ? r : 0;
}

int events_read(struct request *request, struct events_reader *reader, uint64_t offset, size_t size, char *ret_data,
                size_t *ret_size) {
        struct reading reading = { .reader = reader, .at = mark_before(reader, offset), .offset = offset,
                                   .data = ret_data, .left = size };
        _cleanup_read_ struct catalog_connection *c = NULL;
        struct log_filter view = { 0 };
        struct day day;
        int r = day_view(request, &view);

        if (r == 0 && view.viewer != reader->viewer)
                r = -EACCES;
        if (r == 0)
                r = catalog_read(request->service->catalog, &c);
        if (r == 0)
                r = catalog_day_get(c, &view, reader->day, &day);
        if (r < 0)
                return r;
        view.last = day.last < view.last ? day.last : view.last;
        r = skip_lines(c, &view, &reading);
        if (r == 0)
                r = copy_lines(c, &view, &reading);
        if (r < 0)
                return r;
        mark_keep(reader, reading.at, true);
        *ret_size = size - reading.left;
        return 0;
}
