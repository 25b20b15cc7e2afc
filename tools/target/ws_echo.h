/* ws_echo: the WebSocket end of a connection, which echoes every message, over libwslay.
 *
 * wslay's context holds more than four kilobytes, so there is one only while a message comes or
 * an echo is on its way: an idle connection is a struct ws_echo. Owned by its session, one thread.
 */
#ifndef BRINK_TARGET_WS_ECHO_H
#define BRINK_TARGET_WS_ECHO_H

#include "tools/target/answer.h"
#include "tools/target/framed.h"
#include "tools/target/upgrade.h"

struct ws_echo;

struct ws_echo *ws_echo_new(struct server *s, const struct upgrade *u); /* NULL: no memory */
void ws_echo_free(struct ws_echo *w);

struct framed *ws_echo_framed(struct ws_echo *w); /* of NULL: NULL */
struct ws_echo *ws_echo_of(struct framed *t);

bool ws_echo_bytes(struct server *s, struct ws_echo *w,
		   struct span bytes); /* false as of framed_bytes */
bool ws_echo_fill(struct ws_echo *w);  /* appends to its out what is to be sent; false: no memory */
size_t ws_echo_waiting(const struct ws_echo *w); /* bytes of echoes that are not in `out` yet */
enum answer_end ws_echo_end(const struct ws_echo *w, bool peer_done); /* nothing is left in `out` */
bool ws_echo_rest(struct ws_echo *w);                                 /* as framed_rest */

#endif
