/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The topology of a machine as its kernel shows it, and pictures of it.
 *
 * Owns the model that read.c fills and text.c, json.c and svg.c show. What a file
 * did not say is -1, 0 or "" in it, and is in the list of complaints.
 */
#ifndef _MEMHP_TOPO_H
#define _MEMHP_TOPO_H

#include <stdbool.h>
#include <stdio.h>

#include "parse.h"

/* Neighbouring memory blocks that are alike but for the address. */
struct topo_range {
	uint64_t start, last;
	int first_block, last_block;
	int node;			/* -1: none names them */
	int removable;			/* -1: not known */
	char state[24];			/* "online", "offline", ... */
	char zones[64];			/* those it is in, or may go to */
	char source[64];		/* what /proc/iomem calls it */
};

struct topo_node {
	int id;
	int tier;			/* memory tier; -1: in none */
	bool counted;			/* are total and free known? */
	uint64_t total, free;		/* bytes */
	struct number_list cpus;
	unsigned int *distance;		/* to each node of topo, in order, or NULL */
};

/* A range of a segment, which a controller attached. */
struct topo_segment {
	uint64_t start, last;
	int node;			/* -1: not known */
	char uuid[40], owner[40];
	char state[24];			/* "online_movable", "draining", ... */
};

struct topo_setting {
	char name[64], value[64];
};

struct topo {
	uint64_t block_size;		/* bytes; 0: not known */
	struct number_list possible;
	struct topo_node *node;		/* by id */
	int nr_nodes;
	struct topo_range *range;	/* by address */
	int nr_ranges;
	struct parsed_range *resource;	/* /proc/iomem */
	int nr_resources;
	struct parsed_range *window;
	int nr_windows;
	struct topo_segment *segment;	/* by address */
	int nr_segments;
	struct parsed_range *claim;	/* what says which node addresses have */
	int nr_claims;
	struct topo_setting *setting;
	int nr_settings;
	char **complaint;		/* what is missing or broken */
	int nr_complaints;
};

/* Ends the program if there is no memory; sizes are of what is kept. */
void *topo_more(void *at, int nr, size_t size);

/* Adds a line to the complaints. */
void topo_complain(struct topo *topo, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The node of a number, or NULL. */
struct topo_node *topo_node(struct topo *topo, int id);

/* By address, in which order topo_block() needs them. */
void topo_sort(struct topo *topo);

/* The range of a memory block, as long as each has one of its own; or NULL. */
struct topo_range *topo_block(struct topo *topo, int number);

/**
 * topo_settle() - name the sources of memory blocks, and join what is alike
 * @topo: with a range for each memory block, sorted
 */
void topo_settle(struct topo *topo);

void topo_free(struct topo *topo);

/**
 * topo_read() - look at a machine
 * @topo: zeroes
 * @root: directory that has proc and sys; "/" is this machine
 *
 * Return: 0, or a negative errno if the directory cannot be opened. All else that
 * cannot be read is a complaint, and the rest is there.
 */
int topo_read(struct topo *topo, const char *root);

void topo_text(const struct topo *topo, FILE *out);
void topo_json(const struct topo *topo, FILE *out);
void topo_svg(const struct topo *topo, FILE *out);

/* What the pictures share. */

/* "512M" into a buffer that the next call but three uses again. */
const char *topo_size(uint64_t bytes);

/* "0-3,8"; @none if there is no number. */
void topo_put_list(const struct number_list *list, const char *none, FILE *out);

/* A name without what is no printable ASCII. */
void topo_put_plain(const char *name, FILE *out);

#endif
