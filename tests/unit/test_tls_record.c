/* Records: what one end seals the other opens, and nothing else. */
#include "tls/record.h"
#include "tests/lib/suite.h"

#include <stdlib.h>

static struct tls_sealer *ours, *theirs;
static struct tls_keys tx, rx;

static void start(void)
{
	ours = tls_sealer_new();
	theirs = tls_sealer_new();
	ck_assert(ours && theirs);
}

static void end(void)
{
	tls_sealer_free(ours);
	tls_sealer_free(theirs);
}

/* Every version and cipher, by the loop's number. */
static void make_keys(int i)
{
	tx = (struct tls_keys){.version = i < TLS_CIPHERS ? TLS_1_2 : TLS_1_3,
			       .cipher = (uint8_t)(i % TLS_CIPHERS),
			       .sequence = 7};
	for (unsigned k = 0; k < sizeof tx.key; k++)
		tx.key[k] = (uint8_t)(k * 7 + 1);
	memcpy(tx.iv, "four-bytes-12", sizeof tx.iv);
	rx = tx;
}
#define KINDS (2 * TLS_CIPHERS)

START_TEST(what_is_sealed_opens_again)
{
	static const size_t lengths[] = {0, 1, 100, TLS_PLAIN_MAX};
	make_keys(_i);
	for (unsigned l = 0; l < sizeof lengths / sizeof *lengths; l++) {
		char *plain = malloc(lengths[l] + 1), *sealed = malloc(lengths[l] + 64);
		struct tls_opened opened;
		memset(plain, 'p', lengths[l] + 1);
		size_t len = tls_seal(ours, &tx, TLS_APPLICATION, (struct span){plain, lengths[l]},
				      sealed);
		ck_assert_uint_eq(len, tls_sealed_len(&tx, lengths[l]));
		ck_assert_int_eq(tls_open(theirs, &rx, sealed, len, &opened), TLS_RECORD_WHOLE);
		ck_assert_uint_eq(opened.type, TLS_APPLICATION);
		ck_assert_uint_eq(opened.plain.len, lengths[l]);
		ck_assert_int_eq(memcmp(opened.plain.ptr, plain, lengths[l]), 0);
		ck_assert_uint_eq(tx.sequence, rx.sequence);
		free(plain);
		free(sealed);
	}
}
END_TEST

START_TEST(more_than_a_record_holds_is_sealed_as_several)
{
	size_t total = 3 * TLS_PLAIN_MAX + 5, seen = 0;
	make_keys(_i);
	char *plain = calloc(1, total), *sealed = malloc(tls_sealed_len(&tx, total));
	size_t len = tls_seal(ours, &tx, TLS_APPLICATION, (struct span){plain, total}, sealed);
	ck_assert_uint_eq(len, tls_sealed_len(&tx, total));
	for (size_t at = 0; at < len;) {
		struct tls_opened opened;
		ck_assert_int_eq(tls_open(theirs, &rx, sealed + at, len - at, &opened),
				 TLS_RECORD_WHOLE);
		seen += opened.plain.len;
		at += opened.need;
	}
	ck_assert_uint_eq(seen, total);
	free(plain);
	free(sealed);
}
END_TEST

/* But for the version's bytes, which TLS 1.2 alone authenticates as they stand. */
START_TEST(a_byte_that_was_changed_is_noticed)
{
	static const char plain[] = "forty bytes of which each may be changed";
	char sealed[128], changed[128];
	make_keys(_i);
	size_t len = tls_seal(ours, &tx, TLS_APPLICATION, (struct span){plain, 40}, sealed);
	for (size_t i = 0; i < len; i++) {
		struct tls_keys fresh = rx;
		struct tls_opened opened;
		memcpy(changed, sealed, len);
		changed[i] ^= 1;
		if (i != 2) /* the minor version, which is not looked at in 1.2 */
			ck_assert_int_ne(tls_open(theirs, &fresh, changed, len, &opened),
					 TLS_RECORD_WHOLE);
	}
	struct tls_opened opened;
	ck_assert_int_eq(tls_open(theirs, &rx, sealed, len, &opened), TLS_RECORD_WHOLE);
}
END_TEST

START_TEST(a_record_out_of_order_is_noticed)
{
	char first[64], second[64];
	struct tls_opened opened;
	make_keys(_i);
	size_t len = tls_seal(ours, &tx, TLS_APPLICATION, span_of("one"), first);
	tls_seal(ours, &tx, TLS_APPLICATION, span_of("two"), second);
	ck_assert_int_eq(tls_open(theirs, &rx, second, len, &opened), TLS_RECORD_BAD_MAC);
}
END_TEST

START_TEST(a_partial_record_says_how_long_it_is)
{
	char sealed[64];
	struct tls_opened opened;
	make_keys(_i);
	size_t len = tls_seal(ours, &tx, TLS_APPLICATION, span_of("data"), sealed);
	for (size_t part = 0; part < len; part++) {
		ck_assert_int_eq(tls_open(theirs, &rx, sealed, part, &opened), TLS_RECORD_PARTIAL);
		ck_assert_uint_eq(opened.need, part < TLS_HEADER_LEN ? TLS_HEADER_LEN : len);
	}
}
END_TEST

START_TEST(more_connections_than_key_schedules_do_not_mix)
{
	enum { MANY = 700 };
	static struct tls_keys a[MANY], b[MANY];
	make_keys(_i);
	for (unsigned i = 0; i < MANY; i++) {
		a[i] = tx;
		a[i].key[0] = (uint8_t)i;
		a[i].key[5] = (uint8_t)(i >> 8);
		b[i] = a[i];
	}
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			char sealed[64];
			struct tls_opened opened;
			size_t len = tls_seal(ours, &a[i], TLS_APPLICATION, span_of("x"), sealed);
			ck_assert_int_eq(tls_open(ours, &b[i], sealed, len, &opened),
					 TLS_RECORD_WHOLE);
		}
	}
}
END_TEST

START_TEST(a_length_beyond_the_limit_is_no_record)
{
	char header[] = {23, 3, 3, 0x7f, 0x7f};
	struct tls_opened opened;
	make_keys(_i);
	ck_assert_int_eq(tls_open(theirs, &rx, header, sizeof header, &opened), TLS_RECORD_BAD);
}
END_TEST

/* RFC 8448 section 3: the server's application traffic secret and what follows from it. */
START_TEST(the_keys_of_rfc_8448_follow_from_its_secret)
{
	static const uint8_t secret[] = {0xa1, 0x1a, 0xf9, 0xf0, 0x55, 0x31, 0xf8, 0x56,
					 0xad, 0x47, 0x11, 0x6b, 0x45, 0xa9, 0x50, 0x32,
					 0x82, 0x04, 0xb4, 0xf4, 0x4b, 0xfb, 0x6b, 0x3a,
					 0x4b, 0x4f, 0x1f, 0x3f, 0xcb, 0x63, 0x16, 0x43};
	static const uint8_t key[] = {0x9f, 0x02, 0x28, 0x3b, 0x6c, 0x9c, 0x07, 0xef,
				      0xc2, 0x6b, 0xb9, 0xf2, 0xac, 0x92, 0xe3, 0x56};
	static const uint8_t iv[] = {0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83,
				     0x54, 0x9a, 0xad, 0xf1, 0xe9, 0x84};
	struct tls_keys keys;
	ck_assert(tls_keys_13(&keys, TLS_AES_128_GCM,
			      (struct span){(const char *)secret, sizeof secret}));
	ck_assert_mem_eq(keys.key, key, sizeof key);
	ck_assert_mem_eq(keys.iv, iv, sizeof iv);
}
END_TEST

int main(void)
{
	const TTest *const looped[] = {
		what_is_sealed_opens_again,
		more_than_a_record_holds_is_sealed_as_several,
		a_byte_that_was_changed_is_noticed,
		a_record_out_of_order_is_noticed,
		a_partial_record_says_how_long_it_is,
		more_connections_than_key_schedules_do_not_mix,
		a_length_beyond_the_limit_is_no_record,
	};
	TCase *all = tcase_create("record");
	tcase_add_checked_fixture(all, start, end);
	for (size_t i = 0; i < sizeof looped / sizeof *looped; i++)
		tcase_add_loop_test(all, looped[i], 0, KINDS);
	tcase_add_test(all, the_keys_of_rfc_8448_follow_from_its_secret);
	Suite *suite = suite_create("tls_record");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
