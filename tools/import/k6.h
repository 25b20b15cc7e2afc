/* k6: from a k6 script to a scenario. Taken: the options object (stages, vus, duration,
 * thresholds), http.get and its like with static arguments, check on the status, sleep. What else a
 * script does is refused by line: nothing is left out in silence. Set-up code. */
#ifndef BRINK_TOOLS_IMPORT_K6_H
#define BRINK_TOOLS_IMPORT_K6_H

#include "base/err.h"
#include "base/span.h"

/* Appends a scenario in YAML. -1 with a usage error: "file:line:column: ...". */
int k6_import(const char *name, struct span script, struct buf *out, struct err *err);

#endif
