/* SPDX-License-Identifier: MIT */
/*
 * Controls: what a node has, and their values.  Works on any node, video or
 * subdevice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

/* Limits for drivers that enumerate without end. */
#define MAX_CONTROLS 4096u
#define MAX_MENU 1024
#define MAX_RETRIES 256u /* ids tried one by one after an error, in one class */

/* ---- describing -------------------------------------------------------- */

static void from_ext(struct vc_control *to, const struct v4l2_query_ext_ctrl *from)
{
	memset(to, 0, sizeof(*to));
	to->id = from->id;
	to->type = from->type;
	to->minimum = from->minimum;
	to->maximum = from->maximum;
	to->step = from->step;
	to->default_value = from->default_value;
	to->flags = from->flags;
	to->elem_size = from->elem_size;
	to->elems = from->elems;
	to->nr_of_dims = from->nr_of_dims <= 4 ? from->nr_of_dims : 4;
	memcpy(to->dims, from->dims, sizeof(to->dims));
	memcpy(to->name, from->name, sizeof(from->name));
}

static void from_old(struct vc_control *to, const struct v4l2_queryctrl *from)
{
	memset(to, 0, sizeof(*to));
	to->id = from->id;
	to->type = from->type;
	to->minimum = from->minimum;
	to->maximum = from->maximum;
	to->step = (uint32_t)from->step;
	to->default_value = from->default_value;
	to->flags = from->flags;
	to->elems = 1;
	to->elem_size = from->type == V4L2_CTRL_TYPE_STRING ? (uint32_t)from->maximum + 1 : 4;
	memcpy(to->name, from->name, sizeof(from->name));
}

/* `id` may carry V4L2_CTRL_FLAG_NEXT_*; kernels before 3.17 know only the old call. */
static int query(struct vc_device *dev, uint32_t id, struct vc_control *out)
{
	struct v4l2_query_ext_ctrl ext = {.id = id};
	struct v4l2_queryctrl old = {.id = id & ~V4L2_CTRL_FLAG_NEXT_COMPOUND};
	int rc;

	rc = vc_ioctl(dev, VIDIOC_QUERY_EXT_CTRL, &ext);
	if (rc == 0) {
		from_ext(out, &ext);
		return 0;
	}
	if (rc != -ENOTTY)
		return rc;
	rc = vc_ioctl(dev, VIDIOC_QUERYCTRL, &old);
	if (rc == 0)
		from_old(out, &old);
	return rc;
}

int vc_control_query(struct vc_device *dev, uint32_t id, struct vc_control *out)
{
	return query(dev, id, out);
}

static int grow(void **items, uint32_t used, size_t size)
{
	void *more;

	/* Room doubles each time that `used` is a power of two. */
	if (used && (used & (used - 1)))
		return 0;
	more = realloc(*items, (used ? 2 * (size_t)used : 1) * size);
	if (!more)
		return -ENOMEM;
	*items = more;
	return 0;
}

static int add_menu_entry(struct vc_control_list *list, const struct v4l2_querymenu *item,
			  uint32_t type)
{
	struct vc_menu_entry *entry;
	int rc;

	rc = grow((void **)&list->menu, list->menu_count, sizeof(*list->menu));
	if (rc < 0)
		return rc;
	entry = &list->menu[list->menu_count++];
	memset(entry, 0, sizeof(*entry));
	entry->index = item->index;
	if (type == V4L2_CTRL_TYPE_INTEGER_MENU)
		entry->value = item->value;
	else
		memcpy(entry->name, item->name, sizeof(item->name));
	return 0;
}

/* Menus have holes, so an entry that cannot be read is simply not there. */
static int read_menu(struct vc_device *dev, struct vc_control_list *list,
		     struct vc_control *control)
{
	int64_t i, first = control->minimum, last = control->maximum;
	int rc;

	control->menu_first = list->menu_count;
	if (control->type != V4L2_CTRL_TYPE_MENU && control->type != V4L2_CTRL_TYPE_INTEGER_MENU)
		return 0;
	if (first < 0 || last < first || last - first >= MAX_MENU)
		return 0;
	for (i = first; i <= last; i++) {
		struct v4l2_querymenu item = {.id = control->id, .index = (uint32_t)i};

		if (vc_ioctl(dev, VIDIOC_QUERYMENU, &item) < 0)
			continue;
		item.index = (uint32_t)i;
		rc = add_menu_entry(list, &item, control->type);
		if (rc < 0)
			return rc;
	}
	control->menu_count = list->menu_count - control->menu_first;
	return 0;
}

static int add_control(struct vc_device *dev, struct vc_control_list *list,
		       const struct vc_control *control)
{
	int rc;

	rc = grow((void **)&list->items, list->count, sizeof(*list->items));
	if (rc < 0)
		return rc;
	list->items[list->count] = *control;
	return read_menu(dev, list, &list->items[list->count++]);
}

/* The first id of the class after the one that `id` is in, 0 after the last. */
static uint32_t next_class(uint32_t id)
{
	static const uint32_t classes[] = {
		V4L2_CTRL_CLASS_USER, V4L2_CTRL_CLASS_CODEC, V4L2_CTRL_CLASS_CAMERA,
		V4L2_CTRL_CLASS_FM_TX, V4L2_CTRL_CLASS_FLASH, V4L2_CTRL_CLASS_JPEG,
		V4L2_CTRL_CLASS_IMAGE_SOURCE, V4L2_CTRL_CLASS_IMAGE_PROC, V4L2_CTRL_CLASS_DV,
		V4L2_CTRL_CLASS_DETECT};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if ((classes[i] | 0x900) > id)
			return (classes[i] | 0x900) - 1;
	}
	return 0;
}

static int is_gone(int rc)
{
	return rc == -ENODEV || rc == -ENXIO || rc == -EBADF || rc == -ECHILD;
}

/*
 * After "the control after `id`" failed, the one that fails has to be found by
 * asking for each id by itself, or it would hide all that come behind it.
 * Records it, and returns where to go on; 0 where there is nothing left.
 */
static uint32_t step_over(struct vc_device *dev, struct vc_control_list *list, uint32_t id,
			  int *error)
{
	struct vc_control control;
	uint32_t tries;
	int rc;

	for (tries = 1; tries <= MAX_RETRIES; tries++) {
		rc = query(dev, id + tries, &control);
		if (rc == -EINVAL)
			continue;
		if (is_gone(rc)) {
			*error = rc;
			return 0;
		}
		if (rc < 0) {
			memset(&control, 0, sizeof(control));
			control.error = rc;
		}
		control.id = id + tries; /* whatever the driver calls it */
		rc = add_control(dev, list, &control);
		if (rc < 0) {
			*error = rc;
			return 0;
		}
		return id + tries;
	}
	return next_class(id + 1); /* more than id, which may be just before a class */
}

static int walk(struct vc_device *dev, struct vc_control_list *list)
{
	const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	struct vc_control control;
	uint32_t id = 0;
	int rc, error = 0;

	while (list->count < MAX_CONTROLS) {
		rc = query(dev, id | next, &control);
		if (rc == -EINVAL || rc == -ENOTTY)
			return 0; /* past the last one; no controls at all */
		if (is_gone(rc))
			return rc;
		if (rc < 0) {
			id = step_over(dev, list, id ? id : V4L2_CID_BASE - 1, &error);
			if (id == 0)
				return error;
			continue;
		}
		if (control.id <= id || control.id > V4L2_CTRL_ID_MASK)
			return 0; /* a driver that runs in circles, or astray */
		id = control.id;
		rc = add_control(dev, list, &control);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int vc_control_walk(struct vc_device *dev, struct vc_control_list **out)
{
	struct vc_control_list *list;
	int rc;

	list = calloc(1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	rc = walk(dev, list);
	if (rc < 0) {
		vc_control_list_free(list);
		return rc;
	}
	*out = list;
	return 0;
}

void vc_control_list_free(struct vc_control_list *list)
{
	if (!list)
		return;
	free(list->items);
	free(list->menu);
	free(list);
}

/* ---- numbers ----------------------------------------------------------- */

static int get_old(struct vc_device *dev, struct vc_value *value)
{
	struct v4l2_control old = {.id = value->id};
	int rc;

	rc = vc_ioctl(dev, VIDIOC_G_CTRL, &old);
	if (rc == 0)
		value->value = old.value;
	return rc;
}

static int set_old(struct vc_device *dev, struct vc_value *value)
{
	struct v4l2_control old = {.id = value->id, .value = (int32_t)value->value};
	int rc;

	rc = vc_ioctl(dev, VIDIOC_S_CTRL, &old);
	if (rc == 0)
		value->value = old.value;
	return rc;
}

/* The oldest interface has nothing to check a value with. */
static int try_old(struct vc_device *dev, struct vc_value *value)
{
	(void)dev;
	(void)value;
	return 0;
}

/* The three things to do with numbers, in the new interface and in the old. */
struct verb {
	unsigned long request;
	int (*old)(struct vc_device *dev, struct vc_value *value);
};

static const struct verb GET = {VIDIOC_G_EXT_CTRLS, get_old};
static const struct verb TRY = {VIDIOC_TRY_EXT_CTRLS, try_old};
static const struct verb SET = {VIDIOC_S_EXT_CTRLS, set_old};

static int is_wide(uint32_t type)
{
	return type == V4L2_CTRL_TYPE_INTEGER64;
}

static int exchange_one_by_one(struct vc_device *dev, const struct verb *verb,
			       struct vc_value *values, uint32_t count, uint32_t *failed)
{
	uint32_t i;
	int rc;

	for (i = 0; i < count; i++) {
		rc = verb->old(dev, &values[i]);
		if (rc < 0) {
			*failed = i;
			return rc;
		}
	}
	return 0;
}

/* *failed: the driver's error_idx, held inside 0 .. count. */
static int exchange_once(struct vc_device *dev, const struct verb *verb, struct vc_value *values,
			 uint32_t count, uint32_t *failed)
{
	struct v4l2_ext_control few[8], *raw = few;
	struct v4l2_ext_controls all = {.which = V4L2_CTRL_WHICH_CUR_VAL, .count = count};
	uint32_t i;
	int rc;

	if (count > sizeof(few) / sizeof(few[0])) {
		raw = malloc(count * sizeof(*raw));
		if (!raw) {
			*failed = count;
			return -ENOMEM;
		}
	}
	memset(raw, 0, count * sizeof(*raw));
	for (i = 0; i < count; i++) {
		raw[i].id = values[i].id;
		if (is_wide(values[i].type))
			raw[i].value64 = values[i].value;
		else
			raw[i].value = (int32_t)values[i].value;
	}
	all.controls = raw;
	all.error_idx = count;

	rc = vc_ioctl(dev, verb->request, &all);
	for (i = 0; rc == 0 && i < count; i++)
		values[i].value = is_wide(values[i].type) ? raw[i].value64 : raw[i].value;
	if (raw != few)
		free(raw);
	if (rc == -ENOTTY)
		return exchange_one_by_one(dev, verb, values, count, failed);
	*failed = all.error_idx < count ? all.error_idx : count;
	return rc;
}

/*
 * A camera on USB loses a request now and then, or stalls one and answers the
 * next.  Who does not answer in time is not asked again.
 */
static int is_passing(int rc)
{
	return rc == -EIO || rc == -EPIPE;
}

/* Whether writing it twice does more than writing it once. */
static int is_push(const struct vc_value *value)
{
	switch (value->id) {
	case V4L2_CID_PAN_RELATIVE:
	case V4L2_CID_TILT_RELATIVE:
	case V4L2_CID_FOCUS_RELATIVE:
	case V4L2_CID_ZOOM_RELATIVE:
	case V4L2_CID_IRIS_RELATIVE:
		return 1;
	default:
		return value->type == V4L2_CTRL_TYPE_BUTTON;
	}
}

static int exchange(struct vc_device *dev, const struct verb *verb, struct vc_value *values,
		    uint32_t count, uint32_t *failed)
{
	uint32_t i;
	int rc;

	rc = exchange_once(dev, verb, values, count, failed);
	if (!is_passing(rc))
		return rc;
	for (i = 0; verb == &SET && i < count; i++) {
		if (is_push(&values[i]))
			return rc;
	}
	return exchange_once(dev, verb, values, count, failed);
}

int vc_control_get(struct vc_device *dev, struct vc_value *values, uint32_t count,
		   uint32_t *failed)
{
	return exchange(dev, &GET, values, count, failed);
}

/*
 * error_idx == count from S_EXT_CTRLS: refused before anything was written, and
 * only TRY_EXT_CTRLS names the culprit.
 */
int vc_control_set(struct vc_device *dev, struct vc_value *values, uint32_t count,
		   uint32_t *failed, uint32_t *applied)
{
	uint32_t ignored;
	int rc;

	rc = exchange(dev, &SET, values, count, failed);
	vc_device_wrote(dev);
	if (rc == 0) {
		*applied = count;
	} else if (*failed < count) {
		*applied = *failed;
	} else {
		*applied = 0;
		if (count == 1)
			*failed = 0;
		else if (exchange(dev, &TRY, values, count, &ignored) < 0)
			*failed = ignored;
	}
	return rc;
}

/* ---- one number, quickly ------------------------------------------------ */

int64_t vc_knob_read(const struct vc_knob *knob)
{
	struct v4l2_ext_control control = {.id = knob->id};
	struct v4l2_ext_controls all = {
		.which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &control};
	struct vc_value value = {.id = knob->id, .type = knob->type};
	uint32_t ignored;
	int rc;

	rc = vc_ioctl(knob->dev, VIDIOC_G_EXT_CTRLS, &all);
	if (rc == 0)
		return control.value;
	if (rc == -ENOTTY)
		rc = get_old(knob->dev, &value);
	if (is_passing(rc))
		rc = exchange_once(knob->dev, &GET, &value, 1, &ignored);
	return rc < 0 ? VC_NO_NUMBER + rc : value.value;
}

int vc_knob_write(const struct vc_knob *knob, int64_t value)
{
	struct vc_value one = {.id = knob->id, .type = knob->type, .value = value};
	uint32_t ignored;
	int rc;

	rc = exchange(knob->dev, &SET, &one, 1, &ignored);
	vc_device_wrote(knob->dev);
	return rc;
}

/* ---- everything that is no number -------------------------------------- */

static int exchange_payload(struct vc_device *dev, unsigned long request, uint32_t which,
			    uint32_t id, void *data, uint32_t size)
{
	struct v4l2_ext_control control = {.id = id, .size = size, .ptr = data};
	struct v4l2_ext_controls all = {.which = which, .count = 1, .controls = &control};

	return vc_ioctl(dev, request, &all);
}

int vc_control_get_payload(struct vc_device *dev, uint32_t which, uint32_t id, void *data,
			   uint32_t size)
{
	return exchange_payload(dev, VIDIOC_G_EXT_CTRLS, which, id, data, size);
}

int vc_control_set_payload(struct vc_device *dev, uint32_t id, const void *data, uint32_t size)
{
	int rc;

	rc = exchange_payload(dev, VIDIOC_S_EXT_CTRLS, V4L2_CTRL_WHICH_CUR_VAL, id, (void *)data,
			      size);
	vc_device_wrote(dev);
	return rc;
}
