/* flight: a request between its due instant and its outcome. Part of a connection's work: its
 * worker's thread alone calls. Every request that is taken ends in exactly one outcome here. */
#ifndef BRINK_LOAD_FLIGHT_H
#define BRINK_LOAD_FLIGHT_H

#include "load/worker_impl.h"

/* The nth of a connection's requests in flight, the oldest first. */
struct flight *flight_at(struct worker *w, uint32_t id, unsigned nth);

/* A request begins, due at an instant that may be past. */
void flight_take(struct worker *w, uint32_t id, uint64_t due_ns);

/* The same of one that began before and was counted then. */
void flight_take_again(struct worker *w, uint32_t id, uint64_t due_ns);

void flight_end_oldest(struct worker *w, uint32_t id, enum outcome outcome);
void flight_end_all(struct worker *w, uint32_t id, enum outcome oldest, enum outcome others);

/* They stay without an outcome, as if the run had ended. */
void flight_give_up(struct worker *w, uint32_t id);

enum outcome flight_judge(const struct worker *w, uint32_t id, const struct proto_answer *a);
enum outcome flight_outcome_of_fault(enum proto_fault fault);

#endif
