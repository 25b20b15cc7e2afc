/* The target's queue against a naive simulation that walks every server and every waiting place
 * at every arrival. */
#include "base/rng.h"
#include "tools/target/queue.h"
#include "tests/lib/suite.h"

#include <stdlib.h>

#define ARRIVALS 20000u
#define MS       UINT64_C(1000000)

/* --- the naive one ---------------------------------------------------------------------- */

struct naive {
	uint64_t free_at[64];  /* each server */
	uint64_t waiting[128]; /* instants at which those that wait will start */
	unsigned servers, places, waiting_count;
	uint64_t service_ns;
};

static void leave_started(struct naive *n, uint64_t now)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < n->waiting_count; i++)
		if (n->waiting[i] > now)
			n->waiting[kept++] = n->waiting[i];
	n->waiting_count = kept;
}

static unsigned earliest_server(const struct naive *n)
{
	unsigned best = 0;
	for (unsigned i = 1; i < n->servers; i++)
		if (n->free_at[i] < n->free_at[best])
			best = i;
	return best;
}

static bool naive_admit(struct naive *n, uint64_t now, uint64_t *ret)
{
	leave_started(n, now);
	unsigned server = earliest_server(n);
	uint64_t start = n->free_at[server] > now ? n->free_at[server] : now;
	if (start > now) {
		if (n->waiting_count == n->places)
			return false;
		n->waiting[n->waiting_count++] = start;
	}
	n->free_at[server] = start + n->service_ns;
	*ret = n->free_at[server];
	return true;
}

/* Arrivals at random, at `load` times the capacity; several at one instant are common. */
static void compare(unsigned servers, unsigned places, double load, uint64_t seed)
{
	struct naive naive = {.servers = servers, .places = places, .service_ns = 10 * MS};
	struct queue q;
	struct rng rng = {seed};
	uint64_t now = 1, bound = (uint64_t)(2.0 * 10 * MS / (servers * load));
	unsigned refused = 0;
	ck_assert(queue_init(&q, servers, places, naive.service_ns));
	for (unsigned i = 0; i < ARRIVALS; i++) {
		uint64_t mine = 0, theirs = 0;
		now += rng_below(&rng, 4) ? rng_below(&rng, bound * 4 / 3 + 1) : 0;
		bool admitted = queue_admit(&q, now, &mine);
		if (admitted != naive_admit(&naive, now, &theirs) || mine != theirs)
			ck_abort_msg("arrival %u of %u servers, %u places, load %g", i, servers,
				     places, load);
		refused += !admitted;
	}
	if (load > 1.5)
		ck_assert_uint_gt(refused, 0);
	queue_fini(&q);
}

START_TEST(it_agrees_with_a_naive_simulation)
{
	static const unsigned servers[] = {1, 2, 3, 10, 64};
	static const unsigned places[] = {0, 1, 7, 100};
	static const double loads[] = {0.5, 0.95, 1.0, 2.0, 20.0};
	for (unsigned i = 0; i < 5; i++)
		for (unsigned j = 0; j < 4; j++)
			for (unsigned k = 0; k < 5; k++)
				compare(servers[i], places[j], loads[k], 1 + i * 100 + j * 10 + k);
}
END_TEST

/* --- by hand ---------------------------------------------------------------------------- */

START_TEST(a_free_server_starts_at_once)
{
	struct queue q;
	uint64_t done = 0;
	ck_assert(queue_init(&q, 2, 0, 10 * MS));
	ck_assert(queue_admit(&q, 5 * MS, &done));
	ck_assert_uint_eq(done, 15 * MS);
	ck_assert(queue_admit(&q, 6 * MS, &done));
	ck_assert_uint_eq(done, 16 * MS);
	queue_fini(&q);
}
END_TEST

START_TEST(with_no_place_to_wait_the_next_is_refused_until_the_instant_one_is_done)
{
	struct queue q;
	uint64_t done = 77;
	ck_assert(queue_init(&q, 1, 0, 10 * MS));
	ck_assert(queue_admit(&q, 5 * MS, &done));
	done = 77;
	ck_assert(!queue_admit(&q, 15 * MS - 1, &done));
	ck_assert_uint_eq(done, 77);
	ck_assert(queue_admit(&q, 15 * MS, &done));
	ck_assert_uint_eq(done, 25 * MS);
	queue_fini(&q);
}
END_TEST

START_TEST(servers_and_places_are_counted_exactly)
{
	struct queue q;
	uint64_t done;
	ck_assert(queue_init(&q, 3, 4, 10 * MS));
	for (unsigned i = 0; i < 7; i++) {
		ck_assert(queue_admit(&q, MS, &done));
		ck_assert_uint_eq(done, MS + (i / 3 + 1) * 10 * MS);
	}
	ck_assert(!queue_admit(&q, MS, &done));
	ck_assert(!queue_admit(&q, MS + 1, &done));
	queue_fini(&q);
}
END_TEST

START_TEST(a_refused_request_takes_no_place)
{
	struct queue q;
	uint64_t done;
	ck_assert(queue_init(&q, 1, 1, 10 * MS));
	ck_assert(queue_admit(&q, 0, &done));
	ck_assert(queue_admit(&q, 0, &done));
	for (unsigned i = 0; i < 100; i++)
		ck_assert(!queue_admit(&q, 5 * MS, &done));
	ck_assert(queue_admit(&q, 10 * MS, &done));
	ck_assert_uint_eq(done, 30 * MS);
	queue_fini(&q);
}
END_TEST

/* Ten servers of 10 ms under five times their load: once they are busy, 10,000 in any 10 s. */
START_TEST(capacity_is_servers_over_service_time)
{
	struct queue q;
	uint64_t done;
	unsigned within = 0;
	ck_assert(queue_init(&q, 10, 5, 10 * MS));
	for (uint64_t now = 0; now < 11000 * MS; now += MS / 5)
		if (queue_admit(&q, now, &done) && done > 100 * MS && done <= 10100 * MS)
			within++;
	ck_assert_uint_eq(within, 10000);
	queue_fini(&q);
}
END_TEST

START_TEST(an_unbounded_queue_refuses_nobody_and_keeps_the_order)
{
	struct queue q;
	uint64_t done, before = 0;
	ck_assert(queue_init(&q, 2, QUEUE_UNBOUNDED, 10 * MS));
	for (unsigned i = 0; i < 100000; i++) {
		ck_assert(queue_admit(&q, i, &done));
		ck_assert_uint_ge(done, before);
		before = done;
	}
	ck_assert_uint_eq(before, 50000 * 10 * MS + 1);
	queue_fini(&q);
}
END_TEST

START_TEST(a_clock_read_late_by_another_thread_does_not_turn_time_back)
{
	struct queue q;
	uint64_t done;
	ck_assert(queue_init(&q, 2, 0, 10 * MS));
	ck_assert(queue_admit(&q, 50 * MS, &done));
	ck_assert(queue_admit(&q, 49 * MS, &done));
	ck_assert_uint_eq(done, 60 * MS);
	queue_fini(&q);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_queue");
	TCase *tests = tcase_create("queue");
	tcase_add_test(tests, it_agrees_with_a_naive_simulation);
	tcase_add_test(tests, a_free_server_starts_at_once);
	tcase_add_test(tests,
		       with_no_place_to_wait_the_next_is_refused_until_the_instant_one_is_done);
	tcase_add_test(tests, servers_and_places_are_counted_exactly);
	tcase_add_test(tests, a_refused_request_takes_no_place);
	tcase_add_test(tests, capacity_is_servers_over_service_time);
	tcase_add_test(tests, an_unbounded_queue_refuses_nobody_and_keeps_the_order);
	tcase_add_test(tests, a_clock_read_late_by_another_thread_does_not_turn_time_back);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
