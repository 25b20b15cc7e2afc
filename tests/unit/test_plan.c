#include "load/plan.h"
#include "tests/lib/suite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t totals[] = {0, 1, 2, 7, 10, 64, 10007, 4000000, UINT32_MAX, UINT64_MAX};

START_TEST(shares_add_up_and_differ_by_one_at_most)
{
	uint64_t total = totals[_i];
	for (uint32_t n = 1; n <= 130; n++) {
		uint64_t sum = 0, last = UINT64_MAX;
		for (uint32_t i = 0; i < n; i++) {
			uint64_t share = plan_share(total, i, n);
			ck_assert_uint_le(share, last); /* the first have the remainder */
			ck_assert_uint_ge(share, total / n);
			ck_assert_uint_le(share - total / n, 1);
			sum += share;
			last = share;
		}
		ck_assert_uint_eq(sum, total);
	}
}
END_TEST

START_TEST(the_wire_is_the_request_over_and_over_on_its_own_pages)
{
	static const uint32_t depths[] = {1, 2, 7, PLAN_PIPELINE_MAX};
	const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct plan p = {.pipeline = depths[_i]};
	struct err err;
	char request[sizeof text];
	memcpy(request, text, sizeof text);
	size_t len = sizeof text - 1;
	ck_assert_int_eq(plan_set_request(&p, (struct span){request, len}, &err), 0);
	memset(request, 'x', sizeof request); /* a copy was made */
	ck_assert_uint_eq(p.request_len, len);
	ck_assert_uint_eq(p.wire.len, len * depths[_i]);
	ck_assert_uint_eq((uintptr_t)p.wire.ptr % (uintptr_t)sysconf(_SC_PAGESIZE), 0);
	for (uint32_t i = 0; i < depths[_i]; i++)
		ck_assert_mem_eq(p.wire.ptr + i * len, text, len);
	plan_fini(&p);
	ck_assert_ptr_null(p.wire.ptr);
	plan_fini(&p); /* once more does nothing */
}
END_TEST

START_TEST(tuples_are_booked_where_they_are_ours_to_choose)
{
	struct addr to[2], from[1];
	struct plan p = {.tuples = {.to = to, .to_count = 1, .per_pair = 5}};
	ck_assert(!plan_books_tuples(&p)); /* one destination: all is the kernel's choice */
	p.tuples.to_count = 2;
	ck_assert(plan_books_tuples(&p));
	p.tuples = (struct tuples){.to = to, .to_count = 1, .from = from, .from_count = 1};
	ck_assert(plan_books_tuples(&p));
	p.tuples = (struct tuples){.to = to, .to_count = 1, .port_low = 1024, .port_count = 1};
	ck_assert(plan_books_tuples(&p));
}
END_TEST

START_TEST(a_plan_gives_its_addresses_back)
{
	struct plan p = {.tuples = {.to = calloc(2, sizeof(struct addr)),
				    .from = calloc(2, sizeof(struct addr)),
				    .to_count = 2,
				    .from_count = 2}};
	plan_fini(&p); /* or AddressSanitizer tells */
	ck_assert(!p.tuples.to && !p.tuples.from && !p.tuples.to_count && !p.tuples.from_count);
	plan_fini(&p);
}
END_TEST

START_TEST(a_wire_beyond_all_memory_is_an_error_in_words)
{
	struct plan p = {.pipeline = 64};
	struct err err = {0};
	struct span beyond = {"", (size_t)1 << 48};
	ck_assert_int_eq(plan_set_request(&p, beyond, &err), -1);
	ck_assert_int_eq(err.kind, ERR_RUNTIME);
	ck_assert_ptr_nonnull(strstr(err.text, "64 requests"));
	ck_assert_ptr_null(p.wire.ptr);
	plan_fini(&p);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("plan");
	tcase_add_loop_test(all, shares_add_up_and_differ_by_one_at_most, 0,
			    sizeof totals / sizeof *totals);
	tcase_add_loop_test(all, the_wire_is_the_request_over_and_over_on_its_own_pages, 0, 4);
	tcase_add_test(all, a_wire_beyond_all_memory_is_an_error_in_words);
	tcase_add_test(all, tuples_are_booked_where_they_are_ours_to_choose);
	tcase_add_test(all, a_plan_gives_its_addresses_back);
	Suite *suite = suite_create("plan");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
