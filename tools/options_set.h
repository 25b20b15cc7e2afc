/* options_set: the setters that the rows of the table name. Plain ones fill the row's field within
 * its bounds; the others know what they fill. Set-up code, main thread. */
#ifndef BRINK_TOOLS_OPTIONS_SET_H
#define BRINK_TOOLS_OPTIONS_SET_H

#include "tools/options.h"

option_setter set_size;     /* the same, in bytes: "64KiB" */
option_setter set_count;    /* uint16_t, uint32_t or uint64_t, by the field's size */
option_setter set_real;     /* double; above 0, at most `max` */
option_setter set_duration; /* uint64_t of nanoseconds */
option_setter set_seconds;  /* double, bounds in ns */
option_setter set_percent;  /* double, 0..1; bounds in percent */
option_setter set_text;     /* const char * */
option_setter set_on, set_off;

option_setter set_check; /* field.min: which kind, enum check_kind */

option_setter set_header, set_data, set_threshold, set_spin, set_allow_target, set_format,
	set_churn, set_tls_max, set_ktls, set_variable, set_stage, set_executor, set_stop_if,
	set_read_only_if, set_agent, set_protocol, set_grpc, set_grpc_compress, set_proto_path;

#endif
