/* What is kept of answers where somebody listens: put together, cut at its bound, told again. */
#include "load/ear.h"
#include "load/worker_impl.h"
#include "tests/lib/suite.h"

#define HEAD    "HTTP/1.1 200 OK\r\nContent-Length: 99"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
#define FLIGHTS 4

static struct plan plan;
static struct worker worker;

static void begin(const struct proto *proto)
{
	plan = (struct plan){.proto = proto, .pipeline = FLIGHTS};
	memset(&worker, 0, sizeof worker);
	worker.plan = &plan;
	worker.count = 1;
	ck_assert(ears_init(&worker, true));
}

static bool is(struct span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.ptr, text, s.len);
}

/* An answer that comes in two pieces becomes this head and body, however often it is told. */
static void becomes(const char *answer, const char *head, const char *body)
{
	struct span got_head, got_body;
	begin(&proto_h1);
	ear_open(&worker, 1, false);
	size_t half = strlen(answer) / 2;
	ear_hear(&worker, 1, (struct span){answer, half});
	ear_hear(&worker, 1, span_of(answer + half));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(ear_tell(&worker, 1, &got_head, &got_body), EAR_WHOLE);
		ck_assert_msg(is(got_head, head), "%.*s", (int)got_head.len, got_head.ptr);
		ck_assert_msg(is(got_body, body), "%.*s", (int)got_body.len, got_body.ptr);
	}
	ears_fini(&worker);
}

START_TEST(head_and_body_are_told_apart)
{
	becomes(HEAD "\r\n\r\n{\"id\": 1}", HEAD, "{\"id\": 1}");
	becomes(HEAD "\r\n\r\n", HEAD, "");
	becomes(HEAD "\r\n\r\na\r\n\r\nb", HEAD, "a\r\n\r\nb");
}
END_TEST

START_TEST(chunks_are_put_together)
{
	becomes(CHUNKED "\r\n\r\n7\r\n{\"id\": \r\n5;x=y\r\n\"AB\"}\r\n0\r\n\r\n", CHUNKED,
		"{\"id\": \"AB\"}");
	becomes(CHUNKED "\r\n\r\nffffffffffffffff\r\n{}\r\n", CHUNKED, "");
}
END_TEST

START_TEST(answers_before_the_answer_are_passed_over)
{
	becomes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" HEAD "\r\n\r\nx", HEAD, "x");
}
END_TEST

START_TEST(what_never_was_a_head_is_nothing)
{
	struct span head, body;
	begin(&proto_h1);
	ear_open(&worker, 0, false);
	ck_assert_int_eq(ear_tell(&worker, 0, &head, &body), EAR_NOTHING);
	ear_hear(&worker, 0, span_of("HTTP/1.1 100 Continue\r\n\r\n"));
	ck_assert_int_eq(ear_tell(&worker, 0, &head, &body), EAR_NOTHING);
	ck_assert_int_eq(ear_tell(&worker, 3, &head, &body), EAR_NOTHING);
	ears_fini(&worker);
}
END_TEST

START_TEST(each_flight_hears_its_own_and_forgets_it)
{
	struct span head, body;
	begin(&proto_h1);
	ear_open(&worker, 0, true);
	ear_open(&worker, 2, false);
	ear_hear(&worker, 0, span_of(HEAD "\r\n\r\nzero"));
	ear_hear(&worker, 1, span_of(HEAD "\r\n\r\none"));
	ear_hear(&worker, 2, span_of(HEAD "\r\n\r\ntwo"));
	ck_assert(ear_checks(&worker, 0) && !ear_checks(&worker, 1) && !ear_checks(&worker, 2));
	ck_assert_int_eq(ear_tell(&worker, 2, &head, &body), EAR_WHOLE);
	ck_assert(is(body, "two"));
	ck_assert_int_eq(ear_tell(&worker, 1, &head, &body), EAR_NOTHING);
	ear_close(&worker, 0);
	ck_assert(!ear_checks(&worker, 0));
	ear_open(&worker, 0, false);
	ear_hear(&worker, 0, span_of(HEAD "\r\n\r\nagain"));
	ck_assert_int_eq(ear_tell(&worker, 0, &head, &body), EAR_WHOLE);
	ck_assert(is(body, "again") && !ear_checks(&worker, 0));
	ears_fini(&worker);
}
END_TEST

START_TEST(a_long_body_is_cut_and_its_memory_given_back)
{
	static char long_body[EAR_MAX + 1];
	struct span head, body;
	memset(long_body, 'x', sizeof long_body);
	begin(&proto_h1);
	ear_open(&worker, 0, true);
	ear_hear(&worker, 0, span_of(HEAD "\r\n\r\n"));
	ear_hear(&worker, 0, (struct span){long_body, 40000});
	ear_hear(&worker, 0, (struct span){long_body, 40000});
	ck_assert_int_eq(ear_tell(&worker, 0, &head, &body), EAR_CUT);
	ck_assert(is(head, HEAD) && body.len >= 40000 && body.len < EAR_MAX);
	ear_close(&worker, 0);
	ck_assert_ptr_null(worker.ears.of[0].body.ptr);
	ear_open(&worker, 0, true);
	ear_hear(&worker, 0, span_of(HEAD "\r\n\r\nshort"));
	ck_assert_int_eq(ear_tell(&worker, 0, &head, &body), EAR_WHOLE);
	ear_close(&worker, 0);
	ck_assert_ptr_nonnull(worker.ears.of[0].body.ptr);
	ears_fini(&worker);
}
END_TEST

START_TEST(a_protocol_that_tells_head_and_body_itself_is_taken_at_its_word)
{
	struct span head, body;
	begin(&proto_h2);
	ear_open(&worker, 0, true);
	struct proto_heard *heard = ear_of(&worker, 0);
	buf_puts(&heard->head, ":status: 200\n");
	ck_assert_int_eq(ear_tell(&worker, 0, &head, &body), EAR_WHOLE);
	ck_assert(is(head, ":status: 200\n") && !body.len);
	ears_fini(&worker);
}
END_TEST

START_TEST(where_nobody_ever_listens_nothing_is_kept)
{
	begin(&proto_h1);
	ears_fini(&worker);
	memset(&worker.ears, 0, sizeof worker.ears);
	ck_assert(ears_init(&worker, false));
	ck_assert_ptr_null(worker.ears.of);
	ear_close(&worker, 0);
	ck_assert_ptr_null(ear_of(&worker, 0));
	ears_fini(&worker);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("ear");
	tcase_add_test(all, head_and_body_are_told_apart);
	tcase_add_test(all, chunks_are_put_together);
	tcase_add_test(all, answers_before_the_answer_are_passed_over);
	tcase_add_test(all, what_never_was_a_head_is_nothing);
	tcase_add_test(all, each_flight_hears_its_own_and_forgets_it);
	tcase_add_test(all, a_long_body_is_cut_and_its_memory_given_back);
	tcase_add_test(all, a_protocol_that_tells_head_and_body_itself_is_taken_at_its_word);
	tcase_add_test(all, where_nobody_ever_listens_nothing_is_kept);
	Suite *suite = suite_create("ear");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
