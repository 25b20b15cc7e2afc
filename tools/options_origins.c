/* The listing of --dry-run: every value of a run and where it came from. */
#include "tools/options_text.h"

#include <strings.h>

/* Headers whose value is a secret. */
static bool is_secret(const char *line)
{
	static const char *const names[] = {"authorization", "proxy-authorization", "cookie",
					    "x-api-key", "x-auth-token"};
	size_t len = strcspn(line, ": \t");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (len == strlen(names[i]) && !strncasecmp(line, names[i], len))
			return true;
	return false;
}

static void row(const struct option *o, const char *value, const char *origin, struct buf *out)
{
	char hidden[128];
	if (!strcmp(o->name, "header") && is_secret(value)) {
		snprintf(hidden, sizeof hidden, "%.*s: (not shown)", (int)strcspn(value, ": \t"),
			 value);
		value = hidden;
	}
	buf_printf(out, "  --%-18s %-28s  %s\n", o->name, value, origin);
}

static void given_row(const struct given *g, struct buf *out)
{
	char name[OPTION_VARIABLE], origin[OPTION_VARIABLE + 16] = "flag";
	if (g->origin == ORIGIN_ENVIRONMENT)
		snprintf(origin, sizeof origin, "environment %s", option_variable(name, g->option));
	row(g->option, g->value ? g->value : "on", origin, out);
}

/* The last that was given counts, unless the option may be repeated. */
static bool given_rows(const struct invocation *in, const struct option *o, struct buf *out)
{
	bool repeated = o->commands & OPTIONS_REPEATED;
	const struct given *last = NULL;
	for (unsigned i = 0; i < in->given_count; i++) {
		if (in->given[i].option != o)
			continue;
		last = &in->given[i];
		if (repeated)
			given_row(last, out);
	}
	if (last && !repeated)
		given_row(last, out);
	return last;
}

void options_origins(const struct invocation *in, struct buf *out)
{
	for (unsigned i = 0; i < option_count; i++)
		if (option_is_of_load(&options[i]) && (options[i].commands & in->command) &&
		    !given_rows(in, &options[i], out))
			row(&options[i], options[i].usual, "default", out);
}
