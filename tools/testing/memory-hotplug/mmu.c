// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model MMU: arithmetic, memory and snapshots. See mmu.h.
 *
 * Tables live in an arena with a poisoned gap after each, so that a stray
 * access is caught by the address sanitizer. Freed tables are poisoned as well
 * and reused last. Their physical addresses are scattered over all bits that
 * the format can express.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sanitizer/asan_interface.h>

#include "mmu.h"

#define PAGE(m)		(1ULL << (m)->geom.page_shift)
#define MASK(hi, lo)	((~0ULL >> (63 - (hi))) & (~0ULL << (lo)))

void mmu_bad(struct mmu *m, const char *fmt, ...)
{
	va_list args;

	if (m->nr_bad++)
		return;
	va_start(args, fmt);
	vsnprintf(m->first_bad, sizeof(m->first_bad), fmt, args);
	va_end(args);
}

u64 mmu_random(struct mmu *m)
{
	m->rand ^= m->rand << 13;
	m->rand ^= m->rand >> 7;
	m->rand ^= m->rand << 17;
	return m->rand * 0x2545f4914f6cdd1dULL;
}

/* Arithmetic */

unsigned int mmu_shift(const struct mmu *m, int level)
{
	return m->shift[level - KPGT_TOP];
}

/* Each level translates as many bits as fit in a page of 8-byte entries. */
static void init_shifts(struct mmu *m)
{
	unsigned int shift = m->geom.page_shift;
	int level;

	for (level = KPGT_PAGE; level >= KPGT_TOP; level--) {
		m->shift[level - KPGT_TOP] = shift;
		shift += m->geom.page_shift - 3;
	}
}

unsigned int mmu_entries(const struct mmu *m, int level)
{
	if (level == m->top)
		return 1U << (m->geom.va_bits - mmu_shift(m, level));
	return 1U << (m->geom.page_shift - 3);
}

/* Where blocks exist at all: Arm ARM D8.3, the tables of block descriptors. */
bool mmu_leaf_ok(const struct mmu *m, int level)
{
	int first;

	switch (m->geom.page_shift) {
	case 12:
		first = m->geom.oa == KPGT_OA_LPA2 ? 0 : 1;
		break;
	case 14:
		first = m->geom.oa == KPGT_OA_LPA2 ? 1 : 2;
		break;
	default:
		first = m->geom.oa == KPGT_OA_64K ? 1 : 2;
	}
	return level >= first && level <= KPGT_PAGE;
}

/* Arm ARM D8.6.1, "Contiguous bit": 1 means that the bit is reserved here. */
unsigned int mmu_group_entries(const struct mmu *m, int level)
{
	unsigned int nr = 1;

	if (m->geom.page_shift == 12 && level >= 1)
		nr = 16;
	else if (m->geom.page_shift == 14 && level == 3)
		nr = 128;
	else if (m->geom.page_shift == 14 && level == 2)
		nr = 32;
	else if (m->geom.page_shift == 16 && level >= 2)
		nr = 32;
	return nr > mmu_entries(m, level) ? 1 : nr;
}

static u64 addr_mask(const struct mmu *m)
{
	switch (m->geom.oa) {
	case KPGT_OA_64K:
		return MASK(47, 16) | MASK(15, 12);
	case KPGT_OA_LPA2:
		return MASK(49, m->geom.page_shift) | MASK(9, 8);
	default:
		return MASK(47, m->geom.page_shift);
	}
}

u64 mmu_addr_mask(const struct mmu *m)
{
	return m->addr_mask;
}

u64 mmu_fold(const struct mmu *m)
{
	return 1ULL << (m->geom.oa == KPGT_OA_LPA2 ? 50 : 48);
}

u64 mmu_encode(const struct mmu *m, u64 pa)
{
	switch (m->geom.oa) {
	case KPGT_OA_64K:
		return (pa & MASK(47, 16)) | (pa >> 48) << 12;
	case KPGT_OA_LPA2:
		return (pa & MASK(49, 12)) | (pa >> 50) << 8;
	default:
		return pa;
	}
}

u64 mmu_decode(const struct mmu *m, u64 desc)
{
	u64 low = desc & mmu_addr_mask(m) & ~MASK(15, 0);

	switch (m->geom.oa) {
	case KPGT_OA_64K:
		return low | (desc >> 12 & 0xf) << 48;
	case KPGT_OA_LPA2:
		low |= desc & MASK(15, m->geom.page_shift);
		return low | (desc >> 8 & 3) << 50;
	default:
		return desc & mmu_addr_mask(m);
	}
}

u64 mmu_attrs(const struct mmu *m, u64 desc)
{
	return desc & ~mmu_addr_mask(m) & ~(KPGT_TYPE | KPGT_CONT);
}

static int top_level(const struct mmu *m)
{
	int level = KPGT_PAGE;

	while (mmu_shift(m, level) + m->geom.page_shift - 3 < m->geom.va_bits)
		level--;
	return level;
}

/* Memory */

u64 *mmu_words(struct mmu *m, int slot)
{
	return (u64 *)(m->arena + 2 * PAGE(m) * slot);
}

u64 *mmu_shadow(struct mmu *m, int slot)
{
	return (u64 *)(m->shadow + PAGE(m) * slot);
}

int mmu_slot_of(struct mmu *m, const void *p)
{
	u64 off = (u64)((const char *)p - m->arena);

	if ((const char *)p < m->arena || off >= 2 * PAGE(m) * MMU_SLOTS)
		return -1;
	return off & PAGE(m) ? -1 : (int)(off / (2 * PAGE(m)));
}

/* The slot number in low bits, a pattern by slot in all bits above. */
u64 mmu_slot_pa(struct mmu *m, int slot)
{
	static const u64 high[] = { 0x0, 0x8, 0xa, 0xf, 0x5, 0x1, 0xc, 0x3 };
	int shift = m->pa_bits - 4;

	return high[slot & 7] << shift | (u64)(slot + 1) << m->geom.page_shift;
}

int mmu_slot_at(struct mmu *m, u64 pa)
{
	u64 nr = (pa >> m->geom.page_shift) & (2 * MMU_SLOTS - 1);

	if (!nr || nr > MMU_SLOTS || mmu_slot_pa(m, nr - 1) != pa)
		return -1;
	return nr - 1;
}

static void fill_garbage(struct mmu *m, int slot)
{
	u64 *words = mmu_words(m, slot);
	u64 junk = mmu_random(m);
	unsigned int i;

	for (i = 0; i < PAGE(m) / 8; i++)
		words[i] = (junk + i * 0x9e3779b97f4a7c15ULL) | (i & 3);
}

int mmu_take(struct mmu *m, int level)
{
	int slot;

	if (!m->nr_free) {
		fprintf(stderr, "the model has no table left (a leak?)\n");
		abort();
	}
	slot = m->free[m->free_head];
	m->free_head = (m->free_head + 1) % MMU_SLOTS;
	m->nr_free--;
	if (slot >= m->used) {
		m->used = slot + 1;
		ASAN_POISON_MEMORY_REGION(mmu_words(m, slot), 2 * PAGE(m));
	}
	ASAN_UNPOISON_MEMORY_REGION(mmu_words(m, slot), PAGE(m));
	fill_garbage(m, slot);
	m->table[slot] = (struct mmu_table){
		.state = MMU_NEW, .level = level,
	};
	return slot;
}

/* Reused after some others, so that a stale pointer does not go unseen. */
void mmu_drop(struct mmu *m, int slot)
{
	int i, gap = 16;

	m->table[slot].state = MMU_FREE;
	ASAN_POISON_MEMORY_REGION(mmu_words(m, slot), PAGE(m));
	if (gap > m->nr_free)
		gap = m->nr_free;
	/* push in front, then rotate: keeps the slots in use low in number */
	m->free_head = (m->free_head + MMU_SLOTS - 1) % MMU_SLOTS;
	for (i = 0; i < gap; i++)
		m->free[(m->free_head + i) % MMU_SLOTS] =
			m->free[(m->free_head + i + 1) % MMU_SLOTS];
	m->free[(m->free_head + gap) % MMU_SLOTS] = slot;
	m->nr_free++;
}

struct mmu_block *mmu_block_at(struct mmu *m, u64 pa)
{
	int i;

	for (i = 0; i < m->nr_blocks; i++)
		if (m->block[i].pa == pa)
			return &m->block[i];
	return NULL;
}

unsigned int mmu_count_blocks(struct mmu *m)
{
	unsigned int n = 0;
	int i;

	for (i = 0; i < m->nr_blocks; i++)
		n += !m->block[i].free;
	return n;
}

unsigned int mmu_count_state(struct mmu *m, enum mmu_state state)
{
	unsigned int n = 0;
	int slot;

	for (slot = 0; slot < m->used; slot++)
		n += m->table[slot].state == state;
	return n;
}

static void *map_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

void mmu_init(struct mmu *m, const struct kpgt_geom *geom, u64 seed)
{
	int i;

	memset(m, 0, sizeof(*m));
	m->geom = *geom;
	m->rand = seed * 0x9e3779b97f4a7c15ULL | 1;
	m->pa_bits = geom->oa == KPGT_OA_48 ? 48 : 52;
	m->base = ~0ULL << geom->va_bits;
	m->addr_mask = addr_mask(m);
	init_shifts(m);
	m->top = top_level(m);
	m->arena = map_memory(2 * PAGE(m) * MMU_SLOTS);
	m->shadow = map_memory(PAGE(m) * MMU_SLOTS);
	m->block = map_memory(sizeof(*m->block) * MMU_BLOCKS);
	m->next_block = 1ULL << 40;
	for (i = 0; i < MMU_SLOTS; i++)
		m->free[i] = i;
	m->nr_free = MMU_SLOTS;

	m->root = mmu_take(m, m->top);
	memset(mmu_words(m, m->root), 0, PAGE(m));
	memset(mmu_shadow(m, m->root), 0, PAGE(m));
	m->table[m->root].state = MMU_LIVE;
	m->table[m->root].foreign = true;
	m->table[m->root].va = m->base;
}

void mmu_destroy(struct mmu *m)
{
	ASAN_UNPOISON_MEMORY_REGION(m->arena, 2 * PAGE(m) * m->used);
	munmap(m->arena, 2 * PAGE(m) * MMU_SLOTS);
	munmap(m->shadow, PAGE(m) * MMU_SLOTS);
	munmap(m->block, sizeof(*m->block) * MMU_BLOCKS);
	free(m->touched);
}

void mmu_region_init(struct mmu *m, struct mmu_region *r, u64 start, u64 end)
{
	r->mmu = m;
	kpgt_init(&r->t, &m->geom, &mmu_ops, mmu_words(m, m->root), start, end);
	/* as in the kernel, or none */
	r->t.table_attrs = mmu_random(m) & 1 ? 3ULL << 59 : 0;
}

/* Sets of ranges */

bool mmu_ranges_add(struct mmu_ranges *s, u64 start, u64 end)
{
	if (s->nr && s->r[s->nr - 1].end == start) {
		s->r[s->nr - 1].end = end;
		return true;
	}
	if (s->nr == MMU_RANGES)
		return false;
	s->r[s->nr++] = (struct mmu_range){ start, end };
	return true;
}

bool mmu_ranges_hit(const struct mmu_ranges *s, u64 start, u64 end)
{
	int i;

	for (i = 0; i < s->nr; i++)
		if (s->r[i].start < end && start < s->r[i].end)
			return true;
	return false;
}

static u64 covered_until(const struct mmu_ranges *s, u64 pos)
{
	int i;

	for (i = 0; i < s->nr; i++)
		if (s->r[i].start <= pos && pos < s->r[i].end)
			return s->r[i].end;
	return pos;
}

/* Is every address of [start, end) in one of the two sets? */
bool mmu_ranges_cover(const struct mmu_ranges *s, const struct mmu_ranges *s2,
		      u64 start, u64 end)
{
	u64 pos = start, next;

	while (pos < end) {
		next = covered_until(s, pos);
		if (next == pos)
			next = covered_until(s2, pos);
		if (next == pos)
			return false;
		pos = next;
	}
	return true;
}

/* Snapshots */

struct mmu_snapshot {
	int nr;
	struct {
		int slot;
		u64 *words;
	} table[MMU_SLOTS];
};

struct mmu_snapshot *mmu_snapshot(struct mmu *m)
{
	struct mmu_snapshot *s = calloc(1, sizeof(*s));
	int slot;

	if (!s)
		abort();
	for (slot = 0; slot < m->used; slot++) {
		if (m->table[slot].state != MMU_LIVE)
			continue;
		s->table[s->nr].slot = slot;
		s->table[s->nr].words = malloc(PAGE(m));
		if (!s->table[s->nr].words)
			abort();
		memcpy(s->table[s->nr++].words, mmu_words(m, slot), PAGE(m));
	}
	return s;
}

bool mmu_unchanged(struct mmu *m, const struct mmu_snapshot *s)
{
	int i, slot;

	if (mmu_count_state(m, MMU_LIVE) != (unsigned int)s->nr)
		return false;
	for (i = 0; i < s->nr; i++) {
		slot = s->table[i].slot;
		if (m->table[slot].state != MMU_LIVE ||
		    memcmp(s->table[i].words, mmu_words(m, slot), PAGE(m)))
			return false;
	}
	return true;
}

void mmu_snapshot_free(struct mmu_snapshot *s)
{
	int i;

	for (i = 0; i < s->nr; i++)
		free(s->table[i].words);
	free(s);
}
