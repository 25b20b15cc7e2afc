#include "tools/agent/spool.h"

#include <stdlib.h>

void spool_init(struct spool *s)
{
	*s = (struct spool){.first = 1, .next = 1};
	pthread_mutex_init(&s->lock, NULL);
}

static struct spool_line *line_of(struct spool *s, uint64_t number)
{
	return &s->lines[number % SPOOL_LINES];
}

static void drop_oldest(struct spool *s)
{
	struct spool_line *l = line_of(s, s->first++);
	s->bytes -= l->len;
	free(l->text);
	*l = (struct spool_line){0};
}

void spool_fini(struct spool *s)
{
	while (s->first < s->next)
		drop_oldest(s);
	pthread_mutex_destroy(&s->lock);
}

uint64_t spool_append(struct spool *s, struct span line)
{
	uint64_t number = 0;
	char *copy = malloc(line.len);
	pthread_mutex_lock(&s->lock);
	if (copy) {
		memcpy(copy, line.ptr, line.len);
		while (s->next - s->first == SPOOL_LINES ||
		       (s->bytes + line.len > SPOOL_BYTES && s->first < s->next))
			drop_oldest(s);
		number = s->next++;
		*line_of(s, number) = (struct spool_line){copy, line.len};
		s->bytes += line.len;
	}
	pthread_mutex_unlock(&s->lock);
	return number;
}

void spool_bounds(struct spool *s, uint64_t *ret_first, uint64_t *ret_next)
{
	pthread_mutex_lock(&s->lock);
	*ret_first = s->first;
	*ret_next = s->next;
	pthread_mutex_unlock(&s->lock);
}

unsigned spool_copy(struct spool *s, uint64_t from, char *to, size_t max, size_t *ret_len)
{
	unsigned count = 0;
	size_t len = 0;
	pthread_mutex_lock(&s->lock);
	for (; from >= s->first && from < s->next; from++, count++) {
		const struct spool_line *l = line_of(s, from);
		if (len + l->len > max)
			break;
		memcpy(to + len, l->text, l->len);
		len += l->len;
	}
	pthread_mutex_unlock(&s->lock);
	*ret_len = len;
	return count;
}
