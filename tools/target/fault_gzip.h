/* fault_gzip: the gzip bomb, 1 MiB on the wire that would inflate to 1 GiB. */
#ifndef BRINK_TARGET_FAULT_GZIP_H
#define BRINK_TARGET_FAULT_GZIP_H

#include "tools/target/answer.h"

bool fault_gzip_render(struct answer *ret); /* false: no memory */

#endif
