/* SPDX-License-Identifier: MIT */
/*
 * The ring of buffers, and who holds each of them.
 *
 * A buffer is FREE (ours, idle), QUEUED (the driver's) or LEASED (a caller's).
 * STREAMOFF makes every queued one free and leaves the leased ones alone, so a
 * frame survives a stop, a restart and the close of the device: its buffer is
 * simply not queued until it is given back.
 *
 * The ring lives as long as its handle or one lease does, and so does the
 * mapping.  The device is only needed until vc_ring_close().
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "device.h"

enum state { FREE, QUEUED, LEASED };

struct buffer {
	struct vc_lease lease; /* filled in by acquire */
	enum state state;
	uint32_t pins; /* who wants it mapped, leased or not */
	void *start[VC_MAX_PLANES];
	size_t length[VC_MAX_PLANES];
};

struct vc_ring {
	pthread_mutex_t lock; /* all below, but what never changes after new() */
	struct vc_device *dev;
	struct vc_ring_config config; /* never changes */
	uint32_t type; /* never changes */
	uint32_t num_planes; /* never changes */
	uint32_t count; /* never changes */
	uint32_t refs; /* the handle, and each leased buffer */
	uint32_t leased;
	int attached; /* the driver's buffers are ours until close() */
	int streaming;
	int error; /* of a QBUF in a release, for the next acquire */
	int has_sequence;
	uint32_t sequence; /* of the last frame */
	int64_t timestamp_ns; /* of the last frame */
	struct vc_ring_stats stats;
	struct buffer buffers[VC_MAX_BUFFERS];
};

/* A v4l2_buffer with room for its planes; the kernel wants both each time. */
struct request {
	struct v4l2_buffer buf;
	struct v4l2_plane planes[VC_MAX_PLANES];
};

static void init_request(const struct vc_ring *ring, struct request *req, uint32_t index)
{
	memset(&req->buf, 0, sizeof(req->buf));
	req->buf.type = ring->type;
	req->buf.memory = V4L2_MEMORY_MMAP;
	req->buf.index = index;
	if (V4L2_TYPE_IS_MULTIPLANAR(ring->type)) {
		memset(req->planes, 0, ring->num_planes * sizeof(req->planes[0]));
		req->buf.m.planes = req->planes;
		req->buf.length = ring->num_planes;
	}
}

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

	init_request(ring, &req, index);
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

/* All but the frames that are alive. */
static void unmap_unused(struct vc_ring *ring)
{
	uint32_t i;

	for (i = 0; i < ring->count; i++) {
		if (ring->buffers[i].state == FREE && ring->buffers[i].pins == 0)
			unmap_buffer(ring, &ring->buffers[i]);
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

/*
 * After a fork the child owns copies of the memory, but the camera and the
 * lock belong to the parent: the child only ever unmaps.
 */
static int is_foreign(const struct vc_ring *ring)
{
	return vc_device_in_child(ring->dev);
}

void vc_ring_unref(struct vc_ring *ring)
{
	uint32_t left;

	if (is_foreign(ring)) {
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

static int queue_buffer(struct vc_ring *ring, uint32_t index)
{
	struct request req;
	int rc;

	init_request(ring, &req, index);
	rc = vc_ioctl(ring->dev, VIDIOC_QBUF, &req.buf);
	if (rc == 0)
		ring->buffers[index].state = QUEUED;
	return rc;
}

/* STREAMOFF takes back what is queued, also where streaming never began. */
static int stream_off(struct vc_ring *ring)
{
	uint32_t i;
	int rc;

	if (ring->streaming && ring->config.epfd >= 0)
		vc_device_watch(ring->dev, ring->config.epfd, EPOLL_CTL_DEL, EPOLLIN);
	ring->streaming = 0;
	rc = vc_ioctl(ring->dev, VIDIOC_STREAMOFF, &(int){(int)ring->type});
	for (i = 0; i < ring->count; i++) {
		if (ring->buffers[i].state == QUEUED)
			ring->buffers[i].state = FREE;
	}
	return rc == -ENODEV || rc == -EBADF ? 0 : rc;
}

static int stream_on(struct vc_ring *ring, uint32_t *request)
{
	uint32_t i;
	int rc;

	*request = (uint32_t)VIDIOC_QBUF;
	for (i = 0; i < ring->count; i++) {
		if (ring->buffers[i].state != FREE)
			continue;
		rc = queue_buffer(ring, i);
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
	return vc_device_watch(ring->dev, ring->config.epfd, EPOLL_CTL_ADD, EPOLLIN);
}

int vc_ring_start(struct vc_ring *ring, uint32_t *request)
{
	int rc = 0;

	if (is_foreign(ring))
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

int vc_ring_stop(struct vc_ring *ring)
{
	int rc = 0;

	if (is_foreign(ring))
		return -ECHILD;
	pthread_mutex_lock(&ring->lock);
	if (ring->streaming)
		rc = stream_off(ring);
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

int vc_ring_close(struct vc_ring *ring)
{
	int rc = 0;

	if (is_foreign(ring))
		return 0;
	pthread_mutex_lock(&ring->lock);
	if (ring->attached) {
		ring->attached = 0;
		stream_off(ring);
		unmap_unused(ring);
		rc = request_buffers(ring, 0, NULL);
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

/* ---- frames ------------------------------------------------------------ */

/* Unsigned, because a driver's nonsense may be more than there is room for. */
static int64_t nanoseconds(const struct timeval *time)
{
	return (int64_t)((uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_usec * 1000u);
}

/*
 * Only a monotonic clock can be compared with anything; and many drivers give
 * times that are zero, run backwards or lie in the future.
 */
static void stamp(struct vc_ring *ring, const struct v4l2_buffer *buf, struct vc_lease *lease)
{
	int64_t now = vc_device_now(ring->dev);
	int64_t then = nanoseconds(&buf->timestamp);
	uint32_t clock = buf->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK;

	if (clock != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC || then <= ring->timestamp_ns || then > now) {
		lease->timestamp_ns = now;
		lease->stamp = VC_STAMP_ARRIVAL;
		return;
	}
	ring->timestamp_ns = then;
	lease->timestamp_ns = then;
	lease->stamp = (buf->flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK) == V4L2_BUF_FLAG_TSTAMP_SRC_SOE
			       ? VC_STAMP_START_OF_EXPOSURE
			       : VC_STAMP_END_OF_FRAME;
}

static void set_plane(struct buffer *buffer, uint32_t plane, uint32_t offset, uint32_t used)
{
	struct vc_plane *to = &buffer->lease.planes[plane];
	size_t length = buffer->length[plane];

	if (used > length)
		used = (uint32_t)length;
	if (offset > used)
		offset = used;
	to->start = (const uint8_t *)buffer->start[plane] + offset;
	to->length = used - offset;
}

/* Padding of zeros or ones after the end is common, and harmless. */
static int is_jpeg(const struct vc_plane *plane)
{
	const uint8_t *start = plane->start, *end = plane->start + plane->length;
	const uint8_t *soi = memchr(start, 0xff, plane->length < 64 ? plane->length : 64);

	while (soi && soi + 1 < end && soi[1] == 0xff)
		soi++;
	if (!soi || end - soi < 4 || soi[1] != 0xd8)
		return 0;
	while (end - soi > 4 && (end[-1] == 0x00 || end[-1] == 0xff))
		end--;
	return end[-2] == 0xff && end[-1] == 0xd9;
}

static enum vc_broken judge(const struct vc_ring *ring, const struct vc_lease *lease)
{
	uint32_t i;

	if (lease->flags & V4L2_BUF_FLAG_ERROR)
		return VC_BROKEN_ERROR;
	for (i = 0; i < lease->num_planes; i++) {
		if (lease->planes[i].length == 0 ||
		    lease->planes[i].length < ring->config.minimum[i])
			return VC_BROKEN_SHORT;
	}
	if (ring->config.jpeg && !is_jpeg(&lease->planes[0]))
		return VC_BROKEN_JPEG;
	return VC_WHOLE;
}

static void count_gap(struct vc_ring *ring, uint32_t sequence)
{
	/* Unsigned, so that the counter may wrap; a step back is no gap. */
	uint32_t step = sequence - ring->sequence;

	if (ring->has_sequence && step > 1 && step < 0x80000000u)
		ring->stats.dropped += step - 1;
	ring->has_sequence = 1;
	ring->sequence = sequence;
}

static void fill_lease(struct vc_ring *ring, const struct request *req, struct buffer *buffer)
{
	struct vc_lease *lease = &buffer->lease;
	uint32_t i;

	lease->ring = ring;
	lease->index = req->buf.index;
	lease->sequence = req->buf.sequence;
	lease->field = req->buf.field;
	lease->flags = req->buf.flags;
	lease->num_planes = ring->num_planes;
	if (V4L2_TYPE_IS_MULTIPLANAR(ring->type)) {
		for (i = 0; i < ring->num_planes; i++)
			set_plane(buffer, i, req->planes[i].data_offset, req->planes[i].bytesused);
	} else {
		set_plane(buffer, 0, 0, req->buf.bytesused);
	}
	stamp(ring, &req->buf, lease);
	lease->broken = judge(ring, lease);
	count_gap(ring, lease->sequence);
	if (lease->broken)
		ring->stats.broken++;
}

static int dequeue(struct vc_ring *ring)
{
	struct buffer *buffer;
	struct request req;
	int rc;

	init_request(ring, &req, 0);
	rc = vc_ioctl(ring->dev, VIDIOC_DQBUF, &req.buf);
	if (rc < 0)
		return rc;
	if (req.buf.index >= ring->count || ring->buffers[req.buf.index].state != QUEUED)
		return -EPROTO;
	buffer = &ring->buffers[req.buf.index];
	buffer->state = FREE;
	fill_lease(ring, &req, buffer);
	return (int)req.buf.index;
}

/*
 * At most `count` buffers are looked at, so that a driver that answers without
 * end cannot keep us here.
 */
static int take(struct vc_ring *ring, uint32_t how)
{
	int best = -EAGAIN, index;
	uint32_t tries;

	for (tries = 0; tries < ring->count; tries++) {
		index = dequeue(ring);
		if (index < 0)
			return best >= 0 ? best : index;
		if ((how & VC_ONLY_WHOLE) && ring->buffers[index].lease.broken) {
			ring->error = queue_buffer(ring, (uint32_t)index);
		} else {
			if (best >= 0) {
				ring->stats.stale++;
				ring->error = queue_buffer(ring, (uint32_t)best);
			}
			best = index;
			if (!(how & VC_NEWEST))
				break;
		}
		if (ring->error < 0)
			break;
	}
	return best;
}

int vc_ring_epfd(const struct vc_ring *ring)
{
	return ring->config.epfd;
}

static int acquire_locked(struct vc_ring *ring, uint32_t how)
{
	int index, rc;

	if (!ring->attached || !ring->streaming)
		return -EPIPE;
	if (ring->error < 0) {
		rc = ring->error;
		ring->error = 0;
		return rc;
	}
	if (ring->leased == ring->count)
		return -ENOBUFS;
	index = take(ring, how);
	if (index >= 0) {
		ring->buffers[index].state = LEASED;
		ring->buffers[index].lease.holds = 1;
		ring->leased++;
		ring->refs++;
		ring->stats.delivered++;
		vc_device_count_lease(ring->dev, 1);
		if (ring->leased == ring->count)
			index = -VC_LAST - index;
	}
	return index;
}

int vc_ring_acquire(struct vc_ring *ring, uint32_t how)
{
	int rc;

	if (is_foreign(ring))
		return -ECHILD;
	pthread_mutex_lock(&ring->lock);
	rc = acquire_locked(ring, how);
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

struct vc_lease *vc_ring_lease(struct vc_ring *ring, uint32_t index)
{
	return index < ring->count ? &ring->buffers[index].lease : NULL;
}

static void give_back(struct vc_ring *ring, struct buffer *buffer)
{
	int rc;

	buffer->state = FREE;
	ring->leased--;
	vc_device_count_lease(ring->dev, -1);
	if (ring->streaming) {
		rc = queue_buffer(ring, buffer->lease.index);
		if (rc < 0)
			ring->error = rc;
	} else if (!ring->attached) {
		unmap_unused(ring);
	}
}

/* In a child the camera is not ours: only the memory is. */
static int let_go(struct vc_ring *ring, struct vc_lease *lease)
{
	int last;

	if (is_foreign(ring))
		return --lease->holds == 0;
	pthread_mutex_lock(&ring->lock);
	last = --lease->holds == 0;
	if (last)
		give_back(ring, &ring->buffers[lease->index]);
	pthread_mutex_unlock(&ring->lock);
	return last;
}

void vc_lease_hold(struct vc_lease *lease)
{
	if (!lease->ring || is_foreign(lease->ring)) {
		__atomic_add_fetch(&lease->holds, 1, __ATOMIC_RELAXED);
		return;
	}
	pthread_mutex_lock(&lease->ring->lock);
	lease->holds++;
	pthread_mutex_unlock(&lease->ring->lock);
}

void vc_lease_release(struct vc_lease *lease)
{
	struct vc_ring *ring;

	if (!lease)
		return;
	ring = lease->ring;
	if (ring) {
		if (let_go(ring, lease))
			vc_ring_unref(ring);
	} else if (__atomic_sub_fetch(&lease->holds, 1, __ATOMIC_ACQ_REL) == 0) {
		free(lease);
	}
}

void vc_lease_release_pixels(struct vc_lease *lease, const uint8_t *start)
{
	(void)start;
	vc_lease_release(lease);
}

int64_t vc_ring_pin(struct vc_ring *ring, uint32_t index, const uint8_t **out)
{
	struct buffer *buffer;
	int64_t rc = -EINVAL;

	if (index >= ring->count || is_foreign(ring))
		return rc;
	buffer = &ring->buffers[index];
	pthread_mutex_lock(&ring->lock);
	if (ring->num_planes == 1 && buffer->length[0]) {
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
	if (is_foreign(ring)) {
		ring->buffers[index].pins--;
	} else {
		pthread_mutex_lock(&ring->lock);
		ring->buffers[index].pins--;
		if (!ring->attached)
			unmap_unused(ring);
		pthread_mutex_unlock(&ring->lock);
	}
	vc_ring_unref(ring);
}

/* One block: the lease, then the planes one after the other. */
int vc_lease_copy(const struct vc_lease *lease, struct vc_lease **out)
{
	struct vc_lease *copy;
	size_t total = sizeof(*copy);
	uint8_t *at;
	uint32_t i;

	for (i = 0; i < lease->num_planes; i++)
		total += lease->planes[i].length;
	copy = malloc(total);
	if (!copy)
		return -ENOMEM;

	*copy = *lease;
	copy->ring = NULL;
	copy->holds = 1;
	at = (uint8_t *)(copy + 1);
	for (i = 0; i < lease->num_planes; i++) {
		memcpy(at, lease->planes[i].start, lease->planes[i].length);
		copy->planes[i].start = at;
		at += lease->planes[i].length;
	}
	*out = copy;
	return 0;
}

uint32_t vc_ring_count(const struct vc_ring *ring)
{
	return ring->count;
}

uint32_t vc_ring_leased(struct vc_ring *ring)
{
	uint32_t leased;

	pthread_mutex_lock(&ring->lock);
	leased = ring->leased;
	pthread_mutex_unlock(&ring->lock);
	return leased;
}

void vc_ring_stats(struct vc_ring *ring, struct vc_ring_stats *out)
{
	pthread_mutex_lock(&ring->lock);
	*out = ring->stats;
	pthread_mutex_unlock(&ring->lock);
}
