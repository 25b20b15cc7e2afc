/* failmalloc: preloaded before a program, makes its nth allocation fail, and only that one.
 *
 *   FAILMALLOC_N    which one fails, counted from 1; not set: none does
 *   FAILMALLOC_LOG  a file that gets one line, the place of the call, when it has
 *
 * Counted are malloc, calloc, realloc, posix_memalign, aligned_alloc, strdup and strndup where
 * the program itself calls them, whichever thread it is. What libraries allocate for themselves
 * is let through: it is the program's own answers to a lack of memory that are on trial. glibc's
 * __libc_ names do the work, since dlsym allocates. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_ulong calls;
static unsigned long fatal;                /* the call that fails; 0: none */
static uintptr_t base, text_from, text_to; /* the program's own code */

static int find_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	(void)ctx;
	base = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && p->p_flags & PF_X) {
			text_from = base + p->p_vaddr;
			text_to = text_from + p->p_memsz;
		}
	}
	return 1; /* the first object is the program */
}

__attribute__((constructor)) static void start(void)
{
	const char *n = getenv("FAILMALLOC_N");
	dl_iterate_phdr(find_program, NULL);
	fatal = n ? strtoul(n, NULL, 10) : 0;
}

/* Where it failed, for addr2line. */
static void report(uintptr_t caller)
{
	char line[64];
	const char *path = getenv("FAILMALLOC_LOG");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	if (fd < 0)
		return;
	int len = snprintf(line, sizeof line, "0x%lx\n", (unsigned long)(caller - 1 - base));
	if (write(fd, line, (size_t)len) != len)
		abort();
	close(fd);
}

static int fails(void *return_address)
{
	uintptr_t caller = (uintptr_t)return_address;
	if (!fatal || caller < text_from || caller >= text_to)
		return 0;
	if (atomic_fetch_add(&calls, 1) + 1 != fatal)
		return 0;
	report(caller);
	errno = ENOMEM;
	return 1;
}

#define FAILS() fails(__builtin_return_address(0))

void *malloc(size_t size)
{
	return FAILS() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return FAILS() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return FAILS() ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return FAILS() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
	void *memory = FAILS() ? NULL : __libc_memalign(alignment, size);
	if (!memory)
		return ENOMEM;
	*ret = memory;
	return 0;
}

static char *copy(const char *text, size_t len)
{
	char *memory = __libc_malloc(len + 1);
	if (!memory)
		return NULL;
	memcpy(memory, text, len);
	memory[len] = '\0';
	return memory;
}

char *strdup(const char *text)
{
	return FAILS() ? NULL : copy(text, strlen(text));
}

char *strndup(const char *text, size_t max)
{
	return FAILS() ? NULL : copy(text, strnlen(text, max));
}
