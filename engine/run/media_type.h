/* media_type: what a file's content is, by the end of its name. Pure; any thread. */
#ifndef BRINK_RUN_MEDIA_TYPE_H
#define BRINK_RUN_MEDIA_TYPE_H

#include <stdbool.h>

/* "Content-Type: application/json"; NULL: its name does not tell. */
const char *media_type_line(const char *file);

/* Whether one of the header lines, "Name: value" each, is a Content-Type. */
bool media_type_is_given(const char *const *headers, unsigned count);

#endif
