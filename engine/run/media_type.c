#include "run/media_type.h"

#include "base/field.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define NAME "Content-Type"

/* As registered with IANA; where there is no registration (Protobuf, NDJSON), as in use. No
 * charset: nobody has looked into the file. */
static const struct {
	const char *extension, *line;
} types[] = {
	{"json", NAME ": application/json"},
	{"ndjson", NAME ": application/x-ndjson"},
	{"jsonl", NAME ": application/x-ndjson"},
	{"xml", NAME ": application/xml"},
	{"txt", NAME ": text/plain"},
	{"html", NAME ": text/html"},
	{"htm", NAME ": text/html"},
	{"csv", NAME ": text/csv"},
	{"md", NAME ": text/markdown"},
	{"css", NAME ": text/css"},
	{"js", NAME ": text/javascript"},
	{"yaml", NAME ": application/yaml"},
	{"yml", NAME ": application/yaml"},
	{"toml", NAME ": application/toml"},
	{"form", NAME ": application/x-www-form-urlencoded"},
	{"pb", NAME ": application/x-protobuf"},
	{"binpb", NAME ": application/x-protobuf"},
	{"cbor", NAME ": application/cbor"},
	{"bin", NAME ": application/octet-stream"},
	{"gz", NAME ": application/gzip"},
	{"zip", NAME ": application/zip"},
	{"pdf", NAME ": application/pdf"},
	{"png", NAME ": image/png"},
	{"jpg", NAME ": image/jpeg"},
	{"jpeg", NAME ": image/jpeg"},
	{"gif", NAME ": image/gif"},
	{"svg", NAME ": image/svg+xml"},
	{"webp", NAME ": image/webp"},
};

const char *media_type_line(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *dot = strrchr(slash ? slash : file, '.');
	for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
		if (!strcasecmp(dot + 1, types[i].extension))
			return types[i].line;
	return NULL;
}

bool media_type_is_given(const char *const *headers, unsigned count)
{
	return field_is_given(headers, count, NAME);
}
