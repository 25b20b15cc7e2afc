/* What the CPUs do: time by mode, interrupts of network devices, waiting for a CPU, pressure. */
#include "host/procfile.h"
#include "host/sampler.h"
#include "host/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)4 << 20) /* interrupts has a column a CPU */
#define CPUS_MAX 4096u

struct cpu {
	const struct sampler_config *config;
	struct procfile stat, schedstat, interrupts;
	struct buf text;
};

static void *cpu_open(const struct sampler_config *c)
{
	struct cpu *cpu = calloc(1, sizeof *cpu);
	if (!cpu)
		return NULL;
	cpu->config = c;
	buf_init(&cpu->text, TEXT_MAX);
	procfile_open(&cpu->stat, c->root, "/proc/stat");
	procfile_open(&cpu->schedstat, c->root, "/proc/schedstat");
	procfile_open(&cpu->interrupts, c->root, "/proc/interrupts");
	return cpu;
}

static void cpu_close(void *ctx)
{
	struct cpu *cpu = ctx;
	procfile_close(&cpu->stat);
	procfile_close(&cpu->schedstat);
	procfile_close(&cpu->interrupts);
	buf_fini(&cpu->text);
	free(cpu);
}

/* The text of a file; NULL, with the gap told of. */
static const char *load(struct cpu *cpu, const struct procfile *f, enum metric_id metric,
			struct sample *into)
{
	int error = procfile_read(f, &cpu->text);
	if (error)
		sample_gap(into, metric, "%s: %s", f->path, strerror(error));
	return error ? NULL : cpu->text.ptr;
}

/* "cpu0 user nice system idle iowait irq softirq steal guest guest_nice", in ticks. Where a program
 * measures softirqs, the ticks' figure is left to cpu_seconds_total alone. */
static void add_modes(struct cpu *cpu, struct sample *into)
{
	static const char *const modes[] = {"user",   "nice", "system",  "idle",
					    "iowait", "irq",  "softirq", "steal"};
	double tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);
	const char *line = load(cpu, &cpu->stat, METRIC_CPU_SECONDS, into);
	for (; line; line = text_next_line(line)) {
		uint64_t number, value;
		if (strncmp(line, "cpu", 3) != 0 || !text_number(line + 3, 10, &number))
			continue;
		for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
			if (!text_number(text_word(line, i + 1), 10, &value))
				continue;
			sample_add(into, METRIC_CPU_SECONDS, SOURCE_PROCFS, (double)value * tick_s,
				   "cpu=\"%u\",mode=\"%s\"", (unsigned)number, modes[i]);
			if (i == 6 && !cpu->config->elsewhere[METRIC_SOFTIRQ_SECONDS])
				sample_add(into, METRIC_SOFTIRQ_SECONDS, SOURCE_PROCFS,
					   (double)value * tick_s, "cpu=\"%u\",vec=\"any\"",
					   (unsigned)number);
		}
	}
}

/* "cpu0 yld 0 sched goidle ttwu ttwu_local run wait slices": the 8th figure, in ns. */
static void add_waits(struct cpu *cpu, struct sample *into)
{
	const char *line = load(cpu, &cpu->schedstat, METRIC_RUN_QUEUE_SECONDS, into);
	for (; line; line = text_next_line(line)) {
		uint64_t number, wait_ns;
		if (strncmp(line, "cpu", 3) != 0 || !text_number(line + 3, 10, &number) ||
		    !text_number(text_word(line, 8), 10, &wait_ns))
			continue;
		sample_add(into, METRIC_RUN_QUEUE_SECONDS, SOURCE_PROCFS, (double)wait_ns / 1e9,
			   "cpu=\"%u\"", (unsigned)number);
	}
}

/* Of an interrupt's name: "eth0-TxRx-3" is device eth0, queue 3; "virtio1-input.0" queue 0. */
static void split(const char *name, char device[32], char queue[16])
{
	size_t len = strcspn(name, "\n"), end = len, dash;
	while (end > 0 && isdigit((unsigned char)name[end - 1]))
		end--;
	text_label(queue, 16, name + end, len - end);
	for (dash = 0; dash < len && name[dash] != '-' && name[dash] != '@'; dash++)
		;
	text_label(device, 32, name, dash < len ? dash : end);
}

/* " 25:  0  1234  PCI-MSIX-0000:00:03.0  1-edge  virtio1-input.0". Only numbered ones, which are
 * devices'; those that never came are left out. */
static void add_interrupts(struct cpu *cpu, struct sample *into)
{
	const char *line = load(cpu, &cpu->interrupts, METRIC_INTERRUPTS, into);
	uint64_t cpus[CPUS_MAX], value;
	unsigned count = 0;
	for (const char *at; line && count < CPUS_MAX && (at = text_word(line, count)); count++)
		cpus[count] = strtoull(at + 3, NULL, 10);
	while (line && (line = text_next_line(line))) {
		const char *first = text_word(line, 0), *name = NULL, *at;
		char device[32], queue[16];
		if (!first || !isdigit((unsigned char)*first))
			continue;
		for (unsigned i = count + 1; (at = text_word(line, i)); i++)
			name = at;
		if (!name)
			continue;
		split(name, device, queue);
		for (unsigned i = 0; i < count; i++)
			if (text_number(text_word(line, i + 1), 10, &value) && value)
				sample_add(into, METRIC_INTERRUPTS, SOURCE_PROCFS, (double)value,
					   "device=\"%s\",queue=\"%s\",irq=\"%u\",cpu=\"%u\"",
					   device, queue, (unsigned)strtoul(first, NULL, 10),
					   (unsigned)cpus[i]);
	}
}

static void cpu_read(void *ctx, struct sample *into)
{
	const struct cpu *cpu = ctx;
	add_modes(ctx, into);
	add_waits(ctx, into);
	add_interrupts(ctx, into);
	sample_gap_absent(into, METRIC_RUN_QUEUE_SECONDS, "/proc/schedstat tells of no CPU");
	sample_gap_absent(into, METRIC_INTERRUPTS, "/proc/interrupts tells of no device");
	if (!cpu->config->elsewhere[METRIC_SOFTIRQ_SECONDS]) {
		sample_gap_absent(into, METRIC_SOFTIRQ_SECONDS, "/proc/stat tells of no CPU");
		sample_gap(into, METRIC_SOFTIRQ_SECONDS, "vectors are one number, in ticks");
	}
}

const struct reader reader_cpu = {"cpu", 1000, cpu_open, cpu_read, cpu_close};

/* --- pressure ---------------------------------------------------------------------------- */

static const char *const RESOURCES[] = {"cpu", "memory", "io"};
#define RESOURCE_COUNT 3

struct pressure {
	struct procfile of[RESOURCE_COUNT];
	struct buf text;
};

static void *pressure_open(const struct sampler_config *c)
{
	struct pressure *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	buf_init(&p->text, TEXT_MAX);
	for (unsigned i = 0; i < RESOURCE_COUNT; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/pressure/%s", RESOURCES[i]);
		procfile_open(&p->of[i], c->root, path);
	}
	return p;
}

static void pressure_close(void *ctx)
{
	struct pressure *p = ctx;
	for (unsigned i = 0; i < RESOURCE_COUNT; i++)
		procfile_close(&p->of[i]);
	buf_fini(&p->text);
	free(p);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=123", in us. */
static void pressure_read(void *ctx, struct sample *into)
{
	static const char *const kinds[] = {"some", "full"};
	struct pressure *p = ctx;
	for (unsigned i = 0; i < RESOURCE_COUNT; i++) {
		int error = procfile_read(&p->of[i], &p->text);
		if (error) {
			sample_gap(into, METRIC_PRESSURE_SECONDS, "%s: %s", p->of[i].path,
				   strerror(error));
			continue;
		}
		for (unsigned k = 0; k < 2; k++) {
			uint64_t total_us;
			const char *line = text_after(p->text.ptr, kinds[k]);
			const char *total = line ? strstr(line, "total=") : NULL;
			if (total && text_number(total + strlen("total="), 10, &total_us))
				sample_add(into, METRIC_PRESSURE_SECONDS, SOURCE_PROCFS,
					   (double)total_us / 1e6, "resource=\"%s\",kind=\"%s\"",
					   RESOURCES[i], kinds[k]);
		}
	}
}

const struct reader reader_pressure = {"pressure", 1000, pressure_open, pressure_read,
				       pressure_close};
