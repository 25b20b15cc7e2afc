#include "tls/control.h"

#include "tls/record.h"

#include <stddef.h>

#define ALERT_CLOSE_NOTIFY  0
#define ALERT_USER_CANCELED 90
#define LEVEL_WARNING       1
#define MESSAGE_TICKET      4
#define MESSAGE_KEY_UPDATE  24
#define KEY_UPDATE_LEN      5 /* RFC 8446 section 4.6.3, its header included */

/* RFC 8446 section 6, RFC 5246 section 7.2. */
static const struct {
	uint8_t description;
	const char *name;
} alerts[] = {
	{0, "close_notify"},
	{10, "unexpected_message"},
	{20, "bad_record_mac"},
	{22, "record_overflow"},
	{40, "handshake_failure"},
	{42, "bad_certificate"},
	{43, "unsupported_certificate"},
	{44, "certificate_revoked"},
	{45, "certificate_expired"},
	{46, "certificate_unknown"},
	{47, "illegal_parameter"},
	{48, "unknown_ca"},
	{49, "access_denied"},
	{50, "decode_error"},
	{51, "decrypt_error"},
	{70, "protocol_version"},
	{71, "insufficient_security"},
	{80, "internal_error"},
	{86, "inappropriate_fallback"},
	{90, "user_canceled"},
	{100, "no_renegotiation"},
	{109, "missing_extension"},
	{110, "unsupported_extension"},
	{112, "unrecognized_name"},
	{113, "bad_certificate_status_response"},
	{115, "unknown_psk_identity"},
	{116, "certificate_required"},
	{120, "no_application_protocol"},
};

const char *tls_alert_name(uint8_t description)
{
	for (unsigned i = 0; i < sizeof alerts / sizeof *alerts; i++)
		if (alerts[i].description == description)
			return alerts[i].name;
	return NULL;
}

static struct tls_control alert(const uint8_t *bytes, size_t len)
{
	struct tls_control c = {.meaning = TLS_MEANS_FAILURE, .reason = TLS_REASON_BAD_RECORD};
	if (len != 2)
		return c;
	c.alert = true;
	c.description = bytes[1];
	c.reason = TLS_REASON_NONE;
	if (bytes[1] == ALERT_CLOSE_NOTIFY)
		c.meaning = TLS_MEANS_CLOSE;
	else if (bytes[1] == ALERT_USER_CANCELED || bytes[0] == LEVEL_WARNING)
		c.meaning = TLS_MEANS_NOTHING; /* a close_notify follows, or nothing need */
	else
		c.reason = tls_reason_of_alert(bytes[1]);
	return c;
}

static struct tls_control handshake(const uint8_t *bytes, size_t len)
{
	struct tls_control c = {.meaning = TLS_MEANS_NOTHING};
	c.ticket = len > 0 && bytes[0] == MESSAGE_TICKET;
	if (len == KEY_UPDATE_LEN && bytes[0] == MESSAGE_KEY_UPDATE) {
		c.meaning = TLS_MEANS_FAILURE;
		c.reason = TLS_REASON_KEY_UPDATE;
	}
	return c;
}

struct tls_control tls_control(uint8_t type, struct span plain)
{
	const uint8_t *bytes = (const uint8_t *)plain.ptr;
	if (type == TLS_ALERT)
		return alert(bytes, plain.len);
	if (type == TLS_HANDSHAKE)
		return handshake(bytes, plain.len);
	return (struct tls_control){.meaning = TLS_MEANS_FAILURE, .reason = TLS_REASON_BAD_RECORD};
}
