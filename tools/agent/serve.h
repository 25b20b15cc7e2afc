/* serve: answers over HTTP: /metrics, /v1/clock, and /v1/samples?since=N&lines=M&agent=ID: from
 * line N + 1 on, or, where ID is not this life of the agent, from the first that there is. One
 * thread of libmicrohttpd, which
 * reads the spool and the texts that the sampling thread publishes. */
#ifndef BRINK_TOOLS_AGENT_SERVE_H
#define BRINK_TOOLS_AGENT_SERVE_H

#include "base/err.h"
#include "tools/agent/settings.h"
#include "tools/agent/spool.h"

struct serve;

/* Listens and reads the certificates, in the network namespace and with the privileges of the
 * moment; a port 0 of s->listen becomes the one it got. `id` names this life of the agent. -1 with
 * an err. */
int serve_open(struct serve **ret, struct agent_settings *s, struct spool *spool, const char *id,
	       struct err *err);

/* Answers from now on, in a thread with the privileges of now. */
int serve_start(struct serve *s, struct err *err);
void serve_close(struct serve *s);

/* What /metrics says from now on, and the first line of each stream but for what follows `{`:
 * `"programs": ...` up to, not with, the closing brace. Copies. */
void serve_publish(struct serve *s, struct span metrics_text, struct span hello);

/* The spool has more: readers that wait are woken. */
void serve_wake(struct serve *s);

#endif
