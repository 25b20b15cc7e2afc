/* options_text: the table of options for people and shells. Each appends to out. */
#ifndef BRINK_TOOLS_OPTIONS_TEXT_H
#define BRINK_TOOLS_OPTIONS_TEXT_H

#include "tools/commands.h"
#include "tools/options.h"

void options_help(const struct command *c, struct buf *out); /* of one subcommand */
int options_show_help(const char *name); /* the same on standard output; the exit code */
void options_overview(struct buf *out);  /* of all of them */
void options_man(struct buf *out);       /* groff man(7) */
void options_bash(struct buf *out);      /* completion for bash */
void options_origins(const struct invocation *in, struct buf *out); /* of --dry-run */

#endif
