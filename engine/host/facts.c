#include "host/facts.h"

#include "base/span.h"
#include "host/cgroup.h"
#include "host/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX ((size_t)4 << 20) /* conntrack has a line a cpu, slabinfo one a cache */

/* A row reads one fact out of the text of its file. */
struct row {
	const char *name, *file;
	bool (*read)(const struct row *r, const struct facts *known, const char *text,
		     uint64_t *ret);
	const char *line;  /* how its line begins; "": the first */
	const char *key;   /* of a column or pair */
	unsigned word;     /* number of a word behind that beginning, or of a bit */
	unsigned multiple; /* 0: 1 */
};

/* ---- readers ---- */

/* "MemTotal:   24684084 kB", "32768	60999" */
static bool read_word(const struct row *r, const struct facts *known, const char *text,
		      uint64_t *ret)
{
	(void)known;
	const char *line = text_after(text, r->line);
	return line && text_number(text_word(line, r->word), 10, ret);
}

/* "TCP: inuse 26899 orphan 0 tw 0" */
static bool read_pair(const struct row *r, const struct facts *known, const char *text,
		      uint64_t *ret)
{
	(void)known;
	return text_pair(text, r->line, r->key, ret);
}

static bool read_column(const struct row *r, const struct facts *known, const char *text,
			uint64_t *ret)
{
	(void)known;
	return text_column(text, r->line, r->key, ret);
}

/* A line of names, then a line a cpu, in hexadecimal. */
static bool read_cpus(const struct row *r, const struct facts *known, const char *text,
		      uint64_t *ret)
{
	(void)known;
	uint64_t sum = 0, value;
	int place = text_place(text, r->key);
	const char *line = strchr(text, '\n');
	if (place < 0 || !line)
		return false;
	for (; line && text_number(text_word(line + 1, (unsigned)place), 16, &value);
	     line = strchr(line + 1, '\n'))
		sum += value;
	*ret = sum;
	return true;
}

static bool read_bit(const struct row *r, const struct facts *known, const char *text,
		     uint64_t *ret)
{
	(void)known;
	uint64_t bits;
	const char *line = text_after(text, r->line);
	if (!line || !text_number(text_word(line, 0), 16, &bits))
		return false;
	*ret = bits >> r->word & 1;
	return true;
}

/* How many ports of "8080,9148-9150" lie within the range; the kernel lists each once. */
static bool read_ports(const struct row *r, const struct facts *known, const char *text,
		       uint64_t *ret)
{
	(void)r;
	uint64_t low = facts_or(known, FACT_PORT_LOW, 0);
	uint64_t high = facts_or(known, FACT_PORT_HIGH, UINT16_MAX), count = 0;
	for (char *at = (char *)(uintptr_t)text; isdigit((unsigned char)*at); at += *at == ',') {
		uint64_t first = strtoul(at, &at, 10), last = first;
		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		first = first > low ? first : low;
		last = last < high ? last : high;
		count += last >= first ? last - first + 1 : 0;
	}
	*ret = count;
	return true;
}

/* "name active objects size objperslab pagesperslab : tunables ... : slabdata active slabs ..." */
static bool read_slabs(const struct row *r, const struct facts *known, const char *text,
		       uint64_t *ret)
{
	(void)known;
	uint64_t pages_per_slab, slabs, pages = 0;
	const char *line = strncmp(text, r->line, strlen(r->line)) ? NULL : strchr(text, '\n');
	if (!line)
		return false;
	for (; line; line = strchr(line + 1, '\n'))
		if (sscanf(line + 1,
			   "%*s %*u %*u %*u %*u %" SCNu64
			   " : tunables %*u %*u %*u : slabdata %*u %" SCNu64,
			   &pages_per_slab, &slabs) == 2)
			pages += pages_per_slab * slabs;
	*ret = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

/* ---- the table ---- */

#define CAP_SYS_ADMIN_BIT 21 /* <linux/capability.h> */

#define IPV4(name)      "/proc/sys/net/ipv4/" name
#define CONNTRACK(name) "/proc/sys/net/netfilter/nf_conntrack_" name

/* Facts of one file stand together: it is read once for them all. */
static const struct row ROWS[FACT_COUNT] = {
	[FACT_MEM_TOTAL] = {"mem_total_bytes", "/proc/meminfo", read_word,
			    "MemTotal:", .multiple = 1024},
	[FACT_MEM_AVAILABLE] = {"mem_available_bytes", "/proc/meminfo", read_word,
				"MemAvailable:", .multiple = 1024},
	[FACT_CGROUP_LIMIT] = {"cgroup_memory_limit_bytes", "/proc/self/cgroup"},
	[FACT_CGROUP_USED] = {"cgroup_memory_used_bytes", "/proc/self/cgroup"},
	[FACT_SLAB] = {"slab_bytes", "/proc/slabinfo", read_slabs, "slabinfo - version: 2"},
	[FACT_NOFILE_SOFT] = {"nofile_soft", "/proc/self/limits", read_word, "Max open files"},
	[FACT_NOFILE_HARD] = {"nofile_hard", "/proc/self/limits", read_word, "Max open files",
			      .word = 1},
	[FACT_FILES_MAX] = {"files_max", "/proc/sys/fs/file-max", read_word, ""},
	[FACT_FILES_OPEN] = {"files_open", "/proc/sys/fs/file-nr", read_word, ""},
	[FACT_FILES_EXEMPT] = {"files_exempt", "/proc/self/status", read_bit,
			       "CapEff:", .word = CAP_SYS_ADMIN_BIT},
	[FACT_PORT_LOW] = {"port_low", IPV4("ip_local_port_range"), read_word, ""},
	[FACT_PORT_HIGH] = {"port_high", IPV4("ip_local_port_range"), read_word, "", .word = 1},
	[FACT_PORTS_RESERVED] = {"ports_reserved", IPV4("ip_local_reserved_ports"), read_ports},
	[FACT_TCP_MEM_LOW] = {"tcp_mem_low_pages", IPV4("tcp_mem"), read_word, ""},
	[FACT_TCP_MEM_PRESSURE] = {"tcp_mem_pressure_pages", IPV4("tcp_mem"), read_word, "",
				   .word = 1},
	[FACT_TCP_MEM_MAX] = {"tcp_mem_max_pages", IPV4("tcp_mem"), read_word, "", .word = 2},
	[FACT_TW_MAX] = {"tcp_max_tw_buckets", IPV4("tcp_max_tw_buckets"), read_word, ""},
	[FACT_TW_REUSE] = {"tcp_tw_reuse", IPV4("tcp_tw_reuse"), read_word, ""},
	[FACT_SYN_BACKLOG] = {"tcp_max_syn_backlog", IPV4("tcp_max_syn_backlog"), read_word, ""},
	[FACT_SYN_COOKIES] = {"tcp_syncookies", IPV4("tcp_syncookies"), read_word, ""},
	[FACT_SOMAXCONN] = {"somaxconn", "/proc/sys/net/core/somaxconn", read_word, ""},
	[FACT_CONNTRACK_MAX] = {"conntrack_max", CONNTRACK("max"), read_word, ""},
	[FACT_CONNTRACK_COUNT] = {"conntrack_count", CONNTRACK("count"), read_word, ""},
	[FACT_CONNTRACK_INSERT_FAILED] = {"conntrack_insert_failed", "/proc/net/stat/nf_conntrack",
					  read_cpus, .key = "insert_failed"},
	[FACT_CONNTRACK_DROP] = {"conntrack_drop", "/proc/net/stat/nf_conntrack", read_cpus,
				 .key = "drop"},
	[FACT_SOCKETS_USED] = {"sockets_used", "/proc/net/sockstat", read_pair,
			       "sockets:", .key = "used"},
	[FACT_TCP_INUSE] = {"tcp_inuse", "/proc/net/sockstat", read_pair, "TCP:", .key = "inuse"},
	[FACT_TCP_ORPHAN] = {"tcp_orphan", "/proc/net/sockstat", read_pair,
			     "TCP:", .key = "orphan"},
	[FACT_TCP_TW] = {"tcp_time_wait", "/proc/net/sockstat", read_pair, "TCP:", .key = "tw"},
	[FACT_TCP_ALLOC] = {"tcp_alloc", "/proc/net/sockstat", read_pair, "TCP:", .key = "alloc"},
	[FACT_TCP_MEM_PAGES] = {"tcp_mem_pages", "/proc/net/sockstat", read_pair,
				"TCP:", .key = "mem"},
	[FACT_TCP_ESTABLISHED] = {"tcp_established", "/proc/net/snmp", read_column,
				  "Tcp:", .key = "CurrEstab"},
	[FACT_TCP_IN_SEGS] = {"tcp_in_segs", "/proc/net/snmp", read_column,
			      "Tcp:", .key = "InSegs"},
	[FACT_TCP_ESTAB_RESETS] = {"tcp_estab_resets", "/proc/net/snmp", read_column,
				   "Tcp:", .key = "EstabResets"},
	[FACT_TW_OVERFLOWS] = {"time_wait_overflows", "/proc/net/netstat", read_column,
			       "TcpExt:", .key = "TCPTimeWaitOverflow"},
	[FACT_TCP_MEMORY_PRESSURES] = {"tcp_memory_pressures", "/proc/net/netstat", read_column,
				       "TcpExt:", .key = "TCPMemoryPressures"},
	[FACT_LISTEN_OVERFLOWS] = {"listen_overflows", "/proc/net/netstat", read_column,
				   "TcpExt:", .key = "ListenOverflows"},
};

/* ---- the story ---- */

/* 0, or an errno. */
static int load(struct buf *text, const char *root, const char *name)
{
	char path[512], chunk[16384];
	size_t n;
	buf_fini(text);
	buf_init(text, FILE_MAX);
	buf_puts(text, ""); /* an empty file is an empty text */
	snprintf(path, sizeof path, "%s%s", root, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return errno;
	while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
		buf_append(text, chunk, n);
	int error = ferror(f) ? EIO : text->no_memory ? ENOMEM : text->cut ? EFBIG : 0;
	fclose(f);
	return error;
}

static struct fact look(const struct row *r, const struct facts *known, const char *text)
{
	uint64_t value;
	if (!r->read(r, known, text, &value))
		return (struct fact){.why = ENODATA};
	if (r->multiple && __builtin_mul_overflow(value, (uint64_t)r->multiple, &value))
		value = UINT64_MAX;
	return (struct fact){.value = value, .known = true};
}

static void read_files(struct facts *ret, const char *root, uint64_t which)
{
	struct buf text;
	const char *loaded = "";
	int error = 0;
	buf_init(&text, FILE_MAX);
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		if (!ROWS[i].read || !(which & FACT_BIT(i)))
			continue;
		if (strcmp(loaded, ROWS[i].file))
			error = load(&text, root, ROWS[i].file);
		loaded = ROWS[i].file;
		if (error)
			ret->of[i] = (struct fact){.why = error};
		else
			ret->of[i] = look(&ROWS[i], ret, text.ptr);
	}
	buf_fini(&text);
}

static void read_cgroup(struct facts *ret, const char *root)
{
	struct cgroup_memory memory;
	cgroup_memory_read(&memory, root);
	snprintf(ret->cgroup, sizeof ret->cgroup, "%s", memory.source);
	ret->of[FACT_CGROUP_LIMIT] = (struct fact){memory.limit_bytes, memory.known, ENODATA};
	ret->of[FACT_CGROUP_USED] = (struct fact){memory.used_bytes, *memory.source, ENODATA};
}

void facts_read(struct facts *ret, const char *root)
{
	*ret = (struct facts){0};
	facts_refresh(ret, root, UINT64_MAX);
}

void facts_refresh(struct facts *f, const char *root, uint64_t which)
{
	_Static_assert(FACT_COUNT <= 64, "a bit each");
	read_files(f, root, which);
	if (which & (FACT_BIT(FACT_CGROUP_LIMIT) | FACT_BIT(FACT_CGROUP_USED)))
		read_cgroup(f, root);
}

uint64_t facts_or(const struct facts *f, enum fact_id id, uint64_t otherwise)
{
	return f->of[id].known ? f->of[id].value : otherwise;
}

const char *facts_name(enum fact_id id)
{
	return ROWS[id].name;
}

const char *facts_source(const struct facts *f, enum fact_id id)
{
	bool of_cgroup = id == FACT_CGROUP_LIMIT || id == FACT_CGROUP_USED;
	return of_cgroup && f->cgroup[0] ? f->cgroup : ROWS[id].file;
}
