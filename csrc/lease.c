/* SPDX-License-Identifier: MIT */
/* Leases: who holds a filled buffer, until the last one lets go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

static void give_back(struct vc_ring *ring, struct buffer *buffer)
{
	int rc;

	buffer->state = FREE;
	ring->leased--;
	vc_device_count_lease(ring->dev, -1);
	if (ring->streaming) {
		rc = vc_ring_queue(ring, buffer->lease.index);
		if (rc < 0)
			ring->error = rc;
	} else if (!ring->attached) {
		vc_ring_tidy(ring);
	}
}

/* In a child the camera is not ours: only the memory is. */
static int let_go(struct vc_ring *ring, struct vc_lease *lease)
{
	int last;

	if (vc_ring_is_foreign(ring))
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
	if (!lease->ring || vc_ring_is_foreign(lease->ring)) {
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
