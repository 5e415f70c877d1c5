/* SPDX-License-Identifier: MIT */
/* The inside of a ring, for the files that make it: ring.c, acquire.c, lease.c, wait.c. */
#ifndef VC_RING_H
#define VC_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

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
	pthread_mutex_t lock; /* all below, but what never changes after new() or is atomic */
	struct vc_device *dev;
	struct vc_ring_config config; /* never changes */
	uint32_t type; /* never changes */
	uint32_t num_planes; /* never changes */
	uint32_t count; /* never changes */
	uint32_t refs; /* the handle, and each leased buffer */
	uint32_t leased;
	int attached; /* the driver's buffers are ours until close() */
	int streaming;
	atomic_int deaf; /* the watch began while a frame was ready; see watch_again() */
	int unfreed; /* the driver keeps its buffers until the last is unmapped */
	int error; /* of a QBUF in a release, for the next acquire */
	atomic_uint culprit; /* the ioctl whose error the last acquire told */
	int has_sequence;
	uint32_t sequence; /* of the last frame */
	int64_t timestamp_ns; /* of the last frame whose own is of use */
	int64_t taken_ns; /* of the last frame, whoever stamped it; 0: there was none */
	struct vc_ring_stats stats;
	struct buffer buffers[VC_MAX_BUFFERS];
};

/* A v4l2_buffer with room for its planes; the kernel wants both each time. */
struct request {
	struct v4l2_buffer buf;
	struct v4l2_plane planes[VC_MAX_PLANES];
};

/* Prepare a request about one buffer. */
static inline void vc_ring_init_request(const struct vc_ring *ring, struct request *req,
					uint32_t index)
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

/* Hand one buffer to the driver.  With the lock held.  0 or -errno of VIDIOC_QBUF. */
int vc_ring_queue(struct vc_ring *ring, uint32_t index);

/* Whether there is a frame, or the ring was closed.  Does not wait. */
int vc_ring_is_ready(const struct vc_ring *ring);

/* After close(): unmap all buffers but leased and pinned ones.  With the lock held. */
void vc_ring_tidy(struct vc_ring *ring);

/*
 * After a fork the child owns copies of the memory, but the camera and the
 * lock belong to the parent: the child only ever unmaps.
 */
static inline int vc_ring_is_foreign(const struct vc_ring *ring)
{
	return vc_device_in_child(ring->dev);
}

#endif /* VC_RING_H */
