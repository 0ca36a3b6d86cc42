/*
 * A PKCS#11 module that stands in front of another one and misbehaves as it is told to.
 *
 * What it does is said in a file that lies beside it, which the test maps into its own memory too:
 * struct steering. So it needs no environment, and several copies in one process know nothing of each
 * other. A call that is delayed or hangs holds no lock: calls in other sessions run meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11go.h"

enum {
#define FUNCTION(name, ...) F_##name,
#include "functions.h"
#undef FUNCTION
	F_COUNT
};

/* The numbers of the file. They are the test's too, in region.go. */
enum { MOST_RULES = 32, MOST_FUNCTIONS = 128, PATH_BYTES = 1024 };

/* What a rule does with a call that it matches. */
enum {
	DELAY = 1, HANG = 2, BEFORE = 4, AFTER = 8, FLIP = 16, ZERO = 32, REPEAT = 64, LOSE = 128,
	FORGET = 256, LENGTHS = 512, ONE_SESSION = 1024
};

struct rule {
	uint64_t functions[2];  /* bits by number */
	uint64_t actions;
	uint64_t session;       /* by the order of opening; 0 is any */
	uint64_t until_session; /* this one and all before it; 0 is any */
	uint64_t skip, every, times;
	uint64_t delay;         /* ns */
	uint64_t code;
	_Atomic uint64_t matched, applied;
	_Atomic uint64_t bound; /* the session that ONE_SESSION stuck to */
	uint64_t spare[3];
};

struct steering {
	_Atomic uint64_t sequence; /* odd while the rules are being written */
	_Atomic uint64_t count;    /* rules */
	_Atomic uint64_t released; /* calls that began to hang under another number go on */
	_Atomic uint64_t lanes;    /* calls in sessions that run at once; 0 is any number */
	_Atomic uint64_t sessions; /* opened so far */
	_Atomic uint64_t hanging;  /* calls at this moment */
	_Atomic uint64_t inside;   /* calls in sessions at this moment, waiting for a lane included */
	_Atomic uint64_t open;     /* sessions at this moment */
	_Atomic uint64_t calls[MOST_FUNCTIONS];
	char module[PATH_BYTES];   /* the true one */
	struct rule rules[MOST_RULES];
};

static struct steering *steering;
static CK_FUNCTION_LIST_PTR true_module;

/* What is known of sessions and objects. The lock is never held during a call. */
enum { MOST_SESSIONS = 4096, MOST_LOST = 65536 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct { CK_SESSION_HANDLE handle; uint64_t ordinal; } sessions[MOST_SESSIONS];
static struct { CK_OBJECT_HANDLE handle; CK_RV code; } lost[MOST_LOST];
static int lost_count;
static atomic_bool logged_out;
static CK_BYTE repeated[4096];
static CK_ULONG repeated_length;

/* One call on its way through. */
struct call {
	int function;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE object;
	struct { CK_BYTE_PTR data; CK_ULONG_PTR length; } answer;
	uint64_t ordinal;
	uint64_t actions; /* of all rules that apply */
	CK_RV code_after;
	bool in_lane;
};

static void pause_for(uint64_t ns)
{
	struct timespec left = { ns / 1000000000, ns % 1000000000 };
	while (nanosleep(&left, &left) != 0)
		;
}

/* Sessions. */

static uint64_t ordinal_of(CK_SESSION_HANDLE s)
{
	uint64_t found = 0;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < MOST_SESSIONS && sessions[(s + i) % MOST_SESSIONS].ordinal != 0; i++) {
		if (sessions[(s + i) % MOST_SESSIONS].handle == s)
			found = sessions[(s + i) % MOST_SESSIONS].ordinal;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* The table forgets nothing but what was opened 4096 sessions ago: numbers of sessions don't return. */
static void opened(CK_SESSION_HANDLE s)
{
	uint64_t ordinal = atomic_fetch_add(&steering->sessions, 1) + 1;
	atomic_fetch_add(&steering->open, 1);
	pthread_mutex_lock(&lock);
	int at = s % MOST_SESSIONS;
	for (int i = 0; i < MOST_SESSIONS && sessions[at].ordinal != 0 && sessions[at].handle != s; i++) {
		if (sessions[at].ordinal + MOST_SESSIONS / 2 < ordinal)
			break;
		at = (at + 1) % MOST_SESSIONS;
	}
	sessions[at].handle = s;
	sessions[at].ordinal = ordinal;
	pthread_mutex_unlock(&lock);
}

/* Objects that were lost. */

static CK_RV loss_of(CK_OBJECT_HANDLE o)
{
	CK_RV code = CKR_OK;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < lost_count && code == CKR_OK; i++) {
		if (lost[i].handle == o)
			code = lost[i].code;
	}
	pthread_mutex_unlock(&lock);
	return code;
}

static void lose(CK_OBJECT_HANDLE o, CK_RV code)
{
	pthread_mutex_lock(&lock);
	if (lost_count < MOST_LOST) {
		lost[lost_count].handle = o;
		lost[lost_count++].code = code;
	}
	pthread_mutex_unlock(&lock);
}

/* What is found again under its old number is a new object. */
static void found(CK_OBJECT_HANDLE o)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < lost_count; i++) {
		if (lost[i].handle == o)
			lost[i--] = lost[--lost_count];
	}
	pthread_mutex_unlock(&lock);
}

/* Lanes: a device that does no more than so many calls at once. */

static pthread_mutex_t lane_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t lane_free = PTHREAD_COND_INITIALIZER;
static uint64_t lanes_taken;

static void enter_lane(void)
{
	pthread_mutex_lock(&lane_lock);
	for (;;) {
		uint64_t lanes = atomic_load(&steering->lanes);
		if (lanes == 0 || lanes_taken < lanes)
			break;
		/* a bounded wait, as the number may be raised from another process */
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 10000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&lane_free, &lane_lock, &until);
	}
	lanes_taken++;
	pthread_mutex_unlock(&lane_lock);
}

static void leave_lane(void)
{
	pthread_mutex_lock(&lane_lock);
	lanes_taken--;
	pthread_cond_signal(&lane_free);
	pthread_mutex_unlock(&lane_lock);
}

/* Rules. */

/* concerns reports whether a rule speaks of a call, its counts left out. */
static bool concerns(const struct rule *r, const struct call *c)
{
	if ((r->functions[c->function / 64] >> (c->function % 64) & 1) == 0)
		return false;
	if (c->answer.length != NULL && c->answer.data == NULL && (r->actions & LENGTHS) == 0)
		return false;
	if (r->session != 0 && r->session != c->ordinal)
		return false;
	return r->until_session == 0 || (c->ordinal != 0 && c->ordinal <= r->until_session);
}

/* counted counts a call that a rule speaks of, and reports whether this one is meant. */
static bool counted(struct rule *r, const struct call *c)
{
	if (r->actions & ONE_SESSION) {
		uint64_t nobody = 0;
		if (c->ordinal == 0)
			return false;
		atomic_compare_exchange_strong(&r->bound, &nobody, c->ordinal);
		if (atomic_load(&r->bound) != c->ordinal)
			return false;
	}
	uint64_t n = atomic_fetch_add(&r->matched, 1) + 1;
	if (n <= r->skip || (r->every > 1 && (n - r->skip) % r->every != 0))
		return false;
	uint64_t applied = atomic_fetch_add(&r->applied, 1) + 1;
	return r->times == 0 || applied <= r->times;
}

/* applying finds the rules that apply and copies them. A reader that was overtaken by the writer
 * begins again; counts follow once it is certain which rules hold. */
static int applying(const struct call *c, struct rule *copies)
{
	int numbers[MOST_RULES], n;
	uint64_t before;
	do {
		while ((before = atomic_load(&steering->sequence)) & 1)
			sched_yield();
		n = 0;
		uint64_t count = atomic_load(&steering->count);
		for (uint64_t i = 0; i < count && i < MOST_RULES; i++) {
			if (concerns(&steering->rules[i], c)) {
				memcpy(&copies[n], &steering->rules[i], sizeof *copies);
				numbers[n++] = i;
			}
		}
		atomic_thread_fence(memory_order_acquire);
	} while (atomic_load(&steering->sequence) != before);
	int kept = 0;
	for (int i = 0; i < n; i++) {
		if (counted(&steering->rules[numbers[i]], c))
			copies[kept++] = copies[i];
	}
	return kept;
}

static void hang(void)
{
	uint64_t since = atomic_load(&steering->released);
	atomic_fetch_add(&steering->hanging, 1);
	while (atomic_load(&steering->released) == since)
		pause_for(1000000);
	atomic_fetch_sub(&steering->hanging, 1);
}

/* A token that forgot its login answers nothing else in a session until somebody logs in. */
static bool needs_login(int function)
{
	switch (function) {
	case F_C_Login: case F_C_Logout: case F_C_CloseSession: case F_C_GetSessionInfo:
		return false;
	}
	return true;
}

/* before does what is to be done before the true call. Anything but CKR_OK is the answer, and the
 * true call is left out. */
static CK_RV before(struct call *c)
{
	static _Thread_local bool exact;
	if (!exact) {
		prctl(PR_SET_TIMERSLACK, 1); /* a delay of 1 ms is no 1.05 ms */
		exact = true;
	}
	atomic_fetch_add(&steering->calls[c->function], 1);
	if (c->session != 0) {
		c->ordinal = ordinal_of(c->session);
		atomic_fetch_add(&steering->inside, 1);
		enter_lane();
		c->in_lane = true;
	}
	CK_RV answer = CKR_OK;
	struct rule rules[MOST_RULES];
	int n = applying(c, rules);
	for (int i = 0; i < n; i++) {
		struct rule *r = &rules[i];
		c->actions |= r->actions;
		if (r->actions & DELAY)
			pause_for(r->delay);
		if (r->actions & HANG)
			hang();
		if (r->actions & FORGET)
			atomic_store(&logged_out, true);
		if (r->actions & LOSE && c->object != 0)
			lose(c->object, r->code);
		if (r->actions & BEFORE && answer == CKR_OK)
			answer = r->code;
		if (r->actions & AFTER && c->code_after == CKR_OK)
			c->code_after = r->code;
	}
	if (answer == CKR_OK && c->session != 0 && atomic_load(&logged_out) && needs_login(c->function))
		answer = CKR_USER_NOT_LOGGED_IN;
	if (answer == CKR_OK && c->object != 0)
		answer = loss_of(c->object);
	/* The true token still holds the login that it is said to have lost. */
	if (answer == CKR_OK && c->function == F_C_Login && atomic_load(&logged_out))
		true_module->C_Logout(c->session);
	return answer;
}

static void repeat(CK_BYTE_PTR data, CK_ULONG length)
{
	pthread_mutex_lock(&lock);
	if (repeated_length >= length) {
		memcpy(data, repeated, length);
	} else if (length <= sizeof repeated) {
		memcpy(repeated, data, length);
		repeated_length = length;
	}
	pthread_mutex_unlock(&lock);
}

/* after falsifies what the true call answered. */
static CK_RV after(struct call *c, CK_RV rv)
{
	CK_BYTE_PTR data = c->answer.data;
	CK_ULONG length = c->answer.length == NULL ? 0 : *c->answer.length;
	if (rv == CKR_OK && data != NULL && length > 0 && length != CK_UNAVAILABLE_INFORMATION) {
		if (c->actions & ZERO)
			memset(data, 0, length);
		if (c->actions & FLIP)
			data[length / 2] ^= 1;
		if (c->actions & REPEAT)
			repeat(data, length);
	}
	if (rv == CKR_OK) {
		switch (c->function) {
		case F_C_Login:
			atomic_store(&logged_out, false);
			break;
		case F_C_CloseSession:
			atomic_fetch_sub(&steering->open, 1);
			break;
		case F_C_Finalize:
			atomic_store(&logged_out, false);
			atomic_store(&steering->open, 0);
			pthread_mutex_lock(&lock);
			lost_count = 0;
			memset(sessions, 0, sizeof sessions);
			pthread_mutex_unlock(&lock);
			break;
		}
	}
	return c->code_after != CKR_OK ? c->code_after : rv;
}

static CK_RV leave(struct call *c, CK_RV rv)
{
	if (c->in_lane) {
		leave_lane();
		atomic_fetch_sub(&steering->inside, 1);
	}
	return rv;
}

/* The functions that a caller sees. */

#define FUNCTION(name, parameters, arguments, of_session, of_object, ...) \
	static CK_RV plain_##name parameters \
	{ \
		struct call c_ = { .function = F_##name, .session = of_session, .object = of_object, \
			.answer = { __VA_ARGS__ } }; \
		CK_RV rv_ = before(&c_); \
		if (rv_ == CKR_OK) \
			rv_ = after(&c_, true_module->name arguments); \
		return leave(&c_, rv_); \
	}
#include "functions.h"
#undef FUNCTION

/* Those that tell the shim something of sessions and objects, or a caller of the login. */

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
	CK_SESSION_HANDLE_PTR handle)
{
	CK_SESSION_HANDLE s = 0;
	CK_RV rv = plain_C_OpenSession(slot, flags, application, notify, &s);
	if (s != 0)
		opened(s); /* even one that nobody is told of */
	if (rv == CKR_OK)
		*handle = s;
	return rv;
}

static CK_RV find_objects(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE_PTR objects, CK_ULONG most,
	CK_ULONG_PTR count)
{
	CK_RV rv = plain_C_FindObjects(s, objects, most, count);
	for (CK_ULONG i = 0; rv == CKR_OK && i < *count; i++)
		found(objects[i]);
	return rv;
}

static CK_RV get_session_info(CK_SESSION_HANDLE s, CK_SESSION_INFO_PTR info)
{
	CK_RV rv = plain_C_GetSessionInfo(s, info);
	if (rv == CKR_OK && atomic_load(&logged_out))
		info->state = info->flags & CKF_RW_SESSION ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
	return rv;
}

static CK_FUNCTION_LIST functions = {
	.version = { 2, 40 },
#define FUNCTION(name, ...) .name = plain_##name,
#include "functions.h"
#undef FUNCTION
};

/* The file lies beside the library, which knows its own path. */
static CK_RV start(void)
{
	Dl_info self;
	char path[4096];
	if (dladdr(&functions, &self) == 0)
		return CKR_GENERAL_ERROR;
	snprintf(path, sizeof path, "%s.rules", self.dli_fname);
	int file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0)
		return CKR_GENERAL_ERROR;
	steering = mmap(NULL, sizeof *steering, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (steering == MAP_FAILED)
		return CKR_GENERAL_ERROR;
	void *library = dlopen(steering->module, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return CKR_GENERAL_ERROR;
	CK_C_GetFunctionList list = (CK_C_GetFunctionList)dlsym(library, "C_GetFunctionList");
	return list == NULL ? CKR_GENERAL_ERROR : list(&true_module);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	CK_RV rv = CKR_OK;
	pthread_mutex_lock(&once);
	if (true_module == NULL)
		rv = start();
	functions.C_GetFunctionList = C_GetFunctionList;
	functions.C_OpenSession = open_session;
	functions.C_FindObjects = find_objects;
	functions.C_GetSessionInfo = get_session_info;
	pthread_mutex_unlock(&once);
	*list = &functions;
	return rv;
}
