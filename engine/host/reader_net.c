/* What the network stack counts: netstat and snmp, sockstat, softnet. All of the network namespace
 * in which the files were opened, but for softnet and TCP's memory. */
#include "host/procfile.h"
#include "host/sampler.h"
#include "host/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)1 << 20)

/* --- netstat and snmp: a column each ----------------------------------------------------- */

static const struct column {
	enum metric_id metric;
	const char *labels; /* NULL: none */
	const char *table, *name;
	enum { NETSTAT, SNMP } file;
} COLUMNS[] = {
	{METRIC_LISTEN_OVERFLOWS, NULL, "TcpExt:", "ListenOverflows", NETSTAT},
	{METRIC_LISTEN_DROPS, NULL, "TcpExt:", "ListenDrops", NETSTAT},
	{METRIC_SYN_COOKIES_SENT, NULL, "TcpExt:", "SyncookiesSent", NETSTAT},
	{METRIC_SYN_COOKIES_RECEIVED, NULL, "TcpExt:", "SyncookiesRecv", NETSTAT},
	{METRIC_SYN_COOKIES_FAILED, NULL, "TcpExt:", "SyncookiesFailed", NETSTAT},
	{METRIC_SYN_QUEUE_FULL, "action=\"cookie\"", "TcpExt:", "TCPReqQFullDoCookies", NETSTAT},
	{METRIC_SYN_QUEUE_FULL, "action=\"drop\"", "TcpExt:", "TCPReqQFullDrop", NETSTAT},
	{METRIC_TCP_OPENS, "direction=\"passive\"", "Tcp:", "PassiveOpens", SNMP},
	{METRIC_TCP_OPENS, "direction=\"active\"", "Tcp:", "ActiveOpens", SNMP},
	{METRIC_CONNECT_FAILURES, NULL, "Tcp:", "AttemptFails", SNMP},
	{METRIC_TIME_WAITS, NULL, "TcpExt:", "TW", NETSTAT},
	{METRIC_TIME_WAIT_OVERFLOWS, NULL, "TcpExt:", "TCPTimeWaitOverflow", NETSTAT},
	{METRIC_TCP_SEGMENTS, "direction=\"in\"", "Tcp:", "InSegs", SNMP},
	{METRIC_TCP_SEGMENTS, "direction=\"out\"", "Tcp:", "OutSegs", SNMP},
	{METRIC_TCP_RETRANSMITTED, NULL, "Tcp:", "RetransSegs", SNMP},
	/* Where no program tells kinds apart: SYNs and SYN-ACKs are one number, a timeout and a
	 * probe count once whatever was sent for them. */
	{METRIC_TCP_RETRANSMITS, "kind=\"syn_or_syn_ack\"", "TcpExt:", "TCPSynRetrans", NETSTAT},
	{METRIC_TCP_RETRANSMITS, "kind=\"fast\"", "TcpExt:", "TCPFastRetrans", NETSTAT},
	{METRIC_TCP_RETRANSMITS, "kind=\"slow_start\"", "TcpExt:", "TCPSlowStartRetrans", NETSTAT},
	{METRIC_TCP_RETRANSMITS, "kind=\"timeout\"", "TcpExt:", "TCPTimeouts", NETSTAT},
	{METRIC_TCP_RETRANSMITS, "kind=\"tlp\"", "TcpExt:", "TCPLossProbes", NETSTAT},
	{METRIC_RESETS, "direction=\"sent\",reason=\"any\"", "Tcp:", "OutRsts", SNMP},
	{METRIC_ESTABLISHED_RESETS, NULL, "Tcp:", "EstabResets", SNMP},
	{METRIC_ZERO_WINDOWS, NULL, "TcpExt:", "TCPToZeroWindowAdv", NETSTAT},
	{METRIC_RECEIVE_PRESSURE, "cause=\"queue_full\"", "TcpExt:", "TCPRcvQDrop", NETSTAT},
	{METRIC_RECEIVE_PRESSURE, "cause=\"backlog_full\"", "TcpExt:", "TCPBacklogDrop", NETSTAT},
	{METRIC_RECEIVE_PRESSURE, "cause=\"pruned\"", "TcpExt:", "RcvPruned", NETSTAT},
	{METRIC_RECEIVE_PRESSURE, "cause=\"collapsed\"", "TcpExt:", "TCPRcvCollapsed", NETSTAT},
	{METRIC_TCP_MEMORY_PRESSURES, NULL, "TcpExt:", "TCPMemoryPressures", NETSTAT},
};

/* What these counters cannot tell, where no program does. */
static const struct {
	enum metric_id metric;
	const char *why;
} LIMITS[] = {
	{METRIC_TCP_OPENS, "of every port and cgroup of the namespace"},
	{METRIC_TCP_RETRANSMITS,
	 "SYNs and SYN-ACKs are one number, a timeout counts once whatever was "
	 "sent for it; of every port and cgroup of the namespace"},
	{METRIC_RESETS,
	 "neither reasons nor those received; of every port and cgroup of the namespace"},
};

struct netstat {
	const struct sampler_config *config;
	struct procfile files[2];
	struct buf texts[2];
};

static void *netstat_open(const struct sampler_config *c)
{
	struct netstat *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->config = c;
	procfile_open(&n->files[NETSTAT], c->root, "/proc/net/netstat");
	procfile_open(&n->files[SNMP], c->root, "/proc/net/snmp");
	buf_init(&n->texts[NETSTAT], TEXT_MAX);
	buf_init(&n->texts[SNMP], TEXT_MAX);
	return n;
}

static void netstat_read(void *ctx, struct sample *into)
{
	struct netstat *n = ctx;
	int errors[2];
	for (unsigned f = 0; f < 2; f++)
		errors[f] = procfile_read(&n->files[f], &n->texts[f]);
	for (unsigned i = 0; i < sizeof COLUMNS / sizeof *COLUMNS; i++) {
		const struct column *c = &COLUMNS[i];
		uint64_t value;
		if (n->config->elsewhere[c->metric])
			continue;
		if (errors[c->file])
			sample_gap(into, c->metric, "%s: %s", n->files[c->file].path,
				   strerror(errors[c->file]));
		else if (text_column(n->texts[c->file].ptr, c->table, c->name, &value))
			sample_add(into, c->metric, SOURCE_PROCFS, (double)value,
				   c->labels ? "%s" : NULL, c->labels);
		else
			sample_gap(into, c->metric, "%s has no %s", n->files[c->file].path,
				   c->name);
	}
	for (unsigned i = 0; i < sizeof LIMITS / sizeof *LIMITS; i++)
		if (!n->config->elsewhere[LIMITS[i].metric])
			sample_gap(into, LIMITS[i].metric, "%s", LIMITS[i].why);
}

static void netstat_close(void *ctx)
{
	struct netstat *n = ctx;
	for (unsigned f = 0; f < 2; f++) {
		procfile_close(&n->files[f]);
		buf_fini(&n->texts[f]);
	}
	free(n);
}

const struct reader reader_netstat = {"netstat", 100, netstat_open, netstat_read, netstat_close};

/* --- several files, read in turn --------------------------------------------------------- */

#define FILES_MAX 2

struct files {
	struct procfile of[FILES_MAX];
	struct buf text;
};

static void *files_open(const struct sampler_config *c, const char *const *paths, unsigned count)
{
	struct files *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	buf_init(&f->text, TEXT_MAX);
	for (unsigned i = 0; i < FILES_MAX; i++)
		f->of[i].fd = -1;
	for (unsigned i = 0; i < count; i++)
		procfile_open(&f->of[i], c->root, paths[i]);
	return f;
}

static void files_close(void *ctx)
{
	struct files *f = ctx;
	for (unsigned i = 0; i < FILES_MAX; i++)
		procfile_close(&f->of[i]);
	buf_fini(&f->text);
	free(f);
}

/* The text of a file; NULL, with the gap told of. */
static const char *file_text(struct files *f, unsigned i, enum metric_id metric,
			     struct sample *into)
{
	int error = procfile_read(&f->of[i], &f->text);
	if (error)
		sample_gap(into, metric, "%s: %s", f->of[i].path, strerror(error));
	return error ? NULL : f->text.ptr;
}

/* --- sockstat ---------------------------------------------------------------------------- */

static void *sockstat_open(const struct sampler_config *c)
{
	static const char *const paths[] = {"/proc/net/sockstat", "/proc/sys/net/ipv4/tcp_mem"};
	return files_open(c, paths, 2);
}

static void sockstat_read(void *ctx, struct sample *into)
{
	static const struct {
		enum metric_id metric;
		const char *name;
		bool pages;
	} pairs[] = {{METRIC_TIME_WAIT_SOCKETS, "tw", false},
		     {METRIC_TCP_ORPHANS, "orphan", false},
		     {METRIC_TCP_MEMORY, "mem", true}};
	struct files *f = ctx;
	double page = (double)sysconf(_SC_PAGESIZE);
	uint64_t value, limit;
	const char *text;
	for (unsigned i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		text = i ? text : file_text(f, 0, pairs[i].metric, into);
		if (text && text_pair(text, "TCP:", pairs[i].name, &value))
			sample_add(into, pairs[i].metric, SOURCE_PROCFS,
				   (double)value * (pairs[i].pages ? page : 1), NULL);
		else
			sample_gap(into, pairs[i].metric, "/proc/net/sockstat tells no TCP %s",
				   pairs[i].name);
	}
	text = file_text(f, 1, METRIC_TCP_MEMORY_LIMIT, into);
	if (text && text_number(text_word(text, 2), 10, &limit))
		sample_add(into, METRIC_TCP_MEMORY_LIMIT, SOURCE_PROCFS, (double)limit * page,
			   NULL);
}

const struct reader reader_sockstat = {"sockstat", 1000, sockstat_open, sockstat_read, files_close};

/* --- softnet ----------------------------------------------------------------------------- */

#define SOFTNET_CPU 12 /* column of the CPU's number, Linux 5.10 */

static void *softnet_open(const struct sampler_config *c)
{
	static const char *const paths[] = {"/proc/net/softnet_stat"};
	return files_open(c, paths, 1);
}

/* A line a CPU that is online, without names, in hexadecimal. */
static void softnet_read(void *ctx, struct sample *into)
{
	struct files *f = ctx;
	uint64_t packets, drops, squeezed, cpu, lines = 0;
	static const enum metric_id ids[] = {METRIC_SOFTNET_PACKETS, METRIC_SOFTNET_DROPS,
					     METRIC_SOFTNET_SQUEEZED};
	const char *line = file_text(f, 0, METRIC_SOFTNET_DROPS, into);
	if (!line)
		SAMPLE_GAPS(into, ids, "%s: %s", f->of[0].path, strerror(f->of[0].error));
	for (; line; line = text_next_line(line), lines++) {
		if (!text_number(text_word(line, 0), 16, &packets) ||
		    !text_number(text_word(line, 1), 16, &drops) ||
		    !text_number(text_word(line, 2), 16, &squeezed))
			continue;
		if (!text_number(text_word(line, SOFTNET_CPU), 16, &cpu))
			cpu = lines;
		const uint64_t values[] = {packets, drops, squeezed};
		for (unsigned i = 0; i < 3; i++)
			sample_add(into, ids[i], SOURCE_PROCFS, (double)values[i],
				   "cpu=\"%" PRIu64 "\"", cpu);
	}
}

const struct reader reader_softnet = {"softnet", 100, softnet_open, softnet_read, files_close};
