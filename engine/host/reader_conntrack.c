/* Connection tracking: how full the table is, and what it cost. The counters come from /proc, or,
 * where the kernel was built without that file, by ctnetlink, which answers CAP_NET_ADMIN alone: a
 * generator that is root's gets them so, an agent has given the capability up. */
#include "host/procfile.h"
#include "host/sampler.h"
#include "host/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>

#define TEXT_MAX    ((size_t)1 << 20)
#define RECEIVE_MAX 65536

#define NETFILTER "/proc/sys/net/netfilter/nf_conntrack_"

static const struct counter {
	enum metric_id metric;
	const char *name; /* of the column, which has a line a CPU */
	unsigned attribute;
} COUNTERS[] = {
	{METRIC_CONNTRACK_DROPS, "drop", CTA_STATS_DROP},
	{METRIC_CONNTRACK_EARLY_DROPS, "early_drop", CTA_STATS_EARLY_DROP},
	{METRIC_CONNTRACK_INSERT_FAILED, "insert_failed", CTA_STATS_INSERT_FAILED},
};
#define COUNTER_COUNT (sizeof COUNTERS / sizeof *COUNTERS)

struct conntrack {
	struct procfile count, max, stat;
	struct buf text;
	struct mnl_socket *netlink; /* NULL: not needed, or not to be had */
	unsigned sequence;
	uint64_t sums[COUNTER_COUNT];
	bool told[COUNTER_COUNT];
	char received[RECEIVE_MAX];
};

static void *conntrack_open(const struct sampler_config *c)
{
	struct conntrack *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	buf_init(&t->text, TEXT_MAX);
	procfile_open(&t->count, c->root, NETFILTER "count");
	procfile_open(&t->max, c->root, NETFILTER "max");
	procfile_open(&t->stat, c->root, "/proc/net/stat/nf_conntrack");
	if (t->stat.fd >= 0 ||
	    t->count.fd < 0) /* where nothing is tracked, asking loads a module */
		return t;
	t->netlink = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (t->netlink && mnl_socket_bind(t->netlink, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(t->netlink);
		t->netlink = NULL;
	}
	return t;
}

static void conntrack_close(void *ctx)
{
	struct conntrack *t = ctx;
	procfile_close(&t->count);
	procfile_close(&t->max);
	procfile_close(&t->stat);
	if (t->netlink)
		mnl_socket_close(t->netlink);
	buf_fini(&t->text);
	free(t);
}

static void add_number(struct conntrack *t, const struct procfile *f, enum metric_id metric,
		       struct sample *into)
{
	uint64_t value;
	int error = procfile_read(f, &t->text);
	if (error)
		sample_gap(into, metric, "%s: %s", f->path, strerror(error));
	else if (text_number(t->text.ptr, 10, &value))
		sample_add(into, metric, SOURCE_PROCFS, (double)value, NULL);
}

/* --- by /proc ---------------------------------------------------------------------------- */

/* A line a CPU, in hexadecimal. `entries`, the first, is the same in all and not looked at. */
static void sum_lines(struct conntrack *t, const char *text)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++) {
		uint64_t value;
		int place = text_place(text, COUNTERS[i].name);
		t->told[i] = place >= 0;
		for (const char *line = text; t->told[i] && (line = text_next_line(line));)
			if (text_number(text_word(line, (unsigned)place), 16, &value))
				t->sums[i] += value;
	}
}

/* --- by ctnetlink ------------------------------------------------------------------------ */

static int sum_attribute(const struct nlattr *a, void *ctx)
{
	struct conntrack *t = ctx;
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (mnl_attr_get_type(a) == COUNTERS[i].attribute &&
		    mnl_attr_validate(a, MNL_TYPE_U32) == 0) {
			t->sums[i] += ntohl(mnl_attr_get_u32(a));
			t->told[i] = true;
		}
	return MNL_CB_OK;
}

static int sum_message(const struct nlmsghdr *message, void *ctx)
{
	return mnl_attr_parse(message, sizeof(struct nfgenmsg), sum_attribute, ctx);
}

/* A message a CPU. 0, or an errno. */
static int ask(struct conntrack *t)
{
	char request[MNL_NLMSG_HDRLEN + 64];
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS_CPU;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++t->sequence;
	mnl_nlmsg_put_extra_header(header, sizeof(struct nfgenmsg));
	if (mnl_socket_sendto(t->netlink, header, header->nlmsg_len) < 0)
		return errno;
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(t->netlink, t->received, sizeof t->received);
		if (got < 0)
			return errno;
		int more = mnl_cb_run(t->received, (size_t)got, t->sequence,
				      mnl_socket_get_portid(t->netlink), sum_message, t);
		if (more <= 0)
			return more < 0 ? errno : 0;
	}
}

/* --- both -------------------------------------------------------------------------------- */

static void tell(const struct conntrack *t, enum sample_source source, struct sample *into)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (t->told[i])
			sample_add(into, COUNTERS[i].metric, source, (double)t->sums[i], NULL);
		else
			sample_gap(into, COUNTERS[i].metric, "the kernel does not count %s",
				   COUNTERS[i].name);
}

static void conntrack_read(void *ctx, struct sample *into)
{
	struct conntrack *t = ctx;
	add_number(t, &t->count, METRIC_CONNTRACK_ENTRIES, into);
	add_number(t, &t->max, METRIC_CONNTRACK_LIMIT, into);
	memset(t->sums, 0, sizeof t->sums);
	memset(t->told, 0, sizeof t->told);
	if (!procfile_read(&t->stat, &t->text)) {
		sum_lines(t, t->text.ptr);
		tell(t, SOURCE_PROCFS, into);
		return;
	}
	int error = t->netlink ? ask(t) : ENOTSUP;
	for (unsigned i = 0; error && i < COUNTER_COUNT; i++)
		sample_gap(into, COUNTERS[i].metric, "%s: %s%s%s%s", t->stat.path,
			   strerror(t->stat.error), t->netlink ? "; ctnetlink: " : "",
			   t->netlink ? strerror(error) : "",
			   error == EPERM ? " (CAP_NET_ADMIN)" : "");
	if (!error)
		tell(t, SOURCE_NETLINK, into);
}

const struct reader reader_conntrack = {"conntrack", 100, conntrack_open, conntrack_read,
					conntrack_close};
