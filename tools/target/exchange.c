#include "tools/target/exchange.h"

#include <stdlib.h>

void exchanges_init(struct exchanges *e, uint32_t connections)
{
	pool_init(&e->exchanges, sizeof(struct exchange), connections);
	pool_init(&e->pendings, sizeof(struct pending), (uint64_t)connections * PENDING_MAX);
}

void exchanges_fini(struct exchanges *e)
{
	pool_fini(&e->exchanges);
	pool_fini(&e->pendings);
}

struct exchange *exchange_begin(struct exchanges *e)
{
	struct exchange *x = pool_take(&e->exchanges);
	if (!x)
		return NULL;
	memset(x, 0, offsetof(struct exchange, path));
	http_parser_init(&x->parser, HTTP_REQUEST);
	return x;
}

void exchange_end(struct exchanges *e, struct exchange *x)
{
	while (x->owed.count)
		pending_pop(&e->pendings, &x->owed);
	upgrade_free(x->upgrade);
	if (x->parked) {
		buf_fini(x->parked);
		free(x->parked);
	}
	pool_give(&e->exchanges, x);
}

bool exchange_over(const struct exchange *x)
{
	return !x->owed.count && !x->parked && !x->reading;
}

bool exchange_park(struct exchange *x, struct span bytes)
{
	if (bytes.len == 0)
		return true;
	if (!x->parked) {
		x->parked = malloc(sizeof *x->parked);
		if (!x->parked)
			return false;
		buf_init(x->parked, EXCHANGE_PARKED_MAX);
	}
	buf_append(x->parked, bytes.ptr, bytes.len);
	return !x->parked->cut;
}
