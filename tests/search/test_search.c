/* Searches against simulated services, whose truth is known. `test_search --seeds N` (default 40),
 * or `test_search --seed S` to see one of each. Prints TAP, and a table. */
#include "tests/search/services.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT_LEAST 0.98
#define STEPS_MOST  45u

struct score {
	uint64_t right, steps;
	unsigned steps_most;
	double elapsed_s, elapsed_most_s;
};

static struct search search; /* histograms: large */

static void show(const struct scenario *scenario, double elapsed_s)
{
	printf("# %s: %.1f s, low %g, high %g\n", scenario->name, elapsed_s, search.low,
	       search.high);
	for (unsigned i = 0; i < search.found.step_count; i++) {
		const struct search_step *t = &search.found.steps[i];
		printf("#   %9.1f offered %9.1f achieved %9.1f p50 %7" PRIu64 " p99 %7" PRIu64
		       " errors %5.3f %s%s%s %s\n",
		       t->value, t->offered_rps, t->achieved_rps, t->p50_us, t->p99_us,
		       t->error_rate, search_state_name(t->state), t->drifting ? " drifts" : "",
		       t->returning ? " returning" : "", search_reason_name(t->reason));
	}
	printf("#   breaks at %g (%g-%g) by %s, knee %g (%g-%g), recovery %.2f s, returns at "
	       "%g%s\n",
	       search.found.breaking.value, search.found.breaking.low, search.found.breaking.high,
	       search_reason_name(search.found.reason), search.found.knee.value,
	       search.found.knee.low, search.found.knee.high, search.found.recovery_s,
	       search.found.returns_at, search.found.graceful ? ", sheds" : "");
}

static void play_once(const struct scenario *scenario, uint64_t seed, bool shown,
		      struct score *score)
{
	double elapsed_s = play(scenario, seed, &search);
	const char *wrong = search.order.done ? scenario->wrong(&search, elapsed_s) : "no end";
	if (shown)
		show(scenario, elapsed_s);
	if (wrong && score->right + 5 > seed)
		printf("# %s, seed %" PRIu64 ": %s\n", scenario->name, seed, wrong);
	score->right += !wrong;
	score->steps += search.found.step_count;
	score->elapsed_s += elapsed_s;
	if (search.found.step_count > score->steps_most)
		score->steps_most = search.found.step_count;
	if (elapsed_s > score->elapsed_most_s)
		score->elapsed_most_s = elapsed_s;
}

int main(int argc, char **argv)
{
	uint64_t from = 1, count = 40;
	unsigned failed = 0;
	bool one = argc == 3 && !strcmp(argv[1], "--seed");
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		count = strtoull(argv[2], NULL, 10);
	if (one)
		from = strtoull(argv[2], NULL, 10), count = 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%u\n", scenario_count);
	for (unsigned i = 0; i < scenario_count; i++) {
		struct score score = {0};
		for (uint64_t seed = from; seed < from + count; seed++)
			play_once(&scenarios[i], seed, one, &score);
		bool ok = (double)score.right >= RIGHT_LEAST * (double)count &&
			  score.steps_most <= STEPS_MOST;
		printf("%s %u - %s: right %" PRIu64 " of %" PRIu64
		       ", steps %.1f (%u at most), %.0f s (%.0f at most)\n",
		       ok ? "ok" : "not ok", i + 1, scenarios[i].name, score.right, count,
		       (double)score.steps / (double)count, score.steps_most,
		       score.elapsed_s / (double)count, score.elapsed_most_s);
		failed += !ok;
	}
	return failed != 0;
}
