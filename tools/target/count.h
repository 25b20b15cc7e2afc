/* count: what the target counts of itself, so that a client's figures can be held against it.
 *
 * Each thread writes its own counters; any thread may read them at any time and sees a value
 * that was true a moment ago. */
#ifndef BRINK_TARGET_COUNT_H
#define BRINK_TARGET_COUNT_H

#include <stdatomic.h>
#include <stdint.h>

enum count {
	COUNT_REQUESTS,    /* received whole; those to /stats are not counted */
	COUNT_ANSWERS,     /* of them, those whose answer, or fault, the kernel took whole */
	COUNT_ANSWERS_503, /* of them, turned away by the queue */
	COUNT_FAULTS,      /* requests and connections that met a fault */
	COUNT_BAD_REQUESTS,
	COUNT_ACCEPTED,
	COUNT_REFUSED,  /* of them, closed at once: --max-connections */
	COUNT_OVERRUNS, /* connections reset: too much pipelined ahead of the answers, or no memory
			 * to answer */
	COUNT_TLS_FULL, /* handshakes */
	COUNT_TLS_RESUMED,
	COUNT_TLS_FAILED,
	COUNT_BYTES_RECEIVED,
	COUNT_BYTES_SENT,
	COUNT_H2_CONNECTIONS,
	COUNT_H2_STREAMS, /* that the peer opened */
	COUNT_WS_CONNECTIONS,
	COUNT_WS_MESSAGES,   /* received whole, and echoed */
	COUNT_GRPC_MESSAGES, /* received whole */
	COUNT_KINDS
};

struct counts {
	_Atomic uint64_t value[COUNT_KINDS];
};

const char *count_name(enum count kind);

/* By the owning thread only: a load and a store, no locked instruction. */
static inline void count_add(struct counts *c, enum count kind, uint64_t n)
{
	uint64_t now = atomic_load_explicit(&c->value[kind], memory_order_relaxed);
	atomic_store_explicit(&c->value[kind], now + n, memory_order_relaxed);
}

static inline uint64_t count_get(const struct counts *c, enum count kind)
{
	return atomic_load_explicit(&c->value[kind], memory_order_relaxed);
}

#endif
