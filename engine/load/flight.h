/* flight: a request between its due instant and its outcome. Part of a connection's work: its
 * worker's thread alone calls. Every request that is taken ends in exactly one outcome here.
 *
 * A connection's flights have tags. Where answers come in the order of requests, tags go round and
 * the oldest ends first; where they do not (HTTP/2), a tag is free again once its flight has ended,
 * and those that are not sent yet wait in a list. */
#ifndef BRINK_LOAD_FLIGHT_H
#define BRINK_LOAD_FLIGHT_H

#include "load/worker_impl.h"

struct flight *flight_of(struct worker *w, uint32_t id, uint32_t tag);
size_t flight_index(const struct worker *w, uint32_t id, uint32_t tag); /* of all the worker's */

/* Where they are in order: the tag of the nth, the oldest first. */
uint32_t flight_nth(const struct worker *w, uint32_t id, unsigned nth);

/* All of a connection's, in turn; false at the end. `at` starts at 0. The one that was told may be
 * ended, where they are not in order. */
bool flight_next(const struct worker *w, uint32_t id, uint32_t *at, uint32_t *ret_tag);

/* A request begins, due at an instant that may be past; its tag. The other: one that began before
 * and was counted then. */
uint32_t flight_take(struct worker *w, uint32_t id, uint64_t due_ns);
uint32_t flight_take_again(struct worker *w, uint32_t id, uint64_t due_ns);

/* The first that is to be written; it was; it is to be written once more, as the peer did not look
 * at it: false where that has happened too often. */
uint32_t flight_waiting(const struct worker *w, uint32_t id);
void flight_sent(struct worker *w, uint32_t id, uint32_t tag);
bool flight_unsend(struct worker *w, uint32_t id, uint32_t tag);

void flight_end(struct worker *w, uint32_t id, uint32_t tag, enum outcome outcome);
void flight_end_all(struct worker *w, uint32_t id, enum outcome oldest, enum outcome others);
void flight_end_sent(struct worker *w, uint32_t id, enum outcome outcome); /* those not in order */

/* They stay without an outcome, as if the run had ended. */
void flight_give_up(struct worker *w, uint32_t id);

enum outcome flight_judge(const struct worker *w, size_t at, const struct proto_answer *a);
enum outcome flight_outcome_of_fault(const struct worker *w, const struct proto_answer *a);

#endif
