/* What the report says of TLS: version, cipher, who sealed the records, handshakes, and why some
 * failed. */
#include "out/text.h"

#include "out/lines.h"

#include <stdio.h>

static void handshakes(const struct summary *s, struct buf *out)
{
	char line[512];
	const struct summary_tls *t = &s->tls;
	int len =
		snprintf(line, sizeof line, "%s%s%s; %llu full handshakes, %llu resumed",
			 t->version ? t->version : "no handshake succeeded", t->version ? ", " : "",
			 t->version ? t->cipher : "", (unsigned long long)s->total.tls_full,
			 (unsigned long long)s->total.tls_resumed);
	if (t->ktls)
		snprintf(line + len, sizeof line - (size_t)len,
			 "; the kernel seals and opens records (kTLS)");
	else if (t->note[0])
		snprintf(line + len, sizeof line - (size_t)len, "; %s", t->note);
	lines_wrap(out, "TLS           ", line);
}

static void failures(const struct summary *s, struct buf *out)
{
	for (int r = 0; r < TLS_REASONS; r++) {
		char lead[64], text[320];
		const char *detail = s->tls.details[r];
		if (!s->total.tls_reasons[r])
			continue;
		snprintf(lead, sizeof lead, "  %-22s%11llu  ", tls_reason_name((enum tls_reason)r),
			 (unsigned long long)s->total.tls_reasons[r]);
		snprintf(text, sizeof text, "%s%s%s%s", tls_reason_words((enum tls_reason)r),
			 detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
		lines_wrap(out, lead, text);
	}
}

void text_tls(const struct summary *s, struct buf *out)
{
	if (!s->tls.used)
		return;
	buf_puts(out, "\n");
	handshakes(s, out);
	failures(s, out);
}
