/* remark: what people should know of a run beside its figures. Pure; any thread. */
#ifndef BRINK_RUN_REMARK_H
#define BRINK_RUN_REMARK_H

#include "run/summary.h"

void remark(struct summary *s); /* adds notes */

#endif
