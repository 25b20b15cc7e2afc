#include "tools/target/queue.h"

#include <assert.h>
#include <stdlib.h>

bool queue_init(struct queue *q, uint32_t servers, uint64_t waiting, uint64_t service_ns)
{
	assert(servers > 0 && servers <= QUEUE_SERVERS_MAX);
	assert(waiting == QUEUE_UNBOUNDED || waiting <= QUEUE_WAITING_MAX);
	bool bounded = waiting != QUEUE_UNBOUNDED;
	uint32_t size = servers + (bounded ? (uint32_t)waiting : 0);
	uint64_t *done_ns = calloc(size, sizeof *done_ns);
	if (!done_ns)
		return false;
	*q = (struct queue){
		.done_ns = done_ns,
		.size = size,
		.servers = servers,
		.bounded = bounded,
		.service_ns = service_ns,
	};
	pthread_mutex_init(&q->lock, NULL); /* without attributes it cannot fail on Linux */
	return true;
}

void queue_fini(struct queue *q)
{
	pthread_mutex_destroy(&q->lock);
	free(q->done_ns);
}

/* When the n-th request before the one that comes now is done; 1 <= n <= size. */
static uint64_t nth_before(const struct queue *q, uint32_t n)
{
	uint32_t at = q->next >= n ? q->next - n : q->next + q->size - n;
	return q->done_ns[at];
}

static bool admit(struct queue *q, uint64_t now_ns, uint64_t *ret_done_ns)
{
	if (q->bounded && nth_before(q, q->size) > now_ns)
		return false;
	uint64_t free_ns = nth_before(q, q->servers);
	uint64_t start_ns = free_ns > now_ns ? free_ns : now_ns;
	uint64_t done_ns = start_ns + q->service_ns;
	q->done_ns[q->next] = done_ns;
	q->next = q->next + 1 == q->size ? 0 : q->next + 1;
	*ret_done_ns = done_ns;
	return true;
}

bool queue_admit(struct queue *q, uint64_t now_ns, uint64_t *ret_done_ns)
{
	pthread_mutex_lock(&q->lock);
	if (now_ns > q->latest_ns)
		q->latest_ns = now_ns;
	bool admitted = admit(q, q->latest_ns, ret_done_ns);
	pthread_mutex_unlock(&q->lock);
	return admitted;
}
