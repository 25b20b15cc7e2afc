/* llhttp's own test cases, in Markdown: an answer, then the events that its parser logs. Held
 * against ours: which answers end, with which status, at which byte, and whether there is a fault.
 *
 * Where ours is meant to differ, the case stands in `exceptions` with the reason. */
#include "tests/lib/h1_play.h"
#include "tests/lib/vectors.h"
#include "tests/lib/suite.h"

enum { ANSWERS_MAX = 8, VECTORS_MIN = 50 };

struct vector {
	char title[160];
	bool skips_body;  /* the parser was told what HEAD would tell it */
	struct buf bytes; /* the answers */
	bool fault;       /* what the log says of them */
	unsigned answers;
	unsigned status[ANSWERS_MAX];
	size_t ends[ANSWERS_MAX];
};

static const char line_between[] = "an empty line before a status line is malformed";
static const char other_protocol[] = "only HTTP/1.1 and HTTP/1.0 are taken";
static const char lenient[] = "llhttp was told to be lenient";

static struct exception {
	const char *title;
	const char *why;
	bool used;
} exceptions[] = {
	{"RTSP response", other_protocol, false},
	{"ICE response", other_protocol, false},
	{"HTTP version 0.9", other_protocol, false},
	{"Invalid HTTP version (lenient)", other_protocol, false},
	{"No carriage ret (lenient)", lenient, false},
	{"HTTP/1.1 with keep-alive disabled, content-length (lenient)", lenient, false},
	{"HTTP/1.1 with keep-alive disabled and 204 status (lenient)", lenient, false},
	{"Response starting with CRLF", line_between, false},
	{"Should parse multiple events", line_between, false},
	{"HTTP 304 with Content-Length", line_between, false},
	{"HTTP 100 first, then 400", line_between, false},
};
enum { EXCEPTIONS = sizeof(exceptions) / sizeof(*exceptions) };

static glob_t files;

/* One line of an answer: `\r`, `\n`, `\t` are escapes, a trailing backslash joins lines. */
static void add_line(struct buf *bytes, struct span line)
{
	static const char escapes[] = "rntf";
	static const char meant[] = "\r\n\t\f";
	for (size_t i = 0; i < line.len; i++) {
		const char *escape = NULL;
		if (line.ptr[i] == '\\' && i + 1 == line.len)
			return;
		if (line.ptr[i] == '\\')
			escape = memchr(escapes, line.ptr[i + 1], sizeof(escapes) - 1);
		buf_append(bytes, escape ? meant + (escape - escapes) : line.ptr + i, 1);
		i += escape != NULL;
	}
	buf_puts(bytes, "\r\n");
}

/* The answer: all lines up to the fence. The last has no end of its own. */
static void read_answer(struct vector *v, struct span *text)
{
	struct span line;
	while (text->len && !vectors_begins(line = vectors_line(text), "```"))
		add_line(&v->bytes, line);
	if (v->bytes.len >= 2)
		v->bytes.len -= 2;
}

static void read_event(struct vector *v, struct span line, unsigned *status)
{
	char event[256];
	size_t off;
	snprintf(event, sizeof(event), "%.*s", (int)line.len, line.ptr);
	if (sscanf(event, "off=%zu headers complete status=%u", &off, status) == 2)
		return;
	if (sscanf(event, "off=%zu", &off) != 1)
		return;
	v->fault |= strstr(event, " error code=") != NULL;
	if (!strstr(event, " message complete") || (*status < 200 && *status != 101))
		return;
	ck_assert_uint_lt(v->answers, ANSWERS_MAX);
	v->status[v->answers] = *status;
	v->ends[v->answers++] = off;
}

static void read_log(struct vector *v, struct span *text)
{
	unsigned status = 0;
	struct span line;
	while (text->len && !vectors_begins(line = vectors_line(text), "```"))
		read_event(v, line, &status);
}

/* Whether ours gives what the log does. What is left over then is a matter of the close. */
static bool agrees(const struct vector *v)
{
	struct span bytes = {v->bytes.ptr, v->bytes.len};
	struct play p = play(bytes, v->skips_body ? "HHHH" : "GGGG", 0, 0);
	unsigned fed = p.answers - (p.closed == PROTO_ANSWER);
	bool same = fed == v->answers && (p.fed == PROTO_FAULT) == v->fault;
	for (unsigned i = 0; same && i < fed; i++)
		same = p.answer[i].status == v->status[i] && p.ends[i] == v->ends[i];
	ck_assert_msg(play_is_the_same_however_cut(bytes, "GGGG"), "a cut changes: %s", v->title);
	return same;
}

static bool check_vector(const struct vector *v)
{
	if (agrees(v))
		return true;
	for (size_t i = 0; i < EXCEPTIONS; i++) {
		if (strcmp(exceptions[i].title, v->title) == 0) {
			exceptions[i].used = true;
			return false;
		}
	}
	ck_abort_msg("not as llhttp has it: %s", v->title);
	return false;
}

static void read_title(struct vector *v, struct span line)
{
	while (line.len && (*line.ptr == '#' || *line.ptr == ' '))
		span_skip(&line, 1);
	snprintf(v->title, sizeof(v->title), "%.*s", (int)line.len, line.ptr);
}

/* Returns how many cases the file holds; adds those that agree to `agreed`. */
static unsigned check_file(struct span text, unsigned *agreed)
{
	struct vector v = {.title = ""};
	unsigned count = 0;
	while (text.len) {
		struct span line = vectors_line(&text);
		if (vectors_begins(line, "##")) {
			read_title(&v, line);
		} else if (vectors_begins(line, "<!-- meta=")) {
			v.skips_body = vectors_contains(line, "\"skipBody\": true");
		} else if (vectors_begins(line, "```http")) {
			buf_init(&v.bytes, 1 << 16);
			read_answer(&v, &text);
			v.answers = 0;
			v.fault = false;
		} else if (vectors_begins(line, "```log")) {
			read_log(&v, &text);
			*agreed += check_vector(&v);
			count++;
			buf_fini(&v.bytes);
		}
	}
	buf_fini(&v.bytes);
	return count;
}

START_TEST(llhttps_cases_come_out_alike_but_for_known_exceptions)
{
	unsigned count = 0, agreed = 0;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct buf text = vectors_read(files.gl_pathv[i]);
		count += check_file((struct span){text.ptr, text.len}, &agreed);
		buf_fini(&text);
	}
	printf("llhttp: %u cases, %u alike\n", count, agreed);
	for (size_t i = 0; i < EXCEPTIONS; i++) {
		ck_assert_msg(exceptions[i].used, "no exception: %s", exceptions[i].title);
		printf("llhttp: '%s' differs: %s\n", exceptions[i].title, exceptions[i].why);
	}
	ck_assert_uint_ge(count, VECTORS_MIN);
}
END_TEST

int main(void)
{
	files = vectors_find("llhttp-response/*.md");
	if (!files.gl_pathc) {
		puts("SKIP: no llhttp-response/*.md under ../shared/data or $BRINK_TEST_DATA");
		return EXIT_SKIPPED;
	}
	TCase *all = tcase_create("h1 vectors");
	tcase_add_test(all, llhttps_cases_come_out_alike_but_for_known_exceptions);
	Suite *suite = suite_create("h1_vectors");
	suite_add_tcase(suite, all);
	int code = suite_run(suite);
	globfree(&files);
	return code;
}
