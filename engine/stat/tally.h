/* tally: what one worker counted in one window.
 *
 * A worker owns two: it fills one while the other is with the main thread to be merged. They
 * change hands through the worker's mailbox (load/worker.h). Counters are of this window alone;
 * gauges say so. */
#ifndef BRINK_STAT_TALLY_H
#define BRINK_STAT_TALLY_H

#include "stat/hist.h"
#include "stat/outcome.h"

#include <stdbool.h>
#include <stdint.h>

#define TALLY_STATUSES    1000
#define TALLY_TLS_REASONS 32
#define TALLY_CHECKS      32 /* rules that answers are held to, load/check.h */
#define TALLY_GRPC        18 /* gRPC's 17 statuses, and one for others */
#define TALLY_WS_CLOSES   17 /* codes 1000 to 1015, and all others */

struct tally {
	uint64_t from_ns, to_ns;  /* the window; adding keeps the earliest and the latest */
	uint64_t last_end_ns;     /* gauge: when a request last ended; the latest is kept */
	uint64_t issued_until_ns; /* gauge: until when requests were taken; the latest is kept */
	bool shed_ok;             /* shed answers are no failures (--shed-ok); either sets it */

	/* requests; those due before the measured time are in `warmup` alone */
	uint64_t intended;
	uint64_t sent;
	uint64_t warmup;
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t late[OUTCOME_COUNT];    /* of them: due before the piece of the load that was on */
	uint64_t status[TALLY_STATUSES]; /* by status code of the answer */
	uint64_t grpc[TALLY_GRPC];       /* by grpc-status of the answer */
	uint64_t retries;                /* of requests that are counted once all the same */
	uint64_t held_back;              /* due, and not taken: only safe methods were to go on */
	uint64_t capture_misses;         /* answers without the value that was to be captured */
	uint64_t messages;               /* of answers that are streams of them */
	uint64_t bare_answers;           /* those of a protocol without statuses */
	uint64_t rows_ended;             /* workers whose rows, each used once, have run out */
	uint64_t checked;                /* answers that were held to rules beside their status */
	uint64_t unchecked;              /* of them: too long for one of the rules to be decided */
	uint64_t checked_by[TALLY_CHECKS], check_failed_by[TALLY_CHECKS]; /* by rule */
	uint64_t bytes_sent, bytes_received;
	uint64_t in_flight;           /* gauge, at the window's end: intended and not yet ended */
	uint64_t oldest_in_flight_ns; /* gauge: age of the oldest of them */

	/* connections */
	uint64_t opened;                   /* connects that succeeded */
	uint64_t failed;                   /* connects that did not */
	uint64_t lost;                     /* ended by the peer while no answer called for it */
	uint64_t reopened;                 /* opened again in a slot that had been open before */
	uint64_t failed_by[OUTCOME_COUNT]; /* `failed` and `lost`, by cause */
	uint64_t lost_by[OUTCOME_COUNT];
	uint64_t tls_full, tls_resumed; /* handshakes that succeeded */
	uint64_t
		tls_reasons[TALLY_TLS_REASONS]; /* what failed, by enum tls_reason (tls/reason.h) */
	uint64_t ws_close[TALLY_WS_CLOSES];     /* connections that the peer closed, by code */
	uint64_t held_until_ns; /* gauge: when its time was over; the latest is kept */
	uint64_t held_from_ns;  /* gauge: when a hold had tried all; the latest is kept */
	uint64_t open;          /* gauge */
	uint64_t opening;       /* gauge: dials in flight */
	uint64_t active;        /* gauge: open and answered at least once */
	uint64_t open_max;      /* gauge, since the start */
	uint64_t active_max;    /* gauge, since the start */

	/* the generator's own health */
	uint64_t turns;          /* ring enters */
	uint64_t batch_turns;    /* of which waited for more completions than one */
	uint64_t events;         /* completions */
	uint64_t ring_overflows; /* completions that the kernel had to keep aside */
	uint64_t ring_starved;   /* receives that ended for want of a buffer */
	uint64_t cpu_ns;         /* user + system of the thread */
	uint64_t spin_ns;        /* of which waited for a due instant by choice */
	uint64_t run_delay_ns;   /* runnable, but waiting for a cpu */
	uint64_t slots_left;     /* gauge: ring slots still in use once everything was closed */

	struct hist intended_us; /* due -> end */
	struct hist late_us;    /* the same of those that were late, which no other histogram has */
	struct hist service_us; /* written -> end */
	struct hist connect_us;
	struct hist tls_us;        /* of the handshakes that succeeded */
	struct hist first_byte_us; /* written -> first byte of the answer */
	struct hist message_us;    /* the message before it, or written -> message of a stream */
	struct hist lag_us; /* due -> written, where a connection was free: the generator's own */
};

void tally_init(struct tally *t);  /* for memory never used before */
void tally_start(struct tally *t); /* for memory that is zero: touches hardly any of it */
void tally_reset(struct tally *t); /* cheap: touches what is in use */

/* The two ways to add: a later window of the same worker (gauges are replaced by the newer), and
 * another worker's tally of the same time (gauges add up, the oldest request stays the oldest).
 * Counters and histograms add in both. Maxima of several workers need not have been at the same
 * instant: joined, they bound what stood at once from above. */
void tally_extend(struct tally *into, const struct tally *later);
void tally_join(struct tally *into, const struct tally *other);

uint64_t tally_failed(const struct tally *t);         /* outcomes of SIDE_TARGET */
uint64_t tally_generator_side(const struct tally *t); /* outcomes of SIDE_GENERATOR */
uint64_t tally_answers(const struct tally *t);        /* of any status or none, late ones too */
uint64_t tally_ended(const struct tally *t);          /* all outcomes */

/* (failed + shed) / (ok + failed + shed), with shed_ok failed / (ok + failed + shed); 0 of none. */
double tally_error_rate(const struct tally *t);

#endif
