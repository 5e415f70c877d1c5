/* SPDX-License-Identifier: MIT */
/*
 * The ring of buffers, and who holds each of them.
 *
 * A buffer is FREE (ours, idle), QUEUED (the driver's) or LEASED (a caller's).
 * STREAMOFF makes every queued one free and leaves the leased ones alone, so a
 * frame survives the end of the stream and the close of the device: its buffer
 * is simply not queued when it is given back.
 *
 * The ring lives as long as its handle or one lease does, and so does the
 * mapping.  The device is only needed until vc_ring_close().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "ring.h"

/* ---- making and unmaking ---------------------------------------------- */

static int request_buffers(struct vc_ring *ring, uint32_t count, uint32_t *granted)
{
	struct v4l2_requestbuffers req = {
		.count = count, .type = ring->type, .memory = V4L2_MEMORY_MMAP};
	int rc;

	rc = vc_ioctl(ring->dev, VIDIOC_REQBUFS, &req);
	if (rc == 0 && granted)
		*granted = req.count;
	return rc;
}

static int map_plane(struct vc_ring *ring, struct buffer *buffer, uint32_t plane, size_t length,
		     uint32_t offset)
{
	int rc;

	if (length == 0)
		return -EPROTO;
	rc = vc_device_map(ring->dev, length, offset, &buffer->start[plane]);
	if (rc == 0)
		buffer->length[plane] = length;
	return rc;
}

static int map_buffer(struct vc_ring *ring, uint32_t index)
{
	struct buffer *buffer = &ring->buffers[index];
	struct request req;
	uint32_t i;
	int rc;

	vc_ring_init_request(ring, &req, index);
	rc = vc_ioctl(ring->dev, VIDIOC_QUERYBUF, &req.buf);
	if (rc < 0)
		return rc;
	if (!V4L2_TYPE_IS_MULTIPLANAR(ring->type))
		return map_plane(ring, buffer, 0, req.buf.length, req.buf.m.offset);

	if (req.buf.length != ring->num_planes)
		return -EPROTO;
	for (i = 0; i < ring->num_planes; i++) {
		rc = map_plane(ring, buffer, i, req.planes[i].length, req.planes[i].m.mem_offset);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void unmap_buffer(struct vc_ring *ring, struct buffer *buffer)
{
	uint32_t i;

	for (i = 0; i < ring->num_planes; i++) {
		if (buffer->length[i])
			vc_device_unmap(ring->dev, buffer->start[i], buffer->length[i]);
		buffer->length[i] = 0;
	}
}

/* All but leased and pinned ones.  Returns how many these are. */
static uint32_t unmap_unused(struct vc_ring *ring)
{
	uint32_t i, used = 0;

	for (i = 0; i < ring->count; i++) {
		if (ring->buffers[i].state == FREE && ring->buffers[i].pins == 0)
			unmap_buffer(ring, &ring->buffers[i]);
		else
			used++;
	}
	return used;
}

void vc_ring_tidy(struct vc_ring *ring)
{
	if (unmap_unused(ring) == 0 && ring->unfreed) {
		ring->unfreed = 0;
		request_buffers(ring, 0, NULL);
	}
}

static void destroy(struct vc_ring *ring)
{
	uint32_t i;

	for (i = 0; i < ring->count; i++)
		unmap_buffer(ring, &ring->buffers[i]);
	vc_device_unref(ring->dev);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

int vc_ring_new(struct vc_device *dev, const struct vc_ring_config *config, struct vc_ring **out)
{
	struct vc_format format;
	struct vc_ring *ring;
	uint32_t i;
	int rc;

	rc = vc_format_get(dev, &format);
	if (rc < 0)
		return rc;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	pthread_mutex_init(&ring->lock, NULL);
	ring->dev = vc_device_ref(dev);
	ring->config = *config;
	ring->type = vc_device_capability(dev)->buf_type;
	ring->num_planes = format.num_planes;
	ring->refs = 1;

	rc = request_buffers(ring, config->count, &ring->count);
	if (rc < 0)
		goto err_destroy;
	ring->attached = 1;
	if (ring->count < 1 || ring->count > VC_MAX_BUFFERS) {
		ring->count = 0;
		rc = -EPROTO;
		goto err_detach;
	}
	for (i = 0; i < ring->count; i++) {
		rc = map_buffer(ring, i);
		if (rc < 0)
			goto err_detach;
	}
	*out = ring;
	return 0;

err_detach:
	unmap_unused(ring); /* before REQBUFS(0), which some drivers refuse while mapped */
	request_buffers(ring, 0, NULL);
err_destroy:
	destroy(ring);
	return rc;
}

void vc_ring_unref(struct vc_ring *ring)
{
	uint32_t left;

	if (vc_ring_is_foreign(ring)) {
		left = --ring->refs;
	} else {
		pthread_mutex_lock(&ring->lock);
		left = --ring->refs;
		pthread_mutex_unlock(&ring->lock);
	}
	if (left == 0)
		destroy(ring);
}

struct vc_ring *vc_ring_ref(struct vc_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->refs++;
	pthread_mutex_unlock(&ring->lock);
	return ring;
}

/* ---- starting and stopping -------------------------------------------- */

int vc_ring_queue(struct vc_ring *ring, uint32_t index)
{
	struct request req;
	int rc;

	vc_ring_init_request(ring, &req, index);
	rc = vc_ioctl(ring->dev, VIDIOC_QBUF, &req.buf);
	if (rc == 0)
		ring->buffers[index].state = QUEUED;
	return rc;
}

/*
 * STREAMOFF takes back what is queued, also where streaming never began.  Should
 * it fail, nothing could be done about it: REQBUFS(0) follows.
 */
static void stream_off(struct vc_ring *ring)
{
	uint32_t i;

	if (ring->streaming && ring->config.epfd >= 0)
		vc_device_watch(ring->dev, ring->config.epfd, EPOLL_CTL_DEL, EPOLLIN);
	ring->streaming = 0;
	vc_ioctl(ring->dev, VIDIOC_STREAMOFF, &(int){(int)ring->type});
	for (i = 0; i < ring->count; i++) {
		if (ring->buffers[i].state == QUEUED)
			ring->buffers[i].state = FREE;
	}
}

static int stream_on(struct vc_ring *ring, uint32_t *request)
{
	uint32_t i;
	int rc;

	*request = (uint32_t)VIDIOC_QBUF;
	for (i = 0; i < ring->count; i++) {
		if (ring->buffers[i].state != FREE)
			continue;
		rc = vc_ring_queue(ring, i);
		if (rc < 0)
			return rc;
	}

	*request = (uint32_t)VIDIOC_STREAMON;
	rc = vc_ioctl(ring->dev, VIDIOC_STREAMON, &(int){(int)ring->type});
	if (rc < 0)
		return rc;
	ring->streaming = 1;
	ring->has_sequence = 0;
	ring->error = 0;
	/* Only now: a watch before REQBUFS would start the kernel's read() emulation. */
	if (ring->config.epfd < 0)
		return 0;
	rc = vc_device_watch(ring->dev, ring->config.epfd, EPOLL_CTL_ADD, EPOLLIN);
	if (rc == 0)
		ring->deaf = vc_ring_is_ready(ring);
	return rc;
}

int vc_ring_start(struct vc_ring *ring, uint32_t *request)
{
	int rc = 0;

	if (vc_ring_is_foreign(ring))
		return -ECHILD;
	pthread_mutex_lock(&ring->lock);
	if (!ring->attached) {
		rc = -EBADF;
	} else if (!ring->streaming) {
		rc = stream_on(ring, request);
		if (rc < 0)
			stream_off(ring);
	}
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

int vc_ring_close(struct vc_ring *ring)
{
	int rc = 0;

	if (vc_ring_is_foreign(ring))
		return 0;
	pthread_mutex_lock(&ring->lock);
	if (ring->attached) {
		ring->attached = 0;
		stream_off(ring);
		unmap_unused(ring);
		rc = request_buffers(ring, 0, NULL);
		ring->unfreed = rc == -EBUSY;
	}
	pthread_mutex_unlock(&ring->lock);
	return rc == -EBUSY ? rc : 0; /* whatever else: the buffers are not ours any more */
}

void vc_ring_free(struct vc_ring *ring)
{
	if (!ring)
		return;
	vc_ring_close(ring);
	vc_ring_unref(ring);
}

/* ---- looking in ----------------------------------------------------------- */

int64_t vc_ring_pin(struct vc_ring *ring, uint32_t index, const uint8_t **out)
{
	struct buffer *buffer;
	int64_t rc = -EINVAL;

	if (index >= ring->count || vc_ring_is_foreign(ring))
		return rc;
	buffer = &ring->buffers[index];
	pthread_mutex_lock(&ring->lock);
	if (ring->attached && ring->num_planes == 1 && buffer->length[0] &&
	    buffer->lease.planes[0].start == buffer->start[0]) {
		buffer->pins++;
		ring->refs++;
		*out = buffer->start[0];
		rc = (int64_t)buffer->length[0];
	}
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

void vc_ring_unpin(struct vc_ring *ring, uint32_t index)
{
	if (vc_ring_is_foreign(ring)) {
		ring->buffers[index].pins--;
	} else {
		pthread_mutex_lock(&ring->lock);
		ring->buffers[index].pins--;
		if (!ring->attached)
			vc_ring_tidy(ring);
		pthread_mutex_unlock(&ring->lock);
	}
	vc_ring_unref(ring);
}

struct vc_lease *vc_ring_lease(struct vc_ring *ring, uint32_t index)
{
	return index < ring->count ? &ring->buffers[index].lease : NULL;
}

uint32_t vc_ring_count(const struct vc_ring *ring)
{
	return ring->count;
}

uint32_t vc_ring_leased(struct vc_ring *ring)
{
	uint32_t leased;

	if (vc_ring_is_foreign(ring))
		return ring->leased;
	pthread_mutex_lock(&ring->lock);
	leased = ring->leased;
	pthread_mutex_unlock(&ring->lock);
	return leased;
}

void vc_ring_stats(struct vc_ring *ring, struct vc_ring_stats *out)
{
	if (vc_ring_is_foreign(ring)) { /* in which another thread may hold the lock for ever */
		*out = ring->stats;
		return;
	}
	pthread_mutex_lock(&ring->lock);
	*out = ring->stats;
	pthread_mutex_unlock(&ring->lock);
}

int64_t vc_ring_age(struct vc_ring *ring)
{
	int64_t taken, now = vc_device_now(ring->dev);

	if (now == 0) /* closed, or another process's */
		return -1;
	pthread_mutex_lock(&ring->lock);
	taken = ring->taken_ns;
	pthread_mutex_unlock(&ring->lock);
	return taken == 0 ? -1 : now > taken ? now - taken : 0;
}
