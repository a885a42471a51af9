// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whose a page is: one word for people and programs.
 *
 * Owns:      nothing.
 * Must not:  wait for a lock that somebody who uses the page may hold: what cannot
 *            be had at once is not known.
 * Locks:     tries the folio's lock and those of its mappings; slab_mutex.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "../slab.h"
#include "internal.h"
#include "offline.h"

static void print_owner(char *owner, const char *what, long number,
			const char *name)
{
	snprintf(owner, BLOCKER_OWNER_SIZE, "%s:%ld:%s", what, number, name);
}

/* A process that maps it */

#ifdef CONFIG_MEMCG
static bool name_process(char *owner, struct mm_struct *mm)
{
	struct task_struct *task;

	rcu_read_lock();
	task = rcu_dereference(mm->owner);
	if (task)
		print_owner(owner, "pid", task_tgid_nr(task), task->comm);
	rcu_read_unlock();
	return task;
}
#else
static bool name_process(char *owner, struct mm_struct *mm)
{
	return false;
}
#endif

/* Return: go on looking? */
static bool visit_mapping(struct folio *folio, struct vm_area_struct *vma,
			  unsigned long address, void *owner)
{
	DEFINE_FOLIO_VMA_WALK(walk, folio, vma, address, 0);
	bool found = false;

	while (!found && page_vma_mapped_walk(&walk))
		found = name_process(owner, vma->vm_mm);
	if (found)
		page_vma_mapped_walk_done(&walk);
	return !found;
}

static void name_mapper(struct folio *folio, char *owner)
{
	struct rmap_walk_control control = {
		.arg = owner,
		.rmap_one = visit_mapping,
		.anon_lock = folio_lock_anon_vma_read,
		.try_lock = true,
	};

	if (folio_mapped(folio))
		rmap_walk(folio, &control);
}

/* A file */

static void name_file(struct folio *folio, struct blocker *b)
{
	struct address_space *mapping = folio->mapping;

	if (!mapping || !mapping->host)
		return;
	b->inode = mapping->host->i_ino;
	print_owner(b->owner, "inode", mapping->host->i_ino,
		    mapping->host->i_sb->s_id);
}

static void name_user(struct folio *folio, struct blocker *b)
{
	if (!folio_trylock(folio))
		return;
	if (folio_test_anon(folio) || folio_test_ksm(folio))
		name_mapper(folio, b->owner);
	else if (!__folio_test_movable(folio))
		name_file(folio, b);
	folio_unlock(folio);
}

/* A cache of the kernel's */

static void name_cache(struct folio *folio, char *owner)
{
	const struct kmem_cache *of = READ_ONCE(folio_slab(folio)->slab_cache);
	const struct kmem_cache *cache;

	/* the list says which caches there are; one on its way out is not in it */
	if (!mutex_trylock(&slab_mutex))
		return;
	list_for_each_entry(cache, &slab_caches, list)
		if (cache == of)
			print_owner(owner, "cache", cache->size, cache->name);
	mutex_unlock(&slab_mutex);
}

void mhp_cache_owner(struct folio *folio, struct blocker *b)
{
	b->owner[0] = '\0';
	name_cache(folio, b->owner);
	blocker_owner_tidy(b->owner);
}

void mhp_owner(struct folio *folio, struct blocker *b)
{
	b->owner[0] = '\0';
	if (!page_has_type(&folio->page) || folio_test_hugetlb(folio))
		name_user(folio, b);
	blocker_owner_tidy(b->owner);
}
