/* SPDX-License-Identifier: MIT */
/* A frame: from what the controls say to bytes in a buffer, whole or not. */
#include <string.h>

#include "internal.h"

/* ---- what the controls make of the scene --------------------------------------- */

static int64_t value_of(const struct vc_sim *sim, uint32_t id, int64_t otherwise)
{
	const struct sim_control *c = sim_control_seek(sim, id, NULL);

	return c && !sim_control_is_payload(c) ? c->value : otherwise;
}

/* Where a value is between the ends, the default being 0: -1 .. 1. */
static double around_default(const struct vc_sim *sim, uint32_t id)
{
	const struct sim_control *c = sim_control_seek(sim, id, NULL);
	double from, value;

	if (!c || c->is.maximum <= c->is.minimum)
		return 0;
	from = (double)c->is.default_value;
	value = (double)c->value;
	if (value >= from)
		return c->is.maximum > c->is.default_value
			       ? (value - from) / ((double)c->is.maximum - from)
			       : 0;
	return c->is.default_value > c->is.minimum
		       ? (value - from) / (from - (double)c->is.minimum)
		       : 0;
}

/* Twice as much at the maximum, nothing at the minimum. */
static double factor(const struct vc_sim *sim, uint32_t id)
{
	return 1 + around_default(sim, id);
}

/* How many times the default; 1 where that has no sense. */
static double times_default(const struct vc_sim *sim, uint32_t id)
{
	const struct sim_control *c = sim_control_seek(sim, id, NULL);
	double times;

	if (!c || c->is.default_value <= 0 || c->value <= 0)
		return 1;
	times = (double)c->value / (double)c->is.default_value;
	return times > 64 ? 64 : times;
}

static double limit(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

/* 2 to the power of x, near enough for a test picture. */
static double power_of_two(double x)
{
	double result = 1;

	for (x = limit(x, -8, 8); x >= 1; x--)
		result *= 2;
	for (; x < 0; x++)
		result /= 2;
	return result * (1 + x * (0.6565 + x * 0.3435));
}

static double bias(const struct vc_sim *sim)
{
	const struct sim_control *c = sim_control_seek(sim, V4L2_CID_AUTO_EXPOSURE_BIAS, NULL);
	uint32_t i;

	if (!c)
		return 1;
	for (i = 0; i < c->num_menu; i++) {
		if (c->menu[i].index == c->value)
			return power_of_two((double)c->menu[i].value / 1000);
	}
	return 1;
}

/* Automatic exposure gets it right; by hand, time times gain decides. */
static double exposure(const struct vc_sim *sim)
{
	int64_t mode = value_of(sim, V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL);

	if (mode != V4L2_EXPOSURE_MANUAL && mode != V4L2_EXPOSURE_SHUTTER_PRIORITY)
		return bias(sim);
	return limit(times_default(sim, V4L2_CID_EXPOSURE_ABSOLUTE) *
			     times_default(sim, V4L2_CID_EXPOSURE) *
			     times_default(sim, V4L2_CID_ANALOGUE_GAIN) *
			     limit(factor(sim, V4L2_CID_GAIN), 0.05, 2),
		     0, 64);
}

/* A camera set for bluer light than there is shows everything too red. */
static double warmth(const struct vc_sim *sim)
{
	if (value_of(sim, V4L2_CID_AUTO_WHITE_BALANCE, 0))
		return 1;
	return limit(times_default(sim, V4L2_CID_WHITE_BALANCE_TEMPERATURE), 0.25, 4);
}

static double zoom(const struct vc_sim *sim)
{
	const struct sim_control *c = sim_control_seek(sim, V4L2_CID_ZOOM_ABSOLUTE, NULL);

	if (!c || c->is.maximum <= c->is.minimum)
		return 1;
	if (c->is.minimum > 0)
		return limit((double)c->value / (double)c->is.minimum, 1, 100);
	return limit(1 + 3 * (double)(c->value - c->is.minimum) /
				 (double)(c->is.maximum - c->is.minimum),
		     1, 4);
}

/* In pictures: the lens sees 70 degrees across and 43 up and down. */
static double turn(const struct vc_sim *sim, uint32_t id, double degrees)
{
	return (double)value_of(sim, id, 0) / 3600 / degrees;
}

/* Bhaskara's sine, for -180 .. 180 degrees: a test picture needs no better. */
static double sine(double degrees)
{
	double x = degrees < 0 ? -degrees : degrees;
	double value = 4 * x * (180 - x) / (40500 - x * (180 - x));

	return degrees < 0 ? -value : value;
}

static void look_through(const struct vc_sim *sim, struct sim_view *view)
{
	double hue = 180 * around_default(sim, V4L2_CID_HUE);

	if (value_of(sim, V4L2_CID_HUE_AUTO, 0))
		hue = 0;
	view->exposure = exposure(sim);
	view->red = warmth(sim) * limit(times_default(sim, V4L2_CID_RED_BALANCE), 0.25, 4);
	view->blue = limit(times_default(sim, V4L2_CID_BLUE_BALANCE), 0.25, 4) / warmth(sim);
	view->brightness = around_default(sim, V4L2_CID_BRIGHTNESS) / 2;
	view->contrast = factor(sim, V4L2_CID_CONTRAST);
	view->saturation = factor(sim, V4L2_CID_SATURATION);
	view->hue_sin = sine(hue);
	view->hue_cos = sine(hue < 90 ? hue + 90 : 270 - hue) * (hue < 90 ? 1 : -1);
	view->zoom = zoom(sim);
	view->pan = turn(sim, V4L2_CID_PAN_ABSOLUTE, 70);
	view->tilt = turn(sim, V4L2_CID_TILT_ABSOLUTE, 43);
	view->mirror = value_of(sim, V4L2_CID_HFLIP, 0) != 0;
	view->flip = value_of(sim, V4L2_CID_VFLIP, 0) != 0;
	view->dark = value_of(sim, V4L2_CID_PRIVACY, 0) != 0;
}

static int paint(struct vc_sim *sim)
{
	struct sim_picture *picture;
	struct sim_view view;
	int rc;

	if (!sim->repaint)
		return 0;
	look_through(sim, &view);
	rc = sim_picture_new(sim->current->pix, &sim->format, &view, &picture);
	if (rc < 0)
		return rc;
	sim_picture_free(sim->picture);
	sim->picture = picture;
	sim->repaint = 0;
	return 0;
}

/* ---- what can happen to it on the way ----------------------------------------------- */

static void cut_tables(uint8_t *data, uint32_t *used)
{
	size_t end = sim_jpeg_dht_offset + sim_jpeg_dht_size;

	if (*used < end)
		return;
	memmove(data + sim_jpeg_dht_offset, data + end, *used - end);
	*used -= (uint32_t)sim_jpeg_dht_size;
}

static void pad(uint8_t *data, uint32_t *used, uint32_t room, int64_t bytes)
{
	uint32_t more = room - *used;

	if (bytes < (int64_t)more)
		more = bytes > 0 ? (uint32_t)bytes : 0;
	memset(data + *used, 0, more);
	*used += more;
}

static void spoil_jpeg(struct vc_sim *sim, uint8_t *data, struct sim_buffer *buffer)
{
	uint32_t *used = &buffer->bytesused[0];
	int64_t value;

	if (sim_fault_is_on(sim, SIM_NO_DHT, 0))
		cut_tables(data, used);
	if (sim_fault_strikes(sim, SIM_CORRUPT_JPEG, 0, *used / 2, &value) && value >= 0 &&
	    value < *used)
		*used = (uint32_t)value;
	if (sim_fault_strikes(sim, SIM_PADDED_JPEG, 0, 100, &value))
		pad(data, used, sim->queue.length[0], value);
}

static void spoil(struct vc_sim *sim, uint8_t *data, struct sim_buffer *buffer)
{
	int64_t value;

	if (sim->current->pix->packing == SIM_JPEG)
		spoil_jpeg(sim, data, buffer);
	if (sim_fault_strikes(sim, SIM_SHORT_FRAME, 0, buffer->bytesused[0] / 2, &value) &&
	    value >= 0 && value < buffer->bytesused[0])
		buffer->bytesused[0] = (uint32_t)value;
	if (sim_fault_is_on(sim, SIM_ERROR_FLAG, 0))
		buffer->flags |= V4L2_BUF_FLAG_ERROR;
}

/* ---- the frame ---------------------------------------------------------------------- */

/* What the driver claims to have filled never exceeds its buffer. */
static void draw(struct vc_sim *sim, struct sim_buffer *buffer, uint32_t sequence)
{
	struct sim_queue *queue = &sim->queue;
	uint8_t *planes[VC_MAX_PLANES];
	uint32_t i;

	for (i = 0; i < queue->num_planes; i++)
		planes[i] = sim_memory_start(queue->memory) + buffer->offset[i];
	sim_picture_draw(sim->picture, planes, sequence, &buffer->painted, buffer->bytesused);
	if (sim->num_faults)
		spoil(sim, planes[0], buffer);
}

void sim_queue_produce(struct vc_sim *sim, int64_t when)
{
	struct sim_queue *queue = &sim->queue;
	uint32_t sequence = queue->sequence++, index;
	struct sim_buffer *buffer;

	if (sim_fault_is_on(sim, SIM_DROP, 0) || queue->queued.count == 0)
		return;
	index = sim_fifo_take(&queue->queued);
	buffer = &queue->buffers[index];
	buffer->state = SIM_DONE;
	buffer->sequence = sequence;
	buffer->timestamp_ns = when;
	if (!(sim->quirks & VC_SIM_END_OF_FRAME))
		buffer->timestamp_ns -= sim_interval_ns(sim);
	if (paint(sim) == 0)
		draw(sim, buffer, sequence);
	else
		buffer->flags |= V4L2_BUF_FLAG_ERROR;
	sim_fifo_put(&queue->done, index);
}
