#include "base/mono.h"
#include "io/addr.h"
#include "tests/lib/suite.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define FILLERS 16

/* A socket on a loopback port of its own, and what it takes to keep it as it is. */
struct peer {
	struct addr at;
	int fd;
	int fillers[FILLERS];
	int filler_count;
};

static struct peer bind_peer(void)
{
	struct peer p = {.at.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (struct sockaddr_in *)&p.at.sa;
	*in = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	p.fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(p.fd, 0);
	ck_assert_int_eq(bind(p.fd, (struct sockaddr *)in, p.at.len), 0);
	ck_assert_int_eq(getsockname(p.fd, (struct sockaddr *)in, &p.at.len), 0);
	return p;
}

/* Bound and not listening: refuses. */
static struct peer open_refusing(void)
{
	return bind_peer();
}

static struct peer open_accepting(void)
{
	struct peer p = bind_peer();
	ck_assert_int_eq(listen(p.fd, 16), 0);
	return p;
}

static bool connects_at_once(struct peer *p)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_lt(p->filler_count, FILLERS);
	p->fillers[p->filler_count++] = fd;
	if (connect(fd, (struct sockaddr *)&p->at.sa, p->at.len) == 0)
		return true;
	ck_assert_int_eq(errno, EINPROGRESS);
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	return poll(&wait, 1, 50) == 1;
}

/* Its accept queue is full, so that it answers no SYN: neither accepts nor refuses. */
static struct peer open_silent(void)
{
	struct peer p = bind_peer();
	ck_assert_int_eq(listen(p.fd, 0), 0);
	while (connects_at_once(&p))
		continue;
	return p;
}

static void close_peer(struct peer *p)
{
	for (int i = 0; i < p->filler_count; i++)
		close(p->fillers[i]);
	close(p->fd);
}

/* Which of two addresses is chosen, and how long that took. */
static int choose(const struct peer *a, const struct peer *b, uint64_t *ret_took_ns)
{
	const struct addr list[] = {a->at, b->at};
	uint64_t start_ns = mono_ns();
	const struct addr *chosen = addr_reachable(list, 2);
	*ret_took_ns = mono_ns() - start_ns;
	ck_assert(chosen == &list[0] || chosen == &list[1]);
	return (int)(chosen - list);
}

START_TEST(one_address_is_returned_untried)
{
	struct peer refusing = open_refusing();
	ck_assert_ptr_eq(addr_reachable(&refusing.at, 1), &refusing.at);
	close_peer(&refusing);
}
END_TEST

START_TEST(an_address_that_refuses_is_passed_over_at_once)
{
	struct peer refusing = open_refusing(), accepting = open_accepting();
	uint64_t took_ns;
	ck_assert_int_eq(choose(&refusing, &accepting, &took_ns), 1);
	ck_assert_uint_lt(took_ns, NS_PER_S);
	close_peer(&refusing);
	close_peer(&accepting);
}
END_TEST

START_TEST(of_two_that_accept_the_first_in_the_list_is_chosen)
{
	struct peer one = open_accepting(), other = open_accepting();
	uint64_t took_ns;
	for (int round = 0; round < 5; round++) {
		ck_assert_int_eq(choose(&one, &other, &took_ns), 0);
		ck_assert_int_eq(choose(&other, &one, &took_ns), 0);
	}
	close_peer(&one);
	close_peer(&other);
}
END_TEST

START_TEST(where_none_accepts_the_first_is_returned)
{
	struct peer one = open_refusing(), other = open_refusing();
	uint64_t took_ns;
	ck_assert_int_eq(choose(&one, &other, &took_ns), 0);
	ck_assert_uint_lt(took_ns, NS_PER_S);
	close_peer(&one);
	close_peer(&other);
}
END_TEST

START_TEST(an_address_that_is_silent_is_given_a_second_and_no_more)
{
	struct peer silent = open_silent(), accepting = open_accepting();
	uint64_t took_ns;
	ck_assert_int_eq(choose(&accepting, &silent, &took_ns), 0);
	ck_assert_uint_lt(took_ns, NS_PER_S);
	ck_assert_int_eq(choose(&silent, &accepting, &took_ns), 1);
	ck_assert_uint_ge(took_ns, NS_PER_S);
	ck_assert_uint_lt(took_ns, 3 * NS_PER_S);
	close_peer(&silent);
	close_peer(&accepting);
}
END_TEST

static int count_open_files(void)
{
	int open = 0;
	for (int fd = 0; fd < 1024; fd++)
		open += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	return open;
}

START_TEST(no_descriptor_is_left_open)
{
	struct peer accepting = open_accepting(), refusing = open_refusing();
	struct peer silent = open_silent();
	struct addr list[ADDR_MAX];
	for (int i = 0; i < ADDR_MAX; i++)
		list[i] = i == 0 ? refusing.at : i % 2 ? accepting.at : silent.at;
	int before = count_open_files();
	ck_assert_ptr_eq(addr_reachable(list, ADDR_MAX), &list[1]);
	ck_assert_int_eq(count_open_files(), before);
	close_peer(&accepting);
	close_peer(&refusing);
	close_peer(&silent);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("addr_reach");
	tcase_add_test(all, one_address_is_returned_untried);
	tcase_add_test(all, an_address_that_refuses_is_passed_over_at_once);
	tcase_add_test(all, of_two_that_accept_the_first_in_the_list_is_chosen);
	tcase_add_test(all, where_none_accepts_the_first_is_returned);
	tcase_add_test(all, an_address_that_is_silent_is_given_a_second_and_no_more);
	tcase_add_test(all, no_descriptor_is_left_open);
	Suite *suite = suite_create("addr_reach");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
