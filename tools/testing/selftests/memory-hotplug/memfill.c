// SPDX-License-Identifier: GPL-2.0-only
/*
 * memfill START SIZE NODE [spoil]: write and verify every page of a range of
 * memory. With "spoil" it changes one word in between and must then fail: the
 * test of the test.
 *
 * Owns nothing but its own memory. It asks for pages on NODE, looks up in
 * /proc/self/pagemap which page frames it was given, writes a pattern that is
 * different for every frame into those of the range, and reads all of them back
 * when it holds as many as it can get: two frames that are one RAM would show.
 *
 * Most of it comes as huge pages, for speed; a frame counts by itself all the
 * same. The allocator keeps the last few hundred frames of a zone (watermark,
 * per-CPU lists). To get at them, a large aligned window of verified frames is
 * given back and the same amount asked for again, as small pages: free memory
 * is taken from the smallest free pieces first, and those are the ones still
 * missing. Watermarks and lists are made small meanwhile. Frames that hold user
 * pages of other processes are emptied by moving those pages to another node;
 * our own stacks and tables are on another node from the start. Pages of ours
 * that the kernel has moved in the meantime are given back, too: they may sit in
 * the frames that are missing. This is repeated until no frame is missing.
 *
 * It must not count a frame that it did not hold both when it wrote the pattern
 * and after it had verified it. Status 0 only if every frame was verified.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCH		512		/* pages touched and looked up at a time */
#define MAX_THREADS	16
#define PATIENCE	16		/* rounds without a new frame */
#define FIRST_WINDOW	(64ul << 20)
#define HUGE_ALIGN	(2ul << 20)
#define SHOWN		8		/* bad or missing frames that are printed */
#define N_SYSCTLS	3
#define PATTERN_STEP	0x9e3779b97f4a7c15ull

#define PAGEMAP_PRESENT	0x8000000000000000ull
#define PAGEMAP_PFN	0x007fffffffffffffull

static size_t page_size;
static unsigned long first, count;	/* the range, in frames */
static unsigned long nid;
static uint8_t *verified;		/* of each frame, whether it was */
static void **page;			/* where a frame is mapped, or NULL */
static int pagemap;
static atomic_ulong bad;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

/* Address space whose pages come from the node of the range. */
static void *reserve_on_node(size_t bytes)
{
	unsigned long mask = 1ul << nid;
	char *p = reserve(bytes + HUGE_ALIGN);

	p += -(uintptr_t)p % HUGE_ALIGN;
	if (syscall(SYS_mbind, p, bytes, MPOL_PREFERRED, &mask, 64, 0))
		fail("mbind");
	return p;
}

/* The pattern */

static void write_pattern(uint64_t *words, unsigned long pfn)
{
	uint64_t value = pfn * page_size;

	for (size_t i = 0; i < page_size / sizeof(*words); i++)
		words[i] = value + i * PATTERN_STEP;
}

static int pattern_differs(const uint64_t *words, unsigned long pfn)
{
	uint64_t value = pfn * page_size, differs = 0;

	for (size_t i = 0; i < page_size / sizeof(*words); i++)
		differs |= words[i] ^ (value + i * PATTERN_STEP);
	return differs != 0;
}

/* Sysctls */

struct sysctl {
	const char *path;
	const char *value;		/* while we run */
	char before[32];
};

/* Leave as little as possible free, and as little in per-CPU lists. */
static struct sysctl sysctls[N_SYSCTLS] = {
	{ "/proc/sys/vm/min_free_kbytes", "512", "" },
	{ "/proc/sys/vm/watermark_scale_factor", "1", "" },
	{ "/proc/sys/vm/percpu_pagelist_high_fraction", "100000", "" },
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

static void set_sysctls(void)
{
	for (size_t i = 0; i < N_SYSCTLS; i++) {
		int fd = open(sysctls[i].path, O_RDONLY);

		if (fd < 0 || read(fd, sysctls[i].before,
				   sizeof(sysctls[i].before) - 1) < 0)
			perror(sysctls[i].path);
		if (fd >= 0)
			close(fd);
		write_file(sysctls[i].path, sysctls[i].value);
	}
}

static void restore_sysctls(void)
{
	for (size_t i = 0; i < N_SYSCTLS; i++)
		write_file(sysctls[i].path, sysctls[i].before);
}

/* Frames */

/* Looking up one page costs as much as looking up a batch. */
static void look_up(void *start, unsigned long pages, uint64_t *pfns)
{
	off_t at = (uintptr_t)start / page_size * sizeof(*pfns);
	ssize_t bytes = pages * sizeof(*pfns);

	if (pread(pagemap, pfns, bytes, at) != bytes)
		fail("/proc/self/pagemap");
	for (unsigned long i = 0; i < pages; i++)
		pfns[i] = pfns[i] & PAGEMAP_PRESENT ? pfns[i] & PAGEMAP_PFN : 0;
}

static int in_range(uint64_t pfn)
{
	return pfn >= first && pfn - first < count;
}

static void give_back(void *p)
{
	if (madvise(p, page_size, MADV_DONTNEED))
		fail("madvise");
}

/* Touches some pages; keeps those in the range. Returns how many it keeps. */
static unsigned long take_batch(char *start, unsigned long pages)
{
	uint64_t pfns[BATCH];
	unsigned long kept = 0;

	for (unsigned long i = 0; i < pages; i++)
		__atomic_store_n(start + i * page_size, 0, __ATOMIC_RELAXED);
	look_up(start, pages, pfns);
	for (unsigned long i = 0; i < pages; i++) {
		if (!in_range(pfns[i]))
			continue;
		write_pattern((uint64_t *)(start + i * page_size), pfns[i]);
		page[pfns[i] - first] = start + i * page_size;
		kept++;
	}
	return kept;
}

static void report_bad(uint64_t pfn)
{
	if (atomic_fetch_add(&bad, 1) < SHOWN)
		printf("memfill: bad page at 0x%llx\n",
		       (unsigned long long)pfn * page_size);
}

/*
 * A frame counts if its contents are right and it was ours, at this address,
 * from when we wrote it until after we looked. Others are given back: they lie
 * outside of the range, or were moved since.
 */
static void verify_batch(char *start, unsigned long pages)
{
	uint64_t pfns[BATCH], after[BATCH];
	uint8_t right[BATCH] = { 0 };

	look_up(start, pages, pfns);
	for (unsigned long i = 0; i < pages; i++) {
		void *p = start + i * page_size;

		if (in_range(pfns[i]) && page[pfns[i] - first] == p)
			right[i] = !pattern_differs(p, pfns[i]);
		else if (pfns[i])
			give_back(p);
	}
	look_up(start, pages, after);
	for (unsigned long i = 0; i < pages; i++) {
		if (!after[i] || after[i] != pfns[i])
			continue;
		if (right[i])
			verified[pfns[i] - first] = 1;
		else
			report_bad(pfns[i]);
	}
}

/* Address space that we took pages into. */
struct region {
	struct region *next;
	char *start;
	unsigned long pages;
};

static _Atomic(struct region *) regions;

static struct region *new_region(unsigned long pages)
{
	struct region *r = malloc(sizeof(*r));

	if (!r)
		fail("malloc");
	*r = (struct region){ .start = reserve_on_node(pages * page_size) };
	r->next = regions;
	while (!atomic_compare_exchange_weak(&regions, &r->next, r))
		;
	return r;
}

/* Takes pages until a whole batch lies outside of the range. */
static struct region *take(unsigned long pages)
{
	struct region *r = new_region(pages);

	while (r->pages < pages) {
		unsigned long n = pages - r->pages < BATCH ? pages - r->pages : BATCH;
		unsigned long kept = take_batch(r->start + r->pages * page_size, n);

		r->pages += n;
		if (!kept)
			break;
	}
	return r;
}

static void in_batches(struct region *r, void (*work)(char *, unsigned long))
{
	for (unsigned long i = 0; i < r->pages; i += BATCH)
		work(r->start + i * page_size,
		     r->pages - i < BATCH ? r->pages - i : BATCH);
}

static void verify(struct region *r)
{
	in_batches(r, verify_batch);
}

/*
 * A page that the kernel moved is in a frame that it was not written for, and
 * when the one it left is taken again, nothing else knows of it any more. All
 * that we hold was looked at: what is in a frame that was not verified goes, too.
 */
static void give_back_moved(char *start, unsigned long pages)
{
	uint64_t pfns[BATCH];

	look_up(start, pages, pfns);
	for (unsigned long i = 0; i < pages; i++) {
		void *p = start + i * page_size;
		unsigned long frame = pfns[i] - first;

		if (pfns[i] && !(in_range(pfns[i]) && page[frame] == p && verified[frame]))
			give_back(p);
	}
}

static void give_all_moved_back(void)
{
	for (struct region *r = regions; r; r = r->next)
		in_batches(r, give_back_moved);
}

static unsigned long missing(void)
{
	unsigned long n = 0;

	for (unsigned long i = 0; i < count; i++)
		n += !verified[i];
	return n;
}

/* Several threads for the bulk of the work */

static int threads;

static struct region *share[MAX_THREADS];

static void *take_share(void *arg)
{
	share[(uintptr_t)arg] = take(count / threads + 64 * BATCH);
	return NULL;
}

static void *verify_share(void *arg)
{
	verify(share[(uintptr_t)arg]);
	return NULL;
}

static void on_all_threads(void *(*work)(void *))
{
	pthread_t ids[MAX_THREADS];

	for (uintptr_t i = 0; i < (uintptr_t)threads; i++)
		if (pthread_create(&ids[i], NULL, work, (void *)i))
			fail("pthread_create");
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
}

/* The last few frames */

static void run_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int elsewhere = -1;		/* another node with memory, if any */

static int prefer_node(int node)
{
	unsigned long mask = 1ul << node;

	return syscall(SYS_set_mempolicy, MPOL_PREFERRED, &mask, 64);
}

/* The kernel takes a policy only for a node that has memory. */
static void prefer_elsewhere(void)
{
	for (int node = 0; node < 64 && elsewhere < 0; node++)
		if (node != (int)nid && !prefer_node(node))
			elsewhere = node;
}

static void move_out(pid_t pid)
{
	unsigned long from = 1ul << nid, to = 1ul << elsewhere;

	if (elsewhere >= 0)
		syscall(SYS_migrate_pages, pid, 64, &from, &to);
}

/* Pages of other processes, which sit in the range as rightfully as ours. */
static void move_others_out(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;

	while (proc && (e = readdir(proc))) {
		pid_t pid = atoi(e->d_name);

		if (pid > 0 && pid != getpid())
			move_out(pid);
	}
	if (proc)
		closedir(proc);
}

static void release(unsigned long from, unsigned long frames)
{
	for (unsigned long i = from; i < from + frames && i < count; i++) {
		if (!page[i] || !verified[i])
			continue;
		give_back(page[i]);
		page[i] = NULL;
	}
}

static unsigned long gather_round(int round, unsigned long window)
{
	run_on_cpu(round % threads);
	if (round % 4 == 3) {
		move_others_out();
		write_file("/proc/sys/vm/drop_caches", "3");
	}
	release(round * window % count, window);
	give_all_moved_back();
	verify(take(window + 8 * BATCH));
	return missing();
}

/* Returns the number of rounds; gives up after many without a new frame. */
static int gather_the_rest(void)
{
	unsigned long window = FIRST_WINDOW / page_size, left = missing(), now;
	int round, fruitless = 0;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (round = 0; left && !bad && fruitless < PATIENCE; round++) {
		now = gather_round(round, window);
		fruitless = now < left ? 0 : fruitless + 1;
		if (fruitless && window < count / 2)
			window *= 2;
		left = now;
	}
	return round;
}

/* Main */

static uint64_t proc_word(const char *path, unsigned long pfn)
{
	int fd = open(path, O_RDONLY);
	uint64_t word = 0;

	if (fd < 0 || pread(fd, &word, sizeof(word), pfn * sizeof(word)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
	return word;
}

static void show_missing(void)
{
	int shown = 0;

	for (unsigned long i = 0; i < count && shown < SHOWN; i++) {
		if (verified[i])
			continue;
		printf("memfill: never had 0x%lx: kpageflags 0x%llx, mapped %lld times\n",
		       (first + i) * page_size,
		       (long long)proc_word("/proc/kpageflags", first + i),
		       (long long)proc_word("/proc/kpagecount", first + i));
		shown++;
	}
}

static void spoil(void)
{
	for (unsigned long i = 0; i < count; i++) {
		if (!page[i])
			continue;
		*((uint64_t *)page[i] + page_size / sizeof(uint64_t) - 1) ^= 1;
		return;
	}
}

static void set_up(char **argv)
{
	page_size = sysconf(_SC_PAGESIZE);
	first = strtoull(argv[1], NULL, 0) / page_size;
	count = strtoull(argv[2], NULL, 0) / page_size;
	nid = strtoul(argv[3], NULL, 0);
	threads = sysconf(_SC_NPROCESSORS_ONLN);
	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	if (!count || nid >= 64) {
		fprintf(stderr, "memfill: an empty range, or no such node\n");
		exit(2);
	}
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0)
		fail("/proc/self/pagemap");
	verified = reserve(count);
	page = reserve(count * sizeof(*page));
}

/* Our own tables must not take frames of the range. */
static void settle_elsewhere(void)
{
	prefer_elsewhere();
	memset(verified, 0, count);
	memset(page, 0, count * sizeof(*page));
	move_out(0);
	move_others_out();
}

int main(int argc, char **argv)
{
	unsigned long held, left;
	int rounds;

	if (argc != 4 && (argc != 5 || strcmp(argv[4], "spoil"))) {
		fprintf(stderr, "usage: memfill START SIZE NODE [spoil]\n");
		return 2;
	}
	set_up(argv);
	set_sysctls();
	atexit(restore_sysctls);
	settle_elsewhere();
	on_all_threads(take_share);
	if (argc == 5)
		spoil();
	on_all_threads(verify_share);
	held = count - missing();
	rounds = gather_the_rest();
	left = missing();
	show_missing();
	printf("memfill: covered %lu of %lu pages, ", count - left, count);
	printf("%lu of them held at one time, ", held);
	printf("%d more rounds, %lu bad\n", rounds, (unsigned long)bad);
	return left || bad ? 1 : 0;
}
