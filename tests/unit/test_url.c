#include "base/url.h"
#include "tests/lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof *(table))

static struct url parse(const char *text)
{
	struct url u;
	struct err err = {.kind = ERR_NONE};
	ck_assert_msg(url_parse(&u, text, &err) == 0, "'%s': %s", text, err.text);
	return u;
}

/* Parses what must be refused, and returns the error. */
static struct err refusal(const char *text)
{
	struct url u;
	struct err err = {.kind = ERR_NONE};
	memset(&u, 0x5a, sizeof u);
	struct url before = u;
	ck_assert_msg(url_parse(&u, text, &err) == -1, "'%s' is taken", text);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_mem_eq(&u, &before, sizeof u);
	return err;
}

START_TEST(a_url_comes_apart)
{
	struct url u = parse("https://Example.org:8443/a/b?x=1&y=2#part");
	ck_assert_str_eq(u.scheme, "https");
	ck_assert_str_eq(u.host, "Example.org");
	ck_assert_str_eq(u.port_text, "8443");
	ck_assert_uint_eq(u.port, 8443);
	ck_assert(!u.default_port);
	ck_assert(!u.ipv6_literal);
	ck_assert_str_eq(u.path, "/a/b?x=1&y=2");
}
END_TEST

START_TEST(a_scheme_has_a_port_of_its_own)
{
	struct url http = parse("http://h"), https = parse("HTTPS://h/");
	ck_assert_uint_eq(http.port, 80);
	ck_assert_str_eq(http.port_text, "80");
	ck_assert(http.default_port);
	ck_assert_str_eq(https.scheme, "https");
	ck_assert_uint_eq(https.port, 443);
	ck_assert(https.default_port);
	ck_assert(parse("http://h:80/").default_port);
	ck_assert(parse("http://h:/").default_port);
	ck_assert(!parse("http://h:443/").default_port);
	ck_assert(!parse("https://h:80/").default_port);
}
END_TEST

START_TEST(a_websocket_has_the_ports_of_http)
{
	struct url ws = parse("WS://h?x=1#y"), wss = parse("wss://[::1]:8443/chat");
	ck_assert_str_eq(ws.scheme, "ws");
	ck_assert_uint_eq(ws.port, 80);
	ck_assert(ws.default_port);
	ck_assert_str_eq(ws.path, "/?x=1");
	ck_assert_str_eq(wss.scheme, "wss");
	ck_assert_str_eq(wss.host, "::1");
	ck_assert_uint_eq(wss.port, 8443);
	ck_assert_str_eq(wss.path, "/chat");
	ck_assert(parse("wss://h").default_port);
	ck_assert(!parse("ws://h:443").default_port);
	ck_assert_str_eq(parse("ws:80/").host, "ws");
}
END_TEST

START_TEST(a_url_without_a_scheme_is_http)
{
	struct url u = parse("localhost:8080/x?next=http://y/");
	ck_assert_str_eq(u.scheme, "http");
	ck_assert_str_eq(u.host, "localhost");
	ck_assert_uint_eq(u.port, 8080);
	ck_assert_str_eq(u.path, "/x?next=http://y/");
	ck_assert_str_eq(parse("ftp.example.org").scheme, "http");
	ck_assert_str_eq(parse("https.example.org").host, "https.example.org");
	ck_assert(parse("[::1]:80").ipv6_literal);
}
END_TEST

START_TEST(the_path_is_what_a_request_line_can_hold)
{
	static const struct {
		const char *text, *path;
	} CASES[] = {
		{"http://h", "/"},
		{"http://h/", "/"},
		{"http://h#f", "/"},
		{"http://h?x", "/?x"},
		{"http://h/a?b#c?d", "/a?b"},
		{"http://h/a#b c\x01\xff", "/a"},
		{"http://h/a/../b/./c", "/b/c"},
		{"http://h/a b", "/a%20b"},
		{"http://h/\xc3\xa9", "/%c3%a9"},
		{"http://h/a%20b%zz", "/a%20b%zz"},
		{"http://h//a//", "//a//"},
		{"http://h/a:b@c", "/a:b@c"},
		{"http://h/?q={\"a\"}|", "/?q={\"a\"}|"},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++)
		ck_assert_str_eq(parse(CASES[i].text).path, CASES[i].path);
}
END_TEST

START_TEST(an_ipv6_host_loses_its_brackets)
{
	struct url u = parse("http://[2001:db8::1]:8080/");
	ck_assert(u.ipv6_literal);
	ck_assert_str_eq(u.host, "2001:db8::1");
	ck_assert_uint_eq(u.port, 8080);
}
END_TEST

START_TEST(a_zone_stays_with_the_host_and_out_of_the_authority)
{
	char out[300];
	struct url u = parse("http://[fe80::1%25lo]:81/");
	ck_assert_str_eq(u.host, "fe80::1%lo");
	ck_assert(u.ipv6_literal);
	url_authority(&u, out, sizeof out);
	ck_assert_str_eq(out, "[fe80::1]:81");
}
END_TEST

START_TEST(the_authority_names_the_port_unless_it_is_the_default)
{
	static const struct {
		const char *text, *authority;
	} CASES[] = {
		{"http://h/x", "h"},
		{"http://h:80/", "h"},
		{"http://h:0081/", "h:81"},
		{"https://h:443/", "h"},
		{"https://h:80/", "h:80"},
		{"http://[::1]/", "[::1]"},
		{"http://[::1]:8080/", "[::1]:8080"},
		{"http://127.0.0.1:65535/", "127.0.0.1:65535"},
	};
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		char out[300];
		struct url u = parse(CASES[i].text);
		url_authority(&u, out, sizeof out);
		ck_assert_str_eq(out, CASES[i].authority);
	}
}
END_TEST

START_TEST(an_authority_is_cut_at_the_room_given)
{
	char out[6];
	struct url u = parse("http://127.0.0.1:8080/");
	url_authority(&u, out, sizeof out);
	ck_assert_str_eq(out, "127.0");
}
END_TEST

START_TEST(what_is_no_http_url_is_refused_by_name)
{
	static const char *const TEXTS[] = {
		"ftp://h/",
		"file:///etc/passwd",
		"wsx://h/",
		"ws:/h/",
		"ws://",
		"gopher2://h/",
		"javascript:x",
		"http://",
		"https:///x",
		"http:/h/",
		"http:h",
		"HTTPS:/h",
		"/x",
		"://h",
		"http://h:0/",
		"http://h:65536/",
		"http://h:x",
		"http://h:-1/",
		"http://[::1/",
		"http://[::g]/",
		"http://a b/",
		"http://a\\b/",
		"http://h/\x01",
		"http://h/a\nb",
		"http://h/\x7f",
		"http://\xc3\xa9/",
		"::1",
	};
	for (size_t i = 0; i < LENGTH(TEXTS); i++) {
		struct err err = refusal(TEXTS[i]);
		char start[8];
		snprintf(start, sizeof start, "%.5s", TEXTS[i]);
		ck_assert_msg(strstr(err.text, start) != NULL, "'%s' is not in '%s'", TEXTS[i],
			      err.text);
	}
	refusal("");
	refusal("?x");
	refusal("http://?x");
	refusal("http://#x");
}
END_TEST

START_TEST(a_host_that_no_header_could_carry_is_refused)
{
	static const char *const TEXTS[] = {
		"http://a%b/",   "http://a%25b/", "http://a%7fb/", "http://a%0ab/", "http://a%00b/",
		"http://a%7Cb/", "http://a|b/",   "http://a%2fb/", "http://a%40b/", "http://a<b/",
	};
	for (size_t i = 0; i < LENGTH(TEXTS); i++)
		refusal(TEXTS[i]);
	ck_assert_str_eq(parse("http://%41-._~b/").host, "A-._~b");
	ck_assert_str_eq(parse("http://a_b./").host, "a_b.");
}
END_TEST

START_TEST(user_info_is_refused_and_not_shown)
{
	static const char *const TEXTS[] = {
		"http://alice:s3cret@h/", "alice:s3cret@h",          "http://s3cret@h/",
		"http://:s3cret@h/",      "http://alice:s3cret/@h/", "http://alice:s3?cret@h/",
		"ftp://alice:s3cret@h/",
	};
	for (size_t i = 0; i < LENGTH(TEXTS); i++) {
		struct err err = refusal(TEXTS[i]);
		ck_assert_msg(!strstr(err.text, "s3"), "%s", err.text);
	}
	struct err err = refusal("http://alice:s3cret@h/");
	ck_assert(strstr(err.text, "user info"));
	ck_assert(strstr(err.text, "***@h/"));
	ck_assert(strstr(err.hint, "Authorization"));
	refusal("http://@h/");
}
END_TEST

START_TEST(an_at_sign_past_the_authority_is_no_user_info)
{
	ck_assert_str_eq(parse("http://h/@x").host, "h");
	ck_assert_str_eq(parse("http://h?mail=a@b").path, "/?mail=a@b");
}
END_TEST

START_TEST(the_error_leaves_the_query_out)
{
	struct err err = refusal("http://h:99999/x?token=s3cret");
	ck_assert(!strstr(err.text, "s3cret"));
	ck_assert(strstr(err.text, "h:99999/x"));
}
END_TEST

START_TEST(control_characters_do_not_reach_the_terminal)
{
	struct err err = refusal("http://h/\x1b[2J\x7f");
	ck_assert(!strchr(err.text, '\x1b'));
	ck_assert(!strchr(err.text, '\x7f'));
}
END_TEST

/* "http://", then `len` of a character, then a tail; the caller frees it. */
static char *long_url(const char *head, char filler, size_t len, const char *tail)
{
	size_t head_len = strlen(head);
	char *text = malloc(head_len + len + strlen(tail) + 1);
	ck_assert_ptr_nonnull(text);
	memcpy(text, head, head_len);
	memset(text + head_len, filler, len);
	strcpy(text + head_len + len, tail);
	return text;
}

START_TEST(a_path_has_room_for_8191_bytes_and_no_more)
{
	char *fits = long_url("http://h/", 'p', 8190, "");
	ck_assert_uint_eq(strlen(parse(fits).path), 8191);
	char *longer = long_url("http://h/", 'p', 8191, "");
	refusal(longer);
	char *with_query = long_url("http://h/?", 'q', 8190, "");
	refusal(with_query);
	char *encoded = long_url("http://h/", ' ', 3000, "x");
	refusal(encoded);
	free(fits);
	free(longer);
	free(with_query);
	free(encoded);
}
END_TEST

START_TEST(a_host_has_room_for_255_bytes_and_no_more)
{
	char *fits = long_url("http://", 'h', 255, "/");
	ck_assert_uint_eq(strlen(parse(fits).host), 255);
	char *longer = long_url("http://", 'h', 256, "/");
	struct err err = refusal(longer);
	ck_assert(strstr(err.text, "hhhhh"));
	free(fits);
	free(longer);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("url");
	tcase_add_test(all, a_url_comes_apart);
	tcase_add_test(all, a_scheme_has_a_port_of_its_own);
	tcase_add_test(all, a_websocket_has_the_ports_of_http);
	tcase_add_test(all, a_url_without_a_scheme_is_http);
	tcase_add_test(all, the_path_is_what_a_request_line_can_hold);
	tcase_add_test(all, an_ipv6_host_loses_its_brackets);
	tcase_add_test(all, a_zone_stays_with_the_host_and_out_of_the_authority);
	tcase_add_test(all, the_authority_names_the_port_unless_it_is_the_default);
	tcase_add_test(all, an_authority_is_cut_at_the_room_given);
	tcase_add_test(all, what_is_no_http_url_is_refused_by_name);
	tcase_add_test(all, a_host_that_no_header_could_carry_is_refused);
	tcase_add_test(all, user_info_is_refused_and_not_shown);
	tcase_add_test(all, an_at_sign_past_the_authority_is_no_user_info);
	tcase_add_test(all, the_error_leaves_the_query_out);
	tcase_add_test(all, control_characters_do_not_reach_the_terminal);
	tcase_add_test(all, a_path_has_room_for_8191_bytes_and_no_more);
	tcase_add_test(all, a_host_has_room_for_255_bytes_and_no_more);
	Suite *suite = suite_create("url");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
