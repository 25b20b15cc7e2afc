/* ring_open: a ring set up with as much as the kernel offers, in as many io_urings as its slots
 * need. */
#include "io/ring_impl.h"

#include "base/mem.h"
#include "io/ring_compat.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- sizes ------------------------------------------------------------------------------ */

/* A close may take seven entries that must go together. */
#define ENTRIES_MIN 8u

/* A lane among several: short queues, for each lane's share of a turn is small. The kernel sizes
 * the table in which it finds what to cancel after the completion queue: 8192 give the largest. */
#define MANY_ENTRIES     256u
#define MANY_CQ_ENTRIES  8192u
#define MANY_BUFFER_SIZE 4096u
#define MANY_BUFFERS     8192u /* of all lanes together */
#define MANY_BUFFERS_MIN 128u

static uint32_t power_of_two(uint32_t at_least, uint32_t low, uint32_t high)
{
	uint32_t n = low;
	while (n < at_least && n < high)
		n *= 2;
	return n;
}

static uint32_t descriptor_limit(void)
{
	struct rlimit limit = {0};
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur < UINT32_MAX ? (uint32_t)limit.rlim_cur : UINT32_MAX;
}

static void choose_lanes(struct ring *r)
{
	const struct ring_config *c = &r->config;
	uint32_t table = c->table ? c->table : descriptor_limit();
	r->lane_slots = c->slots < table || !table ? c->slots : table;
	r->lane_count = r->lane_slots ? (c->slots + r->lane_slots - 1) / r->lane_slots : 1;
}

static void choose_sizes(struct ring *r)
{
	struct ring_config *c = &r->config;
	bool many = r->lane_count > 1;
	uint32_t slots = r->lane_slots;
	if (!c->entries)
		c->entries = power_of_two(slots * 2, 64, many ? MANY_ENTRIES : 4096);
	if (c->entries < ENTRIES_MIN)
		c->entries = ENTRIES_MIN;
	if (!c->cq_entries)
		c->cq_entries = power_of_two(slots * 4, 256, many ? MANY_CQ_ENTRIES : 65536);
	if (c->cq_entries < c->entries) /* or the kernel refuses */
		c->cq_entries = c->entries;
	if (!c->buffers && many)
		c->buffers = power_of_two(MANY_BUFFERS / r->lane_count, MANY_BUFFERS_MIN, 1024);
	if (!c->buffers)
		c->buffers = power_of_two(slots * 2, 64, 1024);
	if (!c->buffer_size)
		c->buffer_size = many ? MANY_BUFFER_SIZE : 8192;
}

/* --- one io_uring ----------------------------------------------------------------------- */

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

/* From the best set of flags down to none; what the first lane found holds for all. */
static int set_up(struct ring *r, struct lane *l)
{
	const unsigned base = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
	const unsigned coop = base | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_TASKRUN_FLAG;
	const unsigned tries[] = {
		coop | IORING_SETUP_DEFER_TASKRUN,
		coop | IORING_SETUP_COOP_TASKRUN,
		base | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
		base,
	};
	int result = -EINVAL;
	for (unsigned i = 0; i < 4 && result == -EINVAL; i++) {
		if (i == 0 && r->features[F_DEFER].disabled)
			continue;
		if ((i == 1 || i == 2) && r->features[F_COOP].disabled)
			continue;
		struct io_uring_params p = {.flags = tries[i], .cq_entries = r->config.cq_entries};
		result = io_uring_queue_init_params(r->config.entries, &l->u, &p);
		if (result == 0 && l == r->lanes) {
			ring_features_probe(r, &l->u, p.features);
			r->features[F_DEFER].found = i == 0;
		}
	}
	return result;
}

static int files_error(const struct ring *r, const struct lane *l, int error, struct err *err)
{
	err_set(err, ERR_RUNTIME, "io_uring_register of %u descriptors: %s", l->slots,
		strerror(error));
	if (error == EMFILE)
		return err_hint(err, "RLIMIT_NOFILE is %u: fewer connections, or ulimit -n %u",
				descriptor_limit(), r->config.slots + 64);
	return -1;
}

static int reserve_files(struct ring *r, struct lane *l, struct err *err)
{
	if (!ring_has(r, F_DIRECT))
		return 0;
	int result = io_uring_register_files_sparse(&l->u, l->slots);
	if (result == -EINVAL && l == r->lanes) {
		r->features[F_DIRECT].found = false;
		return 0;
	}
	return result ? files_error(r, l, -result, err) : 0;
}

static void try_buffer_ring(struct ring *r, struct lane *l)
{
	size_t len = r->config.buffers * sizeof(struct io_uring_buf);
	void *memory = mem_pages(len);
	if (!memory)
		return;
	struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)memory,
				       .ring_entries = r->config.buffers};
	if (io_uring_register_buf_ring(&l->u, &reg, 0)) {
		mem_pages_free(memory, len);
		r->features[F_BUFRING].found = false;
		return;
	}
	l->buffer_ring = memory;
	l->buffer_ring_len = len;
}

static void fill_buffer_ring(struct ring *r, struct lane *l)
{
	uint32_t count = r->config.buffers, size = r->config.buffer_size;
	io_uring_buf_ring_init(l->buffer_ring);
	for (uint32_t i = 0; i < count; i++)
		io_uring_buf_ring_add(l->buffer_ring, l->buffers + (size_t)i * size, size,
				      (unsigned short)i, io_uring_buf_ring_mask(count), (int)i);
	io_uring_buf_ring_advance(l->buffer_ring, (int)count);
}

/* Among several lanes most receive little at a time: their buffers cost memory once used. */
static int reserve_buffers(struct ring *r, struct lane *l, struct err *err)
{
	if (ring_has(r, F_BUFRING))
		try_buffer_ring(r, l);
	uint32_t count = l->buffer_ring ? r->config.buffers : l->slots;
	l->buffers_len = (size_t)count * r->config.buffer_size;
	l->buffers = r->lane_count > 1 ? mem_reserve(l->buffers_len) : mem_pages(l->buffers_len);
	if (!l->buffers)
		return err_set(err, ERR_RUNTIME, "no memory for %u receive buffers of %u bytes",
			       count, r->config.buffer_size);
	MEM_POISON(l->buffers, l->buffers_len);
	if (l->buffer_ring)
		fill_buffer_ring(r, l);
	return 0;
}

/* Registered memory saves the kernel pinning it at every send; a limit on locked memory only
 * costs that saving. */
static void register_fixed(struct ring *r, struct lane *l)
{
	if (!r->config.fixed.len || !ring_has(r, F_FIXED))
		return;
	struct iovec block = {.iov_base = (void *)(uintptr_t)r->config.fixed.ptr,
			      .iov_len = r->config.fixed.len};
	l->have_fixed = io_uring_register_buffers(&l->u, &block, 1) == 0;
	r->features[F_FIXED].found &= l->have_fixed;
}

/* The array that maps queue positions to entries is the identity, once for all. */
static void map_entries(struct lane *l)
{
	for (unsigned i = 0; i < l->u.sq.ring_entries; i++)
		l->u.sq.array[i] = i;
}

static int lane_open(struct ring *r, struct lane *l, struct err *err)
{
	int result = set_up(r, l);
	if (result) {
		l->u.ring_fd = -1;
		return setup_error(-result, err);
	}
	map_entries(l);
	if (reserve_files(r, l, err) || reserve_buffers(r, l, err))
		return -1;
	register_fixed(r, l);
	if (!r->features[F_RINGFD].disabled) /* the kernel takes 16 a thread */
		r->features[F_RINGFD].found |= io_uring_register_ring_fd(&l->u) == 1;
	if (r->wake_fd >= 0 && io_uring_register_eventfd(&l->u, r->wake_fd))
		return err_set(err, ERR_RUNTIME, "io_uring_register of an eventfd: %m");
	return 0;
}

static void lane_free(struct lane *l)
{
	if (l->u.ring_fd >= 0)
		io_uring_queue_exit(&l->u);
	mem_pages_free(l->buffer_ring, l->buffer_ring_len);
	mem_pages_free(l->buffers, l->buffers_len);
	*l = (struct lane){.u.ring_fd = -1};
}

/* --- all of them ------------------------------------------------------------------------ */

static int make_lanes(struct ring *r, struct err *err)
{
	r->lanes = calloc(r->lane_count, sizeof *r->lanes);
	if (!r->lanes)
		return err_set(err, ERR_RUNTIME, "no memory for %u rings", r->lane_count);
	for (uint32_t i = 0; i < r->lane_count; i++) {
		uint32_t base = i * r->lane_slots, left = r->config.slots - base;
		r->lanes[i].u.ring_fd = -1;
		r->lanes[i].base = base;
		r->lanes[i].slots = left < r->lane_slots ? left : r->lane_slots;
	}
	if (r->lane_count > 1 && (r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
		return err_set(err, ERR_RUNTIME, "eventfd: %m");
	return 0;
}

/* Where one lane cannot be had, for want of descriptors mostly, those before it serve. Plain
 * descriptors need one lane only, however many slots it has. */
static int open_lanes(struct ring *r, struct err *err)
{
	struct err failure = {0};
	uint32_t i = 0;
	for (; i < r->lane_count && lane_open(r, &r->lanes[i], &failure) == 0; i++) {
		if (i == 0 && !ring_has(r, F_DIRECT))
			r->lane_count = 1;
	}
	if (i == 0) {
		*err = failure;
		return -1;
	}
	if (i < r->lane_count)
		lane_free(&r->lanes[i]);
	r->lane_count = i;
	uint32_t room = i * r->lane_slots;
	if (r->config.slots > room)
		r->config.slots = room;
	return 0;
}

static int reserve_tables(struct ring *r, struct err *err)
{
	uint32_t slots = r->config.slots;
	bool queues =
		ring_queue_init(&r->local, slots) && ring_queue_init(&r->close_backlog, slots);
	r->slots = mem_pages(slots * sizeof *r->slots);
	r->port_ranges = mem_reserve((UINT16_MAX + 1) * sizeof *r->port_ranges);
	if (!ring_has(r, F_DIRECT))
		r->files = malloc(slots * sizeof *r->files);
	if (!queues || !r->slots || !r->port_ranges || (!ring_has(r, F_DIRECT) && !r->files))
		return err_set(err, ERR_RUNTIME, "no memory for a ring of %u slots", slots);
	for (uint32_t i = 0; r->files && i < slots; i++)
		r->files[i] = -1;
	return 0;
}

int ring_open(struct ring **ret, const struct ring_config *config, struct err *err)
{
	struct ring *r = calloc(1, sizeof *r);
	if (!r)
		return err_set(err, ERR_RUNTIME, "no memory for a ring");
	r->config = *config;
	r->wake_fd = -1;
	choose_lanes(r);
	choose_sizes(r);
	ring_features_init(r->features);
	if (make_lanes(r, err) || open_lanes(r, err) || reserve_tables(r, err)) {
		ring_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->lanes && i < r->lane_count; i++)
		lane_free(&r->lanes[i]);
	for (uint32_t i = 0; r->files && r->slots && i < r->config.slots; i++)
		if (r->files[i] >= 0 && r->slots[i].used)
			close(r->files[i]);
	if (r->wake_fd >= 0)
		close(r->wake_fd);
	mem_pages_free(r->slots, r->config.slots * sizeof *r->slots);
	ring_queue_fini(&r->local);
	ring_queue_fini(&r->close_backlog);
	mem_pages_free(r->port_ranges, (UINT16_MAX + 1) * sizeof *r->port_ranges);
	free(r->files);
	free(r->free_slots);
	free(r->lanes);
	free(r);
}
