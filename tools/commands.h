/* commands: the subcommands of brink, a row each in commands.c, a function each in cmd_*.c.
 *
 * A subcommand runs on the main thread with no signal blocked and SIGPIPE ignored. argv[0] is
 * its own name; what it returns is the exit code of the process (see run/verdict.h). */
#ifndef BRINK_TOOLS_COMMANDS_H
#define BRINK_TOOLS_COMMANDS_H

#include "base/err.h"
#include "base/span.h"

struct command {
	const char *name;
	const char *operands; /* "URL", "" */
	const char *summary;
	const char *example;
	unsigned options; /* its bit in the table of options; 0: its flags are its own affair */
	int (*main)(int argc, char **argv);
};

extern const struct command commands[];
extern const unsigned command_count;

const struct command *command_find(const char *name); /* NULL when there is none */

int cmd_run(int argc, char **argv);
int cmd_find(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_target(int argc, char **argv);
int cmd_agent(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_completion(int argc, char **argv);

/* Says on standard error what went wrong and the way out; returns the exit code of it. */
int command_fail(const struct err *err);

/* Writes a finished text to standard output and gives it up; returns the exit code. */
int command_print(struct buf *text);

#endif
