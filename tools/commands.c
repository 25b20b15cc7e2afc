#include "tools/commands.h"

#include "out/out.h"
#include "tools/options.h"

#include <stdio.h>

const struct command commands[] = {
	{"run", "URL|SCENARIO", "run a load and judge it against thresholds",
	 "brink run -c 64 -d 30s -R 5k --threshold 'p(99)<250ms' http://127.0.0.1:8080/",
	 OPTIONS_RUN, cmd_run},
	{"find", "URL|SCENARIO", "search for the knee and the breaking point, and the way back",
	 "brink find http://127.0.0.1:8080/", OPTIONS_FIND, cmd_find},
	{"hold", "URL", "open many connections, keep them, report every one that is lost",
	 "brink hold -c 100k --source 127.0.0.1-127.0.0.8 -d 30s --verify http://127.0.0.1:8080/",
	 OPTIONS_HOLD, cmd_hold},
	{"doctor", "[URL]", "what will limit this host, in order, and the setting that mends it",
	 "brink doctor -c 1M http://127.0.0.1:8080/", OPTIONS_DOCTOR, cmd_doctor},
	{"target", "", "the reference server, with a programmable capacity and faults", "", 0,
	 cmd_target},
	{"agent", "", "on the target's host: what its kernel counts, for runs and for Prometheus",
	 "", 0, cmd_agent},
	{"import", "k6 FILE",
	 "a script of k6 as a scenario; what cannot be converted is refused by line",
	 "brink import k6 script.js >scenario.yaml", OPTIONS_IMPORT, cmd_import},
	{"version", "", "version, kernel and libraries; --features: what the kernel offers", "",
	 OPTIONS_VERSION, cmd_version},
	{"help", "[COMMAND]", "this help, or that of a command; --man: as a manual page",
	 "brink help --man | man -l -", OPTIONS_HELP, cmd_help},
	{"completion", "bash", "a completion script for the shell",
	 "source <(brink completion bash)", OPTIONS_COMPLETION, cmd_completion},
};

const unsigned command_count = sizeof commands / sizeof *commands;

const struct command *command_find(const char *name)
{
	for (unsigned i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

int command_fail(const struct err *err)
{
	fprintf(stderr, "brink: %s\n", err->text);
	if (err->hint[0])
		fprintf(stderr, "  hint: %s\n", err->hint);
	return err_exit_code(err);
}

int command_print(struct buf *text)
{
	struct err err = {0};
	int result = out_write(stdout, text, &err);
	buf_fini(text);
	return result ? command_fail(&err) : 0;
}
