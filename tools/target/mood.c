#include "tools/target/mood.h"

#include "base/mono.h"

#define WINDOW_NS      (100 * NS_PER_MS)
#define QUIET_NS       (2 * NS_PER_S) /* a load that has been away for so long has gone */
#define LOAD_MIN       50u            /* requests in a window: less is no load that can go */
#define HARDLY_PART    4u
#define CONTINUES_PART 2u

void mood_init(struct mood *m, uint64_t freeze_ns, uint64_t sulk_ns)
{
	*m = (struct mood){.freeze_ns = freeze_ns, .sulk_ns = sulk_ns};
	pthread_mutex_init(&m->lock, NULL);
}

void mood_fini(struct mood *m)
{
	pthread_mutex_destroy(&m->lock);
}

static void count(struct mood *m, uint64_t now_ns)
{
	if (now_ns >= m->window_ns + WINDOW_NS) {
		m->before = now_ns >= m->window_ns + 2 * WINDOW_NS ? 0 : m->here;
		m->window_ns = now_ns;
		m->here = 0;
		if (m->before > m->most)
			m->most = m->before;
		bool hardly = m->before * HARDLY_PART < m->most;
		if (!hardly)
			m->quiet_ns = 0;
		else if (!m->quiet_ns)
			m->quiet_ns = now_ns;
	}
	m->here++;
}

static void freeze(struct mood *m, uint64_t now_ns)
{
	if (!m->freeze_ns || m->most < LOAD_MIN || !m->quiet_ns || now_ns < m->quiet_ns + QUIET_NS)
		return;
	m->frozen_until_ns = now_ns + m->freeze_ns;
	m->most = 0;
	m->quiet_ns = 0;
}

bool mood_meet(struct mood *m, uint64_t now_ns, uint64_t *ret_due_ns)
{
	pthread_mutex_lock(&m->lock);
	count(m, now_ns);
	freeze(m, now_ns);
	bool sulks = now_ns < m->sulking_until_ns;
	if (sulks && m->before * CONTINUES_PART > m->most) /* the load is still there */
		m->sulking_until_ns = now_ns + m->sulk_ns;
	if (*ret_due_ns < m->frozen_until_ns)
		*ret_due_ns = m->frozen_until_ns;
	pthread_mutex_unlock(&m->lock);
	return !sulks;
}

void mood_overrun(struct mood *m, uint64_t now_ns)
{
	pthread_mutex_lock(&m->lock);
	m->sulking_until_ns = now_ns + m->sulk_ns;
	pthread_mutex_unlock(&m->lock);
}
