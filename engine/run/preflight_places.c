/* Limiters that are a table with so many places: rings, ports, descriptors, tracked connections. */
#include "run/preflight_rows.h"

#include "base/grouped.h"
#include "io/tuples.h"

#include <inttypes.h>
#include <stdio.h>

/* The widest range of ports that leaves the well-known ones alone. */
#define PORTS_WIDEST    64512u
#define PORTS_WIDEN     "sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\""
#define SOURCES_MAX     65536u /* of --source */
#define LOOPBACK_FIRST  (UINT32_C(127) << 24 | 1)
#define DESCRIPTORS_OWN 32u        /* of the process, besides rings and connections */
#define TABLE_MAX       (1u << 20) /* IORING_MAX_FIXED_FILES; fs.nr_open as it usually is, too */

static uint64_t divide_up(uint64_t n, uint64_t by)
{
	return n / by + (n % by != 0);
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;
	return __builtin_mul_overflow(a, b, &product) ? PREFLIGHT_UNBOUNDED - 1 : product;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t value(const struct preflight_question *q, enum fact_id id)
{
	return q->facts->of[id].value;
}

bool preflight_row_ring(const struct preflight_question *q, struct preflight_row *row)
{
	const struct err *ring = q->demand->ring;
	if (!ring)
		return false;
	row->allows = 0;
	PREFLIGHT_SAY(row->source, "io_uring_setup(2)");
	PREFLIGHT_SAY(row->evidence, "%s", ring->text);
	PREFLIGHT_SAY(row->remedy, "%s", ring->hint);
	return true;
}

/* ---- ports ---- */

/* Without those that are reserved. */
static uint32_t ports_of_range(const struct facts *f)
{
	uint64_t low = facts_or(f, FACT_PORT_LOW, 1), high = facts_or(f, FACT_PORT_HIGH, 0);
	return high < low ? 0
			  : (uint32_t)minus(high - low + 1, facts_or(f, FACT_PORTS_RESERVED, 0));
}

uint32_t preflight_ports(const struct facts *f, bool own_ports)
{
	uint32_t ports = ports_of_range(f);
	return own_ports ? ports : tuples_by_search(ports);
}

static uint64_t sources_needed(const struct preflight_demand *d, uint64_t per_pair)
{
	uint64_t destinations = d->pairs / d->sources;
	return divide_up(divide_up(d->connections, per_pair), destinations ? destinations : 1);
}

/* `--source` for so many addresses, as it would be typed where any address will do. */
static void say_sources(const struct preflight_demand *d, uint64_t count, char *out, size_t size)
{
	uint32_t last = LOOPBACK_FIRST + (uint32_t)count - 1;
	if (d->loopback)
		snprintf(out, size, "--source 127.0.0.1-%u.%u.%u.%u", last >> 24, last >> 16 & 255,
			 last >> 8 & 255, last & 255);
	else
		snprintf(out, size, "--source with %" PRIu64 " addresses of this host", count);
}

/* Wider, and with more sources where that is not enough. */
static void say_wider(const struct preflight_demand *d, uint32_t wide, char *out, size_t size)
{
	uint64_t count = sources_needed(d, wide);
	size_t len = (size_t)snprintf(out, size, "%s", PORTS_WIDEN);
	if (count > d->sources) {
		len += (size_t)snprintf(out + len, size - len, " and ");
		say_sources(d, count, out + len, size - len);
	}
}

/* Sources are the quicker way where they cost nothing: on loopback. */
static void mend_ports(const struct preflight_demand *d, struct preflight_row *row)
{
	uint32_t wide = d->own_ports ? PORTS_WIDEST : tuples_by_search(PORTS_WIDEST);
	uint64_t count = d->per_pair ? sources_needed(d, d->per_pair) : UINT64_MAX;
	char sources[128] = "", wider[192] = "";
	if (count <= SOURCES_MAX)
		say_sources(d, count, sources, sizeof sources);
	if (d->per_pair < wide)
		say_wider(d, wide, wider, sizeof wider);
	const char *first = d->loopback ? sources : wider;
	const char *second = d->loopback ? wider : sources;
	PREFLIGHT_SAY(row->remedy, "%s%s%s%s", first, *first && *second ? ", or " : "", second,
		      d->loopback ? "" : " (ip address add ADDRESS dev DEVICE adds one)");
}

static void show_ports(const struct preflight_question *q, struct preflight_row *row)
{
	const struct preflight_demand *d = q->demand;
	uint64_t reserved = facts_or(q->facts, FACT_PORTS_RESERVED, 0);
	uint32_t ports = ports_of_range(q->facts);
	char without[64] = "", counted[128] = "";
	if (reserved)
		PREFLIGHT_SAY(without, " without %s reserved", grouped(reserved).text);
	if (d->per_pair < ports)
		PREFLIGHT_SAY(counted, ", %s of them counted%s", grouped(d->per_pair).text,
			      d->own_ports ? ""
					   : ": past half, the kernel searches milliseconds for a "
					     "free one");
	PREFLIGHT_SAY(row->evidence,
		      "%s ports for each of %s (source, destination, port): "
		      "net.ipv4.ip_local_port_range %" PRIu64 " %" PRIu64 "%s%s",
		      grouped(ports).text, grouped(d->pairs).text, value(q, FACT_PORT_LOW),
		      value(q, FACT_PORT_HIGH), without, counted);
}

bool preflight_row_ports(const struct preflight_question *q, struct preflight_row *row)
{
	if (!PREFLIGHT_KNOW(q->facts, row, FACT_PORT_LOW, FACT_PORT_HIGH))
		return true;
	PREFLIGHT_SAY(row->source, "%s", facts_source(q->facts, FACT_PORT_LOW));
	row->allows = times(q->demand->pairs, q->demand->per_pair);
	show_ports(q, row);
	if (row->allows < q->demand->connections)
		mend_ports(q->demand, row);
	return true;
}

/* ---- descriptors ---- */

/* Each ring has a table of direct descriptors, bounded by the limit; each ring itself takes a
 * descriptor of the process. */
static uint64_t allowed_by(uint64_t limit, bool plain)
{
	uint64_t left = minus(limit, DESCRIPTORS_OWN);
	return plain ? left : times(left, limit < TABLE_MAX ? limit : TABLE_MAX);
}

static void mend_descriptors(const struct preflight_question *q, struct preflight_row *row)
{
	const struct preflight_demand *d = q->demand;
	char raise[64] = "", hard[96] = "";
	uint64_t limit = 256;
	while (allowed_by(limit, d->plain_descriptors) < d->connections)
		limit *= 2;
	if (limit > TABLE_MAX)
		PREFLIGHT_SAY(raise, "sysctl -w fs.nr_open=%" PRIu64 " && ", limit);
	if (limit > facts_or(q->facts, FACT_NOFILE_HARD, UINT64_MAX))
		PREFLIGHT_SAY(hard, " as root: the hard limit is %s",
			      grouped(value(q, FACT_NOFILE_HARD)).text);
	PREFLIGHT_SAY(row->remedy, "%sulimit -n %" PRIu64 "%s", raise, limit, hard);
}

bool preflight_row_descriptors(const struct preflight_question *q, struct preflight_row *row)
{
	const struct preflight_demand *d = q->demand;
	if (!PREFLIGHT_KNOW(q->facts, row, FACT_NOFILE_SOFT))
		return true;
	uint64_t limit = value(q, FACT_NOFILE_SOFT);
	uint64_t table = limit < TABLE_MAX ? limit : TABLE_MAX;
	PREFLIGHT_SAY(row->source, "RLIMIT_NOFILE");
	row->allows = allowed_by(limit, d->plain_descriptors);
	if (d->plain_descriptors)
		PREFLIGHT_SAY(row->evidence,
			      "RLIMIT_NOFILE %s, %u of them in use otherwise; each connection "
			      "takes one",
			      grouped(limit).text, DESCRIPTORS_OWN);
	else
		PREFLIGHT_SAY(
			row->evidence,
			"RLIMIT_NOFILE %s: as many direct descriptors in a ring, and %s rings; "
			"this takes %s",
			grouped(limit).text, grouped(minus(limit, DESCRIPTORS_OWN)).text,
			grouped(table ? times(d->threads,
					      divide_up(divide_up(d->connections, d->threads),
							table))
				      : 0)
				.text);
	if (row->allows < d->connections)
		mend_descriptors(q, row);
	return true;
}

bool preflight_row_files(const struct preflight_question *q, struct preflight_row *row)
{
	if (!PREFLIGHT_KNOW(q->facts, row, FACT_FILES_MAX, FACT_FILES_OPEN, FACT_FILES_EXEMPT))
		return true;
	uint64_t max = value(q, FACT_FILES_MAX), open = value(q, FACT_FILES_OPEN);
	uint64_t need = times(q->demand->connections, q->ends);
	bool exempt = value(q, FACT_FILES_EXEMPT);
	PREFLIGHT_SAY(row->source, "%s, /proc/sys/fs/file-nr",
		      facts_source(q->facts, FACT_FILES_MAX));
	PREFLIGHT_SAY(
		row->evidence, "fs.file-max %s of the whole host, %s open; %s%s", grouped(max).text,
		grouped(open).text, q->ends == 2 ? "both ends count" : "each connection counts",
		exempt ? ". CAP_SYS_ADMIN exempts this process, not a target without it" : "");
	if (!exempt)
		row->allows = minus(max, open) / q->ends;
	if (row->allows < q->demand->connections)
		PREFLIGHT_SAY(row->remedy, "sysctl -w fs.file-max=%" PRIu64,
			      open + need + need / 10);
	return true;
}

/* ---- connection tracking ---- */

/* The module may be loaded with no rule that makes it track in this namespace. Then connections
 * stand without an entry; an entry outlives its connection's TIME_WAIT. */
static bool is_idle_table(const struct preflight_question *q)
{
	return value(q, FACT_CONNTRACK_COUNT) == 0 &&
	       facts_or(q->facts, FACT_TCP_ESTABLISHED, 0) + facts_or(q->facts, FACT_TCP_TW, 0) > 0;
}

bool preflight_row_conntrack(const struct preflight_question *q, struct preflight_row *row)
{
	const struct facts *f = q->facts;
	uint64_t n = q->demand->connections;
	if (!f->of[FACT_CONNTRACK_COUNT].known || !f->of[FACT_CONNTRACK_MAX].known)
		return false; /* not loaded */
	uint64_t max = value(q, FACT_CONNTRACK_MAX), count = value(q, FACT_CONNTRACK_COUNT);
	PREFLIGHT_SAY(row->source, "%s, %s", facts_source(f, FACT_CONNTRACK_MAX),
		      facts_source(f, FACT_CONNTRACK_COUNT));
	if (is_idle_table(q)) {
		PREFLIGHT_SAY(row->evidence, "loaded, but no rule makes it track here: connections "
					     "stand without an entry");
		return true;
	}
	PREFLIGHT_SAY(
		row->evidence,
		"an entry for each connection%s: nf_conntrack_max %s (the host's), %s in use%s; "
		"%s dropped so far",
		q->ends == 2 ? ", one for both ends" : "", grouped(max).text, grouped(count).text,
		count ? "" : " and no connection to tell whether it tracks here",
		grouped(facts_or(f, FACT_CONNTRACK_DROP, 0)).text);
	if (max) /* 0: no limit */
		row->allows = minus(max, count);
	if (row->allows < n)
		PREFLIGHT_SAY(row->remedy,
			      "sysctl -w net.netfilter.nf_conntrack_max=%" PRIu64
			      " in the host's own network namespace",
			      count + n + n / 10);
	return true;
}
