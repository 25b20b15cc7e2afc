#include "tools/target/fault.h"

#include "base/units.h"

#include <string.h>

const struct fault *fault_find(struct span name)
{
	for (unsigned i = 0; i < fault_count; i++) {
		const char *known = fault_table[i].name;
		if (strlen(known) == name.len && memcmp(known, name.ptr, name.len) == 0)
			return &fault_table[i];
	}
	return NULL;
}

static const char *place_words(const struct fault *f)
{
	if (f->places == FAULT_HTTP2)
		return " (HTTP/2)";
	return f->places ? "" : " (HTTP/1.1)";
}

void fault_print(FILE *out)
{
	for (unsigned i = 0; i < fault_count; i++)
		fprintf(out, "%-20s %-37s %s%s\n", fault_table[i].name, fault_table[i].expect,
			fault_table[i].help, place_words(&fault_table[i]));
}

static uint64_t total_of(const struct fault *f)
{
	return f->times == ANSWER_ENDLESS ? ANSWER_ENDLESS : f->times * f->again.len;
}

bool fault_render(struct answer *ret, const struct fault *f)
{
	if (f->render)
		return f->render(ret);
	struct span copies = {0};
	if (f->again.len) {
		copies = answer_copies(f->again, f->times);
		if (!copies.len)
			return false;
	}
	*ret = (struct answer){
		.parts = {{f->first, f->first.len}, {copies, total_of(f)}, {f->last, f->last.len}},
		.drip_ms = f->drip_ms,
		.end = f->end,
		.status = f->status,
		.fields = f->fields,
		.memory = copies.ptr,
	};
	return true;
}

int fault_share_parse(struct fault_share *ret, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	struct span name = {text, colon ? (size_t)(colon - text) : strlen(text)};
	double share = 1.0;
	const struct fault *f = fault_find(name);
	if (!f) {
		err_set(err, ERR_USAGE, "unknown fault '%.*s'", (int)name.len, name.ptr);
		return err_hint(err, "`brink target --list-faults` prints them all");
	}
	if (colon && (!units_percent(colon + 1, &share) || share > 1.0))
		return err_set(err, ERR_USAGE, "'%s' is not a share of 0%% to 100%%", colon + 1);
	*ret = (struct fault_share){f, share};
	return 0;
}

bool fault_is_met(const struct fault *f, enum fault_place place)
{
	return (f->places ? f->places : FAULT_HTTP1) & place;
}

const struct fault *fault_draw(const struct fault_share *shares, unsigned count,
			       enum fault_place place, struct rng *rng)
{
	for (unsigned i = 0; i < count; i++) {
		const struct fault *f = shares[i].fault;
		/* rng_unit is never 0: a share of 0 % never strikes, one of 100 % always does. */
		if (fault_is_met(f, place) && rng_unit(rng) <= shares[i].share)
			return f;
	}
	return NULL;
}
