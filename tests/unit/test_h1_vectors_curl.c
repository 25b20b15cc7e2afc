/* The answers in curl's test cases. What curl takes, so do we, with the status that stands in
 * it; where curl must fail because of the answer, we do; `exceptions` says where not, and why.
 *
 * Many have heads whose lines end in a bare LF. As found these must be refused, and with CRLF
 * put there they must be taken: both are counted. */
#include "tests/lib/curl_case.h"
#include "tests/lib/h1_play.h"
#include "tests/lib/suite.h"

#include <libgen.h>

enum { VECTORS_MIN = 500, FAILURES_MIN = 5 };

static const char bare_lf[] = "malformed: LF without CR";
static const char both[] = "malformed: Content-Length with Transfer-Encoding";
static const char not_http[] = "malformed: not HTTP/1.1 or HTTP/1.0";
static const char folded[] = "malformed: folded header line";

static const char bare_lf_why[] = "its chunk lines end in a bare LF";
static const char both_why[] = "curl lets Transfer-Encoding win";
static const char not_http_why[] = "curl takes HTTP/0.9";
static const char folded_why[] = "curl unfolds";
static const char cut_why[] = "it is cut short, for curl to try again";

static struct exception {
	const char *test;
	const char *words;
	const char *why;
	unsigned used;
} exceptions[] = {
	{"test341", bare_lf, bare_lf_why, 0},
	{"test693", bare_lf, bare_lf_why, 0},
	{"test1090", bare_lf, bare_lf_why, 0},
	{"test1124", bare_lf, bare_lf_why, 0},
	{"test1170", bare_lf, bare_lf_why, 0},
	{"test1171", bare_lf, bare_lf_why, 0},
	{"test1417", bare_lf, bare_lf_why, 0},
	{"test1617", bare_lf, bare_lf_why, 0},
	{"test1122", both, both_why, 0},
	{"test1494", both, both_why, 0},
	{"test1677", both, both_why, 0},
	{"test66", not_http, not_http_why, 0},
	{"test1266", not_http, not_http_why, 0},
	{"test1267", not_http, not_http_why, 0},
	{"test1274", folded, folded_why, 0},
	{"test1940", folded, folded_why, 0},
	{"test3035", "truncated", cut_why, 0},
	{"test3223", "truncated", cut_why, 0},
	{"test269", "truncated", "curl was told to ignore its Content-Length", 0},
	{"test395", "malformed: bad Content-Length", "past 2^64 curl reads to the close", 0},
	{"test705", "closed", "it is empty", 0},
	{"test770", "malformed: bad Content-Length", "curl takes a list of equal lengths", 0},
	{"test1483", "malformed: bad Transfer-Encoding", "curl takes chunked said twice", 0},
};
enum { EXCEPTIONS = sizeof(exceptions) / sizeof(*exceptions) };

static glob_t files;
static unsigned answers, taken, failures, excused, bare_refused;

/* The codes by which curl says that an answer was at fault: weird server reply, partial file,
 * failure in receiving, bad content encoding. */
static bool is_fault_of_answer(int errorcode)
{
	return errorcode == 8 || errorcode == 18 || errorcode == 56 || errorcode == 61;
}

/* The status that stands in the first status line of a final answer, or of a 101. */
static unsigned status_in(struct span bytes)
{
	while (bytes.len) {
		char line[16] = "";
		unsigned status = 0;
		struct span whole = vectors_line(&bytes);
		memcpy(line, whole.ptr, whole.len < 15 ? whole.len : 15);
		if (sscanf(line, "HTTP/1.%*1u %3u", &status) == 1 &&
		    (status >= 200 || status == 101))
			return status;
	}
	return 0;
}

static bool is_excused(const char *test, const char *words)
{
	for (size_t i = 0; i < EXCEPTIONS; i++) {
		if (strcmp(exceptions[i].test, test) == 0 &&
		    strcmp(exceptions[i].words, words) == 0)
			return ++exceptions[i].used;
	}
	return false;
}

/* One answer. What follows it is none of its business: curl drops it, and so may the test. */
static void check_answer(const char *test, struct span bytes, const char *method, int errorcode)
{
	char words[256];
	struct play p = play(bytes, method, 0, 0);
	play_words(&p, words, sizeof(words));
	ck_assert_msg(play_is_the_same_however_cut(bytes, method), "%s: a cut changes it", test);
	answers++;
	if (is_fault_of_answer(errorcode) && status_in(bytes) != 101) {
		ck_assert_msg(p.answers == 0, "%s: curl fails, ours: %s", test, words);
		failures++;
	} else if (p.answers == 1) {
		ck_assert_msg(p.answer[0].status == status_in(bytes), "%s: %s", test, words);
		taken++;
	} else {
		ck_assert_msg(is_excused(test, words), "%s: curl takes it, ours: %s", test, words);
		excused++;
	}
}

static void check_section(const char *test, struct span tag, struct span section,
			  const char *method, int errorcode)
{
	bool was_bare;
	struct buf found = curl_bytes(section);
	struct span as_found = {found.ptr, found.len};
	bool all = vectors_contains(tag, "crlf=\"yes\"");
	struct buf sent = curl_with_crlf(as_found, all, &was_bare);
	check_answer(test, (struct span){sent.ptr, sent.len}, method, errorcode);
	if (was_bare && !vectors_contains(tag, "crlf=")) {
		struct play p = play(as_found, method, 0, 0);
		ck_assert_msg(!p.answers && p.fault.fault == PROTO_MALFORMED, "%s: bare LF", test);
		bare_refused++;
	}
	buf_fini(&sent);
	buf_fini(&found);
}

static void check_case(const char *test, struct span text)
{
	struct span command = curl_first(text, "<command", "</command>");
	struct span code = curl_first(text, "<errorcode>", "</errorcode>");
	struct span reply = curl_first(text, "<reply>", "</reply>");
	int errorcode = code.len ? atoi(code.ptr) : 0;
	bool head = vectors_contains(command, "-I ") || vectors_contains(command, "--head");
	struct span tag, section;
	while (curl_section(&reply, "<data", "</data", &tag, &section)) {
		if (!vectors_begins(tag, "<datacheck"))
			check_section(test, tag, section, head ? "H" : "G", errorcode);
	}
}

START_TEST(curls_answers_come_out_as_curl_has_them_but_for_known_exceptions)
{
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct buf text = vectors_read(files.gl_pathv[i]);
		check_case(basename(files.gl_pathv[i]), (struct span){text.ptr, text.len});
		buf_fini(&text);
	}
	printf("curl: %zu cases, %u answers: %u taken, %u refused as curl refuses them, %u "
	       "differ\n",
	       files.gl_pathc, answers, taken, failures, excused);
	printf("curl: %u answers have heads with bare LF, refused as found, taken with CRLF\n",
	       bare_refused);
	for (size_t i = 0; i < EXCEPTIONS; i++) {
		ck_assert_msg(exceptions[i].used, "no exception: %s", exceptions[i].test);
		printf("curl: %s differs: %s\n", exceptions[i].test, exceptions[i].why);
	}
	ck_assert_uint_ge(answers, VECTORS_MIN);
	ck_assert_uint_ge(failures, FAILURES_MIN);
}
END_TEST

int main(void)
{
	files = vectors_find("curl/test*");
	if (!files.gl_pathc) {
		puts("SKIP: no curl/test* under ../shared/data or $BRINK_TEST_DATA");
		return EXIT_SKIPPED;
	}
	TCase *all = tcase_create("h1 curl vectors");
	tcase_set_timeout(all, 60);
	tcase_add_test(all, curls_answers_come_out_as_curl_has_them_but_for_known_exceptions);
	Suite *suite = suite_create("h1_vectors_curl");
	suite_add_tcase(suite, all);
	int code = suite_run(suite);
	globfree(&files);
	return code;
}
