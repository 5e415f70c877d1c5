/* SPDX-License-Identifier: MIT */
/*
 * An open handle, and the table of functions that makes it look like the
 * kernel.  Two descriptors tell of frames: a timer for the one that is due, and
 * an eventfd, which is set at once, for those that wait; a third tells of
 * events.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "internal.h"

#define SECOND 1000000000

/* ---- descriptors ------------------------------------------------------------------ */

static void close_descriptors(struct sim_handle *handle)
{
	if (handle->timer_fd >= 0)
		close(handle->timer_fd);
	if (handle->ready_fd >= 0)
		close(handle->ready_fd);
	if (handle->event_fd >= 0)
		close(handle->event_fd);
}

static int open_descriptors(struct sim_handle *handle)
{
	handle->timer_fd = -1;
	handle->ready_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	handle->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (handle->ready_fd < 0 || handle->event_fd < 0)
		return -errno;
	if (handle->sim->quirks & VC_SIM_MANUAL_CLOCK)
		return 0;
	handle->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return handle->timer_fd < 0 ? -errno : 0;
}

/* An eventfd as a flag.  Neither call can fail on one that holds 0 or 1. */
static void raise_flag(int fd, uint32_t *is, uint32_t wanted)
{
	eventfd_t value;

	if (*is == wanted)
		return;
	*is = wanted;
	if (wanted)
		eventfd_write(fd, 1);
	else
		eventfd_read(fd, &value);
}

static void arm(struct sim_handle *handle, int64_t when)
{
	struct itimerspec at = {.it_value = {when / SECOND, when % SECOND}};

	if (handle->timer_fd < 0 || handle->armed == when)
		return;
	handle->armed = when;
	timerfd_settime(handle->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/*
 * Not streaming is "ready" as well: that is poll()'s error.  So is gone.  A
 * frame that nobody left a buffer for is not worth waking anybody.
 */
static void update_handle(struct vc_sim *sim, struct sim_handle *handle)
{
	const struct sim_queue *queue = &sim->queue;
	int is_video = handle->kind == VC_VIDEO;
	int ready = handle->dead || (is_video && (!queue->streaming || queue->done.count));

	raise_flag(handle->event_fd, &handle->is_event, handle->dead || handle->num_pending);
	if (!handle->watched)
		return;
	raise_flag(handle->ready_fd, &handle->is_ready, ready);
	arm(handle, is_video && !ready && queue->queued.count ? queue->next_due : 0);
}

void sim_update_readiness(struct vc_sim *sim)
{
	struct sim_handle *handle;

	for (handle = sim->handles; handle; handle = handle->next)
		update_handle(sim, handle);
}

/* ---- the table ----------------------------------------------------------------------- */

/* Which node is meant.  -ENXIO: the camera has none such. */
static int find_node(const struct vc_sim_place *place, uint32_t kind, struct sim_node **out)
{
	struct vc_sim *sim = place->sim;
	int is_media = place->node == VC_SIM_MEDIA;
	int64_t error;

	if (is_media ? sim->num_nodes < 2 : place->node >= sim->num_nodes)
		return -ENXIO;
	if (kind != (is_media ? VC_MEDIA : place->node ? VC_SUBDEVICE : VC_VIDEO))
		return -ENOTTY;
	if (kind == VC_SUBDEVICE &&
	    sim_fault_strikes(sim, SIM_OPEN_ERROR, place->node, EACCES, &error))
		return -(int)error;
	if (kind == VC_SUBDEVICE && sim_fault_is_on(sim, SIM_SUBDEVICE_GONE, place->node))
		return -ENODEV;
	*out = is_media ? NULL : &sim->nodes[place->node];
	return 0;
}

static int node_open(const char *path, uint32_t kind, void *camera, void **node)
{
	const struct vc_sim_place *place = camera;
	struct vc_sim *sim = place->sim;
	struct sim_handle *handle;
	int rc;

	(void)path;
	handle = calloc(1, sizeof(*handle));
	if (!handle)
		return -ENOMEM;
	handle->sim = sim;
	handle->kind = kind;
	rc = open_descriptors(handle);
	if (rc < 0)
		goto err_close;
	rc = sim_enter(sim);
	if (rc < 0)
		goto err_close;
	rc = sim->unplugged ? -ENODEV : sim_seal(sim);
	if (rc == 0)
		rc = find_node(place, kind, &handle->node);
	if (rc < 0)
		goto err_leave;
	handle->next = sim->handles;
	sim->handles = handle;
	sim_ref(sim);
	sim_leave(sim);
	*node = handle;
	return 0;

err_leave:
	sim_leave(sim);
err_close:
	close_descriptors(handle);
	free(handle);
	return rc;
}

static void forget(struct vc_sim *sim, struct sim_handle *handle)
{
	struct sim_handle **link;

	for (link = &sim->handles; *link && *link != handle; link = &(*link)->next)
		;
	if (*link)
		*link = handle->next;
	if (sim->queue.owner == handle)
		sim_queue_release(sim);
	sim_update_readiness(sim);
}

/* In a child the camera's memory is a copy that nobody looks at: it is left alone. */
static void node_close(void *node)
{
	struct sim_handle *handle = node;
	struct vc_sim *sim = handle->sim;

	if (sim_enter(sim) < 0) {
		close_descriptors(handle);
		return;
	}
	forget(sim, handle);
	sim_leave(sim);
	close_descriptors(handle);
	free(handle->subscriptions);
	free(handle);
	sim_unref(sim);
}

static int node_ioctl(void *node, unsigned long request, void *arg)
{
	struct sim_handle *handle = node;
	int rc;

	rc = sim_enter(handle->sim);
	if (rc < 0)
		return rc;
	rc = sim_dispatch(handle, request, arg);
	sim_update_readiness(handle->sim);
	sim_leave(handle->sim);
	return rc;
}

static int node_map(void *node, size_t length, uint32_t offset, void **start)
{
	struct sim_handle *handle = node;
	struct vc_sim *sim = handle->sim;
	int rc;

	rc = sim_enter(sim);
	if (rc < 0)
		return rc;
	rc = handle->dead ? -ENODEV : -EINVAL;
	if (!handle->dead && handle->kind == VC_VIDEO)
		rc = sim_queue_find(sim, offset, length);
	if (rc == 0)
		rc = sim_memory_map(sim->queue.memory, length, offset, start);
	sim_leave(sim);
	return rc;
}

/* EPOLLPRI cannot be had from an eventfd; the caller looks at which epoll woke. */
static int watch_one(int epfd, int op, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(epfd, op, fd, &event) < 0 ? -errno : 0;
}

static int node_watch(void *node, int epfd, int op, uint32_t events)
{
	struct sim_handle *handle = node;
	int rc;

	if (events & EPOLLPRI)
		return watch_one(epfd, op, handle->event_fd);
	rc = sim_enter(handle->sim);
	if (rc < 0)
		return rc;
	handle->watched = 1;
	update_handle(handle->sim, handle);
	sim_leave(handle->sim);
	rc = watch_one(epfd, op, handle->ready_fd);
	if (rc == 0 && handle->timer_fd >= 0) {
		rc = watch_one(epfd, op, handle->timer_fd);
		if (rc < 0 && op == EPOLL_CTL_ADD)
			watch_one(epfd, EPOLL_CTL_DEL, handle->ready_fd);
	}
	return rc;
}

static int64_t node_now(void *node)
{
	struct vc_sim *sim = ((struct sim_handle *)node)->sim;
	int64_t now;

	if (!(sim->quirks & VC_SIM_MANUAL_CLOCK))
		return sim_now(sim); /* touches nothing that would need the lock */
	if (sim_enter(sim) < 0)
		return 0;
	now = sim_now(sim);
	sim_leave(sim);
	return now;
}

const struct vc_ops vc_ops_sim = {
	.open = node_open,
	.close = node_close,
	.ioctl = node_ioctl,
	.map = node_map,
	.unmap = sim_memory_unmap,
	.watch = node_watch,
	.now = node_now,
};

int vc_sim_open(struct vc_sim *sim, uint32_t node, const char *path, struct vc_device **out)
{
	struct vc_sim_place place = {sim, node};
	uint32_t kind = node == VC_SIM_MEDIA ? VC_MEDIA : node ? VC_SUBDEVICE : VC_VIDEO;

	return vc_device_open_ops(&vc_ops_sim, &place, path, kind, out);
}
