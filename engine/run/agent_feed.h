/* agent_feed: samples of one host on their way from the thread that gets them to the main thread:
 * `brink agent` over HTTP, or this host read directly.
 *
 * One thread puts, the main thread takes; a ring of views crosses, without a lock. What finds it
 * full is counted. */
#ifndef BRINK_RUN_AGENT_FEED_H
#define BRINK_RUN_AGENT_FEED_H

#include "base/err.h"
#include "run/kernel_view.h"

#include <pthread.h>
#include <stdatomic.h>

#define FEED_VIEWS 32u /* 3 s: the main thread takes ten times a second */
#define FEED_TEXT  160

/* Text is the caller's and outlives the feed. */
struct agent_source {
	const char *url;                 /* "local", or http(s)://HOST:PORT */
	unsigned port;                   /* the target's */
	const char *cacert, *cert, *key; /* files, for https; NULL: none */
};

struct agent_feed {
	struct agent_source source;
	pthread_t thread;
	bool started;
	atomic_bool stop;

	/* The ring. */
	atomic_uint put, taken;
	struct kernel_view views[FEED_VIEWS];

	/* Said by the thread once; read by the main one when `told` is set. */
	atomic_bool told;
	char kernel[64], host[64];
	char from[KERNEL_KEYS]
		 [12]; /* where a figure comes from: "bpf"; empty: it is not to be had, */
	char gap[KERNEL_KEYS][FEED_TEXT]; /* and why */

	atomic_llong offset_ns, bound_ns; /* of its clock; bound negative: not known yet */
	atomic_bool connected, refused;   /* refused: it was never reached; then `why` says why */
	atomic_uint cuts;                 /* times that the stream broke off */
	atomic_ullong
		missed; /* samples that were lost: numbers left out, or (here) the ring was full */
	char why[FEED_TEXT]; /* why it first broke off; read after the end, or once `refused` is set
			      */
};

/* Starts the thread; a first answer is awaited for two seconds. -1 with an err: there is none. */
int agent_feed_start(struct agent_feed *f, const struct agent_source *source, struct err *err);
void agent_feed_stop(struct agent_feed *f);

/* The oldest view not taken yet; NULL: there is none. Valid until the next call. */
const struct kernel_view *agent_feed_take(struct agent_feed *f);

/* For the two kinds of thread: a place to fill, NULL where the ring is full; then publish it. */
struct kernel_view *agent_feed_place(struct agent_feed *f);
void agent_feed_publish(struct agent_feed *f);

void *agent_feed_local(void *feed);  /* agent_local.c */
void *agent_feed_remote(void *feed); /* agent_remote.c */

#endif
