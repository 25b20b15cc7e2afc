#include "base/mem.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *mem_reserve(size_t len)
{
	void *ptr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return ptr == MAP_FAILED ? NULL : ptr;
}

void *mem_pages(size_t len)
{
	void *ptr = mem_reserve(len);
	if (!ptr)
		return NULL;
	if (len >= HUGE_PAGE)
		madvise(ptr, len, MADV_HUGEPAGE); /* a wish: smaller pages work as well */
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t at = 0; at < len; at += page)
		((volatile char *)ptr)[at] = 0;
	return ptr;
}

void mem_pages_clear(void *ptr, size_t len)
{
	if (madvise(ptr, len, MADV_DONTNEED))
		memset(ptr, 0, len);
}

void mem_pages_free(void *ptr, size_t len)
{
	if (!ptr)
		return;
	MEM_UNPOISON(ptr, len);
	munmap(ptr, len);
}
