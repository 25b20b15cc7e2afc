/* --help, of one subcommand and of all. */
#include "tools/options_text.h"

#include "out/lines.h"

#define HELP_MAX   ((size_t)1 << 20)
#define FLAG_WIDTH 29 /* of the longest flag with its value, and two blanks */

static const char RUN_FOOTER[] =
	"\nIn brackets: the default. Numbers take k and M; times us, ms, s, m, h, and are seconds\n"
	"without. Every flag has an environment variable below it in precedence: "
	"BRINK_CONNECTIONS\n"
	"for --connections.\n"
	"\nExit: 0 finished, thresholds held; 1 failure; 2 usage; 3 no request succeeded; 4 "
	"refused;\n"
	"5 stopped by a guard; 6 the generator was the limit; 99 thresholds failed; 130, 143 "
	"stopped by\n"
	"a signal.\n";

static void flag(const struct option *o, struct buf *out)
{
	char letter[8] = "", name[64], lead[96];
	struct buf help;
	buf_init(&help, 1024);
	if (o->letter)
		snprintf(letter, sizeof letter, "-%c,", o->letter);
	snprintf(name, sizeof name, "--%s %s", o->name, o->value ? o->value : "");
	snprintf(lead, sizeof lead, "  %-3s %-*s", letter, FLAG_WIDTH, name);
	buf_puts(&help, o->help);
	if (o->value && o->usual && strcmp(o->usual, "none"))
		buf_printf(&help, " [%s]", o->usual);
	if (o->commands & OPTIONS_REPEATED)
		buf_puts(&help, "; may be repeated");
	lines_wrap(out, lead, help.ptr ? help.ptr : "");
	buf_fini(&help);
}

static void flags(unsigned command, struct buf *out)
{
	const char *group = "";
	for (unsigned i = 0; i < option_count; i++) {
		const struct option *o = &options[i];
		if (!(o->commands & command))
			continue;
		if (strcmp(group, o->group))
			buf_printf(out, "\n%s\n", o->group);
		group = o->group;
		flag(o, out);
	}
}

void options_help(const struct command *c, struct buf *out)
{
	buf_printf(out, "brink %s [FLAGS]%s%s: %s\n", c->name, *c->operands ? " " : "", c->operands,
		   c->summary);
	if (*c->example)
		buf_printf(out, "\n  %s\n", c->example);
	flags(c->options, out);
	if (c->options & OPTIONS_LOADING)
		buf_puts(out, RUN_FOOTER);
}

int options_show_help(const char *name)
{
	struct buf out;
	buf_init(&out, HELP_MAX);
	options_help(command_find(name), &out);
	return command_print(&out);
}

void options_overview(struct buf *out)
{
	buf_puts(out, "brink finds where a service breaks, and says what broke first.\n\n");
	for (unsigned i = 0; i < command_count; i++) {
		char lead[64], name[48];
		snprintf(name, sizeof name, "%s %s", commands[i].name, commands[i].operands);
		snprintf(lead, sizeof lead, "  brink %-18s ", name);
		lines_wrap(out, lead, commands[i].summary);
	}
	buf_puts(out, "\nbrink COMMAND --help lists the flags of a command.\n");
}
