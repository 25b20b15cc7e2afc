/* js: the words of a script in JavaScript, one after the other; enough of the language to read k6's
 * options and plain calls. Typographic quotes count as quotes: scripts are copied from documents.
 * Set-up code; one thread. The text is the caller's. */
#ifndef BRINK_TOOLS_IMPORT_JS_H
#define BRINK_TOOLS_IMPORT_JS_H

#include "base/err.h"
#include "base/span.h"

enum js_kind { JS_END, JS_WORD, JS_NUMBER, JS_STRING, JS_TEMPLATE, JS_SIGN };

struct js_token {
	enum js_kind kind;
	struct span text; /* as it stands; of a string, what is between the quotes */
	unsigned line, column;
};

struct js {
	const char *name; /* of the file */
	struct span rest;
	unsigned line, column;
	struct js_token token; /* the one that is looked at */
	struct err *err;
};

int js_open(struct js *j, const char *name, struct span text, struct err *err);
int js_next(struct js *j); /* on to the next token; -1: there is none that could be read */

bool js_is(const struct js *j, const char *text); /* a word or a sign */
int js_accept(struct js *j, const char *text);    /* 1: it was, and is passed; 0: it is not; -1 */
int js_expect(struct js *j, const char *text);

/* "file:line:column: ..." about the token that is looked at; returns -1. */
int js_fail(struct js *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a string says, its escapes resolved, appended. */
int js_unescape(struct js *j, const struct js_token *t, struct buf *out);

#endif
