/* What the target's kernel did: a line beside each second's, what moved in a step, and a part of
 * the report for each agent. */
#include "out/text.h"

#include "base/units.h"
#include "out/lines.h"

#include <math.h>
#include <stdio.h>

#define HEADING_MAX 512u

/* --- a line ------------------------------------------------------------------------------ */

/* "-" where it is unknown; out of UNITS_TEXT bytes; returns out. */
static char *value_text(char *out, const struct kernel_span *k, enum kernel_key key)
{
	if (!k->known[key])
		snprintf(out, UNITS_TEXT, "-");
	else
		units_text_count(out, k->value[key]);
	return out;
}

static void gauge(const struct kernel_span *k, const char *label, enum kernel_key key,
		  enum kernel_key limit, struct buf *out)
{
	char value[UNITS_TEXT], most[UNITS_TEXT];
	buf_printf(out, "  %s %s", label, value_text(value, k, key));
	if (limit != key)
		buf_printf(out, "/%s", value_text(most, k, limit));
}

void text_kernel_line(const struct kernel_span *k, double seconds, struct buf *out)
{
	char rate[UNITS_TEXT] = "-";
	if (k->known[KERNEL_RETRANSMITTED] && seconds > 0)
		units_text_count(rate, k->value[KERNEL_RETRANSMITTED] / seconds);
	buf_puts(out, "kernel:");
	gauge(k, "syn_recv", KERNEL_SYN_RECV, KERNEL_SYN_RECV, out);
	gauge(k, "accept", KERNEL_ACCEPT_QUEUE, KERNEL_ACCEPT_LIMIT, out);
	gauge(k, "time_wait", KERNEL_TIME_WAIT, KERNEL_TIME_WAIT, out);
	buf_printf(out, "  retransmits %s/s", rate);
	gauge(k, "conntrack", KERNEL_CONNTRACK, KERNEL_CONNTRACK_LIMIT, out);
	if (k->softirq_share >= 0)
		buf_printf(out, "  softirq %.0f%% (cpu%u)", 100 * k->softirq_share, k->softirq_cpu);
	else
		buf_puts(out, "  softirq -");
}

/* --- what moved -------------------------------------------------------------------------- */

/* Counters that stand still while all is well. */
static const struct {
	enum kernel_key key;
	const char *words;
} SIGNS[] = {
	{KERNEL_LISTEN_OVERFLOWS, "accept queue overflows"},
	{KERNEL_SYN_COOKIES, "SYN cookies"},
	{KERNEL_CONNTRACK_DROPS, "conntrack drops"},
	{KERNEL_SOFTNET_DROPS, "backlog drops"},
	{KERNEL_MEMORY_PRESSURES, "TCP memory pressures"},
	{KERNEL_RETRANSMITTED, "retransmits"},
};

void text_kernel_signs(const struct kernel_span *k, struct buf *out)
{
	const char *lead = "";
	for (unsigned i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++) {
		enum kernel_key key = SIGNS[i].key;
		if (!k->known[key] || k->value[key] < 1)
			continue;
		buf_printf(out, "%s%s %s", lead, grouped((uint64_t)k->value[key]).text,
			   SIGNS[i].words);
		lead = ", ";
	}
}

/* --- the report -------------------------------------------------------------------------- */

static const struct report_row {
	const char *label;
	enum kernel_key key, limit; /* the same: none */
	const char *unit;
} ROWS[] = {
	{"SYN_RECV", KERNEL_SYN_RECV, KERNEL_SYN_RECV, "half open at most"},
	{"accept queue", KERNEL_ACCEPT_QUEUE, KERNEL_ACCEPT_LIMIT, "waited at most"},
	{"overflows", KERNEL_LISTEN_OVERFLOWS, KERNEL_LISTEN_OVERFLOWS,
	 "connections found it full"},
	{"SYN cookies", KERNEL_SYN_COOKIES, KERNEL_SYN_COOKIES, "sent"},
	{"TIME_WAIT", KERNEL_TIME_WAIT, KERNEL_TIME_WAIT, "at most"},
	{"retransmits", KERNEL_RETRANSMITTED, KERNEL_RETRANSMITTED, "segments"},
	{"resets", KERNEL_RESETS_SENT, KERNEL_RESETS_SENT, "sent"},
	{"conntrack", KERNEL_CONNTRACK, KERNEL_CONNTRACK_LIMIT, "entries at most"},
	{"", KERNEL_CONNTRACK_DROPS, KERNEL_CONNTRACK_DROPS, "packets found it full"},
	{"backlog", KERNEL_SOFTNET_DROPS, KERNEL_SOFTNET_DROPS, "packets dropped"},
	{"TCP memory", KERNEL_MEMORY_PRESSURES, KERNEL_MEMORY_PRESSURES, "times under pressure"},
};

static void row(const struct summary_agent *a, const struct report_row *r, struct buf *out)
{
	const struct kernel_span *k = &a->kernel;
	char figure[96], text[256];
	if (!k->known[r->key]) {
		if (r->label[0])
			buf_printf(out, "  %-14sn/a (%.60s)\n", r->label,
				   a->gap[r->key][0] ? a->gap[r->key] : kernel_key_absent(r->key));
		return;
	}
	snprintf(figure, sizeof figure, "%s", grouped((uint64_t)k->value[r->key]).text);
	if (r->limit != r->key && k->known[r->limit])
		snprintf(text, sizeof text, "%s of %s %s", figure,
			 grouped((uint64_t)k->value[r->limit]).text, r->unit);
	else
		snprintf(text, sizeof text, "%s %s", figure, r->unit);
	buf_printf(out, "  %-14s%-42s %s\n", r->label, text, a->from[r->key]);
}

static void events(const struct summary_agent *a, struct buf *out)
{
	for (unsigned i = 0; i < a->event_count; i++) {
		const struct summary_event *e = &a->events[i];
		char text[256];
		snprintf(text, sizeof text, "at %.1f s, %s: %s", e->at_s, e->line.pattern,
			 e->line.text);
		lines_wrap(out, "  log           ", text);
	}
	if (a->event_seen > a->event_count)
		buf_printf(out, "  %-14s%llu more\n", "",
			   (unsigned long long)(a->event_seen - a->event_count));
}

static void heading(const struct summary_agent *a, struct buf *out)
{
	bool local = !strcmp(a->name, "local");
	struct buf text;
	buf_init(&text, HEADING_MAX);
	buf_puts(&text, local ? "this host" : a->name);
	if (a->release[0])
		buf_printf(&text, ", Linux %s", a->release);
	if (!local && a->clock_known)
		buf_printf(&text, ", clock known to %.0f us", ceil(a->bound_us));
	buf_printf(&text, ", %llu samples%s", (unsigned long long)a->kernel.samples,
		   a->lost     ? ", then LOST: incomplete"
		   : a->missed ? ", INCOMPLETE"
			       : "");
	buf_puts(out, "\n");
	if (text.ptr)
		lines_wrap(out, "Kernel        ", text.ptr);
	buf_fini(&text);
}

void text_kernel(const struct summary *s, struct buf *out)
{
	for (unsigned i = 0; i < s->agent_count; i++) {
		const struct summary_agent *a = &s->agents[i];
		heading(a, out);
		for (unsigned r = 0; r < sizeof ROWS / sizeof *ROWS; r++)
			row(a, &ROWS[r], out);
		if (a->kernel.softirq_share >= 0)
			buf_printf(out, "  %-14s%.0f%% of cpu %u at most\n", "softirq",
				   100 * a->kernel.softirq_share, a->kernel.softirq_cpu);
		events(a, out);
	}
}
