/* SPDX-License-Identifier: MIT
 * What people write into control files and command lines as a word: times, numbers, switches, roles, hashes, UTF-8. What
 * is read is written as it was meant, and reads the same again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "hex.h"
#include "internal.h" /* of src/cli */
#include "share.h"
#include "timestamp.h"
#include "utf8.h"

#define YEAR_0 INT64_C(-62167219200000)
#define YEAR_1000 INT64_C(-30610224000000)
#define YEAR_9999_END INT64_C(253402300799999)
#define DAY INT64_C(86400000)

static void check_time(const char *text, int64_t now) {
        char written[TIMESTAMP_SIZE];
        int64_t ms, again;
        int r = timestamp_parse(text, now, &ms);

        require(r == 0 || r == -EINVAL);
        if (r < 0)
                return;
        if (text[0] == '+')
                require(ms >= now && ms - now <= 999999 * DAY);
        else
                require(ms >= YEAR_0 - 2 * DAY && ms <= YEAR_9999_END + 2 * DAY);
        (void)timestamp_format(ms, written); /* returns the text */
        require(strlen(written) == strlen("2026-05-03T10:11:12.345Z"));
        require(timestamp_parse(written, 0, &again) == 0);
        require(ms < YEAR_1000 || ms > YEAR_9999_END || again == ms);
}

/* All of 64 bits is written as some time, and what is in range comes back. */
static void check_number_as_time(int64_t ms) {
        char written[TIMESTAMP_SIZE];
        int64_t again;

        require(timestamp_parse(timestamp_format(ms, written), 0, &again) == 0);
        require(ms < YEAR_1000 ? again == YEAR_1000 : ms > YEAR_9999_END ? again == YEAR_9999_END : again == ms);
}

static void check_expiry(const char *text) {
        int64_t before = timestamp_now(), expires;
        int r = share_expiry_parse(&(struct clock_state){ .log = before, .due = before }, text, &expires);

        require(r == 0 || r == -EINVAL || r == -ETIME);
        if (r == 0)
                require(expires == 0 || expires > before);
        if (strcmp(text, "never") == 0 || strcmp(text, "") == 0)
                require(r == 0 && expires == 0);
}

static void check_number(const char *text, int64_t max) {
        char written[32];
        int64_t number;
        int r = parse_number(text, max, &number);

        require(r == 0 || r == -EINVAL);
        if (r < 0)
                return;
        require(number >= 0 && number <= max);
        (void)snprintf(written, sizeof(written), "%lld", (long long)number); /* fits */
        while (text[0] == '0' && text[1] != '\0')
                text++;
        require(strcmp(written, text) == 0);
}

static void check_words(const char *text) {
        uint8_t hash[32];
        int64_t number;

        if (parse_uid(text, &number) == 0)
                require(number >= 0 && number < UINT32_MAX);
        if (parse_switch(text, &number) == 0)
                require(strcmp(text, number ? "on" : "off") == 0);
        if (parse_role(text, &number) == 0)
                require(strcmp(text, role_name((enum role)number)) == 0);
        if (hex_parse(text, hash, sizeof(hash)) == 0) {
                char written[2 * sizeof(hash) + 1];

                require(strcasecmp(hex_format(hash, sizeof(hash), written), text) == 0);
        }
}

/* A text is judged by its bytes alone, wherever it ends: what is whole stays whole when more comes. */
static void check_utf8(const char *text, size_t size) {
        size_t whole, again;
        int characters = utf8_check(text, size, &whole);

        require(characters >= 0 || characters == -EINVAL || characters == -EAGAIN);
        require(whole <= size && (characters < 0) == (whole < size));
        require(characters != -EAGAIN || size - whole < 4);
        require(characters <= (int)size);
        require(utf8_check(text, whole, &again) >= 0 && again == whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct input input = { data, size };
        int64_t now = (int64_t)(input_number(&input, 5) % (4 * (uint64_t)YEAR_9999_END));
        char text[512];

        check_number_as_time((int64_t)input_number(&input, 8));
        check_utf8((const char *)input.data, input.size);
        input_line(&input, text, sizeof(text));
        check_time(text, now);
        check_expiry(text);
        check_number(text, INT64_MAX);
        check_number(text, 1000);
        check_words(text);
        return 0;
}
