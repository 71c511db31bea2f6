/* SPDX-License-Identifier: MIT
 * An input as a row of choices; and how a broken property is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

uint8_t input_byte(struct input *input) {
        if (input->size == 0)
                return 0;
        input->size--;
        return *input->data++;
}

uint64_t input_number(struct input *input, size_t bytes) {
        uint64_t number = 0;

        while (bytes-- > 0)
                number = number << 8 | input_byte(input);
        return number;
}

const char *input_bytes(struct input *input, size_t most, size_t *ret_size) {
        size_t size = (size_t)input_number(input, 2) % (most + 1);
        const char *bytes;

        size = size < input->size ? size : input->size;
        bytes = (const char *)input->data;
        input->data += size;
        input->size -= size;
        *ret_size = size;
        return bytes;
}

void input_line(struct input *input, char *ret_text, size_t size) {
        const uint8_t *end = input->size ? memchr(input->data, '\n', input->size) : NULL;
        size_t length = end ? (size_t)(end - input->data) : input->size;
        size_t n = length < size ? length : size - 1;

        if (n > 0)
                memcpy(ret_text, input->data, n);
        ret_text[n] = '\0';
        length += end ? 1 : 0;
        input->data += length;
        input->size -= length;
}

void fuzz_fail(const char *file, int line, const char *what) {
        (void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        abort();
}
