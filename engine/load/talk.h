/* talk: what a connection keeps while it speaks a protocol that has things of its own to say: two
 * buffers, one on its way and one that is being filled, and the protocol's state. From a pool of
 * the worker's; exists while the connection stands. */
#ifndef BRINK_LOAD_TALK_H
#define BRINK_LOAD_TALK_H

#include "base/span.h"

#include <stdalign.h>
#include <stdint.h>

#define TALK_OUT_MAX ((size_t)96 << 20) /* a body, and what stands before it */

struct talk {
	struct buf out;                 /* conn.out_at up to out_end: being written */
	struct buf next;                /* said meanwhile */
	alignas(uint64_t) char state[]; /* no object of a pool is aligned to more */
};

#endif
