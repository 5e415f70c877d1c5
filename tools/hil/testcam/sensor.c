// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sensor: a subdevice with one source pad, whose controls are the registers.
 *
 * One line takes line_length / pixel rate: 1/60000 s, and twice that in the largest
 * mode.  A frame takes (height + VBLANK) lines.  What is written to EXPOSURE and
 * ANALOGUE_GAIN while frame n is read out shows in frame n + 2.
 *
 * Formats come from the video node, as in other drivers whose nodes need no set-up of
 * a pipeline; here they can only be read and tried.  Where the node has an image
 * processor, that owns exposure, gain and blanking, and they can only be read as well.
 */
#include <linux/math64.h>
#include <media/v4l2-event.h>
#include <media/v4l2-fwnode.h>

#include "testcam.h"

#define FRAME_LENGTH_MAX	60000	/* so that EXPOSURE fits into 16 bits */
#define MBUS_CODE		MEDIA_BUS_FMT_SGRBG10_1X10

const struct testcam_mode testcam_modes[TESTCAM_MODES] = {
	{ 640, 480, 3000, 2000 },
	{ 1280, 720, 3000, 2000 },
	{ 1920, 1080, 3000, 2000 },
	{ 2592, 1944, 6000, 2000 },
};

static const s64 link_frequencies[] = { 450000000 };	/* 10 bits, two lanes, both edges */

/* How long a number of lines takes. */
u64 testcam_sensor_ns(const struct testcam_sensor *sensor, u32 lines)
{
	return div_u64((u64)lines * sensor->mode->line_length * NSEC_PER_SEC, TESTCAM_PIXEL_RATE);
}

static void keep_exposure(struct testcam_camera *camera, u32 lines, u32 gain)
{
	spin_lock(&camera->moments);
	testcam_history_add(&camera->exposures, ktime_get_ns(), lines, gain, 0);
	spin_unlock(&camera->moments);
}

/* The longest exposure depends on it. */
static int keep_frame_length(struct testcam_sensor *sensor, u32 vblank)
{
	WRITE_ONCE(sensor->frame_length, sensor->mode->height + vblank);
	return __v4l2_ctrl_modify_range(sensor->exposure, TESTCAM_EXPOSURE_MIN,
					sensor->frame_length - TESTCAM_MARGIN, 1,
					sensor->exposure->default_value);
}

static int set_control(struct v4l2_ctrl *ctrl)
{
	struct testcam_camera *camera =
		container_of(ctrl->handler, struct testcam_camera, sensor.handler);
	struct testcam_sensor *sensor = &camera->sensor;

	switch (ctrl->id) {
	case V4L2_CID_VBLANK:
		return keep_frame_length(sensor, ctrl->val);
	case V4L2_CID_EXPOSURE:
		keep_exposure(camera, ctrl->val, sensor->gain->cur.val);
		return 0;
	case V4L2_CID_ANALOGUE_GAIN:
		keep_exposure(camera, sensor->exposure->cur.val, ctrl->val);
		return 0;
	default:
		return 0;	/* follows the mode */
	}
}

static const struct v4l2_ctrl_ops control_ops = {
	.s_ctrl = set_control,
};

/* ---- pads ---- */

static void fill_format(struct v4l2_mbus_framefmt *format, const struct testcam_mode *mode)
{
	*format = (struct v4l2_mbus_framefmt) {
		.width = mode->width,
		.height = mode->height,
		.code = MBUS_CODE,
		.field = V4L2_FIELD_NONE,
		.colorspace = V4L2_COLORSPACE_RAW,
		.ycbcr_enc = V4L2_YCBCR_ENC_601,
		.quantization = V4L2_QUANTIZATION_FULL_RANGE,
		.xfer_func = V4L2_XFER_FUNC_NONE,
	};
}

static int init_state(struct v4l2_subdev *sd, struct v4l2_subdev_state *state)
{
	fill_format(v4l2_subdev_get_pad_format(sd, state, 0), &testcam_modes[0]);
	return 0;
}

static int enumerate_codes(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
			   struct v4l2_subdev_mbus_code_enum *code)
{
	if (code->index)
		return -EINVAL;
	code->code = MBUS_CODE;
	return 0;
}

static int enumerate_sizes(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
			   struct v4l2_subdev_frame_size_enum *size)
{
	if (size->index >= TESTCAM_MODES || size->code != MBUS_CODE)
		return -EINVAL;
	size->min_width = size->max_width = testcam_modes[size->index].width;
	size->min_height = size->max_height = testcam_modes[size->index].height;
	return 0;
}

static int set_format(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
		      struct v4l2_subdev_format *format)
{
	if (format->which == V4L2_SUBDEV_FORMAT_ACTIVE)
		return v4l2_subdev_get_fmt(sd, state, format);
	fill_format(&format->format,
		    v4l2_find_nearest_size(testcam_modes, TESTCAM_MODES, width, height,
					   format->format.width, format->format.height));
	*v4l2_subdev_get_pad_format(sd, state, format->pad) = format->format;
	return 0;
}

static const struct v4l2_subdev_core_ops core_ops = {
	.log_status = v4l2_ctrl_subdev_log_status,
	.subscribe_event = v4l2_ctrl_subdev_subscribe_event,
	.unsubscribe_event = v4l2_event_subdev_unsubscribe,
};

static const struct v4l2_subdev_pad_ops pad_ops = {
	.init_cfg = init_state,
	.enum_mbus_code = enumerate_codes,
	.enum_frame_size = enumerate_sizes,
	.get_fmt = v4l2_subdev_get_fmt,
	.set_fmt = set_format,
};

static const struct v4l2_subdev_ops ops = {
	.core = &core_ops,
	.pad = &pad_ops,
};

/* ---- for the video node ---- */

/* Another size; exposure and gain stay as far as they can, the frame rate is the highest. */
void testcam_sensor_set_mode(struct testcam_camera *camera, const struct testcam_mode *mode)
{
	struct testcam_sensor *sensor = &camera->sensor;
	u32 hblank = mode->line_length - mode->width;
	u32 vblank = mode->frame_length - mode->height;
	struct v4l2_subdev_state *state;

	state = v4l2_subdev_lock_and_get_active_state(&sensor->sd);
	fill_format(v4l2_subdev_get_pad_format(&sensor->sd, state, 0), mode);
	v4l2_subdev_unlock_state(state);

	mutex_lock(sensor->handler.lock);
	WRITE_ONCE(sensor->mode, mode);
	__v4l2_ctrl_modify_range(sensor->hblank, hblank, hblank, 1, hblank);
	__v4l2_ctrl_modify_range(sensor->vblank, vblank, FRAME_LENGTH_MAX - mode->height, 1,
				 vblank);
	__v4l2_ctrl_s_ctrl(sensor->vblank, vblank);
	keep_frame_length(sensor, vblank);	/* the same number may mean another one now */
	mutex_unlock(sensor->handler.lock);
}

void testcam_sensor_set_frame_length(struct testcam_camera *camera, u32 lines)
{
	struct testcam_sensor *sensor = &camera->sensor;

	v4l2_ctrl_s_ctrl(sensor->vblank, lines - sensor->mode->height);
}

void testcam_sensor_set_exposure(struct testcam_camera *camera, u32 lines)
{
	u32 most = camera->sensor.frame_length - TESTCAM_MARGIN;

	v4l2_ctrl_s_ctrl(camera->sensor.exposure, clamp_t(u32, lines, TESTCAM_EXPOSURE_MIN, most));
}

void testcam_sensor_set_gain(struct testcam_camera *camera, u32 code)
{
	v4l2_ctrl_s_ctrl(camera->sensor.gain,
			 clamp_t(u32, code, TESTCAM_GAIN_ONE, TESTCAM_GAIN_MAX));
}

static struct v4l2_ctrl *control(struct testcam_camera *camera, u32 id, s64 min, s64 max, s64 def)
{
	return v4l2_ctrl_new_std(&camera->sensor.handler, &control_ops, id, min, max, 1, def);
}

int testcam_sensor_init(struct testcam_camera *camera)
{
	const struct v4l2_fwnode_device_properties properties = {
		.orientation = camera->number % 2 ? V4L2_FWNODE_ORIENTATION_FRONT
						  : V4L2_FWNODE_ORIENTATION_BACK,
		.rotation = camera->number % 2 ? 270 : 90,
	};
	const struct testcam_mode *mode = &testcam_modes[0];
	struct testcam_sensor *sensor = &camera->sensor;
	struct v4l2_ctrl_handler *handler = &sensor->handler;
	u32 vblank = mode->frame_length - mode->height;
	u32 hblank = mode->line_length - mode->width;
	struct v4l2_ctrl *link_frequency;
	int rc;

	sensor->mode = mode;
	sensor->frame_length = mode->frame_length;

	v4l2_ctrl_handler_init(handler, 8);
	sensor->exposure = control(camera, V4L2_CID_EXPOSURE, TESTCAM_EXPOSURE_MIN,
				   mode->frame_length - TESTCAM_MARGIN, 600);
	sensor->gain = control(camera, V4L2_CID_ANALOGUE_GAIN, TESTCAM_GAIN_ONE,
			       TESTCAM_GAIN_MAX, TESTCAM_GAIN_ONE);
	sensor->vblank = control(camera, V4L2_CID_VBLANK, vblank,
				 FRAME_LENGTH_MAX - mode->height, vblank);
	sensor->hblank = control(camera, V4L2_CID_HBLANK, hblank, hblank, hblank);
	control(camera, V4L2_CID_PIXEL_RATE, TESTCAM_PIXEL_RATE, TESTCAM_PIXEL_RATE,
		TESTCAM_PIXEL_RATE);
	link_frequency = v4l2_ctrl_new_int_menu(handler, &control_ops, V4L2_CID_LINK_FREQ, 0, 0,
						link_frequencies);
	v4l2_ctrl_new_fwnode_properties(handler, &control_ops, &properties);
	if (handler->error)
		return handler->error;
	sensor->hblank->flags |= V4L2_CTRL_FLAG_READ_ONLY;
	link_frequency->flags |= V4L2_CTRL_FLAG_READ_ONLY;
	if (!camera->raw) {
		sensor->exposure->flags |= V4L2_CTRL_FLAG_READ_ONLY;
		sensor->gain->flags |= V4L2_CTRL_FLAG_READ_ONLY;
		sensor->vblank->flags |= V4L2_CTRL_FLAG_READ_ONLY;
	}
	keep_exposure(camera, sensor->exposure->val, sensor->gain->val);

	v4l2_subdev_init(&sensor->sd, &ops);
	sensor->sd.owner = THIS_MODULE;
	sensor->sd.flags = V4L2_SUBDEV_FL_HAS_DEVNODE | V4L2_SUBDEV_FL_HAS_EVENTS;
	sensor->sd.ctrl_handler = handler;
	sensor->sd.entity.function = MEDIA_ENT_F_CAM_SENSOR;
	snprintf(sensor->sd.name, sizeof(sensor->sd.name), "testcam sensor %u", camera->number);
	sensor->pad.flags = MEDIA_PAD_FL_SOURCE;
	rc = media_entity_pads_init(&sensor->sd.entity, 1, &sensor->pad);
	if (rc)
		return rc;
	rc = v4l2_subdev_init_finalize(&sensor->sd);
	if (rc)
		return rc;
	return v4l2_device_register_subdev(&camera->testcam->v4l2_dev, &sensor->sd);
}

/* Also after an init that failed anywhere. */
void testcam_sensor_free(struct testcam_camera *camera)
{
	v4l2_subdev_cleanup(&camera->sensor.sd);
	media_entity_cleanup(&camera->sensor.sd.entity);
	v4l2_ctrl_handler_free(&camera->sensor.handler);
}
