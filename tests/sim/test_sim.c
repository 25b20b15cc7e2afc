/* Whole runs of a worker on the simulated ring. `test_sim --seeds N` (default 200), or
 * `test_sim --seed S` to replay one. Prints TAP. */
#include "tests/sim/sim_runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANGS_AFTER_S 60u /* a run takes milliseconds */

static int run_once(const struct sim_family *family, uint64_t seed, struct sim_run *run,
		    struct sim_result *ret)
{
	family->choose(seed, run);
	return sim_run_worker(run, ret);
}

/* Replays the seed and compares; true when all is well. */
static bool check_seed(const struct sim_family *family, uint64_t seed)
{
	static struct sim_result first, second;
	struct sim_run run;
	alarm(HANGS_AFTER_S);
	if (run_once(family, seed, &run, &first) || run_once(family, seed, &run, &second))
		return false;
	const char *rule = sim_broken_rule(&run, &first);
	if (!rule)
		rule = family->broken_rule(&run, &first);
	if (!rule && memcmp(&first, &second, sizeof first) != 0)
		rule = "the same seed gives the same run";
	if (rule)
		printf("# %s, seed %" PRIu64 ": %s\n", family->name, seed, rule);
	return !rule;
}

int main(int argc, char **argv)
{
	static const struct sim_family *const families[] = {
		&sim_loads, &sim_holds, &sim_steps, &sim_streams, &sim_websockets, &sim_calls};
	enum { FAMILIES = sizeof families / sizeof *families };
	uint64_t from = 1, count = 200;
	unsigned failed = 0;
	if (argc == 3 && strcmp(argv[1], "--seeds") == 0)
		count = strtoull(argv[2], NULL, 10);
	if (argc == 3 && strcmp(argv[1], "--seed") == 0)
		from = strtoull(argv[2], NULL, 10), count = 1;
	setvbuf(stdout, NULL, _IOLBF, 0); /* what an abort cuts short is told all the same */
	printf("1..%u\n", FAMILIES + sim_calm_count());
	for (unsigned i = 0; i < FAMILIES; i++) {
		uint64_t bad = 0;
		for (uint64_t seed = from; seed < from + count; seed++)
			bad += !check_seed(families[i], seed);
		printf("%s %u - %" PRIu64 " simulated %s balance and replay\n",
		       bad ? "not ok" : "ok", i + 1, count, families[i]->name);
		failed += bad != 0;
	}
	failed += sim_calm_runs(FAMILIES + 1);
	return failed != 0;
}
