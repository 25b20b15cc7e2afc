/* ring_open: what the kernel offers, and a ring set up with as much of it as there is. */
#include "io/ring_impl.h"

#include "base/mem.h"
#include "io/ring_compat.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
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
	[F_BUFRING] = {"bufring", "5.19", "a receive buffer of its own for every connection"},
	[F_MULTISHOT] = {"multishot", "6.0", "a receive is queued again after every completion"},
	[F_ACCEPT] = {"accept", "5.19", "an accept is queued again after every connection"},
	[F_CANCELFD] = {"cancelfd", "6.0", "operations are cancelled one by one"},
	[F_FIXED] = {"fixed", "5.1", "memory to send from is pinned at every send"},
};

/* --- probing ---------------------------------------------------------------------------- */

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && strncmp(at, name, len) == 0)
			return true;
	return false;
}

static void features_init(struct ring_feature *features)
{
	const char *disabled = getenv("BRINK_DISABLE");
	for (unsigned i = 0; i < F_COUNT; i++)
		features[i] = (struct ring_feature){
			.name = feature_table[i].name,
			.since = feature_table[i].since,
			.without = feature_table[i].without,
			.disabled = listed(disabled, feature_table[i].name),
		};
}

/* Some features are known by an operation that came with the same kernel. */
static void probe(struct ring *r, unsigned params_features)
{
	static const struct {
		enum feature feature;
		int opcode;
	} by_opcode[] = {
		{F_ACCEPT, IORING_OP_SOCKET},         {F_COOP, IORING_OP_SOCKET},
		{F_BUFRING, IORING_OP_SOCKET},        {F_MULTISHOT, IORING_OP_SEND_ZC},
		{F_SKIP, IORING_OP_SEND_ZC},          {F_CANCELFD, IORING_OP_SEND_ZC},
		{F_DIRECT, COMPAT_OP_READ_MULTISHOT},
	};
	struct io_uring_probe *p = io_uring_get_probe_ring(&r->u);
	for (unsigned i = 0; p && i < sizeof by_opcode / sizeof *by_opcode; i++)
		r->features[by_opcode[i].feature].found =
			io_uring_opcode_supported(p, by_opcode[i].opcode);
	io_uring_free_probe(p);
	r->features[F_EXTARG].found = params_features & IORING_FEAT_EXT_ARG;
	r->features[F_MINWAIT].found = params_features & COMPAT_FEAT_MIN_TIMEOUT;
}

/* One feature stands on another: without CQE_SKIP a dial's chain would report every link, and
 * without a buffer ring there is nothing for a multishot receive to write to. */
static void settle_dependencies(struct ring *r)
{
	if (!ring_has(r, F_SKIP))
		r->features[F_DIRECT].disabled = true;
	if (!ring_has(r, F_BUFRING))
		r->features[F_MULTISHOT].disabled = true;
}

const struct ring_feature *ring_features(struct ring *r, unsigned *ret_count)
{
	*ret_count = F_COUNT;
	return r->features;
}

/* --- setting up ------------------------------------------------------------------------- */

/* A close may take five entries that must go together. */
#define ENTRIES_MIN 8u

static uint32_t power_of_two(uint32_t at_least, uint32_t low, uint32_t high)
{
	uint32_t n = low;
	while (n < at_least && n < high)
		n *= 2;
	return n;
}

static void choose_sizes(struct ring_config *c)
{
	if (!c->entries)
		c->entries = power_of_two(c->slots * 2, 64, 4096);
	if (c->entries < ENTRIES_MIN)
		c->entries = ENTRIES_MIN;
	if (!c->cq_entries)
		c->cq_entries = power_of_two(c->slots * 4, 256, 65536);
	if (c->cq_entries < c->entries) /* or the kernel refuses */
		c->cq_entries = c->entries;
	if (!c->buffers)
		c->buffers = power_of_two(c->slots * 2, 64, 1024);
	if (!c->buffer_size)
		c->buffer_size = 8192;
}

static int setup_error(int error, struct err *err)
{
	err_set(err, ERR_RUNTIME, "io_uring_setup: %s", strerror(error));
	if (error == EPERM)
		return err_hint(
			err, "io_uring is forbidden here: see the sysctl kernel.io_uring_disabled, "
			     "or the container's seccomp profile, which must allow "
			     "io_uring_setup, io_uring_enter and io_uring_register");
	if (error == ENOSYS)
		return err_hint(err, "this kernel has no io_uring; Linux 5.10 or later is needed");
	if (error == ENOMEM)
		return err_hint(err, "no memory, or RLIMIT_MEMLOCK is too low (ulimit -l)");
	if (error == EMFILE || error == ENFILE)
		return err_hint(err, "no descriptor is free for a ring (ulimit -n)");
	return -1;
}

/* From the best set of flags down to none. */
static int set_up(struct ring *r, struct err *err)
{
	const unsigned base = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
	const unsigned coop = base | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_SINGLE_ISSUER;
	const unsigned tries[] = {
		base | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		coop,
		base | IORING_SETUP_COOP_TASKRUN,
		base,
	};
	int result = -EINVAL;
	for (unsigned i = 0; i < 4 && result == -EINVAL; i++) {
		if (i == 0 && r->features[F_DEFER].disabled)
			continue;
		if ((i == 1 || i == 2) && r->features[F_COOP].disabled)
			continue;
		struct io_uring_params p = {.flags = tries[i], .cq_entries = r->config.cq_entries};
		result = io_uring_queue_init_params(r->config.entries, &r->u, &p);
		if (result)
			continue;
		probe(r, p.features);
		r->features[F_DEFER].found = i == 0;
	}
	return result ? setup_error(-result, err) : 0;
}

static int reserve_files(struct ring *r, struct err *err)
{
	if (!ring_has(r, F_DIRECT))
		return 0;
	int result = io_uring_register_files_sparse(&r->u, r->config.slots);
	if (result == 0)
		return 0;
	if (result == -EINVAL) {
		r->features[F_DIRECT].found = false;
		return 0;
	}
	struct rlimit limit = {0};
	getrlimit(RLIMIT_NOFILE, &limit);
	err_set(err, ERR_RUNTIME, "io_uring_register of %u descriptors: %s", r->config.slots,
		strerror(-result));
	if (result == -EMFILE)
		return err_hint(err, "RLIMIT_NOFILE is %llu: fewer connections, or ulimit -n %u",
				(unsigned long long)limit.rlim_cur, r->config.slots + 64);
	return -1;
}

static void try_buffer_ring(struct ring *r)
{
	size_t len = r->config.buffers * sizeof(struct io_uring_buf);
	void *memory = mem_pages(len);
	if (!memory)
		return;
	struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)memory,
				       .ring_entries = r->config.buffers};
	if (io_uring_register_buf_ring(&r->u, &reg, 0)) {
		mem_pages_free(memory, len);
		r->features[F_BUFRING].found = false;
		return;
	}
	r->buffer_ring = memory;
	r->buffer_ring_len = len;
}

static int reserve_buffers(struct ring *r, struct err *err)
{
	if (ring_has(r, F_BUFRING))
		try_buffer_ring(r);
	uint32_t count = r->buffer_ring ? r->config.buffers : r->config.slots;
	r->buffers_len = (size_t)count * r->config.buffer_size;
	r->buffers = mem_pages(r->buffers_len);
	if (!r->buffers)
		return err_set(err, ERR_RUNTIME, "no memory for %u receive buffers of %u bytes",
			       count, r->config.buffer_size);
	MEM_POISON(r->buffers, r->buffers_len);
	if (!r->buffer_ring)
		return 0;
	io_uring_buf_ring_init(r->buffer_ring);
	for (uint32_t i = 0; i < count; i++)
		io_uring_buf_ring_add(r->buffer_ring,
				      r->buffers + (size_t)i * r->config.buffer_size,
				      r->config.buffer_size, (unsigned short)i,
				      io_uring_buf_ring_mask(count), (int)i);
	io_uring_buf_ring_advance(r->buffer_ring, (int)count);
	return 0;
}

/* Registered memory saves the kernel pinning it at every send; a limit on locked memory only
 * costs that saving. */
static void register_fixed(struct ring *r)
{
	r->features[F_FIXED].found = true;
	if (!r->config.fixed.len || !ring_has(r, F_FIXED))
		return;
	struct iovec block = {.iov_base = (void *)(uintptr_t)r->config.fixed.ptr,
			      .iov_len = r->config.fixed.len};
	r->have_fixed = io_uring_register_buffers(&r->u, &block, 1) == 0;
	r->features[F_FIXED].found = r->have_fixed;
}

static int reserve_tables(struct ring *r, struct err *err)
{
	uint32_t slots = r->config.slots;
	r->local_mask = power_of_two(2 * slots, 4, 1u << 31) - 1;
	r->slots = calloc(slots, sizeof *r->slots);
	r->local = calloc((size_t)r->local_mask + 1, sizeof *r->local);
	r->close_backlog = calloc(slots, sizeof *r->close_backlog);
	if (!r->slots || !r->local || !r->close_backlog)
		return err_set(err, ERR_RUNTIME, "no memory for a ring of %u slots", slots);
	for (uint32_t i = 0; i < slots; i++)
		r->slots[i].fd = -1;
	return 0;
}

/* The array that maps queue positions to entries is the identity, once for all. */
static void map_entries(struct ring *r)
{
	for (unsigned i = 0; i < r->u.sq.ring_entries; i++)
		r->u.sq.array[i] = i;
}

int ring_open(struct ring **ret, const struct ring_config *config, struct err *err)
{
	struct ring *r = calloc(1, sizeof *r);
	if (!r)
		return err_set(err, ERR_RUNTIME, "no memory for a ring");
	r->config = *config;
	r->u.ring_fd = -1;
	choose_sizes(&r->config);
	features_init(r->features);
	if (reserve_tables(r, err) || set_up(r, err))
		goto undo;
	settle_dependencies(r);
	map_entries(r);
	if (reserve_files(r, err) || reserve_buffers(r, err))
		goto undo;
	register_fixed(r);
	if (!r->features[F_RINGFD].disabled)
		r->features[F_RINGFD].found = io_uring_register_ring_fd(&r->u) == 1;
	*ret = r;
	return 0;
undo:
	ring_free(r);
	return -1;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	if (r->u.ring_fd >= 0)
		io_uring_queue_exit(&r->u);
	for (uint32_t i = 0; r->slots && i < r->config.slots; i++)
		if (r->slots[i].fd >= 0 && r->slots[i].used)
			close(r->slots[i].fd);
	mem_pages_free(r->buffer_ring, r->buffer_ring_len);
	mem_pages_free(r->buffers, r->buffers_len);
	free(r->slots);
	free(r->local);
	free(r->free_slots);
	free(r->close_backlog);
	free(r);
}
