#include "proto/request.h"
#include "tests/lib/suite.h"

#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))
#define AGENT         "User-Agent: brink/" BRINK_VERSION "\r\n"

static const struct request_spec PLAIN = {
	.method = "GET", .path = "/x?y", .authority = "h:81", .keepalive = true};

static void check_rendered(const struct request_spec *spec, const char *expected)
{
	struct buf out;
	struct err err = {.kind = ERR_NONE};
	buf_init(&out, 4096);
	ck_assert_msg(request_render(&out, spec, &err) == 0, "%s", err.text);
	ck_assert_str_eq(out.ptr, expected);
	buf_fini(&out);
}

/* Renders what must be refused, and returns the error. */
static struct err refusal(const struct request_spec *spec)
{
	struct buf out;
	struct err err = {.kind = ERR_NONE};
	buf_init(&out, 4096);
	buf_puts(&out, "before");
	ck_assert_int_eq(request_render(&out, spec, &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_str_eq(out.ptr, "before");
	buf_fini(&out);
	return err;
}

static struct request_spec with_headers(const char *const *headers, unsigned count)
{
	struct request_spec spec = PLAIN;
	spec.headers = headers;
	spec.header_count = count;
	return spec;
}

START_TEST(a_plain_request_says_whom_it_asks_and_who_asks)
{
	check_rendered(&PLAIN, "GET /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT "\r\n");
}
END_TEST

START_TEST(requests_are_appended)
{
	struct buf out;
	struct err err;
	buf_init(&out, 4096);
	ck_assert_int_eq(request_render(&out, &PLAIN, &err), 0);
	size_t one = out.len;
	ck_assert_int_eq(request_render(&out, &PLAIN, &err), 0);
	ck_assert_uint_eq(out.len, 2 * one);
	ck_assert_mem_eq(out.ptr, out.ptr + one, one);
	buf_fini(&out);
}
END_TEST

START_TEST(without_keepalive_the_connection_is_to_close)
{
	struct request_spec spec = PLAIN;
	spec.keepalive = false;
	check_rendered(&spec,
		       "GET /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT "Connection: close\r\n\r\n");
}
END_TEST

START_TEST(a_body_comes_with_its_length_and_may_hold_any_byte)
{
	struct request_spec spec = PLAIN;
	struct buf out;
	struct err err;
	static const char HEAD[] =
		"POST /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT "Content-Length: 5\r\n\r\n";
	spec.method = "POST";
	spec.body = (struct span){"a\0\r\nb", 5};
	buf_init(&out, 4096);
	ck_assert_int_eq(request_render(&out, &spec, &err), 0);
	ck_assert_uint_eq(out.len, sizeof HEAD - 1 + 5);
	ck_assert_mem_eq(out.ptr, HEAD, sizeof HEAD - 1);
	ck_assert_mem_eq(out.ptr + sizeof HEAD - 1, "a\0\r\nb", 5);
	buf_fini(&out);
}
END_TEST

START_TEST(an_empty_body_has_a_length_where_the_method_calls_for_one)
{
	static const struct {
		const char *method;
		bool length;
	} CASES[] = {{"GET", false},     {"HEAD", false}, {"DELETE", false},
		     {"OPTIONS", false}, {"POST", true},  {"PUT", true},
		     {"PATCH", true},    {"post", false}, {"BREW", false}};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		struct request_spec spec = PLAIN;
		struct buf out;
		struct err err;
		spec.method = CASES[i].method;
		buf_init(&out, 4096);
		ck_assert_int_eq(request_render(&out, &spec, &err), 0);
		bool length = strstr(out.ptr, "Content-Length: 0\r\n") != NULL;
		ck_assert_msg(length == CASES[i].length, "%s", CASES[i].method);
		buf_fini(&out);
	}
}
END_TEST

START_TEST(a_body_has_a_length_whatever_the_method)
{
	struct request_spec spec = PLAIN;
	spec.body = span_of("hi");
	check_rendered(&spec,
		       "GET /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT "Content-Length: 2\r\n\r\nhi");
}
END_TEST

START_TEST(headers_of_the_user_keep_their_order)
{
	static const char *const HEADERS[] = {"B: 2", "a:1", "B: 3", "Empty:"};
	struct request_spec spec = with_headers(HEADERS, LENGTH(HEADERS));
	check_rendered(&spec, "GET /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT
			      "B: 2\r\na: 1\r\nB: 3\r\nEmpty: \r\n\r\n");
}
END_TEST

START_TEST(headers_of_the_user_replace_the_automatic_ones)
{
	static const char *const HEADERS[] = {"hOST: other", "user-agent: me",
					      "CONNECTION: keep-alive", "content-length: 7"};
	struct request_spec spec = with_headers(HEADERS, LENGTH(HEADERS));
	spec.keepalive = false;
	spec.body = span_of("hi");
	check_rendered(&spec, "GET /x?y HTTP/1.1\r\nhOST: other\r\nuser-agent: me\r\n"
			      "CONNECTION: keep-alive\r\ncontent-length: 7\r\n\r\nhi");
}
END_TEST

START_TEST(names_that_only_begin_alike_replace_nothing)
{
	static const char *const HEADERS[] = {"Hosts: a", "User: b", "Hos: c"};
	struct request_spec spec = with_headers(HEADERS, LENGTH(HEADERS));
	check_rendered(&spec, "GET /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT
			      "Hosts: a\r\nUser: b\r\nHos: c\r\n\r\n");
}
END_TEST

START_TEST(no_length_stands_beside_a_transfer_encoding)
{
	static const char *const HEADERS[] = {"transfer-encoding: chunked"};
	struct request_spec spec = with_headers(HEADERS, 1);
	spec.method = "POST";
	spec.body = span_of("0\r\n\r\n");
	check_rendered(&spec, "POST /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT
			      "transfer-encoding: chunked\r\n\r\n0\r\n\r\n");
}
END_TEST

START_TEST(white_space_round_a_value_is_dropped_and_inside_it_kept)
{
	static const char *const HEADERS[] = {"A: \t x \t y\t ", "B:\t", "C:z:w"};
	struct request_spec spec = with_headers(HEADERS, LENGTH(HEADERS));
	check_rendered(&spec, "GET /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT
			      "A: x \t y\r\nB: \r\nC: z:w\r\n\r\n");
}
END_TEST

START_TEST(every_token_character_may_stand_in_a_name_and_bytes_past_ascii_in_a_value)
{
	static const char *const HEADERS[] = {"!#$%&'*+-.^_`|~09azAZ: \x80\xff"};
	struct request_spec spec = with_headers(HEADERS, 1);
	check_rendered(&spec, "GET /x?y HTTP/1.1\r\nHost: h:81\r\n" AGENT
			      "!#$%&'*+-.^_`|~09azAZ: \x80\xff\r\n\r\n");
}
END_TEST

START_TEST(an_illegal_header_is_refused_by_name)
{
	static const struct {
		const char *line, *named;
	} CASES[] = {
		{"NoColon", "'NoColon'"},
		{"Authorization Basic s3cret", "'Authorization'"},
		{"", "''"},
		{": s3cret", "no name"},
		{"A b: s3cret", "'A b'"},
		{"Name : s3cret", "'Name '"},
		{" Name: s3cret", "' Name'"},
		{"N\xc3\xa9: s3cret", "illegal"},
		{"N(: s3cret", "'N('"},
		{"X-A: s3cret\r\nX-B: 1", "'X-A'"},
		{"X-A: s3cret\n", "'X-A'"},
		{"X-A: s3cret\x01", "'X-A'"},
		{"X-A: s3cret\x7f", "'X-A'"},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		const char *headers[] = {"Fine: 1", CASES[i].line};
		struct request_spec spec = with_headers(headers, 2);
		struct err err = refusal(&spec);
		ck_assert_msg(strstr(err.text, CASES[i].named), "%s", err.text);
		ck_assert_msg(!strstr(err.text, "s3cret"), "%s", err.text);
	}
}
END_TEST

START_TEST(an_illegal_method_is_refused_by_name)
{
	static const char *const METHODS[] = {"", "G T", "GET ", "GET\r\n", "G/T", "\xc3\xa9"};
	for (size_t i = 0; i < LENGTH(METHODS); i++) {
		struct request_spec spec = PLAIN;
		spec.method = METHODS[i];
		struct err err = refusal(&spec);
		ck_assert(strstr(err.text, METHODS[i]));
	}
}
END_TEST

START_TEST(an_illegal_path_is_refused_by_name)
{
	static const char *const PATHS[] = {"",           "x",       "?x",       "/a b",
					    "/a\r\nX: y", "/a#frag", "/\t",      "/\xc3\xa9",
					    "/\x7f",      "*",       "http://h/"};
	for (size_t i = 0; i < LENGTH(PATHS); i++) {
		struct request_spec spec = PLAIN;
		spec.path = PATHS[i];
		struct err err = refusal(&spec);
		ck_assert(strstr(err.text, PATHS[i]));
	}
}
END_TEST

START_TEST(options_may_ask_about_the_server_as_a_whole)
{
	struct request_spec spec = PLAIN;
	spec.method = "OPTIONS";
	spec.path = "*";
	check_rendered(&spec, "OPTIONS * HTTP/1.1\r\nHost: h:81\r\n" AGENT "\r\n");
}
END_TEST

START_TEST(an_illegal_authority_is_refused)
{
	static const char *const AUTHORITIES[] = {"", "a b", "h\r\nX: y", "h\xff"};
	for (size_t i = 0; i < LENGTH(AUTHORITIES); i++) {
		struct request_spec spec = PLAIN;
		spec.authority = AUTHORITIES[i];
		refusal(&spec);
	}
}
END_TEST

START_TEST(a_request_longer_than_the_buf_is_an_error)
{
	struct buf out;
	struct err err = {.kind = ERR_NONE};
	buf_init(&out, 20);
	ck_assert_int_eq(request_render(&out, &PLAIN, &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert(strstr(err.text, "20 bytes"));
	buf_fini(&out);
}
END_TEST

START_TEST(safe_methods_are_the_four_of_rfc_9110)
{
	static const char *const SAFE[] = {"GET", "HEAD", "OPTIONS", "TRACE"};
	static const char *const UNSAFE[] = {"POST",    "PUT", "PATCH", "DELETE",
					     "CONNECT", "get", "",      "GETS"};
	for (size_t i = 0; i < LENGTH(SAFE); i++)
		ck_assert_msg(request_is_safe(SAFE[i]), "%s", SAFE[i]);
	for (size_t i = 0; i < LENGTH(UNSAFE); i++)
		ck_assert_msg(!request_is_safe(UNSAFE[i]), "%s", UNSAFE[i]);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("request");
	tcase_add_test(all, a_plain_request_says_whom_it_asks_and_who_asks);
	tcase_add_test(all, requests_are_appended);
	tcase_add_test(all, without_keepalive_the_connection_is_to_close);
	tcase_add_test(all, a_body_comes_with_its_length_and_may_hold_any_byte);
	tcase_add_test(all, an_empty_body_has_a_length_where_the_method_calls_for_one);
	tcase_add_test(all, a_body_has_a_length_whatever_the_method);
	tcase_add_test(all, headers_of_the_user_keep_their_order);
	tcase_add_test(all, headers_of_the_user_replace_the_automatic_ones);
	tcase_add_test(all, names_that_only_begin_alike_replace_nothing);
	tcase_add_test(all, no_length_stands_beside_a_transfer_encoding);
	tcase_add_test(all, white_space_round_a_value_is_dropped_and_inside_it_kept);
	tcase_add_test(all,
		       every_token_character_may_stand_in_a_name_and_bytes_past_ascii_in_a_value);
	tcase_add_test(all, an_illegal_header_is_refused_by_name);
	tcase_add_test(all, an_illegal_method_is_refused_by_name);
	tcase_add_test(all, an_illegal_path_is_refused_by_name);
	tcase_add_test(all, options_may_ask_about_the_server_as_a_whole);
	tcase_add_test(all, an_illegal_authority_is_refused);
	tcase_add_test(all, a_request_longer_than_the_buf_is_an_error);
	tcase_add_test(all, safe_methods_are_the_four_of_rfc_9110);
	Suite *suite = suite_create("request");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
