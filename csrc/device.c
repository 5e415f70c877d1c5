/* SPDX-License-Identifier: MIT */
/*
 * A node, open: its capabilities, who is using it, and the one way to its
 * ioctls.
 *
 * Closing while other threads are inside a call must neither pull the
 * descriptor from under them nor wait for them.  So `users` counts the calls
 * that are under way, plus one for "open", and whoever leaves last after
 * vc_device_close() closes the node.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

#define CLOSED 0x80000000u
#define MOST_TRIES 100 /* of a call that is interrupted, lest a driver keep us for ever */

struct vc_device {
	const struct vc_ops *ops;
	void *node;
	struct vc_capability capability;
	unsigned int generation;
	uint32_t kind; /* enum vc_kind */
	atomic_uint users; /* calls under way + 1 while open, and CLOSED */
	atomic_uint refs; /* the handle and each ring */
	atomic_int leased;
	_Atomic int64_t written; /* when a control was, last */
};

/* How many forks lie between this process and the first; see vc.h. */
static unsigned int generation;

static void count_fork(void)
{
	generation++;
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

static void leave(struct vc_device *dev)
{
	if (atomic_fetch_sub(&dev->users, 1) == (CLOSED | 1)) {
		dev->ops->close(dev->node);
		dev->node = NULL;
	}
}

static int enter(struct vc_device *dev)
{
	unsigned int users;

	if (dev->generation != generation)
		return -ECHILD;
	users = atomic_load(&dev->users);
	do {
		/* Who came in after the close would leave as the last, and close again. */
		if (users & CLOSED)
			return -EBADF;
	} while (!atomic_compare_exchange_weak(&dev->users, &users, users + 1));
	return 0;
}

int vc_device_check(struct vc_device *dev)
{
	int rc;

	rc = enter(dev);
	if (rc < 0)
		return rc;
	leave(dev);
	return 0;
}

int vc_device_in_child(const struct vc_device *dev)
{
	return dev->generation != generation;
}

static int ioctl_retrying(struct vc_device *dev, unsigned long request, void *arg)
{
	int rc, tries = 0;

	do {
		rc = dev->ops->ioctl(dev->node, request, arg);
	} while (rc == -EINTR && ++tries < MOST_TRIES);
	return rc > 0 ? -EPROTO : rc; /* no V4L2 ioctl answers with a positive number */
}

int vc_ioctl(struct vc_device *dev, unsigned long request, void *arg)
{
	int rc;

	rc = enter(dev);
	if (rc < 0)
		return rc;
	rc = ioctl_retrying(dev, request, arg);
	leave(dev);
	return rc;
}

int vc_device_map(struct vc_device *dev, size_t length, uint32_t offset, void **start)
{
	int rc;

	rc = enter(dev);
	if (rc < 0)
		return rc;
	rc = dev->ops->map(dev->node, length, offset, start);
	leave(dev);
	return rc;
}

void vc_device_unmap(struct vc_device *dev, void *start, size_t length)
{
	dev->ops->unmap(start, length);
}

int64_t vc_device_now(struct vc_device *dev)
{
	int64_t now;

	if (enter(dev) < 0)
		return 0;
	now = dev->ops->now(dev->node);
	leave(dev);
	return now;
}

void vc_device_wrote(struct vc_device *dev)
{
	atomic_store(&dev->written, vc_device_now(dev));
}

int64_t vc_device_written(const struct vc_device *dev)
{
	return atomic_load(&dev->written);
}

int vc_device_watch(struct vc_device *dev, int epfd, int op, uint32_t events)
{
	int rc;

	rc = enter(dev);
	if (rc < 0)
		return rc;
	rc = dev->ops->watch(dev->node, epfd, op, events);
	leave(dev);
	return rc;
}

static uint32_t choose_buf_type(uint32_t caps)
{
	if (caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE))
		return 0;
	if (caps & V4L2_CAP_VIDEO_CAPTURE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	if (caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	return 0;
}

static int read_media_info(struct vc_device *dev)
{
	struct vc_capability *to = &dev->capability;
	struct media_device_info from;
	int rc;

	memset(&from, 0, sizeof(from));
	rc = vc_ioctl(dev, MEDIA_IOC_DEVICE_INFO, &from);
	if (rc < 0)
		return rc;

	memcpy(to->driver, from.driver, sizeof(from.driver));
	memcpy(to->card, from.model, sizeof(from.model));
	memcpy(to->bus_info, from.bus_info, sizeof(from.bus_info));
	to->version = from.driver_version;
	return 0;
}

static int read_video_capability(struct vc_device *dev)
{
	struct vc_capability *to = &dev->capability;
	struct v4l2_capability from;
	int rc;

	memset(&from, 0, sizeof(from));
	rc = vc_ioctl(dev, VIDIOC_QUERYCAP, &from);
	if (rc < 0)
		return rc;

	memcpy(to->driver, from.driver, sizeof(from.driver));
	memcpy(to->card, from.card, sizeof(from.card));
	memcpy(to->bus_info, from.bus_info, sizeof(from.bus_info));
	to->version = from.version;
	to->caps = from.capabilities & V4L2_CAP_DEVICE_CAPS ? from.device_caps : from.capabilities;
	to->buf_type = choose_buf_type(to->caps);
	return 0;
}

static int read_capability(struct vc_device *dev)
{
	switch (dev->kind) {
	case VC_VIDEO:
		return read_video_capability(dev);
	case VC_SUBDEVICE:
		return 0; /* has nothing to tell that would be of use */
	case VC_MEDIA:
		return read_media_info(dev);
	default:
		return -ENOTTY;
	}
}

int vc_device_open_ops(const struct vc_ops *ops, void *camera, const char *path, uint32_t kind,
		       struct vc_device **out)
{
	struct vc_device *dev;
	int rc;

	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->ops = ops;
	dev->kind = kind;
	dev->generation = generation;
	atomic_init(&dev->users, 1);
	atomic_init(&dev->refs, 1);

	rc = ops->open(path, kind, camera, &dev->node);
	if (rc < 0) {
		free(dev);
		return rc;
	}
	rc = read_capability(dev);
	if (rc < 0) {
		vc_device_free(dev);
		return rc;
	}
	*out = dev;
	return 0;
}

int vc_device_open(const char *path, uint32_t kind, struct vc_device **out)
{
	return vc_device_open_ops(&vc_ops_kernel, NULL, path, kind, out);
}

/*
 * In a forked child no call is under way (only the thread that forked lives
 * on), so the count that the parent's other threads left behind means nothing.
 */
void vc_device_close(struct vc_device *dev)
{
	unsigned int before = atomic_fetch_or(&dev->users, CLOSED);

	if (before & CLOSED)
		return;
	if (vc_device_in_child(dev))
		dev->ops->close(dev->node);
	else
		leave(dev);
}

struct vc_device *vc_device_ref(struct vc_device *dev)
{
	atomic_fetch_add(&dev->refs, 1);
	return dev;
}

void vc_device_unref(struct vc_device *dev)
{
	if (atomic_fetch_sub(&dev->refs, 1) == 1) {
		assert(atomic_load(&dev->users) & CLOSED);
		free(dev);
	}
}

void vc_device_free(struct vc_device *dev)
{
	if (!dev)
		return;
	vc_device_close(dev);
	vc_device_unref(dev);
}

const struct vc_capability *vc_device_capability(const struct vc_device *dev)
{
	return &dev->capability;
}

int vc_device_leased(const struct vc_device *dev)
{
	return atomic_load(&((struct vc_device *)dev)->leased);
}

void vc_device_count_lease(struct vc_device *dev, int change)
{
	atomic_fetch_add(&dev->leased, change);
}
