/* ring_compat: kernel constants that Debian 12's liburing 2.3 does not know yet, each with the
 * kernel that brought it. Values are the kernel's ABI (include/uapi/linux/io_uring.h). */
#ifndef BRINK_IO_RING_COMPAT_H
#define BRINK_IO_RING_COMPAT_H

#include <stdint.h>

#define COMPAT_FEAT_MIN_TIMEOUT           (1u << 15) /* 6.12 */
#define COMPAT_OP_READ_MULTISHOT          49 /* 6.7; tells that URING_CMD knows socket options */
#define COMPAT_SOCKET_URING_OP_SETSOCKOPT 3  /* 6.7 */
#define COMPAT_OP_BIND                    56 /* 6.11 */
#define COMPAT_IP_LOCAL_PORT_RANGE        51 /* 6.3, include/uapi/linux/in.h */
#define COMPAT_RECVSEND_POLL_FIRST        (1u << 0) /* 5.19 */

/* struct io_uring_getevents_arg, whose pad became min_wait_usec in 6.12. */
struct compat_getevents_arg {
	uint64_t sigmask;
	uint32_t sigmask_sz;
	uint32_t min_wait_usec;
	uint64_t ts;
};

#endif
