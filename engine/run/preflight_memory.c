/* Memory: the host's, the own cgroup's, and TCP's share of it. */
#include "run/preflight_rows.h"

#include "base/grouped.h"
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>

/* An end's kernel memory, slabs' own waste included. Measured: TCP 2368, sock_inode 832, filp
 * 192, dentry 192; a receive that is armed adds io_kiocb 256 and 608 more. */
#define SOCKET_BYTES 3750u
#define ARMED_BYTES  866u
#define WATCH_BYTES  289u /* a poll takes a third of that */
#define USER_BYTES   128u /* the goal for an idle connection, in either process */
#define SPARED       10   /* one part of so many is left to others */

static uint64_t bytes_an_end(bool lean)
{
	return SOCKET_BYTES + USER_BYTES + (lean ? WATCH_BYTES : ARMED_BYTES);
}

/* On this host. How the target waits is its own affair: reckoned with is the dearest way. */
static uint64_t bytes_here(const struct preflight_demand *d, bool lean)
{
	return bytes_an_end(lean) + (d->target_local ? bytes_an_end(false) : 0);
}

uint64_t preflight_memory(const struct preflight_demand *d)
{
	return d->connections * bytes_here(d, d->lean);
}

static uint64_t without_spared(uint64_t bytes)
{
	return bytes - bytes / SPARED;
}

/* What must be there so that n connections of so many bytes fit, with something spared. */
static uint64_t with_spared(uint64_t n, uint64_t bytes_each)
{
	return n * bytes_each + n * bytes_each / (SPARED - 1);
}

static const char *kind(const struct preflight_demand *d)
{
	return d->lean ? "watched, no receive armed" : "a receive armed";
}

bool preflight_row_memory(const struct preflight_question *q, struct preflight_row *row)
{
	const struct preflight_demand *d = q->demand;
	if (!PREFLIGHT_KNOW(q->facts, row, FACT_MEM_AVAILABLE))
		return true;
	uint64_t available = q->facts->of[FACT_MEM_AVAILABLE].value;
	uint64_t each = bytes_here(d, d->lean), room = without_spared(available);
	char needs[UNITS_TEXT], has[UNITS_TEXT];
	PREFLIGHT_SAY(row->source, "%s", facts_source(q->facts, FACT_MEM_AVAILABLE));
	PREFLIGHT_SAY(row->evidence,
		      "%s bytes a connection%s, %s, make %s of the %s available "
		      "(MemAvailable, a tenth of it spared)",
		      grouped(each).text, q->ends == 2 ? ", both ends here" : "", kind(d),
		      units_text_bytes(needs, (double)(each * d->connections)),
		      units_text_bytes(has, (double)available));
	row->allows = room / each;
	if (row->allows >= d->connections)
		return true;
	if (!d->lean && room / bytes_here(d, true) >= d->connections)
		PREFLIGHT_SAY(row->remedy,
			      "--lean watches idle connections instead: %u bytes "
			      "an end less",
			      ARMED_BYTES - WATCH_BYTES);
	else
		PREFLIGHT_SAY(row->remedy, "-c %" PRIu64 " fits; for more, %s of memory available",
			      row->allows,
			      units_text_bytes(has, (double)with_spared(d->connections, each)));
	return true;
}

/* Sockets are charged to the group of the process that made or accepted them. */
bool preflight_row_cgroup(const struct preflight_question *q, struct preflight_row *row)
{
	const struct preflight_demand *d = q->demand;
	const struct facts *f = q->facts;
	uint64_t limit = facts_or(f, FACT_CGROUP_LIMIT, UINT64_MAX);
	if (limit == UINT64_MAX)
		return false;
	uint64_t used = facts_or(f, FACT_CGROUP_USED, 0), left = limit > used ? limit - used : 0;
	uint64_t each = bytes_an_end(d->lean);
	char has[UNITS_TEXT], in_use[UNITS_TEXT], needs[UNITS_TEXT];
	PREFLIGHT_SAY(row->source, "%s", facts_source(f, FACT_CGROUP_LIMIT));
	PREFLIGHT_SAY(row->evidence,
		      "%s bytes a connection, %s, make %s; the cgroup is limited to %s, %s in "
		      "use%s",
		      grouped(each).text, kind(d),
		      units_text_bytes(needs, (double)(each * d->connections)),
		      units_text_bytes(has, (double)limit), units_text_bytes(in_use, (double)used),
		      q->ends == 2 ? ". Half as many fit where the target shares it" : "");
	row->allows = without_spared(left) / each;
	if (row->allows < d->connections)
		PREFLIGHT_SAY(row->remedy, "echo %" PRIu64 " > %s",
			      used + with_spared(d->connections, each), row->source);
	return true;
}

/* A small answer takes a page where it waits; idle connections hold no buffer. */
bool preflight_row_tcp_memory(const struct preflight_question *q, struct preflight_row *row)
{
	const struct facts *f = q->facts;
	if (!PREFLIGHT_KNOW(f, row, FACT_TCP_MEM_PRESSURE, FACT_TCP_MEM_PAGES))
		return true;
	uint64_t mark = f->of[FACT_TCP_MEM_PRESSURE].value;
	uint64_t used = f->of[FACT_TCP_MEM_PAGES].value;
	uint64_t answers = (mark > used ? mark - used : 0) / q->ends;
	PREFLIGHT_SAY(row->source, "%s, %s", facts_source(f, FACT_TCP_MEM_PRESSURE),
		      facts_source(f, FACT_TCP_MEM_PAGES));
	PREFLIGHT_SAY(row->evidence,
		      "idle connections hold no buffers; about %s small answers at once reach the "
		      "pressure mark: net.ipv4.tcp_mem %" PRIu64 " %" PRIu64 " %" PRIu64
		      " pages, %s in use",
		      grouped(answers).text, facts_or(f, FACT_TCP_MEM_LOW, 0), mark,
		      facts_or(f, FACT_TCP_MEM_MAX, 0), grouped(used).text);
	uint64_t wanted = used + q->demand->connections * q->ends;
	if (answers < q->demand->connections)
		PREFLIGHT_SAY(row->remedy,
			      "sysctl -w net.ipv4.tcp_mem=\"%" PRIu64 " %" PRIu64 " %" PRIu64
			      "\" before all are asked or closed at once",
			      wanted / 4 * 3, wanted, wanted / 2 * 3);
	return true;
}
