/* grpc_encode SET TYPE: reads messages of TYPE as JSON from standard input, one a line, and writes
 * the bytes of each as a line of hexadecimal digits; or "error: " and what is wrong with it. For
 * tests that compare with protoc. */
#include "base/file.h"
#include "proto/grpc_json.h"

#include <stdio.h>
#include <stdlib.h>

static int print(void *ctx, struct span message, struct err *err)
{
	(void)ctx, (void)err;
	for (size_t i = 0; i < message.len; i++)
		printf("%02x", (unsigned char)message.ptr[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = {0};
	struct buf set;
	struct grpc_schema *schema = NULL;
	if (argc != 3 || file_read(&set, argv[1], GRPC_SCHEMA_MAX, &err) ||
	    grpc_schema_new(&schema, (struct span){set.ptr, set.len}, &err)) {
		fprintf(stderr, "grpc_encode SET TYPE: %s\n", err.text);
		return 2;
	}
	const struct schema_message *type = grpc_schema_message(schema, argv[2]);
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	while (type && (len = getline(&line, &size, stdin)) > 0) {
		if (grpc_json_read(type, (struct span){line, (size_t)len}, false, print, NULL,
				   &err))
			printf("error: %s; %s", err.text, err.hint);
		putchar('\n');
	}
	free(line);
	grpc_schema_free(schema);
	buf_fini(&set);
	return type ? 0 : 2;
}
