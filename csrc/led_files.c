/* SPDX-License-Identifier: MIT */
/*
 * The files of an LED, and what a control of a flash does to them.
 *
 * What they do not know is kept here: that the mode is "flash", which is dark until the
 * strobe, and how bright the torch was before it was put out.
 *
 * Source: Documentation/ABI/testing/sysfs-class-led and sysfs-class-led-flash;
 * drivers/media/v4l2-core/v4l2-flash-led-class.c, which does the same in the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "led.h"

/* ---- files ------------------------------------------------------------- */

/*
 * Open a file of an LED, but nothing that somebody else has put there and that
 * may wait, such as a FIFO.  What is removed while it is open has no files any more.
 */
static int open_file(const struct led *led, const char *name, int flags)
{
	int fd = openat(led->folder, name, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return errno == ENOENT ? -ENODEV : errno == ENXIO ? -ENOTTY : -errno;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fd;
	close(fd);
	return -ENOTTY;
}

static int read_text(const struct led *led, const char *name, char *text, size_t size)
{
	int fd = open_file(led, name, O_RDONLY);
	ssize_t length;
	int rc;

	if (fd < 0)
		return fd;
	length = read(fd, text, size - 1);
	rc = length < 0 ? -errno : 0;
	close(fd);
	if (rc == 0)
		text[length] = '\0';
	return rc;
}

static int read_number(const struct led *led, const char *name, int32_t *value)
{
	char text[32], *end;
	long long number;
	int rc;

	rc = read_text(led, name, text, sizeof(text));
	if (rc < 0)
		return rc;
	number = strtoll(text, &end, 10);
	if (end == text || number < 0)
		return -EPROTO;
	*value = number < INT32_MAX ? (int32_t)number : INT32_MAX;
	return 0;
}

static int write_number(const struct led *led, const char *name, int32_t value)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", (int)value);
	int fd = open_file(led, name, O_WRONLY | O_TRUNC);
	int rc;

	if (fd < 0)
		return fd;
	rc = write(fd, text, (size_t)length) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

/* ---- what the controls do ---------------------------------------------- */

static int get_number(struct led *led, const struct led_control *c, int32_t *value)
{
	return read_number(led, c->file, value);
}

static int set_number(struct led *led, const struct led_control *c, int32_t value)
{
	return write_number(led, c->file, value);
}

/* How bright it is now; that is also what it is to be again. */
static int read_brightness(struct led *led, int32_t *value)
{
	int rc = read_number(led, "brightness", value);

	if (rc == 0 && *value > 0)
		led->torch = *value;
	return rc;
}

/*
 * Drivers that talk to a chip write a brightness a moment later, and tell the old one until
 * then; so the files are not asked whether the torch is out by now.
 */
static int get_mode(struct led *led, const struct led_control *c, int32_t *value)
{
	int32_t brightness;
	int rc;

	(void)c;
	if (led->is_armed) {
		*value = V4L2_FLASH_LED_MODE_FLASH;
		return 0;
	}
	rc = read_brightness(led, &brightness);
	if (rc == 0)
		*value = brightness > 0 ? V4L2_FLASH_LED_MODE_TORCH : V4L2_FLASH_LED_MODE_NONE;
	return rc;
}

/* A 0 would take the LED from the trigger that drives it, so it is not written to a dark one. */
static int put_out(struct led *led)
{
	int32_t brightness;

	if (read_brightness(led, &brightness) == 0 && brightness == 0)
		return 0;
	return write_number(led, "brightness", 0);
}

/* Who wants it dark gets as much of that as can be had. */
static int set_mode(struct led *led, const struct led_control *c, int32_t mode)
{
	int is_torch = mode == V4L2_FLASH_LED_MODE_TORCH;
	int stopped = 0, rc = 0;

	(void)c;
	if (mode != V4L2_FLASH_LED_MODE_FLASH && led->most[LED_STROBE] >= 0)
		stopped = write_number(led, "flash_strobe", 0);
	if (!is_torch)
		rc = put_out(led);
	else if (stopped == 0)
		rc = write_number(led, "brightness", led->torch);
	if (stopped < 0)
		rc = stopped;
	if (rc == 0)
		led->is_armed = mode == V4L2_FLASH_LED_MODE_FLASH;
	return rc;
}

static int press(struct led *led, const struct led_control *c, int32_t value)
{
	(void)value;
	return led->is_armed ? write_number(led, c->file, c->id == V4L2_CID_FLASH_STROBE) : -EBUSY;
}

static int get_torch(struct led *led, const struct led_control *c, int32_t *value)
{
	int rc = read_brightness(led, value);

	(void)c;
	*value = led->torch;
	return rc;
}

static int set_torch(struct led *led, const struct led_control *c, int32_t value)
{
	int32_t brightness;
	int rc = read_brightness(led, &brightness);

	if (rc == 0 && brightness > 0)
		rc = write_number(led, c->file, value);
	if (rc == 0)
		led->torch = value;
	return rc;
}

static int get_faults(struct led *led, const struct led_control *c, int32_t *value)
{
	/* In the order of V4L2_FLASH_FAULT_*. */
	static const char *const words[] = {
		"led-over-voltage",
		"flash-timeout-exceeded",
		"controller-over-temperature",
		"controller-short-circuit",
		"led-power-supply-over-current",
		"indicator-led-fault",
		"led-under-voltage",
		"controller-under-voltage",
		"led-over-temperature",
	};
	char text[512];
	size_t i;
	int rc = read_text(led, c->file, text, sizeof(text));

	if (rc < 0)
		return rc;
	*value = 0;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]))
			*value |= 1 << i;
	return 0;
}

/* ---- the controls ------------------------------------------------------ */

#define TELLS (V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_VOLATILE)
#define PRESSED (V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE)

const struct led_control led_controls[LED_ROWS] = {
	[LED_MODE] = {
		V4L2_CID_FLASH_LED_MODE, V4L2_CTRL_TYPE_MENU, 0, "LED Mode",
		"brightness", NULL, V4L2_FLASH_LED_MODE_TORCH, get_mode, set_mode,
	},
	[LED_STROBE] = {
		V4L2_CID_FLASH_STROBE, V4L2_CTRL_TYPE_BUTTON, PRESSED, "Strobe",
		"flash_strobe", NULL, 0, NULL, press,
	},
	[LED_STOP] = {
		V4L2_CID_FLASH_STROBE_STOP, V4L2_CTRL_TYPE_BUTTON, PRESSED, "Stop Strobe",
		"flash_strobe", NULL, 0, NULL, press,
	},
	[LED_STATUS] = {
		V4L2_CID_FLASH_STROBE_STATUS, V4L2_CTRL_TYPE_BOOLEAN, TELLS, "Strobe Status",
		"flash_strobe", NULL, 1, get_number, NULL,
	},
	[LED_TIMEOUT] = {
		V4L2_CID_FLASH_TIMEOUT, V4L2_CTRL_TYPE_INTEGER, 0, "Strobe Timeout",
		"flash_timeout", "max_flash_timeout", 0, get_number, set_number,
	},
	[LED_FLASH] = {
		V4L2_CID_FLASH_INTENSITY, V4L2_CTRL_TYPE_INTEGER, 0, "Intensity, Flash Mode",
		"flash_brightness", "max_flash_brightness", 0, get_number, set_number,
	},
	[LED_TORCH] = {
		V4L2_CID_FLASH_TORCH_INTENSITY, V4L2_CTRL_TYPE_INTEGER, 0, "Intensity, Torch Mode",
		"brightness", "max_brightness", 0, get_torch, set_torch,
	},
	[LED_FAULTS] = {
		V4L2_CID_FLASH_FAULT, V4L2_CTRL_TYPE_BITMASK, TELLS, "Faults",
		"flash_fault", NULL, (1 << 9) - 1, get_faults, NULL,
	},
};

/* Also when another LED has the name now: what is open is the old folder. */
int led_is_there(const struct led *led)
{
	return faccessat(led->folder, "max_brightness", F_OK, 0) == 0 || errno != ENOENT;
}

/*
 * What there is a file for; but a strobe that no timer ends is none, nor is a range of one.
 * What can neither strobe nor shine is no lamp.
 */
int led_find_controls(struct led *led)
{
	int rc = read_number(led, "max_brightness", &led->torch);
	int row;

	if (rc < 0)
		return rc == -ENODEV ? -ENOTTY : rc;
	led->shines = led->torch > 0;
	for (row = 0; row < LED_ROWS; row++) {
		const struct led_control *c = &led_controls[row];
		int32_t most = c->most;

		if (faccessat(led->folder, c->file, F_OK, 0) < 0)
			most = -1;
		else if (c->limit && (read_number(led, c->limit, &most) < 0 || most < 2))
			most = -1;
		led->most[row] = most;
	}
	if (led->most[LED_TIMEOUT] < 0)
		led->most[LED_STROBE] = led->most[LED_STOP] = led->most[LED_STATUS] = -1;
	return led->shines || led->most[LED_STROBE] >= 0 ? 0 : -ENOTTY;
}
