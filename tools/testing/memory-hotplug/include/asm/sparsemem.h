/* SPDX-License-Identifier: GPL-2.0-only */
/* Host stand-in: as many address bits as there can be, or as a test is built for. */
#ifndef _HOST_ASM_SPARSEMEM_H
#define _HOST_ASM_SPARSEMEM_H

#ifndef MAX_PHYSMEM_BITS
#define MAX_PHYSMEM_BITS	52
#endif

#endif
