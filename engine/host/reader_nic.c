/* Network devices of the namespace: bytes and drops from /proc/net/dev, speeds by ethtool, and a
 * queue's packets where the driver tells them by a name. Devices are asked for by a socket opened
 * at the start, so that the namespace stays that one. */
#include "host/procfile.h"
#include "host/sampler.h"
#include "host/text.h"

#include <ctype.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_MAX  ((size_t)1 << 18)
#define STATS_MAX 2048u

struct nic {
	struct procfile dev;
	struct buf text;
	int socket;
};

static void *nic_open(const struct sampler_config *c)
{
	struct nic *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	buf_init(&n->text, TEXT_MAX);
	procfile_open(&n->dev, c->root, "/proc/net/dev");
	n->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return n;
}

static void nic_close(void *ctx)
{
	struct nic *n = ctx;
	procfile_close(&n->dev);
	if (n->socket >= 0)
		close(n->socket);
	buf_fini(&n->text);
	free(n);
}

static bool ask(const struct nic *n, const char *device, void *command)
{
	struct ifreq request = {.ifr_data = command};
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	return n->socket >= 0 && ioctl(n->socket, SIOCETHTOOL, &request) == 0;
}

static void add_speed(const struct nic *n, const char *device, const char *label,
		      struct sample *into)
{
	struct {
		struct ethtool_link_settings settings;
		uint32_t masks[3 * 127]; /* the most that there can be */
	} link = {.settings.cmd = ETHTOOL_GLINKSETTINGS};
	if (!ask(n, device, &link) || link.settings.link_mode_masks_nwords >= 0)
		return;
	/* The first answer tells how many words there are, as a negative number. */
	link.settings.cmd = ETHTOOL_GLINKSETTINGS;
	link.settings.link_mode_masks_nwords = (int8_t)-link.settings.link_mode_masks_nwords;
	if (ask(n, device, &link) && link.settings.speed &&
	    link.settings.speed != (uint32_t)SPEED_UNKNOWN)
		sample_add(into, METRIC_NIC_SPEED, SOURCE_NETLINK, 1e6 * link.settings.speed,
			   "device=\"%s\"", label);
}

/* As the drivers spell it: virtio_net, igb, ixgbe and veth; mlx5, i40e and virtio_net; ice; ena.
 * Names that go on in another way, "rx0_xdp_packets", are other figures. */
bool nic_is_queue(const char *name, const char **ret_direction, unsigned *ret_queue)
{
	static const char *const receive[] = {"rx_queue_%u_packets%n", "rx%u_packets%n",
					      "rx-%u.packets%n", "rx_%u_packets%n",
					      "queue_%u_rx_cnt%n"};
	static const char *const send[] = {"tx_queue_%u_packets%n", "tx%u_packets%n",
					   "tx-%u.packets%n", "tx_%u_packets%n",
					   "queue_%u_tx_cnt%n"};
	for (unsigned i = 0; i < sizeof receive / sizeof *receive; i++) {
		int end = 0;
		bool in = sscanf(name, receive[i], ret_queue, &end) == 1 && end;
		bool out = !in && sscanf(name, send[i], ret_queue, &end) == 1 && end;
		if (!in && !out)
			continue;
		*ret_direction = in ? "receive" : "send";
		return name[end] == '\0';
	}
	return false;
}

static void add_queues(const struct nic *n, const char *device, const char *label,
		       struct sample *into)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	if (!ask(n, device, &info) || !info.n_stats || info.n_stats > STATS_MAX)
		return;
	struct ethtool_gstrings *names =
		calloc(1, sizeof *names + (size_t)info.n_stats * ETH_GSTRING_LEN);
	struct ethtool_stats *values =
		calloc(1, sizeof *values + (size_t)info.n_stats * sizeof(uint64_t));
	if (names && values) {
		names->cmd = ETHTOOL_GSTRINGS;
		names->string_set = ETH_SS_STATS;
		names->len = values->n_stats = info.n_stats;
		values->cmd = ETHTOOL_GSTATS;
	}
	if (names && values && ask(n, device, names) && ask(n, device, values)) {
		for (unsigned i = 0; i < info.n_stats; i++) {
			const char *direction;
			char name[ETH_GSTRING_LEN + 1] = "";
			unsigned queue;
			memcpy(name, names->data + (size_t)i * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
			if (nic_is_queue(name, &direction, &queue))
				sample_add(into, METRIC_NIC_QUEUE_PACKETS, SOURCE_NETLINK,
					   (double)values->data[i],
					   "device=\"%s\",direction=\"%s\",queue=\"%u\"", label,
					   direction, queue);
		}
	}
	free(names);
	free(values);
}

/* "eth0: bytes packets errs drop fifo frame compressed multicast | bytes packets errs drop ...". */
static void add_device(const struct nic *n, const char *line, struct sample *into)
{
	static const char *const directions[] = {"receive", "send"};
	const char *colon = strchr(line, ':'), *name = text_word(line, 0);
	char device[IFNAMSIZ], label[2 * IFNAMSIZ];
	if (!colon || !name || colon < name)
		return;
	snprintf(device, sizeof device, "%.*s", (int)(colon - name), name);
	text_label(label, sizeof label, device, sizeof device);
	for (unsigned d = 0; d < 2; d++) {
		uint64_t bytes, drops, missed;
		if (!text_number(text_word(colon + 1, 8 * d), 10, &bytes) ||
		    !text_number(text_word(colon + 1, 8 * d + 3), 10, &drops) ||
		    !text_number(text_word(colon + 1, 8 * d + 4), 10, &missed))
			continue;
		sample_add(into, METRIC_NIC_BYTES, SOURCE_PROCFS, (double)bytes,
			   "device=\"%s\",direction=\"%s\"", label, directions[d]);
		sample_add(into, METRIC_NIC_DROPS, SOURCE_PROCFS, (double)(drops + missed),
			   "device=\"%s\",direction=\"%s\"", label, directions[d]);
	}
	add_speed(n, device, label, into);
	add_queues(n, device, label, into);
}

static void nic_read(void *ctx, struct sample *into)
{
	struct nic *n = ctx;
	static const enum metric_id of_dev[] = {METRIC_NIC_BYTES, METRIC_NIC_DROPS};
	int error = procfile_read(&n->dev, &n->text);
	if (error)
		SAMPLE_GAPS(into, of_dev, "/proc/net/dev: %s", strerror(error));
	for (const char *line = error ? NULL : n->text.ptr; line; line = text_next_line(line))
		add_device(n, line, into);
	sample_gap_absent(into, METRIC_NIC_SPEED, "ethtool: no device tells a speed");
	sample_gap_absent(into, METRIC_NIC_QUEUE_PACKETS,
			  "ethtool: no driver tells packets by queue");
}

const struct reader reader_nic = {"nic", 1000, nic_open, nic_read, nic_close};
