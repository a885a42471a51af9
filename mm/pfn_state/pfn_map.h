/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_PFN_STATE_PFN_MAP_H
#define _MM_PFN_STATE_PFN_MAP_H
/*
 * What each page frame is: a word for each section.
 *
 *	root                 leaf: 2048 words
 *	+---+                +------+
 *	| --+--------------->|  0   |  none of the section is RAM
 *	+---+                |  1   |  all of it is
 *	| 0 |  no RAM in     |  1   |        +------------------+------------------+
 *	+---+  2048 sections |  ----+------->| a bit a page: RAM| a bit a page: NOMAP
 *	                     +------+        +------------------+------------------+
 *
 * Maps of pages are made for boot memory only, and do not change after that. What
 * comes later are whole sections, and so are those that go: one word is stored.
 *
 * Pure: it takes no lock, and allocates through ops only. Readers need no lock: a
 * leaf and a map of pages that were published stay; words are read and written as a
 * whole. Writers exclude one another.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

#define PFN_LEAF_SHIFT	11
#define PFN_LEAF_WORDS	BIT(PFN_LEAF_SHIFT)

/* The words that are no address. */
#define PFN_WORD_NONE	0UL
#define PFN_WORD_ALL	1UL

enum pfn_kind {
	PFN_NOTHING,		/* a hole, a device, numbers beyond all memory */
	PFN_NOMAP,		/* memory that firmware keeps for itself */
	PFN_RAM,		/* in the linear map */
};

/* alloc() gives zeroes, or NULL. */
struct pfn_map_ops {
	void *(*alloc)(size_t size);
	void (*free)(void *memory);
};

/**
 * struct pfn_map - what page frames are
 * @ops:      where memory comes from
 * @order:    log2 of the pages of a section
 * @nr_roots: how many leaves there may be
 * @root:     the leaves, or NULL
 * @nomap:    map of pages of all sections that are NOMAP as a whole, or NULL
 */
struct pfn_map {
	const struct pfn_map_ops *ops;
	unsigned int order;
	unsigned long nr_roots;
	unsigned long **root;
	u64 *nomap;
};

/**
 * pfn_map_init() - an empty map
 * @map:         to be filled in
 * @order:       log2 of the pages of a section, 6 at least
 * @nr_sections: how many there can be
 * @ops:         where memory comes from
 *
 * Return: true; false: no memory.
 */
bool pfn_map_init(struct pfn_map *map, unsigned int order,
		  unsigned long nr_sections, const struct pfn_map_ops *ops);

/* Gives all of its memory back; nobody reads it. */
void pfn_map_destroy(struct pfn_map *map);

/**
 * pfn_map_add_boot() - pages that are there at boot
 * @map:   which nobody reads yet
 * @pfn:   first page
 * @end:   one past the last page; all below what the map was made for
 * @nomap: they are firmware's own
 *
 * No page may be added twice.
 *
 * Return: true; false: no memory, and the map is of no use but to be destroyed.
 */
bool pfn_map_add_boot(struct pfn_map *map, unsigned long pfn, unsigned long end,
		      bool nomap);

/**
 * pfn_map_make_room() - so that pfn_map_set() cannot fail
 * @map:  a map
 * @nr:   first section
 * @last: last section
 *
 * Return: true; false: no memory, or sections that there cannot be.
 */
bool pfn_map_make_room(struct pfn_map *map, unsigned long nr, unsigned long last);

/**
 * pfn_map_set() - all of a section is RAM, or none of it is any more
 * @map: a map
 * @nr:  a section that there is room for
 * @ram: which of both
 */
void pfn_map_set(struct pfn_map *map, unsigned long nr, bool ram);

static inline bool pfn_map_covers(const struct pfn_map *map, unsigned long nr)
{
	return nr >> PFN_LEAF_SHIFT < map->nr_roots;
}

/* The word of a section; none of it is RAM if the map does not reach so far. */
static inline unsigned long pfn_map_word(const struct pfn_map *map, unsigned long nr)
{
	unsigned long *leaf;

	if (unlikely(!pfn_map_covers(map, nr)))
		return PFN_WORD_NONE;
	/* the address depends on what was read: pairs with publish_leaf() */
	leaf = READ_ONCE(map->root[nr >> PFN_LEAF_SHIFT]);
	if (unlikely(!leaf))
		return PFN_WORD_NONE;
	return READ_ONCE(leaf[nr & (PFN_LEAF_WORDS - 1)]);
}

static inline bool pfn_pages_has(const u64 *pages, unsigned long i)
{
	return pages[i >> 6] >> (i & 63) & 1;
}

/**
 * pfn_map_is_ram() - is a page in the linear map?
 * @map:   a map
 * @order: that of the map, as a constant
 * @pfn:   any number
 *
 * Return: true if so.
 */
static inline bool pfn_map_is_ram(const struct pfn_map *map, unsigned int order,
				  unsigned long pfn)
{
	unsigned long word = pfn_map_word(map, pfn >> order);

	if (likely(word <= PFN_WORD_ALL))
		return word;
	return pfn_pages_has((const u64 *)word, pfn & ((1UL << order) - 1));
}

/* What a page is; any number. */
enum pfn_kind pfn_map_kind(const struct pfn_map *map, unsigned long pfn);

/**
 * pfn_map_is_one_kind() - are all pages the same, and not nothing?
 * @map:  a map
 * @pfn:  first page
 * @last: last page, not below it
 *
 * Return: true if so.
 */
bool pfn_map_is_one_kind(const struct pfn_map *map, unsigned long pfn,
			 unsigned long last);

#endif /* _MM_PFN_STATE_PFN_MAP_H */
