// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pieces of a range: what is added and removed as one, with page structs, a
 * linear map and memory blocks. Each memory block is one if its page structs lie
 * in it, so that it can leave alone; else the range is.
 *
 * Must not:  take locks, know of nodes' states, resources or memblock.
 * Locks:     callers hold device hotplug lock and memory hotplug lock.
 */
#include <linux/device.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "internal.h"

/* Memory blocks of a turn. */
#define TURN_BLOCKS	32

u64 mhp_turn_end(u64 start, u64 at, u64 end)
{
	if (at != start)
		mhp_give_readers_turn();
	return min(end, at + TURN_BLOCKS * (u64)memory_block_size_bytes());
}

static void blocks_remove(u64 start, u64 size)
{
	u64 at, next;

	mhp_for_each_turn(at, next, start, start + size)
		remove_memory_block_devices(at, next - at);
}

static int blocks_add(const struct mhp_pieces *p, u64 start, u64 size,
		      struct vmem_altmap *altmap)
{
	u64 at, next;
	int ret;

	mhp_for_each_turn(at, next, start, start + size) {
		ret = create_memory_block_devices(at, next - at, altmap,
						  p->group);
		if (ret)
			goto remove;
	}
	return 0;

remove:
	blocks_remove(start, at - start);
	return mhp_not_added(p->start, p->size, ret, "no memory blocks for it");
}

/* The range is one piece, and its front is no memory block. */
static int hosted_add(const struct mhp_pieces *p)
{
	struct mhp_params params = { .pgprot = pgprot_mhp(PAGE_KERNEL) };
	struct mhp_host *host;
	int ret;

	if (!mhp_host_allowed())
		return mhp_not_added(p->start, p->size, -EBUSY,
				     "its page structs would be in it, and the machine hibernates; try after that");
	host = mhp_host_new(p->start, p->size);
	if (!host)
		return mhp_not_added(p->start, p->size, -ENOMEM, "no memory");
	params.altmap = &host->altmap;
	ret = arch_add_hosted_memory(p->nid, p->start, p->size, &host->front,
				     &params);
	if (ret)
		goto free;
	ret = blocks_add(p, p->start + host->front.size,
			 p->size - host->front.size, NULL);
	if (ret)
		goto remove;
	return 0;

remove:
	arch_remove_hosted_memory(p->start, p->size, &host->front,
				  &host->altmap);
free:
	mhp_host_free(host);
	return ret;
}

static void hosted_remove(struct mhp_host *host)
{
	u64 start = host->front.start, blocks = start + host->front.size;

	blocks_remove(blocks, start + host->size - blocks);
	arch_remove_hosted_memory(start, host->size, &host->front,
				  &host->altmap);
	mhp_host_free(host);
}

static int piece_add(const struct mhp_pieces *p, u64 start)
{
	struct mhp_params params = { .pgprot = pgprot_mhp(PAGE_KERNEL) };
	int ret;

	if (p->place == MHP_IN_BLOCKS) {
		params.altmap = mhp_altmap_new(start, p->each, p->inaccessible);
		if (!params.altmap)
			return mhp_not_added(p->start, p->size, -ENOMEM,
					     "no memory");
	}
	ret = arch_add_memory(p->nid, start, p->each, &params);
	if (ret)
		goto free;
	ret = blocks_add(p, start, p->each, params.altmap);
	if (ret)
		goto remove;
	return 0;

remove:
	arch_remove_memory(start, p->each, params.altmap, NULL);
free:
	mhp_altmap_free(params.altmap);
	return ret;
}

/* The altmap of a piece, which now belongs to the caller. */
static struct vmem_altmap *take_altmap(u64 start)
{
	struct memory_block *mem =
		find_memory_block(pfn_to_section_nr(PHYS_PFN(start)));
	struct vmem_altmap *altmap;

	if (!mem)
		return NULL;
	altmap = mem->altmap;
	mem->altmap = NULL;
	put_device(&mem->dev);
	return altmap;
}

static void piece_remove(u64 start, u64 size)
{
	struct vmem_altmap *altmap = take_altmap(start);

	blocks_remove(start, size);
	arch_remove_memory(start, size, altmap, NULL);
	mhp_altmap_free(altmap);
}

static void pieces_remove(u64 start, u64 end, u64 each)
{
	for (; start < end; start += each)
		piece_remove(start, each);
}

int mhp_pieces_add(const struct mhp_pieces *p)
{
	u64 end = p->start + p->size, at;
	int ret;

	if (p->place == MHP_IN_FRONT)
		return hosted_add(p);
	for (at = p->start; at < end; at += p->each) {
		ret = piece_add(p, at);
		if (ret) {
			pieces_remove(p->start, at, p->each);
			return ret;
		}
	}
	return 0;
}

static int has_altmap(struct memory_block *mem, void *unused)
{
	return !!mem->altmap;
}

void mhp_pieces_remove(u64 start, u64 size)
{
	bool self_hosted = walk_memory_blocks(start, size, NULL, has_altmap);
	struct mhp_host *host = mhp_host_find(start, size);

	if (host) {
		hosted_remove(host);
		return;
	}
	pieces_remove(start, start + size,
		      self_hosted ? memory_block_size_bytes() : size);
}
