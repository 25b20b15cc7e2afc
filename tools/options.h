/* options: what one command line asks for. One table (options_table.c) makes the parser, the
 * environment variables, --help, the manual page, the completion and the listing of --dry-run.
 *
 * Flags go before the environment (BRINK_CONNECTIONS for --connections), that before defaults;
 * a flag that may be repeated replaces what the environment gave. Text stays argv's and the
 * environment's. Main thread, set-up only. */
#ifndef BRINK_TOOLS_OPTIONS_H
#define BRINK_TOOLS_OPTIONS_H

#include "out/out.h"
#include "run/run.h"
#include "run/scenario.h"

#define OPTIONS_GIVEN_MAX    256
#define OPTIONS_OPERANDS_MAX 8

/* The subcommands that a row applies to. */
enum {
	OPTIONS_RUN = 1,
	OPTIONS_VERSION = 2,
	OPTIONS_HELP = 4,
	OPTIONS_COMPLETION = 8,
	OPTIONS_HOLD = 16,
	OPTIONS_DOCTOR = 32,
	OPTIONS_FIND = 64,
	OPTIONS_IMPORT = 128,
	OPTIONS_EVERY = 255,
	OPTIONS_LOADING = OPTIONS_RUN | OPTIONS_HOLD | OPTIONS_FIND, /* those that load a target */
	OPTIONS_REPEATED = 256, /* each occurrence counts, not the last */
};

struct invocation;
struct option;

/* Puts a value where it belongs. Returns 0, or -1 with a usage error; the caller adds the name
 * of the flag. A switch is given NULL. */
typedef int option_setter(struct invocation *in, const struct option *o, const char *value,
			  struct err *err);

struct option {
	const char *group; /* heading in the help */
	char letter;       /* 'c', or 0 */
	const char *name;  /* "connections" */
	const char *value; /* placeholder: "N"; NULL: a switch */
	const char *usual; /* the default, as it would be written or in words; NULL: no variable */
	const char *help;
	unsigned commands;
	option_setter *set;
	struct option_field {
		size_t at, size;   /* in struct invocation */
		uint64_t min, max; /* in its own unit */
	} field;                   /* that a plain setter fills */
};

extern const struct option options[];
extern const unsigned option_count;

enum origin { ORIGIN_FLAG, ORIGIN_ENVIRONMENT };

struct given {
	const struct option *option;
	const char *value; /* NULL: a switch */
	enum origin origin;
};

struct invocation {
	unsigned command; /* OPTIONS_RUN, ... */
	struct run_config run;
	const struct out_form *form;
	bool scenario_failed, own_stages, own_agents;
	double time_scale;  /* of stages */
	double ws_rate_rps; /* of each connection */
	bool dry_run, quiet, verbose, help, features, man;
	bool has_data;          /* --data */
	const char *data_file;  /* --data-file */
	const char *connect_to; /* --connect-to, as given */
	char connect_to_text[320];
	struct buf body;           /* of --data-file */
	struct scenario *scenario; /* the operand, where it is a file; NULL */

	unsigned given_count, operand_count;
	struct given given[OPTIONS_GIVEN_MAX];
	const char *operands[OPTIONS_OPERANDS_MAX];
};

/* Reads argv[1..] and the environment. 0, or -1 with a usage error; options_fini either way. */
int options_parse(struct invocation *in, unsigned command, int argc, char **argv, struct err *err);
void options_fini(struct invocation *in);

/* Whether the row describes a load: what the environment can give and --dry-run lists. */
bool option_is_of_load(const struct option *o);

/* Whether it was given, by flag or environment. */
bool options_has(const struct invocation *in, const char *name);

/* The environment's name of an option, in `out` of OPTION_VARIABLE bytes; returns out. */
#define OPTION_VARIABLE 64
char *option_variable(char *out, const struct option *o);

/* Finishes what `run` needs once everything is known: combinations that cannot be, the body,
 * --connect-to against the URL. 0, or -1 with a usage error. */
int options_settle_run(struct invocation *in, struct err *err);

#endif
