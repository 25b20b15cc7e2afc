#include "tools/target/server.h"

#include "base/mono.h"
#include "tools/target/secure.h"
#include "tools/target/session.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_UP_NS (100 * NS_PER_MS) /* how long a stop may go unnoticed */

static bool reserve(struct server *s, uint32_t slots)
{
	s->slots = slots;
	exchanges_init(&s->exchanges, slots);
	s->sessions = calloc(slots, sizeof *s->sessions);
	return s->sessions && due_init(&s->due, slots) &&
	       h2s_shared_init(&s->h2, slots, s->target->settings->streams_max);
}

int server_open(struct server *s, struct target *t, uint32_t slots, struct err *err)
{
	const struct settings *settings = t->settings;
	s->target = t;
	s->rng.state = settings->seed + (uint64_t)(s - t->servers);
	if (!reserve(s, slots))
		return err_set(err, ERR_RUNTIME, "no memory for %u connections", slots);
	if (ring_open(&s->ring, &(struct ring_config){.slots = slots}, err))
		return -1;
	if (secure_init(s, err))
		return -1;
	for (unsigned i = 0; i < settings->listen_count; i++)
		if (ring_listen(s->ring, s->listeners[i], err))
			return -1;
	return 0;
}

void server_close(struct server *s)
{
	ring_free(s->ring); /* first: the kernel may be sending from the answers */
	for (uint32_t i = 0; s->sessions && i < s->slots; i++)
		session_fini(s, &s->sessions[i]);
	secure_fini(s);
	free(s->sessions);
	exchanges_fini(&s->exchanges);
	h2s_shared_fini(&s->h2);
	due_fini(&s->due);
}

static int turn(struct server *s)
{
	uint64_t until_ns = s->now_ns + LOOK_UP_NS;
	uint64_t due_ns = due_next_ns(&s->due);
	int result = ring_turn(
		s->ring, (struct ring_wait){.until_ns = due_ns < until_ns ? due_ns : until_ns});
	if (result)
		return result;
	s->now_ns = ring_now_ns(s->ring);
	struct ring_event event;
	while (ring_next(s->ring, &event)) {
		session_event(s, &event);
		ring_done(s->ring, &event);
	}
	uint32_t slot;
	while (due_expire(&s->due, s->now_ns, &slot))
		session_wake(s, &s->sessions[slot]);
	return 0;
}

int server_run(struct server *s)
{
	s->now_ns = ring_now_ns(s->ring);
	while (!atomic_load_explicit(&s->target->stop, memory_order_relaxed)) {
		int result = turn(s);
		if (result)
			return err_set(&s->err, ERR_INTERNAL, "io_uring_enter: %s",
				       strerror(-result));
	}
	return 0;
}
