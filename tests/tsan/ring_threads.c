/* SPDX-License-Identifier: MIT */
/*
 * Threads that share one camera, under ThreadSanitizer: one takes frames, others
 * let go of them in any order, one stops, starts, closes, unplugs, and one looks
 * at everything.  The simulated camera draws a number into each picture and
 * writes only into buffers that it has, so a frame whose number changes while it
 * is held was given back too early.
 *
 *     ring_threads SECONDS SEED
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sim/sim.h"

#define WIDTH 128
#define HEIGHT 96
#define RELEASERS 3
#define MOST_HELD 8

#define FAIL(...)                                                                             \
	do {                                                                                  \
		fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                               \
		fprintf(stderr, __VA_ARGS__);                                                 \
		fputc('\n', stderr);                                                          \
		abort();                                                                      \
	} while (0)

/* A ring, the device it came from, and its descriptor; all last until the last user. */
struct user_ring {
	struct vc_device *dev;
	struct vc_ring *ring;
	int epfd;
	int refs; /* under `lock` */
};

struct held {
	struct vc_lease *lease;
	uint32_t sequence;
};

static struct vc_sim *sim;
static atomic_int ends;
static atomic_ullong taken, released, rings, unplugged;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the two below */
static struct user_ring *present;
static struct held bag[MOST_HELD]; /* a lease of NULL: room for one */

static uint64_t random_number(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void nap(uint64_t *state, uint32_t most_us)
{
	struct timespec time = {.tv_nsec = (long)(random_number(state) % most_us) * 1000};

	nanosleep(&time, NULL);
}

/* ---- pictures ------------------------------------------------------------ */

static uint32_t number_in(const uint8_t *picture)
{
	struct vc_sim_counter at;
	uint32_t number = 0, bit, x, y;

	if (vc_sim_counter_layout(WIDTH, HEIGHT, &at) < 0)
		FAIL("the picture is too small");
	for (bit = 0; bit < 32; bit++) {
		x = bit % at.columns * at.cell + at.cell / 2;
		y = bit / at.columns * at.cell + at.cell / 2;
		number = number << 1 | (picture[y * WIDTH + x] > 127);
	}
	return number;
}

static void check(const struct vc_lease *lease, uint32_t sequence)
{
	uint32_t number;

	if (lease->sequence != sequence)
		FAIL("the lease of frame %u is of %u now", sequence, lease->sequence);
	if (lease->broken)
		return;
	number = number_in(lease->planes[0].start);
	if (number != sequence)
		FAIL("frame %u shows %u", sequence, number);
}

/* ---- the camera ------------------------------------------------------------ */

static void make_camera(void)
{
	struct vc_sim_config config = {.driver = "test", .card = "Threads", .bus_info = "sim"};
	struct vc_sim_format format = {.pixelformat = V4L2_PIX_FMT_GREY};
	struct vc_framesize size = {V4L2_FRMSIZE_TYPE_DISCRETE, WIDTH, WIDTH, 0, HEIGHT, HEIGHT, 0};
	struct vc_frameinterval interval = {
		V4L2_FRMIVAL_TYPE_DISCRETE, {1, 2000}, {1, 2000}, {0, 1}};

	if (vc_sim_new(&config, &sim) < 0 || vc_sim_add_format(sim, &format) < 0 ||
	    vc_sim_add_size(sim, &size) < 0 || vc_sim_add_interval(sim, &interval) < 0)
		FAIL("no camera");
}

/* May fail, since another thread may have pulled the plug. */
static struct user_ring *open_ring(uint64_t *state)
{
	struct vc_ring_config config = {.count = 1 + random_number(state) % 6};
	struct user_ring *user = calloc(1, sizeof(*user));
	uint32_t request;

	if (!user)
		FAIL("no memory");
	user->refs = 1;
	user->epfd = epoll_create1(EPOLL_CLOEXEC);
	config.epfd = user->epfd;
	config.minimum[0] = WIDTH * HEIGHT;
	if (vc_sim_open(sim, 0, "threads", &user->dev) < 0)
		goto err_close;
	if (vc_ring_new(user->dev, &config, &user->ring) < 0)
		goto err_device;
	vc_ring_start(user->ring, &request);
	atomic_fetch_add(&rings, 1);
	return user;

err_device:
	vc_device_free(user->dev);
err_close:
	close(user->epfd);
	free(user);
	return NULL;
}

static struct user_ring *get(void)
{
	struct user_ring *user;

	pthread_mutex_lock(&lock);
	user = present;
	if (user)
		user->refs++;
	pthread_mutex_unlock(&lock);
	return user;
}

static void put(struct user_ring *user)
{
	int left;

	if (!user)
		return;
	pthread_mutex_lock(&lock);
	left = --user->refs;
	pthread_mutex_unlock(&lock);
	if (left)
		return;
	vc_ring_free(user->ring);
	vc_device_free(user->dev);
	close(user->epfd);
	free(user);
}

/* ---- threads ----------------------------------------------------------------- */

static int keep(struct vc_lease *lease, uint32_t sequence)
{
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < MOST_HELD && bag[i].lease; i++)
		;
	if (i < MOST_HELD)
		bag[i] = (struct held){lease, sequence};
	pthread_mutex_unlock(&lock);
	return i < MOST_HELD;
}

static struct held unkeep(uint64_t *state)
{
	struct held *at, held;

	pthread_mutex_lock(&lock);
	at = &bag[random_number(state) % MOST_HELD];
	held = *at;
	at->lease = NULL;
	pthread_mutex_unlock(&lock);
	return held;
}

static int take(struct vc_ring *ring, uint64_t *state)
{
	struct vc_patience patience = {ring, (int)(random_number(state) % 4)};

	switch (random_number(state) % 4) {
	case 0:
		return vc_ring_acquire(ring, VC_NEXT);
	case 1:
		return vc_ring_acquire(ring, VC_ONLY_WHOLE | VC_NEWEST);
	default:
		return vc_ring_wait(&patience);
	}
}

static void *read_frames(void *seed)
{
	uint64_t state = *(uint64_t *)seed;
	struct user_ring *user;
	struct vc_lease *lease;
	int index;

	while (!atomic_load(&ends)) {
		user = get();
		index = user ? take(user->ring, &state) : -ENODEV;
		if (index <= -VC_LAST)
			index = -VC_LAST - index;
		if (index >= 0) {
			lease = vc_ring_lease(user->ring, (uint32_t)index);
			check(lease, lease->sequence);
			atomic_fetch_add(&taken, 1);
			if (!keep(lease, lease->sequence))
				vc_lease_release(lease);
		} else {
			if (user)
				(void)vc_ring_culprit(user->ring);
			nap(&state, 500);
		}
		put(user);
	}
	return NULL;
}

static void *release_frames(void *seed)
{
	uint64_t state = *(uint64_t *)seed;
	struct vc_lease *copy;
	struct held held;

	while (!atomic_load(&ends)) {
		held = unkeep(&state);
		if (!held.lease) {
			nap(&state, 300);
			continue;
		}
		check(held.lease, held.sequence);
		if (random_number(&state) % 4 == 0) {
			vc_lease_hold(held.lease);
			vc_lease_release(held.lease);
		}
		if (random_number(&state) % 4 == 0 && vc_lease_copy(held.lease, &copy) == 0) {
			vc_lease_release(held.lease);
			held.lease = copy;
		}
		nap(&state, 1000);
		check(held.lease, held.sequence);
		if (random_number(&state) % 8 == 0 && keep(held.lease, held.sequence))
			continue;
		vc_lease_release(held.lease);
		atomic_fetch_add(&released, 1);
	}
	return NULL;
}

static void replace(struct user_ring *with)
{
	struct user_ring *before;

	pthread_mutex_lock(&lock);
	before = present;
	present = with;
	pthread_mutex_unlock(&lock);
	put(before);
}

static void *disturb(void *seed)
{
	uint64_t state = *(uint64_t *)seed;
	struct user_ring *user;
	uint32_t request;

	while (!atomic_load(&ends)) {
		user = get();
		switch (random_number(&state) % (user ? 16 : 1)) {
		case 0:
		case 1:
		case 2:
		case 3: /* while frames of the old one are alive */
			replace(NULL);
			replace(open_ring(&state));
			break;
		case 4:
			vc_ring_close(user->ring);
			break;
		case 5:
			vc_device_close(user->dev);
			break;
		case 6:
			vc_sim_unplug(sim);
			atomic_fetch_add(&unplugged, 1);
			nap(&state, 2000);
			vc_sim_replug(sim);
			break;
		default: /* goes on, or is -EBADF */
			vc_ring_start(user->ring, &request);
		}
		put(user);
		nap(&state, 5000);
	}
	vc_sim_replug(sim);
	return NULL;
}

static void *look(void *seed)
{
	static const char *const FAULTS[] = {"drop", "error_flag", "short_frame", "qbuf_error",
					     "dqbuf_error"};
	uint64_t state = *(uint64_t *)seed;
	struct vc_sim_fault fault = {.count = 2};
	struct vc_ring_stats stats;
	struct user_ring *user;
	const uint8_t *pixels;
	uint32_t index;

	while (!atomic_load(&ends)) {
		user = get();
		if (user) {
			index = (uint32_t)random_number(&state) % vc_ring_count(user->ring);
			vc_ring_stats(user->ring, &stats);
			vc_device_leased(user->dev);
			vc_device_check(user->dev);
			if (vc_ring_leased(user->ring) > vc_ring_count(user->ring))
				FAIL("more frames than buffers");
			if (vc_ring_pin(user->ring, index, &pixels) > 0) {
				nap(&state, 500);
				(void)number_in(pixels);
				vc_ring_unpin(user->ring, index);
			}
		}
		put(user);
		vc_sim_clear_faults(sim);
		vc_sim_fault(sim, FAULTS[random_number(&state) % 5], &fault);
		nap(&state, 3000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	void *(*const WORK[])(void *) = {read_frames, disturb, look, release_frames};
	pthread_t threads[3 + RELEASERS];
	uint64_t seeds[3 + RELEASERS];
	uint64_t state;
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: %s SECONDS SEED\n", argv[0]);
		return 2;
	}
	state = strtoull(argv[2], NULL, 0) * 2 + 1;
	make_camera();
	for (i = 0; i < 3 + RELEASERS; i++) {
		seeds[i] = random_number(&state) | 1;
		if (pthread_create(&threads[i], NULL, WORK[i < 3 ? i : 3], &seeds[i]) != 0)
			FAIL("no thread");
	}
	sleep((unsigned int)atoi(argv[1]));
	atomic_store(&ends, 1);
	for (i = 0; i < 3 + RELEASERS; i++)
		pthread_join(threads[i], NULL);

	replace(NULL);
	for (i = 0; i < MOST_HELD; i++)
		vc_lease_release(bag[i].lease);
	if (vc_sim_mappings(sim) || vc_sim_handles(sim))
		FAIL("%u mappings and %u handles are left", vc_sim_mappings(sim),
		     vc_sim_handles(sim));
	vc_sim_free(sim);
	printf("{\"frames\": %llu, \"released\": %llu, \"rings\": %llu, \"unplugged\": %llu}\n",
	       atomic_load(&taken), atomic_load(&released), atomic_load(&rings),
	       atomic_load(&unplugged));
	return atomic_load(&taken) == 0;
}
