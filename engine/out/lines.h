/* lines: paragraphs for a terminal. Any thread. */
#ifndef BRINK_OUT_LINES_H
#define BRINK_OUT_LINES_H

#include "base/span.h"

#define LINES_WIDTH 100u

/* Appends `lead` and then `text`, broken at blanks so that no line is longer than LINES_WIDTH;
 * further lines begin below the text, not below the lead. A word too long for a line is cut.
 * The lead is shorter than a line. */
void lines_wrap(struct buf *out, const char *lead, const char *text);

#endif
