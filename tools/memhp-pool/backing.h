/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool's memory: a file of the host that each guest maps as a whole.
 *
 * Owns:      what is in it while nobody has it.
 * Must not:  be asked to zero what a guest may have.
 */
#ifndef _POOL_BACKING_H
#define _POOL_BACKING_H

#include <stdint.h>

/**
 * backing_open() - open the file of the pool
 * @path: file
 * @size: gets its size in bytes
 *
 * Return: a file descriptor; -EBUSY if another controller has it; -EINVAL if it is no plain
 * file; or what opening it says.
 */
int backing_open(const char *path, uint64_t *size);

/**
 * backing_zero() - make a range zero, for all who have it mapped, and give its memory back
 * @fd: the file
 * @start: of the range, in bytes
 * @size: its bytes
 *
 * Return: 0 or a negative errno; then any part of it may be zero.
 */
int backing_zero(int fd, uint64_t start, uint64_t size);

#endif
