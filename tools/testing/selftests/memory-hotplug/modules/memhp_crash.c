// SPDX-License-Identifier: GPL-2.0-only
/*
 * Breaks the guest on purpose, to test that the harness sees it.
 *
 *	insmod memhp_crash.ko how=oops|warn|bug|spin|leak|useafterfree
 *
 * It must never be loaded outside of a test guest. Loading fails with -EINVAL
 * when "how" is none of the above; otherwise, if the guest survives, it is
 * loaded.
 */
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "what to break");

/* The compiler must not see that this address is wrong. */
static unsigned long nowhere = 0x10;

static void oops(void)
{
	WRITE_ONCE(*(int *)READ_ONCE(nowhere), 1);
}

static void warn(void)
{
	WARN(1, "memhp_crash: a warning on purpose\n");
}

static void bug(void)
{
	BUG();
}

static void spin_here(void *unused)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void spin(void)
{
	on_each_cpu(spin_here, NULL, 0);
}

static void leak(void)
{
	char *lost = kmalloc(1000, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(lost);
}

static void use_after_free(void)
{
	char *gone = kmalloc(100, GFP_KERNEL);

	if (!gone)
		return;
	kfree(gone);
	OPTIMIZER_HIDE_VAR(gone);
	WRITE_ONCE(gone[1], 1);
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "oops", oops },
	{ "warn", warn },
	{ "bug", bug },
	{ "spin", spin },
	{ "leak", leak },
	{ "useafterfree", use_after_free },
};

static int __init memhp_crash_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(how, ways[i].name))
			continue;
		ways[i].run();
		return 0;
	}
	return -EINVAL;
}

static void __exit memhp_crash_exit(void)
{
}

module_init(memhp_crash_init);
module_exit(memhp_crash_exit);
MODULE_DESCRIPTION("Breaks a test guest on purpose");
MODULE_LICENSE("GPL");
