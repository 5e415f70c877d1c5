/* SPDX-License-Identifier: MIT */
/*
 * Events, the way drivers/media/v4l2-core/v4l2-event.c queues them: a
 * subscription has room for one, and a newer one replaces it, takes over what
 * had changed, and goes to the end of the line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static struct sim_subscription *find(const struct sim_handle *handle, uint32_t type, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < handle->num_subscriptions; i++) {
		struct sim_subscription *sub = &handle->subscriptions[i];

		if (sub->is.type == type && sub->is.id == id)
			return sub;
	}
	return NULL;
}

/* What the event that is lost had said goes into the new one. */
static void merge(const struct v4l2_event *lost, struct v4l2_event *event)
{
	if (event->type == V4L2_EVENT_CTRL)
		event->u.ctrl.changes |= lost->u.ctrl.changes;
	else if (event->type == V4L2_EVENT_SOURCE_CHANGE)
		event->u.src_change.changes |= lost->u.src_change.changes;
}

static void queue(struct sim_handle *handle, const struct v4l2_event *event)
{
	struct sim_subscription *sub = find(handle, event->type, event->id);
	struct v4l2_event fresh = *event;
	int64_t now;

	if (!sub || handle->dead)
		return;
	now = sim_now(handle->sim);
	if (sub->pending)
		merge(&sub->event, &fresh);
	else
		handle->num_pending++;
	fresh.sequence = handle->event_sequence++;
	fresh.timestamp.tv_sec = now / 1000000000;
	fresh.timestamp.tv_nsec = now % 1000000000;
	sub->event = fresh;
	sub->pending = 1;
	sub->order = handle->event_order++;
}

/* ---- what happens ------------------------------------------------------------------ */

static void describe(const struct sim_control *control, uint32_t changes,
		     struct v4l2_event *event)
{
	struct v4l2_event_ctrl *to = &event->u.ctrl;
	uint32_t type = control->is.type;

	memset(event, 0, sizeof(*event));
	event->type = V4L2_EVENT_CTRL;
	event->id = control->is.id;
	to->changes = changes;
	to->type = type;
	to->flags = control->is.flags;
	if (!sim_control_is_payload(control))
		to->value64 = control->value;
	to->minimum = (int32_t)control->is.minimum;
	to->maximum = (int32_t)control->is.maximum;
	to->step = (int32_t)control->is.step;
	if (type == V4L2_CTRL_TYPE_MENU || type == V4L2_CTRL_TYPE_INTEGER_MENU)
		to->step = 1;
	to->default_value = (int32_t)control->is.default_value;
}

void sim_event_control(const struct sim_node *node, struct sim_handle *from,
		       const struct sim_control *control, uint32_t changes)
{
	struct sim_subscription *sub;
	struct sim_handle *handle;
	struct v4l2_event event;

	describe(control, changes, &event);
	for (handle = node->sim->handles; handle; handle = handle->next) {
		sub = handle->node == node ? find(handle, V4L2_EVENT_CTRL, control->is.id) : NULL;
		if (!sub)
			continue;
		if (handle != from || sub->is.flags & V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK)
			queue(handle, &event);
	}
}

void sim_event_source_change(struct vc_sim *sim)
{
	struct v4l2_event event = {.type = V4L2_EVENT_SOURCE_CHANGE};
	struct sim_handle *handle;

	event.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION;
	for (handle = sim->handles; handle; handle = handle->next)
		queue(handle, &event);
}

void vc_sim_source_change(struct vc_sim *sim)
{
	if (sim_enter(sim) < 0)
		return;
	sim_event_source_change(sim);
	sim_update_readiness(sim);
	sim_leave(sim);
}

/* ---- ioctls ------------------------------------------------------------------------- */

static int check_subscription(const struct sim_handle *handle,
			      const struct v4l2_event_subscription *sub)
{
	switch (sub->type) {
	case V4L2_EVENT_CTRL:
		return sim_control_find(handle->node, sub->id) ? 0 : -EINVAL;
	case V4L2_EVENT_SOURCE_CHANGE:
	case V4L2_EVENT_EOS:
		return handle->kind == VC_VIDEO ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static void send_initial(struct sim_handle *handle, uint32_t id)
{
	const struct sim_control *control = sim_control_find(handle->node, id);
	uint32_t changes = V4L2_EVENT_CTRL_CH_FLAGS;
	struct v4l2_event event;

	if (control->is.type == V4L2_CTRL_TYPE_CTRL_CLASS)
		return;
	if (!(control->is.flags & V4L2_CTRL_FLAG_WRITE_ONLY))
		changes |= V4L2_EVENT_CTRL_CH_VALUE;
	describe(control, changes, &event);
	queue(handle, &event);
}

int sim_subscribe_event(struct sim_handle *handle, void *arg)
{
	const struct v4l2_event_subscription *sub = arg;
	struct sim_subscription *more;
	int rc;

	rc = check_subscription(handle, sub);
	if (rc < 0)
		return rc;
	if (find(handle, sub->type, sub->id))
		return 0; /* as it was subscribed the first time */
	more = sim_grow(handle->subscriptions, handle->num_subscriptions, sizeof(*more));
	if (!more)
		return -ENOMEM;
	handle->subscriptions = more;
	more[handle->num_subscriptions++].is = *sub;
	if (sub->type == V4L2_EVENT_CTRL && sub->flags & V4L2_EVENT_SUB_FL_SEND_INITIAL)
		send_initial(handle, sub->id);
	return 0;
}

static void remove_subscription(struct sim_handle *handle, struct sim_subscription *sub)
{
	handle->num_pending -= sub->pending;
	*sub = handle->subscriptions[--handle->num_subscriptions];
}

int sim_unsubscribe_event(struct sim_handle *handle, void *arg)
{
	const struct v4l2_event_subscription *sub = arg;
	struct sim_subscription *found;

	if (sub->type == V4L2_EVENT_ALL) {
		handle->num_subscriptions = 0;
		handle->num_pending = 0;
		return 0;
	}
	found = find(handle, sub->type, sub->id);
	if (found)
		remove_subscription(handle, found);
	return 0;
}

int sim_dqevent(struct sim_handle *handle, void *arg)
{
	struct sim_subscription *oldest = NULL;
	struct v4l2_event *event = arg;
	uint32_t i;

	for (i = 0; i < handle->num_subscriptions; i++) {
		struct sim_subscription *sub = &handle->subscriptions[i];

		if (sub->pending && (!oldest || sub->order < oldest->order))
			oldest = sub;
	}
	if (!oldest)
		return -ENOENT;
	oldest->pending = 0;
	handle->num_pending--;
	*event = oldest->event;
	event->pending = handle->num_pending;
	return 0;
}
