/* SPDX-License-Identifier: MIT */
/* Events: changes of controls and of the source. */
#include <errno.h>
#include <string.h>

#include "vc.h"

int vc_event_subscribe(struct vc_device *dev, uint32_t type, uint32_t id, uint32_t flags)
{
	struct v4l2_event_subscription sub = {.type = type, .id = id, .flags = flags};

	return vc_ioctl(dev, VIDIOC_SUBSCRIBE_EVENT, &sub);
}

int vc_event_unsubscribe(struct vc_device *dev, uint32_t type, uint32_t id)
{
	struct v4l2_event_subscription sub = {.type = type, .id = id};

	return vc_ioctl(dev, VIDIOC_UNSUBSCRIBE_EVENT, &sub);
}

static void take_control(struct vc_event *to, const struct v4l2_event_ctrl *from)
{
	to->changes = from->changes;
	to->value = from->type == V4L2_CTRL_TYPE_INTEGER64 ? from->value64 : from->value;
	to->flags = from->flags;
}

/* Unsigned, because a driver's nonsense may be more than there is room for. */
static int64_t nanoseconds(const struct v4l2_event *event)
{
	return (int64_t)((uint64_t)event->timestamp.tv_sec * 1000000000u +
			 (uint64_t)event->timestamp.tv_nsec);
}

int vc_event_dequeue(struct vc_device *dev, struct vc_event *out)
{
	struct v4l2_event event;
	int rc;

	memset(&event, 0, sizeof(event));
	rc = vc_ioctl(dev, VIDIOC_DQEVENT, &event);
	if (rc == -ENOENT || rc == -ENOTTY) /* none now; none ever, of this node */
		return -EAGAIN;
	if (rc < 0)
		return rc;

	memset(out, 0, sizeof(*out));
	out->type = event.type;
	out->id = event.id;
	out->sequence = event.sequence;
	out->timestamp_ns = nanoseconds(&event);
	if (event.type == V4L2_EVENT_CTRL)
		take_control(out, &event.u.ctrl);
	else if (event.type == V4L2_EVENT_SOURCE_CHANGE)
		out->changes = event.u.src_change.changes;
	return 0;
}
