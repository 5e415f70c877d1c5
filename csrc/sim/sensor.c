/* SPDX-License-Identifier: MIT */
/*
 * A raw sensor: its picture has a blank margin, and the sizes of both are its
 * timing.  Source: Documentation/driver-api/media/camera-sensor.rst.
 */
#include <errno.h>

#include "internal.h"

#define SECOND 1000000000
#define MOST_MARGIN 256 /* lines by which an exposure is shorter than a frame */

int sim_sensor_is_late(const struct vc_sim *sim)
{
	return sim->sensor && sim_control_find(sim->sensor, V4L2_CID_EXPOSURE);
}

/* The height that the description is about: that of the first size. */
static int64_t first_height(const struct vc_sim *sim)
{
	return sim->num_formats ? sim->formats[0].sizes[0].range.max_height : 0;
}

/* Lines that cannot be exposed; -1 where the numbers make no sense. */
static int64_t margin(const struct vc_sim *sim, const struct sim_control *exposure,
		      const struct sim_control *vblank)
{
	int64_t lines = first_height(sim) + vblank->was.value - exposure->was.maximum;

	return lines >= 0 && lines <= MOST_MARGIN ? lines : -1;
}

void sim_sensor_update(struct vc_sim *sim)
{
	struct sim_control *exposure, *vblank;
	int64_t margin_lines, longest;

	if (!sim->sensor)
		return;
	exposure = sim_control_find(sim->sensor, V4L2_CID_EXPOSURE);
	vblank = sim_control_find(sim->sensor, V4L2_CID_VBLANK);
	if (!exposure || !vblank)
		return;
	margin_lines = margin(sim, exposure, vblank);
	longest = (int64_t)sim->format.height + vblank->value - margin_lines;
	if (margin_lines < 0 || longest == exposure->is.maximum || longest < exposure->is.minimum)
		return;
	exposure->is.maximum = longest;
	exposure->is.default_value = exposure->was.default_value;
	if (exposure->is.default_value > longest)
		exposure->is.default_value = longest;
	sim_event_control(sim->sensor, NULL, exposure, V4L2_EVENT_CTRL_CH_RANGE);
	if (exposure->value > longest)
		sim_control_change(sim->sensor, exposure, longest);
}

/* All of the sensor's pixels that are used become pixels of the picture. */
int sim_sensor_selection(struct sim_handle *handle, void *arg)
{
	struct v4l2_subdev_selection *to = arg;
	const struct vc_sim *sim = handle->sim;

	if (handle->node != sim->sensor)
		return -ENOTTY;
	if (to->pad || to->which != V4L2_SUBDEV_FORMAT_ACTIVE || to->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	to->r = (struct v4l2_rect){.width = sim->format.width, .height = sim->format.height};
	return 0;
}

int64_t sim_sensor_interval_ns(const struct vc_sim *sim)
{
	int64_t rate, hblank, vblank;
	double pixels;

	if (!sim->sensor)
		return 0;
	rate = sim_control_value(sim->sensor, V4L2_CID_PIXEL_RATE, 0);
	hblank = sim_control_value(sim->sensor, V4L2_CID_HBLANK, -1);
	vblank = sim_control_value(sim->sensor, V4L2_CID_VBLANK, -1);
	if (rate <= 0 || hblank < 0 || vblank < 0)
		return 0;
	pixels = ((double)sim->format.width + (double)hblank) *
		 ((double)sim->format.height + (double)vblank);
	pixels = pixels * SECOND / (double)rate;
	return pixels < 1e15 ? (int64_t)pixels : 0;
}
