/* What the running kernel's BTF says besides where its fields are. */
#include "bpf/probe_impl.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* "SKB_DROP_REASON_NO_SOCKET" is "no_socket". */
static void take_name(char out[PROBE_NAME], const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	if (!strncmp(name, prefix, len))
		name += len;
	snprintf(out, PROBE_NAME, "%s", name);
	for (; *out; out++)
		*out = (char)tolower((unsigned char)*out);
}

static void read_names(const struct btf *kernel, const char *type, const char *prefix,
		       char names[][PROBE_NAME], unsigned count)
{
	int id = kernel ? btf__find_by_name_kind(kernel, type, BTF_KIND_ENUM) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(kernel, (uint32_t)id) : NULL;
	for (unsigned i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_enum *e = &btf_enum(t)[i];
		if (e->val >= 0 && (unsigned)e->val < count)
			take_name(names[e->val], btf__name_by_offset(kernel, e->name_off), prefix);
	}
}

void probe_read_names(struct probe *p, const struct btf *kernel)
{
	read_names(kernel, "skb_drop_reason", "SKB_DROP_REASON_", p->drop_names, WATCH_REASONS);
	read_names(kernel, "sk_rst_reason", "SK_RST_REASON_", p->reset_names, WATCH_RESETS);
}

bool probe_tells_cgroups(const struct btf *kernel)
{
	int id = kernel ? btf__find_by_name_kind(kernel, "sock_cgroup_data", BTF_KIND_STRUCT) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(kernel, (uint32_t)id) : NULL;
	for (unsigned i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(kernel, btf_members(t)[i].name_off), "cgroup"))
			return true;
	return false;
}
