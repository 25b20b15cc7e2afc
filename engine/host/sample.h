/* sample: values read at one time, each with its metric, its labels and its source, and the
 * reasons for those that could not be had. What is unknown has no point: never a 0. A metric that
 * has both points and a reason is told in part: the reason says what is missing.
 *
 * The owner's memory; one thread. Points are added by readers (sampler.h) and by the loader of the
 * BPF programs. */
#ifndef BRINK_HOST_SAMPLE_H
#define BRINK_HOST_SAMPLE_H

#include "base/span.h"
#include "host/metric.h"

#include <stdint.h>

#define SAMPLE_LABELS     88
#define SAMPLE_REASON     160
#define SAMPLE_POINTS_MAX 16384u

enum sample_source { SOURCE_NONE, SOURCE_PROCFS, SOURCE_NETLINK, SOURCE_BPF };

struct point {
	double value;
	uint16_t metric;
	uint8_t source;
	char labels[SAMPLE_LABELS]; /* `kind="rto"`, as Prometheus writes them; empty: none */
};

struct sample_gap {
	uint16_t metric;
	char reason[SAMPLE_REASON];
};

struct sample {
	uint64_t began_ns, ended_ns; /* of the reads, CLOCK_MONOTONIC */
	struct point *points;
	unsigned count, room;
	unsigned cut; /* points that found no room */
	struct sample_gap gaps[METRIC_COUNT];
	unsigned gap_count;
};

void sample_fini(struct sample *s);
void sample_clear(struct sample *s); /* its memory stays */

/* `labels` as printf; NULL: none. Labels that are too long would be broken ones: then the point
 * counts as cut. */
void sample_add(struct sample *s, enum metric_id metric, enum sample_source source, double value,
		const char *labels, ...) __attribute__((format(printf, 5, 6)));

/* Why a metric has no point, or not all of them. The first reason is kept. */
void sample_gap(struct sample *s, enum metric_id metric, const char *reason, ...)
	__attribute__((format(printf, 3, 4)));

/* One reason for so many metrics. */
void sample_gaps(struct sample *s, const enum metric_id *list, unsigned count, const char *reason,
		 ...) __attribute__((format(printf, 4, 5)));
#define SAMPLE_GAPS(s, list, ...) sample_gaps(s, list, sizeof(list) / sizeof *(list), __VA_ARGS__)

/* The same, where it has no point. */
void sample_gap_absent(struct sample *s, enum metric_id metric, const char *reason);

const char *sample_source_name(enum sample_source source); /* "bpf", "netlink", "procfs", "none" */

#endif
