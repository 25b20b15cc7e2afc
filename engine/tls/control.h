/* control: what a record that is not data means once the handshake is over. The same for records
 * opened here and for those that the kernel opened. Pure; any thread. */
#ifndef BRINK_TLS_CONTROL_H
#define BRINK_TLS_CONTROL_H

#include "base/span.h"
#include "tls/reason.h"

#include <stdbool.h>
#include <stdint.h>

enum tls_meaning {
	TLS_MEANS_NOTHING, /* a ticket, a warning, what may be ignored */
	TLS_MEANS_CLOSE,   /* close_notify */
	TLS_MEANS_FAILURE,
};

struct tls_control {
	enum tls_meaning meaning;
	enum tls_reason reason; /* of a failure */
	bool alert;             /* it was one: */
	uint8_t description;    /* RFC 8446 section 6 */
	bool ticket;            /* a NewSessionTicket begins here */
};

/* `type` is an enum tls_content (tls/record.h). Handshake messages may come in pieces, of which
 * only the first can be known: what is not known is ignored. */
struct tls_control tls_control(uint8_t type, struct span plain);

const char *tls_alert_name(
	uint8_t description); /* "bad_record_mac"; "alert 200" is not named: NULL */

#endif
