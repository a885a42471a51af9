/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mm/boot_memory offers memblock, for stock's simulator of memblock: the
 * ledger is the kernel's, its surroundings are not. Included ahead of every file
 * of the simulator.
 */
#ifndef _MEMHP_MEMBLOCK_HOOKS_H
#define _MEMHP_MEMBLOCK_HOOKS_H

#ifndef _RET_IP_
#define _RET_IP_	((unsigned long)__builtin_return_address(0))
#endif

_Bool boot_memory_settled(void);
void boot_memory_handover(void);
void boot_memory_reserve(unsigned long long base, unsigned long long size,
			 unsigned long caller);
void boot_memory_return(unsigned long long base, unsigned long long size);
void boot_memory_unmap(unsigned long long base, unsigned long long size,
		       unsigned long caller);
void boot_memory_map(unsigned long long base, unsigned long long size);
_Bool boot_memory_ask(unsigned long caller);
_Bool boot_memory_is_last_resort(void);
unsigned long long boot_memory_try(unsigned long long size,
				   unsigned long long align,
				   unsigned long long start,
				   unsigned long long end, int nid,
				   _Bool exact_nid);
void boot_memory_end_asking(_Bool *asked);

#define CLASS(class, name)	\
	__attribute__((cleanup(boot_memory_end_asking), unused)) _Bool name = \
	boot_memory_ask

#endif
