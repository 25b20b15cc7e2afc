#include "base/pool.h"

#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>

/* What the pool keeps of an object: whose it is, and, while it is free, the next free one. */
struct cell {
	struct pool_chunk *chunk;
	union {
		struct cell *next;
		char object[8]; /* and more */
	};
};

struct pool_chunk {
	struct pool_chunk *prev, *next; /* among those with room */
	struct cell *free;              /* given back, the latest first */
	uint32_t used;
	uint32_t fresh; /* cells from here on were never taken: their pages are not touched */
	char cells[];
};

static size_t cell_size(const struct pool *p)
{
	return offsetof(struct cell, object) + p->size;
}

static uint32_t capacity(const struct pool *p)
{
	return (uint32_t)((POOL_CHUNK - sizeof(struct pool_chunk)) / cell_size(p));
}

static struct cell *cell_of(void *object)
{
	return (struct cell *)(void *)((char *)object - offsetof(struct cell, object));
}

void pool_init(struct pool *p, size_t size, uint64_t max)
{
	assert(size % 8 == 0 && size >= 8 && size <= POOL_CHUNK / 2);
	*p = (struct pool){.size = size, .max = max};
}

/* --- chunks ----------------------------------------------------------------------------- */

static void link_chunk(struct pool *p, struct pool_chunk *c)
{
	c->prev = NULL;
	c->next = p->room;
	if (p->room)
		p->room->prev = c;
	p->room = c;
}

static void unlink_chunk(struct pool *p, struct pool_chunk *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		p->room = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

/* Straight from the kernel: malloc would keep what is freed below something still in use. */
static struct pool_chunk *add_chunk(struct pool *p)
{
	struct pool_chunk *c =
		mmap(NULL, POOL_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		return NULL;
	MEM_POISON(c->cells, POOL_CHUNK - sizeof *c);
	link_chunk(p, c);
	p->chunks++;
	p->empty++;
	return c;
}

static void drop_chunk(struct pool *p, struct pool_chunk *c)
{
	unlink_chunk(p, c);
	p->chunks--;
	p->empty--;
	MEM_UNPOISON(c->cells, POOL_CHUNK - sizeof *c);
	munmap(c, POOL_CHUNK);
}

void pool_fini(struct pool *p)
{
	assert(p->used == 0);
	while (p->room)
		drop_chunk(p, p->room);
}

/* --- objects ---------------------------------------------------------------------------- */

static struct cell *take_cell(struct pool *p, struct pool_chunk *c)
{
	struct cell *cell = c->free;
	if (!cell)
		cell = (struct cell *)(void *)(c->cells + c->fresh * cell_size(p));
	MEM_UNPOISON(cell, cell_size(p));
	if (c->free)
		c->free = cell->next;
	else
		c->fresh++;
	cell->chunk = c;
	return cell;
}

void *pool_take(struct pool *p)
{
	if (p->used == p->max)
		return NULL;
	struct pool_chunk *c = p->room ? p->room : add_chunk(p);
	if (!c)
		return NULL;
	struct cell *cell = take_cell(p, c);
	p->empty -= c->used == 0;
	p->used++;
	if (++c->used == capacity(p))
		unlink_chunk(p, c);
	return cell->object;
}

void pool_give(struct pool *p, void *object)
{
	struct cell *cell = cell_of(object);
	struct pool_chunk *c = cell->chunk;
	cell->next = c->free;
	c->free = cell;
	MEM_POISON(cell, cell_size(p));
	p->used--;
	if (c->used-- == capacity(p))
		link_chunk(p, c);
	if (c->used == 0 && p->empty++ >= POOL_SPARE)
		drop_chunk(p, c);
}
