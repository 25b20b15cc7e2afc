/* metric: what can be known of a target's host, as one table: names, kinds, help. Constant data. */
#ifndef BRINK_HOST_METRIC_H
#define BRINK_HOST_METRIC_H

#define METRIC_PREFIX "brink_target_"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

enum metric_id {
#define METRIC(id, name, kind, help) METRIC_##id,
#include "host/metric_list.h"
#undef METRIC
	METRIC_COUNT
};

struct metric {
	const char *name; /* behind METRIC_PREFIX */
	enum metric_kind kind;
	const char *help;
};

extern const struct metric metrics[METRIC_COUNT];

#endif
