/* Sockets by netlink's sock_diag: states, listeners' queues, connections that wait to be accepted.
 * The kernel copies a record a socket, which is dear for many of them; where the walk in
 * bpf/sockiter.bpf.c does the same, this reader stands back. Light, it asks for listeners and
 * half-open connections alone: the kernel still walks over all, and copies few. */
#include "host/sampler.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#define STATES        16
#define LISTENERS_MAX 256
#define SYN_RECV      3  /* as sock_diag tells it; */
#define NEW_SYN_RECV  12 /* as the kernel keeps it since Linux 4.4 */
#define RECEIVE_MAX   65536

static const char *const STATE_NAMES[STATES] = {
	[1] = "ESTABLISHED", [2] = "SYN_SENT",  [3] = "SYN_RECV", [4] = "FIN_WAIT1",
	[5] = "FIN_WAIT2",   [6] = "TIME_WAIT", [7] = "CLOSE",    [8] = "CLOSE_WAIT",
	[9] = "LAST_ACK",    [10] = "LISTEN",   [11] = "CLOSING",
};

struct listener {
	uint16_t port;
	uint64_t length, limit, drops, half_open;
};

struct sockets {
	const struct sampler_config *config;
	struct mnl_socket *netlink;
	unsigned sequence;
	uint64_t states[STATES], not_accepted;
	struct listener listeners[LISTENERS_MAX];
	unsigned listener_count, left_out; /* listening sockets past the bound */
	char received[RECEIVE_MAX];
};

static void *sockets_open(const struct sampler_config *c)
{
	if (c->elsewhere[METRIC_TCP_SOCKETS])
		return NULL;
	struct sockets *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->config = c;
	s->netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (s->netlink && mnl_socket_bind(s->netlink, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s->netlink);
		s->netlink = NULL;
	}
	return s;
}

static void sockets_close(void *ctx)
{
	struct sockets *s = ctx;
	if (s->netlink)
		mnl_socket_close(s->netlink);
	free(s);
}

static bool is_watched(const struct sampler_config *c, uint16_t port)
{
	for (unsigned i = 0; i < c->port_count; i++)
		if (c->ports[i] == port)
			return true;
	return c->port_count == 0;
}

static struct listener *find_listener(struct sockets *s, uint16_t port)
{
	for (unsigned i = 0; i < s->listener_count; i++)
		if (s->listeners[i].port == port)
			return &s->listeners[i];
	return NULL;
}

static struct listener *add_listener(struct sockets *s, uint16_t port)
{
	if (s->listener_count == LISTENERS_MAX)
		return NULL;
	s->listeners[s->listener_count] = (struct listener){.port = port};
	return &s->listeners[s->listener_count++];
}

static uint64_t drops_of(const struct nlmsghdr *message)
{
	const struct nlattr *a;
	mnl_attr_for_each(a, message, sizeof(struct inet_diag_msg))
	{
		const uint32_t *memory = mnl_attr_get_payload(a);
		if (mnl_attr_get_type(a) == INET_DIAG_SKMEMINFO &&
		    mnl_attr_get_payload_len(a) > SK_MEMINFO_DROPS * sizeof *memory)
			return memory[SK_MEMINFO_DROPS];
	}
	return 0;
}

/* Several listeners may share a port: their queues add up. */
static void count_listener(struct sockets *s, const struct inet_diag_msg *m, uint64_t drops)
{
	uint16_t port = ntohs(m->id.idiag_sport);
	struct listener *l = find_listener(s, port);
	if (!l)
		l = add_listener(s, port);
	if (!l) {
		s->left_out++;
		return;
	}
	l->length += m->idiag_rqueue;
	l->limit += m->idiag_wqueue;
	l->drops += drops;
}

static int count_socket(const struct nlmsghdr *message, void *ctx)
{
	struct sockets *s = ctx;
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(message);
	uint16_t port = ntohs(m->id.idiag_sport);
	if (!is_watched(s->config, port) || m->idiag_state >= STATES)
		return MNL_CB_OK;
	s->states[m->idiag_state]++;
	bool taken = m->idiag_state == TCP_ESTABLISHED || m->idiag_state == TCP_CLOSE_WAIT;
	s->not_accepted += taken && m->idiag_inode == 0;
	if (m->idiag_state == TCP_LISTEN)
		count_listener(s, m, drops_of(message));
	struct listener *l = m->idiag_state == SYN_RECV ? find_listener(s, port) : NULL;
	if (l) /* listeners come first */
		l->half_open++;
	return MNL_CB_OK;
}

/* 0, or an errno. The old form of the request is the one that takes every family in one walk. */
static int dump(struct sockets *s)
{
	char request[MNL_NLMSG_HDRLEN + 256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	header->nlmsg_type = TCPDIAG_GETSOCK;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++s->sequence;
	struct inet_diag_req *r = mnl_nlmsg_put_extra_header(header, sizeof *r);
	r->idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1);
	r->idiag_states = s->config->light ? 1u << TCP_LISTEN | 1u << SYN_RECV | 1u << NEW_SYN_RECV
					   : UINT32_MAX;
	if (mnl_socket_sendto(s->netlink, header, header->nlmsg_len) < 0)
		return errno;
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(s->netlink, s->received, sizeof s->received);
		if (got < 0)
			return errno;
		int more = mnl_cb_run(s->received, (size_t)got, s->sequence,
				      mnl_socket_get_portid(s->netlink), count_socket, s);
		if (more <= 0)
			return more < 0 ? errno : 0;
	}
}

static void tell_states(const struct sockets *s, struct sample *into)
{
	static const enum metric_id all[] = {METRIC_TCP_SOCKETS, METRIC_NOT_ACCEPTED_SOCKETS};
	sample_add(into, METRIC_SYN_RECV_SOCKETS, SOURCE_NETLINK, (double)s->states[SYN_RECV],
		   NULL);
	if (s->config->light) {
		SAMPLE_GAPS(into, all, "every socket would be copied, beside a load: brink agent");
		return;
	}
	for (unsigned i = 1; i < STATES; i++)
		if (STATE_NAMES[i])
			sample_add(into, METRIC_TCP_SOCKETS, SOURCE_NETLINK, (double)s->states[i],
				   "state=\"%s\"", STATE_NAMES[i]);
	sample_add(into, METRIC_NOT_ACCEPTED_SOCKETS, SOURCE_NETLINK, (double)s->not_accepted,
		   NULL);
}

static const enum metric_id OF_LISTENERS[] = {METRIC_ACCEPT_QUEUE_LENGTH, METRIC_ACCEPT_QUEUE_LIMIT,
					      METRIC_SYN_QUEUE_LENGTH, METRIC_LISTENER_DROPS};

static void tell_listeners(const struct sockets *s, struct sample *into)
{
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener *l = &s->listeners[i];
		const double values[] = {(double)l->length, (double)l->limit, (double)l->half_open,
					 (double)l->drops};
		for (unsigned v = 0; v < 4; v++)
			sample_add(into, OF_LISTENERS[v], SOURCE_NETLINK, values[v], "port=\"%u\"",
				   l->port);
	}
	if (!s->listener_count)
		SAMPLE_GAPS(into, OF_LISTENERS, "nothing listens%s",
			    s->config->port_count ? " on --port" : "");
	if (s->left_out)
		SAMPLE_GAPS(into, OF_LISTENERS, "%u ports at most: %u listeners more are left out",
			    LISTENERS_MAX, s->left_out);
}

static void sockets_read(void *ctx, struct sample *into)
{
	static const enum metric_id of_all[] = {METRIC_TCP_SOCKETS, METRIC_SYN_RECV_SOCKETS,
						METRIC_NOT_ACCEPTED_SOCKETS};
	struct sockets *s = ctx;
	memset(s->states, 0, sizeof s->states);
	s->not_accepted = s->listener_count = s->left_out = 0;
	int error = s->netlink ? dump(s) : ENOTSUP;
	if (error) {
		SAMPLE_GAPS(into, of_all, "sock_diag: %s", strerror(error));
		SAMPLE_GAPS(into, OF_LISTENERS, "sock_diag: %s", strerror(error));
		return;
	}
	tell_states(s, into);
	tell_listeners(s, into);
	if (s->config->by_cgroup) {
		SAMPLE_GAPS(into, of_all, "of every cgroup");
		SAMPLE_GAPS(into, OF_LISTENERS, "of every cgroup");
	}
}

const struct reader reader_sockets = {"sock_diag", 1000, sockets_open, sockets_read, sockets_close};
