#include "out/out.h"
#include "stat/hdr.h"
#include "summary_fixture.h"
#include "tests/lib/suite.h"

#include <fcntl.h>
#include <unistd.h>

/* The report in a form, as text to free(); frees the summary. */
static char *rendered(const char *form, struct summary *s)
{
	struct buf out;
	buf_init(&out, REPORT_MAX);
	out_form_find(form)->render(s, &out);
	ck_assert(!out.cut);
	free(s);
	return out.ptr;
}

/* --- forms -------------------------------------------------------------------------------- */

START_TEST(the_names_are_those_of_the_forms)
{
	char names[128], *rest = names;
	snprintf(names, sizeof names, "%s", out_form_names());
	for (char *name = strsep(&rest, ","); name; name = strsep(&rest, ",")) {
		name += strspn(name, " ");
		const struct out_form *form = out_form_find(name);
		ck_assert_msg(form && !strcmp(form->name, name), "%s", name);
	}
	ck_assert_ptr_null(out_form_find("xml"));
	ck_assert_ptr_null(out_form_find(""));
}
END_TEST

START_TEST(quiet_prints_nothing)
{
	ck_assert_ptr_null(rendered("quiet", summary_open()));
}
END_TEST

/* --- csv ---------------------------------------------------------------------------------- */

/* Cells of a line, quoted ones included; the line is cut up. */
static unsigned cells(char *line, char **ret)
{
	unsigned n = 0;
	bool quoted = false;
	ret[n++] = line;
	for (char *p = line; *p; p++) {
		quoted ^= *p == '"';
		if (*p == ',' && !quoted) {
			*p = '\0';
			ret[n++] = p + 1;
		}
	}
	return n;
}

/* The cell of a column in a report that must be two lines of equal length. */
static char *csv_cell(struct summary *s, const char *column)
{
	char *name[256], *cell[256];
	char *report = rendered("csv", s), *rest = report, *found = NULL;
	char *header = strsep(&rest, "\n"), *row = strsep(&rest, "\n");
	ck_assert_str_eq(rest, "");
	unsigned n = cells(header, name);
	ck_assert_uint_eq(cells(row, cell), n);
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(name[i], column))
			found = strdup(cell[i]);
	ck_assert_msg(found != NULL, "no column %s", column);
	free(report);
	return found;
}

START_TEST(csv_has_a_cell_for_every_column_and_leaves_the_unmeasured_empty)
{
	static const struct {
		struct summary *(*make)(void);
		const char *column, *cell;
	} cases[] = {
		{summary_open, "target", "\"http://127.0.0.1:8080/\""},
		{summary_open, "ok", "50000"},
		{summary_open, "failed", "800"},
		{summary_open, "intended_p99_us", "990"},
		{summary_open, "intended_mean_us", "500.500"},
		{summary_open, "offered_rps", "5000.000000"},
		{summary_open, "outcome_unsent", "700"},
		{summary_open, "outcome_peer_reset", "0"},
		{summary_empty, "connect_p99_us", ""},
		{summary_empty, "connect_count", "0"},
		{summary_empty, "offered_rps", ""},
		{summary_empty, "elapsed_s", "0.000000"},
		{summary_open, "connections_failed_connect_refused", "0"},
		{summary_open, "hold_held_s", ""},
		{summary_open, "hold_open_at_end", ""},
		{summary_open, "hold_cold_share", ""},
		{summary_open, "hold_reset", ""},
		{summary_held, "command", "\"hold\""},
		{summary_held, "hold_opening_s", "40.800000"},
		{summary_held, "hold_held_s", "30.000000"},
		{summary_held, "hold_closing_s", "33.300000"},
		{summary_held, "hold_established_rps", "24531.400000"},
		{summary_held, "hold_first_tenth_rps", "28000.000000"},
		{summary_held, "hold_last_tenth_rps", "21000.000000"},
		{summary_held, "hold_open_at_end", "1000000"},
		{summary_held, "hold_user_bytes_per_connection", "101.400000"},
		{summary_held, "hold_kernel_bytes_per_connection", "9211.600000"},
		{summary_held, "hold_both_ends", "1"},
		{summary_held, "hold_warm_bytes", "9663676416"},
		{summary_held, "hold_cold_share", "0.430000"},
		{summary_held, "hold_tcp_memory_pressures", "0"},
		{summary_held, "hold_time_wait_overflows", "0"},
		{summary_held, "hold_reset", "0"},
		{summary_held, "connections_failed_connect_timeout", "12"},
		{summary_held, "connections_failed_peer_reset", "0"},
		{summary_held, "connections_lost_peer_reset", "15"},
		{summary_refused, "hold_established_rps", ""},
		{summary_refused, "hold_user_bytes_per_connection", ""},
		{summary_refused, "hold_kernel_bytes_per_connection", ""},
		{summary_refused, "hold_cold_share", ""},
		{summary_refused, "hold_open_at_end", "0"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *cell = csv_cell(cases[i].make(), cases[i].column);
		ck_assert_str_eq(cell, cases[i].cell);
		free(cell);
	}
}
END_TEST

START_TEST(csv_doubles_the_quotes_in_a_url)
{
	struct summary *s = summary_empty();
	snprintf(s->target, sizeof s->target, "http://h/?a=\"b\",c");
	char *cell = csv_cell(s, "target");
	ck_assert_str_eq(cell, "\"http://h/?a=\"\"b\"\",c\"");
	free(cell);
}
END_TEST

/* --- hdr ---------------------------------------------------------------------------------- */

START_TEST(the_hdr_log_holds_every_series_to_the_last_value)
{
	static struct hist read;
	char *report = rendered("hdr", summary_closed(5000));
	ck_assert_ptr_nonnull(strstr(report, "Tag=service,"));
	ck_assert_ptr_nonnull(strstr(report, "Tag=connect,"));
	ck_assert_ptr_nonnull(strstr(report, "Tag=first_byte,"));
	char *at = strstr(report, "Tag=intended,");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "HIST"); /* as every V2 histogram begins in base64 */
	ck_assert_ptr_nonnull(at);
	hist_init(&read);
	ck_assert(hdr_decode((struct span){at, strcspn(at, "\n")}, &read));
	ck_assert_uint_eq(read.count, 5000);
	ck_assert_uint_eq(hist_quantile_us(&read, 0.99), 990);
	free(report);
}
END_TEST

/* --- writing ------------------------------------------------------------------------------ */

static void writing_fails(const char *path, int flags, const char *reason)
{
	struct buf b;
	struct err err = {0};
	buf_init(&b, 100);
	buf_puts(&b, "report\n");
	int fd = open(path, flags);
	ck_assert_int_ge(fd, 0);
	FILE *to = fdopen(dup(fd), flags == O_RDONLY ? "r" : "w");
	ck_assert_ptr_nonnull(to);
	ck_assert_int_eq(out_write(to, &b, &err), -1);
	ck_assert_int_eq(err_exit_code(&err), 1);
	ck_assert_msg(strstr(err.text, reason) != NULL, "%s", err.text);
	fclose(to);
	close(fd);
	buf_fini(&b);
}

START_TEST(a_full_disk_and_a_closed_output_are_errors)
{
	writing_fails("/dev/full", O_WRONLY, "No space left");
	writing_fails("/dev/null", O_RDONLY, "Bad file descriptor");
}
END_TEST

START_TEST(a_report_that_was_cut_is_an_error)
{
	struct buf b;
	struct err err = {0};
	buf_init(&b, 4);
	buf_puts(&b, "too long");
	ck_assert_int_eq(out_write(stdout, &b, &err), -1);
	buf_fini(&b);
}
END_TEST

START_TEST(what_is_written_arrives_whole)
{
	struct buf b;
	struct err err = {0};
	char read[16] = "";
	buf_init(&b, 100);
	buf_puts(&b, "report\n");
	FILE *to = tmpfile();
	ck_assert_ptr_nonnull(to);
	ck_assert_int_eq(out_write(to, &b, &err), 0);
	rewind(to);
	ck_assert_uint_eq(fread(read, 1, sizeof read, to), 7);
	ck_assert_str_eq(read, "report\n");
	fclose(to);
	buf_fini(&b);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("out");
	tcase_add_test(all, the_names_are_those_of_the_forms);
	tcase_add_test(all, quiet_prints_nothing);
	tcase_add_test(all, csv_has_a_cell_for_every_column_and_leaves_the_unmeasured_empty);
	tcase_add_test(all, csv_doubles_the_quotes_in_a_url);
	tcase_add_test(all, the_hdr_log_holds_every_series_to_the_last_value);
	tcase_add_test(all, a_full_disk_and_a_closed_output_are_errors);
	tcase_add_test(all, a_report_that_was_cut_is_an_error);
	tcase_add_test(all, what_is_written_arrives_whole);
	Suite *suite = suite_create("out");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
