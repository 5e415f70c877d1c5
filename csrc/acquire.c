/* SPDX-License-Identifier: MIT */
/*
 * Taking filled buffers out of the driver: what it says of each is checked,
 * judged and counted here.
 */
#include <errno.h>
#include <string.h>

#include "ring.h"

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

	if (clock != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC || then <= ring->timestamp_ns ||
	    then > now) {
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

static const uint8_t SOI[] = {0xff, 0xd8, 0xff}, EOI[] = {0xff, 0xd9};

#define SOS 0xda

/* The first byte behind the header of a scan; NULL: there is none, or strays are in between. */
static const uint8_t *find_scan(const uint8_t *at, const uint8_t *end)
{
	ptrdiff_t length;

	while (end - at >= 4 && at[0] == 0xff) {
		if (at[1] == 0xff) { /* a marker may have any number of them before it */
			at++;
			continue;
		}
		length = 2 + (at[2] << 8 | at[3]);
		if (length > end - at)
			return NULL;
		if (at[1] == SOS)
			return at + length;
		at += length;
	}
	return NULL;
}

/* What follows an end is junk.  The end of a thumbnail is in a header. */
static int has_end(const uint8_t *start, const uint8_t *end)
{
	const uint8_t *scan = find_scan(start, end), *at;

	for (at = end; scan && at - scan >= (ptrdiff_t)sizeof(EOI); at--) {
		if (memcmp(at - sizeof(EOI), EOI, sizeof(EOI)) == 0)
			return 1;
	}
	return 0;
}

/* Padding of zeros or ones is common, and passed over quickly. */
static int is_jpeg(const struct vc_plane *plane)
{
	const uint8_t *end = plane->start + plane->length;
	const uint8_t *soi = memmem(plane->start, plane->length, SOI, sizeof(SOI));

	if (!soi)
		return 0;
	while (end - soi > 4 && (end[-1] == 0x00 || end[-1] == 0xff))
		end--;
	return memcmp(end - sizeof(EOI), EOI, sizeof(EOI)) == 0 || has_end(soi + 2, end);
}

static enum vc_broken judge(const struct vc_ring *ring, const struct buffer *buffer)
{
	const struct vc_lease *lease = &buffer->lease;
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
	/* Who pinned it has seen the picture begin at the start of the buffer. */
	if (buffer->pins && lease->planes[0].start != buffer->start[0])
		return VC_BROKEN_ERROR;
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
	ring->taken_ns = lease->timestamp_ns;
	lease->broken = judge(ring, buffer);
	count_gap(ring, lease->sequence);
	if (lease->broken)
		ring->stats.broken++;
}

static int dequeue(struct vc_ring *ring)
{
	struct buffer *buffer;
	struct request req;
	int rc;

	vc_ring_init_request(ring, &req, 0);
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
			ring->error = vc_ring_queue(ring, (uint32_t)index);
		} else {
			if (best >= 0) {
				ring->stats.stale++;
				ring->error = vc_ring_queue(ring, (uint32_t)best);
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

/*
 * v4l2loopback takes note of who waits only while it has nothing to read.  A
 * watch that began when a frame was ready never wakes anybody, so it begins once
 * more now that none is; and if one came meanwhile, again next time.
 */
static int watch_again(struct vc_ring *ring, uint32_t how)
{
	int index;

	vc_device_watch(ring->dev, ring->config.epfd, EPOLL_CTL_DEL, EPOLLIN);
	vc_device_watch(ring->dev, ring->config.epfd, EPOLL_CTL_ADD, EPOLLIN);
	index = take(ring, how);
	if (index == -EAGAIN)
		ring->deaf = 0;
	return index;
}

/* Only for a message, so the order of threads does not matter. */
static void blame(struct vc_ring *ring, unsigned long request)
{
	atomic_store_explicit(&ring->culprit, (uint32_t)request, memory_order_relaxed);
}

/* What a QBUF failed with.  Its buffer is tried again, or it would be lost for good. */
static int tell_of_queue(struct vc_ring *ring)
{
	int rc = ring->error, again;
	uint32_t i;

	ring->error = 0;
	blame(ring, VIDIOC_QBUF);
	for (i = 0; i < ring->count; i++) {
		if (ring->buffers[i].state != FREE)
			continue;
		again = vc_ring_queue(ring, i);
		if (again < 0)
			ring->error = again;
	}
	return rc;
}

static int acquire_locked(struct vc_ring *ring, uint32_t how)
{
	int index;

	if (!ring->attached || !ring->streaming)
		return -EPIPE;
	if (ring->error < 0)
		return tell_of_queue(ring);
	if (ring->leased == ring->count)
		return -ENOBUFS;
	index = take(ring, how);
	if (index == -EAGAIN && ring->deaf)
		index = watch_again(ring, how);
	if (index >= 0) {
		ring->buffers[index].state = LEASED;
		ring->buffers[index].lease.holds = 1;
		ring->leased++;
		ring->refs++;
		ring->stats.delivered++;
		vc_device_count_lease(ring->dev, 1);
		if (ring->leased == ring->count)
			index = -VC_LAST - index;
	} else if (index == -EAGAIN && ring->error < 0) {
		index = tell_of_queue(ring);
	} else {
		blame(ring, VIDIOC_DQBUF);
	}
	return index;
}

uint32_t vc_ring_culprit(struct vc_ring *ring)
{
	return atomic_load_explicit(&ring->culprit, memory_order_relaxed);
}

int vc_ring_acquire(struct vc_ring *ring, uint32_t how)
{
	int rc;

	if (vc_ring_is_foreign(ring))
		return -ECHILD;
	pthread_mutex_lock(&ring->lock);
	rc = acquire_locked(ring, how);
	pthread_mutex_unlock(&ring->lock);
	return rc;
}
