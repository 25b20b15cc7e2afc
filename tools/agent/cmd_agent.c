/* cmd_agent: `brink agent`: opens everything with the privileges that it has, gives them up, then
 * samples at every tenth of a second of CLOCK_MONOTONIC until a signal. */
#include "tools/commands.h"

#include "base/json.h"
#include "base/mono.h"
#include "bpf/probe.h"
#include "tools/agent/drop.h"
#include "tools/agent/render.h"
#include "tools/agent/serve.h"
#include "tools/agent/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TICK_NS     (SAMPLER_TICK_MS * NS_PER_MS)
#define HELLO_MAX_B ((size_t)200 << 10)
#define TEXT_MAX_B  ((size_t)8 << 20)
#define SECOND      (1000 / SAMPLER_TICK_MS) /* ticks */

struct agent {
	struct agent_settings settings;
	struct watched watched;
	struct probe *probe;
	struct sampler *sampler;
	struct logs logs;
	struct spool spool;
	struct serve *serve;
	struct utsname host;
	char id[40];
	struct buf line, text, hello;
};

/* --- opening ----------------------------------------------------------------------------- */

/* Everything that is opened from here on, /proc/net too, is that namespace's. */
static int enter_netns(const char *name, struct err *err)
{
	char path[256];
	if (!name)
		return 0;
	snprintf(path, sizeof path, strchr(name, '/') ? "%s" : "/run/netns/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
	if (result)
		err_set(err, ERR_USAGE, "--netns: %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return result;
}

static int fill_filter(const struct agent *a, struct watch_filter *f, struct err *err)
{
	const struct watched *w = &a->watched;
	struct stat st;
	probe_own_netns(f);
	f->port_count = a->settings.port_count;
	memcpy(f->ports, a->settings.ports, sizeof f->ports);
	f->pid_count = w->pid_count;
	for (unsigned i = 0; i < w->pid_count; i++)
		f->pids[i] = (uint32_t)w->pids[i];
	if (!w->sockets_of[0])
		return 0;
	if (stat(w->sockets_of, &st))
		return err_set(err, ERR_USAGE, "--cgroup: %s: %s", w->sockets_of, strerror(errno));
	f->cgroup = st.st_ino; /* which is a v2 cgroup's id */
	return 0;
}

static int open_probe(struct agent *a, struct err *err)
{
	struct probe_config config = {.wanted = a->settings.programs};
	if (fill_filter(a, &config.filter, err))
		return -1;
	config.cgroup = config.filter.cgroup ? a->watched.sockets_of : NULL;
	a->probe = probe_open(&config, err);
	return a->probe ? 0 : -1;
}

static int open_sampler(struct agent *a, struct err *err)
{
	const struct watched *w = &a->watched;
	struct sampler_config c = {.root = "",
				   .port_count = a->settings.port_count,
				   .pid_count = w->pid_count,
				   .pids_left_out = w->left_out,
				   .by_cgroup = a->settings.cgroup != NULL,
				   .cgroup_known = w->cgroup_known,
				   .cgroup = w->cgroup};
	memcpy(c.ports, a->settings.ports, sizeof c.ports);
	memcpy(c.pids, w->pids, sizeof c.pids);
	probe_owns(a->probe, c.elsewhere);
	a->sampler = sampler_new(&c, err);
	if (!a->sampler)
		return -1;
	bool used = sampler_use(a->sampler, &reader_logs, &a->logs) &&
		    sampler_use(a->sampler, &reader_probe_counts, a->probe) &&
		    sampler_use(a->sampler, &reader_probe_cpus, a->probe);
	if (used && c.elsewhere[METRIC_TCP_SOCKETS])
		used = sampler_use(a->sampler, &reader_probe_sockets, a->probe);
	return used ? 0 : err_set(err, ERR_INTERNAL, "too many readers");
}

static int open_logs(struct agent *a, struct err *err)
{
	const struct agent_settings *s = &a->settings;
	if (s->kernel_log)
		logs_follow_kernel(&a->logs);
	for (unsigned i = 0; i < s->pattern_count; i++)
		if (logs_add_pattern(&a->logs, s->patterns[i], err))
			return -1;
	for (unsigned i = 0; i < s->file_count; i++)
		if (logs_follow_file(&a->logs, s->files[i], err))
			return -1;
	for (unsigned i = 0; i < s->journal_count; i++)
		if (logs_follow_unit(&a->logs, s->journals[i], s->user, err))
			return -1;
	return 0;
}

/* This life of the agent: numbers of lines mean something within it alone. */
static void name_life(struct agent *a)
{
	char boot[37] = "";
	int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, boot, 36) != 36)
		boot[0] = '\0';
	if (fd >= 0)
		close(fd);
	snprintf(a->id, sizeof a->id, boot[0] ? "%s" : "%s%" PRIx64, boot, boot[0] ? 0 : mono_ns());
	uname(&a->host);
}

/* --- saying ------------------------------------------------------------------------------ */

static void say_programs(const struct probe *p, FILE *to)
{
	const struct probe_program *programs;
	unsigned count = probe_programs(p, &programs);
	for (unsigned i = 0; i < count; i++)
		fprintf(to, "  %-9s %-21s %s\n", programs[i].object, programs[i].name,
			programs[i].refused[0] ? programs[i].refused : "loaded");
}

static void say_start(const struct agent *a)
{
	const struct probe_program *programs;
	char text[ADDR_TEXT];
	unsigned count = probe_programs(a->probe, &programs), loaded = 0;
	for (unsigned i = 0; i < count; i++)
		loaded += !programs[i].refused[0];
	printf("listening on %s://%s\n", a->settings.cert ? "https" : "http",
	       addr_text(text, &a->settings.listen));
	printf("  %u of %u programs count in the kernel; the rest is read from /proc and netlink\n",
	       loaded, count);
	for (unsigned i = 0; i < count; i++)
		if (programs[i].refused[0])
			printf("  without %s: %s\n", programs[i].name, programs[i].refused);
	fflush(stdout);
}

/* What the first line of a stream says besides its numbers; without braces. */
static void write_hello(struct agent *a)
{
	const struct probe_program *programs;
	unsigned count = probe_programs(a->probe, &programs);
	struct json j;
	a->hello.len = 0;
	json_init(&j, &a->hello);
	json_object(&j, NULL);
	json_text(&j, "version", BRINK_VERSION);
	json_text(&j, "host", a->host.nodename);
	json_text(&j, "kernel", a->host.release);
	json_object(&j, "programs");
	for (unsigned i = 0; i < count; i++)
		json_text(&j, programs[i].name,
			  programs[i].refused[0] ? programs[i].refused : "loaded");
	json_object_end(&j);
	render_sources(a->sampler, &j);
	json_object_end(&j);
}

static void publish(struct agent *a)
{
	a->text.len = 0;
	render_prometheus(a->sampler, &a->text);
	write_hello(a);
	struct span inner = {a->hello.ptr + 1, a->hello.len - 2};
	serve_publish(a->serve, (struct span){a->text.ptr, a->text.len}, inner);
}

/* --- sampling ---------------------------------------------------------------------------- */

static void keep_line(struct agent *a, uint64_t boundary_ns)
{
	a->line.len = 0;
	a->line.cut = false;
	render_line(a->sampler, &a->logs, a->spool.next, boundary_ns, &a->line);
	if (a->line.cut) { /* its number stays, so that the gap has a place and a name */
		a->line.len = 0;
		render_cut_line(a->spool.next, boundary_ns, &a->line);
	}
	logs_taken(&a->logs);
	spool_append(&a->spool, (struct span){a->line.ptr, a->line.len});
	serve_wake(a->serve);
}

/* Until then, or a signal: true. */
static bool sleep_until(const sigset_t *signals, uint64_t until_ns)
{
	uint64_t now_ns = mono_ns();
	if (now_ns >= until_ns)
		return false;
	struct timespec left = {.tv_nsec = (long)(until_ns - now_ns)};
	return sigtimedwait(signals, NULL, &left) > 0;
}

/* A tick that comes too late is left out: its counters are in the next one. */
static void sample_until_signal(struct agent *a, const sigset_t *signals)
{
	uint64_t tick = mono_ns() / TICK_NS + 1;
	uint64_t end_ns =
		a->settings.duration_ns ? mono_ns() + a->settings.duration_ns : UINT64_MAX;
	while (!sleep_until(signals, tick * TICK_NS) && mono_ns() < end_ns) {
		sampler_tick(a->sampler, tick);
		keep_line(a, tick * TICK_NS);
		if (tick % SECOND == 0)
			publish(a);
		uint64_t next = mono_ns() / TICK_NS + 1;
		tick = next > tick ? next : tick + 1;
	}
}

static int run(struct agent *a, struct err *err)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals,
			NULL); /* before the server's thread, which inherits it */
	signal(SIGPIPE, SIG_IGN);
	if (serve_start(a->serve, err))
		return -1;
	sampler_tick(a->sampler, 0); /* so that the first answer has everything */
	publish(a);
	say_start(a);
	sample_until_signal(a, &signals);
	return 0;
}

static int list_programs(struct agent *a, struct err *err)
{
	if (open_probe(a, err))
		return -1;
	say_programs(a->probe, stdout);
	return 0;
}

static int open_and_run(struct agent *a, struct err *err)
{
	if (watched_find(&a->watched, &a->settings, "", err))
		return -1;
	if (a->settings.list)
		return list_programs(a, err);
	if (serve_open(&a->serve, &a->settings, &a->spool, a->id, err) ||
	    enter_netns(a->settings.netns, err) || open_probe(a, err))
		return -1;
	if (open_logs(a, err) || open_sampler(a, err) || drop_privileges(a->settings.user, err))
		return -1;
	return run(a, err);
}

static void agent_fini(struct agent *a)
{
	serve_close(a->serve);
	sampler_free(a->sampler);
	probe_free(a->probe);
	logs_fini(&a->logs);
	spool_fini(&a->spool);
	buf_fini(&a->line);
	buf_fini(&a->text);
	buf_fini(&a->hello);
}

int cmd_agent(int argc, char **argv)
{
	static struct agent a; /* one of them a process, and its spool is large */
	struct err err = {0};
	if (agent_settings_parse(&a.settings, argc, argv, &err))
		return command_fail(&err);
	if (a.settings.help) {
		agent_settings_help(stdout);
		return 0;
	}
	logs_init(&a.logs);
	spool_init(&a.spool);
	buf_init(&a.text, TEXT_MAX_B);
	buf_init(&a.hello, HELLO_MAX_B);
	buf_init(&a.line, SPOOL_LINE_MAX);
	name_life(&a);
	int result = open_and_run(&a, &err);
	agent_fini(&a);
	return result ? command_fail(&err) : 0;
}
