#include "run/grpc_descriptors.h"

#include "base/file.h"
#include "proto/grpc_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 4096u /* of what protoc says */
#define ARGUMENT  4096u

extern char **environ;

/* --- protoc ------------------------------------------------------------------------------ */

/* A run of it. */
struct compiler {
	char set[256]; /* the file that it writes */
	char name[8], out[300], folder[ARGUMENT], file[ARGUMENT];
	char paths[RUN_PROTO_PATHS_MAX][ARGUMENT + 16];
	char *argv[RUN_PROTO_PATHS_MAX + 8];
	struct buf words;
};

/* Where nothing is said of where to look, the file's own folder. */
static void fill_arguments(struct compiler *p, const struct run_config *c)
{
	unsigned n = 0, count = c->grpc.path_count;
	snprintf(p->name, sizeof p->name, "protoc");
	snprintf(p->out, sizeof p->out, "--descriptor_set_out=%s", p->set);
	snprintf(p->file, sizeof p->file, "%s", c->grpc.proto);
	snprintf(p->folder, sizeof p->folder, "%s", c->grpc.proto);
	for (unsigned i = 0; i < count; i++)
		snprintf(p->paths[i], sizeof p->paths[i], "--proto_path=%.4000s", c->grpc.paths[i]);
	if (!count)
		snprintf(p->paths[count++], sizeof p->paths[0], "--proto_path=%s",
			 dirname(p->folder));
	p->argv[n++] = p->name;
	p->argv[n++] = (char *)(uintptr_t) "--include_imports";
	p->argv[n++] = p->out;
	for (unsigned i = 0; i < count; i++)
		p->argv[n++] = p->paths[i];
	p->argv[n++] = p->file;
	p->argv[n] = NULL;
}

static void hear(struct compiler *p, int fd)
{
	char bytes[512];
	ssize_t n;
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		buf_append(&p->words, bytes, (size_t)n);
}

/* Its exit status; -1 with errno where there is no such program. */
static int run(struct compiler *p)
{
	int pipes[2], status = -1;
	pid_t pid;
	posix_spawn_file_actions_t actions;
	if (pipe2(pipes, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDERR_FILENO);
	int error = posix_spawnp(&pid, p->name, &actions, NULL, p->argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	if (!error) {
		hear(p, pipes[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
	}
	close(pipes[0]);
	errno = error;
	return error ? -1 : status;
}

/* What it said, in one line. */
static int failed(struct compiler *p, const char *file, struct err *err)
{
	char *text = p->words.len ? p->words.ptr : NULL;
	while (p->words.len && text[p->words.len - 1] == '\n')
		text[--p->words.len] = '\0';
	for (size_t i = 0; i < p->words.len; i++)
		text[i] = text[i] == '\n' ? ';' : (unsigned char)text[i] < ' ' ? ' ' : text[i];
	err_set(err, ERR_USAGE, "--proto %.100s: protoc says: %.350s", file,
		text ? text : "nothing");
	return err_hint(err, "--proto-path DIR names a folder to find imports in");
}

static int compile(struct compiler *p, const struct run_config *c, struct buf *ret, struct err *err)
{
	fill_arguments(p, c);
	int status = run(p);
	if (status < 0) {
		err_set(err, ERR_USAGE, "--proto %.200s: protoc cannot be run: %s", c->grpc.proto,
			strerror(errno));
		return err_hint(err, "install it (Debian: protobuf-compiler), or give a set that "
				     "was compiled elsewhere with --protoset FILE");
	}
	if (status)
		return failed(p, c->grpc.proto, err);
	return file_read(ret, p->set, GRPC_SCHEMA_MAX, err);
}

static int read_proto(const struct run_config *c, struct buf *ret, struct err *err)
{
	struct compiler *p = calloc(1, sizeof *p);
	if (!p)
		return err_set(err, ERR_RUNTIME, "no memory for protoc");
	const char *folder = getenv("TMPDIR");
	snprintf(p->set, sizeof p->set, "%.200s/brink-XXXXXX", folder ? folder : "/tmp");
	int fd = mkstemp(p->set), result;
	buf_init(&p->words, WORDS_MAX);
	if (fd < 0)
		result = err_set(err, ERR_RUNTIME, "%s: %s", p->set, strerror(errno));
	else
		result = compile(p, c, ret, err);
	if (fd >= 0) {
		close(fd);
		unlink(p->set);
	}
	buf_fini(&p->words);
	free(p);
	return result;
}

/* --- files ------------------------------------------------------------------------------- */

int grpc_descriptors_read(const struct run_config *c, struct buf *ret, struct err *err)
{
	if (c->grpc.proto)
		return read_proto(c, ret, err);
	buf_fini(ret);
	if (!file_read(ret, c->grpc.protoset, GRPC_SCHEMA_MAX, err))
		return 0;
	char text[sizeof err->text];
	memcpy(text, err->text, sizeof text);
	return err_set(err, ERR_USAGE, "--protoset %.450s", text);
}
