/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One modelled tree with one region, and the functions of kpgtable.h wrapped so
 * that every call is judged: rules of the model, and what kpgtable.h promises
 * about each function by itself (numbers of flushes and publications, tables
 * taken and given back).
 */
#ifndef _MEMHP_WORLD_H
#define _MEMHP_WORLD_H

#include <linux/errno.h>

#include "mmu.h"
#include "tap.h"

#define WORLD_KINDS	8

#define EXPECT(cond, ...)						\
	do {								\
		if (!(cond))						\
			tap_fail(__VA_ARGS__);				\
	} while (0)

struct geometry {
	const char *name;
	struct kpgt_geom geom;
};

extern const struct geometry geometries[];
extern const int nr_geometries;

/* A size that one TLB entry may have: a leaf, or a group of leaves. */
struct kind {
	u64 size;
	int level;
	bool group;
};

struct world {
	struct mmu mmu;
	struct mmu_region r;
	const struct geometry *g;
	struct kind kind[WORLD_KINDS];	/* ascending; [0] is the page */
	int nr_kinds;
	u64 page;
	u64 start, end;
	bool unlinked;	/* kpgt_flush() has something to do: */
	u64 unlinked_start, unlinked_end;
	bool racing;	/* somebody else makes tables: some may be left over */
};

/* Runs test->each() on every geometry, until one fails, or test->run(). */
void world_run(const struct tap_test *test);

#define WORLD_SUITE(suite, array) TAP_SUITE_RUN_BY(suite, array, world_run)

struct world *world_new(const struct geometry *g, u64 seed);
void world_set_region(struct world *w, u64 start, u64 end);
/* Also fails the test if a rule was broken. */
void world_free(struct world *w);

/* A set of attributes that differs from that of every other @i below 8. */
u64 world_attrs(const struct world *w, int i);
/* The bits of kpgt_map::attrs that have to be ignored. */
u64 world_ignored(const struct world *w);

int world_map_prepare(struct world *w, const struct kpgt_map *m);
void world_map_commit(struct world *w, const struct kpgt_map *m);
int world_map(struct world *w, const struct kpgt_map *m);
int world_whole_map(struct world *w, const struct kpgt_map *m);
int world_back(struct world *w, const struct kpgt_map *m);
int world_unmap_prepare(struct world *w, u64 va, u64 size);
void world_unmap_commit(struct world *w, u64 va, u64 size);
void world_flush(struct world *w);
int world_unmap(struct world *w, u64 va, u64 size);
void world_abort(struct world *w);
int world_pages_prepare(struct world *w, u64 va, u64 size);
void world_pages_commit(struct world *w, u64 va, u64 size);
u64 world_pages_cost(struct world *w, u64 va, u64 size);
u64 world_lookup(struct world *w, u64 va, u64 *size);

/* Checks by walking the tree; they call tap_fail() */
void world_expect_mapped(struct world *w, u64 va, u64 size, u64 pa, u64 attrs);
void world_expect_hole(struct world *w, u64 va, u64 size);
void world_expect_kinds(struct world *w, const struct kpgt_map *m);
void world_expect_no_empty_table(struct world *w);
void world_expect_same(struct world *w, const struct mmu_snapshot *s);

/* Map, or unmap, with success, and check what that leaves. */
void world_must_map(struct world *w, const struct kpgt_map *m);
void world_must_unmap(struct world *w, u64 va, u64 size);

/* The leaf or whole group at @va; false if nothing is mapped there. */
bool world_kind_at(struct world *w, u64 va, u64 *start, u64 *size);

/* Everybody uses @va, which is mapped now: watch it. */
void world_watch(struct world *w, u64 va);

#endif
