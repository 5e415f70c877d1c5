/* SPDX-License-Identifier: MIT */
/*
 * An LED of /sys/class/leds as a flash: the third table, beside those of the kernel and
 * of the simulated camera.  The node is the LED's folder.  It has the controls that
 * drivers/media/v4l2-core/v4l2-flash-led-class.c would give the same LED, and refuses
 * what that refuses, so that above this table a lamp is a lamp.
 *
 * An LED tells nobody of changes, so there are no events.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "led.h"

static const char *const modes[] = {"Off", "Flash", "Torch"};

static int32_t most(const struct led *led, const struct led_control *c)
{
	return led->most[c - led_controls];
}

static const struct led_control *find(const struct led *led, uint32_t id, int or_next)
{
	int row;

	for (row = 0; row < LED_ROWS; row++) {
		const struct led_control *c = &led_controls[row];

		if ((c->id == id || (or_next && c->id > id)) && most(led, c) >= 0)
			return c;
	}
	return NULL;
}

static int query(const struct led *led, struct v4l2_query_ext_ctrl *q)
{
	const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	uint32_t id = q->id & ~next;
	const struct led_control *c = find(led, q->id & next ? id + 1 : id, !!(q->id & next));
	int is_range;

	if (!led_is_there(led))
		return -ENODEV;
	if (!c)
		return -EINVAL;
	is_range = c->type == V4L2_CTRL_TYPE_INTEGER;
	memset(q, 0, sizeof(*q));
	q->id = c->id;
	q->type = c->type;
	q->flags = c->flags;
	q->minimum = is_range;
	q->maximum = most(led, c);
	q->step = is_range || c->type == V4L2_CTRL_TYPE_BOOLEAN;
	q->default_value = 0; /* outside of a range: nobody knows */
	q->elem_size = sizeof(int32_t);
	q->elems = 1;
	snprintf(q->name, sizeof(q->name), "%s", c->name);
	return 0;
}

static int has_mode(const struct led *led, uint32_t mode)
{
	switch (mode) {
	case V4L2_FLASH_LED_MODE_NONE:
		return 1;
	case V4L2_FLASH_LED_MODE_FLASH:
		return led->most[LED_STROBE] >= 0;
	case V4L2_FLASH_LED_MODE_TORCH:
		return led->shines;
	default:
		return 0;
	}
}

static int query_menu(const struct led *led, struct v4l2_querymenu *item)
{
	if (item->id != V4L2_CID_FLASH_LED_MODE || !has_mode(led, item->index))
		return -EINVAL;
	snprintf((char *)item->name, sizeof(item->name), "%s", modes[item->index]);
	return 0;
}

/* ---- reading and writing ----------------------------------------------- */

static int get_one(struct led *led, struct v4l2_ext_control *value)
{
	const struct led_control *c = find(led, value->id, 0);
	int32_t now = 0;
	int rc;

	if (!c)
		return -EINVAL;
	rc = c->get ? c->get(led, c, &now) : -EACCES;
	if (rc == 0)
		value->value = now;
	return rc;
}

/* Whether a value may be written; integers are held in their range, as the kernel does. */
static int try_one(struct led *led, struct v4l2_ext_control *value)
{
	const struct led_control *c = find(led, value->id, 0);

	if (!c)
		return -EINVAL;
	if (!c->set)
		return -EACCES;
	if (c->type == V4L2_CTRL_TYPE_MENU && (value->value < 0 || value->value > most(led, c)))
		return -ERANGE;
	if (c->type == V4L2_CTRL_TYPE_MENU && !has_mode(led, (uint32_t)value->value))
		return -EINVAL;
	if (c->type == V4L2_CTRL_TYPE_INTEGER && value->value < 1)
		value->value = 1;
	if (c->type == V4L2_CTRL_TYPE_INTEGER && value->value > most(led, c))
		value->value = most(led, c);
	return 0;
}

static int set_one(struct led *led, struct v4l2_ext_control *value)
{
	const struct led_control *c = find(led, value->id, 0);

	return c ? c->set(led, c, value->value) : -EINVAL;
}

static int each(struct led *led, struct v4l2_ext_controls *all,
		int (*act)(struct led *led, struct v4l2_ext_control *value))
{
	uint32_t i;
	int rc;

	for (i = 0; i < all->count; i++) {
		rc = act(led, &all->controls[i]);
		if (rc < 0) {
			all->error_idx = i;
			return rc;
		}
	}
	return 0;
}

/* Nothing is written where one value is refused; who that is only TRY tells. */
static int set_all(struct led *led, struct v4l2_ext_controls *all)
{
	int rc = each(led, all, try_one);

	if (rc < 0) {
		all->error_idx = all->count;
		return rc;
	}
	return each(led, all, set_one);
}

static int answer(struct led *led, unsigned long request, void *arg)
{
	switch (request) {
	case VIDIOC_QUERY_EXT_CTRL:
		return query(led, arg);
	case VIDIOC_QUERYMENU:
		return query_menu(led, arg);
	case VIDIOC_G_EXT_CTRLS:
		return each(led, arg, get_one);
	case VIDIOC_TRY_EXT_CTRLS:
		return each(led, arg, try_one);
	case VIDIOC_S_EXT_CTRLS:
		return set_all(led, arg);
	default:
		return -ENOTTY;
	}
}

/* ---- the table --------------------------------------------------------- */

static int led_open(const char *path, uint32_t kind, void *camera, void **node)
{
	struct led *led;
	int rc;

	(void)camera;
	if (kind != VC_SUBDEVICE)
		return -ENOTTY;
	led = calloc(1, sizeof(*led));
	if (!led)
		return -ENOMEM;
	led->folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	rc = led->folder < 0 ? -errno : led_find_controls(led);
	if (rc < 0) {
		if (led->folder >= 0)
			close(led->folder);
		free(led);
		return rc;
	}
	pthread_mutex_init(&led->lock, NULL);
	*node = led;
	return 0;
}

static void led_close(void *node)
{
	struct led *led = node;

	close(led->folder);
	pthread_mutex_destroy(&led->lock);
	free(led);
}

static int led_ioctl(void *node, unsigned long request, void *arg)
{
	struct led *led = node;
	int rc;

	pthread_mutex_lock(&led->lock);
	rc = answer(led, request, arg);
	pthread_mutex_unlock(&led->lock);
	return rc;
}

static int led_map(void *node, size_t length, uint32_t offset, void **start)
{
	(void)node;
	(void)length;
	(void)offset;
	(void)start;
	return -ENODEV;
}

static void led_unmap(void *start, size_t length)
{
	(void)start;
	(void)length;
}

/* There will never be anything to wait for. */
static int led_watch(void *node, int epfd, int op, uint32_t events)
{
	(void)node;
	(void)epfd;
	(void)op;
	(void)events;
	return 0;
}

static int64_t led_now(void *node)
{
	struct timespec now;

	(void)node;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const struct vc_ops ops = {
	.open = led_open,
	.close = led_close,
	.ioctl = led_ioctl,
	.map = led_map,
	.unmap = led_unmap,
	.watch = led_watch,
	.now = led_now,
};

int vc_led_open(const char *path, struct vc_device **out)
{
	return vc_device_open_ops(&ops, NULL, path, VC_SUBDEVICE, out);
}
