// SPDX-License-Identifier: GPL-2.0-only
/*
 * generated START	a small life, by the C client that is generated
 *
 * The generator of the kernel source makes a client of the specification, for the library
 * that comes with it (tools/net/ynl/lib). This program is a controller with that client:
 * it attaches 128 MiB in the window that begins at START (hexadecimal), uses them, is
 * told of it, and detaches them. Prints a line for each step:
 *
 *	STEP ERROR WORDS
 *
 * ERROR is 0, or a number of errno.h, and WORDS are what came back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "memhp-user.h"
#include <ynl.h>

#define SIZE	(128ull << 20)
#define WAIT	10000		/* milliseconds */

static const uint8_t uuid[MEMHP_UUID_LEN] = { [MEMHP_UUID_LEN - 1] = 0x77 };
static const char name[] = "generated";

static struct ynl_sock *asks, *listens;

static struct ynl_sock *open_socket(void)
{
	struct ynl_error error;
	struct ynl_sock *s = ynl_sock_create(&ynl_memhp_family, &error);

	if (!s) {
		fprintf(stderr, "generated: %s\n", error.msg);
		exit(2);
	}
	return s;
}

static void refused(const char *step)
{
	printf("%s %d %s\n", step, asks->err.code, asks->err.msg);
}

static void say(const char *step, int ret)
{
	if (ret)
		refused(step);
	else
		printf("%s 0\n", step);
}

static void show_windows(void)
{
	struct memhp_window_get_rsp_list *all = memhp_window_get_dump(asks);

	if (!all)
		return refused("windows");
	ynl_dump_foreach(all, w)
		printf("windows 0 %#llx %#llx %s\n", (long long)w->start,
		       (long long)w->size, memhp_source_str(w->source));
	memhp_window_get_rsp_list_free(all);
}

static void attach(uint64_t start, uint64_t size)
{
	struct memhp_attach_req *req = memhp_attach_req_alloc();
	struct memhp_range *range = calloc(1, sizeof(*range));
	struct memhp_attach_rsp *rsp;

	*range = (struct memhp_range){
		._present = { .start = 1, .size = 1 },
		.start = start,
		.size = size,
	};
	memhp_attach_req_set_uuid(req, uuid, sizeof(uuid));
	memhp_attach_req_set_owner(req, name);
	__memhp_attach_req_set_range(req, range, 1);
	memhp_attach_req_set_policy(req, MEMHP_POLICY_OFFLINE);
	memhp_attach_req_set_wait_ms(req, WAIT);
	rsp = memhp_attach(asks, req);
	memhp_attach_req_free(req);
	if (!rsp)
		return refused("attach");
	printf("attach 0 %s %s\n", memhp_state_str(rsp->state), rsp->owner);
	memhp_attach_rsp_free(rsp);
}

static void change(void)
{
	struct memhp_change_req *req = memhp_change_req_alloc();

	memhp_change_req_set_uuid(req, uuid, sizeof(uuid));
	memhp_change_req_set_policy(req, MEMHP_POLICY_ONLINE_MOVABLE);
	memhp_change_req_set_wait_ms(req, WAIT);
	say("change", memhp_change(asks, req));
	memhp_change_req_free(req);
}

static void show_segments(void)
{
	struct memhp_segment_get_list *all = memhp_segment_get_dump(asks);

	if (!all)
		return refused("segments");
	ynl_dump_foreach(all, s)
		printf("segments 0 %s %s %s %u\n", s->owner, memhp_state_str(s->state),
		       memhp_usage_str(s->usage), s->n_range);
	memhp_segment_get_list_free(all);
}

static void detach(void)
{
	struct memhp_detach_req *req = memhp_detach_req_alloc();

	memhp_detach_req_set_uuid(req, uuid, sizeof(uuid));
	memhp_detach_req_set_deadline_ms(req, WAIT);
	memhp_detach_req_set_wait_ms(req, WAIT);
	say("detach", memhp_detach(asks, req));
	memhp_detach_req_free(req);
}

static void hear(void)
{
	struct ynl_ntf_base_type *news;

	ynl_ntf_check(listens);
	while ((news = ynl_ntf_dequeue(listens))) {
		struct memhp_event_ntf *event = (void *)news;

		if (news->cmd == MEMHP_CMD_EVENT_NTF)
			printf("event 0 %s\n", memhp_event_str(event->obj.event));
		ynl_ntf_free(news);
	}
}

int main(int argc, char **argv)
{
	uint64_t start;

	if (argc != 2)
		return 2;
	start = strtoull(argv[1], NULL, 16);
	asks = open_socket();
	listens = open_socket();
	printf("join %d\n", ynl_subscribe(listens, MEMHP_MCGRP_EVENTS));
	show_windows();
	attach(start, SIZE + 1);
	attach(start, SIZE);
	change();
	show_segments();
	detach();
	detach();
	show_segments();
	hear();
	ynl_sock_destroy(listens);
	ynl_sock_destroy(asks);
	return 0;
}
