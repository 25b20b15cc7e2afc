#include "run/compile.h"

#include "base/mono.h"
#include "tests/lib/suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct run_config config;
static struct limits limits;
static struct plan plan;
static struct summary *s;
static struct err err;

static void start(void)
{
	s = calloc(1, sizeof *s);
	ck_assert_ptr_nonnull(s);
	run_defaults(&config);
	config.url = "http://127.0.0.1:8080/x";
	limits = (struct limits){.cpu_count = 4};
	plan = (struct plan){0};
	err = (struct err){0};
}

static void end(void)
{
	plan_fini(&plan);
	free(s);
}

static void compile(void)
{
	plan_fini(&plan);
	ck_assert_msg(!compile_plan(&config, &limits, true, &plan, s, &err), "%s", err.text);
}

/* Fails with words, and leaves no memory behind. */
static void check_fails(enum err_kind kind, const char *words)
{
	plan_fini(&plan);
	err = (struct err){0};
	ck_assert_int_eq(compile_plan(&config, &limits, true, &plan, s, &err), -1);
	ck_assert_int_eq(err.kind, kind);
	ck_assert_msg(strstr(err.text, words), "\"%s\" lacks \"%s\"", err.text, words);
	ck_assert_ptr_null(plan.wire.ptr);
	ck_assert_ptr_null(plan.tuples.to);
}

static void check_to(const char *want)
{
	char text[ADDR_TEXT];
	compile();
	ck_assert_uint_eq(plan.tuples.to_count, 1);
	ck_assert_str_eq(addr_text(text, plan.tuples.to), want);
}

static bool wire_has(const char *text)
{
	return memmem(plan.wire.ptr, plan.wire.len, text, strlen(text)) != NULL;
}

/* --- defaults and shares ---------------------------------------------------------------- */

START_TEST(defaults_are_those_of_the_help)
{
	compile();
	ck_assert_uint_eq(plan.connections, 10);
	ck_assert_uint_eq(plan.workers, 4);
	ck_assert_uint_eq(plan.pipeline, 1);
	ck_assert_uint_eq(plan.duration_ns, 10 * NS_PER_S);
	ck_assert_uint_eq(plan.timeout_ns, 10 * NS_PER_S);
	ck_assert_uint_eq(plan.connect_timeout_ns, 5 * NS_PER_S);
	ck_assert_uint_eq(plan.drain_ns, NS_PER_S);
	ck_assert_uint_eq(plan.requests, 0);
	ck_assert_uint_eq(plan.expect_status, 0);
	ck_assert(plan.keepalive && !plan.head && !plan.poisson && !plan.busy);
	ck_assert(plan.rate_rps == 0);
	ck_assert_uint_eq(plan.spin_ns, 0);
	ck_assert_uint_gt(plan.window_ns, 0);
}
END_TEST

START_TEST(the_summary_knows_the_run_before_it_starts)
{
	config.rate_rps = 250;
	config.threads = 3;
	compile();
	ck_assert_str_eq(s->command, "run");
	ck_assert_str_eq(s->protocol, "h1");
	ck_assert_str_eq(s->target, "http://127.0.0.1:8080/x");
	ck_assert(s->open_loop && s->offered_rps == 250);
	ck_assert(s->planned_s == 10);
	ck_assert_uint_eq(s->connections_asked, 10);
	ck_assert_uint_eq(s->threads, 3);
	ck_assert_uint_eq(s->rings, 3);
}
END_TEST

START_TEST(a_secret_in_the_query_is_sent_and_not_shown)
{
	config.url = "http://127.0.0.1/?token=hunter2&n=1";
	compile();
	ck_assert(wire_has("GET /?token=hunter2&n=1 HTTP/1.1"));
	ck_assert_ptr_null(strstr(s->target, "hunter2"));
}
END_TEST

START_TEST(a_worker_a_core_but_never_more_than_connections)
{
	config.connections = 3;
	compile();
	ck_assert_uint_eq(plan.workers, 3);
	config.connections = 4;
	compile();
	ck_assert_uint_eq(plan.workers, 4);
	limits.cpu_count = 0; /* unknown */
	compile();
	ck_assert_uint_eq(plan.workers, 1);
	config.threads = 4;
	compile();
	ck_assert_uint_eq(plan.workers, 4);
}
END_TEST

START_TEST(more_threads_than_connections_are_refused)
{
	config.connections = 4;
	config.threads = 5;
	check_fails(ERR_USAGE, "-t 5 with -c 4");
	ck_assert_ptr_nonnull(strstr(err.hint, "lower -t"));
}
END_TEST

START_TEST(a_count_bounds_the_run_where_no_time_is_given)
{
	config.requests = 1000;
	compile();
	ck_assert_uint_eq(plan.duration_ns, UINT64_MAX);
	ck_assert(s->planned_s == 0);
	config.duration_ns = 3 * NS_PER_S;
	compile();
	ck_assert_uint_eq(plan.duration_ns, 3 * NS_PER_S);
	ck_assert_uint_eq(plan.requests, 1000);
}
END_TEST

START_TEST(the_drain_is_never_longer_than_the_timeout)
{
	config.timeout_ns = 300 * NS_PER_MS;
	compile();
	ck_assert_uint_eq(plan.drain_ns, 300 * NS_PER_MS);
}
END_TEST

/* --- holding ---------------------------------------------------------------------------- */

START_TEST(a_hold_lasts_until_a_signal_unless_told_otherwise)
{
	config.hold = config.lean = config.verify = true;
	compile();
	ck_assert(plan.hold && plan.idle == PLAN_SWEEP && plan.verify);
	ck_assert_uint_eq(plan.duration_ns, UINT64_MAX);
	ck_assert(plan.rate_rps == 0 && plan.churn_rps == 0 && plan.connect_rps == 0);
	ck_assert(plan.close_rps > 0); /* a pace of its own at the end */
	ck_assert_str_eq(s->command, "hold");
	ck_assert(s->hold && s->planned_s == 0 && !s->open_loop);
	config.duration_ns = 30 * NS_PER_S;
	config.close_rps = 0;
	config.connect_rps = 5000;
	compile();
	ck_assert_uint_eq(plan.duration_ns, 30 * NS_PER_S);
	ck_assert(plan.close_rps == 0 && plan.connect_rps == 5000);
	ck_assert(s->planned_s == 30);
}
END_TEST

START_TEST(pings_and_churn_are_rates_over_all_connections)
{
	config.hold = true;
	config.connections = 3000;
	config.ping_ns = 60 * NS_PER_S;
	config.churn_percent = 0.5;
	compile();
	ck_assert(plan.rate_rps == 50 && plan.churn_rps == 15);
	ck_assert(s->open_loop && s->offered_rps == 50);
	ck_assert_int_eq(plan.idle, PLAN_RECEIVE);
	config.ping_ns = 0;
	config.rate_rps = 7;
	config.lean = true;
	compile();
	ck_assert(plan.rate_rps == 7);
	ck_assert_int_eq(plan.idle, PLAN_WATCH);
	config.rate_rps = 0;
	config.lean = false;
	compile();
	ck_assert_int_eq(plan.idle, PLAN_WATCH);
}
END_TEST

START_TEST(what_is_a_holds_alone_leaves_a_run_as_it_is)
{
	config.lean = config.verify = true;
	config.ping_ns = NS_PER_S;
	config.churn_percent = 1;
	config.linger0 = true;
	config.connect_rps = 100;
	compile();
	ck_assert(!plan.hold && plan.idle == PLAN_RECEIVE && !plan.verify);
	ck_assert(plan.rate_rps == 0 && plan.churn_rps == 0 && plan.close_rps == 0);
	ck_assert(plan.linger0 && plan.connect_rps == 100);
	ck_assert_str_eq(s->command, "run");
}
END_TEST

/* --- bounds ----------------------------------------------------------------------------- */

START_TEST(connections_and_pipeline_have_bounds)
{
	config.pipeline = PLAN_PIPELINE_MAX;
	compile();
	ck_assert_uint_eq(plan.wire.len, PLAN_PIPELINE_MAX * plan.request_len);
	config.pipeline = PLAN_PIPELINE_MAX + 1;
	check_fails(ERR_USAGE, "--pipeline 65");
	config.pipeline = 0;
	check_fails(ERR_USAGE, "--pipeline 0");
	config.pipeline = 1;
	config.connections = 0;
	check_fails(ERR_USAGE, "-c 0");
	config.connections = 4000001;
	check_fails(ERR_USAGE, "-c 4000001");
	config.connections = 4000000;
	compile();
}
END_TEST

START_TEST(requests_that_would_not_fit_one_registered_block_are_refused)
{
	size_t len = 17 << 20;
	char *body = calloc(1, len);
	ck_assert_ptr_nonnull(body);
	config.body = (struct span){body, len};
	config.pipeline = 64;
	check_fails(ERR_USAGE, "64 requests of 17");
	config.pipeline = 1;
	compile();
	free(body);
}
END_TEST

START_TEST(a_request_beyond_64_MiB_is_refused)
{
	size_t len = 64 << 20;
	char *body = calloc(1, len);
	ck_assert_ptr_nonnull(body);
	config.body = (struct span){body, len};
	check_fails(ERR_USAGE, "67108864");
	free(body);
}
END_TEST

/* --- spinning --------------------------------------------------------------------------- */

START_TEST(spinning_is_chosen_where_due_instants_are_rare)
{
	config.threads = 2;
	config.rate_rps = 12000; /* 6000 a core, 100 us each: 0.6 of it */
	compile();
	ck_assert_uint_eq(plan.spin_ns, 100 * NS_PER_US);
	config.rate_rps = 12010;
	compile();
	ck_assert_uint_eq(plan.spin_ns, 0);
	config.rate_rps = 0; /* a closed loop has no due instants */
	compile();
	ck_assert_uint_eq(plan.spin_ns, 0);
}
END_TEST

START_TEST(spinning_can_be_told)
{
	config.rate_rps = 100;
	config.spin = RUN_SPIN_OFF;
	compile();
	ck_assert(plan.spin_ns == 0 && !plan.busy);
	config.spin = RUN_SPIN_FIXED;
	config.spin_ns = 7 * NS_PER_US;
	compile();
	ck_assert(plan.spin_ns == 7 * NS_PER_US && !plan.busy);
	config.spin = RUN_SPIN_BUSY;
	compile();
	ck_assert(plan.busy);
}
END_TEST

/* --- where to --------------------------------------------------------------------------- */

START_TEST(the_url_says_where_to)
{
	check_to("127.0.0.1:8080");
	config.url = "127.0.0.1";
	check_to("127.0.0.1:80");
	config.url = "http://[::1]:99/";
	check_to("[::1]:99");
	ck_assert(wire_has("Host: [::1]:99\r\n"));
}
END_TEST

START_TEST(connect_to_changes_the_address_and_nothing_else)
{
	config.url = "http://shop.example:81/cart";
	config.connect_to = "127.0.0.1:8080";
	check_to("127.0.0.1:8080");
	ck_assert(wire_has("GET /cart HTTP/1.1\r\nHost: shop.example:81\r\n"));
	ck_assert_str_eq(s->target, "http://shop.example:81/cart");
	config.connect_to = "[::1]:65535";
	check_to("[::1]:65535");
	config.connect_to = "localhost:1";
	compile();
	ck_assert(addr_is_loopback(plan.tuples.to));
}
END_TEST

static const char *const no_host_port[] = {
	"",
	"127.0.0.1",
	":80",
	"127.0.0.1:",
	"127.0.0.1:0",
	"127.0.0.1:65536",
	"a: 80",
	"a:+80",
	"a:-1",
	"a:80x",
	"a:0x50",
	"[]:80",
	"[::1]",
	"a:8 0",
	"a:8:0x",
	"a:18446744073709551696",
	"a:99999999999999999999",
};

START_TEST(what_is_no_host_and_port_is_refused_as_written)
{
	char quoted[64];
	config.connect_to = no_host_port[_i];
	snprintf(quoted, sizeof quoted, "--connect-to \"%s\"", no_host_port[_i]);
	check_fails(ERR_USAGE, quoted);
	ck_assert_ptr_nonnull(strstr(err.hint, "127.0.0.1:8080"));
}
END_TEST

START_TEST(a_host_too_long_to_connect_to_is_refused)
{
	char text[400];
	memset(text, 'a', sizeof text);
	strcpy(text + 300, ":80");
	config.connect_to = text;
	check_fails(ERR_USAGE, "--connect-to");
}
END_TEST

START_TEST(other_schemes_are_refused)
{
	config.url = "ftp://127.0.0.1/";
	check_fails(ERR_USAGE, "neither http nor https");
	config.url = "http://user:secret@127.0.0.1/";
	check_fails(ERR_USAGE, "user info");
	ck_assert_ptr_null(strstr(err.text, "secret"));
}
END_TEST

START_TEST(a_header_that_cannot_be_sent_is_refused)
{
	config.headers[0] = "X: a\r\nY: b";
	config.header_count = 1;
	check_fails(ERR_USAGE, "header 'X'");
}
END_TEST

START_TEST(the_method_follows_the_body_unless_given)
{
	compile();
	ck_assert(wire_has("GET /x HTTP/1.1\r\n"));
	config.body = span_of("a=1");
	compile();
	ck_assert(wire_has("POST /x HTTP/1.1\r\n") && wire_has("Content-Length: 3\r\n"));
	config.method = "HEAD";
	config.body = (struct span){0};
	compile();
	ck_assert(wire_has("HEAD /x") && plan.head);
	config.keepalive = false;
	compile();
	ck_assert(wire_has("Connection: close\r\n") && !plan.keepalive);
}
END_TEST

/* --- the guard -------------------------------------------------------------------------- */

START_TEST(a_target_that_is_not_allowed_is_refused)
{
	config.url = "http://10.9.8.7/";
	check_fails(ERR_REFUSED, "10.9.8.7");
	ck_assert_int_eq(guard_allow(&config.guard, "10.9.8.0/24", &err), 0);
	compile();
	config.connect_to = "10.9.9.7:80"; /* where it connects is what counts */
	check_fails(ERR_REFUSED, "10.9.9.7");
	config.url = "http://8.8.8.8/";
	config.connect_to = "127.0.0.1:80";
	compile();
	config.connect_to = "8.8.8.8:80";
	check_fails(ERR_REFUSED, "8.8.8.8");
}
END_TEST

START_TEST(a_load_above_the_caps_is_refused)
{
	config.guard.max_connections = 9;
	check_fails(ERR_REFUSED, "--max-connections 9");
	config.guard.max_connections = 10;
	config.guard.max_rate_rps = 100;
	config.rate_rps = 101;
	check_fails(ERR_REFUSED, "--max-rate 100");
	config.rate_rps = 100;
	compile();
}
END_TEST

/* A listener that hears of nobody, though the address would be tried by connecting. */
START_TEST(a_refusal_comes_before_the_first_packet)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof here;
	char url[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&here, len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	snprintf(url, sizeof url, "http://localhost:%u/", ntohs(here.sin_port));
	config.url = url;
	config.guard.max_connections = 9;
	ck_assert_int_eq(compile_plan(&config, &limits, false, &plan, s, &err), -1);
	ck_assert_int_eq(err.kind, ERR_REFUSED);
	ck_assert_int_eq(accept(fd, NULL, NULL), -1);
	config.guard.max_connections = 0;
	compile(); /* dry: tries no address either */
	ck_assert_int_eq(accept(fd, NULL, NULL), -1);
	plan_fini(&plan);
	ck_assert_int_eq(compile_plan(&config, &limits, false, &plan, s, &err), 0);
	ck_assert(addr_is_loopback(plan.tuples.to));
	close(fd);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		defaults_are_those_of_the_help,
		the_summary_knows_the_run_before_it_starts,
		a_secret_in_the_query_is_sent_and_not_shown,
		a_worker_a_core_but_never_more_than_connections,
		more_threads_than_connections_are_refused,
		a_count_bounds_the_run_where_no_time_is_given,
		the_drain_is_never_longer_than_the_timeout,
		a_hold_lasts_until_a_signal_unless_told_otherwise,
		pings_and_churn_are_rates_over_all_connections,
		what_is_a_holds_alone_leaves_a_run_as_it_is,
		connections_and_pipeline_have_bounds,
		requests_that_would_not_fit_one_registered_block_are_refused,
		a_request_beyond_64_MiB_is_refused,
		spinning_is_chosen_where_due_instants_are_rare,
		spinning_can_be_told,
		the_url_says_where_to,
		connect_to_changes_the_address_and_nothing_else,
		a_host_too_long_to_connect_to_is_refused,
		other_schemes_are_refused,
		a_header_that_cannot_be_sent_is_refused,
		the_method_follows_the_body_unless_given,
		a_target_that_is_not_allowed_is_refused,
		a_load_above_the_caps_is_refused,
		a_refusal_comes_before_the_first_packet,
	};
	TCase *all = tcase_create("compile");
	tcase_add_checked_fixture(all, start, end);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(all, tests[i]);
	tcase_add_loop_test(all, what_is_no_host_and_port_is_refused_as_written, 0,
			    sizeof no_host_port / sizeof *no_host_port);
	Suite *suite = suite_create("compile");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
