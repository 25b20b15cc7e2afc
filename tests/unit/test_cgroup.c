#include "host/cgroup.h"

#include "host_fixture.h"
#include "tests/lib/suite.h"

static struct cgroup_memory m;

static const char V1_MOUNTS[] = "tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0\n"
				"cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu,cpuacct 0 0\n"
				"cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n"
				"cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
static const char V2_MOUNTS[] = "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";

/* A group of v2, with file pages that are dropped first. */
static void put_v2(const char *folder, const char *max, const char *current, const char *inactive)
{
	char path[256], stat[128];
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", folder);
	fixture_put(path, max);
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.current", folder);
	fixture_put(path, current);
	snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.stat", folder);
	snprintf(stat, sizeof stat, "anon 77\nfile 99\ninactive_file %s\nslab 5\n", inactive);
	fixture_put(path, stat);
}

static void put_v1(const char *folder, const char *limit, const char *usage)
{
	char path[256];
	snprintf(path, sizeof path, "/sys/fs/cgroup/memory%s/memory.limit_in_bytes", folder);
	fixture_put(path, limit);
	snprintf(path, sizeof path, "/sys/fs/cgroup/memory%s/memory.usage_in_bytes", folder);
	fixture_put(path, usage);
}

START_TEST(without_a_hierarchy_nothing_is_known)
{
	cgroup_memory_read(&m, root);
	ck_assert(!m.known);
	ck_assert_uint_eq(m.limit_bytes, UINT64_MAX);
	ck_assert_str_eq(m.source, "");
}
END_TEST

START_TEST(a_group_of_v2_is_read_with_its_droppable_pages_left_out)
{
	fixture_put("/proc/self/cgroup", "0::/a.slice/b.service\n");
	fixture_put("/proc/mounts", V2_MOUNTS);
	put_v2("/a.slice/b.service", "1000000\n", "600000\n", "250000");
	cgroup_memory_read(&m, root);
	ck_assert(m.known);
	ck_assert_uint_eq(m.limit_bytes, 1000000);
	ck_assert_uint_eq(m.used_bytes, 350000);
	ck_assert_str_eq(m.source, "/sys/fs/cgroup/a.slice/b.service/memory.max");
}
END_TEST

START_TEST(the_group_that_leaves_least_decides_not_the_least_limit)
{
	fixture_put("/proc/self/cgroup", "0::/a/b/c\n");
	fixture_put("/proc/mounts", V2_MOUNTS);
	put_v2("/a/b/c", "1000000\n", "0\n", "0");
	put_v2("/a/b", "max\n", "1900000\n", "0");
	put_v2("/a", "2000000\n", "1900000\n", "0");
	cgroup_memory_read(&m, root);
	ck_assert_uint_eq(m.limit_bytes, 2000000);
	ck_assert_uint_eq(m.used_bytes, 1900000);
	ck_assert_str_eq(m.source, "/sys/fs/cgroup/a/memory.max");
}
END_TEST

START_TEST(max_everywhere_is_no_limit_yet_known)
{
	fixture_put("/proc/self/cgroup", "0::/a\n");
	fixture_put("/proc/mounts", V2_MOUNTS);
	put_v2("/a", "max\n", "5000\n", "0");
	cgroup_memory_read(&m, root);
	ck_assert(m.known);
	ck_assert_uint_eq(m.limit_bytes, UINT64_MAX);
	ck_assert_str_eq(m.source, "");
}
END_TEST

START_TEST(a_limit_below_what_is_used_is_still_the_tightest)
{
	fixture_put("/proc/self/cgroup", "0::/a\n");
	fixture_put("/proc/mounts", V2_MOUNTS);
	put_v2("/a", "4096\n", "9000\n", "0");
	put_v2("", "5000\n", "0\n", "0");
	cgroup_memory_read(&m, root);
	ck_assert_uint_eq(m.limit_bytes, 4096);
}
END_TEST

START_TEST(more_droppable_than_used_is_nothing_used)
{
	fixture_put("/proc/self/cgroup", "0::/a\n");
	fixture_put("/proc/mounts", V2_MOUNTS);
	put_v2("/a", "4096\n", "9000\n", "10000");
	cgroup_memory_read(&m, root);
	ck_assert_uint_eq(m.used_bytes, 0);
}
END_TEST

START_TEST(the_memory_hierarchy_of_v1_is_told_from_the_others)
{
	fixture_put("/proc/self/cgroup", "9:name=systemd:/x\n3:cpu,cpuacct:/y\n"
					 "4:hugetlb,memory:/job/7\n0::/z\n");
	fixture_put("/proc/mounts", V1_MOUNTS);
	put_v1("/job/7", "9223372036854771712\n", "123456\n"); /* unlimited, as v1 spells it */
	put_v1("/job", "50000000\n", "20000000\n");
	fixture_put("/sys/fs/cgroup/memory/job/memory.stat",
		    "inactive_file 1\ntotal_cache 5\ntotal_inactive_file 4000000\n");
	cgroup_memory_read(&m, root);
	ck_assert_uint_eq(m.limit_bytes, 50000000);
	ck_assert_uint_eq(m.used_bytes, 16000000);
	ck_assert_str_eq(m.source, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes");
}
END_TEST

START_TEST(the_largest_number_of_v1_is_no_limit)
{
	fixture_put("/proc/self/cgroup", "4:memory:/job\n");
	fixture_put("/proc/mounts", V1_MOUNTS);
	put_v1("/job", "9223372036854771712\n", "123456\n");
	cgroup_memory_read(&m, root);
	ck_assert(m.known);
	ck_assert_uint_eq(m.limit_bytes, UINT64_MAX);
	ck_assert_str_eq(m.source, "");
}
END_TEST

/* Without a cgroup namespace, a container is told its path on the host, and sees only its part of
 * the tree, mounted in the place of the whole. */
START_TEST(a_path_that_does_not_exist_here_leads_to_the_mounts_root)
{
	fixture_put("/proc/self/cgroup", "0::/docker/0123abcd\n");
	fixture_put("/proc/mounts", V2_MOUNTS);
	put_v2("", "3000000\n", "1000000\n", "0");
	cgroup_memory_read(&m, root);
	ck_assert_uint_eq(m.limit_bytes, 3000000);
	ck_assert_str_eq(m.source, "/sys/fs/cgroup/memory.max");
}
END_TEST

START_TEST(lines_that_are_no_groups_do_no_harm)
{
	fixture_put("/proc/self/cgroup", "\n:\n0:\nnonsense\n0::\n");
	fixture_put("/proc/mounts", "\none\none two three\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0");
	put_v2("", "3000000\n", "1000000\n", "0");
	cgroup_memory_read(&m, root);
	ck_assert_uint_eq(m.limit_bytes, 3000000);
}
END_TEST

START_TEST(the_limit_of_this_process_is_in_the_file_that_is_named)
{
	char text[32] = "";
	cgroup_memory_read(&m, "");
	if (!m.source[0])
		return;
	FILE *f = fopen(m.source, "r");
	ck_assert_msg(f != NULL, "%s cannot be read", m.source);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	fclose(f);
	ck_assert_uint_eq(strtoull(text, NULL, 10), m.limit_bytes);
}
END_TEST

/* --- groups of others -------------------------------------------------------------------- */

static struct cgroup group;

START_TEST(a_unit_is_found_by_name_with_its_processes_and_those_below_it)
{
	pid_t pids[2] = {0};
	fixture_put("/proc/mounts", V2_MOUNTS);
	fixture_put("/sys/fs/cgroup/system.slice/web.service/cgroup.procs", "71\n72\n");
	fixture_put("/sys/fs/cgroup/system.slice/web.service/workers/cgroup.procs", "73\n");
	fixture_put("/sys/fs/cgroup/system.slice/other.service/cgroup.procs", "99\n");
	ck_assert(cgroup_of_name(&group, root, "web.service"));
	ck_assert_str_eq(group.in[CGROUP_V2].path, "/system.slice/web.service");
	ck_assert_uint_eq(cgroup_processes(&group, root, pids, 2), 3);
	ck_assert_int_eq(pids[0], 71);
	ck_assert_int_eq(pids[1], 72);
	ck_assert(!cgroup_of_name(&group, root, "wob.service"));
	ck_assert_str_eq(group.in[CGROUP_V2].mount, "");
}
END_TEST

START_TEST(a_folder_of_one_hierarchy_is_the_same_group_in_the_others)
{
	uint64_t throttled_ns;
	fixture_put("/proc/mounts", V1_MOUNTS);
	put_v1("/job", "5000\n", "2000\n");
	fixture_put("/sys/fs/cgroup/cpu/job/cpu.stat", "nr_throttled 3\nthrottled_time 450\n");
	ck_assert(cgroup_of_folder(&group, root, "/sys/fs/cgroup/memory/job/"));
	ck_assert_str_eq(group.in[CGROUP_CPU].path, "/job");
	ck_assert_str_eq(group.in[CGROUP_V2].mount, "");
	ck_assert(cgroup_throttled_ns(&throttled_ns, root, &group));
	ck_assert_uint_eq(throttled_ns, 450);
	cgroup_memory_of(&m, root, &group);
	ck_assert_uint_eq(m.limit_bytes, 5000);
	ck_assert(!cgroup_of_folder(&group, root, "/sys/fs/cgroup/memory/no"));
	ck_assert(!cgroup_of_folder(&group, root, "/sys/fs/cgroup/memories"));
	ck_assert(!cgroup_of_folder(&group, root, "/etc"));
}
END_TEST

START_TEST(a_process_that_is_not_there_is_in_no_group)
{
	fixture_put("/proc/mounts", V2_MOUNTS);
	fixture_put("/proc/self/cgroup", "0::/own\n");
	ck_assert(!cgroup_of_process(&group, root, 4242));
	ck_assert(cgroup_of_process(&group, root, 0));
	ck_assert_str_eq(group.in[CGROUP_V2].path, "/own");
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("cgroup");
	tcase_add_checked_fixture(all, fixture_open, fixture_close);
	tcase_add_test(all, without_a_hierarchy_nothing_is_known);
	tcase_add_test(all, a_group_of_v2_is_read_with_its_droppable_pages_left_out);
	tcase_add_test(all, the_group_that_leaves_least_decides_not_the_least_limit);
	tcase_add_test(all, max_everywhere_is_no_limit_yet_known);
	tcase_add_test(all, a_limit_below_what_is_used_is_still_the_tightest);
	tcase_add_test(all, more_droppable_than_used_is_nothing_used);
	tcase_add_test(all, the_memory_hierarchy_of_v1_is_told_from_the_others);
	tcase_add_test(all, the_largest_number_of_v1_is_no_limit);
	tcase_add_test(all, a_path_that_does_not_exist_here_leads_to_the_mounts_root);
	tcase_add_test(all, lines_that_are_no_groups_do_no_harm);
	tcase_add_test(all, the_limit_of_this_process_is_in_the_file_that_is_named);
	tcase_add_test(all, a_unit_is_found_by_name_with_its_processes_and_those_below_it);
	tcase_add_test(all, a_folder_of_one_hierarchy_is_the_same_group_in_the_others);
	tcase_add_test(all, a_process_that_is_not_there_is_in_no_group);
	Suite *suite = suite_create("cgroup");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
