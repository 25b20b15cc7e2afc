/* A host on which everything is known and nothing is short, and what is asked of it. */
#ifndef BRINK_TESTS_PREFLIGHT_CASE_H
#define BRINK_TESTS_PREFLIGHT_CASE_H

#include "run/preflight.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIB (UINT64_C(1) << 30)

static struct facts facts;
static struct preflight_demand demand;
static struct preflight plan;

static inline void set(enum fact_id id, uint64_t value)
{
	facts.of[id] = (struct fact){.value = value, .known = true};
}

static inline void forget(enum fact_id id, int why)
{
	facts.of[id] = (struct fact){.why = why};
}

static inline void start(void)
{
	static const struct {
		enum fact_id id;
		uint64_t value;
	} usual[] = {
		{FACT_MEM_TOTAL, 512 * GIB},
		{FACT_MEM_AVAILABLE, 500 * GIB},
		{FACT_CGROUP_LIMIT, UINT64_MAX},
		{FACT_NOFILE_SOFT, 1048576},
		{FACT_NOFILE_HARD, 1048576},
		{FACT_FILES_MAX, INT64_MAX},
		{FACT_FILES_OPEN, 2000},
		{FACT_FILES_EXEMPT, 0},
		{FACT_PORT_LOW, 32768},
		{FACT_PORT_HIGH, 60999},
		{FACT_PORTS_RESERVED, 0},
		{FACT_TCP_MEM_LOW, 30000000},
		{FACT_TCP_MEM_PRESSURE, 40000000},
		{FACT_TCP_MEM_MAX, 60000000},
		{FACT_TW_MAX, 5000000},
		{FACT_TW_REUSE, 2},
		{FACT_SYN_BACKLOG, 4096},
		{FACT_SYN_COOKIES, 1},
		{FACT_SOMAXCONN, 4096},
		{FACT_TCP_TW, 0},
		{FACT_TCP_MEM_PAGES, 0},
		{FACT_TCP_ESTABLISHED, 0},
		{FACT_LISTEN_OVERFLOWS, 0},
	};
	memset(&facts, 0, sizeof facts);
	for (enum fact_id id = 0; id < FACT_COUNT; id++)
		forget(id, ENOENT);
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		set(usual[i].id, usual[i].value);
	demand = (struct preflight_demand){
		.connections = 1000000,
		.sources = 100,
		.pairs = 100,
		.own_ports = true,
		.target_local = true,
		.loopback = true,
		.threads = 2,
	};
}

static inline void judge(void)
{
	memset(&plan, 0xff, sizeof plan);
	preflight_judge(&demand, &facts, &plan);
}

/* The nth row of a limiter (descriptors and memory have two); NULL: none. */
static inline const struct preflight_row *row_of(const char *limiter, unsigned nth)
{
	for (unsigned i = 0; i < plan.count; i++)
		if (!strcmp(plan.rows[i].limiter, limiter) && nth-- == 0)
			return &plan.rows[i];
	return NULL;
}

/* The row that a file or limit is behind. */
static inline const struct preflight_row *row_from(const char *source)
{
	for (unsigned i = 0; i < plan.count; i++)
		if (strstr(plan.rows[i].source, source))
			return &plan.rows[i];
	ck_abort_msg("no row from %s", source);
	return NULL;
}

static inline void says(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" does not say \"%s\"", text, part);
}

#endif
