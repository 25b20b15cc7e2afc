#include "proto/proto.h"

static const struct proto *const table[] = {&proto_h1, &proto_h2, &proto_grpc, &proto_ws};

const struct proto *proto_find(const char *name)
{
	for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
		if (!strcmp(table[i]->name, name))
			return table[i];
	return NULL;
}
