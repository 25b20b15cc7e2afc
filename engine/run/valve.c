#include "run/valve.h"

#include "base/mono.h"
#include "base/units.h"

#include <string.h>

static const char *find_for(const char *text)
{
	const char *found = NULL;
	for (const char *at = strstr(text, " for "); at; at = strstr(at + 1, " for "))
		found = at;
	return found;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " ");
}

int valve_parse(struct valve *ret, enum valve_kind kind, const char *text, struct err *err)
{
	struct valve v = {.kind = kind};
	char condition[THRESHOLD_TEXT];
	const char *end = find_for(text);
	size_t len = end ? (size_t)(end - text) : strlen(text);
	if (len >= sizeof condition)
		return err_set(err, ERR_USAGE, "\"%.60s...\": over %zu characters", text,
			       sizeof condition - 1);
	memcpy(condition, text, len);
	condition[len] = '\0';
	if (end && !units_duration_ns(skip_blanks(end + 5), &v.for_ns)) {
		err_set(err, ERR_USAGE, "\"%s\": \"%s\" is not a duration", text,
			skip_blanks(end + 5));
		return err_hint(err, "like errors>50%% for 10s");
	}
	if (threshold_parse(&v.condition, condition, err))
		return -1;
	*ret = v;
	return 0;
}

bool valve_look(struct valve *v, const struct tally *counted, uint64_t from_ns, uint64_t to_ns)
{
	double seconds = (double)(to_ns - from_ns) / (double)NS_PER_S;
	double rate_rps = seconds > 0 ? (double)tally_ended(counted) / seconds : 0;
	struct threshold_result result = threshold_judge(&v->condition, counted, rate_rps);
	bool proof = tally_ended(counted) > 0;
	bool holds = proof && (v->kind == VALVE_ABORT ? !result.ok : result.ok);
	bool before = v->fired;
	if (!holds)
		v->since_ns = 0;
	else if (!v->since_ns)
		v->since_ns = from_ns + 1;
	v->fired = holds && to_ns >= v->after_ns && to_ns + 1 - v->since_ns >= v->for_ns;
	return v->fired != before;
}
