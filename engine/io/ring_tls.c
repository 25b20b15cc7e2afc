/* ring_tls: TLS handed to the kernel: its options set on a connection, records received with their
 * types, and the close_notify. */
#include "io/ring_impl.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/tcp.h>
#include <unistd.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

#define RECORD_ALERT 21u
#define RECORD_DATA  23u

/* --- handing over ----------------------------------------------------------------------- */

struct option {
	int level, name;
	const void *value;
	socklen_t len;
};
#define OPTIONS 3u

static void options_of(const struct ring_tls *tls, struct option ret[OPTIONS])
{
	ret[0] = (struct option){IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls"};
	ret[1] = (struct option){SOL_TLS, TLS_TX, tls->tx.ptr, (socklen_t)tls->tx.len};
	ret[2] = (struct option){SOL_TLS, TLS_RX, tls->rx.ptr, (socklen_t)tls->rx.len};
}

/* One chain with one completion: the first failure, or the last success. */
static bool hand_over_direct(struct ring *r, uint32_t slot, const struct option *options)
{
	struct lane *l = ring_lane(r, slot);
	if (!ring_reserve(l, OPTIONS))
		return false;
	for (unsigned i = 0; i < OPTIONS; i++) {
		struct io_uring_sqe *sqe = ring_sqe(l);
		ring_prep_option(sqe, ring_file(r, l, slot), options[i].level, options[i].name,
				 options[i].value, options[i].len);
		ring_on_slot(r, sqe, OP_HAND_OVER, slot);
		if (i + 1 < OPTIONS)
			sqe->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
	}
	r->slots[slot].pending++;
	return true;
}

/* The lane's table, made when it is needed first. */
static bool have_table(struct ring *r, struct lane *l)
{
	if (!ring_has(r, F_INSTALL))
		return false;
	if (!l->have_table && io_uring_register_files_sparse(&l->u, l->slots))
		r->features[F_INSTALL].found = false;
	else
		l->have_table = true;
	return l->have_table;
}

/* From here on the slot has a direct descriptor, and no plain one. Where that fails it stays as it
 * was. */
static void move_into_table(struct ring *r, uint32_t slot)
{
	struct lane *l = ring_lane(r, slot);
	int fd = r->files[slot];
	if (!have_table(r, l) || io_uring_register_files_update(&l->u, slot - l->base, &fd, 1) != 1)
		return;
	close(fd);
	r->files[slot] = RING_FILE_MOVED;
}

static int set_options(int fd, const struct option *options)
{
	for (unsigned i = 0; i < OPTIONS; i++)
		if (setsockopt(fd, options[i].level, options[i].name, options[i].value,
			       options[i].len))
			return errno;
	return 0;
}

bool ring_hand_over(struct ring *r, uint32_t slot, const struct ring_tls *tls)
{
	struct option options[OPTIONS];
	options_of(tls, options);
	if (!r->files)
		return hand_over_direct(r, slot, options);
	int error = set_options(r->files[slot], options);
	if (!error) {
		r->slots[slot].records = true;
		move_into_table(r, slot);
	}
	ring_local_push(r, RING_HANDED_OVER, slot, error);
	return true;
}

const char *ring_no_hand_over(void)
{
	struct ring *r = NULL;
	struct err err;
	if (ring_open(&r, &(struct ring_config){.slots = 2}, &err))
		return "no ring can be opened";
	bool can = ring_has(r, F_MULTISHOT);
	ring_free(r);
	return can ? NULL : "receives that stay armed are missing (multishot, Linux 6.0)";
}

/* --- receiving -------------------------------------------------------------------------- */

/* Read by the kernel at any time, written by nobody. */
static struct msghdr with_type = {.msg_controllen = CMSG_SPACE(1)};

void ring_prep_records(struct io_uring_sqe *sqe, int file)
{
	io_uring_prep_recvmsg_multishot(sqe, file, &with_type, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = 0;
}

/* What a buffer holds: a header, the control message, the record's bytes. */
bool ring_take_record(struct ring_event *e, char *buffer)
{
	struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(buffer, e->res, &with_type);
	if (!out) {
		e->res = -EIO;
		return false;
	}
	struct cmsghdr *control = io_uring_recvmsg_cmsg_firsthdr(out, &with_type);
	size_t len = io_uring_recvmsg_payload_length(out, e->res, &with_type);
	e->record = RECORD_DATA;
	if (control && control->cmsg_level == SOL_TLS && control->cmsg_type == TLS_GET_RECORD_TYPE)
		e->record = *CMSG_DATA(control);
	else
		control = NULL;
	e->data = (struct span){io_uring_recvmsg_payload(out, &with_type), len};
	e->res = len || control ? (int32_t)len + !len : 0; /* an empty record is not the end */
	return e->res > 0;
}

/* --- the end ---------------------------------------------------------------------------- */

void ring_close_notify(struct ring *r, uint32_t slot)
{
	static const uint8_t alert[] = {1, 0}; /* a warning: close_notify */
	static const struct {                  /* a struct cmsghdr and what it is about */
		size_t len;
		int level, type;
		uint8_t record;
	} control = {CMSG_LEN(1), SOL_TLS, TLS_SET_RECORD_TYPE, RECORD_ALERT};
	_Static_assert(sizeof control == CMSG_SPACE(1), "laid out as the kernel reads it");
	static const struct iovec bytes = {(void *)(uintptr_t)alert, sizeof alert};
	static const struct msghdr message = {
		.msg_iov = (struct iovec *)(uintptr_t)&bytes,
		.msg_iovlen = 1,
		.msg_control = (void *)(uintptr_t)&control,
		.msg_controllen = CMSG_SPACE(1),
	};
	struct lane *l = ring_lane(r, slot);
	struct io_uring_sqe *sqe = ring_sqe(l);
	if (!sqe)
		return;
	io_uring_prep_sendmsg(sqe, ring_file(r, l, slot), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	ring_on_slot(r, sqe, OP_IGNORE, slot);
	sqe->flags |= ring_has(r, F_SKIP) ? IOSQE_CQE_SKIP_SUCCESS : 0;
}
