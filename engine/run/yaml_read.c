#include "run/yaml_read.h"

#include "base/nearest.h"
#include "base/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- errors ------------------------------------------------------------------------------ */

static int fail_at(struct yaml_reader *r, yaml_mark_t mark, const char *text)
{
	r->err->hint[0] = '\0';
	err_set(r->err, ERR_USAGE, "%.120s:%zu:%zu: %.360s", r->name, mark.line + 1,
		mark.column + 1, text);
	for (char *c = r->err->text; *c; c++) /* what was quoted may have lines of its own */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return -1;
}

int yaml_fail(struct yaml_reader *r, const yaml_node_t *node, const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return fail_at(r, node->start_mark, text);
}

int yaml_blame(struct yaml_reader *r, const yaml_node_t *node)
{
	char text[400];
	struct err *err = r->err;
	snprintf(text, sizeof text, "%.220s%s%.160s", err->text, err->hint[0] ? "; " : "",
		 err->hint);
	return fail_at(r, node->start_mark, text);
}

/* --- the document ------------------------------------------------------------------------ */

static int fail_parsing(struct yaml_reader *r, const yaml_parser_t *parser)
{
	char text[200];
	snprintf(text, sizeof text, "this is not YAML: %s%s%s",
		 parser->problem ? parser->problem : "no memory", parser->context ? ", " : "",
		 parser->context ? parser->context : "");
	return fail_at(r, parser->problem_mark, text);
}

int yaml_open(struct yaml_reader *r, const char *name, struct span text, struct err *err)
{
	yaml_parser_t parser;
	*r = (struct yaml_reader){.name = name, .err = err};
	const char *slash = strrchr(name, '/');
	if (slash)
		snprintf(r->folder, sizeof r->folder, "%.*s/", (int)(slash - name), name);
	if (!yaml_parser_initialize(&parser))
		return err_set(err, ERR_RUNTIME, "no memory for %s", name);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(text.ptr ? text.ptr : ""),
				     text.len);
	r->loaded = yaml_parser_load(&parser, &r->document);
	int result = r->loaded ? 0 : fail_parsing(r, &parser);
	yaml_parser_delete(&parser);
	return result;
}

void yaml_close(struct yaml_reader *r)
{
	if (r->loaded)
		yaml_document_delete(&r->document);
	for (unsigned i = 0; i < r->path_count; i++)
		free(r->paths[i]);
	r->loaded = false;
	r->path_count = 0;
}

yaml_node_t *yaml_top(struct yaml_reader *r)
{
	return yaml_document_get_root_node(&r->document);
}

/* --- scalars ----------------------------------------------------------------------------- */

const char *yaml_text(struct yaml_reader *r, yaml_node_t *node, const char *allowed)
{
	if (node->type != YAML_SCALAR_NODE) {
		yaml_fail(r, node, "a %s where %s is expected",
			  node->type == YAML_MAPPING_NODE ? "mapping" : "list", allowed);
		return NULL;
	}
	const char *text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length) {
		yaml_fail(r, node, "a NUL within a text");
		return NULL;
	}
	return text;
}

const char *yaml_file(struct yaml_reader *r, yaml_node_t *node)
{
	const char *text = yaml_text(r, node, "the name of a file");
	char *path;
	if (!text)
		return NULL;
	if (r->path_count == sizeof r->paths / sizeof *r->paths) {
		yaml_fail(r, node, "more than %zu files", sizeof r->paths / sizeof *r->paths);
		return NULL;
	}
	if (asprintf(&path, "%s%s", text[0] == '/' ? "" : r->folder, text) < 0)
		return NULL;
	r->paths[r->path_count++] = path;
	if (!r->no_files && access(path, R_OK)) {
		yaml_fail(r, node, "%s: %m: the name of a readable file, relative to this one",
			  text);
		return NULL;
	}
	return path;
}

static const char *const ALLOWED[] = {
	[YAML_TEXT] = "text",
	[YAML_FILE] = "the name of a file",
	[YAML_COUNT] = "a whole number, like 64 or 10k",
	[YAML_REAL] = "a number above 0, like 500 or 2.5k",
	[YAML_DURATION] = "a duration, like 500ms, 10s or 2m",
	[YAML_SECONDS] = "a duration, like 500ms, 10s or 2m",
	[YAML_SHARE] = "a percentage, like 5%",
	[YAML_FLAG] = "true or false",
};

static int refuse(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key,
		  const char *text)
{
	return yaml_fail(r, node, "%s: \"%.80s\" is not %s", key->name, text, ALLOWED[key->kind]);
}

static int put_count(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key,
		     const char *text, void *at)
{
	uint64_t n;
	if (!units_count(text, &n))
		return refuse(r, node, key, text);
	if (n < key->min || n > key->max)
		return yaml_fail(r, node, "%s: %s is out of bounds: from %llu to %llu", key->name,
				 text, (unsigned long long)key->min, (unsigned long long)key->max);
	if (key->size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)n;
	else if (key->size == sizeof(uint32_t))
		*(uint32_t *)at = (uint32_t)n;
	else
		*(uint64_t *)at = n;
	return 0;
}

static int put_duration(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key,
			const char *text, void *at)
{
	uint64_t ns;
	char min[UNITS_TEXT], max[UNITS_TEXT];
	if (!units_duration_ns(text, &ns))
		return refuse(r, node, key, text);
	if (ns < key->min || ns > key->max)
		return yaml_fail(r, node, "%s: %s is out of bounds: from %s to %s", key->name, text,
				 units_text_us(min, (double)key->min / 1e3),
				 units_text_us(max, (double)key->max / 1e3));
	if (key->kind == YAML_SECONDS)
		*(double *)at = (double)ns / 1e9;
	else
		*(uint64_t *)at = ns;
	return 0;
}

static int put_real(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key,
		    const char *text, void *at)
{
	double n;
	bool share = key->kind == YAML_SHARE;
	if (!(share ? units_percent(text, &n) : units_real(text, &n)) || !(n > 0 || !key->min))
		return refuse(r, node, key, text);
	if (key->max && (share ? n * 100 : n) > (double)key->max)
		return yaml_fail(r, node, "%s: %s is out of bounds: at most %llu%s", key->name,
				 text, (unsigned long long)key->max, share ? "%" : "");
	*(double *)at = n;
	return 0;
}

static int put_flag(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key,
		    const char *text, void *at)
{
	if (strcmp(text, "true") && strcmp(text, "false"))
		return refuse(r, node, key, text);
	*(bool *)at = text[0] == 't';
	return 0;
}

static int put(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key, void *into)
{
	void *at = (char *)into + key->at;
	if (key->kind == YAML_OWN)
		return key->read(r, node, into);
	const char *text = yaml_text(r, node, ALLOWED[key->kind]);
	if (!text)
		return -1;
	switch (key->kind) {
	case YAML_COUNT:
		return put_count(r, node, key, text, at);
	case YAML_REAL:
	case YAML_SHARE:
		return put_real(r, node, key, text, at);
	case YAML_DURATION:
	case YAML_SECONDS:
		return put_duration(r, node, key, text, at);
	case YAML_FLAG:
		return put_flag(r, node, key, text, at);
	case YAML_FILE:
		*(const char **)at = yaml_file(r, node);
		return *(const char **)at ? 0 : -1;
	default:
		*(const char **)at = text;
		return *text ? 0 : yaml_fail(r, node, "%s is empty", key->name);
	}
}

int yaml_scalar(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key, void *into)
{
	return put(r, node, key, into);
}

/* --- collections ------------------------------------------------------------------------- */

static int fail_key(struct yaml_reader *r, yaml_node_t *node, const char *name, const char *what,
		    const struct yaml_key *keys, unsigned count)
{
	char known[300] = "";
	struct nearest near = {.wanted = name};
	for (unsigned i = 0; i < count; i++) {
		size_t len = strlen(known);
		snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", keys[i].name);
		nearest_offer(&near, keys[i].name);
	}
	if (near.found)
		return yaml_fail(r, node, "%s has no key \"%.40s\"; did you mean %s? Allowed: %s",
				 what, name, near.found, known);
	return yaml_fail(r, node, "%s has no key \"%.40s\"; allowed: %s", what, name, known);
}

static int need(struct yaml_reader *r, yaml_node_t *node, yaml_node_type_t type, const char *what)
{
	if (node->type == type)
		return 0;
	bool map = type == YAML_MAPPING_NODE;
	return yaml_fail(r, node, "%s is to be a %s", what,
			 map ? "mapping, `key: value` on lines of its own"
			     : "list, in [...] or `- item`");
}

int yaml_map(struct yaml_reader *r, yaml_node_t *node, const char *what,
	     const struct yaml_key *keys, unsigned count, void *into)
{
	uint64_t seen = 0;
	if (need(r, node, YAML_MAPPING_NODE, what))
		return -1;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *key = yaml_document_get_node(&r->document, p->key);
		const char *name = yaml_text(r, key, "the name of a key");
		unsigned i = 0;
		if (!name)
			return -1;
		while (i < count && strcmp(keys[i].name, name))
			i++;
		if (i == count)
			return fail_key(r, key, name, what, keys, count);
		if (seen >> i & 1)
			return yaml_fail(r, key, "%s has the key %s twice", what, name);
		seen |= UINT64_C(1) << i;
		if (put(r, yaml_document_get_node(&r->document, p->value), &keys[i], into))
			return -1;
	}
	return 0;
}

int yaml_list(struct yaml_reader *r, yaml_node_t *node, const char *what, unsigned most,
	      int (*each)(struct yaml_reader *r, yaml_node_t *item, void *into), void *into)
{
	if (need(r, node, YAML_SEQUENCE_NODE, what))
		return -1;
	if (node->data.sequence.items.top - node->data.sequence.items.start > most)
		return yaml_fail(r, node, "%s has more than %u items", what, most);
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++)
		if (each(r, yaml_document_get_node(&r->document, *i), into))
			return -1;
	return 0;
}

int yaml_pairs(struct yaml_reader *r, yaml_node_t *node, const char *what, unsigned most,
	       int (*each)(struct yaml_reader *r, yaml_node_t *key, yaml_node_t *value, void *into),
	       void *into)
{
	if (need(r, node, YAML_MAPPING_NODE, what))
		return -1;
	if (node->data.mapping.pairs.top - node->data.mapping.pairs.start > most)
		return yaml_fail(r, node, "%s has more than %u entries", what, most);
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		yaml_node_t *key = yaml_document_get_node(&r->document, p->key);
		if (!yaml_text(r, key, "a name") ||
		    each(r, key, yaml_document_get_node(&r->document, p->value), into))
			return -1;
	}
	return 0;
}
