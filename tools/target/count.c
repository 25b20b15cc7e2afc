#include "tools/target/count.h"

const char *count_name(enum count kind)
{
	static const char *const names[COUNT_KINDS] = {
		[COUNT_REQUESTS] = "requests",           [COUNT_ANSWERS] = "answers",
		[COUNT_ANSWERS_503] = "answers_503",     [COUNT_FAULTS] = "faults",
		[COUNT_BAD_REQUESTS] = "bad_requests",   [COUNT_ACCEPTED] = "connections_accepted",
		[COUNT_REFUSED] = "connections_refused", [COUNT_OVERRUNS] = "pipeline_overruns",
		[COUNT_TLS_FULL] = "tls_full",           [COUNT_TLS_RESUMED] = "tls_resumed",
		[COUNT_TLS_FAILED] = "tls_failed",       [COUNT_BYTES_RECEIVED] = "bytes_received",
		[COUNT_BYTES_SENT] = "bytes_sent",       [COUNT_H2_CONNECTIONS] = "h2_connections",
		[COUNT_H2_STREAMS] = "h2_streams",       [COUNT_WS_CONNECTIONS] = "ws_connections",
		[COUNT_WS_MESSAGES] = "ws_messages",     [COUNT_GRPC_MESSAGES] = "grpc_messages",
	};
	return names[kind];
}
