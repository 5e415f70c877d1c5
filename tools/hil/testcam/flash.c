// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flash: a subdevice with an LED that can be a torch and a flash.  Where it is of
 * the LED class instead, led.c sets these controls.
 *
 *  - In mode flash, with software as the source, STROBE lights it for TIMEOUT, unless
 *    STROBE_STOP or another mode ends it earlier.  It can strobe again when READY says
 *    so, a while after the last strobe.
 *  - With the sensor's pin as the source it lights in every exposure, for TIMEOUT at
 *    most.
 *  - A fault that was injected puts the LED out; it stays out until FAULT was read.
 *
 * Intensities are in uA and times in us.  When the light is on is written into a
 * history, into the future for a strobe, so its end needs no timer and is exact.
 */
#include <media/v4l2-event.h>

#include "testcam.h"

#define FLASH_MODE	1	/* bits of camera->flash_modes */
#define TORCH_MODE	2
#define ALL_FAULTS	0x1ff
#define LEVEL_UA	200	/* of current for as much light as one unit of the scene's */

static struct testcam_camera *camera_of(struct v4l2_ctrl *ctrl)
{
	return container_of(ctrl->handler, struct testcam_camera, flash.handler);
}

static bool can_flash(const struct testcam_camera *camera)
{
	return camera->flash_modes & FLASH_MODE;
}

/* A change of mode, source or intensity, from now on; a strobe ends with it. */
static void light(struct testcam_camera *camera, s32 mode, bool external, s32 torch, s32 strobe,
		  u64 limit)
{
	u32 torch_level = mode == V4L2_FLASH_LED_MODE_TORCH ? torch / LEVEL_UA : 0;
	u32 external_level =
		mode == V4L2_FLASH_LED_MODE_FLASH && external ? strobe / LEVEL_UA : 0;

	spin_lock(&camera->moments);
	camera->flash.external_limit = limit;
	testcam_history_add(&camera->lights, ktime_get_ns(), torch_level, 0, external_level);
	spin_unlock(&camera->moments);
}

static void light_anew(struct testcam_camera *camera, const struct v4l2_ctrl *changed)
{
	struct testcam_flash *flash = &camera->flash;

	light(camera, testcam_value(flash->mode, changed),
	      testcam_value(flash->source, changed) == V4L2_FLASH_STROBE_SOURCE_EXTERNAL,
	      testcam_value(flash->torch_intensity, changed),
	      testcam_value(flash->intensity, changed),
	      (u64)testcam_value(flash->timeout, changed) * NSEC_PER_USEC);
}

static bool strobing(struct testcam_camera *camera)
{
	const struct testcam_moment *moment;
	u64 now = ktime_get_ns();
	bool lit;

	spin_lock(&camera->moments);
	moment = testcam_history_at(&camera->lights, now);
	lit = moment->value[TESTCAM_STROBE];
	if (moment->value[TESTCAM_EXTERNAL])
		lit = now >= camera->next_begin && now < camera->next_end &&
		      now < camera->next_begin + camera->flash.external_limit;
	spin_unlock(&camera->moments);
	return lit;
}

static bool by_software(const struct testcam_flash *flash)
{
	return flash->mode->cur.val == V4L2_FLASH_LED_MODE_FLASH &&
	       flash->source->cur.val == V4L2_FLASH_STROBE_SOURCE_SOFTWARE;
}

static bool ready(const struct testcam_flash *flash)
{
	return flash->charge->cur.val && ktime_get_ns() >= flash->ready_at;
}

static u64 cooldown(const struct testcam_camera *camera)
{
	return (u64)camera->testcam->cooldown * NSEC_PER_MSEC;
}

static int strobe(struct testcam_camera *camera)
{
	struct testcam_flash *flash = &camera->flash;
	u64 now = ktime_get_ns();
	u64 end = now + (u64)flash->timeout->cur.val * NSEC_PER_USEC;

	if (!by_software(flash) || !ready(flash) || flash->faults)
		return -EBUSY;

	spin_lock(&camera->moments);
	testcam_history_add(&camera->lights, now, 0, flash->intensity->cur.val / LEVEL_UA, 0);
	testcam_history_add(&camera->lights, end, 0, 0, 0);
	spin_unlock(&camera->moments);
	flash->ready_at = end + cooldown(camera);
	return 0;
}

/* Whatever ends a strobe before its time. */
static void put_out(struct testcam_camera *camera)
{
	u64 end = ktime_get_ns() + cooldown(camera);

	camera->flash.ready_at = min(camera->flash.ready_at, end);
}

static int set_control(struct v4l2_ctrl *ctrl)
{
	struct testcam_camera *camera = camera_of(ctrl);
	struct testcam_flash *flash = &camera->flash;

	switch (ctrl->id) {
	case V4L2_CID_FLASH_LED_MODE:
		if (flash->faults && ctrl->val != V4L2_FLASH_LED_MODE_NONE)
			return -EBUSY;
		fallthrough;
	case V4L2_CID_FLASH_STROBE_SOURCE:
		put_out(camera);
		light_anew(camera, ctrl);
		return 0;
	case V4L2_CID_FLASH_STROBE:
		return strobe(camera);
	case V4L2_CID_FLASH_STROBE_STOP:
		if (!by_software(flash))
			return -EBUSY;
		put_out(camera);
		light_anew(camera, NULL);
		return 0;
	case V4L2_CID_FLASH_INTENSITY:
	case V4L2_CID_FLASH_TIMEOUT:
		/* A strobe that has begun goes on as it is. */
		if (flash->source->cur.val == V4L2_FLASH_STROBE_SOURCE_EXTERNAL)
			light_anew(camera, ctrl);
		return 0;
	case V4L2_CID_FLASH_TORCH_INTENSITY:
		if (flash->mode->cur.val == V4L2_FLASH_LED_MODE_TORCH)
			light_anew(camera, ctrl);
		return 0;
	case TESTCAM_CID_INJECT_FAULT:
		flash->faults |= ctrl->val;
		return flash->faults ? __v4l2_ctrl_s_ctrl(flash->mode, V4L2_FLASH_LED_MODE_NONE)
				     : 0;
	default:
		return 0;
	}
}

static int get_control(struct v4l2_ctrl *ctrl)
{
	struct testcam_camera *camera = camera_of(ctrl);
	struct testcam_flash *flash = &camera->flash;

	switch (ctrl->id) {
	case V4L2_CID_FLASH_STROBE_STATUS:
		ctrl->val = strobing(camera);
		return 0;
	case V4L2_CID_FLASH_READY:
		ctrl->val = ready(flash);
		return 0;
	case V4L2_CID_FLASH_FAULT:
		ctrl->val = flash->faults;
		flash->faults = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

static const struct v4l2_ctrl_ops control_ops = {
	.s_ctrl = set_control,
	.g_volatile_ctrl = get_control,
};

static const struct v4l2_ctrl_config inject_fault = {
	.ops = &control_ops,
	.id = TESTCAM_CID_INJECT_FAULT,
	.name = "Inject Fault",
	.type = V4L2_CTRL_TYPE_BITMASK,
	.max = ALL_FAULTS,
	.flags = V4L2_CTRL_FLAG_EXECUTE_ON_WRITE,
};

static const struct v4l2_subdev_core_ops core_ops = {
	.log_status = v4l2_ctrl_subdev_log_status,
	.subscribe_event = v4l2_ctrl_subdev_subscribe_event,
	.unsubscribe_event = v4l2_event_subdev_unsubscribe,
};

static const struct v4l2_subdev_ops ops = {
	.core = &core_ops,
};

static struct v4l2_ctrl *control(struct testcam_camera *camera, u32 id, s64 min, s64 max,
				 u64 step, s64 def)
{
	return v4l2_ctrl_new_std(&camera->flash.handler, &control_ops, id, min, max, step, def);
}

static void volatile_control(struct testcam_camera *camera, u32 id, s64 max)
{
	struct v4l2_ctrl *ctrl = control(camera, id, 0, max, max == 1, 0);

	if (ctrl)
		ctrl->flags |= V4L2_CTRL_FLAG_VOLATILE | V4L2_CTRL_FLAG_READ_ONLY;
}

static void add_controls(struct testcam_camera *camera)
{
	struct testcam_flash *flash = &camera->flash;
	struct v4l2_ctrl_handler *handler = &flash->handler;
	u64 missing = 0;

	if (!can_flash(camera))
		missing |= BIT(V4L2_FLASH_LED_MODE_FLASH);
	if (!(camera->flash_modes & TORCH_MODE))
		missing |= BIT(V4L2_FLASH_LED_MODE_TORCH);
	flash->mode = v4l2_ctrl_new_std_menu(handler, &control_ops, V4L2_CID_FLASH_LED_MODE,
					     missing & BIT(V4L2_FLASH_LED_MODE_TORCH) ?
						     V4L2_FLASH_LED_MODE_FLASH :
						     V4L2_FLASH_LED_MODE_TORCH,
					     missing, V4L2_FLASH_LED_MODE_NONE);
	if (can_flash(camera)) {
		flash->source = v4l2_ctrl_new_std_menu(handler, &control_ops,
						       V4L2_CID_FLASH_STROBE_SOURCE,
						       V4L2_FLASH_STROBE_SOURCE_EXTERNAL, 0,
						       V4L2_FLASH_STROBE_SOURCE_SOFTWARE);
		control(camera, V4L2_CID_FLASH_STROBE, 0, 0, 0, 0);
		control(camera, V4L2_CID_FLASH_STROBE_STOP, 0, 0, 0, 0);
		volatile_control(camera, V4L2_CID_FLASH_STROBE_STATUS, 1);
		flash->timeout = control(camera, V4L2_CID_FLASH_TIMEOUT, 10000, 1000000, 1000,
					 200000);
		flash->intensity = control(camera, V4L2_CID_FLASH_INTENSITY, 50000, 1000000, 50000,
					   500000);
		flash->charge = control(camera, V4L2_CID_FLASH_CHARGE, 0, 1, 1, 1);
		volatile_control(camera, V4L2_CID_FLASH_READY, 1);
	}
	if (camera->flash_modes & TORCH_MODE)
		flash->torch_intensity = control(camera, V4L2_CID_FLASH_TORCH_INTENSITY, 20000,
						 200000, 20000, 100000);
	volatile_control(camera, V4L2_CID_FLASH_FAULT, ALL_FAULTS);
	v4l2_ctrl_new_custom(handler, &inject_fault, NULL);
}

int testcam_flash_init(struct testcam_camera *camera)
{
	struct testcam_flash *flash = &camera->flash;
	int rc;

	light(camera, V4L2_FLASH_LED_MODE_NONE, false, 0, 0, 0);
	if (!camera->flash_modes)
		return 0;

	v4l2_ctrl_handler_init(&flash->handler, 16);
	add_controls(camera);
	if (flash->handler.error)
		return flash->handler.error;
	if (camera->is_led)
		return testcam_led_register(camera);

	v4l2_subdev_init(&flash->sd, &ops);
	flash->sd.owner = THIS_MODULE;
	flash->sd.flags = V4L2_SUBDEV_FL_HAS_DEVNODE | V4L2_SUBDEV_FL_HAS_EVENTS;
	flash->sd.ctrl_handler = &flash->handler;
	flash->sd.entity.function = MEDIA_ENT_F_FLASH;
	snprintf(flash->sd.name, sizeof(flash->sd.name), "testcam flash %u", camera->number);
	rc = media_entity_pads_init(&flash->sd.entity, 0, NULL);
	if (rc)
		return rc;
	return v4l2_device_register_subdev(&camera->testcam->v4l2_dev, &flash->sd);
}

/* Also after an init that failed anywhere. */
void testcam_flash_free(struct testcam_camera *camera)
{
	media_entity_cleanup(&camera->flash.sd.entity);
	v4l2_ctrl_handler_free(&camera->flash.handler);
}
