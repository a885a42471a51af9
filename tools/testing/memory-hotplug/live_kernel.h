/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mm/node_map/live.c asks of the kernel, for threads of the host.
 *
 * RCU is the plainest that there can be: each reader counts how often it came and went,
 * and who wants to free something waits until all of them have gone. All is made of C11
 * atomics, so that a sanitizer of threads sees who is ordered before whom.
 */
#ifndef _MEMHP_LIVE_KERNEL_H
#define _MEMHP_LIVE_KERNEL_H

#include <asm/sparsemem.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* the compiler, the linker */
#define __init
#define __initdata
#define __rcu
#define __read_mostly
#define static_assert		_Static_assert
#define noinline		__attribute__((noinline))
#define EXPORT_SYMBOL_GPL(name)	extern typeof(name) name
#define early_initcall(name)	int name##_now(void) { return name(); }
#define device_initcall(name)	int name##_now(void) { return name(); }
#define container_of(at, type, member)	\
	((type *)((char *)(at) - offsetof(type, member)))

/* the machine */
#define MAX_NUMNODES		16
#define NUMA_NO_NODE		(-1)
#define acpi_disabled		true
#define numa_valid_node(nid)	((nid) >= 0 && (nid) < MAX_NUMNODES)
#define node_possible(nid)	((nid) < MAX_NUMNODES)
#define pxm_to_node(pxm)	(pxm)

/* messages, files */
struct seq_file;

int live_say(const char *format, ...);

#define pr_err			live_say
#define pr_warn_once		live_say
#define seq_printf(file, ...)	((void)(file), live_say(__VA_ARGS__))
#define DEFINE_SHOW_ATTRIBUTE(name)	\
	static int (*const name##_fops)(struct seq_file *, void *) = name##_show
#define debugfs_create_file(name, mode, dir, data, fops)	((void)*(fops))

/* memory: how much there is in use is counted */
#define GFP_KERNEL		0

void *live_alloc(size_t size);
void *live_realloc(void *at, size_t size);
void live_free(const void *at);
void *live_copy(const void *at, size_t size);

#define kzalloc(size, flags)	live_alloc(size)
#define kvmalloc(size, flags)	live_alloc(size)
#define kfree			live_free
#define kvfree			live_free
#define array_size(n, size)	((size_t)(n) * (size))
#define kmemdup_array(at, n, size, flags)	live_copy(at, array_size(n, size))
#define krealloc_array(at, n, size, flags)	live_realloc(at, array_size(n, size))
#define max3(a, b, c)		max(max(a, b), c)

/* locks */
#define DEFINE_MUTEX(name)	pthread_mutex_t name = PTHREAD_MUTEX_INITIALIZER
#define lockdep_assert_held(lock)	((void)(lock))
#define lockdep_is_held(lock)		((void)(lock), true)

static inline pthread_mutex_t *live_lock(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
	return lock;
}

static inline void live_unlock(pthread_mutex_t **lock)
{
	pthread_mutex_unlock(*lock);
}

#define guard(what)		live_guard_##what
#define live_guard_mutex(lock)	\
	pthread_mutex_t *held __attribute__((cleanup(live_unlock), unused)) = live_lock(lock)
#define live_guard_rcu()	\
	int reading __attribute__((cleanup(live_rcu_end), unused)) = live_rcu_begin()

/* RCU */
struct rcu_head {
	void *unused;
};

int live_rcu_begin(void);
void live_rcu_end(int *reading);
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));

#define RCU_INITIALIZER(v)	(v)
#define rcu_dereference(p)	__atomic_load_n(&(p), __ATOMIC_SEQ_CST)
#define rcu_replace_pointer(p, v, why)	\
	((void)(why), __atomic_exchange_n(&(p), v, __ATOMIC_SEQ_CST))

#endif
