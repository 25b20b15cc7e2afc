#include "run/valves.h"

#include "base/mem.h"
#include "base/mono.h"
#include "run/health.h"

#include <stdio.h>
#include <string.h>

#define LOOK_NS (400 * NS_PER_MS) /* with an order's way, within a second */

int valves_init(struct valves *v, const struct valve *list, unsigned count, struct err *err)
{
	if (!count)
		return 0;
	v->count = count;
	memcpy(v->list, list, count * sizeof *list);
	v->window = mem_reserve(sizeof *v->window);
	if (!v->window)
		return err_set(err, ERR_RUNTIME, "no memory for the counts of a window");
	tally_start(v->window);
	return 0;
}

void valves_fini(struct valves *v)
{
	mem_pages_free(v->window, sizeof *v->window);
}

/* True: the load ends. */
static bool act(const struct valve *v, struct crew *crew, double at_s, struct summary *s)
{
	static const char *const words[] = {
		[VALVE_STOP] = "stopped",
		[VALVE_READ_ONLY] = "only safe methods went on",
		[VALVE_ABORT] = "stopped, as a threshold had failed",
	};
	if (v->kind == VALVE_READ_ONLY)
		crew_read_only(crew, v->fired);
	if (!v->fired)
		return false;
	summary_note(s, "at second %.1f: %s: %s", at_s, words[v->kind], v->condition.text);
	if (v->kind == VALVE_READ_ONLY)
		return false;
	s->stopped_by_guard |= v->kind == VALVE_STOP;
	return true;
}

bool valves_tick(struct valves *v, struct crew *crew, const struct tally *window,
		 const struct tally *total, uint64_t since_start_ns, struct summary *s)
{
	bool ends = false;
	if (!v->window)
		return false;
	tally_extend(v->window, window);
	if (since_start_ns < v->from_ns + LOOK_NS)
		return false;
	for (unsigned i = 0; i < v->count; i++) {
		struct valve *valve = &v->list[i];
		bool all = valve->kind == VALVE_ABORT;
		if (valve_look(valve, all ? total : v->window, all ? 0 : v->from_ns,
			       since_start_ns))
			ends |= act(valve, crew, (double)since_start_ns / (double)NS_PER_S, s);
	}
	v->from_ns = since_start_ns;
	tally_reset(v->window);
	return ends;
}
