// SPDX-License-Identifier: GPL-2.0-only
/*
 * The flash as an LED of the LED class: where a camera has led=1 there is no subdevice,
 * but /sys/class/leds/testcamN:white:flash, with the files of a flash LED.
 *
 * Debian builds its kernel without led-class-flash, so the files are made here, as
 * Documentation/ABI/testing/sysfs-class-led-flash describes them.  What they do is set
 * the flash's own controls, which have no node then.  As in drivers that have to talk to
 * a chip, a new brightness arrives a moment after it was written.
 *
 * One more file, "inject_fault", takes the number of V4L2_FLASH_FAULT_ bits.
 */
#include <linux/kstrtox.h>

#include "testcam.h"

#define TORCH_STEP	20000	/* uA of one step of brightness */
#define TORCH_STEPS	10

static struct testcam_camera *camera_of(struct led_classdev *led)
{
	return container_of(led, struct testcam_camera, flash.led);
}

static struct testcam_camera *camera_of_device(struct device *device)
{
	return camera_of(dev_get_drvdata(device));
}

static s32 mode_of(struct testcam_flash *flash)
{
	return v4l2_ctrl_g_ctrl(flash->mode);
}

static int put_out(struct testcam_flash *flash, s32 mode)
{
	if (mode_of(flash) != mode)
		return 0;
	return v4l2_ctrl_s_ctrl(flash->mode, V4L2_FLASH_LED_MODE_NONE);
}

/* ---- the torch ---- */

static int set_brightness(struct led_classdev *led, enum led_brightness brightness)
{
	struct testcam_flash *flash = &camera_of(led)->flash;
	int rc;

	if (!brightness)
		return put_out(flash, V4L2_FLASH_LED_MODE_TORCH);
	rc = v4l2_ctrl_s_ctrl(flash->torch_intensity, brightness * TORCH_STEP);
	return rc ? rc : v4l2_ctrl_s_ctrl(flash->mode, V4L2_FLASH_LED_MODE_TORCH);
}

static enum led_brightness get_brightness(struct led_classdev *led)
{
	struct testcam_flash *flash = &camera_of(led)->flash;

	if (mode_of(flash) != V4L2_FLASH_LED_MODE_TORCH)
		return LED_OFF;
	return v4l2_ctrl_g_ctrl(flash->torch_intensity) / TORCH_STEP;
}

/* ---- the flash ---- */

static int set_strobe(struct testcam_flash *flash, bool on)
{
	int rc;

	if (!on)
		return put_out(flash, V4L2_FLASH_LED_MODE_FLASH);
	rc = v4l2_ctrl_s_ctrl(flash->mode, V4L2_FLASH_LED_MODE_FLASH);
	return rc ? rc : v4l2_ctrl_s_ctrl(v4l2_ctrl_find(&flash->handler, V4L2_CID_FLASH_STROBE), 1);
}

static ssize_t flash_strobe_store(struct device *device, struct device_attribute *file,
				  const char *text, size_t size)
{
	bool on;
	int rc = kstrtobool(text, &on);

	rc = rc ? rc : set_strobe(&camera_of_device(device)->flash, on);
	return rc ? rc : size;
}

static ssize_t flash_strobe_show(struct device *device, struct device_attribute *file, char *text)
{
	struct v4l2_ctrl_handler *handler = &camera_of_device(device)->flash.handler;

	return sysfs_emit(text, "%d\n", v4l2_ctrl_g_ctrl(
		v4l2_ctrl_find(handler, V4L2_CID_FLASH_STROBE_STATUS)));
}

static ssize_t store(struct v4l2_ctrl *ctrl, const char *text, size_t size)
{
	u32 value;
	int rc = kstrtou32(text, 10, &value);

	if (!rc)
		rc = v4l2_ctrl_s_ctrl(ctrl, min_t(s64, value, ctrl->maximum));
	return rc ? rc : size;
}

/* A file that has the value of a control, and one that has its maximum. */
#define CONTROL_ATTRS(_name, _ctrl)							\
static ssize_t _name##_store(struct device *device, struct device_attribute *file,	\
			     const char *text, size_t size)				\
{											\
	return store(camera_of_device(device)->flash._ctrl, text, size);		\
}											\
											\
static ssize_t _name##_show(struct device *device, struct device_attribute *file,	\
			    char *text)							\
{											\
	return sysfs_emit(text, "%d\n",							\
			  v4l2_ctrl_g_ctrl(camera_of_device(device)->flash._ctrl));	\
}											\
											\
static ssize_t max_##_name##_show(struct device *device, struct device_attribute *file,	\
				  char *text)						\
{											\
	return sysfs_emit(text, "%lld\n", camera_of_device(device)->flash._ctrl->maximum); \
}											\
											\
static DEVICE_ATTR_RW(_name);								\
static DEVICE_ATTR_RO(max_##_name)

CONTROL_ATTRS(flash_timeout, timeout);
CONTROL_ATTRS(flash_brightness, intensity);

static ssize_t flash_fault_show(struct device *device, struct device_attribute *file, char *text)
{
	static const char *const words[] = {
		"led-over-voltage",		 "flash-timeout-exceeded",
		"controller-over-temperature",	 "controller-short-circuit",
		"led-power-supply-over-current", "indicator-led-fault",
		"led-under-voltage",		 "controller-under-voltage",
		"led-over-temperature",
	};
	struct v4l2_ctrl_handler *handler = &camera_of_device(device)->flash.handler;
	s32 faults = v4l2_ctrl_g_ctrl(v4l2_ctrl_find(handler, V4L2_CID_FLASH_FAULT));
	int length = 0, i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (faults & BIT(i))
			length += sysfs_emit_at(text, length, "%s ", words[i]);
	return length + sysfs_emit_at(text, length, "\n");
}

static ssize_t inject_fault_store(struct device *device, struct device_attribute *file,
				  const char *text, size_t size)
{
	struct v4l2_ctrl_handler *handler = &camera_of_device(device)->flash.handler;

	return store(v4l2_ctrl_find(handler, TESTCAM_CID_INJECT_FAULT), text, size);
}

static DEVICE_ATTR_RW(flash_strobe);
static DEVICE_ATTR_RO(flash_fault);
static DEVICE_ATTR_WO(inject_fault);

static struct attribute *flash_attrs[] = {
	&dev_attr_flash_strobe.attr,	&dev_attr_flash_timeout.attr,
	&dev_attr_max_flash_timeout.attr, &dev_attr_flash_brightness.attr,
	&dev_attr_max_flash_brightness.attr, &dev_attr_flash_fault.attr,
	&dev_attr_inject_fault.attr,	NULL,
};
ATTRIBUTE_GROUPS(flash);

/* ---- coming and going ---- */

int testcam_led_register(struct testcam_camera *camera)
{
	struct testcam_flash *flash = &camera->flash;

	snprintf(flash->led_name, sizeof(flash->led_name), "testcam%u:white:flash",
		 camera->number);
	flash->led.name = flash->led_name;
	flash->led.max_brightness = TORCH_STEPS;
	flash->led.brightness_set_blocking = set_brightness;
	flash->led.brightness_get = get_brightness;
	if (flash->timeout)
		flash->led.groups = flash_groups;
	return led_classdev_register(camera->testcam->mdev.dev, &flash->led);
}

void testcam_led_unregister(struct testcam_camera *camera)
{
	if (!IS_ERR_OR_NULL(camera->flash.led.dev))
		led_classdev_unregister(&camera->flash.led);
}
