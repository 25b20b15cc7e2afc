/* pool: objects of one size for one thread, out of chunks that come from the kernel as they are
 * needed and go back to it: after a moment in which every connection was busy, memory falls to
 * what idle ones need. The sanitizer sees who owns an object. */
#ifndef BRINK_BASE_POOL_H
#define BRINK_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_CHUNK (64u << 10) /* bytes; its pages are touched one after another */
#define POOL_SPARE 4u          /* chunks without an object in use that are kept all the same */

struct pool {
	size_t size;             /* of an object */
	uint64_t max;            /* objects in use at most */
	uint64_t used;           /* now */
	struct pool_chunk *room; /* the chunks with room, the latest that gained some first */
	uint32_t chunks, empty;  /* all chunks; those of them without an object in use */
};

/* `size` is a multiple of 8 and at most POOL_CHUNK / 2. Nothing is allocated yet. */
void pool_init(struct pool *p, size_t size, uint64_t max);
void pool_fini(struct pool *p); /* after every object was given back */

/* Not zeroed. NULL: `max` are in use, or there is no memory. */
void *pool_take(struct pool *p);
void pool_give(struct pool *p, void *object);

#endif
