/* text: the parts of the report for people: the connections, what a hold says of them, what the
 * requests met, and what to make of it. Private to out/. */
#ifndef BRINK_OUT_TEXT_H
#define BRINK_OUT_TEXT_H

#include "base/grouped.h"
#include "base/span.h"
#include "run/summary.h"

#include <stdio.h>

#define TEXT_LABEL 14 /* columns of the label that rows begin with, two blanks included */

void text_hold_opening(const struct summary *s, struct buf *out); /* text_hold.c */
void text_hold(const struct summary *s, struct buf *out);
void text_find_opening(const struct summary *s, FILE *to); /* text_find.c */
void text_find(const struct summary *s, struct buf *out);
void text_stages(const struct summary *s, struct buf *out);      /* text_stages.c */
void text_connections(const struct summary *s, struct buf *out); /* text_load.c */
void text_tls(const struct summary *s, struct buf *out);         /* text_tls.c */
void text_requests(const struct summary *s, struct buf *out);
void text_judgement(const struct summary *s, struct buf *out); /* text_judgement.c */

/* What the target's kernel did: in a line, beside a second of so many seconds; counters that moved
 * and should not have; in the report, for each agent. text_kernel.c */
void text_kernel_line(const struct kernel_span *k, double seconds, struct buf *out);
void text_kernel_signs(const struct kernel_span *k, struct buf *out);
void text_kernel(const struct summary *s, struct buf *out);

/* What went wrong once a load had stopped; nothing where nothing did. out_text.c */
void text_aftermath(const struct search_aftermath *a, const char *lead, struct buf *out);

/* A load, requests a second or connections, to the whole number: "1,000". */
static inline struct grouped text_load(double value)
{
	return grouped((uint64_t)(value + 0.5));
}

/* "2m", "90s", "1.5s", as wrk writes a duration; out of UNITS_TEXT bytes; returns out. */
char *text_seconds(char *out, double seconds);

/* "12.34%", and never 0.00% of something; out of UNITS_TEXT bytes; returns out. */
char *text_share(char *out, double part, double whole);

#endif
