#include "host/warm.h"

#include "base/mono.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define BLOCK (1u << 20) /* written at a time */

/* A pipe as large as may be: privileged, or as everybody has it (fs.pipe-max-size). */
static const int pipe_sizes[] = {64 << 20, 1 << 20};

/* To fill a block takes 0.1 to 0.4 ms; where the host has to find the memory first, 3 to 8. */
#define COLD_NS NS_PER_MS

static int open_pipe(struct warm *w, int ends[2])
{
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	for (unsigned i = 0; i < sizeof pipe_sizes / sizeof *pipe_sizes; i++) {
		int size = fcntl(ends[1], F_SETPIPE_SZ, pipe_sizes[i]);
		if (size < pipe_sizes[i])
			continue;
		w->pipe_bytes = (uint64_t)size;
		return 0;
	}
	close(ends[0]);
	close(ends[1]);
	return -1;
}

/* Fills a pipe; false: memory or time is up. */
static bool fill(struct warm *w, int end, uint64_t until_ns)
{
	static const char block[BLOCK];
	for (uint64_t filled = 0; filled < w->pipe_bytes; filled += BLOCK) {
		uint64_t from_ns = mono_ns();
		if (from_ns >= until_ns || write(end, block, BLOCK) != BLOCK)
			return false;
		if (mono_ns() - from_ns > COLD_NS)
			w->cold += BLOCK;
		w->bytes += BLOCK;
	}
	return true;
}

/* A pipe is two descriptors, and others will be needed: most of those that the limit allows. */
static void make_room(struct warm *w)
{
	struct rlimit limit = {0};
	getrlimit(RLIMIT_NOFILE, &limit);
	w->room = (uint32_t)((limit.rlim_cur < 65536 ? limit.rlim_cur : 65536) * 47 / 100);
	w->pipes = malloc(w->room * sizeof *w->pipes);
}

void warm_up(struct warm *w, uint64_t bytes, uint64_t limit_ns)
{
	uint64_t from_ns = mono_ns();
	make_room(w);
	bool more = w->pipes;
	while (more && w->bytes + BLOCK <= bytes && w->count < w->room) {
		int *ends = w->pipes[w->count];
		if (open_pipe(w, ends))
			break;
		w->count++;
		more = fill(w, ends[1], from_ns + limit_ns);
	}
	w->seconds = (double)(mono_ns() - from_ns) / (double)NS_PER_S;
}

void warm_release(struct warm *w, uint64_t bytes)
{
	while (w->closed < w->count && w->released + w->pipe_bytes <= bytes) {
		int *ends = w->pipes[w->closed++];
		close(ends[0]);
		close(ends[1]);
		w->released += w->pipe_bytes;
	}
	if (w->released > w->bytes) /* the last pipe was not full */
		w->released = w->bytes;
}

void warm_fini(struct warm *w)
{
	warm_release(w, UINT64_MAX);
	free(w->pipes);
	w->pipes = NULL;
}
