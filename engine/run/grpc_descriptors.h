/* grpc_descriptors: where a descriptor set comes from: a file, protoc, or the server itself. Set-up
 * code, main thread. */
#ifndef BRINK_RUN_GRPC_DESCRIPTORS_H
#define BRINK_RUN_GRPC_DESCRIPTORS_H

#include "base/url.h"
#include "load/plan.h"
#include "run/run.h"

/* Appends a serialised FileDescriptorSet to *ret, which holds GRPC_SCHEMA_MAX bytes. -1 with an err
 * that names the flag. */
int grpc_descriptors_read(const struct run_config *c, struct buf *ret, struct err *err);

/* The same from the server's reflection (grpc.reflection.v1, else v1alpha), asked at the address
 * that the load goes to. */
int grpc_descriptors_ask(const struct run_config *c, const struct url *url, const struct plan *plan,
			 struct buf *ret, struct err *err);

#endif
