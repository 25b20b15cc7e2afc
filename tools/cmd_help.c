/* cmd_help: `brink help` and `brink completion`: the tables in other clothes. */
#include "tools/options_text.h"

#define TEXT_MAX (256u * 1024)

static int help_of(const char *name, struct err *err)
{
	struct buf out;
	const struct command *c = command_find(name);
	if (!c) {
		err_set(err, ERR_USAGE, "there is no command \"%s\"", name);
		err_hint(err, "brink --help lists the commands");
		return command_fail(err);
	}
	if (!c->options) { /* it knows its own flags */
		char command[32], flag[] = "--help";
		snprintf(command, sizeof command, "%s", c->name);
		return c->main(2, (char *[]){command, flag, NULL});
	}
	buf_init(&out, TEXT_MAX);
	options_help(c, &out);
	return command_print(&out);
}

int cmd_help(int argc, char **argv)
{
	static struct invocation in;
	struct err err = {0};
	struct buf out;
	if (options_parse(&in, OPTIONS_HELP, argc, argv, &err))
		return command_fail(&err);
	if (in.operand_count || in.help)
		return help_of(in.operand_count ? in.operands[0] : argv[0], &err);
	buf_init(&out, TEXT_MAX);
	if (in.man)
		options_man(&out);
	else
		options_overview(&out);
	return command_print(&out);
}

int cmd_completion(int argc, char **argv)
{
	static struct invocation in;
	struct err err = {0};
	struct buf out;
	if (options_parse(&in, OPTIONS_COMPLETION, argc, argv, &err))
		return command_fail(&err);
	if (in.help)
		return help_of(argv[0], &err);
	if (in.operand_count != 1 || strcmp(in.operands[0], "bash")) {
		err_set(&err, ERR_USAGE, "completion is made for bash only");
		err_hint(&err, "source <(brink completion bash)");
		return command_fail(&err);
	}
	buf_init(&out, TEXT_MAX);
	options_bash(&out);
	return command_print(&out);
}
