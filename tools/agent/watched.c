#include "tools/agent/watched.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int find_pids(struct watched *w, const struct agent_settings *s, const char *root,
		     struct err *err)
{
	for (unsigned i = 0; i < s->pid_count; i++) {
		char path[512];
		snprintf(path, sizeof path, "%s/proc/%d", root, (int)s->pids[i]);
		if (access(path, F_OK))
			return err_set(err, ERR_USAGE, "--pid: there is no process %d",
				       (int)s->pids[i]);
		w->pids[w->pid_count++] = s->pids[i];
	}
	return 0;
}

/* "nginx" is nginx.service. */
static int find_unit(struct watched *w, const char *unit, const char *root, struct err *err)
{
	char name[256];
	int len = snprintf(name, sizeof name, "%s%s", unit, strchr(unit, '.') ? "" : ".service");
	if (!*unit || strchr(unit, '/') || len >= (int)sizeof name)
		return err_set(err, ERR_USAGE, "--unit: '%s' is not a unit's name", unit);
	if (!cgroup_of_name(&w->cgroup, root, name)) {
		err_set(err, ERR_USAGE, "--unit: no control group is named %s", name);
		return err_hint(err, "does it run? systemctl status %.100s; or --pid, --cgroup",
				name);
	}
	w->cgroup_known = true;
	unsigned room = SAMPLER_PIDS - w->pid_count;
	unsigned count = cgroup_processes(&w->cgroup, root, w->pids + w->pid_count, room);
	w->left_out = count > room ? count - room : 0;
	w->pid_count += count - w->left_out;
	return 0;
}

static int find_cgroup(struct watched *w, const struct agent_settings *s, const char *root,
		       struct err *err)
{
	char folder[PATH_MAX];
	if (*root)
		snprintf(folder, sizeof folder, "%s", s->cgroup);
	else if (!realpath(s->cgroup, folder))
		return err_set(err, ERR_USAGE, "--cgroup: %s: %s", s->cgroup, strerror(errno));
	if (!cgroup_of_folder(&w->cgroup, root, folder)) {
		err_set(err, ERR_USAGE, "--cgroup: %s is no control group", s->cgroup);
		return err_hint(err, "a folder below a mount of cgroup2, or of cgroup");
	}
	w->cgroup_known = true;
	if (!s->programs)
		return 0;
	if (!w->cgroup.in[CGROUP_V2].mount[0]) {
		err_set(err, ERR_USAGE, "--cgroup: %s: sockets know their group of v2 alone",
			s->cgroup);
		return err_hint(err, "a folder below a mount of cgroup2, or --no-bpf");
	}
	snprintf(w->sockets_of, sizeof w->sockets_of, "%s%s%s", root, w->cgroup.in[CGROUP_V2].mount,
		 w->cgroup.in[CGROUP_V2].path);
	return 0;
}

int watched_find(struct watched *ret, const struct agent_settings *s, const char *root,
		 struct err *err)
{
	*ret = (struct watched){0};
	if (find_pids(ret, s, root, err) || (s->unit && find_unit(ret, s->unit, root, err)) ||
	    (s->cgroup && find_cgroup(ret, s, root, err)))
		return -1;
	if (!ret->cgroup_known && s->pid_count)
		ret->cgroup_known = cgroup_of_process(&ret->cgroup, root, s->pids[0]);
	return 0;
}
