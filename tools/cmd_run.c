/* cmd_run: `brink run`, `brink find` and `brink hold`: options in, a load, a report out. */
#include "out/out_preflight.h"
#include "tools/commands.h"

#include "tools/options_text.h"

#include <stdlib.h>
#include <unistd.h>

#define REPORT_MAX     ((size_t)16 << 20)
#define SECONDS_A_LINE 5 /* of progress, where it is not a terminal that is looked at */

/* What is shown while it runs. */
struct display {
	const struct invocation *in;
	bool terminal;        /* standard error is one that can rewrite its line */
	unsigned every;       /* seconds a line */
	unsigned seconds;     /* so far */
	struct tally *window; /* since the last line */
	struct kernel_span kernel;
};

static bool is_capable_terminal(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

static int display_init(struct display *d, const struct invocation *in, struct err *err)
{
	*d = (struct display){.in = in, .terminal = is_capable_terminal(STDERR_FILENO)};
	d->every = d->terminal || in->verbose || in->run.hold ? 1 : SECONDS_A_LINE;
	d->window = malloc(sizeof *d->window);
	if (!d->window)
		return err_set(err, ERR_RUNTIME, "no memory for the progress");
	tally_init(d->window);
	kernel_span_clear(&d->kernel);
	return 0;
}

static void show_opening(void *ctx, const struct summary *s)
{
	const struct display *d = ctx;
	if (!d->in->dry_run && d->in->form == out_form_find("text"))
		out_text_opening(s, stdout);
}

static void show_second(void *ctx, const struct progress *p)
{
	struct display *d = ctx;
	tally_extend(d->window, p->window);
	if (p->kernel)
		kernel_span_add(&d->kernel, p->kernel);
	if (++d->seconds % d->every)
		return;
	struct progress line = *p;
	line.window = d->window;
	line.kernel = p->kernel ? &d->kernel : NULL;
	out_progress(&line, stderr, d->terminal);
	kernel_span_clear(&d->kernel);
	tally_reset(d->window);
}

static void show_step(void *ctx, const struct summary *s)
{
	const struct display *d = ctx;
	out_progress_end(stderr, d->terminal);
	if (d->in->form == out_form_find("text"))
		out_text_step(s, stdout);
	else if (!d->in->quiet && d->in->form != out_form_find("quiet"))
		out_text_step(s, stderr);
}

static void show_end(void *ctx)
{
	const struct display *d = ctx;
	out_progress_end(stderr, d->terminal);
}

static int report(const struct invocation *in, const struct summary *s)
{
	struct buf out;
	buf_init(&out, REPORT_MAX);
	in->form->render(s, &out);
	int failed = command_print(&out);
	return failed ? failed : s->exit_code;
}

/* What would be done, each value with its origin, and what follows from them. */
static int rehearse(const struct invocation *in, const struct summary *s)
{
	struct buf out;
	buf_init(&out, REPORT_MAX);
	buf_printf(&out, "Nothing is sent (--dry-run). A %s would load\n  %s\nwith\n", s->command,
		   s->target);
	options_origins(in, &out);
	buf_printf(&out, "that is\n  %s, %u thread%s, %llu connection%s, %s loop\n", s->protocol,
		   s->threads, s->threads == 1 ? "" : "s", (unsigned long long)s->connections_asked,
		   s->connections_asked == 1 ? "" : "s", s->open_loop ? "open" : "closed");
	if (s->hold)
		preflight_text(&s->held.preflight, &out);
	return command_print(&out);
}

static int execute(const struct invocation *in, struct summary *s, struct err *err)
{
	struct display display;
	if (display_init(&display, in, err))
		return command_fail(err);
	bool rows = in->run.find && !in->verbose; /* of a search are progress enough */
	bool silent = in->quiet || in->form == out_form_find("quiet") || rows;
	struct run_watch watch = {
		.ctx = &display,
		.opening = show_opening,
		.step = in->run.find ? show_step : NULL,
		.second = silent ? NULL : show_second,
		.ended = silent ? NULL : show_end,
	};
	int result = run_execute(&in->run, in->dry_run, &watch, s, err);
	free(display.window);
	if (result)
		return command_fail(err);
	return in->dry_run ? rehearse(in, s) : report(in, s);
}

static int prepare_and_execute(struct invocation *in, struct err *err)
{
	if (options_settle_run(in, err))
		return command_fail(err);
	struct summary *summary = calloc(1, sizeof *summary);
	if (!summary) {
		err_set(err, ERR_RUNTIME, "no memory for the summary");
		return command_fail(err);
	}
	int code = execute(in, summary, err);
	free(summary);
	return code;
}

static int load(unsigned command, int argc, char **argv)
{
	static struct invocation in; /* 30 KB, and one of them a process */
	struct err err = {0};
	int code;
	if (options_parse(&in, command, argc, argv, &err))
		code = command_fail(&err);
	else if (in.help)
		code = options_show_help(argv[0]);
	else
		code = prepare_and_execute(&in, &err);
	options_fini(&in);
	return code;
}

int cmd_run(int argc, char **argv)
{
	return load(OPTIONS_RUN, argc, argv);
}

int cmd_find(int argc, char **argv)
{
	return load(OPTIONS_FIND, argc, argv);
}

int cmd_hold(int argc, char **argv)
{
	return load(OPTIONS_HOLD, argc, argv);
}
