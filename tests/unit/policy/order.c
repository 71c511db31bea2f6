/* SPDX-License-Identifier: MIT
 * Iterates over roles, relations and subsets of faults.
 */
#include "order.h"

static const char *const role_names[] = { "account", "auditor", "operator" };
static const char *const relation_names[] = { "owner", "recipient", "stranger", "hidden owner" };

static int expected(const struct order *order, unsigned broken) {
        for (unsigned place = 0; order->outcomes[place] != 0; place++)
                if (broken & BIT(place))
                        return order->outcomes[place];
        return 0;
}

static void check_one(const struct order *order, enum role role, enum relation relation, unsigned faults) {
        bool visible = relation != STRANGER && relation != HIDDEN_OWNER;
        bool owner = relation == OWNER || relation == HIDDEN_OWNER;
        union facts facts = order->blameless(role, visible, owner);
        unsigned broken = (order->by_role[role] | order->by_relation[relation]) & ~order->spared[role];
        int r;

        for (unsigned i = 0; order->faults[i].commit; i++)
                if (faults & BIT(i)) {
                        order->faults[i].commit(&facts);
                        broken |= BIT(order->faults[i].place) & ~order->spared[role];
                }
        r = order->judge(&facts);
        if (r != expected(order, broken))
                fail_msg("%s, %s, places broken %#x: %d, not %d", role_names[role], relation_names[relation], broken, r,
                         expected(order, broken));
}

unsigned order_check(const struct order *order) {
        unsigned count = 0, tried = 0;

        while (order->faults[count].commit)
                count++;
        for (enum role role = 0; role < ROLE_COUNT; role++)
                for (enum relation relation = 0; relation < RELATION_COUNT; relation++)
                        for (unsigned faults = 0; faults < BIT(count); faults++, tried++)
                                check_one(order, role, relation, faults);
        return tried;
}
