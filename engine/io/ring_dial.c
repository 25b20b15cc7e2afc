/* ring_dial: connections begin: a socket, its options, its source, and the connect. */
#include "io/ring_impl.h"

#include "io/ring_compat.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

static const int option_on = 1;

/* --- options ---------------------------------------------------------------------------- */

struct option {
	int level, name;
	const void *value; /* read by the kernel when it comes to it */
	socklen_t len;
};

#define OPTIONS_MAX 3u

/* A range of one port, that names the source port without the search for a free one. */
static struct option port_option(struct ring *r, uint16_t port)
{
	uint32_t *range = &r->port_ranges[port];
	*range = (uint32_t)port << 16 | port;
	return (struct option){IPPROTO_IP, COMPAT_IP_LOCAL_PORT_RANGE, range, sizeof *range};
}

static unsigned options_of(struct ring *r, const struct ring_dial *dial,
			   struct option ret[OPTIONS_MAX])
{
	unsigned count = 0;
	if (dial->nodelay)
		ret[count++] =
			(struct option){IPPROTO_TCP, TCP_NODELAY, &option_on, sizeof option_on};
	if (dial->from) /* its port is chosen at the connect, where the destination is known */
		ret[count++] = (struct option){IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &option_on,
					       sizeof option_on};
	if (dial->port && ring_has(r, F_PORTRANGE))
		ret[count++] = port_option(r, dial->port);
	return count;
}

void ring_prep_option(struct io_uring_sqe *sqe, int file, int level, int name, const void *value,
		      uint32_t len)
{
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, file, NULL, 0, 0);
	uint32_t where[2] = {(uint32_t)level, (uint32_t)name};
	uint64_t pointer = (uint64_t)(uintptr_t)value;
	memcpy(&sqe->addr, where, sizeof where);
	sqe->off = COMPAT_SOCKET_URING_OP_SETSOCKOPT; /* cmd_op */
	sqe->file_index = len;                        /* optlen */
	memcpy((char *)sqe + 48, &pointer, sizeof pointer);
}

/* --- direct descriptors ----------------------------------------------------------------- */

/* Marks an entry as a link of a dial's chain that another follows. */
static void link_on(const struct ring *r, struct io_uring_sqe *sqe, uint32_t slot)
{
	ring_on_slot(r, sqe, OP_DIAL, slot);
	sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
}

static void prep_bind(struct io_uring_sqe *sqe, int file, const struct ring_dial *dial)
{
	io_uring_prep_rw(COMPAT_OP_BIND, sqe, file, dial->from, 0, dial->from_len);
}

/* Socket, options, source and connect as one chain with one completion: the first failure, or
 * the connect. A chain's failed link with CQE_SKIP silences those behind it. */
static bool dial_direct(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	struct lane *l = ring_lane(r, slot);
	int file = ring_file(r, l, slot);
	struct option options[OPTIONS_MAX];
	unsigned count = options_of(r, dial, options);
	if (!ring_reserve(l, count + 2 + (dial->from != NULL)))
		return false;
	struct slot *s = ring_slot_take(r, slot);
	s->dialling = true;
	s->pending++;
	struct io_uring_sqe *sqe = ring_sqe(l);
	io_uring_prep_socket_direct(sqe, dial->to->sa_family, SOCK_STREAM, 0, (unsigned)file, 0);
	link_on(r, sqe, slot);
	sqe->flags &= (uint8_t)~IOSQE_FIXED_FILE; /* there is no file yet */
	for (unsigned i = 0; i < count; i++) {
		sqe = ring_sqe(l);
		ring_prep_option(sqe, file, options[i].level, options[i].name, options[i].value,
				 options[i].len);
		link_on(r, sqe, slot);
	}
	if (dial->from) {
		sqe = ring_sqe(l);
		prep_bind(sqe, file, dial);
		link_on(r, sqe, slot);
	}
	sqe = ring_sqe(l);
	io_uring_prep_connect(sqe, file, dial->to, dial->to_len);
	ring_on_slot(r, sqe, OP_DIAL, slot);
	return true;
}

/* --- plain descriptors ------------------------------------------------------------------ */

/* 0, or the errno of what failed: then there is no socket. */
static int make_socket(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	struct option options[OPTIONS_MAX];
	unsigned count = options_of(r, dial, options);
	int fd = socket(dial->to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	int failed = 0;
	for (unsigned i = 0; i < count && !failed; i++)
		failed = setsockopt(fd, options[i].level, options[i].name, options[i].value,
				    options[i].len);
	if (!failed && dial->from)
		failed = bind(fd, dial->from, dial->from_len);
	if (failed) {
		failed = errno;
		close(fd);
		return failed;
	}
	r->files[slot] = fd;
	return 0;
}

static bool dial_plain(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	struct lane *l = ring_lane(r, slot);
	if (!ring_reserve(l, 1))
		return false;
	struct slot *s = ring_slot_take(r, slot);
	int error = make_socket(r, slot, dial);
	if (error) {
		ring_local_push(r, RING_OPENED, slot, error);
		return true;
	}
	struct io_uring_sqe *sqe = ring_sqe(l);
	io_uring_prep_connect(sqe, r->files[slot], dial->to, dial->to_len);
	ring_on_slot(r, sqe, OP_DIAL, slot);
	s->dialling = true;
	s->pending++;
	return true;
}

bool ring_dial(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	return r->files ? dial_plain(r, slot, dial) : dial_direct(r, slot, dial);
}
