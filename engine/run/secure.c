#include "run/secure.h"

#include "load/channel.h"
#include "proto/proto.h"
#include "run/health.h"

#include <stdio.h>
#include <string.h>

/* --- what is asked for ------------------------------------------------------------------ */

/* The first flag given that only TLS gives a meaning; NULL: none. */
static const char *flag_of_tls(const struct run_config *c)
{
	const struct run_tls *t = &c->tls;
	const struct {
		bool given;
		const char *name;
	} flags[] = {
		{t->cacert, "--cacert"},
		{t->cert, "--cert"},
		{t->key, "--key"},
		{t->cert_dir, "--cert-dir"},
		{t->ciphers, "--ciphers"},
		{t->insecure, "--insecure"},
		{t->resume, "--resume"},
		{t->max != TLS_VERSION_NONE, "--tls-max"},
		{t->ktls != KTLS_AUTO, "--ktls"},
		{c->handshakes_only, "--handshakes-only"},
	};
	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
		if (flags[i].given)
			return flags[i].name;
	return NULL;
}

static int check_plain(const struct run_config *c, const struct url *url, struct err *err)
{
	const char *flag = flag_of_tls(c);
	if (!flag)
		return 0;
	err_set(err, ERR_USAGE, "%s with %s: plain %s has no TLS", flag, c->url, url->scheme);
	return err_hint(err, "use %s:// as the URL's scheme, or leave %s out",
			url->scheme[0] == 'w' ? "wss" : "https", flag);
}

int secure_open(const struct run_config *c, const struct url *url, struct plan *plan,
		struct summary *s, struct err *err)
{
	if (strcmp(url->scheme, "https") != 0 && strcmp(url->scheme, "wss") != 0)
		return check_plain(c, url, err);
	const struct tls_config config = {
		.host = url->host,
		.cacert = c->tls.cacert,
		.cert = c->tls.cert,
		.key = c->tls.key,
		.cert_dir = c->tls.cert_dir,
		.insecure = c->tls.insecure,
		.max = c->tls.max,
		.ciphers = c->tls.ciphers,
		.alpn = plan->proto->alpn,
		.alpn_needed = plan->proto->alpn && strcmp(plan->proto->alpn, "http/1.1"),
		.resume = c->tls.resume,
	};
	s->tls.used = true;
	if (channels_choose_ktls(&plan->ktls, c->tls.ktls, s->tls.note, sizeof s->tls.note, err) ||
	    tls_context_new(&plan->tls, &config, err))
		return -1;
	/* a record cannot be looked at without its type */
	if (plan->ktls && plan->idle == PLAN_SWEEP)
		plan->idle = PLAN_WATCH;
	return 0;
}

/* --- what came of it -------------------------------------------------------------------- */

void secure_tell(const struct plan *plan, struct summary *s)
{
	if (!plan->tls)
		return;
	struct tls_seen seen = tls_context_seen(plan->tls);
	if (seen.version != TLS_VERSION_NONE) {
		s->tls.version = tls_version_name(seen.version);
		s->tls.cipher = tls_cipher_facts(seen.cipher)->name;
		s->tls.ktls = plan->ktls;
	}
	for (int r = 0; r < TLS_REASONS; r++)
		snprintf(s->tls.details[r], sizeof s->tls.details[r], "%s",
			 tls_context_detail(plan->tls, (enum tls_reason)r));
	if (seen.asked_for_certificate && s->total.status[400])
		summary_note(s, seen.has_certificate
					? "the target asked for a client certificate: 400 may mean "
					  "that it does not accept the one it was given"
					: "the target asked for a client certificate and was given "
					  "none (--cert, --key): that may be what 400 means");
}

void secure_close(struct plan *plan)
{
	tls_context_free(plan->tls);
	plan->tls = NULL;
}
