/* out_preflight: a preflight for people and for programs. `brink doctor` prints it, `brink hold`
 * before it starts. Cold path, one thread. */
#ifndef BRINK_OUT_OUT_PREFLIGHT_H
#define BRINK_OUT_OUT_PREFLIGHT_H

#include "base/json.h"
#include "run/preflight.h"

/* What binds first, then each limiter with its evidence and remedy, the first to bind first. */
void preflight_text(const struct preflight *p, struct buf *out);

/* Members of an open object: "connections", "allows" (null: nothing bounds), "first" (null:
 * nothing binds), "limits". */
void preflight_json(const struct preflight *p, struct json *j);

/* "facts": every number by its name, null where it is not known or there is no limit; "gaps": what
 * is not known, and why. */
void preflight_json_facts(const struct facts *f, struct json *j);

/* What is not known, a line each; nothing where all is. */
void preflight_text_gaps(const struct facts *f, struct buf *out);

#endif
