/* ring_feature: what the kernel offers, and what BRINK_DISABLE takes away again. */
#include "io/ring_impl.h"

#include "io/ring_compat.h"

#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *name, *since, *without;
} feature_table[F_COUNT] = {
	[F_DEFER] = {"defer", "6.1", "completions are handed over by interrupting the thread"},
	[F_COOP] = {"coop", "5.19", "the kernel interrupts the thread for every completion"},
	[F_RINGFD] = {"ringfd", "5.18", "the ring's descriptor is looked up at every enter"},
	[F_EXTARG] = {"extarg", "5.11", "waits are ended by a timeout operation"},
	[F_MINWAIT] = {"minwait", "6.12", "every completion ends the wait, batches are smaller"},
	[F_SKIP] = {"skip", "6.0", "sends that succeed make completions too"},
	[F_DIRECT] = {"direct", "6.7", "plain descriptors, made with socket(2)"},
	[F_BIND] = {"bind", "6.11", "plain descriptors where sources are named"},
	[F_PORTRANGE] = {"portrange", "6.3", "the kernel looks for free ports, half of the range"},
	[F_BUFRING] = {"bufring", "5.19", "a receive buffer of its own for every connection"},
	[F_MULTISHOT] = {"multishot", "6.0", "a receive is queued again after every completion"},
	[F_ACCEPT] = {"accept", "5.19", "an accept is queued again after every connection"},
	[F_INSTALL] = {"install", "5.19",
		       "without 'direct', connections whose TLS is the kernel's keep a descriptor"},
	[F_FIXED] = {"fixed", "5.1", "memory to send from is pinned at every send"},
};

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && strncmp(at, name, len) == 0)
			return true;
	return false;
}

static bool disabled(enum feature f)
{
	return listed(getenv("BRINK_DISABLE"), feature_table[f].name);
}

void ring_features_init(struct ring_feature *features)
{
	for (enum feature f = 0; f < F_COUNT; f++)
		features[f] = (struct ring_feature){
			.name = feature_table[f].name,
			.since = feature_table[f].since,
			.without = feature_table[f].without,
			.disabled = disabled(f),
		};
}

static bool has_port_range(void)
{
	uint32_t none = 0; /* as large as the system's: changes nothing */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	int result = setsockopt(fd, IPPROTO_IP, COMPAT_IP_LOCAL_PORT_RANGE, &none, sizeof none);
	close(fd);
	return result == 0;
}

bool ring_names_ports(void)
{
	return !disabled(F_PORTRANGE) && has_port_range();
}

/* Some features are known by an operation that came with the same kernel. */
static void probe_opcodes(struct ring *r, struct io_uring *u)
{
	static const struct {
		enum feature feature;
		int opcode;
	} by_opcode[] = {
		{F_ACCEPT, IORING_OP_SOCKET},         {F_COOP, IORING_OP_SOCKET},
		{F_BUFRING, IORING_OP_SOCKET},        {F_MULTISHOT, IORING_OP_SEND_ZC},
		{F_INSTALL, IORING_OP_SOCKET},        {F_SKIP, IORING_OP_SEND_ZC},
		{F_DIRECT, COMPAT_OP_READ_MULTISHOT},
	};
	struct io_uring_probe *p = io_uring_get_probe_ring(u);
	for (unsigned i = 0; p && i < sizeof by_opcode / sizeof *by_opcode; i++)
		r->features[by_opcode[i].feature].found =
			io_uring_opcode_supported(p, by_opcode[i].opcode);
	/* liburing's own table ends before it */
	r->features[F_BIND].found = p && p->last_op >= COMPAT_OP_BIND;
	io_uring_free_probe(p);
}

/* One feature stands on another: without CQE_SKIP a dial's chain would report every link, and
 * without a buffer ring there is nothing for a multishot receive to write to. */
static void settle_dependencies(struct ring *r)
{
	if (!ring_has(r, F_SKIP) || (r->config.sources && !ring_has(r, F_BIND)))
		r->features[F_DIRECT].disabled = true;
	if (!ring_has(r, F_BUFRING))
		r->features[F_MULTISHOT].disabled = true;
}

void ring_features_probe(struct ring *r, struct io_uring *u, unsigned params_features)
{
	probe_opcodes(r, u);
	r->features[F_EXTARG].found = params_features & IORING_FEAT_EXT_ARG;
	r->features[F_MINWAIT].found = params_features & COMPAT_FEAT_MIN_TIMEOUT;
	r->features[F_PORTRANGE].found = has_port_range();
	r->features[F_FIXED].found = true;
	settle_dependencies(r);
}

const struct ring_feature *ring_features(struct ring *r, unsigned *ret_count)
{
	*ret_count = F_COUNT;
	return r->features;
}
