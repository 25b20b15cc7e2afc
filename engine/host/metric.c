#include "host/metric.h"

const struct metric metrics[METRIC_COUNT] = {
#define METRIC(id, name, kind, help) [METRIC_##id] = {name, METRIC_##kind, help},
#include "host/metric_list.h"
#undef METRIC
};
