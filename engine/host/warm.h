/* warm: memory touched ahead, and handed over bit by bit. On a virtual machine the first touch of
 * memory costs the host's page fault, ten times what clearing it costs; connections that are
 * opened into such memory open at half the rate. A guest that reports its free memory to the host
 * (virtio_balloon) loses it again within seconds, so it is kept here until just before the kernel
 * needs it. It is kept in pipes: their pages come from where those of sockets will come from,
 * which memory of this process would not. One thread. */
#ifndef BRINK_HOST_WARM_H
#define BRINK_HOST_WARM_H

#include <stdint.h>

struct warm {
	int (*pipes)[2];
	uint32_t room, count, closed; /* pipes at most, filled, and closed of those */
	uint64_t pipe_bytes;          /* of one */
	uint64_t bytes;               /* touched */
	uint64_t cold;     /* of them, those that took as long as what the host had to find */
	uint64_t released; /* of them, given back */
	double seconds;    /* that touching took */
};

/* Touches so many bytes of free memory; stops after limit_ns, or where the kernel gives no more
 * (fs.pipe-user-pages-soft without privileges) or most of the descriptors are used. A zeroed
 * struct. */
void warm_up(struct warm *w, uint64_t bytes, uint64_t limit_ns);

/* Gives back until so many bytes in all have been. */
void warm_release(struct warm *w, uint64_t bytes);
void warm_fini(struct warm *w);

#endif
