/* brink: finds where a service breaks, and says what broke first. This file finds the subcommand
 * and hands over; the exit codes are those of run/verdict.h. */
#include "tools/commands.h"
#include "base/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* A closed standard stream would lend its number to the next socket, and a report would go to
 * the target. Reading and writing the stand-in both fail as they should. */
static void hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(1);
	}
}

static const char *without_dashes(const char *name)
{
	static const char *const same[][2] = {
		{"-h", "help"},
		{"--help", "help"},
		{"-V", "version"},
		{"--version", "version"},
	};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (!strcmp(name, same[i][0]))
			return same[i][1];
	return name;
}

static int unknown(const char *name)
{
	struct err err = {0};
	struct nearest near = {.wanted = name};
	for (unsigned i = 0; i < command_count; i++)
		nearest_offer(&near, commands[i].name);
	err_set(&err, ERR_USAGE, "there is no command \"%s\"", name);
	if (strstr(name, "://"))
		err_hint(&err, "brink run %s", name);
	else if (near.found)
		err_hint(&err, "did you mean %s?", near.found);
	else
		err_hint(&err, "brink --help lists the commands");
	return command_fail(&err);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	hold_standard_streams();
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		err_set(&err, ERR_USAGE, "a command is missing");
		err_hint(&err, "brink run URL, or brink --help");
		return command_fail(&err);
	}
	const char *name = without_dashes(argv[1]);
	const struct command *command = command_find(name);
	return command ? command->main(argc - 1, argv + 1) : unknown(name);
}
