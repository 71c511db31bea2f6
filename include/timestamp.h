/* SPDX-License-Identifier: MIT
 * Times as the product writes them: RFC 3339 in UTC with `Z`. Internally int64_t milliseconds since 1970.
 */
#pragma once

#include <stdint.h>
#include <time.h>

#define TIMESTAMP_SIZE 32

/* `2026-05-03T10:11:12.345Z`. Times outside the years 1000 to 9999 are clamped. Returns ret_text. */
char *timestamp_format(int64_t ms, char ret_text[static TIMESTAMP_SIZE]);

/* Parses an administrator's input: a date (the last millisecond of that day in UTC), an RFC 3339 time, or `+30d`,
 * `+12h` from now. 0 or -EINVAL. */
int timestamp_parse(const char *text, int64_t now, int64_t *ret_ms);

/* The same in nanoseconds, always with nine digits. timestamp_parse_ns reads only what timestamp_format_ns writes, else
 * -EINVAL. */
char *timestamp_format_ns(int64_t ns, char ret_text[static TIMESTAMP_SIZE]);
int timestamp_parse_ns(const char *text, int64_t *ret_ns);

/* CLOCK_REALTIME in milliseconds. */
int64_t timestamp_now(void);

/* CLOCK_REALTIME in nanoseconds, as files' times are kept. */
int64_t timestamp_now_ns(void);

/* Converts nanoseconds since 1970 (also negative) to the kernel's form and back. Times that do not fit into 64 bits are
 * clamped, in the years 1677 and 2262. */
struct timespec timestamp_split(int64_t ns);
int64_t timestamp_join(const struct timespec *time);
