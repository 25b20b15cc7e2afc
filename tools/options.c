#include "tools/options.h"

#include "base/nearest.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* --- finding a row ----------------------------------------------------------------------- */

static const struct option *find_name(const char *name, size_t len, unsigned command)
{
	for (unsigned i = 0; i < option_count; i++)
		if ((options[i].commands & command) && !strncmp(options[i].name, name, len) &&
		    !options[i].name[len])
			return &options[i];
	return NULL;
}

static const struct option *find_letter(char letter, unsigned command)
{
	for (unsigned i = 0; i < option_count; i++)
		if ((options[i].commands & command) && options[i].letter == letter)
			return &options[i];
	return NULL;
}

static int unknown_name(const char *name, size_t len, unsigned command, struct err *err)
{
	char wanted[NEAREST_NAME_MAX + 2] = "";
	struct nearest near = {.wanted = wanted};
	strncat(wanted, name, len < sizeof wanted ? len : sizeof wanted - 1);
	for (unsigned i = 0; i < option_count; i++)
		if (options[i].commands & command)
			nearest_offer(&near, options[i].name);
	err_set(err, ERR_USAGE, "unknown flag --%.*s", (int)len, name);
	return near.found ? err_hint(err, "did you mean --%s?", near.found) : -1;
}

static int unknown_letter(char letter, unsigned command, struct err *err)
{
	char other = (char)(islower(letter) ? toupper(letter) : tolower(letter));
	const struct option *near = isalpha(letter) ? find_letter(other, command) : NULL;
	err_set(err, ERR_USAGE, "unknown flag -%c", letter);
	return near ? err_hint(err, "did you mean -%c (--%s)?", other, near->name) : -1;
}

/* --- reading argv ------------------------------------------------------------------------ */

struct scan {
	struct invocation *in;
	unsigned command;
	char **argv;
	int argc, at;
};

static int give(struct invocation *in, const struct option *o, const char *value,
		enum origin origin, struct err *err)
{
	if (in->given_count == OPTIONS_GIVEN_MAX)
		return err_set(err, ERR_USAGE, "more than %d flags", OPTIONS_GIVEN_MAX);
	in->given[in->given_count++] = (struct given){o, value, origin};
	return 0;
}

/* The value is what stands behind the flag in its own word, or else the next word. */
static int take_value(struct scan *s, const struct option *o, const char *own, struct err *err)
{
	if (!own && s->at + 1 >= s->argc)
		return err_set(err, ERR_USAGE, "--%s needs a value: %s", o->name, o->value);
	return give(s->in, o, own ? own : s->argv[++s->at], ORIGIN_FLAG, err);
}

static int take_long(struct scan *s, const char *word, struct err *err)
{
	size_t len = strcspn(word, "=");
	const char *own = word[len] ? word + len + 1 : NULL;
	const struct option *o = find_name(word, len, s->command);
	if (!o)
		return unknown_name(word, len, s->command, err);
	if (o->value)
		return take_value(s, o, own, err);
	if (own)
		return err_set(err, ERR_USAGE, "--%s takes no value, \"%s\" was given", o->name,
			       own);
	return give(s->in, o, NULL, ORIGIN_FLAG, err);
}

/* Switches may share a word ("-qv"), a flag with a value ends it ("-c64"). */
static int take_letters(struct scan *s, const char *word, struct err *err)
{
	for (; *word; word++) {
		const struct option *o = find_letter(*word, s->command);
		if (!o)
			return unknown_letter(*word, s->command, err);
		if (o->value)
			return take_value(s, o, word[1] ? word + 1 : NULL, err);
		if (give(s->in, o, NULL, ORIGIN_FLAG, err))
			return -1;
	}
	return 0;
}

static int take_operand(struct scan *s, const char *word, struct err *err)
{
	if (s->in->operand_count == OPTIONS_OPERANDS_MAX)
		return err_set(err, ERR_USAGE, "too many operands: \"%s\"", word);
	s->in->operands[s->in->operand_count++] = word;
	return 0;
}

static int scan_words(struct scan *s, struct err *err)
{
	bool flags = true;
	for (; s->at < s->argc; s->at++) {
		const char *word = s->argv[s->at];
		int result;
		if (!flags || word[0] != '-' || !word[1]) {
			result = take_operand(s, word, err);
		} else if (!strcmp(word, "--")) {
			flags = false;
			continue;
		} else if (word[1] == '-') {
			result = take_long(s, word + 2, err);
		} else {
			result = take_letters(s, word + 1, err);
		}
		if (result)
			return -1;
	}
	return 0;
}

/* --- reading the environment -------------------------------------------------------------- */

bool option_is_of_load(const struct option *o)
{
	return (o->commands & OPTIONS_LOADING) && o->usual;
}

char *option_variable(char *out, const struct option *o)
{
	snprintf(out, OPTION_VARIABLE, "BRINK_%s", o->name);
	for (char *p = out; *p; p++)
		*p = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
	return out;
}

/* -1 for what is neither yes nor no. */
static int truth(const char *text)
{
	static const char *const yes[] = {"1", "true", "yes", "on"};
	static const char *const no[] = {"0", "false", "no", "off"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (!strcasecmp(text, yes[i]))
			return 1;
		if (!strcasecmp(text, no[i]))
			return 0;
	}
	return -1;
}

static int give_variable(struct invocation *in, const struct option *o, struct err *err)
{
	char name[OPTION_VARIABLE];
	const char *value = getenv(option_variable(name, o));
	if (!value || !*value)
		return 0;
	if (o->value)
		return give(in, o, value, ORIGIN_ENVIRONMENT, err);
	int on = truth(value);
	if (on < 0)
		return err_set(err, ERR_USAGE, "%s: \"%s\" is neither 1 nor 0", name, value);
	return on ? give(in, o, NULL, ORIGIN_ENVIRONMENT, err) : 0;
}

/* Only what describes a run comes from the environment, and only where no flag says it. */
static int give_variables(struct invocation *in, unsigned command, struct err *err)
{
	for (unsigned i = 0; i < option_count; i++)
		if ((options[i].commands & command) && option_is_of_load(&options[i]) &&
		    !options_has(in, options[i].name) && give_variable(in, &options[i], err))
			return -1;
	return 0;
}

/* --- the story ---------------------------------------------------------------------------- */

/* Names the flag or variable in front of what its setter found wrong. */
static int blame(const struct given *g, struct err *err)
{
	char name[OPTION_VARIABLE], text[sizeof err->text];
	if (g->origin == ORIGIN_ENVIRONMENT)
		option_variable(name, g->option);
	else
		snprintf(name, sizeof name, "--%s", g->option->name);
	memcpy(text, err->text, sizeof text);
	snprintf(err->text, sizeof err->text, "%s: %.*s", name,
		 (int)(sizeof err->text - sizeof name - 3), text);
	return -1;
}

static int apply(struct invocation *in, struct err *err)
{
	for (unsigned i = 0; i < in->given_count; i++) {
		const struct given *g = &in->given[i];
		if (g->option->set(in, g->option, g->value, err))
			return blame(g, err);
	}
	return 0;
}

bool options_has(const struct invocation *in, const char *name)
{
	for (unsigned i = 0; i < in->given_count; i++)
		if (!strcmp(in->given[i].option->name, name))
			return true;
	return false;
}

/* Flags and the environment go before it. */
static int read_scenario(struct invocation *in, struct err *err)
{
	if (in->help || !in->operand_count || !scenario_is_file(in->operands[0]) ||
	    !(in->command & (OPTIONS_RUN | OPTIONS_FIND)))
		return 0;
	int result = scenario_load(&in->scenario, in->operands[0], &in->run, err);
	in->scenario_failed = result != 0;
	return result;
}

int options_parse(struct invocation *in, unsigned command, int argc, char **argv, struct err *err)
{
	struct scan scan = {in, command, argv, argc, 1};
	memset(in, 0, sizeof *in);
	run_defaults(&in->run);
	in->command = command;
	in->run.hold = command == OPTIONS_HOLD;
	in->run.find = command == OPTIONS_FIND;
	in->time_scale = 1;
	in->form = out_form_find("text");
	err->hint[0] = '\0';
	if (!scan_words(&scan, err) && !read_scenario(in, err) &&
	    !give_variables(in, command, err) && !apply(in, err))
		return 0;
	if (in->scenario_failed)
		return -1;
	if (!err->hint[0])
		err_hint(err, "brink %s --help lists the flags", argv[0]);
	return -1;
}

void options_fini(struct invocation *in)
{
	buf_fini(&in->body);
	scenario_free(in->scenario);
}
