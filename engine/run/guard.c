#include "run/guard.h"

#include <stdio.h>
#include <string.h>

int guard_allow(struct guard *g, const char *cidr, struct err *err)
{
	if (g->allowed_count == GUARD_BLOCKS_MAX) {
		err_set(err, ERR_USAGE, "--allow-target %s: at most %d blocks are taken", cidr,
			GUARD_BLOCKS_MAX);
		return err_hint(err, "name wider blocks instead");
	}
	struct addr_block block;
	if (addr_block_parse(&block, cidr, err) < 0)
		return -1;
	g->allowed[g->allowed_count++] = block;
	return 0;
}

static bool is_allowed(const struct guard *g, const struct addr *to)
{
	for (unsigned i = 0; i < g->allowed_count; i++)
		if (addr_block_has(&g->allowed[i], to))
			return true;
	return false;
}

/* "10.0.0.7" out of "10.0.0.7:80", "fd00::1" out of "[fd00::1]:80". */
static void host_text(char *out, const struct addr *a)
{
	char text[ADDR_TEXT];
	addr_text(text, a);
	if (text[0] == '[')
		snprintf(out, ADDR_TEXT, "%.*s", (int)strcspn(text + 1, "]"), text + 1);
	else
		snprintf(out, ADDR_TEXT, "%.*s", (int)strcspn(text, ":"), text);
}

int guard_check_target(const struct guard *g, const struct addr *to, struct err *err)
{
	if (addr_is_loopback(to))
		return 0;
	char host[ADDR_TEXT];
	host_text(host, to);
	if (!addr_is_private(to)) {
		err_set(err, ERR_REFUSED,
			"%s is a public address: refused, with or without --allow-target", host);
		return err_hint(err, "load a copy of the service on a loopback or private address");
	}
	if (is_allowed(g, to))
		return 0;
	err_set(err, ERR_REFUSED, "%s is not this host and no --allow-target covers it", host);
	return err_hint(err, "if it is yours to load, say so: --allow-target %s", host);
}

int guard_check_load(const struct guard *g, double rate_rps, uint64_t connections, struct err *err)
{
	if (g->max_rate_rps > 0 && !(rate_rps > 0)) {
		err_set(err, ERR_REFUSED,
			"--max-rate %.15g cannot be kept without a rate: "
			"a closed loop goes as fast as the target answers",
			g->max_rate_rps);
		return err_hint(err, "give a rate: -R %.15g", g->max_rate_rps);
	}
	if (g->max_rate_rps > 0 && rate_rps > g->max_rate_rps) {
		err_set(err, ERR_REFUSED, "a rate of %.15g a second is over --max-rate %.15g",
			rate_rps, g->max_rate_rps);
		return err_hint(err, "lower -R or raise --max-rate");
	}
	if (g->max_connections > 0 && connections > g->max_connections) {
		err_set(err, ERR_REFUSED, "%llu connections are over --max-connections %llu",
			(unsigned long long)connections, (unsigned long long)g->max_connections);
		return err_hint(err, "lower -c or raise --max-connections");
	}
	return 0;
}
