/* The latencies as one HdrHistogram log of a single interval, a tag a series. */
#include "out/forms.h"

#include "stat/hdr.h"

void out_hdr(const struct summary *s, struct buf *out)
{
	const struct {
		const char *tag;
		const struct hist *hist;
	} series[] = {
		{"intended", &s->total.intended_us},
		{"service", &s->total.service_us},
		{"connect", &s->total.connect_us},
		{"first_byte", &s->total.first_byte_us},
	};
	hdr_log_header(out, (double)s->started_at.tv_sec + (double)s->started_at.tv_nsec / 1e9);
	for (size_t i = 0; i < sizeof series / sizeof *series; i++)
		if (!hdr_log_line(out, series[i].tag, 0, s->elapsed_s, series[i].hist))
			out->cut = true;
}
