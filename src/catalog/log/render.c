/* SPDX-License-Identifier: MIT
 * Renders an event's JSON without SQLite, which takes ten times as long: the same bytes, or no answer. Nearly all texts
 * need no escapes in JSON.
 */
#include <inttypes.h>

#include "log/log.h"

#define STAMP_MS ((int)strlen("YYYY-MM-DDThh:mm:ss."))
#define YEARS_END INT64_C(253402300799999) /* later times are all written as this one */

struct writing {
        char *p, *end;
        bool good;
};

static void render_put(struct writing *w, const char *text, size_t n) {
        w->good = w->good && (size_t)(w->end - w->p) > n;
        if (!w->good)
                return;
        memcpy(w->p, text, n);
        w->p += n;
}

/* No early exit, so that the compiler takes many bytes at a time. */
static bool text_is_plain(const char *text, size_t n) {
        unsigned char other = 0;

        for (size_t i = 0; i < n; i++)
                other |= (unsigned char)((text[i] < ' ') | (text[i] > '~') | (text[i] == '"') | (text[i] == '\\'));
        return other == 0;
}

/* name: includes the comma before it and the colon after it */
static void put_text(struct writing *w, const char *name, const char *text) {
        size_t n;

        render_put(w, name, strlen(name));
        if (!text) {
                render_put(w, "null", strlen("null"));
                return;
        }
        n = strlen(text);
        w->good = w->good && text_is_plain(text, n);
        render_put(w, "\"", 1);
        render_put(w, text, n);
        render_put(w, "\"", 1);
}

static void put_number(struct writing *w, const char *name, int64_t number) {
        char text[24];
        char *p = text + sizeof(text);
        uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

        do
                *--p = (char)('0' + rest % 10);
        while ((rest /= 10) > 0);
        if (number < 0)
                *--p = '-';
        render_put(w, name, strlen(name));
        render_put(w, p, (size_t)(text + sizeof(text) - p));
}

/* Most often the last time again, with other milliseconds. */
const char *event_stamp(struct stamp *stamp, int64_t time) {
        unsigned ms = (unsigned)(time % 1000);

        if (time < 0 || time / 1000 != stamp->second || time > YEARS_END || stamp->text[0] == '\0') {
                stamp->second = time / 1000;
                return timestamp_format(time, stamp->text);
        }
        for (int i = 2; i >= 0; i--, ms /= 10)
                stamp->text[STAMP_MS + i] = (char)('0' + ms % 10);
        return stamp->text;
}

bool detail_render(const struct event *e, char *ret_json, size_t size) {
        struct writing w = { .p = ret_json, .end = ret_json + size, .good = true };

        for (size_t i = 0; i < EVENT_DETAILS && e->detail[i].key; i++) { /* the keys are ours: plain */
                render_put(&w, i == 0 ? "{\"" : ",\"", 2);
                render_put(&w, e->detail[i].key, strlen(e->detail[i].key));
                if (e->detail[i].text)
                        put_text(&w, "\":", e->detail[i].text);
                else
                        put_number(&w, "\":", e->detail[i].number);
        }
        render_put(&w, "}", 2); /* and NUL */
        return w.good;
}

size_t event_render(const struct event *e, int64_t id, const char *stamp, const char *actor, const char *via,
                    const char *op, const char *detail, char *ret_json, size_t size) {
        struct writing w = { .p = ret_json, .end = ret_json + size, .good = true };

        put_number(&w, "{\"event\":", id);
        put_text(&w, ",\"time\":", stamp);
        put_text(&w, ",\"actor\":", actor);
        put_number(&w, ",\"uid\":", (int64_t)e->caller->uid);
        put_text(&w, ",\"via\":", via);
        put_text(&w, ",\"op\":", op);
        put_text(&w, ",\"object\":", e->object);
        put_text(&w, ",\"account\":", e->account);
        put_text(&w, ",\"rule\":", e->rule);
        put_text(&w, ",\"errno\":", e->error);
        render_put(&w, ",\"detail\":", strlen(",\"detail\":"));
        render_put(&w, detail ?: "{}", strlen(detail ?: "{}"));
        render_put(&w, "}", 1);
        return w.good ? (size_t)(w.p - ret_json) : 0;
}
