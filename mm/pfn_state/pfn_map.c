// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each page frame is. Pure; see pfn_map.h.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include <asm/barrier.h>

#include "pfn_map.h"

static unsigned long section_pages(const struct pfn_map *map)
{
	return 1UL << map->order;
}

/* Bytes of a bit a page of a section. */
static size_t bits_size(const struct pfn_map *map)
{
	return section_pages(map) / 8;
}

static const u64 *nomap_bits(const struct pfn_map *map, const u64 *pages)
{
	return pages + bits_size(map) / sizeof(*pages);
}

bool pfn_map_init(struct pfn_map *map, unsigned int order,
		  unsigned long nr_sections, const struct pfn_map_ops *ops)
{
	*map = (struct pfn_map){
		.ops = ops,
		.order = order,
		.nr_roots = ALIGN(nr_sections, PFN_LEAF_WORDS) >> PFN_LEAF_SHIFT,
	};
	map->root = ops->alloc(map->nr_roots * sizeof(*map->root));
	if (!map->root)
		map->nr_roots = 0;
	return map->root;
}

/* The map of pages that only this section has, or NULL. */
static u64 *own_pages(const struct pfn_map *map, unsigned long word)
{
	u64 *pages = word > PFN_WORD_ALL ? (u64 *)word : NULL;

	return pages == map->nomap ? NULL : pages;
}

static void free_leaf(struct pfn_map *map, unsigned long *leaf)
{
	unsigned long i;

	for (i = 0; i < PFN_LEAF_WORDS; i++)
		if (own_pages(map, leaf[i]))
			map->ops->free(own_pages(map, leaf[i]));
	map->ops->free(leaf);
}

void pfn_map_destroy(struct pfn_map *map)
{
	unsigned long i;

	for (i = 0; i < map->nr_roots; i++)
		if (map->root[i])
			free_leaf(map, map->root[i]);
	if (map->nomap)
		map->ops->free(map->nomap);
	if (map->root)
		map->ops->free(map->root);
	*map = (struct pfn_map){ };
}

static void publish_leaf(unsigned long **where, unsigned long *leaf)
{
	/* all of a leaf is zero before anybody finds it: pairs with pfn_map_word() */
	smp_store_release(where, leaf);
}

bool pfn_map_make_room(struct pfn_map *map, unsigned long nr, unsigned long last)
{
	unsigned long i = nr >> PFN_LEAF_SHIFT, end = (last >> PFN_LEAF_SHIFT) + 1;
	unsigned long *leaf;

	if (last < nr || end > map->nr_roots)
		return false;
	for (; i < end; i++) {
		if (map->root[i])
			continue;
		leaf = map->ops->alloc(PFN_LEAF_WORDS * sizeof(*leaf));
		if (!leaf)
			return false;
		publish_leaf(&map->root[i], leaf);
	}
	return true;
}

static unsigned long *word_at(const struct pfn_map *map, unsigned long nr)
{
	return &map->root[nr >> PFN_LEAF_SHIFT][nr & (PFN_LEAF_WORDS - 1)];
}

void pfn_map_set(struct pfn_map *map, unsigned long nr, bool ram)
{
	/* a map of pages that is dropped stays for those who read it now */
	WRITE_ONCE(*word_at(map, nr), ram ? PFN_WORD_ALL : PFN_WORD_NONE);
}

/* Boot */

static u64 *new_pages(const struct pfn_map *map)
{
	return map->ops->alloc(2 * bits_size(map));
}

static void set_bits(u64 *bits, unsigned long i, unsigned long end)
{
	for (; i < end; i++)
		bits[i >> 6] |= 1ULL << (i & 63);
}

static bool all_bits(const struct pfn_map *map, const u64 *bits)
{
	unsigned long i;

	for (i = 0; i < section_pages(map) >> 6; i++)
		if (~bits[i])
			return false;
	return true;
}

static bool add_whole_nomap(struct pfn_map *map, unsigned long *word)
{
	unsigned long pages = section_pages(map);

	if (!map->nomap) {
		map->nomap = new_pages(map);
		if (!map->nomap)
			return false;
		set_bits(map->nomap, pages, 2 * pages);
	}
	*word = (unsigned long)map->nomap;
	return true;
}

/* @i, @end: pages in the section. */
static bool add_part(struct pfn_map *map, unsigned long *word, unsigned long i,
		     unsigned long end, bool nomap)
{
	unsigned long skip = nomap ? section_pages(map) : 0;
	u64 *pages = own_pages(map, *word) ?: new_pages(map);

	if (!pages)
		return false;
	set_bits(pages, skip + i, skip + end);
	*word = (unsigned long)pages;
	if (all_bits(map, pages)) {	/* by ranges that touch one another */
		map->ops->free(pages);
		*word = PFN_WORD_ALL;
	}
	return true;
}

static bool add_to_section(struct pfn_map *map, unsigned long pfn,
			   unsigned long end, bool nomap)
{
	unsigned long *word = word_at(map, pfn >> map->order);
	unsigned long first = ALIGN_DOWN(pfn, section_pages(map));

	if (end - pfn < section_pages(map))
		return add_part(map, word, pfn - first, end - first, nomap);
	if (nomap)
		return add_whole_nomap(map, word);
	*word = PFN_WORD_ALL;
	return true;
}

bool pfn_map_add_boot(struct pfn_map *map, unsigned long pfn, unsigned long end,
		      bool nomap)
{
	unsigned long next;

	if (pfn >= end)
		return true;
	if (!pfn_map_make_room(map, pfn >> map->order, (end - 1) >> map->order))
		return false;
	for (; pfn < end; pfn = next) {
		next = min(end, ALIGN(pfn + 1, section_pages(map)));
		if (!add_to_section(map, pfn, next, nomap))
			return false;
	}
	return true;
}

/* Questions that are asked less often */

enum pfn_kind pfn_map_kind(const struct pfn_map *map, unsigned long pfn)
{
	unsigned long word = pfn_map_word(map, pfn >> map->order);
	unsigned long i = pfn & (section_pages(map) - 1);
	const u64 *pages = (const u64 *)word;

	if (word <= PFN_WORD_ALL)
		return word ? PFN_RAM : PFN_NOTHING;
	if (pfn_pages_has(pages, i))
		return PFN_RAM;
	return pfn_pages_has(nomap_bits(map, pages), i) ? PFN_NOMAP : PFN_NOTHING;
}

/* The last page that is sure to be what @pfn is, of its section. */
static unsigned long same_until(const struct pfn_map *map, unsigned long pfn)
{
	if (pfn_map_word(map, pfn >> map->order) > PFN_WORD_ALL)
		return pfn;
	return pfn | (section_pages(map) - 1);
}

bool pfn_map_is_one_kind(const struct pfn_map *map, unsigned long pfn,
			 unsigned long last)
{
	enum pfn_kind kind = pfn_map_kind(map, pfn);

	while (kind != PFN_NOTHING && pfn_map_kind(map, pfn) == kind) {
		pfn = same_until(map, pfn);
		if (pfn >= last)
			return true;
		pfn++;
	}
	return false;
}
