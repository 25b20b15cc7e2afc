#include "base/base64.h"
#include "tests/lib/suite.h"

/* RFC 4648 section 10, and the two digits that are no letters. */
static const struct {
	const char *plain, *text;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff\xbf", "+/+/"},
};

START_TEST(the_vectors_of_the_rfc_encode)
{
	struct buf out;
	buf_init(&out, 100);
	buf_puts(&out, ">");
	base64_append(&out, vectors[_i].plain, strlen(vectors[_i].plain));
	ck_assert_str_eq(out.ptr + 1, vectors[_i].text);
	buf_fini(&out);
}
END_TEST

START_TEST(the_vectors_of_the_rfc_decode)
{
	struct buf out;
	buf_init(&out, 100);
	buf_puts(&out, ">");
	ck_assert(base64_decode(span_of(vectors[_i].text), &out));
	ck_assert_str_eq(out.ptr + 1, vectors[_i].plain);
	buf_fini(&out);
}
END_TEST

START_TEST(every_byte_comes_back)
{
	unsigned char bytes[256];
	for (int i = 0; i < 256; i++)
		bytes[i] = (unsigned char)i;
	struct buf text, back;
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	base64_append(&text, bytes, sizeof bytes);
	ck_assert(base64_decode((struct span){text.ptr, text.len}, &back));
	ck_assert_uint_eq(back.len, sizeof bytes);
	ck_assert_mem_eq(back.ptr, bytes, sizeof bytes);
	buf_fini(&text);
	buf_fini(&back);
}
END_TEST

static const char *const wrong[] = {
	"Z",    "Zg",   "Zg=",  "Zm9vYg", "Zg==Zg==", "====",
	"=AAA", "A=AA", "AA=A", "Zm9v\n", "Zm9 v",    "Zm9v Zm9v",
	"Zm9-", "Zm9_", "Zh==", "Zm9=",   "Zm9vZh==", "\xc3\xa9\xc3\xa9",
};

START_TEST(what_is_not_canonical_is_refused)
{
	struct buf out;
	buf_init(&out, 100);
	ck_assert_msg(!base64_decode(span_of(wrong[_i]), &out), "\"%s\" was taken", wrong[_i]);
	buf_fini(&out);
}
END_TEST

START_TEST(a_nul_is_no_digit)
{
	struct buf out;
	buf_init(&out, 100);
	ck_assert(!base64_decode((struct span){"AA\0A", 4}, &out));
	buf_fini(&out);
}
END_TEST

START_TEST(what_does_not_fit_is_said)
{
	struct buf out;
	buf_init(&out, 5);
	ck_assert(!base64_decode(span_of("Zm9vYmFy"), &out));
	ck_assert(out.cut);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("base64");
	int count = sizeof vectors / sizeof *vectors;
	tcase_add_loop_test(all, the_vectors_of_the_rfc_encode, 0, count);
	tcase_add_loop_test(all, the_vectors_of_the_rfc_decode, 0, count);
	tcase_add_test(all, every_byte_comes_back);
	tcase_add_loop_test(all, what_is_not_canonical_is_refused, 0, sizeof wrong / sizeof *wrong);
	tcase_add_test(all, a_nul_is_no_digit);
	tcase_add_test(all, what_does_not_fit_is_said);
	Suite *suite = suite_create("base64");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
