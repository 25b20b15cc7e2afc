/* grpc_plan: what a run of gRPC asks for: from a method's name and messages as JSON to framed bytes
 * and the head of the call. Set-up code, main thread. */
#ifndef BRINK_RUN_GRPC_PLAN_H
#define BRINK_RUN_GRPC_PLAN_H

#include "base/url.h"
#include "load/plan.h"
#include "proto/proto.h"
#include "run/run.h"

/* What a call's head is made of; the strings live as long as this. */
struct grpc_head {
	char path[512], timeout[40], user_agent[64];
	const char *headers[RUN_HEADERS_MAX + 8];
};

/* Fills *spec, and plan->grpc, which the plan frees. Runs protoc or asks the server, where the
 * config says so; unless `dry`: then there is no message. 0, or -1 with an err. */
int grpc_plan_fill(const struct run_config *c, const struct url *url, bool dry, struct plan *plan,
		   struct grpc_head *head, struct proto_spec *spec, struct err *err);

/* What came of it. */
void grpc_plan_tell(const struct plan *plan, struct summary *s);

#endif
