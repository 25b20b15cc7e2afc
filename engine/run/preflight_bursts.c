/* Limiters of pace: they bind what happens at once, not how many connections stand. */
#include "run/preflight_rows.h"

#include "base/grouped.h"

#include <inttypes.h>
#include <stdio.h>

#define SOMAXCONN_WIDE 65535u

bool preflight_row_time_wait(const struct preflight_question *q, struct preflight_row *row)
{
	const struct facts *f = q->facts;
	uint64_t n = q->demand->connections;
	if (!PREFLIGHT_KNOW(f, row, FACT_TW_MAX, FACT_TCP_TW))
		return true;
	uint64_t max = f->of[FACT_TW_MAX].value, now = f->of[FACT_TCP_TW].value;
	uint64_t room = max > now ? max - now : 0;
	PREFLIGHT_SAY(row->source, "%s, %s", facts_source(f, FACT_TW_MAX),
		      facts_source(f, FACT_TCP_TW));
	PREFLIGHT_SAY(row->evidence,
		      "room for %s closed within 60 s: net.ipv4.tcp_max_tw_buckets %s, %s in use%s",
		      grouped(room).text, grouped(max).text, grouped(now).text,
		      room < n ? "; brink hold closes with resets instead" : "");
	if (room < n)
		PREFLIGHT_SAY(row->remedy,
			      "sysctl -w net.ipv4.tcp_max_tw_buckets=%" PRIu64
			      " for a close without resets",
			      now + n + n / 10);
	return true;
}

bool preflight_row_accept_queue(const struct preflight_question *q, struct preflight_row *row)
{
	const struct facts *f = q->facts;
	if (q->ends == 1)
		return false; /* the other host's, not to be seen from here */
	if (!PREFLIGHT_KNOW(f, row, FACT_SOMAXCONN))
		return true;
	uint64_t queue = f->of[FACT_SOMAXCONN].value;
	PREFLIGHT_SAY(row->source, "%s", facts_source(f, FACT_SOMAXCONN));
	PREFLIGHT_SAY(
		row->evidence,
		"%s connections wait to be accepted at most, fewer where the target's backlog "
		"is less: net.core.somaxconn; %s overflows so far",
		grouped(queue + 1).text, grouped(facts_or(f, FACT_LISTEN_OVERFLOWS, 0)).text);
	if (queue + 1 < q->demand->connections && queue < SOMAXCONN_WIDE)
		PREFLIGHT_SAY(row->remedy,
			      "sysctl -w net.core.somaxconn=%u and a backlog as large, or a lower "
			      "--connect-rate",
			      SOMAXCONN_WIDE);
	return true;
}

/* tcp_max_syn_backlog is looked at only where cookies are off (tcp_conn_request). */
bool preflight_row_syn_queue(const struct preflight_question *q, struct preflight_row *row)
{
	const struct facts *f = q->facts;
	if (q->ends == 1)
		return false;
	if (!PREFLIGHT_KNOW(f, row, FACT_SYN_COOKIES, FACT_SYN_BACKLOG))
		return true;
	PREFLIGHT_SAY(row->source, "%s, %s", facts_source(f, FACT_SYN_COOKIES),
		      facts_source(f, FACT_SYN_BACKLOG));
	if (f->of[FACT_SYN_COOKIES].value) {
		PREFLIGHT_SAY(row->evidence,
			      "SYN cookies take over where the queue is full: "
			      "net.ipv4.tcp_syncookies %" PRIu64,
			      f->of[FACT_SYN_COOKIES].value);
		return true;
	}
	PREFLIGHT_SAY(row->evidence,
		      "about three quarters of %s may be half open, further SYNs are dropped: "
		      "net.ipv4.tcp_max_syn_backlog, with tcp_syncookies off",
		      grouped(f->of[FACT_SYN_BACKLOG].value).text);
	PREFLIGHT_SAY(row->remedy, "sysctl -w net.ipv4.tcp_syncookies=1");
	return true;
}
