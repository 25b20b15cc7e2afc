/* The target's pools, the answers that a connection owes, and the exchange that holds them. */
#include "tools/target/exchange.h"
#include "tests/lib/suite.h"

#define MANY 10000u /* objects: several chunks of them */

static char filler[ANSWER_FILLER];
static const struct answer one = {.parts = {{{"x", 1}, 1}}};

static struct answer_spec spec_of(unsigned status)
{
	return (struct answer_spec){
		.status = status, .filler = {filler, sizeof filler}, .repeated = true};
}

/* --- pool ------------------------------------------------------------------------------- */

START_TEST(objects_do_not_overlap_and_come_back_for_reuse)
{
	static uint64_t *objects[MANY];
	struct pool pool;
	pool_init(&pool, 3 * sizeof(uint64_t), MANY);
	for (unsigned round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < MANY; i++) {
			objects[i] = pool_take(&pool);
			ck_assert_ptr_nonnull(objects[i]);
			objects[i][0] = objects[i][1] = objects[i][2] = i;
		}
		for (uint64_t i = 0; i < MANY; i++) {
			ck_assert(objects[i][0] == i && objects[i][1] == i && objects[i][2] == i);
			pool_give(&pool, objects[i]);
		}
	}
	pool_fini(&pool);
}
END_TEST

START_TEST(a_pool_refuses_more_than_its_maximum_and_reuses_what_came_back)
{
	struct pool pool;
	pool_init(&pool, 8, 2);
	void *first = pool_take(&pool);
	void *second = pool_take(&pool);
	ck_assert(first && second && first != second);
	ck_assert_ptr_null(pool_take(&pool));
	pool_give(&pool, first);
	ck_assert_ptr_eq(pool_take(&pool), first);
	ck_assert_ptr_null(pool_take(&pool));
	pool_give(&pool, first);
	pool_give(&pool, second);
	pool_fini(&pool);
}
END_TEST

START_TEST(a_pool_that_nobody_takes_from_owns_no_memory)
{
	struct pool pool;
	pool_init(&pool, 1024, UINT64_MAX);
	ck_assert_uint_eq(pool.chunks, 0);
	void *object = pool_take(&pool);
	ck_assert_ptr_nonnull(object);
	ck_assert_uint_eq(pool.chunks, 1);
	pool_give(&pool, object);
	pool_fini(&pool);
	ck_assert_uint_eq(pool.chunks, 0);
}
END_TEST

/* Given back in another order than taken, so that all chunks empty slowly and side by side. */
START_TEST(memory_goes_back_after_everything_was_in_use)
{
	static void *objects[MANY];
	struct pool pool;
	pool_init(&pool, 1024, MANY);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			objects[i] = pool_take(&pool);
			ck_assert_ptr_nonnull(objects[i]);
		}
		ck_assert_uint_gt(pool.chunks, MANY * 1024 / POOL_CHUNK);
		for (unsigned i = 0, at = 0; i < MANY; i++, at = (at + 3571) % MANY)
			pool_give(&pool, objects[at]);
		ck_assert_uint_eq(pool.chunks, POOL_SPARE);
		ck_assert_uint_eq(pool.empty, POOL_SPARE);
		ck_assert_uint_eq(pool.used, 0);
	}
	pool_fini(&pool);
}
END_TEST

START_TEST(the_largest_object_is_half_a_chunk)
{
	struct pool pool;
	char *objects[3];
	pool_init(&pool, POOL_CHUNK / 2, 3);
	for (unsigned i = 0; i < 3; i++) {
		objects[i] = pool_take(&pool);
		ck_assert_ptr_nonnull(objects[i]);
		memset(objects[i], 'x', POOL_CHUNK / 2); /* the sanitizer is the judge */
	}
	for (unsigned i = 0; i < 3; i++)
		pool_give(&pool, objects[i]);
	pool_fini(&pool);
}
END_TEST

/* --- pending ---------------------------------------------------------------------------- */

START_TEST(equal_answers_in_a_row_are_one_run)
{
	struct exchanges all;
	struct pending_list list = {0};
	struct answer a, b;
	struct answer_spec spec = spec_of(200);
	exchanges_init(&all, 1);
	ck_assert(answer_render(&a, &spec) && answer_render(&b, &spec));
	for (unsigned i = 0; i < 1000; i++)
		ck_assert(pending_push(&all.pendings, &list, &(struct pending){.answer = &a}));
	ck_assert_uint_eq(list.count, 1);
	ck_assert_uint_eq(pending_total(list.first, 0), 1000 * a.parts[0].total);
	/* Whole copies lie in memory, or going round would tear one. */
	ck_assert_uint_eq(a.parts[0].bytes.len % a.parts[0].total, 0);
	struct pending other = {.answer = &b};
	ck_assert(pending_push(&all.pendings, &list, &other));
	other.due_ns = 1;
	ck_assert(pending_push(&all.pendings, &list, &other));
	other.head = true;
	ck_assert(pending_push(&all.pendings, &list, &other));
	ck_assert_uint_eq(list.count, 4);
	while (list.count)
		pending_pop(&all.pendings, &list);
	ck_assert_uint_eq(all.pendings.used, 0);
	answer_fini(&a);
	answer_fini(&b);
	exchanges_fini(&all);
}
END_TEST

START_TEST(there_is_room_for_a_full_list_of_everyone_and_for_no_more)
{
	enum { LISTS = 3 };
	struct exchanges all;
	struct pending_list lists[LISTS] = {0};
	exchanges_init(&all, LISTS);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned n = 0; n < PENDING_MAX; n++)
			for (unsigned i = 0; i < LISTS; i++)
				ck_assert(pending_push(
					&all.pendings, &lists[i],
					&(struct pending){.answer = &one, .due_ns = n}));
		ck_assert_ptr_null(pool_take(&all.pendings));
		for (unsigned n = 0; n < PENDING_MAX; n++)
			for (unsigned i = 0; i < LISTS; i++) {
				ck_assert_uint_eq(lists[i].first->due_ns, n);
				pending_pop(&all.pendings, &lists[i]);
			}
	}
	exchanges_fini(&all);
}
END_TEST

START_TEST(an_answer_rendered_once_is_freed_with_its_node_and_without_one)
{
	struct exchanges all;
	struct pending_list list = {0};
	struct answer_spec spec = spec_of(200);
	spec.text = span_of("{}");
	const struct answer *once = answer_once(&spec), *homeless = answer_once(&spec);
	ck_assert(once && homeless);
	ck_assert_uint_eq(once->parts[0].total, once->head_len + 2);
	exchanges_init(&all, 1);
	all.pendings.max = 1;
	ck_assert(pending_push(&all.pendings, &list, &(struct pending){.answer = once}));
	ck_assert(!pending_push(&all.pendings, &list, &(struct pending){.answer = homeless}));
	ck_assert_uint_eq(list.count, 1);
	pending_pop(&all.pendings, &list); /* the leak checker is the judge */
	exchanges_fini(&all);
}
END_TEST

/* --- exchange --------------------------------------------------------------------------- */

START_TEST(an_exchange_is_over_when_nothing_is_read_owed_or_parked)
{
	struct exchanges all;
	exchanges_init(&all, 1);
	struct exchange *x = exchange_begin(&all);
	ck_assert_ptr_nonnull(x);
	ck_assert(exchange_over(x));
	x->reading = true;
	ck_assert(!exchange_over(x));
	x->reading = false;
	ck_assert(pending_push(&all.pendings, &x->owed, &(struct pending){.answer = &one}));
	ck_assert(!exchange_over(x));
	pending_pop(&all.pendings, &x->owed);
	ck_assert(exchange_park(x, span_of("")));
	ck_assert(exchange_over(x));
	ck_assert(exchange_park(x, span_of("x")));
	ck_assert(!exchange_over(x));
	exchange_end(&all, x);
	exchanges_fini(&all);
}
END_TEST

START_TEST(an_exchange_gives_back_what_it_holds_and_the_next_one_starts_clean)
{
	struct exchanges all;
	exchanges_init(&all, 1);
	struct exchange *x = exchange_begin(&all);
	ck_assert_ptr_nonnull(x);
	ck_assert_ptr_null(exchange_begin(&all)); /* one a connection */
	memset(x->path, 'x', sizeof x->path);
	x->path_len = EXCHANGE_PATH_MAX;
	x->reading = x->paused = x->expects = true;
	x->sent = x->part = 1;
	ck_assert(pending_push(&all.pendings, &x->owed, &(struct pending){.answer = &one}));
	ck_assert(exchange_park(x, span_of("parked")));
	exchange_end(&all, x);
	ck_assert_uint_eq(all.pendings.used, 0);
	x = exchange_begin(&all);
	ck_assert_ptr_nonnull(x);
	ck_assert(exchange_over(x) && !x->paused && !x->expects);
	ck_assert(x->sent == 0 && x->part == 0 && x->path_len == 0);
	exchange_end(&all, x);
	exchanges_fini(&all);
}
END_TEST

START_TEST(parking_ends_at_its_maximum)
{
	struct exchanges all;
	exchanges_init(&all, 1);
	struct exchange *x = exchange_begin(&all);
	ck_assert_ptr_nonnull(x);
	ck_assert(exchange_park(x, (struct span){filler, EXCHANGE_PARKED_MAX}));
	ck_assert_uint_eq(x->parked->len, EXCHANGE_PARKED_MAX);
	ck_assert(!exchange_park(x, (struct span){filler, 1}));
	exchange_end(&all, x);
	exchanges_fini(&all);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_pending");
	TCase *tests = tcase_create("pending");
	tcase_add_test(tests, objects_do_not_overlap_and_come_back_for_reuse);
	tcase_add_test(tests, a_pool_refuses_more_than_its_maximum_and_reuses_what_came_back);
	tcase_add_test(tests, a_pool_that_nobody_takes_from_owns_no_memory);
	tcase_add_test(tests, memory_goes_back_after_everything_was_in_use);
	tcase_add_test(tests, the_largest_object_is_half_a_chunk);
	tcase_add_test(tests, equal_answers_in_a_row_are_one_run);
	tcase_add_test(tests, there_is_room_for_a_full_list_of_everyone_and_for_no_more);
	tcase_add_test(tests, an_answer_rendered_once_is_freed_with_its_node_and_without_one);
	tcase_add_test(tests, an_exchange_is_over_when_nothing_is_read_owed_or_parked);
	tcase_add_test(tests, an_exchange_gives_back_what_it_holds_and_the_next_one_starts_clean);
	tcase_add_test(tests, parking_ends_at_its_maximum);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
