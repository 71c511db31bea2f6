/* SPDX-License-Identifier: MIT
 * What a caller is told of an answer that no rule gave, and no service has explained (CONTRACT 4 "Explaining").
 */
#include "request/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tree/kind.h"
#include "utf8.h"
#include "verdict.h"

void call_about(struct call *call, const char *doing, const char *word) {
        call->doing = doing;
        (void)snprintf(call->word, sizeof(call->word), "%s", word ?: ""); /* a long one is cut */
}

/* Others are steps of a tool's way: mv copies and deletes after EXDEV, cp writes after EOPNOTSUPP. */
static bool is_told(int error) {
        switch (error) {
        case EACCES: /* the caller has no view, and so no last_denial */
        case EINTR:
        case ENOSYS:
        case ENXIO: /* lseek: no more data */
        case EOPNOTSUPP:
        case EXDEV:
                return false;
        default:
                return true;
        }
}

static void answer_asked(const struct call *call, const struct kind *kind, char *ret_text, size_t size) {
        const char *called = kind && kind->words.called ? kind->words.called : "it";
        char object[OBJECT_SIZE + 8] = "";

        if (call->loaded)
                (void)snprintf(object, sizeof(object), " of %s/%s@%s", call->image.region_name, call->image.name,
                               call->image.owner_name); /* fits */
        if (kind && S_ISDIR(kind->mode) && call->word[0])
                (void)snprintf(ret_text, size, "%s %s in %s%s", call->doing, call->word, called, object);
        else
                (void)snprintf(ret_text, size, "%s %s%s", call->doing, called, object); /* fits */
        utf8_clean(ret_text); /* names come as they were typed */
}

bool call_answer(struct call *call, int error) {
        const struct kind *kind = kind_of(call->mount, call->node.kind);
        struct refusal *refusal = &call->request.refusal;
        struct refusal_context context = { .word = call->word };

        if (!call->doing || !is_told(error))
                return false;
        if (kind) {
                context.what = kind->words.what;
                context.form = kind->words.form;
        }
        if (error == EROFS) {
                context.what = service_foreign(call->mount->service);
                context.form = context.what ? "ask an operator to do that" : NULL;
        }
        refusal_answer(error, &context, refusal);
        if (!refusal->asked[0])
                answer_asked(call, kind, refusal->asked, sizeof(refusal->asked));
        return true;
}
