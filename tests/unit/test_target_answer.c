/* The target's answers. */
#include "tools/target/answer.h"
#include "tests/lib/suite.h"

static char filler[ANSWER_FILLER];

static struct answer_spec spec_of(unsigned status, uint64_t body_bytes, enum answer_wire wire)
{
	memset(filler, 'x', sizeof filler);
	return (struct answer_spec){.status = status,
				    .body_bytes = body_bytes,
				    .filler = {filler, sizeof filler},
				    .wire = wire};
}

static void expect_head(const struct answer_spec *spec, const char *head)
{
	struct answer a;
	ck_assert(answer_render(&a, spec));
	ck_assert_uint_eq(a.head_len, strlen(head));
	ck_assert_mem_eq(a.parts[0].bytes.ptr, head, strlen(head));
	answer_fini(&a);
}

START_TEST(a_head_says_length_and_fate_of_the_connection)
{
	struct answer_spec keep = spec_of(200, 2, WIRE_KEEP);
	struct answer_spec keep10 = spec_of(404, 0, WIRE_KEEP_10);
	struct answer_spec end = spec_of(599, 1u << 20, WIRE_CLOSE);
	end.headers = span_of("X-A: b\r\n");
	expect_head(&keep, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	expect_head(&keep10, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
			     "Connection: keep-alive\r\n\r\n");
	expect_head(&end, "HTTP/1.1 599 Unknown\r\nContent-Length: 1048576\r\n"
			  "Connection: close\r\nX-A: b\r\n\r\n");
}
END_TEST

START_TEST(statuses_without_a_body_have_neither_length_nor_body)
{
	struct answer a;
	struct answer_spec none = spec_of(204, 1u << 20, WIRE_KEEP);
	expect_head(&none, "HTTP/1.1 204 No Content\r\n\r\n");
	ck_assert(answer_render(&a, &none));
	ck_assert_uint_eq(a.parts[0].total, a.head_len);
	ck_assert_uint_eq(a.parts[1].total, 0);
	answer_fini(&a);
}
END_TEST

START_TEST(a_body_of_any_size_takes_little_memory)
{
	struct answer a;
	struct answer_spec large = spec_of(200, UINT64_C(1) << 50, WIRE_KEEP);
	ck_assert(answer_render(&a, &large));
	ck_assert(!a.mergeable);
	ck_assert_uint_eq(a.parts[0].total, a.head_len);
	ck_assert_uint_eq(a.parts[1].total, UINT64_C(1) << 50);
	ck_assert_ptr_eq(a.parts[1].bytes.ptr, filler);
	answer_fini(&a);
}
END_TEST

START_TEST(next_goes_round_and_stops_at_the_total)
{
	const struct span abc = {"abc", 3};
	struct span next = answer_next(abc, 7, 0);
	ck_assert(next.ptr == abc.ptr && next.len == 3);
	next = answer_next(abc, 7, 4);
	ck_assert(next.ptr == abc.ptr + 1 && next.len == 2);
	next = answer_next(abc, 7, 6);
	ck_assert(next.ptr == abc.ptr && next.len == 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_answer");
	TCase *tests = tcase_create("answer");
	tcase_add_test(tests, a_head_says_length_and_fate_of_the_connection);
	tcase_add_test(tests, statuses_without_a_body_have_neither_length_nor_body);
	tcase_add_test(tests, a_body_of_any_size_takes_little_memory);
	tcase_add_test(tests, next_goes_round_and_stops_at_the_total);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
