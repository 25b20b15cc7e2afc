/* cmd_import: `brink import k6 FILE`: a scenario on standard output. */
#include "tools/commands.h"

#include "base/file.h"
#include "tools/import/k6.h"
#include "tools/options_text.h"

#include <stdio.h>

#define FILE_MAX ((size_t)4 << 20)

static int check_operands(const struct invocation *in, struct err *err)
{
	if (in->operand_count == 2 && !strcmp(in->operands[0], "k6"))
		return 0;
	if (in->operand_count && strcmp(in->operands[0], "k6")) {
		err_set(err, ERR_USAGE, "\"%s\" cannot be imported", in->operands[0]);
		return err_hint(err, "what can be: k6");
	}
	err_set(err, ERR_USAGE, "one file is to be imported");
	return err_hint(err, "brink import k6 script.js >scenario.yaml");
}

static int import(const struct invocation *in)
{
	struct err err = {0};
	struct buf script = {0}, scenario;
	buf_init(&scenario, FILE_MAX);
	int result =
		check_operands(in, &err) || file_read(&script, in->operands[1], FILE_MAX, &err) ||
		k6_import(in->operands[1], (struct span){script.ptr, script.len}, &scenario, &err);
	buf_fini(&script);
	if (!result)
		return command_print(&scenario);
	buf_fini(&scenario);
	return command_fail(&err);
}

int cmd_import(int argc, char **argv)
{
	static struct invocation in;
	struct err err = {0};
	int code;
	if (options_parse(&in, OPTIONS_IMPORT, argc, argv, &err))
		code = command_fail(&err);
	else
		code = in.help ? options_show_help(argv[0]) : import(&in);
	options_fini(&in);
	return code;
}
