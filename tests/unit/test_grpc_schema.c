#include "tests/lib/schema_case.h"
#include "tests/lib/suite.h"

START_TEST(methods_of_every_kind_are_found_with_their_messages)
{
	struct err err = {0};
	struct grpc_schema *s = schema_case_new();
	const char *const names[] = {"t.S/Unary", "t.S/Up", "t.S/Down", "t.S.Both"};
	for (unsigned i = 0; i < 4; i++) {
		const struct schema_method *m = grpc_schema_method(s, names[i], &err);
		ck_assert_ptr_nonnull(m);
		ck_assert_str_eq(m->service, "t.S");
		ck_assert_str_eq(m->name, names[i] + 4);
		ck_assert_int_eq(m->client_streams, i & 1);
		ck_assert_int_eq(m->server_streams, i >> 1);
		ck_assert_str_eq(m->input->name, "t.M");
	}
	grpc_schema_free(s);
}
END_TEST

START_TEST(fields_are_in_the_order_of_their_numbers)
{
	struct grpc_schema *s = schema_case_new();
	const struct schema_message *m = grpc_schema_message(s, "t.M");
	ck_assert_ptr_nonnull(m);
	for (unsigned i = 1; i < m->count; i++)
		ck_assert_uint_lt(m->fields[i - 1].number, m->fields[i].number);
	ck_assert_str_eq(m->fields[0].name, "double");
	ck_assert(m->fields[m->count - 1].explicit && !m->fields[0].explicit);
	ck_assert(grpc_schema_message(s, "t.M.MapEntry")->map_entry);
	ck_assert_ptr_null(grpc_schema_message(s, "t.Colour"));
	grpc_schema_free(s);
}
END_TEST

static const struct {
	const char *name, *text, *hint;
} unknown[] = {
	{"t.S/Unray", "service t.S has no method Unray", "did you mean t.S/Unary?"},
	{"t.S/Zzzzzz", "service t.S has no method Zzzzzz", "its methods: Unary, Up, Down, Both"},
	{"other.Greeter/Unary", "there is no service other.Greeter", "there is t.S"},
	{"Unary", "\"Unary\" is not a method", "pkg.Service/Method"},
	{"t.S/", "\"t.S/\" is not a method", "pkg.Service/Method"},
};

START_TEST(an_unknown_method_is_told_with_what_there_is)
{
	struct err err = {0};
	struct grpc_schema *s = schema_case_new();
	ck_assert_ptr_null(grpc_schema_method(s, unknown[_i].name, &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, unknown[_i].text));
	ck_assert_ptr_nonnull(strstr(err.hint, unknown[_i].hint));
	grpc_schema_free(s);
}
END_TEST

START_TEST(a_set_without_what_it_names_is_refused)
{
	struct buf set;
	struct err err = {0};
	struct grpc_schema *s = NULL;
	schema_case_set(&set, ".other.Message");
	ck_assert_int_eq(grpc_schema_new(&s, (struct span){set.ptr, set.len}, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "other.Message"));
	ck_assert_ptr_nonnull(strstr(err.hint, "--include_imports"));
	ck_assert_ptr_null(s);
	buf_fini(&set);
}
END_TEST

START_TEST(a_set_cut_anywhere_is_refused_or_whole)
{
	struct buf set;
	struct err err = {0};
	schema_case_set(&set, ".t.M");
	for (size_t len = 1; len < set.len; len++) {
		struct grpc_schema *s = NULL;
		ck_assert_int_eq(grpc_schema_new(&s, (struct span){set.ptr, len}, &err), -1);
		grpc_schema_free(s);
	}
	buf_fini(&set);
}
END_TEST

START_TEST(messages_within_messages_without_end_are_refused)
{
	struct buf inner, outer;
	struct err err = {0};
	struct grpc_schema *s = NULL;
	buf_init(&inner, 1 << 20);
	for (unsigned i = 0; i < 10000; i++) {
		buf_init(&outer, 1 << 20);
		pb_put_bytes(&outer,
			     i == 9998   ? 4
			     : i == 9999 ? 1
					 : 3,
			     (struct span){inner.ptr, inner.len});
		buf_fini(&inner);
		inner = outer;
	}
	ck_assert_int_eq(grpc_schema_new(&s, (struct span){inner.ptr, inner.len}, &err), -1);
	ck_assert_str_eq(err.text, "it is not a descriptor set");
	buf_fini(&inner);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("grpc_schema");
	TCase *all = tcase_create("all");
	tcase_add_test(all, methods_of_every_kind_are_found_with_their_messages);
	tcase_add_test(all, fields_are_in_the_order_of_their_numbers);
	tcase_add_loop_test(all, an_unknown_method_is_told_with_what_there_is, 0,
			    sizeof unknown / sizeof *unknown);
	tcase_add_test(all, a_set_without_what_it_names_is_refused);
	tcase_add_test(all, a_set_cut_anywhere_is_refused_or_whole);
	tcase_add_test(all, messages_within_messages_without_end_are_refused);
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
