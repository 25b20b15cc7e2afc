/* secure: TLS of a run: what its flags and its URL ask for, as a context that the plan borrows; and
 * what is said of it at the end. Set-up code, main thread. */
#ifndef BRINK_RUN_SECURE_H
#define BRINK_RUN_SECURE_H

#include "base/url.h"
#include "load/plan.h"
#include "run/run.h"

/* Sets plan->tls and plan->ktls for an https:// URL; TLS flags with an http:// one are an error.
 * 0, or -1 with an err. */
int secure_open(const struct run_config *c, const struct url *url, struct plan *plan,
		struct summary *s, struct err *err);

void secure_tell(const struct plan *plan, struct summary *s); /* once the workers have ended */
void secure_close(struct plan *plan);

#endif
