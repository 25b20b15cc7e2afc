/* Sessions: both ends in one process, byte for byte, and all that may come of it. */
#include "tls_case.h"

#include "tls/record.h"
#include "tests/lib/suite.h"

static struct files files;
static struct end client, server;
static struct tls_config ours, theirs;

static void setup(void)
{
	make_files(&files);
	ours = (struct tls_config){.host = "localhost", .cacert = files.cert};
	theirs = (struct tls_config){.server = true, .cert = files.cert, .key = files.key};
}

static void teardown(void)
{
	end_fini(&client);
	end_fini(&server);
	drop_files(&files);
}

static void shake_hands(size_t piece)
{
	end_begin(&server);
	end_begin(&client);
	talk(&client, &server, piece);
}

static void connect_both(enum tls_version max, size_t piece)
{
	ours.max = max;
	end_init(&client, &ours);
	end_init(&server, &theirs);
	shake_hands(piece);
}

static const enum tls_version VERSIONS[] = {TLS_1_2, TLS_1_3};

START_TEST(hands_are_shaken_and_data_passes_however_the_bytes_are_cut)
{
	static const size_t pieces[] = {1, 7, 100, 1u << 20};
	for (unsigned p = 0; p < sizeof pieces / sizeof *pieces; p++) {
		if (p) {
			end_fini(&client);
			end_fini(&server);
		}
		connect_both(VERSIONS[_i], pieces[p]);
		ck_assert(client.session.open && server.session.open);
		ck_assert_int_eq(client.session.version, VERSIONS[_i]);
		say(&client, "a question");
		say(&client, " in two parts");
		talk(&client, &server, pieces[p]);
		ck_assert_str_eq(server.heard, "a question in two parts");
		say(&server, "an answer");
		talk(&client, &server, pieces[p]);
		ck_assert_str_eq(client.heard, "an answer");
		ck_assert(tls_at_boundary(&client.session) && tls_at_boundary(&server.session));
	}
	struct tls_seen seen = tls_context_seen(client.context);
	ck_assert_uint_eq(seen.full, 1);
	ck_assert_uint_eq(seen.resumed, 0);
}
END_TEST

START_TEST(a_protocol_that_is_needed_must_be_chosen)
{
	static const char *const served[] = {"h2", "http/1.1,h2", NULL};
	for (unsigned i = 0; i < 3; i++) {
		ours.alpn = "h2";
		ours.alpn_needed = true;
		theirs.alpn = served[i];
		connect_both(VERSIONS[_i], 1u << 20);
		ck_assert(client.session.open == (served[i] != NULL));
		if (!served[i]) {
			ck_assert_int_eq(client.session.reason, TLS_REASON_NO_ALPN);
			ck_assert_str_eq(tls_context_detail(client.context, TLS_REASON_NO_ALPN),
					 "offered h2, chose nothing");
			return;
		}
		end_fini(&client);
		end_fini(&server);
	}
}
END_TEST

START_TEST(a_ticket_is_kept_and_presented)
{
	ours.resume = true;
	connect_both(VERSIONS[_i], 1u << 20);
	say(&server, "x"); /* tickets of 1.3 came before it */
	talk(&client, &server, 1u << 20);
	ck_assert(!client.session.resumed && !client.session.handshake);
	for (int again = 0; again < 3; again++) {
		shake_hands(1u << 20);
		ck_assert(client.session.open && client.session.resumed && server.session.resumed);
		say(&client, "resumed");
		talk(&client, &server, 1u << 20);
		ck_assert_str_eq(server.heard, "resumed");
	}
	ck_assert_uint_eq(tls_context_seen(client.context).resumed, 3);
	ck_assert_uint_eq(tls_context_seen(server.context).resumed, 3);
}
END_TEST

START_TEST(an_end_is_told_from_a_truncation)
{
	connect_both(VERSIONS[_i], 1u << 20);
	ck_assert_int_eq(tls_eof(&client.session), TLS_REASON_CLOSED);
	tls_finish(server.pool, &server.session, &server.out);
	tls_finish(server.pool, &server.session, &server.out); /* once is enough */
	talk(&client, &server, 1u << 20);
	ck_assert_int_eq(client.event, TLS_CLOSED);
	ck_assert_int_eq(tls_eof(&client.session), TLS_REASON_NONE);
	tls_finish(client.pool, &client.session, &client.out);
	talk(&client, &server, 1u << 20);
	ck_assert_int_eq(server.event, TLS_CLOSED);
}
END_TEST

START_TEST(half_a_record_is_no_boundary)
{
	connect_both(VERSIONS[_i], 1u << 20);
	say(&server, "whole");
	size_t half = server.out.len / 2;
	hear(&client, server.out.ptr, half);
	ck_assert(!tls_at_boundary(&client.session));
	ck_assert_str_eq(client.heard, "");
	hear(&client, server.out.ptr + half, server.out.len - half);
	ck_assert(tls_at_boundary(&client.session));
	ck_assert_str_eq(client.heard, "whole");
}
END_TEST

START_TEST(a_changed_byte_ends_it_with_an_alert)
{
	connect_both(VERSIONS[_i], 1u << 20);
	client.out.len = server.out.len = 0;
	say(&client, "whole");
	client.out.ptr[client.out.len - 1] ^= 1;
	carry(&client, &server, 1u << 20);
	ck_assert_int_eq(server.event, TLS_FAILED);
	ck_assert_int_eq(server.session.reason, TLS_REASON_BAD_RECORD);
	ck_assert_str_eq(server.heard, "");
	carry(&server, &client, 1u << 20);
	ck_assert_int_eq(client.event, TLS_FAILED);
	ck_assert_int_eq(client.session.reason, TLS_REASON_OTHER_ALERT);
	ck_assert_str_eq(tls_context_detail(client.context, TLS_REASON_OTHER_ALERT),
			 "bad_record_mac");
}
END_TEST

START_TEST(a_key_update_is_not_followed_but_named)
{
	static const char update[] = {24, 0, 0, 1, 0};
	char sealed[64];
	connect_both(TLS_1_3, 1u << 20);
	struct tls_sealer *sealer = tls_sealer_new();
	size_t len = tls_seal(sealer, &server.session.tx, TLS_HANDSHAKE,
			      (struct span){update, sizeof update}, sealed);
	tls_sealer_free(sealer);
	hear(&client, sealed, len);
	ck_assert_int_eq(client.event, TLS_FAILED);
	ck_assert_int_eq(client.session.reason, TLS_REASON_KEY_UPDATE);
}
END_TEST

START_TEST(a_certificate_for_another_host_is_refused)
{
	ours.host = "elsewhere.example";
	connect_both(VERSIONS[_i], 1u << 20);
	ck_assert_int_eq(client.event, TLS_FAILED);
	ck_assert_int_eq(client.session.reason, TLS_REASON_WRONG_HOST);
	ck_assert(strstr(tls_context_detail(client.context, TLS_REASON_WRONG_HOST),
			 "elsewhere.example"));
	ck_assert(!server.session.open || server.event == TLS_FAILED);
}
END_TEST

START_TEST(who_is_not_trusted_is_refused_unless_told_otherwise)
{
	ours.cacert = NULL;
	connect_both(VERSIONS[_i], 1u << 20);
	ck_assert_int_eq(client.session.reason, TLS_REASON_SELF_SIGNED);
	end_fini(&client);
	end_fini(&server);
	ours.insecure = true;
	connect_both(VERSIONS[_i], 1u << 20);
	ck_assert(client.session.open && server.session.open);
}
END_TEST

START_TEST(a_client_without_the_certificate_that_is_demanded_is_told_so)
{
	theirs.client_ca = files.cert;
	connect_both(VERSIONS[_i], 1u << 20);
	ck_assert_int_eq(server.event, TLS_FAILED);
	ck_assert_int_eq(client.event, TLS_FAILED);
	ck_assert_int_eq(client.session.reason, VERSIONS[_i] == TLS_1_3
							? TLS_REASON_CERTIFICATE_REQUIRED
							: TLS_REASON_HANDSHAKE_ALERT);
	struct tls_seen seen = tls_context_seen(client.context);
	ck_assert(seen.asked_for_certificate && !seen.has_certificate);
}
END_TEST

START_TEST(a_client_that_has_one_is_let_in)
{
	theirs.client_ca = files.cert;
	ours.cert = files.cert;
	ours.key = files.key;
	connect_both(VERSIONS[_i], 1u << 20);
	ck_assert(client.session.open && server.session.open);
	ck_assert_int_ne(server.event, TLS_FAILED);
}
END_TEST

START_TEST(no_cipher_in_common_is_an_alert)
{
	ours.ciphers = "chacha20";
	theirs.ciphers = "aes128";
	connect_both(VERSIONS[_i], 1u << 20);
	ck_assert_int_eq(server.session.reason, TLS_REASON_NO_CIPHER);
	ck_assert_int_eq(client.session.reason, TLS_REASON_HANDSHAKE_ALERT);
}
END_TEST

START_TEST(what_is_not_tls_is_called_so)
{
	char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	end_init(&server, &theirs);
	end_init(&client, &ours);
	end_begin(&client);
	hear(&client, answer, sizeof answer - 1);
	ck_assert_int_eq(client.event, TLS_FAILED);
	ck_assert_int_eq(client.session.reason, TLS_REASON_NOT_TLS);
}
END_TEST

START_TEST(nothing_is_written_before_the_handshake_is_over)
{
	end_init(&server, &theirs);
	end_init(&client, &ours);
	end_begin(&client);
	client.out.len = 0;
	ck_assert(
		!tls_write(client.pool, &client.session, (struct span){"secret", 6}, &client.out));
	tls_finish(client.pool, &client.session, &client.out);
	ck_assert_uint_eq(client.out.len, 0);
}
END_TEST

int main(void)
{
	const TTest *const looped[] = {
		hands_are_shaken_and_data_passes_however_the_bytes_are_cut,
		a_protocol_that_is_needed_must_be_chosen,
		a_ticket_is_kept_and_presented,
		an_end_is_told_from_a_truncation,
		half_a_record_is_no_boundary,
		a_changed_byte_ends_it_with_an_alert,
		a_certificate_for_another_host_is_refused,
		who_is_not_trusted_is_refused_unless_told_otherwise,
		a_client_without_the_certificate_that_is_demanded_is_told_so,
		a_client_that_has_one_is_let_in,
		no_cipher_in_common_is_an_alert,
	};
	TCase *all = tcase_create("session");
	tcase_add_checked_fixture(all, setup, teardown);
	for (size_t i = 0; i < sizeof looped / sizeof *looped; i++)
		tcase_add_loop_test(all, looped[i], 0, 2);
	tcase_add_test(all, a_key_update_is_not_followed_but_named);
	tcase_add_test(all, what_is_not_tls_is_called_so);
	tcase_add_test(all, nothing_is_written_before_the_handshake_is_over);
	Suite *suite = suite_create("tls_session");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
