/* queue: an N-server first-in-first-out queue with one constant service time, worked out in
 * numbers: nobody waits in it, it only says when a request that comes now would be done.
 *
 * With a constant time T requests are done in the order they came, so the last N+Q instants at
 * which admitted ones are done say everything: a request starts when the N-th before it is done,
 * and finds the house full while the (N+Q)-th before it is not. Capacity is N/T, exactly.
 * Shared by all threads; a mutex inside. A request whose client has left is served all the same. */
#ifndef BRINK_TARGET_QUEUE_H
#define BRINK_TARGET_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define QUEUE_SERVERS_MAX 1000000u
#define QUEUE_WAITING_MAX 1000000u
#define QUEUE_UNBOUNDED   UINT64_MAX

struct queue {
	pthread_mutex_t lock;
	uint64_t *done_ns; /* of the last `size` admitted requests, a circle */
	uint32_t size;     /* servers + waiting; servers alone when waiting is unbounded */
	uint32_t servers;
	uint32_t next; /* the oldest entry, overwritten by the next request */
	bool bounded;
	uint64_t service_ns;
	uint64_t latest_ns; /* time never runs backwards, though threads read it at different times
			     */
};

/* servers: 1..QUEUE_SERVERS_MAX; waiting: 0..QUEUE_WAITING_MAX or QUEUE_UNBOUNDED. False: no
 * memory. */
bool queue_init(struct queue *q, uint32_t servers, uint64_t waiting, uint64_t service_ns);
void queue_fini(struct queue *q);

/* A request comes. True: it is done at *ret_done_ns. False: all servers are busy and all places
 * to wait are taken. A request that is done at an instant has left by that instant. */
bool queue_admit(struct queue *q, uint64_t now_ns, uint64_t *ret_done_ns);

#endif
