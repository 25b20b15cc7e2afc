#include "proto/proto.h"
const struct proto proto_ws = {.name = "ws", .ordered = true};
