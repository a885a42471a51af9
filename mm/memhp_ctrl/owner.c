// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of controllers, and their quotas.
 *
 * Owns:      the list of owners. An owner stays once it was named: its quota shall not
 *            be forgotten while it has nothing. Who may make them has CAP_SYS_ADMIN
 *            and CAP_NET_ADMIN.
 * Locks:     the registry's.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "ctrl.h"

LIST_HEAD(memhp_owners);

/* Until somebody says otherwise. */
static const struct quota_cost default_limit = {
	.of = {
		[QUOTA_BYTES]	 = U64_MAX,
		[QUOTA_SEGMENTS] = 1024,
		[QUOTA_PENDING]	 = 16,
		[QUOTA_METADATA] = U64_MAX,
	},
};

struct owner *owner_find(const char *name, bool make)
{
	struct owner *owner;

	memhp_assert_locked();
	list_for_each_entry(owner, &memhp_owners, list)
		if (!strcmp(owner->name, name))
			return owner;
	owner = make ? kzalloc(sizeof(*owner), GFP_KERNEL) : NULL;
	if (!owner)
		return NULL;
	strscpy(owner->name, name);
	owner->quota.limit = default_limit;
	list_add_tail(&owner->list, &memhp_owners);
	return owner;
}
