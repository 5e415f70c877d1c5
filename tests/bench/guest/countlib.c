/* SPDX-License-Identifier: MIT */
/*
 * countlib: what one frame costs a process, whatever language it is written in.
 *
 * Preloaded into a program that captures, it counts the ioctls and waits of the
 * program and reads the CPU time of the process (all threads, kernel included)
 * twice: at the VIDIOC_DQBUF that ends the warm-up and at the last one.  In the
 * counting guest of tools/hil that time is a number of instructions.
 *
 *   COUNT_OUTPUT=FILE COUNT_WARMUP=30 COUNT_FRAMES=200 LD_PRELOAD=countlib.so PROGRAM...
 *
 * COUNT_WARMUP=0 COUNT_FRAMES=1 counts from the first ioctl at a video node to the first frame.
 *
 * One line of JSON is appended to FILE once the frames are there; a program that
 * ends earlier leaves a line with "frames": 0, so that no number is made of it.
 * Numbers per frame: instructions, milliseconds of guest time, dqbuf, qbuf, other
 * (ioctls), waits (poll, select, epoll); dqbuf_failed counts answers like EAGAIN,
 * also among dqbuf.
 *
 * It sees calls of the C library's functions.  Python, cffi, FFmpeg, OpenCV and
 * GStreamer make those; a program that uses libv4l2's wrappers makes raw system
 * calls and is not seen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

enum { DQBUF, DQBUF_FAILED, QBUF, OTHER, WAITS, KINDS };

static const char *const names[KINDS] = {"dqbuf", "dqbuf_failed", "qbuf", "other", "waits"};

static atomic_long counts[KINDS];
static atomic_long frames;
static long first, last, started, started_wall;
static atomic_flag begun = ATOMIC_FLAG_INIT;

static int (*real_ioctl)(int, unsigned long, ...);
static int (*real_poll)(struct pollfd *, nfds_t, int);
static int (*real_ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
static int (*real_select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
static int (*real_pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
			   const sigset_t *);
static int (*real_epoll_wait)(int, struct epoll_event *, int, int);
static int (*real_epoll_pwait)(int, struct epoll_event *, int, int, const sigset_t *);

static void find_all(void)
{
	*(void **)&real_poll = dlsym(RTLD_NEXT, "poll");
	*(void **)&real_ppoll = dlsym(RTLD_NEXT, "ppoll");
	*(void **)&real_select = dlsym(RTLD_NEXT, "select");
	*(void **)&real_pselect = dlsym(RTLD_NEXT, "pselect");
	*(void **)&real_epoll_wait = dlsym(RTLD_NEXT, "epoll_wait");
	*(void **)&real_epoll_pwait = dlsym(RTLD_NEXT, "epoll_pwait");
	*(void **)&real_ioctl = dlsym(RTLD_NEXT, "ioctl");
}

/* Also here, because other libraries' constructors may call before ours has run. */
#define REAL(name) (*(real_##name ? (void)0 : find_all(), real_##name))

static long read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long setting(const char *name, long fallback)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : fallback;
}

static void report(long taken, long total, long wall)
{
	const char *path = getenv("COUNT_OUTPUT");
	char line[512];
	int used, fd;

	used = snprintf(line, sizeof(line), "{\"frames\": %ld", taken);
	if (taken) {
		used += snprintf(line + used, sizeof(line) - used,
				 ", \"instructions\": %.1f, \"ms\": %.3f", (double)total / taken,
				 wall / 1e6 / taken);
		for (int i = 0; i < KINDS; i++)
			used += snprintf(line + used, sizeof(line) - used, ", \"%s\": %.3f",
					 names[i], (double)counts[i] / taken);
	}
	used += snprintf(line + used, sizeof(line) - used, "}\n");

	fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : STDERR_FILENO;
	if (fd < 0 || write(fd, line, used) != used)
		perror("countlib: COUNT_OUTPUT");
}

__attribute__((constructor)) static void prepare(void)
{
	find_all();
	first = setting("COUNT_WARMUP", 30);
	last = first + setting("COUNT_FRAMES", 200);
}

__attribute__((destructor)) static void finish(void)
{
	/* Shells and helpers that the program starts never had a frame and say nothing. */
	if (frames > 0 && frames < last)
		report(0, 0, 0);
}

static void start(void)
{
	for (int i = 0; i < KINDS; i++)
		counts[i] = 0;
	started_wall = read_clock(CLOCK_MONOTONIC);
	started = read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static void have_frame(void)
{
	long frame = atomic_fetch_add(&frames, 1) + 1;
	long now = frame == last ? read_clock(CLOCK_PROCESS_CPUTIME_ID) : 0;

	if (frame == first)
		start();
	else if (frame == last)
		report(last - first, now - started, read_clock(CLOCK_MONOTONIC) - started_wall);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	void *argument;
	int answer;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);

	if (first == 0 && _IOC_TYPE(request) == 'V' && !atomic_flag_test_and_set(&begun))
		start();
	answer = REAL(ioctl)(fd, request, argument);
	switch ((unsigned int)request) { /* some callers extend the sign */
	case VIDIOC_DQBUF:
		counts[DQBUF]++;
		if (answer < 0)
			counts[DQBUF_FAILED]++;
		else
			have_frame();
		break;
	case VIDIOC_QBUF:
		counts[QBUF]++;
		break;
	default:
		counts[OTHER]++;
	}
	return answer;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	counts[WAITS]++;
	return REAL(poll)(fds, n, timeout);
}

/* What poll() is when a program is built with _FORTIFY_SOURCE. */
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
	(void)size;
	return poll(fds, n, timeout);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	counts[WAITS]++;
	return REAL(ppoll)(fds, n, timeout, mask);
}

int select(int n, fd_set *in, fd_set *out, fd_set *err, struct timeval *timeout)
{
	counts[WAITS]++;
	return REAL(select)(n, in, out, err, timeout);
}

int pselect(int n, fd_set *in, fd_set *out, fd_set *err, const struct timespec *timeout,
	    const sigset_t *mask)
{
	counts[WAITS]++;
	return REAL(pselect)(n, in, out, err, timeout, mask);
}

int epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	counts[WAITS]++;
	return REAL(epoll_wait)(fd, events, n, timeout);
}

int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
	counts[WAITS]++;
	return REAL(epoll_pwait)(fd, events, n, timeout, mask);
}
