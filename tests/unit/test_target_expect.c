/* Every row of the target's fault table, fed to the engine's own parser: what the parser makes of
 * the bytes must be among what the row says a correct client reports. */
#include "proto/h1.h"
#include "stat/outcome.h"
#include "tools/target/fault.h"
#include "tests/lib/suite.h"

#define WIRE_MAX (2u << 20) /* of an endless row */

struct seen {
	enum outcome outcome; /* of the request */
	bool desync;          /* bytes behind the answer */
};

static enum outcome outcome_of(const struct proto_answer *a)
{
	static const enum outcome of_fault[] = {
		[PROTO_MALFORMED] = OUTCOME_MALFORMED, [PROTO_TOO_LARGE] = OUTCOME_TOO_LARGE,
		[PROTO_DESYNC] = OUTCOME_DESYNC,       [PROTO_TRUNCATED] = OUTCOME_TRUNCATED,
		[PROTO_CLOSED] = OUTCOME_PEER_CLOSED,
	};
	if (a->fault != PROTO_OK)
		return of_fault[a->fault];
	if (a->status == 429 || (a->status == 503 && a->retry_after))
		return OUTCOME_SHED;
	return a->status >= 400 ? OUTCOME_HTTP_5XX : OUTCOME_OK;
}

/* Feeds a span; true once the request has ended. */
static bool feed(struct h1 *h, struct span in, struct seen *ret, bool *ended)
{
	while (in.len) {
		struct proto_answer a = {0};
		enum proto_step step = h1_feed(h, &in, &a);
		if (step == PROTO_MORE)
			return *ended;
		if (*ended) {
			ret->desync = a.fault == PROTO_DESYNC;
			return true;
		}
		ret->outcome = outcome_of(&a);
		*ended = true;
		if (step == PROTO_FAULT)
			return true;
	}
	return *ended;
}

/* What ends a request that the bytes alone did not end. */
static enum outcome outcome_of_end(struct h1 *h, enum answer_end end)
{
	struct proto_answer a = {0};
	if (end == ANSWER_RESET)
		return OUTCOME_PEER_RESET;
	if (end == ANSWER_KEEP || end == ANSWER_MUTE)
		return OUTCOME_TIMEOUT;
	ck_assert_int_ne(h1_eof(h, &a), PROTO_MORE);
	return outcome_of(&a);
}

/* `step` bytes at a time. */
static struct seen meet(const struct fault *f, size_t step)
{
	struct h1 h;
	struct answer a;
	struct seen seen = {OUTCOME_COUNT, false};
	bool ended = false;
	size_t fed = 0;
	h1_open(&h);
	h1_expect(&h, false);
	ck_assert(fault_render(&a, f));
	for (unsigned i = 0; i < ANSWER_PARTS; i++) {
		for (uint64_t sent = 0; sent < a.parts[i].total && fed < WIRE_MAX;) {
			struct span next = answer_next(a.parts[i].bytes, a.parts[i].total, sent);
			next.len = next.len < step ? next.len : step;
			sent += next.len;
			fed += next.len;
			if (feed(&h, next, &seen, &ended) && seen.outcome != OUTCOME_OK)
				goto done;
		}
	}
	if (!ended)
		seen.outcome = outcome_of_end(&h, a.end);
done:
	answer_fini(&a);
	return seen;
}

static bool names(const char *list, enum outcome outcome)
{
	const char *name = outcome_name(outcome);
	size_t len = strlen(name);
	for (const char *at = list; *at; at += strcspn(at, "|"), at += *at == '|')
		if (strcspn(at, "|") == len && memcmp(at, name, len) == 0)
			return true;
	return false;
}

/* Slow rows are right in their bytes; it is the client's patience that ends them. */
static bool is_slow(const struct fault *f)
{
	return f->drip_ms >= 100;
}

static void hold_to_its_row(const struct fault *f, size_t step)
{
	struct seen seen = meet(f, step);
	ck_assert_msg(is_slow(f) || names(f->expect, seen.outcome), "%s: parsed as %s, expected %s",
		      f->name, outcome_name(seen.outcome), f->expect);
	ck_assert_msg(!seen.desync || names(f->expect, OUTCOME_DESYNC), "%s: desync", f->name);
	if (strcmp(f->name, "surplus") == 0 || strcmp(f->name, "two-answers") == 0 ||
	    strcmp(f->name, "status-204-body") == 0)
		ck_assert_msg(seen.desync, "%s: no desync", f->name);
}

START_TEST(the_parser_reports_what_the_row_expects)
{
	for (unsigned i = 0; i < fault_count; i++)
		if (fault_table[i].places != FAULT_HTTP2)
			hold_to_its_row(&fault_table[i], SIZE_MAX);
}
END_TEST

START_TEST(so_it_does_when_bytes_come_one_by_one)
{
	for (unsigned i = 0; i < fault_count; i++)
		if (fault_table[i].places != FAULT_HTTP2)
			hold_to_its_row(&fault_table[i], 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_expect");
	TCase *tests = tcase_create("expect");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_parser_reports_what_the_row_expects);
	tcase_add_test(tests, so_it_does_when_bytes_come_one_by_one);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
