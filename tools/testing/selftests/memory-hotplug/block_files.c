// SPDX-License-Identifier: GPL-2.0-only
/*
 * block_files: what the files of memory blocks promise to those who use them.
 *
 * A kselftest that needs nothing but root, on any machine: as it runs, one movable block
 * leaves and comes back a few times. Tests that need such a block are skipped where
 * there is none.
 */
#include "frame.h"

#include <dirent.h>
#include <signal.h>
#include <sys/time.h>

#include <kselftest_harness.h>

#include "capability.h"

#define MEMORY	"/sys/devices/system/memory"
#define PREFIX	"memory"

typedef unsigned long long u64;

/* Files */

/* Return: 0, or the error of the one write. */
static int write_bytes(const char *path, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY), err;

	if (fd < 0)
		return errno;
	err = write(fd, bytes, size) < 0 ? errno : 0;
	close(fd);
	return err;
}

static int put(const char *path, const char *text)
{
	return write_bytes(path, text, strlen(text));
}

/* The first line of a file; "" if it cannot be read. */
static const char *line_of(const char *path, char line[64])
{
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, line, 63);

	if (fd >= 0)
		close(fd);
	line[got < 0 ? 0 : got] = 0;
	line[strcspn(line, "\n")] = 0;
	return line;
}

static const char *path_of(u64 block, const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), MEMORY "/" PREFIX "%llu/%s", block, file);
	return path;
}

static int is(u64 block, const char *file, const char *wanted)
{
	char line[64];

	return !strcmp(line_of(path_of(block, file), line), wanted);
}

static int set_state(u64 block, const char *word)
{
	return put(path_of(block, "state"), word);
}

static u64 hex_of(const char *path)
{
	char line[64];

	return strtoull(line_of(path, line), NULL, 16);
}

static u64 block_size(void)
{
	return hex_of(MEMORY "/block_size_bytes");
}

/* Blocks */

static int is_number(const char *name, const char *prefix, u64 *number)
{
	size_t length = strlen(prefix);
	char *end;

	if (strncmp(name, prefix, length))
		return 0;
	*number = strtoull(name + length, &end, 10);
	return end != name + length && !*end;
}

/* Numbers in names of a directory that begin with a prefix: how many, and the last. */
static int numbers_in(const char *path, const char *prefix, u64 *last)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int found = 0;

	while (dir && (entry = readdir(dir)))
		found += is_number(entry->d_name, prefix, last);
	if (dir)
		closedir(dir);
	return found;
}

/* The next block after one; 0 after the last. Block 0 is no RAM on arm64. */
static u64 block_after(u64 block)
{
	DIR *dir = opendir(MEMORY);
	struct dirent *entry;
	u64 next = 0, number;

	while (dir && (entry = readdir(dir)))
		if (is_number(entry->d_name, PREFIX, &number) &&
		    number > block && (!next || number < next))
			next = number;
	if (dir)
		closedir(dir);
	return next;
}

static int node_of(u64 block)
{
	u64 node = 0;

	return numbers_in(path_of(block, ""), "node", &node) == 1 ? (int)node : -1;
}

static int is_movable(u64 block)
{
	return is(block, "state", "online") && is(block, "valid_zones", "Movable");
}

static u64 movable_block(void)
{
	u64 block = block_after(0);

	while (block && !is_movable(block))
		block = block_after(block);
	return block;
}

TEST(sysfs_04_blocks_are_numbered_by_address)
{
	u64 size = block_size(), block = block_after(0);

	ASSERT_NE(0, size);
	EXPECT_EQ(0, size & (size - 1));
	ASSERT_NE(0, block);
	for (; block; block = block_after(block))
		EXPECT_EQ(block, hex_of(path_of(block, "phys_index")));
}

TEST(sysfs_04_each_block_is_in_one_node_that_shows_it)
{
	char path[128];
	u64 block;

	for (block = block_after(0); block; block = block_after(block)) {
		ASSERT_LE(0, node_of(block));
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/" PREFIX "%llu",
			 node_of(block), block);
		EXPECT_EQ(0, access(path, F_OK));
	}
}

TEST(offline_06_removable_answers_for_each_block)
{
	u64 block;

	for (block = block_after(0); block; block = block_after(block))
		EXPECT_TRUE(is(block, "removable", "0") || is(block, "removable", "1"));
}

TEST(sysfs_07_probing_takes_a_block_inside_of_a_window)
{
	if (access(MEMORY "/probe", F_OK))
		SKIP(return, "no file probe");
	EXPECT_EQ(EINVAL, put(MEMORY "/probe", "\n"));
	EXPECT_EQ(EINVAL, put(MEMORY "/probe", "one"));
	EXPECT_EQ(EINVAL, put(MEMORY "/probe", "0x1001"));
	EXPECT_EQ(ERANGE, put(MEMORY "/probe", "0x10000000000000000"));
	/* no machine has RAM or a window at 0 */
	EXPECT_EQ(EPERM, put(MEMORY "/probe", "0"));
}

/* A block that can leave */

FIXTURE(movable)
{
	u64 block;
};

FIXTURE_SETUP(movable)
{
	self->block = movable_block();
	if (!self->block)
		SKIP(return, "no block is online in a movable zone");
}

FIXTURE_TEARDOWN(movable)
{
	if (self->block && is(self->block, "state", "offline"))
		EXPECT_EQ(0, set_state(self->block, "online_movable"));
}

TEST_F(movable, sysfs_04_it_leaves_and_comes_back)
{
	ASSERT_EQ(0, set_state(self->block, "offline"));
	EXPECT_TRUE(is(self->block, "state", "offline"));
	EXPECT_TRUE(is(self->block, "online", "0"));
	EXPECT_EQ(EINVAL, set_state(self->block, "offline"));
	ASSERT_EQ(0, set_state(self->block, "online_movable"));
	EXPECT_TRUE(is_movable(self->block));
	EXPECT_EQ(EINVAL, set_state(self->block, "online_movable"));
}

TEST_F(movable, sysfs_04_state_takes_its_words_only)
{
	static const char *const words[] = {
		"\n", " offline", "offline offline", "off", "offlines",
		"OFFLINE", "0", "online_", "going-offline", "offline\nonline",
	};
	char *much = malloc(1 << 16);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		EXPECT_EQ(EINVAL, set_state(self->block, words[i]))
			TH_LOG("\"%s\"", words[i]);
	}
	memset(much, 'o', 1 << 16);
	EXPECT_EQ(EINVAL, write_bytes(path_of(self->block, "state"), much, 1 << 16));
	free(much);
	EXPECT_TRUE(is_movable(self->block));
}

TEST_F(movable, sysfs_04_state_asks_who_writes)
{
	int fd = open(path_of(self->block, "state"), O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, drop_capability(CAP_SYS_ADMIN));
	EXPECT_EQ(EPERM, set_state(self->block, "offline"));
	/* the same for who opened it when it could */
	EXPECT_EQ(-1, write(fd, "offline", 7));
	EXPECT_EQ(EPERM, errno);
	EXPECT_TRUE(is_movable(self->block));
	close(fd);
}

/* A page in it that nobody can move */

FIXTURE(pinned)
{
	u64 block;
	char range[64];
	int ends[2];
};

static void unpin(int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

FIXTURE_SETUP(pinned)
{
	u64 block, size = block_size();
	void *page;

	if (!movable_block())
		SKIP(return, "no block is online in a movable zone");
	page = page_of_node(node_of(movable_block()));
	ASSERT_NE(NULL, page);
	ASSERT_EQ(0, put_in_pipe(page, self->ends));
	block = frame_of(page) * sysconf(_SC_PAGESIZE) / size;
	if (!is_movable(block))
		SKIP(return, "the node gives pages of another zone");
	self->block = block;
	snprintf(self->range, sizeof(self->range), "%#llx %#llx",
		 self->block * size, size);
}

FIXTURE_TEARDOWN(pinned)
{
	unpin(self->ends);
	if (self->block && is(self->block, "state", "offline"))
		EXPECT_EQ(0, set_state(self->block, "online_movable"));
}

static void on_alarm(int number)
{
	(void)number;
}

static void alarm_in(unsigned int milliseconds)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_value.tv_usec = 1000 * milliseconds };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

TEST_F(pinned, offline_05_a_signal_ends_it)
{
	alarm_in(300);
	EXPECT_EQ(EINTR, set_state(self->block, "offline"));
	EXPECT_TRUE(is_movable(self->block));
}

TEST_F(pinned, offline_02_a_deadline_ends_it)
{
	char order[80];

	snprintf(order, sizeof(order), "%s 200", self->range);
	EXPECT_EQ(ETIMEDOUT, put(MEMORY "/offline", order));
	EXPECT_TRUE(is_movable(self->block));
}

TEST_F(pinned, offline_04_the_check_says_so_and_then_not)
{
	EXPECT_EQ(EBUSY, put(MEMORY "/offline_check", self->range));
	unpin(self->ends);
	EXPECT_EQ(0, put(MEMORY "/offline_check", self->range));
	EXPECT_TRUE(is_movable(self->block));
}

TEST_F(pinned, offline_02_it_leaves_when_it_is_let_go)
{
	unpin(self->ends);
	EXPECT_EQ(0, put(MEMORY "/offline", self->range));
	EXPECT_TRUE(is(self->block, "state", "offline"));
}

TEST_HARNESS_MAIN
