/* The web platform's URL tests against url_parse: do both take, or both refuse, a URL?
 *
 * That standard is the browsers' and takes more than RFC 3986 does; where the two differ, an
 * entry below says why. An entry excuses in one direction only, and what it excuses is counted. */
#include "base/url.h"
#include "tests/lib/suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EXIT_SKIPPED 77

static json_t *vectors;

/* What follows "scheme:", and how many bytes of it are slashes. */
static const char *past_scheme(const char *input)
{
	return strchr(input, ':') + 1;
}

static const char *authority_of(const char *input)
{
	const char *rest = past_scheme(input);
	return rest + strspn(rest, "/");
}

static bool has_user_info(const char *input)
{
	const char *authority = authority_of(input);
	size_t len = strcspn(authority, "/?#");
	return memchr(authority, '@', len) != NULL;
}

static bool has_other_slashes(const char *input)
{
	return strncmp(past_scheme(input), "//", 2) != 0 || strchr(input, '\\') != NULL;
}

static bool has_control_character(const char *input)
{
	for (; *input; input++)
		if ((unsigned char)*input < 0x20 || *input == 0x7f)
			return true;
	return false;
}

/* As it stands, or percent-encoded. */
static bool has_host_beyond_ascii(const char *input)
{
	const char *host = authority_of(input);
	for (size_t i = 0, len = strcspn(host, "/?#"); i < len; i++)
		if ((unsigned char)host[i] >= 0x80 ||
		    (host[i] == '%' && strchr("89abcdefABCDEF", host[i + 1])))
			return true;
	return false;
}

static bool has_host_outside_rfc3986(const char *input)
{
	const char *host = authority_of(input);
	return strcspn(host, "\"{}`") < strcspn(host, "/?#");
}

/* The last label is digits or hexadecimal, so browsers want an IPv4 address and nothing else;
 * to RFC 3986 section 3.2.2 it is a name, and the resolver's to refuse. */
static bool has_host_ending_in_a_number(const char *input)
{
	const char *host = authority_of(input);
	size_t end = strcspn(host, "/?#:");
	if (end > 0 && host[end - 1] == '.')
		end--;
	size_t label = end;
	while (label > 0 && host[label - 1] != '.')
		label--;
	if (end - label >= 2 && strncasecmp(host + label, "0x", 2) == 0)
		return strspn(host + label + 2, "0123456789abcdefABCDEF") >= end - label - 2;
	return end > label && strspn(host + label, "0123456789") >= end - label;
}

static struct exception {
	const char *why;
	bool (*applies)(const char *input);
	bool we_take; /* and the vectors refuse; else the other way round */
	unsigned count;
} exceptions[] = {
	{"user info belongs in a header", has_user_info, false, 0},
	{"browsers mend slashes", has_other_slashes, false, 0},
	{"browsers strip or encode control characters", has_control_character, false, 0},
	{"host names are taken in their xn-- form", has_host_beyond_ascii, false, 0},
	{"RFC 3986 has no such character in a host", has_host_outside_rfc3986, false, 0},
	{"names may end in a number", has_host_ending_in_a_number, true, 0},
};

#define EXCEPTIONS (sizeof exceptions / sizeof *exceptions)

static struct exception *excuse(const char *input, bool we_take)
{
	for (size_t i = 0; i < EXCEPTIONS; i++)
		if (exceptions[i].we_take == we_take && exceptions[i].applies(input))
			return &exceptions[i];
	return NULL;
}

/* An http(s) URL on its own, that a C string can hold; NULL for every other entry. */
static const char *input_of(const json_t *entry)
{
	const json_t *input = json_object_get(entry, "input");
	const char *text = json_string_value(input);
	if (!text || !json_is_null(json_object_get(entry, "base")))
		return NULL;
	if (strncasecmp(text, "http:", 5) != 0 && strncasecmp(text, "https:", 6) != 0)
		return NULL;
	return strlen(text) == json_string_length(input) ? text : NULL;
}

/* Whether parser and vector agree; where neither that nor an excuse, the test fails. */
static bool check_entry(const json_t *entry, const char *input)
{
	struct url u;
	struct err err;
	bool take = url_parse(&u, input, &err) == 0;
	if (take != json_is_true(json_object_get(entry, "failure")))
		return true;
	struct exception *exception = excuse(input, take);
	ck_assert_msg(exception, "'%s' is %s", input, take ? "taken" : err.text);
	exception->count++;
	return false;
}

START_TEST(url_parse_agrees_with_the_vectors_but_for_known_exceptions)
{
	unsigned agreed = 0;
	size_t i;
	json_t *entry;
	json_array_foreach(vectors, i, entry)
	{
		const char *input = input_of(entry);
		if (input)
			agreed += check_entry(entry, input);
	}
	printf("%u URLs: both alike\n", agreed);
	for (size_t e = 0; e < EXCEPTIONS; e++) {
		printf("%u URLs: %s\n", exceptions[e].count, exceptions[e].why);
		ck_assert_msg(exceptions[e].count, "nothing calls for: %s", exceptions[e].why);
	}
	ck_assert_uint_ge(agreed, 170);
}
END_TEST

static json_t *load_vectors(void)
{
	const char *dir = getenv("BRINK_TEST_DATA");
	char path[4096];
	snprintf(path, sizeof path, "%s/urltestdata.json", dir ? dir : "../shared/data");
	return json_load_file(path, JSON_ALLOW_NUL, NULL);
}

int main(void)
{
	vectors = load_vectors();
	if (!vectors) {
		puts("SKIP: no urltestdata.json under ../shared/data or $BRINK_TEST_DATA");
		return EXIT_SKIPPED;
	}
	TCase *all = tcase_create("url vectors");
	tcase_add_test(all, url_parse_agrees_with_the_vectors_but_for_known_exceptions);
	Suite *suite = suite_create("url vectors");
	suite_add_tcase(suite, all);
	int code = suite_run(suite);
	json_decref(vectors);
	return code;
}
