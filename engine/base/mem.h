/* mem: pages for hot memory, and the marks that let AddressSanitizer see who owns a buffer.
 *
 * A buffer that the kernel may write to is poisoned until its completion gives it back, since
 * the sanitizer cannot see the kernel's writes. Any thread; memory belongs to the caller. */
#ifndef BRINK_BASE_MEM_H
#define BRINK_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define MEM_POISON(ptr, len)   ASAN_POISON_MEMORY_REGION(ptr, len)
#define MEM_UNPOISON(ptr, len) ASAN_UNPOISON_MEMORY_REGION(ptr, len)
#else
#define MEM_POISON(ptr, len)   ((void)(ptr), (void)(len))
#define MEM_UNPOISON(ptr, len) ((void)(ptr), (void)(len))
#endif

/* Zeroed, page-aligned, touched at once so that no page fault is left for the load; NULL when
 * there is no memory. Huge pages are asked for from 2 MiB on. */
void *mem_pages(size_t len);

/* The same, not touched: for what mostly stays unused. */
void *mem_reserve(size_t len);

/* Zeroes them and gives them back to the system, until they are touched again. */
void mem_pages_clear(void *ptr, size_t len);
void mem_pages_free(void *ptr, size_t len); /* NULL is fine */

#endif
