/*
 * Counts what a family of processes does to files, and kills it at one of these steps.
 *
 * Preloaded into a command and all that it starts. strace can do the same to one process; it counts
 * calls for each process apart, so that "the hundredth step of all of it" cannot be said there.
 *
 * CRASH_STEPS   a file of four zero bytes: the counter that all of them share
 * CRASH_AT      the step that does not happen; a write happens by half
 * CRASH_WHOLE   "1": the process group is killed; otherwise only the process that took the step
 * CRASH_LOG     where that step is described
 *
 * HOLD_AT       a path's end: who opens it first waits until the file HOLD_UNTIL is there, and makes
 *               HOLD_UNTIL with ".reached" after it
 *
 * What stdio writes by itself is not seen; the file is made, closed and moved by calls that are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned *counter;
static unsigned at;
static int whole;

__attribute__((constructor)) static void begin(void)
{
	const char *file = getenv("CRASH_STEPS"), *number = getenv("CRASH_AT");
	const char *all = getenv("CRASH_WHOLE");
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	int fd;
	void *map;

	if (!file || !number)
		return;
	fd = real(file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	at = strtoul(number, NULL, 10);
	whole = all && *all == '1';
	counter = map;
}

/* Whether this is the step. */
static int reached(void)
{
	return counter && __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST) == at;
}

static void die(const char *what, const char *path)
{
	const char *log = getenv("CRASH_LOG");
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	ssize_t (*out)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
	char text[4096], name[256];
	int fd = real("/proc/self/cmdline", O_RDONLY), to;
	ssize_t many = 0, n;

	if (fd >= 0) {
		many = read(fd, name, sizeof(name) - 1);
		close(fd);
	}
	if (many < 0)
		many = 0;
	for (n = 0; n < many; n++)
		if (!name[n])
			name[n] = ' ';
	name[many] = 0;
	to = log ? real(log, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
	if (to >= 0) {
		n = snprintf(text, sizeof(text), "%s %s (%.100s)\n", what, path, name);
		if (n > 0 && out(to, text, n) < 0)
			/* It is only for people. */;
		close(to);
	}
	kill(whole ? 0 : getpid(), SIGKILL);
	for (;;)
		pause();
}

static const char *of(int fd)
{
	static char path[4096];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n < 0 ? 0 : n] = 0;
	return path;
}

static int is_file(int fd)
{
	struct stat st;
	int kept = errno, yes = counter && !fstat(fd, &st) && S_ISREG(st.st_mode);

	errno = kept;
	return yes;
}

/* Waits before a file is opened. */
static void hold(const char *path)
{
	const char *end = getenv("HOLD_AT"), *until = getenv("HOLD_UNTIL");
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	size_t n = path ? strlen(path) : 0;
	char reached[4096];
	static int done;
	int fd;

	if (done || !end || !until || n < strlen(end) || strcmp(path + n - strlen(end), end))
		return;
	done = 1;
	snprintf(reached, sizeof(reached), "%s.reached", until);
	fd = real(reached, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd >= 0)
		close(fd);
	while (access(until, F_OK))
		usleep(1000);
}

#define REAL(name) \
	static __typeof__(&name) real; \
	if (!real) \
		real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define STEP(path) \
	do { \
		if (reached()) \
			die(__func__, path); \
	} while (0)

ssize_t write(int fd, const void *buf, size_t n)
{
	REAL(write);
	if (is_file(fd) && reached()) {
		if (n > 1 && real(fd, buf, n / 2) < 0)
			/* Then it is none at all. */;
		die(__func__, of(fd));
	}
	return real(fd, buf, n);
}

#define PWRITE(name, offset_t) \
	ssize_t name(int fd, const void *buf, size_t n, offset_t o) \
	{ \
		REAL(name); \
		if (is_file(fd) && reached()) { \
			if (n > 1 && real(fd, buf, n / 2, o) < 0) \
				; \
			die(__func__, of(fd)); \
		} \
		return real(fd, buf, n, o); \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *v, int n)
{
	REAL(writev);
	if (is_file(fd))
		STEP(of(fd));
	return real(fd, v, n);
}

#define ON_FILE(name) \
	int name(int fd) \
	{ \
		REAL(name); \
		STEP(of(fd)); \
		return real(fd); \
	}
ON_FILE(fsync)
ON_FILE(fdatasync)

#define TRUNCATE(name, offset_t) \
	int name(int fd, offset_t n) \
	{ \
		REAL(name); \
		STEP(of(fd)); \
		return real(fd, n); \
	}
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define ON_PATH(name) \
	int name(const char *path) \
	{ \
		REAL(name); \
		STEP(path); \
		return real(path); \
	}
ON_PATH(unlink)
ON_PATH(rmdir)

int unlinkat(int dir, const char *path, int flags)
{
	REAL(unlinkat);
	STEP(path);
	return real(dir, path, flags);
}

int mkdir(const char *path, mode_t mode)
{
	REAL(mkdir);
	STEP(path);
	return real(path, mode);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	REAL(mkdirat);
	STEP(path);
	return real(dir, path, mode);
}

int chmod(const char *path, mode_t mode)
{
	REAL(chmod);
	STEP(path);
	return real(path, mode);
}

int rename(const char *from, const char *to)
{
	REAL(rename);
	STEP(to);
	return real(from, to);
}

int renameat(int d, const char *from, int e, const char *to)
{
	REAL(renameat);
	STEP(to);
	return real(d, from, e, to);
}

int renameat2(int d, const char *from, int e, const char *to, unsigned flags)
{
	REAL(renameat2);
	STEP(to);
	return real(d, from, e, to, flags);
}

int link(const char *from, const char *to)
{
	REAL(link);
	STEP(to);
	return real(from, to);
}

int linkat(int d, const char *from, int e, const char *to, int flags)
{
	REAL(linkat);
	STEP(to);
	return real(d, from, e, to, flags);
}

int symlink(const char *from, const char *to)
{
	REAL(symlink);
	STEP(to);
	return real(from, to);
}

#define MODE(flags) \
	mode_t mode = 0; \
	if ((flags) & (O_CREAT | __O_TMPFILE)) { \
		va_list list; \
		va_start(list, flags); \
		mode = va_arg(list, mode_t); \
		va_end(list); \
	}

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		REAL(name); \
		MODE(flags) \
		hold(path); \
		if (flags & (O_CREAT | O_TRUNC) && strncmp(path, "/dev/", 5)) \
			STEP(path); \
		return real(path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
	int name(int dir, const char *path, int flags, ...) \
	{ \
		REAL(name); \
		MODE(flags) \
		hold(path); \
		if (flags & (O_CREAT | O_TRUNC) && strncmp(path, "/dev/", 5)) \
			STEP(path); \
		return real(dir, path, flags, mode); \
	}
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name) \
	FILE *name(const char *path, const char *how) \
	{ \
		REAL(name); \
		if (how[0] != 'r') \
			STEP(path); \
		return real(path, how); \
	}
FOPEN(fopen)
FOPEN(fopen64)
