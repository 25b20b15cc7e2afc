#include "bpf/probe.h"

#include "bpf/cpu.skel.h"
#include "bpf/netwatch.skel.h"
#include "bpf/probe_impl.h"
#include "bpf/sched.skel.h"
#include "bpf/sockiter.skel.h"
#include "bpf/synq.skel.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif

static const char *const OBJECT_NAMES[PROBE_OBJECTS] = {"netwatch", "synq", "sockiter", "cpu",
							"sched"};

const char *probe_object_name(enum probe_object object)
{
	return OBJECT_NAMES[object];
}

/* --- programs and what became of them ---------------------------------------------------- */

static struct probe_program *note(struct probe *p, enum probe_object object, const char *name)
{
	if (p->program_count == PROBE_PROGRAMS_MAX)
		return NULL;
	struct probe_program *program = &p->programs[p->program_count++];
	*program = (struct probe_program){.object = OBJECT_NAMES[object], .name = name};
	return program;
}

static struct probe_program *find(const struct probe *p, const char *name)
{
	for (unsigned i = 0; i < p->program_count; i++)
		if (!strcmp(p->programs[i].name, name))
			return (struct probe_program *)&p->programs[i];
	return NULL;
}

const char *probe_refusal(const struct probe *p, const char *program)
{
	const struct probe_program *found = find(p, program);
	if (!found)
		return "it was not asked for (--bpf)";
	return found->refused[0] ? found->refused : NULL;
}

bool probe_has(const struct probe *p, const char *program)
{
	return !probe_refusal(p, program);
}

unsigned probe_programs(const struct probe *p, const struct probe_program **ret)
{
	*ret = p->programs;
	return p->program_count;
}

static void refuse(struct probe *p, enum probe_object object, const char *why, int error)
{
	for (unsigned i = 0; i < p->program_count; i++)
		if (p->programs[i].object == OBJECT_NAMES[object] && !p->programs[i].refused[0])
			snprintf(p->programs[i].refused, PROBE_REASON, "%s: %s%s", why,
				 strerror(error),
				 error == EPERM ? " (CAP_BPF and CAP_PERFMON, or root)" : "");
}

/* --- leaving out what the kernel does not have ------------------------------------------- */

/* A program of tp_btf needs the type of its tracepoint. One that is missing would fail all. */
static bool has_hook(const struct bpf_program *program, const struct btf *kernel, const char **ret)
{
	static const char prefix[] = "tp_btf/";
	const char *section = bpf_program__section_name(program);
	char type[96];
	if (strncmp(section, prefix, sizeof prefix - 1) != 0)
		return true;
	*ret = section + sizeof prefix - 1;
	snprintf(type, sizeof type, "btf_trace_%s", *ret);
	return kernel && btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0;
}

/* Until Linux 6.10, which brought the reasons too, tcp_send_reset tells of no reset without a full
 * socket: the kernel's own counter tells more. */
static bool sees_all(const struct bpf_program *program, const struct btf *kernel)
{
	return strcmp(bpf_program__name(program), "reset_sent") != 0 ||
	       btf__find_by_name_kind(kernel, "sk_rst_reason", BTF_KIND_ENUM) > 0;
}

static void leave_out(struct probe *p, enum probe_object object, const struct btf *kernel)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, p->objects[object])
	{
		struct probe_program *noted = note(p, object, bpf_program__name(program));
		const char *hook = "", *why = NULL;
		if (!has_hook(program, kernel, &hook))
			why = kernel ? "this kernel has no tracepoint" : "no BTF of the kernel:";
		else if (kernel && !sees_all(program, kernel))
			why = "before Linux 6.10 it would miss resets without a socket:";
		if (!why)
			continue;
		bpf_program__set_autoload(program, false);
		if (noted)
			snprintf(noted->refused, PROBE_REASON, "%s %s", why, hook);
	}
}

/* --- attaching --------------------------------------------------------------------------- */

/* The v2 hierarchy's root; -1. */
static int open_cgroup2(void)
{
	struct mntent *m;
	int fd = -1;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	while (mounts && fd < 0 && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			fd = open(m->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mounts)
		endmntent(mounts);
	return fd;
}

/* To the one cgroup that is watched, or to all. */
static struct bpf_link *attach_sockops(const struct probe *p, struct bpf_program *program)
{
	int cgroup =
		p->cgroup ? open(p->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : open_cgroup2();
	if (cgroup < 0) {
		errno = ENOENT;
		return NULL;
	}
	struct bpf_link *link = bpf_program__attach_cgroup(program, cgroup);
	int error = errno;
	close(cgroup);
	errno = error;
	return link;
}

static struct bpf_link *attach(const struct probe *p, struct bpf_program *program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_SOCK_OPS:
		return attach_sockops(p, program);
	default:
		return bpf_program__attach(program);
	}
}

static void attach_all(struct probe *p, enum probe_object object)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, p->objects[object])
	{
		struct probe_program *noted = find(p, bpf_program__name(program));
		if (!noted || noted->refused[0])
			continue;
		struct bpf_link *link = attach(p, program);
		p->links[noted - p->programs] = link;
		if (!link)
			snprintf(noted->refused, PROBE_REASON, "attach: %s",
				 errno == ENOENT ? "no cgroup2 is mounted" : strerror(errno));
		else if (object == PROBE_SOCKITER)
			p->walk = link;
	}
}

/* --- the objects ------------------------------------------------------------------------- */

/* Opens the skeleton of one object, sets its filter, and remembers where it counts. Load maps the
 * counters at the address that they have already. */
#define OPENER(name, index)                                                                        \
	static int open_##name(struct probe *p, const struct watch_filter *filter)                 \
	{                                                                                          \
		struct name *skeleton = name##__open();                                            \
		if (!skeleton)                                                                     \
			return errno;                                                              \
		p->skeletons[index] = skeleton;                                                    \
		p->objects[index] = skeleton->obj;                                                 \
		memcpy((void *)(uintptr_t)&skeleton->rodata->filter, filter, sizeof *filter);      \
		return 0;                                                                          \
	}                                                                                          \
	static int load_##name(struct probe *p)                                                    \
	{                                                                                          \
		struct name *skeleton = p->skeletons[index];                                       \
		if (name##__load(skeleton))                                                        \
			return errno;                                                              \
		p->name = (void *)&skeleton->bss->counts;                                          \
		return 0;                                                                          \
	}                                                                                          \
	static void destroy_##name(void *skeleton)                                                 \
	{                                                                                          \
		name##__destroy(skeleton);                                                         \
	}

OPENER(netwatch, PROBE_NETWATCH)
OPENER(synq, PROBE_SYNQ)
OPENER(sockiter, PROBE_SOCKITER)
OPENER(cpu, PROBE_CPU)
OPENER(sched, PROBE_SCHED)

static const struct {
	int (*open)(struct probe *p, const struct watch_filter *filter);
	int (*load)(struct probe *p);
	void (*destroy)(void *skeleton);
} OBJECTS[PROBE_OBJECTS] = {
	{open_netwatch, load_netwatch, destroy_netwatch}, {open_synq, load_synq, destroy_synq},
	{open_sockiter, load_sockiter, destroy_sockiter}, {open_cpu, load_cpu, destroy_cpu},
	{open_sched, load_sched, destroy_sched},
};

static void bring_up(struct probe *p, enum probe_object object, const struct probe_config *c,
		     const struct btf *kernel)
{
	int error = OBJECTS[object].open(p, &c->filter);
	if (error) {
		note(p, object, OBJECT_NAMES[object]);
		refuse(p, object, "open", error);
		return;
	}
	p->destroy[object] = OBJECTS[object].destroy;
	leave_out(p, object, kernel);
	error = OBJECTS[object].load(p);
	if (error)
		refuse(p, object, "load", error);
	else
		attach_all(p, object);
}

/* --- life -------------------------------------------------------------------------------- */

void probe_own_netns(struct watch_filter *f)
{
	struct stat st;
	uint64_t cookie;
	socklen_t len = sizeof cookie;
	if (!stat("/proc/self/ns/net", &st))
		f->netns = (uint32_t)st.st_ino;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		f->netns_cookie = cookie;
	if (fd >= 0)
		close(fd);
}

static int refuse_cgroup(struct err *err)
{
	err_set(err, ERR_USAGE, "--cgroup: this kernel does not say a socket's (Linux 5.15 does)");
	return err_hint(err, "without it every socket of the namespace is counted, or of --port");
}

static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

struct probe *probe_open(const struct probe_config *c, struct err *err)
{
	struct probe *p = calloc(1, sizeof *p);
	if (!p) {
		err_set(err, ERR_RUNTIME, "no memory for the programs");
		return NULL;
	}
	libbpf_set_print(say_nothing); /* what matters is in the programs' refusals */
	libbpf_set_strict_mode(LIBBPF_STRICT_AUTO_RLIMIT_MEMLOCK); /* before Linux 5.11 */
	int cpus = libbpf_num_possible_cpus();
	p->cpus = cpus > 0 && cpus < WATCH_CPUS ? (unsigned)cpus : WATCH_CPUS;
	p->by_port = c->filter.port_count > 0;
	p->by_cgroup = c->cgroup != NULL;
	p->cgroup = c->cgroup;
	struct btf *kernel = c->wanted ? btf__load_vmlinux_btf() : NULL;
	if (kernel && c->cgroup && !probe_tells_cgroups(kernel)) {
		refuse_cgroup(err);
		btf__free(kernel);
		free(p);
		return NULL;
	}
	for (unsigned i = 0; i < PROBE_OBJECTS; i++)
		if (c->wanted & PROBE_BIT(i))
			bring_up(p, (enum probe_object)i, c, kernel);
	probe_read_names(p, kernel);
	btf__free(kernel);
	return p;
}

void probe_free(struct probe *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->program_count; i++)
		bpf_link__destroy(p->links[i]);
	for (unsigned i = 0; i < PROBE_OBJECTS; i++)
		if (p->destroy[i])
			p->destroy[i](p->skeletons[i]);
	free(p);
}
