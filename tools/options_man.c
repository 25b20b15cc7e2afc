/* The manual page and the completion script: the table once more, in other spellings. */
#include "tools/options_text.h"

/* Text as groff wants it: a hyphen that is a minus, no line that begins as a request. */
static void roff(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		buf_puts(out, "\\&");
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			buf_puts(out, *text == '-' ? "\\-" : "\\e");
		else
			buf_append(out, text, 1);
	}
}

static void man_option(const struct option *o, struct buf *out)
{
	buf_puts(out, ".TP\n\\fB");
	if (o->letter)
		buf_printf(out, "\\-%c\\fR, \\fB", o->letter);
	buf_puts(out, "\\-\\-");
	roff(out, o->name);
	buf_puts(out, "\\fR");
	if (o->value) {
		buf_puts(out, " \\fI");
		roff(out, o->value);
		buf_puts(out, "\\fR");
	}
	buf_puts(out, "\n");
	roff(out, o->help);
	if (o->value && o->usual && strcmp(o->usual, "none")) {
		buf_puts(out, " (default: ");
		roff(out, o->usual);
		buf_puts(out, ")");
	}
	buf_puts(out, ".\n");
}

static void man_command(const struct command *c, struct buf *out)
{
	buf_printf(out, ".SH \"BRINK %s\"\n\\fBbrink %s\\fR ", c->name, c->name);
	roff(out, c->operands);
	buf_puts(out, "\n.PP\n");
	roff(out, c->summary);
	buf_puts(out, ".\n");
	for (unsigned i = 0; i < option_count; i++)
		if (options[i].commands & c->options)
			man_option(&options[i], out);
}

void options_man(struct buf *out)
{
	buf_puts(out,
		 ".TH BRINK 1 \"\" \"brink " BRINK_VERSION "\"\n.SH NAME\nbrink \\- finds where "
		 "a service breaks, and says what broke first\n.SH SYNOPSIS\n\\fBbrink\\fR "
		 "\\fICOMMAND\\fR [\\fIFLAGS\\fR] [\\fIOPERANDS\\fR]\n");
	for (unsigned i = 0; i < command_count; i++)
		man_command(&commands[i], out);
}

/* --- completion --------------------------------------------------------------------------- */

static void bash_flags(const struct command *c, struct buf *out)
{
	buf_printf(out, "\t%s) words=\"--help", c->name);
	for (unsigned i = 0; i < option_count; i++)
		if ((options[i].commands & c->options) && strcmp(options[i].name, "help"))
			buf_printf(out, " --%s", options[i].name);
	buf_puts(out, "\" ;;\n");
}

void options_bash(struct buf *out)
{
	buf_puts(out, "# bash completion for brink\n_brink()\n{\n"
		      "\tlocal words at=\"${COMP_WORDS[COMP_CWORD]}\"\n"
		      "\tcase \"$COMP_CWORD:${COMP_WORDS[1]}\" in\n\t1:*) words=\"");
	for (unsigned i = 0; i < command_count; i++)
		buf_printf(out, "%s%s", i ? " " : "", commands[i].name);
	buf_puts(out,
		 "\" ;;\n\tesac\n\t[ \"$COMP_CWORD\" -gt 1 ] && case \"${COMP_WORDS[1]}\" in\n");
	for (unsigned i = 0; i < command_count; i++)
		bash_flags(&commands[i], out);
	buf_puts(out, "\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$at\")\n}\n"
		      "complete -o default -F _brink brink\n");
}
