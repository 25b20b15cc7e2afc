#include "tls/session.h"

#include "tls/handshake.h"
#include "tls/record.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#define ALERT_BAD_RECORD_MAC  20
#define ALERT_RECORD_OVERFLOW 22

int tls_pool_new(struct tls_pool **ret, struct tls_context *context, struct err *err)
{
	struct tls_pool *p = calloc(1, sizeof *p);
	if (p)
		p->sealer = tls_sealer_new();
	if (!p || !p->sealer) {
		tls_pool_free(p);
		return err_set(err, ERR_RUNTIME, "no memory for TLS");
	}
	p->context = context;
	*ret = p;
	return 0;
}

void tls_pool_free(struct tls_pool *p)
{
	if (!p)
		return;
	SSL_SESSION_free(p->ticket);
	tls_sealer_free(p->sealer);
	free(p);
}

/* --- whole records ---------------------------------------------------------------------- */

/* The front of a record whose rest has not come; or, once whole, one that is being used. */
struct tls_partial {
	size_t len, room;
	bool whole;
	char bytes[];
};

static void drop_partial(struct tls_session *s)
{
	if (!s->partial)
		return;
	free(s->partial);
	s->partial = NULL;
}

/* The bytes of the record at the front of these, as far as they tell; 0: it cannot be one. */
static size_t record_len(const char *bytes, size_t len)
{
	const uint8_t *at = (const uint8_t *)bytes;
	if (len && (at[0] < TLS_CHANGE_CIPHER || at[0] > TLS_APPLICATION))
		return 0;
	if (len < TLS_HEADER_LEN)
		return TLS_HEADER_LEN;
	size_t body = (size_t)at[3] << 8 | at[4];
	return at[1] == 3 && body && body <= TLS_SEALED_MAX ? TLS_HEADER_LEN + body : 0;
}

static bool grow_partial(struct tls_session *s, size_t room)
{
	struct tls_partial *grown = realloc(s->partial, sizeof *grown + room);
	if (!grown)
		return false;
	if (!s->partial)
		grown->len = grown->whole = 0;
	grown->room = room;
	s->partial = grown;
	return true;
}

enum gathering { GATHERED, MISSING, NO_RECORD, NO_MEMORY };

/* Adds to a record in pieces until it is whole. */
static enum gathering gather_pieces(struct tls_session *s, struct span *in, struct span *ret)
{
	for (;;) {
		size_t len = s->partial ? s->partial->len : 0;
		size_t want = record_len(s->partial ? s->partial->bytes : NULL, len);
		if (!want)
			return NO_RECORD;
		if (len == want) {
			s->partial->whole = true;
			*ret = (struct span){s->partial->bytes, len};
			return GATHERED;
		}
		if (!in->len)
			return MISSING;
		if ((!s->partial || s->partial->room < want) && !grow_partial(s, want))
			return NO_MEMORY;
		size_t take = want - len < in->len ? want - len : in->len;
		memcpy(s->partial->bytes + len, in->ptr, take);
		s->partial->len += take;
		span_skip(in, take);
	}
}

static enum gathering gather(struct tls_session *s, struct span *in, struct span *ret)
{
	if (s->partial)
		return gather_pieces(s, in, ret);
	if (!in->len)
		return MISSING;
	size_t want = record_len(in->ptr, in->len);
	if (!want)
		return NO_RECORD;
	if (in->len < want)
		return gather_pieces(s, in, ret);
	*ret = (struct span){in->ptr, want};
	span_skip(in, want);
	return GATHERED;
}

/* --- failures --------------------------------------------------------------------------- */

static enum tls_event fail(struct tls_session *s, enum tls_reason reason)
{
	s->reason = (uint8_t)reason;
	tls_handshake_free(s->handshake);
	s->handshake = NULL;
	return TLS_FAILED;
}

static void say_alert(struct tls_pool *p, struct tls_session *s, uint8_t alert, struct buf *out)
{
	const char fatal[] = {2, (char)alert};
	char sealed[2 + TLS_SEAL_EXTRA];
	size_t len =
		tls_seal(p->sealer, &s->tx, TLS_ALERT, (struct span){fatal, sizeof fatal}, sealed);
	buf_append(out, sealed, len);
}

/* --- the handshake ---------------------------------------------------------------------- */

static enum tls_event shaken(struct tls_pool *p, struct tls_session *s)
{
	if (!tls_handshake_agreed(s->handshake))
		return fail(s, TLS_REASON_NO_ALPN);
	if (!tls_handshake_keys(s->handshake, &s->tx, &s->rx))
		return fail(s, TLS_REASON_INTERNAL);
	s->version = s->tx.version;
	s->cipher = s->tx.cipher;
	s->resumed = tls_handshake_resumed(s->handshake);
	s->open = true;
	tls_context_saw(p->context, (enum tls_version)s->version, (enum tls_cipher)s->cipher,
			s->resumed);
	if (!tls_handshake_wants_ticket(s->handshake)) {
		tls_handshake_free(s->handshake);
		s->handshake = NULL;
	}
	return TLS_OPENED;
}

static enum tls_event shake(struct tls_pool *p, struct tls_session *s, struct span record,
			    struct buf *out)
{
	switch (tls_handshake_step(s->handshake, record, out)) {
	case TLS_SHAKES:
		return TLS_WANTS_MORE;
	case TLS_SHAKEN:
		return shaken(p, s);
	case TLS_SHAKE_FAILED:
		break;
	}
	return fail(s, tls_handshake_reason(s->handshake));
}

int tls_begin(struct tls_pool *p, struct tls_session *s, uint64_t number, struct buf *out)
{
	s->handshake = tls_handshake_new(p, number);
	if (!s->handshake)
		return -1;
	if (p->context->server || shake(p, s, (struct span){0}, out) == TLS_WANTS_MORE)
		return 0;
	return -1;
}

/* --- records ---------------------------------------------------------------------------- */

/* The record behind a full handshake, where a ticket is wanted: OpenSSL reads it for itself. */
static void harvest(struct tls_session *s, struct span sealed, bool is_ticket)
{
	if (is_ticket)
		tls_handshake_ticket(s->handshake, sealed);
	tls_handshake_free(s->handshake);
	s->handshake = NULL;
}

enum tls_event tls_obey(struct tls_pool *p, struct tls_control control)
{
	if (control.meaning == TLS_MEANS_NOTHING)
		return TLS_WANTS_MORE;
	if (control.meaning == TLS_MEANS_CLOSE)
		return TLS_CLOSED;
	const char *name = control.alert ? tls_alert_name(control.description) : NULL;
	tls_context_tell(p->context, control.reason, name ? name : "");
	return TLS_FAILED;
}

static enum tls_event obey(struct tls_pool *p, struct tls_session *s, struct tls_control control)
{
	enum tls_event event = tls_obey(p, control);
	s->got_close |= event == TLS_CLOSED;
	return event == TLS_FAILED ? fail(s, control.reason) : event;
}

static enum tls_event open_record(struct tls_pool *p, struct tls_session *s, struct span record,
				  struct span *ret, struct buf *out)
{
	struct tls_opened opened;
	char *copy = NULL;
	if (s->handshake) {
		copy = malloc(record.len);
		if (copy)
			memcpy(copy, record.ptr, record.len);
	}
	enum tls_opening opening =
		tls_open(p->sealer, &s->rx, (char *)(uintptr_t)record.ptr, record.len, &opened);
	struct tls_control control = {0};
	if (opening == TLS_RECORD_WHOLE && opened.type != TLS_APPLICATION)
		control = tls_control(opened.type, opened.plain);
	if (s->handshake)
		harvest(s, (struct span){copy, record.len}, copy && control.ticket);
	free(copy);
	if (opening != TLS_RECORD_WHOLE) {
		say_alert(p, s, ALERT_BAD_RECORD_MAC, out);
		return fail(s, TLS_REASON_BAD_RECORD);
	}
	if (opened.type != TLS_APPLICATION)
		return obey(p, s, control);
	*ret = opened.plain;
	return ret->len ? TLS_DATA : TLS_WANTS_MORE;
}

static enum tls_event no_record(struct tls_pool *p, struct tls_session *s, struct buf *out)
{
	if (!s->open)
		return fail(s, TLS_REASON_NOT_TLS);
	say_alert(p, s, ALERT_RECORD_OVERFLOW, out);
	return fail(s, TLS_REASON_BAD_RECORD);
}

enum tls_event tls_feed(struct tls_pool *p, struct tls_session *s, struct span *in,
			struct span *ret, struct buf *out)
{
	for (;;) {
		struct span record;
		if (s->partial && s->partial->whole)
			drop_partial(s);
		enum gathering gathered = gather(s, in, &record);
		if (gathered == MISSING)
			return TLS_WANTS_MORE;
		if (gathered == NO_MEMORY)
			return fail(s, TLS_REASON_INTERNAL);
		if (gathered == NO_RECORD)
			return no_record(p, s, out);
		enum tls_event event =
			s->open ? open_record(p, s, record, ret, out) : shake(p, s, record, out);
		if (event != TLS_WANTS_MORE)
			return event;
	}
}

/* --- sending ---------------------------------------------------------------------------- */

static bool seal(struct tls_pool *p, struct tls_session *s, enum tls_content type,
		 struct span plain, struct buf *out)
{
	char *at = buf_extend(out, tls_sealed_len(&s->tx, plain.len));
	return at && tls_seal(p->sealer, &s->tx, type, plain, at);
}

bool tls_write(struct tls_pool *p, struct tls_session *s, struct span plain, struct buf *out)
{
	return s->open && (!plain.len || seal(p, s, TLS_APPLICATION, plain, out));
}

void tls_finish(struct tls_pool *p, struct tls_session *s, struct buf *out)
{
	static const char close_notify[] = {1, 0};
	if (!s->open || s->sent_close)
		return;
	s->sent_close = true;
	seal(p, s, TLS_ALERT, (struct span){close_notify, sizeof close_notify}, out);
}

/* --- the end ---------------------------------------------------------------------------- */

bool tls_at_boundary(const struct tls_session *s)
{
	return s->open && !s->handshake && (!s->partial || s->partial->whole);
}

enum tls_reason tls_eof(const struct tls_session *s)
{
	return s->got_close ? TLS_REASON_NONE : TLS_REASON_CLOSED;
}

void tls_end(struct tls_session *s)
{
	tls_handshake_free(s->handshake);
	drop_partial(s);
	OPENSSL_cleanse(s, sizeof *s);
}
