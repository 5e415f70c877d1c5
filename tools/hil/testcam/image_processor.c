// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image processor: the video node's controls, and exposure, white balance and
 * focus that are automatic unless told otherwise.
 *
 * It owns the sensor's exposure, gain and blanking, and the lens, and writes them as
 * a program might.  Each step is taken when a frame is ready, from what that frame
 * was made with, so that the sensor's delay makes nothing swing:
 *  - exposure time and ISO go half of the way to where the grey card has luma 110
 *    times 2^bias; time first, gain when the frame is too short for it;
 *  - white balance goes a quarter of the way to the colour of all the light;
 *  - the lens goes up to 64 steps towards where the scene is sharp, and gives up when
 *    the picture is too dark to see that.
 * 3A_LOCK holds each of them where it is.
 *
 * A raw camera has none of this, only the controls of the scene.
 */
#include <linux/math64.h>

#include "testcam.h"

#define TARGET_LUMA		110
#define BRIGHTEST_TARGET	235
#define DARKEST_TO_FOCUS	8	/* luma */
#define FOCUS_STEP		64
#define FOCUS_PATIENCE		15	/* frames */
#define EXPOSURE_UNIT_US	100
#define WHITE_MIN		2500
#define WHITE_MAX		9000
#define WHITE_STEP		10
#define WHITE_START		5000

static const s64 biases[] = { -2000, -1500, -1000, -500, 0, 500, 1000, 1500, 2000 };
static const u32 bias_factors[] = { 64, 91, 128, 181, 256, 362, 512, 724, 1024 };	/* /256 */
#define NO_BIAS 4

static const s64 sensitivities[] = { 100000, 200000, 400000, 800000 };

static struct testcam_camera *camera_of(struct v4l2_ctrl *ctrl)
{
	return container_of(ctrl->handler, struct testcam_camera, controls.handler);
}

/* ---- units ---- */

static u32 lines_from_units(const struct testcam_sensor *sensor, u32 units)
{
	return div_u64((u64)units * EXPOSURE_UNIT_US * (TESTCAM_PIXEL_RATE / USEC_PER_SEC),
		       sensor->mode->line_length);
}

static u32 units_from_lines(const struct testcam_sensor *sensor, u32 lines)
{
	u32 pixels = EXPOSURE_UNIT_US * (TESTCAM_PIXEL_RATE / USEC_PER_SEC);

	return div_u64((u64)lines * sensor->mode->line_length + pixels / 2, pixels);
}

/* The longest exposure the present frame rate allows. */
static u32 most_units(const struct testcam_sensor *sensor)
{
	u32 lines = sensor->frame_length - TESTCAM_MARGIN;

	return div_u64((u64)lines * sensor->mode->line_length,
		       EXPOSURE_UNIT_US * (TESTCAM_PIXEL_RATE / USEC_PER_SEC));
}

static u32 nearest_sensitivity(u32 gain)
{
	u32 index = 0;

	while (index + 1 < ARRAY_SIZE(sensitivities) && gain >= TESTCAM_GAIN_ONE * 3 / 2 << index)
		index++;
	return index;
}

/* ---- controls ---- */

static void keep_scene(struct testcam_camera *camera, u32 light, u32 temperature, u32 focus)
{
	spin_lock(&camera->moments);
	testcam_history_add(&camera->scenes, ktime_get_ns(), light, temperature, focus);
	spin_unlock(&camera->moments);
}

/* Programs are told, where that is news. */
static void say_focus(struct testcam_controls *controls, u32 status)
{
	__v4l2_ctrl_s_ctrl(controls->focus_status, status);
}

static void start_focusing(struct testcam_controls *controls, bool once)
{
	controls->focus_once = once;
	controls->patience = FOCUS_PATIENCE;
	say_focus(controls, V4L2_AUTO_FOCUS_STATUS_BUSY);
}

static void end_focusing(struct testcam_controls *controls, u32 status)
{
	controls->focus_once = false;
	say_focus(controls, status);
}

/* The automatic is switched, or the lens is moved: by a program, or by step_focus(). */
static void set_focus(struct testcam_camera *camera, bool automatic, bool was_automatic,
		      u32 position)
{
	struct testcam_controls *controls = &camera->controls;

	if (automatic && !was_automatic) {
		start_focusing(controls, false);
	} else if (!automatic) {
		v4l2_ctrl_s_ctrl(camera->lens.focus, position);
		if (!controls->focus_moves)
			end_focusing(controls, V4L2_AUTO_FOCUS_STATUS_IDLE);
	}
}

static int set_scene(struct v4l2_ctrl *ctrl)
{
	struct testcam_camera *camera = camera_of(ctrl);
	struct testcam_controls *controls = &camera->controls;

	keep_scene(camera, testcam_value(controls->scene_light, ctrl),
		   testcam_value(controls->scene_temperature, ctrl),
		   testcam_value(controls->scene_focus, ctrl));
	return 0;
}

static int set_control(struct v4l2_ctrl *ctrl)
{
	struct testcam_camera *camera = camera_of(ctrl);
	struct testcam_controls *controls = &camera->controls;

	switch (ctrl->id) {
	case V4L2_CID_EXPOSURE_AUTO:
		if (ctrl->val == V4L2_EXPOSURE_MANUAL)
			testcam_sensor_set_exposure(camera,
						    lines_from_units(&camera->sensor,
								     controls->exposure->val));
		return 0;
	case V4L2_CID_ISO_SENSITIVITY_AUTO:
		if (ctrl->val == V4L2_ISO_SENSITIVITY_MANUAL)
			testcam_sensor_set_gain(camera, TESTCAM_GAIN_ONE << controls->iso->val);
		return 0;
	case V4L2_CID_AUTO_WHITE_BALANCE:
		if (!ctrl->val)
			controls->white_balance = controls->white->val;
		return 0;
	case V4L2_CID_DO_WHITE_BALANCE:
		controls->white_once = !controls->white_auto->cur.val;
		return 0;
	case V4L2_CID_FOCUS_AUTO:
		set_focus(camera, ctrl->val, ctrl->cur.val, controls->focus->val);
		return 0;
	case V4L2_CID_AUTO_FOCUS_START:
		if (!controls->focus_auto->cur.val)
			start_focusing(controls, true);
		return 0;
	case V4L2_CID_AUTO_FOCUS_STOP:
		if (controls->focus_once)
			end_focusing(controls, V4L2_AUTO_FOCUS_STATUS_IDLE);
		return 0;
	default:
		return 0;	/* looked at when the next frame is made */
	}
}

static int get_control(struct v4l2_ctrl *ctrl)
{
	struct testcam_camera *camera = camera_of(ctrl);
	struct testcam_controls *controls = &camera->controls;

	switch (ctrl->id) {
	case V4L2_CID_EXPOSURE_AUTO:
		controls->exposure->val =
			clamp_t(u32,
				units_from_lines(&camera->sensor,
						 v4l2_ctrl_g_ctrl(camera->sensor.exposure)),
				1, most_units(&camera->sensor));
		return 0;
	case V4L2_CID_ISO_SENSITIVITY_AUTO:
		controls->iso->val = nearest_sensitivity(v4l2_ctrl_g_ctrl(camera->sensor.gain));
		return 0;
	case V4L2_CID_AUTO_WHITE_BALANCE:
		controls->white->val = rounddown(controls->white_balance, WHITE_STEP);
		return 0;
	case V4L2_CID_FOCUS_AUTO:
		controls->focus->val = v4l2_ctrl_g_ctrl(camera->lens.focus);
		return 0;
	default:
		return -EINVAL;
	}
}

static const struct v4l2_ctrl_ops control_ops = {
	.s_ctrl = set_control,
	.g_volatile_ctrl = get_control,
};

static const struct v4l2_ctrl_ops scene_ops = {
	.s_ctrl = set_scene,
};

/* ---- once for each frame; the handler is locked ---- */

static void step_exposure(struct testcam_camera *camera, const struct testcam_frame *frame)
{
	struct testcam_controls *controls = &camera->controls;
	struct testcam_sensor *sensor = &camera->sensor;
	bool time = controls->exposure_auto->cur.val == V4L2_EXPOSURE_AUTO;
	bool gain = controls->iso_auto->cur.val == V4L2_ISO_SENSITIVITY_AUTO;
	u32 most = sensor->frame_length - TESTCAM_MARGIN;
	u32 target, seen, lines, code;
	s64 wanted, asked;

	if ((!time && !gain) || controls->lock->cur.val & V4L2_LOCK_EXPOSURE)
		return;

	target = min_t(u32, TARGET_LUMA * bias_factors[controls->bias->cur.val] / 256,
		       BRIGHTEST_TARGET);
	seen = clamp_t(u32, frame->signal, 128, 255 * 256);
	lines = v4l2_ctrl_g_ctrl(sensor->exposure);
	code = v4l2_ctrl_g_ctrl(sensor->gain);
	asked = (u64)lines * code;
	wanted = div_u64((u64)frame->lines * frame->gain * target * 256, seen);
	wanted = asked + (wanted - asked) / 2;

	if (time) {
		lines = clamp_t(u64, div_u64(wanted, gain ? TESTCAM_GAIN_ONE : code),
				TESTCAM_EXPOSURE_MIN, most);
		testcam_sensor_set_exposure(camera, lines);
	}
	if (gain)
		testcam_sensor_set_gain(camera, div_u64(wanted, lines));
}

static void step_white_balance(struct testcam_controls *controls,
			       const struct testcam_frame *frame)
{
	u32 colour = clamp_t(u32, frame->temperature, WHITE_MIN, WHITE_MAX);
	s32 way = (s32)colour - (s32)controls->white_balance;

	if (controls->white_once) {
		controls->white_once = false;
		__v4l2_ctrl_s_ctrl(controls->white, rounddown(colour, WHITE_STEP));
	} else if (controls->white_auto->cur.val &&
		   !(controls->lock->cur.val & V4L2_LOCK_WHITE_BALANCE)) {
		controls->white_balance += abs(way) < 4 ? way : way / 4;
	}
}

static void step_focus(struct testcam_camera *camera, const struct testcam_frame *frame)
{
	struct testcam_controls *controls = &camera->controls;
	bool always = controls->focus_auto->cur.val;
	bool once = controls->focus_once;
	s32 position, way;

	if ((!always && !once) || controls->lock->cur.val & V4L2_LOCK_FOCUS)
		return;

	if (frame->signal < DARKEST_TO_FOCUS * 256) {
		if (!controls->patience || --controls->patience == 0)
			end_focusing(controls, V4L2_AUTO_FOCUS_STATUS_FAILED);
		return;
	}
	position = v4l2_ctrl_g_ctrl(camera->lens.focus);
	way = (s32)frame->scene_focus - position;
	if (way) {
		start_focusing(controls, once);
		position += clamp(way, -FOCUS_STEP, FOCUS_STEP);
		controls->focus_moves = true;
		if (always)
			v4l2_ctrl_s_ctrl(camera->lens.focus, position);
		else
			__v4l2_ctrl_s_ctrl(controls->focus, position);
		controls->focus_moves = false;
	} else if (frame->focus == frame->scene_focus) {
		end_focusing(controls, V4L2_AUTO_FOCUS_STATUS_REACHED);
	}
}

/* What the controls say about a frame; and what the frame says to the automatics. */
void testcam_controls_frame(struct testcam_camera *camera, struct testcam_frame *frame)
{
	struct testcam_controls *controls = &camera->controls;

	frame->brightness = frame->contrast = frame->saturation = frame->sharpness = 128;
	frame->zoom = 100;
	if (camera->raw)
		return;

	mutex_lock(controls->handler.lock);
	frame->white_balance = controls->white_balance;
	frame->brightness = controls->brightness->cur.val;
	frame->contrast = controls->contrast->cur.val;
	frame->saturation = controls->saturation->cur.val;
	frame->sharpness = controls->sharpness->cur.val;
	frame->zoom = controls->zoom->cur.val;
	frame->pan = controls->pan->cur.val;
	frame->tilt = controls->tilt->cur.val;

	step_exposure(camera, frame);
	step_white_balance(controls, frame);
	if (camera->has_lens)
		step_focus(camera, frame);
	mutex_unlock(controls->handler.lock);
}

/* Another size or frame rate: the same exposure time is another number of lines. */
void testcam_controls_new_mode(struct testcam_camera *camera)
{
	struct testcam_controls *controls = &camera->controls;
	struct v4l2_ctrl *exposure = controls->exposure;

	if (camera->raw)
		return;
	mutex_lock(controls->handler.lock);
	__v4l2_ctrl_modify_range(exposure, 1, most_units(&camera->sensor), 1,
				 exposure->default_value);
	if (controls->exposure_auto->cur.val == V4L2_EXPOSURE_MANUAL)
		testcam_sensor_set_exposure(camera,
					    lines_from_units(&camera->sensor, exposure->cur.val));
	mutex_unlock(controls->handler.lock);
}

/* ---- set-up ---- */

static const struct v4l2_ctrl_config scene_controls[] = {
	{
		.ops = &scene_ops,
		.id = TESTCAM_CID_SCENE_LIGHT,
		.name = "Scene Light",
		.type = V4L2_CTRL_TYPE_INTEGER,
		.max = 10000,
		.step = 1,
		.def = 500,
	},
	{
		.ops = &scene_ops,
		.id = TESTCAM_CID_SCENE_TEMPERATURE,
		.name = "Scene Colour Temperature",
		.type = V4L2_CTRL_TYPE_INTEGER,
		.min = WHITE_MIN,
		.max = WHITE_MAX,
		.step = 1,
		.def = WHITE_START,
	},
	{
		.ops = &scene_ops,
		.id = TESTCAM_CID_SCENE_FOCUS,
		.name = "Scene Focus Position",
		.type = V4L2_CTRL_TYPE_INTEGER,
		.max = TESTCAM_FOCUS_MAX,
		.step = 1,
		.def = 400,
	},
};

static struct v4l2_ctrl *control(struct testcam_camera *camera, u32 id, s64 min, s64 max,
				 u64 step, s64 def)
{
	return v4l2_ctrl_new_std(&camera->controls.handler, &control_ops, id, min, max, step, def);
}

static void add_focus(struct testcam_camera *camera)
{
	struct testcam_controls *controls = &camera->controls;

	controls->focus_auto = control(camera, V4L2_CID_FOCUS_AUTO, 0, 1, 1, 1);
	controls->focus = control(camera, V4L2_CID_FOCUS_ABSOLUTE, 0, TESTCAM_FOCUS_MAX, 1, 512);
	control(camera, V4L2_CID_AUTO_FOCUS_START, 0, 0, 0, 0);
	control(camera, V4L2_CID_AUTO_FOCUS_STOP, 0, 0, 0, 0);
	controls->focus_status = control(camera, V4L2_CID_AUTO_FOCUS_STATUS, 0,
					 V4L2_AUTO_FOCUS_STATUS_BUSY |
						 V4L2_AUTO_FOCUS_STATUS_REACHED |
						 V4L2_AUTO_FOCUS_STATUS_FAILED,
					 0, V4L2_AUTO_FOCUS_STATUS_IDLE);
	if (!camera->controls.handler.error)
		v4l2_ctrl_auto_cluster(2, &controls->focus_auto, 0, true);
}

static void add_exposure(struct testcam_camera *camera)
{
	struct testcam_controls *controls = &camera->controls;
	struct v4l2_ctrl_handler *handler = &controls->handler;

	controls->exposure_auto = v4l2_ctrl_new_std_menu(handler, &control_ops,
							 V4L2_CID_EXPOSURE_AUTO,
							 V4L2_EXPOSURE_MANUAL, 0,
							 V4L2_EXPOSURE_AUTO);
	controls->exposure = control(camera, V4L2_CID_EXPOSURE_ABSOLUTE, 1,
				     most_units(&camera->sensor), 1, 100);
	controls->iso_auto = v4l2_ctrl_new_std_menu(handler, &control_ops,
						    V4L2_CID_ISO_SENSITIVITY_AUTO,
						    V4L2_ISO_SENSITIVITY_AUTO, 0,
						    V4L2_ISO_SENSITIVITY_AUTO);
	controls->iso = v4l2_ctrl_new_int_menu(handler, &control_ops, V4L2_CID_ISO_SENSITIVITY,
					       ARRAY_SIZE(sensitivities) - 1, 0, sensitivities);
	controls->bias = v4l2_ctrl_new_int_menu(handler, &control_ops,
						V4L2_CID_AUTO_EXPOSURE_BIAS,
						ARRAY_SIZE(biases) - 1, NO_BIAS, biases);
	if (handler->error)
		return;
	v4l2_ctrl_auto_cluster(2, &controls->exposure_auto, V4L2_EXPOSURE_MANUAL, true);
	v4l2_ctrl_auto_cluster(2, &controls->iso_auto, V4L2_ISO_SENSITIVITY_MANUAL, true);
}

static void add_picture(struct testcam_camera *camera)
{
	struct testcam_controls *controls = &camera->controls;

	controls->brightness = control(camera, V4L2_CID_BRIGHTNESS, 0, 255, 1, 128);
	controls->contrast = control(camera, V4L2_CID_CONTRAST, 0, 255, 1, 128);
	controls->saturation = control(camera, V4L2_CID_SATURATION, 0, 255, 1, 128);
	controls->sharpness = control(camera, V4L2_CID_SHARPNESS, 0, 255, 1, 128);
	controls->white_auto = control(camera, V4L2_CID_AUTO_WHITE_BALANCE, 0, 1, 1, 1);
	controls->white = control(camera, V4L2_CID_WHITE_BALANCE_TEMPERATURE, WHITE_MIN, WHITE_MAX,
				  WHITE_STEP, WHITE_START);
	control(camera, V4L2_CID_DO_WHITE_BALANCE, 0, 0, 0, 0);
	controls->pan = control(camera, V4L2_CID_PAN_ABSOLUTE, -36000, 36000, 3600, 0);
	controls->tilt = control(camera, V4L2_CID_TILT_ABSOLUTE, -36000, 36000, 3600, 0);
	controls->zoom = control(camera, V4L2_CID_ZOOM_ABSOLUTE, 100, 400, 1, 100);
	controls->lock = control(camera, V4L2_CID_3A_LOCK, 0,
				 V4L2_LOCK_EXPOSURE | V4L2_LOCK_WHITE_BALANCE | V4L2_LOCK_FOCUS, 0,
				 0);
	if (!controls->handler.error)
		v4l2_ctrl_auto_cluster(2, &controls->white_auto, 0, true);
}

/* Sensor and lens are there. */
int testcam_controls_init(struct testcam_camera *camera)
{
	struct testcam_controls *controls = &camera->controls;
	struct v4l2_ctrl_handler *handler = &controls->handler;

	v4l2_ctrl_handler_init(handler, 32);
	controls->white_balance = WHITE_START;
	controls->patience = FOCUS_PATIENCE;
	controls->scene_light = v4l2_ctrl_new_custom(handler, &scene_controls[0], NULL);
	controls->scene_temperature = v4l2_ctrl_new_custom(handler, &scene_controls[1], NULL);
	controls->scene_focus = v4l2_ctrl_new_custom(handler, &scene_controls[2], NULL);
	if (!handler->error)
		keep_scene(camera, controls->scene_light->val, controls->scene_temperature->val,
			   controls->scene_focus->val);
	if (!camera->raw) {
		add_picture(camera);
		add_exposure(camera);
		if (camera->has_lens)
			add_focus(camera);
	}
	return handler->error;
}

void testcam_controls_free(struct testcam_camera *camera)
{
	v4l2_ctrl_handler_free(&camera->controls.handler);
}
