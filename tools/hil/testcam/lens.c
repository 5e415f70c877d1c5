// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lens: a subdevice that moves when FOCUS_ABSOLUTE says so, and takes 30 ms.
 * Where the node has an image processor, that moves it and the control is read-only.
 */
#include <media/v4l2-event.h>

#include "testcam.h"

#define SETTLING_NS	(30 * NSEC_PER_MSEC)
#define START		512

static void keep_position(struct testcam_camera *camera, u32 position)
{
	spin_lock(&camera->moments);
	testcam_history_add(&camera->positions, ktime_get_ns(), position, 0, 0);
	spin_unlock(&camera->moments);
}

/* Where the lens is at a time.  camera->moments is held. */
u32 testcam_lens_position(const struct testcam_camera *camera, u64 at)
{
	return testcam_history_at(&camera->positions, at - SETTLING_NS)->value[0];
}

static int set_control(struct v4l2_ctrl *ctrl)
{
	keep_position(container_of(ctrl->handler, struct testcam_camera, lens.handler), ctrl->val);
	return 0;
}

static const struct v4l2_ctrl_ops control_ops = {
	.s_ctrl = set_control,
};

static const struct v4l2_subdev_core_ops core_ops = {
	.log_status = v4l2_ctrl_subdev_log_status,
	.subscribe_event = v4l2_ctrl_subdev_subscribe_event,
	.unsubscribe_event = v4l2_event_subdev_unsubscribe,
};

static const struct v4l2_subdev_ops ops = {
	.core = &core_ops,
};

int testcam_lens_init(struct testcam_camera *camera)
{
	struct testcam_lens *lens = &camera->lens;
	int rc;

	keep_position(camera, START);
	if (!camera->has_lens)
		return 0;

	v4l2_ctrl_handler_init(&lens->handler, 1);
	lens->focus = v4l2_ctrl_new_std(&lens->handler, &control_ops, V4L2_CID_FOCUS_ABSOLUTE, 0,
					TESTCAM_FOCUS_MAX, 1, START);
	if (lens->handler.error)
		return lens->handler.error;
	if (!camera->raw)
		lens->focus->flags |= V4L2_CTRL_FLAG_READ_ONLY;

	v4l2_subdev_init(&lens->sd, &ops);
	lens->sd.owner = THIS_MODULE;
	lens->sd.flags = V4L2_SUBDEV_FL_HAS_DEVNODE | V4L2_SUBDEV_FL_HAS_EVENTS;
	lens->sd.ctrl_handler = &lens->handler;
	lens->sd.entity.function = MEDIA_ENT_F_LENS;
	snprintf(lens->sd.name, sizeof(lens->sd.name), "testcam lens %u", camera->number);
	rc = media_entity_pads_init(&lens->sd.entity, 0, NULL);
	if (rc)
		return rc;
	return v4l2_device_register_subdev(&camera->testcam->v4l2_dev, &lens->sd);
}

/* Also after an init that failed anywhere. */
void testcam_lens_free(struct testcam_camera *camera)
{
	media_entity_cleanup(&camera->lens.sd.entity);
	v4l2_ctrl_handler_free(&camera->lens.handler);
}
