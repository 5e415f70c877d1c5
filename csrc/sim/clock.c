/* SPDX-License-Identifier: MIT */
/*
 * Time.  There is no thread that makes frames: whoever asks the camera for
 * anything first brings it up to now.  On the manual clock "now" only moves
 * when vc_sim_tick() is called.
 */
#include <errno.h>
#include <time.h>

#include "internal.h"

#define SECOND 1000000000
#define SHORTEST 100000 /* nanoseconds: ten thousand frames a second */
#define LONGEST (3600 * (int64_t)SECOND) /* so that time does not run out of bits */

int64_t sim_now(struct vc_sim *sim)
{
	struct timespec now;

	if (sim->quirks & VC_SIM_MANUAL_CLOCK)
		return sim->manual_now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

int64_t sim_interval_ns(const struct vc_sim *sim)
{
	const struct v4l2_fract *t = &sim->interval;
	int64_t ns = sim_sensor_interval_ns(sim);

	if (ns == 0)
		ns = SECOND / 30;
	if (t->numerator && t->denominator)
		ns = (int64_t)t->numerator * SECOND / t->denominator;
	return ns < SHORTEST ? SHORTEST : ns > LONGEST ? LONGEST : ns;
}

/* What happens at the moment of a frame, before there is one. */
static void frame(struct vc_sim *sim, int64_t when)
{
	sim_action_advance(sim, when);
	if (sim->queue.streaming)
		sim_expose(sim, when);
	if (sim_fault_is_on(sim, SIM_DISCONNECT, 0))
		sim_unplug_locked(sim);
	else if (sim->queue.streaming && !sim_fault_is_on(sim, SIM_STALL, 0))
		sim_queue_produce(sim, when);
	sim->frames_ever++;
}

static void make_frames(struct vc_sim *sim)
{
	struct sim_queue *queue = &sim->queue;
	int64_t now, interval, missed;

	if (sim->quirks & VC_SIM_MANUAL_CLOCK || !queue->streaming)
		return;
	now = sim_now(sim);
	interval = sim_interval_ns(sim);
	while (queue->streaming && queue->next_due <= now) {
		if (queue->queued.count == 0 && sim->num_faults == 0) {
			/* Nobody sees these frames: count them all at once. */
			missed = (now - queue->next_due) / interval + 1;
			queue->sequence += (uint32_t)missed;
			sim->frames_ever += (uint32_t)missed;
			queue->next_due += missed * interval;
			sim_expose(sim, queue->next_due - interval);
			if (missed > 1)
				sim_expose_first(sim);
			return;
		}
		frame(sim, queue->next_due);
		queue->next_due += interval;
	}
}

void sim_advance(struct vc_sim *sim)
{
	make_frames(sim);
	if (sim->lamp.node || sim->focused) /* else there is no need to look at the clock */
		sim_action_advance(sim, sim_now(sim));
}

int vc_sim_tick(struct vc_sim *sim, uint32_t frames)
{
	int rc;

	rc = sim_enter(sim);
	if (rc < 0)
		return rc;
	if (!(sim->quirks & VC_SIM_MANUAL_CLOCK)) {
		sim_leave(sim);
		return -EINVAL;
	}
	while (frames--) {
		sim->manual_now += sim_interval_ns(sim);
		frame(sim, sim->manual_now);
	}
	sim_update_readiness(sim);
	sim_leave(sim);
	return 0;
}

void sim_unplug_locked(struct vc_sim *sim)
{
	struct sim_handle *handle;

	sim->unplugged = 1;
	sim_queue_release(sim);
	for (handle = sim->handles; handle; handle = handle->next)
		handle->dead = 1;
	sim_update_readiness(sim);
}

void sim_lose_subdevice(struct vc_sim *sim, uint32_t number)
{
	struct sim_handle *handle;

	for (handle = sim->handles; handle; handle = handle->next) {
		if (handle->kind != VC_SUBDEVICE)
			continue;
		if (number == 0 || handle->node == &sim->nodes[number])
			handle->dead = 1;
	}
	sim_update_readiness(sim);
}

void vc_sim_unplug(struct vc_sim *sim)
{
	if (sim_enter(sim) < 0)
		return;
	sim_unplug_locked(sim);
	sim_leave(sim);
}

void vc_sim_replug(struct vc_sim *sim)
{
	if (sim_enter(sim) < 0)
		return;
	if (sim->unplugged && sim->sealed) {
		sim_format_reset(sim);
		sim_control_reset(sim, 0);
	}
	sim->unplugged = 0;
	sim_leave(sim);
}
