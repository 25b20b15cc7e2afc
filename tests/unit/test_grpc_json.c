#include "proto/grpc_json.h"

#include "tests/lib/schema_case.h"
#include "tests/lib/suite.h"

struct taken {
	unsigned count;
	char hex[600];
};

static int take(void *ctx, struct span message, struct err *err)
{
	struct taken *t = ctx;
	size_t at = strlen(t->hex);
	(void)err;
	at += (size_t)snprintf(t->hex + at, sizeof t->hex - at, "%s", t->count++ ? "|" : "");
	for (size_t i = 0; i < message.len; i++)
		at += (size_t)snprintf(t->hex + at, sizeof t->hex - at, "%02x",
				       (uint8_t)message.ptr[i]);
	return 0;
}

static int encode(const char *text, bool many, struct taken *ret, struct err *err)
{
	struct grpc_schema *s = schema_case_new();
	*ret = (struct taken){0};
	int result =
		grpc_json_read(grpc_schema_message(s, "t.M"), span_of(text), many, take, ret, err);
	grpc_schema_free(s);
	return result;
}

/* Bytes as protoc --encode writes them. */
static const struct {
	const char *text, *hex;
} good[] = {
	{"{}", ""},
	{"{\"int64\": null, \"string\": \"\"}", ""},
	{"{\"int32\": -1}", "28ffffffffffffffffff01"},
	{"{\"int64\": \"-9223372036854775808\"}", "1880808080808080808001"},
	{"{\"uint64\": 18446744073709551615}", "20ffffffffffffffffff01"},
	{"{\"uint64\": \"18446744073709551615\"}", "20ffffffffffffffffff01"},
	{"{\"sint32\": -1}", "8801"
			     "01"},
	{"{\"fixed32\": 1}", "3d01000000"},
	{"{\"double\": 1}", "09000000000000f03f"},
	{"{\"double\": -0.0}", "090000000000000080"},
	{"{\"float\": \"NaN\"}", "150000c07f"},
	{"{\"bool\": true, \"string\": \"a\"}", "40014a0161"},
	{"{\"bytes\": \"-_8\"}", "6202fbff"},
	{"{\"colour\": \"GREEN\"}", "7002"},
	{"{\"colour\": 77}", "704d"},
	{"{\"m\": {}}", "5a00"},
	{"{\"m\": {\"m\": {\"int32\": 5.0}}}", "5a045a022805"},
	{"{\"list_int32\": [1, \"2\", 3e2]}", "ca06040102ac02"},
	{"{\"list_string\": [\"\", \"a\"]}", "ea0600ea060161"},
	{"{\"map\": {\"\": 0}}", "c20c040a001000"},
	{"{\"one_text\": \"\"}", "ca0c00"},
	{"{\"one_number\": 0, \"one_text\": null}", "d00c00"},
	{"{\"string\": \"18446744073709551616\\\"1\"}",
	 "4a1631383434363734343037333730393535313631362231"},
};

START_TEST(json_becomes_bytes)
{
	struct taken taken;
	struct err err = {0};
	ck_assert_msg(!encode(good[_i].text, false, &taken, &err), "%s: %s", good[_i].text,
		      err.text);
	ck_assert_str_eq(taken.hex, good[_i].hex);
}
END_TEST

static const struct {
	const char *text, *words;
} bad[] = {
	{"{\"m\": {\"list_m\": [{}, {\"double\": \"x\"}]}}",
	 "$.m.list_m[1].double: \"x\" is not a double"},
	{"{\"uint32\": 4294967296}", "$.uint32: 4294967296 is not a uint32: it is out of bounds"},
	{"{\"uint64\": -1}", "$.uint64: -1 is not a uint64: it is out of bounds"},
	{"{\"int32\": 0.5}", "$.int32: 0.5 is not an int32"},
	{"{\"int32\": true}", "$.int32: true is not an int32"},
	{"{\"int32\": \"äääääääääääääääääääääääääääääää\"}", /* cut between characters */
	 "$.int32: \"äääääääääääääääääääääääääääää... is not an int32"},
	{"{\"float\": 3.5e38}", "is not a float: it is out of bounds"},
	{"{\"bool\": 1}", "$.bool: 1 is not a bool"},
	{"{\"map\": {\"a\": null}}", "$.map[\"a\"]: null cannot be one of a map"},
	{"{\"one_text\": \"\", \"one_number\": 0}",
	 "$: only one of \"one_text\" and \"one_number\" can be set"},
	{"{\"nonsense\": 1}", "$: t.M has no field \"nonsense\""},
	{"[{}]", "$: [{}] is not an object"},
	{"{} {}", "not JSON"},
	{"{\"string\": \"\xff\"}", "not JSON"},
	{"", ""},
};

START_TEST(what_is_wrong_is_told_by_its_place)
{
	struct taken taken;
	struct err err = {0};
	int result = encode(bad[_i].text, false, &taken, &err);
	ck_assert_int_eq(result, bad[_i].words[0] ? -1 : 0);
	ck_assert_msg(strstr(err.text, bad[_i].words) != NULL, "%s: %s", bad[_i].text, err.text);
	ck_assert_uint_eq(taken.count, 0);
}
END_TEST

START_TEST(an_unknown_field_is_told_with_the_nearest)
{
	struct taken taken;
	struct err err = {0};
	ck_assert_int_eq(encode("{\"doubel\": 1}", false, &taken, &err), -1);
	ck_assert_str_eq(err.hint, "did you mean \"double\"?");
}
END_TEST

START_TEST(a_stream_takes_an_array_or_one_after_another)
{
	struct taken taken;
	struct err err = {0};
	ck_assert_int_eq(encode("[{\"int32\": 1}, {}, {\"int32\": 2}]", true, &taken, &err), 0);
	ck_assert_str_eq(taken.hex, "2801||2802");
	ck_assert_int_eq(encode("{\"int32\": 1}\n{}\n{\"int32\": 2}\n", true, &taken, &err), 0);
	ck_assert_str_eq(taken.hex, "2801||2802");
	ck_assert_int_eq(encode("[]", true, &taken, &err), 0);
	ck_assert_uint_eq(taken.count, 0);
	ck_assert_int_eq(encode("{}\n{\"int32\": \"\"}", true, &taken, &err), -1);
	ck_assert_str_eq(err.text, "message 2, $.int32: \"\" is not an int32");
	ck_assert_int_eq(encode("[{}, 5]", true, &taken, &err), -1);
	ck_assert_str_eq(err.text, "$[1]: 5 is not an object");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grpc_json");
	TCase *all = tcase_create("all");
	tcase_add_loop_test(all, json_becomes_bytes, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(all, what_is_wrong_is_told_by_its_place, 0, sizeof bad / sizeof *bad);
	tcase_add_test(all, an_unknown_field_is_told_with_the_nearest);
	tcase_add_test(all, a_stream_takes_an_array_or_one_after_another);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
