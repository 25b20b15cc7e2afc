/* agent_clock: how far another host's clock is from ours, by four instants of an exchange. The
 * exchange of least round trip knows it best: the error is half of that at most. Pure. */
#ifndef BRINK_RUN_AGENT_CLOCK_H
#define BRINK_RUN_AGENT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct agent_clock {
	bool known;
	int64_t offset_ns; /* theirs minus ours */
	uint64_t bound_ns; /* half the least round trip */
	uint64_t best_ns;  /* least round trip of the estimate that goes on */
	int64_t best_offset_ns;
};

/* An estimate begins; the one before it holds until agent_clock_end(). */
void agent_clock_begin(struct agent_clock *c);

/* Sent and answered by our clock, received and sent by theirs. What cannot be (their span is longer
 * than ours) is left out. */
void agent_clock_take(struct agent_clock *c, uint64_t sent_ns, uint64_t their_received_ns,
		      uint64_t their_sent_ns, uint64_t answered_ns);
void agent_clock_end(struct agent_clock *c);

/* Their instant on our clock. */
uint64_t agent_clock_ours(const struct agent_clock *c, uint64_t their_ns);

#endif
