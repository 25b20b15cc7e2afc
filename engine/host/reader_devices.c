/* Disks, temperatures and frequencies. */
#include "base/mono.h"
#include "host/procfile.h"
#include "host/sampler.h"
#include "host/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX     ((size_t)1 << 18)
#define DISKS_MAX    64
#define SENSORS_MAX  64
#define CPUS_MAX     256
#define CHIPS_MAX    16
#define CHIP_SENSORS 8

/* --- disks ------------------------------------------------------------------------------- */

struct disk {
	char name[32];
	uint64_t requests, request_ms, busy_ms; /* at the last look */
};

struct disks {
	struct procfile file;
	struct buf text;
	uint64_t looked_ns;
	unsigned count;
	struct disk of[DISKS_MAX];
};

static void *disks_open(const struct sampler_config *c)
{
	struct disks *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	buf_init(&d->text, TEXT_MAX);
	procfile_open(&d->file, c->root, "/proc/diskstats");
	return d;
}

static void disks_close(void *ctx)
{
	struct disks *d = ctx;
	procfile_close(&d->file);
	buf_fini(&d->text);
	free(d);
}

static struct disk *disk_of(struct disks *d, const char *name)
{
	for (unsigned i = 0; i < d->count; i++)
		if (!strcmp(d->of[i].name, name))
			return &d->of[i];
	if (d->count == DISKS_MAX)
		return NULL;
	struct disk *disk = &d->of[d->count++];
	*disk = (struct disk){.busy_ms = UINT64_MAX};
	snprintf(disk->name, sizeof disk->name, "%s", name);
	return disk;
}

/* What there was since the last look. The kernel's figures wrap after 49 days: that once, none. */
static void add_rates(const struct disk *before, const struct disk *now, double since_s,
		      const char *label, struct sample *into)
{
	if (now->busy_ms < before->busy_ms || now->requests < before->requests ||
	    now->request_ms < before->request_ms)
		return;
	double busy = (double)(now->busy_ms - before->busy_ms) / 1e3 / since_s;
	sample_add(into, METRIC_DISK_BUSY_RATIO, SOURCE_PROCFS, busy > 1 ? 1 : busy,
		   "device=\"%s\"", label);
	uint64_t requests = now->requests - before->requests;
	if (requests)
		sample_add(into, METRIC_DISK_AWAIT, SOURCE_PROCFS,
			   (double)(now->request_ms - before->request_ms) / 1e3 / (double)requests,
			   "device=\"%s\"", label);
}

/* "253 0 vda reads merged sectors ms writes merged sectors ms going busy_ms weighted_ms". Disks
 * that never had a request, loop devices most of all, are left out. */
static void add_disk(struct disks *d, const char *line, double since_s, struct sample *into)
{
	uint64_t reads, writes, read_ms, write_ms, busy_ms;
	char name[32];
	const char *at = text_word(line, 2);
	if (!at || !text_number(text_word(line, 3), 10, &reads) ||
	    !text_number(text_word(line, 6), 10, &read_ms) ||
	    !text_number(text_word(line, 7), 10, &writes) ||
	    !text_number(text_word(line, 10), 10, &write_ms) ||
	    !text_number(text_word(line, 12), 10, &busy_ms) || reads + writes == 0)
		return;
	text_label(name, sizeof name, at, strcspn(at, " "));
	struct disk *disk = disk_of(d, name);
	if (!disk)
		return;
	sample_add(into, METRIC_DISK_BUSY_SECONDS, SOURCE_PROCFS, (double)busy_ms / 1e3,
		   "device=\"%s\"", name);
	const struct disk now = {
		.requests = reads + writes, .request_ms = read_ms + write_ms, .busy_ms = busy_ms};
	if (disk->busy_ms != UINT64_MAX && since_s > 0)
		add_rates(disk, &now, since_s, name, into);
	disk->requests = now.requests;
	disk->request_ms = now.request_ms;
	disk->busy_ms = now.busy_ms;
}

static void disks_read(void *ctx, struct sample *into)
{
	static const enum metric_id all[] = {METRIC_DISK_BUSY_SECONDS, METRIC_DISK_BUSY_RATIO,
					     METRIC_DISK_AWAIT};
	struct disks *d = ctx;
	int error = procfile_read(&d->file, &d->text);
	if (error) {
		SAMPLE_GAPS(into, all, "/proc/diskstats: %s", strerror(error));
		return;
	}
	uint64_t now_ns = mono_ns();
	double since_s = d->looked_ns ? (double)(now_ns - d->looked_ns) / (double)NS_PER_S : 0;
	d->looked_ns = now_ns;
	for (const char *line = d->text.ptr; line && *line; line = text_next_line(line))
		add_disk(d, line, since_s, into);
	sample_gap_absent(into, METRIC_DISK_BUSY_SECONDS, "no disk has had a request");
	sample_gap_absent(into, METRIC_DISK_BUSY_RATIO, "no disk was looked at twice");
	sample_gap_absent(into, METRIC_DISK_AWAIT, "no disk had a request since the last look");
}

const struct reader reader_disks = {"disks", 1000, disks_open, disks_read, disks_close};

/* --- heat -------------------------------------------------------------------------------- */

struct sensor {
	struct procfile file;
	enum metric_id metric;
	double unit;
	char labels[SAMPLE_LABELS];
};

struct thermal {
	struct buf text;
	unsigned count;
	struct sensor of[SENSORS_MAX + 2 * CPUS_MAX];
};

static bool add_sensor(struct thermal *t, const struct sampler_config *c, const char *path,
		       enum metric_id metric, double unit, const char *labels)
{
	if (t->count == sizeof t->of / sizeof *t->of)
		return false;
	struct sensor *s = &t->of[t->count];
	procfile_open(&s->file, c->root, path);
	if (s->file.fd < 0)
		return false;
	s->metric = metric;
	s->unit = unit;
	snprintf(s->labels, sizeof s->labels, "%s", labels);
	t->count++;
	return true;
}

static void open_zones(struct thermal *t, const struct sampler_config *c)
{
	for (unsigned i = 0; i < SENSORS_MAX; i++) {
		char path[96], labels[SAMPLE_LABELS];
		snprintf(path, sizeof path, "/sys/class/thermal/thermal_zone%u/temp", i);
		snprintf(labels, sizeof labels, "sensor=\"thermal_zone%u\"", i);
		if (!add_sensor(t, c, path, METRIC_TEMPERATURE, 1e-3, labels))
			break;
	}
}

/* Sensors of chips, where a CPU without a thermal zone, AMD's, has its own. */
static void open_chips(struct thermal *t, const struct sampler_config *c)
{
	for (unsigned chip = 0; chip < CHIPS_MAX; chip++) {
		char path[96], labels[SAMPLE_LABELS], name[24];
		struct procfile file;
		snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%u/name", chip);
		procfile_open(&file, c->root, path);
		bool is_there = !procfile_read(&file, &t->text);
		procfile_close(&file);
		if (!is_there)
			continue;
		text_label(name, sizeof name, t->text.ptr, strcspn(t->text.ptr, "\n"));
		for (unsigned i = 1; i <= CHIP_SENSORS; i++) {
			snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%u/temp%u_input", chip,
				 i);
			snprintf(labels, sizeof labels, "sensor=\"hwmon%u_%s_temp%u\"", chip, name,
				 i);
			add_sensor(t, c, path, METRIC_TEMPERATURE, 1e-3, labels);
		}
	}
}

static void open_cpus(struct thermal *t, const struct sampler_config *c)
{
#define CPU_DIR "/sys/devices/system/cpu/cpu%u/"
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		char path[96], labels[SAMPLE_LABELS];
		snprintf(labels, sizeof labels, "cpu=\"%u\"", i);
		snprintf(path, sizeof path, CPU_DIR "cpufreq/scaling_cur_freq", i);
		add_sensor(t, c, path, METRIC_CPU_FREQUENCY, 1e3, labels);
		snprintf(path, sizeof path, CPU_DIR "thermal_throttle/core_throttle_count", i);
		add_sensor(t, c, path, METRIC_THERMAL_THROTTLES, 1, labels);
	}
}

static void *thermal_open(const struct sampler_config *c)
{
	struct thermal *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	buf_init(&t->text, TEXT_MAX);
	open_zones(t, c);
	open_chips(t, c);
	open_cpus(t, c);
	return t;
}

static void thermal_close(void *ctx)
{
	struct thermal *t = ctx;
	for (unsigned i = 0; i < t->count; i++)
		procfile_close(&t->of[i].file);
	buf_fini(&t->text);
	free(t);
}

static void thermal_read(void *ctx, struct sample *into)
{
	static const struct {
		enum metric_id metric;
		const char *why;
	} absent[] = {
		{METRIC_TEMPERATURE, "no /sys/class/thermal/thermal_zone0, no /sys/class/hwmon"},
		{METRIC_CPU_FREQUENCY, "no cpufreq in /sys/devices/system/cpu/cpu0"},
		{METRIC_THERMAL_THROTTLES, "no thermal_throttle in /sys/devices/system/cpu/cpu0"},
	};
	struct thermal *t = ctx;
	for (unsigned i = 0; i < t->count; i++) {
		const struct sensor *s = &t->of[i];
		uint64_t value;
		if (procfile_read(&s->file, &t->text) || !text_number(t->text.ptr, 10, &value))
			continue;
		sample_add(into, s->metric, SOURCE_PROCFS, (double)value * s->unit, "%s",
			   s->labels);
	}
	for (unsigned i = 0; i < sizeof absent / sizeof *absent; i++)
		sample_gap_absent(into, absent[i].metric, absent[i].why);
}

const struct reader reader_thermal = {"thermal", 1000, thermal_open, thermal_read, thermal_close};
