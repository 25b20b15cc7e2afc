/* scenario_keys: the tables of what a scenario may say. Part of run/scenario. */
#ifndef BRINK_RUN_SCENARIO_KEYS_H
#define BRINK_RUN_SCENARIO_KEYS_H

#include "run/scenario.h"

int scenario_read(struct scenario *s, yaml_node_t *top);

/* scenario_requests.c */
int scenario_read_requests(struct yaml_reader *r, yaml_node_t *node, void *into);

#endif
