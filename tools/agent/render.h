/* render: samples as a line of JSON for the stream, and as the text that Prometheus scrapes. Pure
 * but for the buffer. */
#ifndef BRINK_TOOLS_AGENT_RENDER_H
#define BRINK_TOOLS_AGENT_RENDER_H

#include "base/span.h"
#include "host/sampler.h"
#include "tools/agent/logs.h"

/* {"seq", "boundary_ns", "began_ns", "ended_ns", "values": {"name{labels}": number}, "events"},
 * with what was read at the latest tick; instants are of CLOCK_MONOTONIC, and a newline ends it.
 * Events that found no room are counted: "events_lost". */
void render_line(const struct sampler *s, const struct logs *logs, uint64_t number,
		 uint64_t boundary_ns, struct buf *out);

/* The same without values, and with "cut": true: those of that instant did not fit. */
void render_cut_line(uint64_t number, uint64_t boundary_ns, struct buf *out);

/* {"listen_overflows_total": "procfs", ...} and {"skb_drops_total": "why not"} of all readers, as
 * members `sources` and `gaps` of the object that is open; as `limits`, what the source of a metric
 * that is told cannot tell of it. */
struct json;
void render_sources(const struct sampler *s, struct json *j);

/* What is n/a is told as a comment, with its reason. */
void render_prometheus(const struct sampler *s, struct buf *out);

#endif
