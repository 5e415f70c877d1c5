/* SPDX-License-Identifier: MIT */
/* What values a control takes: rounding, clamping and refusing as v4l2-ctrls does. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* Bytes of one element; 0 for a type that is not simulated. */
uint32_t sim_elem_size(uint32_t type, int64_t maximum)
{
	switch (type) {
	case V4L2_CTRL_TYPE_INTEGER:
	case V4L2_CTRL_TYPE_BOOLEAN:
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_BUTTON:
	case V4L2_CTRL_TYPE_CTRL_CLASS:
	case V4L2_CTRL_TYPE_BITMASK:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
	case V4L2_CTRL_TYPE_U32:
		return 4;
	case V4L2_CTRL_TYPE_INTEGER64:
		return 8;
	case V4L2_CTRL_TYPE_STRING:
		return maximum >= 0 && maximum < SIM_MAX_PAYLOAD ? (uint32_t)maximum + 1 : 0;
	case V4L2_CTRL_TYPE_U8:
		return 1;
	case V4L2_CTRL_TYPE_U16:
		return 2;
	case V4L2_CTRL_TYPE_AREA:
		return sizeof(struct v4l2_area);
	case V4L2_CTRL_TYPE_RECT:
		return sizeof(struct v4l2_rect);
	default:
		return 0;
	}
}

int sim_menu_has(const struct sim_control *control, int64_t index)
{
	uint32_t i;

	for (i = 0; i < control->num_menu; i++) {
		if (control->menu[i].index == index)
			return 1;
	}
	return 0;
}

/* Into the range, then onto the grid that begins at the minimum. */
static int64_t round_to_range(const struct vc_sim_control *is, int64_t value)
{
	uint64_t step = is->step ? is->step : 1;
	uint64_t range = (uint64_t)is->maximum - (uint64_t)is->minimum;
	uint64_t offset;

	if (is->minimum > is->maximum) /* real cameras say so, too */
		return is->maximum;
	if (value < is->minimum)
		return is->minimum;
	offset = (uint64_t)(value > is->maximum ? is->maximum : value) - (uint64_t)is->minimum;
	offset = offset > range - step / 2 || step / 2 > range ? range : offset + step / 2;
	return (int64_t)((uint64_t)is->minimum + offset / step * step);
}

int sim_value_check(const struct sim_control *control, int64_t *value)
{
	const struct vc_sim_control *is = &control->is;

	switch (is->type) {
	case V4L2_CTRL_TYPE_BOOLEAN:
		*value = !!*value;
		return 0;
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		if (*value < is->minimum || *value > is->maximum)
			return -ERANGE;
		return sim_menu_has(control, *value) ? 0 : -EINVAL;
	case V4L2_CTRL_TYPE_BITMASK:
		*value &= is->maximum;
		return 0;
	case V4L2_CTRL_TYPE_BUTTON:
	case V4L2_CTRL_TYPE_CTRL_CLASS:
		*value = 0;
		return 0;
	default:
		*value = round_to_range(is, *value);
		return 0;
	}
}

/* ---- payloads ---------------------------------------------------------------------- */

static int check_string(const struct sim_control *control, const char *text)
{
	int64_t length = (int64_t)strlen(text);
	int64_t step = control->is.step ? (int64_t)control->is.step : 1;

	if (length < control->is.minimum || (length - control->is.minimum) % step)
		return -ERANGE;
	return 0;
}

static int check_area(const struct v4l2_area *area)
{
	return area->width && area->height ? 0 : -EINVAL;
}

static int32_t between(int64_t value, int64_t low, int64_t high)
{
	return (int32_t)(value > high ? high : value < low ? low : value);
}

/* A rectangle is kept inside the largest one, and no smaller than the smallest. */
static int check_rect(const struct sim_control *control, struct v4l2_rect *rect)
{
	struct v4l2_rect low, high;

	if (!control->has_lowest || !control->has_highest)
		return rect->width && rect->height ? 0 : -EINVAL;
	memcpy(&low, control->lowest, sizeof(low));
	memcpy(&high, control->highest, sizeof(high));
	rect->width = (uint32_t)between(rect->width, low.width, high.width);
	rect->height = (uint32_t)between(rect->height, low.height, high.height);
	rect->left = between(rect->left, high.left,
			     (int64_t)high.left + high.width - rect->width);
	rect->top = between(rect->top, high.top, (int64_t)high.top + high.height - rect->height);
	return 0;
}

int64_t sim_element_load(const struct sim_control *control, const uint8_t *from)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		int32_t s32;
		int64_t s64;
	} as;

	memcpy(&as, from, control->elem_size);
	switch (control->is.type) {
	case V4L2_CTRL_TYPE_U8:
		return as.u8;
	case V4L2_CTRL_TYPE_U16:
		return as.u16;
	case V4L2_CTRL_TYPE_U32:
		return as.u32;
	case V4L2_CTRL_TYPE_INTEGER64:
		return as.s64;
	default:
		return as.s32;
	}
}

void sim_element_store(const struct sim_control *control, int64_t value, uint8_t *to)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;
	const void *from = control->elem_size == 1   ? (const void *)&u8
			   : control->elem_size == 2 ? (const void *)&u16
			   : control->elem_size == 4 ? (const void *)&u32
						     : (const void *)&value;

	memcpy(to, from, control->elem_size);
}

/* Numbers in an array are checked one by one. */
static int check_element(const struct sim_control *control, uint8_t *data)
{
	int64_t value = sim_element_load(control, data);
	int rc;

	rc = sim_value_check(control, &value);
	if (rc == 0)
		sim_element_store(control, value, data);
	return rc;
}

int sim_payload_check(const struct sim_control *control, uint8_t *data)
{
	struct v4l2_rect rect;
	struct v4l2_area area;
	uint32_t i;
	int rc = 0;

	switch (control->is.type) {
	case V4L2_CTRL_TYPE_STRING:
		return check_string(control, (const char *)data);
	case V4L2_CTRL_TYPE_AREA:
		memcpy(&area, data, sizeof(area));
		return check_area(&area);
	case V4L2_CTRL_TYPE_RECT:
		memcpy(&rect, data, sizeof(rect));
		rc = check_rect(control, &rect);
		memcpy(data, &rect, sizeof(rect));
		return rc;
	default:
		for (i = 0; i < control->elems && rc == 0; i++)
			rc = check_element(control, data + (size_t)i * control->elem_size);
		return rc;
	}
}
