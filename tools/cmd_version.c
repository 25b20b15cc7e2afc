/* cmd_version: `brink version`: what this is, and what it stands on. */
#include "tools/commands.h"

#include "io/ring.h"
#include "tls/ktls.h"
#include "tools/options_text.h"

#include <curl/curl.h>
#include <gnu/libc-version.h>
#include <http_parser.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <zlib.h>

#define TEXT_MAX (64u * 1024)

static void libraries(struct buf *out)
{
	unsigned long parser = http_parser_version();
	buf_printf(out, "glibc        %s\n", gnu_get_libc_version());
	buf_printf(out, "openssl      %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
	buf_printf(out, "libcurl      %s\n", curl_version_info(CURLVERSION_NOW)->version);
	buf_printf(out, "zlib         %s\n", zlibVersion());
	buf_printf(out, "http_parser  %lu.%lu.%lu\n", parser >> 16 & 0xff, parser >> 8 & 0xff,
		   parser & 0xff);
}

static void feature(const struct ring_feature *f, struct buf *out)
{
	const char *state = f->disabled ? "disabled" : f->found ? "yes" : "no";
	buf_printf(out, "  %-10s %-8s  since %-4s  without: %s\n", f->name, state, f->since,
		   f->without);
}

static void kernel_tls(struct buf *out)
{
	char why[256] = "";
	bool found = ktls_probe(why, sizeof why);
	buf_printf(out, "\nkTLS         %s%s\n", found ? "yes" : "no: ", why);
}

/* Probed on a ring of its own, the smallest there is. */
static int features(struct buf *out, struct err *err)
{
	struct ring_config config = {.slots = 2};
	struct ring *ring;
	unsigned count;
	if (ring_open(&ring, &config, err))
		return -1;
	const struct ring_feature *list = ring_features(ring, &count);
	buf_puts(out, "\nio_uring\n");
	for (unsigned i = 0; i < count; i++)
		feature(&list[i], out);
	ring_free(ring);
	kernel_tls(out);
	return 0;
}

static void version(struct buf *out)
{
	struct utsname host;
	buf_puts(out, "brink        " BRINK_VERSION "\n");
	if (!uname(&host))
		buf_printf(out, "kernel       %s %s %s\n", host.sysname, host.release,
			   host.machine);
	libraries(out);
}

int cmd_version(int argc, char **argv)
{
	static struct invocation in;
	struct err err = {0};
	struct buf out;
	int result = options_parse(&in, OPTIONS_VERSION, argc, argv, &err);
	options_fini(&in);
	if (result)
		return command_fail(&err);
	if (in.help)
		return options_show_help(argv[0]);
	buf_init(&out, TEXT_MAX);
	version(&out);
	if (!in.features || !features(&out, &err))
		return command_print(&out);
	buf_fini(&out);
	return command_fail(&err);
}
