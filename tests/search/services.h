/* services: simulated services whose capacity is known, and the clock and the generator that a
 * search meets them with. All time is simulated, all chance is from the seed. */
#ifndef BRINK_TESTS_SEARCH_SERVICES_H
#define BRINK_TESTS_SEARCH_SERVICES_H

#include "base/rng.h"
#include "run/search.h"

#define SERVERS_MAX 64u

/* What a request met, and when it was over. */
struct met {
	double end_s;
	bool answered, ok, refused;
};

struct service {
	struct rng rng;
	double now_s; /* of the latest arrival */
	unsigned servers;
	double free_s[SERVERS_MAX]; /* when each is done with what it has */
	double service_s;
	bool exponential; /* service times, not constant ones */
	double queue_s;   /* what would wait for longer is refused; 0: a queue without end */
	double capacity;  /* of a service that counts arrivals */
	double counted_s; /* the tenth of a second that is being counted, */
	unsigned counted, before; /* and what came in it, and in the one before */
	double open_until_s;      /* a breaker's */
	double leak_per_s;        /* the share by which service times grow */
	double stalled_s;         /* the tenth of a second looked at for a stall */
	double stall_chance;
};

struct scenario {
	const char *name;
	void (*init)(struct service *s);
	struct met (*serve)(struct service *s, double now_s);
	bool connections; /* the load is connections in a closed loop */
	bool poisson;
	double from, to;
	double generator_rps; /* the generator does no more; 0: any load */
	/* Whether what was found is right: NULL, or what is wrong. */
	const char *(*wrong)(const struct search *s, double elapsed_s);
};

extern const struct scenario scenarios[];
extern const unsigned scenario_count;

/* Plays a search to its end. Returns how long it took by its own clock. */
double play(const struct scenario *scenario, uint64_t seed, struct search *s);

#endif
