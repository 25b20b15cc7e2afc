#include "load/plan.h"

#include "base/mem.h"
#include "load/mix.h"
#include "proto/grpc.h"
#include "proto/proto.h"

#include <string.h>

int plan_set_request(struct plan *p, struct span request, struct err *err)
{
	size_t len = request.len * p->pipeline;
	char *block = mem_pages(len);
	if (!block)
		return err_set(err, ERR_RUNTIME, "no memory for %u requests of %zu bytes",
			       p->pipeline, request.len);
	for (uint32_t i = 0; i < p->pipeline; i++)
		memcpy(block + i * request.len, request.ptr, request.len);
	p->wire = (struct span){block, len};
	p->request_len = request.len;
	return 0;
}

void plan_fini(struct plan *p)
{
	mem_pages_free((void *)(uintptr_t)p->wire.ptr, p->wire.len);
	p->wire = (struct span){0};
	if (p->spoken)
		p->proto->discard(p->spoken);
	p->spoken = NULL;
	grpc_load_free(p->grpc);
	p->grpc = NULL;
	mix_free(p->mix);
	p->mix = NULL;
	tuples_fini(&p->tuples);
}
