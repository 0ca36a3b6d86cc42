/*
 * A preload library that stands between a process and its disk, for the files of one directory.
 *
 * It records what the process writes, truncates, syncs, creates, unlinks and renames there, so that a
 * test can rebuild what a loss of power may leave. It makes calls fail on demand, and holds syncs.
 * CLAVIGER_DISK_DIR names the directory, as realpath(3) spells it. CLAVIGER_DISK_CONTROL names the
 * file by which a test steers, which is mapped here and there. CLAVIGER_DISK_LOG names the log; where
 * it isn't set nothing is recorded. The layouts of control and header are those of control.go and
 * log.go.
 *
 * A call has its effect and its record under one lock, so that the log has the order of the effects.
 * A sync is recorded twice, because what is written while it runs is not promised to anybody.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN, READ, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, FUNCTIONS };
enum { ANY, DATABASE, WAL, SHARED_MEMORY, JOURNAL, DIRECTORY, FILES };
enum { NAMED = 1, WRITTEN, TRUNCATED, SYNC_BEGUN, SYNCED, UNLINKED, RENAMED };

#define RULES 16
#define DESCRIPTORS 65536
#define MAGIC 0x6b736964u

struct rule {
	uint32_t function, file, err, brief; /* brief: half of a write is done, and told so */
	uint64_t from, every, times;
	_Atomic uint64_t seen, done;
};

struct control {
	_Atomic uint64_t position;
	_Atomic uint32_t hold, held;
	_Atomic uint64_t sync_delay; /* nanoseconds */
	_Atomic uint32_t active, unused;
	_Atomic uint64_t calls[FUNCTIONS][FILES];
	struct rule rules[RULES];
};

struct header {
	uint32_t magic, kind;
	uint64_t inode, offset; /* offset: the new size of a truncation, the number of a sync */
	uint32_t err, created, path, data; /* path and data: bytes that follow */
};

static struct { uint64_t inode; int file; } descriptors[DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct control *control;
static char directory[4096];
static size_t directory_length;
static int log_file = -1;
static _Atomic uint64_t syncs;

static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_read)(int, void *, size_t), (*real_pread)(int, void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t), (*real_fsync)(int), (*real_fdatasync)(int);
static int (*real_unlink)(const char *), (*real_rename)(const char *, const char *);

static void prepare(void)
{
	const char *dir = getenv("CLAVIGER_DISK_DIR"), *path = getenv("CLAVIGER_DISK_CONTROL");
	const char *record = getenv("CLAVIGER_DISK_LOG");
	int fd;

	real_openat = dlsym(RTLD_NEXT, "openat64");
	real_close = dlsym(RTLD_NEXT, "close");
	real_read = dlsym(RTLD_NEXT, "read");
	real_pread = dlsym(RTLD_NEXT, "pread64");
	real_write = dlsym(RTLD_NEXT, "write");
	real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
	real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
	real_fsync = dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	real_unlink = dlsym(RTLD_NEXT, "unlink");
	real_rename = dlsym(RTLD_NEXT, "rename");
	if (!dir || !path || strlen(dir) >= sizeof directory)
		return;
	if ((fd = real_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC)) < 0)
		return;
	control = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	real_close(fd);
	if (control == MAP_FAILED)
		abort();
	strcpy(directory, dir);
	directory_length = strlen(dir);
	if (record) {
		log_file = real_openat(AT_FDCWD, record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (log_file < 0)
			abort();
	}
}

static void begin(void) { pthread_once(&once, prepare); }

__attribute__((constructor)) static void loaded(void) { begin(); }

/* of says which file of ours a path names: 0 if none. What lies deeper is not ours. */
static int of(const char *path)
{
	const char *name, *dash;

	if (!control || !path || strncmp(path, directory, directory_length))
		return 0;
	name = path + directory_length;
	if (!*name)
		return DIRECTORY;
	if (*name++ != '/')
		return 0;
	if (!*name || !strcmp(name, "."))
		return DIRECTORY;
	if (strchr(name, '/'))
		return 0;
	if (!(dash = strrchr(name, '-')))
		return DATABASE;
	if (!strcmp(dash, "-wal"))
		return WAL;
	if (!strcmp(dash, "-shm"))
		return SHARED_MEMORY;
	return strcmp(dash, "-journal") ? DATABASE : JOURNAL;
}

static int descriptor(int fd) { return fd >= 0 && fd < DESCRIPTORS ? descriptors[fd].file : 0; }

/* fault counts a call, and returns the rule that it breaks by, if any. */
static struct rule *fault(int function, int file)
{
	uint32_t i, active;

	atomic_fetch_add(&control->calls[function][file], 1);
	atomic_fetch_add(&control->calls[function][ANY], 1);
	active = atomic_load(&control->active);
	for (i = 0; i < active && i < RULES; i++) {
		struct rule *r = &control->rules[i];
		uint64_t n;

		if (r->function != (uint32_t)function || (r->file != ANY && r->file != (uint32_t)file))
			continue;
		n = atomic_fetch_add(&r->seen, 1) + 1;
		if (n < r->from || (r->every ? (n - r->from) % r->every : n != r->from))
			continue;
		if (atomic_fetch_add(&r->done, 1) >= r->times && r->times)
			continue;
		return r;
	}
	return 0;
}

/* note appends a record. The caller holds the lock. */
static void note(struct header h, const char *path, const char *to, const void *data)
{
	size_t first = path ? strlen(path) : 0, total;
	struct iovec parts[4] = {{&h, sizeof h}, {(void *)path, first},
		{(void *)to, to ? strlen(to) : 0}, {(void *)data, h.data}};
	int saved = errno;

	if (log_file < 0)
		return;
	h.magic = MAGIC;
	h.path = first;
	if (to)
		h.data = parts[2].iov_len;
	total = sizeof h + h.path + h.data;
	if (to)
		parts[3].iov_len = 0;
	if (syscall(SYS_writev, log_file, parts, 4) != (long)total)
		abort();
	atomic_fetch_add(&control->position, total);
	errno = saved;
}

static int opened(int at, const char *path, int flags, mode_t mode)
{
	struct rule *r;
	struct stat64 before, now;
	int fd, file = of(path), there;

	if (!file)
		return real_openat(at, path, flags, mode);
	if ((r = fault(OPEN, file))) {
		errno = r->err;
		return -1;
	}
	pthread_mutex_lock(&lock);
	there = fstatat64(at, path, &before, 0) == 0;
	fd = real_openat(at, path, flags, mode);
	if (fd >= 0 && fd < DESCRIPTORS && fstat64(fd, &now) == 0) {
		descriptors[fd].inode = now.st_ino;
		descriptors[fd].file = file;
		if (file != SHARED_MEMORY && file != DIRECTORY) {
			struct header h = {.kind = NAMED, .inode = now.st_ino, .created = !there};
			note(h, path + directory_length + 1, 0, 0);
			if (flags & O_TRUNC) {
				h.kind = TRUNCATED;
				note(h, 0, 0, 0);
			}
		}
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

static mode_t mode_of(int flags, va_list more)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPENS(name, parameters, at)                                  \
	int name parameters                                              \
	{                                                                \
		va_list more;                                                \
		mode_t mode;                                                 \
		begin();                                                     \
		va_start(more, flags);                                       \
		mode = mode_of(flags, more);                                 \
		va_end(more);                                                \
		return opened(at, path, flags, mode);                        \
	}

OPENS(open, (const char *path, int flags, ...), AT_FDCWD)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD)
OPENS(openat, (int dir, const char *path, int flags, ...), dir)
OPENS(openat64, (int dir, const char *path, int flags, ...), dir)

int close(int fd)
{
	begin();
	if (descriptor(fd))
		descriptors[fd].file = 0;
	return real_close(fd);
}

static ssize_t refused(struct rule *r)
{
	errno = r->err;
	return -1;
}

ssize_t read(int fd, void *to, size_t n)
{
	struct rule *r;

	begin();
	if (descriptor(fd) && (r = fault(READ, descriptor(fd))))
		return refused(r);
	return real_read(fd, to, n);
}

ssize_t pread64(int fd, void *to, size_t n, off64_t offset)
{
	struct rule *r;

	begin();
	if (descriptor(fd) && (r = fault(READ, descriptor(fd))))
		return refused(r);
	return real_pread(fd, to, n, offset);
}

ssize_t pread(int fd, void *to, size_t n, off_t offset) { return pread64(fd, to, n, offset); }

/* written does a write at an offset, or where the file stands if that is negative. */
static ssize_t written(int fd, const void *from, size_t n, off64_t offset)
{
	int file = descriptor(fd);
	struct rule *r = fault(WRITE, file);
	ssize_t done;

	if (r && !r->brief)
		return refused(r);
	if (r)
		n = n > 1 ? n / 2 : n;
	pthread_mutex_lock(&lock);
	if (offset < 0) {
		offset = lseek64(fd, 0, SEEK_CUR);
		done = real_write(fd, from, n);
	} else {
		done = real_pwrite(fd, from, n, offset);
	}
	if (done > 0 && file != SHARED_MEMORY) {
		struct header h = {.kind = WRITTEN, .inode = descriptors[fd].inode, .offset = offset,
			.data = done};
		note(h, 0, 0, from);
	}
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t write(int fd, const void *from, size_t n)
{
	begin();
	return descriptor(fd) ? written(fd, from, n, -1) : real_write(fd, from, n);
}

ssize_t pwrite64(int fd, const void *from, size_t n, off64_t offset)
{
	begin();
	return descriptor(fd) ? written(fd, from, n, offset) : real_pwrite(fd, from, n, offset);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t offset)
{
	return pwrite64(fd, from, n, offset);
}

int ftruncate64(int fd, off64_t size)
{
	struct rule *r;
	int result, file;

	begin();
	if (!(file = descriptor(fd)))
		return real_ftruncate(fd, size);
	if ((r = fault(TRUNCATE, file)))
		return refused(r);
	pthread_mutex_lock(&lock);
	result = real_ftruncate(fd, size);
	if (result == 0 && file != SHARED_MEMORY) {
		struct header h = {.kind = TRUNCATED, .inode = descriptors[fd].inode, .offset = size};
		note(h, 0, 0, 0);
	}
	pthread_mutex_unlock(&lock);
	return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static void rest(uint64_t nanoseconds)
{
	struct timespec left = {nanoseconds / 1000000000, nanoseconds % 1000000000};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* withheld waits as long as a test wants every sync to. */
static void withheld(void)
{
	uint64_t delay = atomic_load(&control->sync_delay);

	if (delay)
		rest(delay);
	if (!atomic_load(&control->hold))
		return;
	atomic_fetch_add(&control->held, 1);
	while (atomic_load(&control->hold))
		rest(1000000);
	atomic_fetch_sub(&control->held, 1);
}

static int synced(int fd, int (*sync)(int))
{
	int file = descriptor(fd), result = 0;
	struct header h = {.kind = SYNC_BEGUN, .inode = descriptors[fd].inode,
		.offset = atomic_fetch_add(&syncs, 1) + 1};
	struct rule *r;

	if (file == DIRECTORY)
		h.inode = 0;
	pthread_mutex_lock(&lock);
	note(h, 0, 0, 0);
	pthread_mutex_unlock(&lock);
	r = fault(SYNC, file);
	withheld();
	if (r)
		result = refused(r);
	else
		result = sync(fd);
	h.kind = SYNCED;
	h.err = result ? errno : 0;
	pthread_mutex_lock(&lock);
	note(h, 0, 0, 0);
	pthread_mutex_unlock(&lock);
	return result;
}

int fsync(int fd)
{
	begin();
	return descriptor(fd) ? synced(fd, real_fsync) : real_fsync(fd);
}

int fdatasync(int fd)
{
	begin();
	return descriptor(fd) ? synced(fd, real_fdatasync) : real_fdatasync(fd);
}

int unlink(const char *path)
{
	struct rule *r;
	int result, file;

	begin();
	if (!(file = of(path)))
		return real_unlink(path);
	if ((r = fault(UNLINK, file)))
		return refused(r);
	pthread_mutex_lock(&lock);
	result = real_unlink(path);
	if (result == 0 && file != SHARED_MEMORY) {
		struct header h = {.kind = UNLINKED};
		note(h, path + directory_length + 1, 0, 0);
	}
	pthread_mutex_unlock(&lock);
	return result;
}

/* A rename from or to somewhere else would need two records, and nobody makes one. */
int rename(const char *path, const char *to)
{
	struct rule *r;
	int result, file;

	begin();
	if (!(file = of(path)) || !of(to))
		return real_rename(path, to);
	if ((r = fault(RENAME, file)))
		return refused(r);
	pthread_mutex_lock(&lock);
	result = real_rename(path, to);
	if (result == 0) {
		struct header h = {.kind = RENAMED};
		note(h, path + directory_length + 1, to + directory_length + 1, 0);
	}
	pthread_mutex_unlock(&lock);
	return result;
}
