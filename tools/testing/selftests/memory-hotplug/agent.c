// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control agent of the test guest, process 1.
 *
 * Owns the virtio-serial port "memhp": reads framed requests of the host, runs
 * shell commands (several at a time), and sends back their output and status.
 * It locks its own memory and runs at real-time priority, so that it answers
 * while the guest is under stress; what it starts inherits neither.
 *
 * It must not write to the console after it said that it is ready: the console
 * belongs to the kernel log.
 *
 * The frame is four little-endian words {magic, type, id, length} and then
 * "length" bytes. scripts/memhp_vm/agent.py is the other end.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_NAME	"memhp"
#define FRAME_MAGIC	0x5048454du	/* "MEHP" in memory */
#define FRAME_MAX	(256u << 20)
#define MAX_JOBS	64
#define AGENT_PRIORITY	50

enum frame_type {
	/* host to guest */
	FRAME_RUN = 1,		/* payload: shell text */
	FRAME_KILL = 2,		/* payload: signal number, one byte */
	FRAME_PING = 3,
	FRAME_FILE = 4,		/* payload: mode, path, NUL, contents */
	/* guest to host */
	FRAME_HELLO = 16,
	FRAME_OUTPUT = 17,	/* payload: what a job wrote */
	FRAME_EXIT = 18,	/* payload: status, one word */
	FRAME_PONG = 19,
};

struct frame {
	uint32_t magic;
	uint32_t type;
	uint32_t id;
	uint32_t length;
};

struct job {
	uint32_t id;
	pid_t pid;		/* 0: this slot is free */
	int out;		/* read end of the pipe that it writes to */
};

static struct job jobs[MAX_JOBS];
static int port = -1;
static int child_pipe[2];

static void die(const char *what)
{
	fprintf(stderr, "memhp-agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The port */

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("write to the control port");
		p += n;
		len -= n;
	}
}

static void read_all(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("read from the control port");
		p += n;
		len -= n;
	}
}

static void send_frame(enum frame_type type, uint32_t id,
		       const void *payload, uint32_t len)
{
	struct frame f = { FRAME_MAGIC, type, id, len };

	write_all(port, &f, sizeof(f));
	if (len)
		write_all(port, payload, len);
}

static void send_status(uint32_t id, uint32_t status)
{
	send_frame(FRAME_EXIT, id, &status, sizeof(status));
}

#define NAMES	"/sys/class/virtio-ports"

/* True when NAMES/<dev> is the port we were given. */
static int is_our_port(const char *dev)
{
	char path[300], name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), NAMES "/%s/name", dev);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (!fgets(name, sizeof(name), f))
		name[0] = 0;
	fclose(f);
	name[strcspn(name, "\n")] = 0;
	return !strcmp(name, PORT_NAME);
}

/* On a kernel without sysfs ports have no names: there is one. */
static int may_be_our_port(const char *dev)
{
	return !strncmp(dev, "vport", 5);
}

static int open_port(void)
{
	int named = !access("/sys/kernel", F_OK);
	DIR *dir = opendir(named ? NAMES : "/dev");
	struct dirent *e;
	char path[300];
	int fd = -1;

	while (dir && fd < 0 && (e = readdir(dir))) {
		if (!(named ? is_our_port : may_be_our_port)(e->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* The driver finds its ports a moment after it was probed. */
static void find_port(void)
{
	for (int i = 0; i < 600 && port < 0; i++) {
		port = open_port();
		if (port < 0)
			usleep(100 * 1000);
	}
	if (port < 0) {
		errno = ENODEV;
		die("virtio port \"" PORT_NAME "\" not found");
	}
}

/* Jobs */

static struct job *find_job(uint32_t id)
{
	for (int i = 0; i < MAX_JOBS; i++)
		if (jobs[i].pid && jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

static struct job *free_slot(void)
{
	for (int i = 0; i < MAX_JOBS; i++)
		if (!jobs[i].pid)
			return &jobs[i];
	return NULL;
}

static void write_word(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, word, strlen(word)) < 0)
		perror(path);
	close(fd);
}

static void become_shell(const char *text, int out)
{
	int null = open("/dev/null", O_RDONLY);

	setsid();
	write_word("/proc/self/oom_score_adj", "0");
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	_exit(127);
}

static int start_job(struct job *job, uint32_t id, const char *text)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	job->pid = fork();
	if (job->pid == 0)
		become_shell(text, fds[1]);
	close(fds[1]);
	if (job->pid < 0) {
		job->pid = 0;
		close(fds[0]);
		return -EAGAIN;
	}
	job->id = id;
	job->out = fds[0];
	return 0;
}

static void run(uint32_t id, const char *text)
{
	struct job *job = free_slot();
	int err = job ? start_job(job, id, text) : -EAGAIN;
	char why[100];

	if (!err)
		return;
	snprintf(why, sizeof(why), "memhp-agent: cannot start: %s\n",
		 strerror(-err));
	send_frame(FRAME_OUTPUT, id, why, strlen(why));
	send_status(id, 126);
}

/* Sends what is in the pipe now; false at its end. */
static int relay(struct job *job)
{
	static char buf[65536];
	ssize_t n = read(job->out, buf, sizeof(buf));

	if (n > 0) {
		send_frame(FRAME_OUTPUT, job->id, buf, n);
		return 1;
	}
	return n < 0 && errno == EINTR;
}

static uint32_t shell_status(int wstatus)
{
	if (WIFEXITED(wstatus))
		return WEXITSTATUS(wstatus);
	return 128 + WTERMSIG(wstatus);
}

static void end_job(struct job *job, int wstatus)
{
	while (relay(job))
		;
	if (job->out >= 0)
		close(job->out);
	send_status(job->id, shell_status(wstatus));
	job->pid = 0;
}

/* Process 1 inherits orphans: those that are no job of ours just end. */
static void reap(void)
{
	int wstatus;
	pid_t pid;

	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0)
		for (int i = 0; i < MAX_JOBS; i++)
			if (jobs[i].pid == pid)
				end_job(&jobs[i], wstatus);
}

/* Requests */

static void put_file(uint32_t id, char *payload, uint32_t len)
{
	mode_t mode = payload[0] ? 0755 : 0644;
	char *path = payload + 1;
	char *data = path + strnlen(path, len - 1) + 1;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t left = payload + len - data;
	ssize_t n = fd < 0 ? -1 : 0;

	while (left && n >= 0) {
		n = write(fd, data, left);
		if (n > 0) {
			data += n;
			left -= n;
		}
	}
	send_status(id, n < 0 ? errno : 0);
	if (fd >= 0)
		close(fd);
}

static void kill_job(uint32_t id, int sig)
{
	struct job *job = find_job(id);

	/* A job that has just begun may not lead its group yet. */
	if (job && kill(-job->pid, sig))
		kill(job->pid, sig);
}

static void handle(const struct frame *f, char *payload)
{
	switch (f->type) {
	case FRAME_RUN:
		run(f->id, payload);
		break;
	case FRAME_KILL:
		kill_job(f->id, payload[0]);
		break;
	case FRAME_PING:
		send_frame(FRAME_PONG, f->id, NULL, 0);
		break;
	case FRAME_FILE:
		put_file(f->id, payload, f->length);
		break;
	default:
		errno = EPROTO;
		die("request of an unknown type");
	}
}

static void take_request(void)
{
	struct frame f;
	char *payload;

	read_all(port, &f, sizeof(f));
	if (f.magic != FRAME_MAGIC || f.length > FRAME_MAX) {
		errno = EPROTO;
		die("request out of step");
	}
	payload = calloc(1, f.length + 2);	/* ends with a NUL, whatever it is */
	if (!payload)
		die("request");
	read_all(port, payload, f.length);
	handle(&f, payload);
	free(payload);
}

/* Main loop */

static void on_child(int sig)
{
	int saved = errno;

	(void)sig;
	if (write(child_pipe[1], "", 1) < 0 && errno != EAGAIN)
		_exit(1);
	errno = saved;
}

static void watch_children(void)
{
	struct sigaction sa = { .sa_handler = on_child, .sa_flags = SA_RESTART };

	if (pipe2(child_pipe, O_CLOEXEC | O_NONBLOCK))
		die("pipe");
	sigaction(SIGCHLD, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Stay in memory, ahead of every load, and last in line for the OOM killer. */
static void harden(void)
{
	struct sched_param sp = { .sched_priority = AGENT_PRIORITY };

	if (mlockall(MCL_CURRENT))
		perror("memhp-agent: mlockall");
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &sp))
		perror("memhp-agent: sched_setscheduler");
	write_word("/proc/self/oom_score_adj", "-1000");
}

static void poll_once(void)
{
	struct pollfd p[MAX_JOBS + 2] = {
		{ .fd = port, .events = POLLIN },
		{ .fd = child_pipe[0], .events = POLLIN },
	};
	char drop[64];

	for (int i = 0; i < MAX_JOBS; i++)
		p[i + 2] = (struct pollfd){ jobs[i].pid ? jobs[i].out : -1, POLLIN, 0 };
	if (poll(p, MAX_JOBS + 2, -1) < 0)
		return;
	for (int i = 0; i < MAX_JOBS; i++)
		if (p[i + 2].revents && !relay(&jobs[i])) {
			close(jobs[i].out);
			jobs[i].out = -1;
		}
	if (p[1].revents) {
		while (read(child_pipe[0], drop, sizeof(drop)) > 0)
			;
		reap();
	}
	if (p[0].revents & POLLIN)
		take_request();
	else if (p[0].revents)
		usleep(10 * 1000);	/* the host has not connected yet */
}

int main(void)
{
	watch_children();
	find_port();
	harden();
	send_frame(FRAME_HELLO, 0, NULL, 0);
	fprintf(stderr, "memhp-agent: ready\n");
	for (;;)
		poll_once();
}
