// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets one operation bring memory online, and refuses each that comes after it: not until
 * the parameter "go" is set, so that there is time to use what is online already. With
 * "agree" it only lets them wait. For test guests only.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/notifier.h>

static bool go;
module_param(go, bool, 0600);
MODULE_PARM_DESC(go, "refuse now");

static bool waiting;
module_param(waiting, bool, 0400);
MODULE_PARM_DESC(waiting, "is there somebody to be refused?");

static bool agree;
module_param(agree, bool, 0400);
MODULE_PARM_DESC(agree, "refuse nothing, but wait");

static bool passed;

static int hear(struct notifier_block *nb, unsigned long event, void *unused)
{
	if (event == MEM_ONLINE)
		passed = true;
	if (event != MEM_GOING_ONLINE || !passed)
		return NOTIFY_OK;
	WRITE_ONCE(waiting, true);
	while (!READ_ONCE(go))
		msleep(20);
	return agree ? NOTIFY_OK : notifier_from_errno(-ECANCELED);
}

static struct notifier_block refuser = { .notifier_call = hear };

static int __init memhp_refuse_init(void)
{
	return register_memory_notifier(&refuser);
}

static void __exit memhp_refuse_exit(void)
{
	unregister_memory_notifier(&refuser);
}

module_init(memhp_refuse_init);
module_exit(memhp_refuse_exit);
MODULE_DESCRIPTION("Refuses memory that goes online, when told to");
MODULE_LICENSE("GPL");
