// SPDX-License-Identifier: GPL-2.0-only
/*
 * A connection to the broker. See link.h.
 */
#include <errno.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "link.h"
#include "wire.h"

#define ROOT		"memhp-pool"
#define TOPIC		128
#define PASSWORD	128
#define QOS		1		/* at least once */
/*
 * Longer than an agent is busy with one order. That a peer's program ends is seen at
 * once; this is for machines that vanish, and whom the controller has given up before.
 */
#define KEEPALIVE_S	300
#define AGAIN_MS	200

struct link {
	struct mosquitto *mosquitto;
	struct link_options options;
	struct link_ears ears;
	const char *const *topics;
	size_t prefix;			/* bytes of what all topics begin with */
	unsigned int said, arrived;
	bool connected, refused;
};

int link_option(struct link_options *options, int letter, const char *value)
{
	uint64_t port = 0;
	bool good;

	switch (letter) {
	case 'H':
		options->host = value;
		return 0;
	case 'P':
		good = wire_number(value, 1, 65535, &port);
		options->port = port;
		return good ? 0 : -EINVAL;
	case 'U':
		options->user = value;
		return 0;
	case 'W':
		options->password_file = value;
		return 0;
	case 'p':
		options->pool = value;
		return wire_name_valid(value) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static void whole_topic(const struct link *link, const char *topic, char whole[TOPIC])
{
	snprintf(whole, TOPIC, ROOT "/%s/%s", link->options.pool, topic);
}

static void on_connect(struct mosquitto *mosquitto, void *arg, int code)
{
	struct link *link = arg;
	char topic[TOPIC];

	/* 4, 5: user or password; the others may pass */
	link->refused = code == 4 || code == 5;
	link->connected = !code;
	if (code)
		return;
	for (const char *const *each = link->topics; *each; each++) {
		whole_topic(link, *each, topic);
		mosquitto_subscribe(mosquitto, NULL, topic, QOS);
	}
	link->ears.connected(link->ears.arg);
}

static void on_message(struct mosquitto *mosquitto, void *arg,
		       const struct mosquitto_message *message)
{
	struct link *link = arg;

	(void)mosquitto;
	if (strlen(message->topic) > link->prefix && message->payloadlen > 0)
		link->ears.heard(link->ears.arg, message->topic + link->prefix,
				 message->payload, message->payloadlen);
}

static void on_publish(struct mosquitto *mosquitto, void *arg, int id)
{
	struct link *link = arg;

	(void)mosquitto;
	(void)id;
	link->arrived++;
}

static int read_password(const char *path, char password[PASSWORD])
{
	FILE *file = path ? fopen(path, "re") : NULL;
	bool good = file && fgets(password, PASSWORD, file);

	if (file)
		fclose(file);
	if (!good)
		return -EACCES;
	password[strcspn(password, "\n")] = 0;
	return 0;
}

static int prepare(struct link *link, const struct link_words *last)
{
	char topic[TOPIC], password[PASSWORD];
	int err;

	if (link->options.user) {
		err = read_password(link->options.password_file, password);
		if (err)
			return err;
		if (mosquitto_username_pw_set(link->mosquitto, link->options.user, password))
			return -ENOMEM;
	}
	if (last) {
		whole_topic(link, last->topic, topic);
		if (mosquitto_will_set(link->mosquitto, topic, strlen(last->text),
				       last->text, QOS, last->keep))
			return -ENOMEM;
	}
	mosquitto_connect_callback_set(link->mosquitto, on_connect);
	mosquitto_message_callback_set(link->mosquitto, on_message);
	mosquitto_publish_callback_set(link->mosquitto, on_publish);
	/* An error now is one later, when it is tried again. */
	mosquitto_connect(link->mosquitto, link->options.host, link->options.port,
			  KEEPALIVE_S);
	return 0;
}

int link_open(const struct link_options *options, const struct link_ears *ears,
	      const char *const *topics, const struct link_words *last,
	      struct link **made)
{
	struct link *link = calloc(1, sizeof(*link));
	int err = link ? 0 : -ENOMEM;

	*made = NULL;
	if (err)
		return err;
	link->options = *options;
	link->ears = *ears;
	link->topics = topics;
	link->prefix = strlen(ROOT "/") + strlen(options->pool) + 1;
	mosquitto_lib_init();
	link->mosquitto = mosquitto_new(NULL, true, link);
	err = link->mosquitto ? prepare(link, last) : -ENOMEM;
	if (err) {
		link_close(link);
		return err;
	}
	*made = link;
	return 0;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	if (link->mosquitto) {
		mosquitto_disconnect(link->mosquitto);
		mosquitto_destroy(link->mosquitto);
	}
	mosquitto_lib_cleanup();
	free(link);
}

uint64_t link_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

void link_turn(struct link *link, int ms)
{
	if (mosquitto_loop(link->mosquitto, ms, 1) == MOSQ_ERR_SUCCESS)
		return;
	link->connected = false;
	link->arrived = link->said;	/* or lost */
	if (mosquitto_reconnect(link->mosquitto) != MOSQ_ERR_SUCCESS)
		usleep((ms < AGAIN_MS ? ms : AGAIN_MS) * 1000);
}

void link_say(struct link *link, const char *topic, const char *text, bool keep)
{
	char whole[TOPIC];

	if (!link->connected)
		return;
	whole_topic(link, topic, whole);
	if (mosquitto_publish(link->mosquitto, NULL, whole, strlen(text), text, QOS,
			      keep) == MOSQ_ERR_SUCCESS)
		link->said++;
}

bool link_idle(const struct link *link)
{
	return link->connected && link->said == link->arrived;
}

bool link_refused(const struct link *link)
{
	return link->refused;
}
