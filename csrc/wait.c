/* SPDX-License-Identifier: MIT */
/*
 * The one function that waits.
 *
 * Waiting belongs to the caller, who knows about signals, threads and event
 * loops.  But for the most frequent thing of all, "the next frame, please",
 * crossing the border to C once instead of twice saves every seventh
 * instruction of a frame.  A signal ends the wait with -EINTR, so the caller
 * still sees each one at once; closing the stream makes the descriptor ready.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "ring.h"

static int wait_for_frame(const struct vc_ring *ring, int timeout_ms)
{
	struct epoll_event event;

	return epoll_wait(ring->config.epfd, &event, 1, timeout_ms);
}

int vc_ring_is_ready(const struct vc_ring *ring)
{
	return wait_for_frame(ring, 0) > 0;
}

int vc_ring_wait(const struct vc_patience *patience)
{
	int ready, index;

	if (vc_ring_is_foreign(patience->ring))
		return -ECHILD; /* at once, and not when the parent's camera has a frame */
	if (patience->ring->deaf) { /* then nothing tells of the frames that are there */
		index = vc_ring_acquire(patience->ring, VC_ONLY_WHOLE);
		if (index != -EAGAIN)
			return index;
	}
	ready = wait_for_frame(patience->ring, patience->timeout_ms);
	if (ready < 0)
		return -errno;
	return ready == 0 ? -ETIMEDOUT : vc_ring_acquire(patience->ring, VC_ONLY_WHOLE);
}
