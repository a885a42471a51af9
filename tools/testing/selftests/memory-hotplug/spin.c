// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spins on one CPU ahead of everything else, and says if it was interrupted.
 *
 *	spin CPU SECONDS
 *
 * Runs with SCHED_FIFO 99 until SIGTERM comes, or for as many seconds; the caller
 * lifts the limit of real-time tasks. At the end it prints one line: "preempted N gap_us G loops L": how often another task
 * took the CPU from it, and the longest time between two looks at the counter.
 * An interrupt makes a gap; only a task that outranks it (as the one of
 * stop_machine() does) preempts it. Exit status 0 if it ran at all.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static volatile sig_atomic_t enough;

static void stop(int signal)
{
	enough = signal;
}

static uint64_t counter(void)
{
	uint64_t now;

	asm volatile("isb; mrs %0, cntvct_el0" : "=r" (now) : : "memory");
	return now;
}

static uint64_t frequency(void)
{
	uint64_t hz;

	asm("mrs %0, cntfrq_el0" : "=r" (hz));
	return hz;
}

static long preemptions(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return -1;
	return usage.ru_nivcsw;
}

static int take_cpu(int cpu)
{
	const struct sched_param first = {
		.sched_priority = sched_get_priority_max(SCHED_FIFO),
	};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return -1;
	return sched_setscheduler(0, SCHED_FIFO, &first);
}

int main(int argc, char **argv)
{
	uint64_t now, last, end, gap = 0, loops = 0;
	long before;

	signal(SIGTERM, stop);
	if (argc != 3 || take_cpu(atoi(argv[1]))) {
		perror("spin CPU SECONDS");
		return 1;
	}
	puts("spinning");
	fflush(stdout);
	before = preemptions();
	last = counter();
	end = last + strtoul(argv[2], NULL, 10) * frequency();
	for (; !enough && last < end; last = now, loops++) {
		now = counter();
		if (now - last > gap)
			gap = now - last;
	}
	printf("preempted %ld gap_us %llu loops %llu\n", preemptions() - before,
	       (unsigned long long)(gap * 1000000 / frequency()),
	       (unsigned long long)loops);
	return !loops;
}
