// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec: loads a kernel for the next reboot, and unloads it. On arm64 the tables of
 * the linear map are copied for it. The kernel is nothing but a header (the kernel's
 * Documentation/arch/arm64/booting.rst), and never runs.
 */
#include <endian.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IMAGE	"/tmp/kexec.image"
#define SIZE	(1 << 16)

/* Where in 64 bit words of the header, and what. */
enum { WORD_SIZE = 2, WORD_MAGIC = 7, WORDS = SIZE / sizeof(uint64_t) };
#define MAGIC	0x644d5241ul		/* "ARM", and a d */

static int write_image(void)
{
	static uint64_t image[WORDS];
	int fd = open(IMAGE, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t wrote;

	image[WORD_SIZE] = htole64(SIZE);
	image[WORD_MAGIC] = htole64(MAGIC);
	wrote = write(fd, image, SIZE);
	return close(fd) || wrote != SIZE;
}

static long load(int kernel, unsigned long flags)
{
	return syscall(SYS_kexec_file_load, kernel, -1, 1ul, "", flags);
}

int main(void)
{
	int kernel;

	if (access(IMAGE, F_OK) && write_image()) {
		perror(IMAGE);
		return 1;
	}
	kernel = open(IMAGE, O_RDONLY);
	if (load(kernel, KEXEC_FILE_NO_INITRAMFS) || load(-1, KEXEC_FILE_UNLOAD)) {
		perror("kexec_file_load");
		return 1;
	}
	return 0;
}
