/* SPDX-License-Identifier: MIT */
/* The ioctls about the time for one frame. */
#include <errno.h>
#include <string.h>

#include "internal.h"

int sim_enum_frameintervals(struct sim_handle *handle, void *arg)
{
	struct v4l2_frmivalenum *ival = arg;
	const struct sim_format *format = sim_find_format(handle->sim, ival->pixel_format);
	const struct vc_frameinterval *from;
	const struct sim_size *size;

	if (sim_buf_type(handle->sim) == 0)
		return -ENOTTY;
	size = format ? sim_find_size(format, ival->width, ival->height) : NULL;
	if (!size || ival->index >= size->num_intervals)
		return -EINVAL;
	from = &size->intervals[ival->index];
	memset(&ival->stepwise, 0, sizeof(ival->stepwise));
	memset(ival->reserved, 0, sizeof(ival->reserved));
	ival->type = from->type;
	if (from->type == V4L2_FRMIVAL_TYPE_DISCRETE) {
		ival->discrete = from->min;
		return 0;
	}
	ival->stepwise.min = from->min;
	ival->stepwise.max = from->max;
	ival->stepwise.step = from->step;
	return 0;
}

/* The first interval of the size, or none where the driver tells of none. */
void sim_interval_reset(struct vc_sim *sim)
{
	const struct sim_size *size = sim_find_size(sim->current, sim->format.width,
						sim->format.height);

	sim->interval = (struct v4l2_fract){0, 0};
	if (size && size->num_intervals)
		sim->interval = size->intervals[0].min;
}

/* -ENOTTY where the driver knows of no interval. */
static int current_size(struct sim_handle *handle, uint32_t type, const struct sim_size **out)
{
	struct vc_sim *sim = handle->sim;
	const struct sim_size *size;
	int rc;

	rc = sim_check_type(handle, type);
	if (rc)
		return rc;
	size = sim_find_size(sim->current, sim->format.width, sim->format.height);
	if (!size || size->num_intervals == 0)
		return -ENOTTY;
	*out = size;
	return 0;
}

static void answer_parm(const struct vc_sim *sim, struct v4l2_streamparm *parm)
{
	memset(&parm->parm, 0, sizeof(parm->parm));
	parm->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
	parm->parm.capture.timeperframe = sim->interval;
}

int sim_g_parm(struct sim_handle *handle, void *arg)
{
	struct v4l2_streamparm *parm = arg;
	const struct sim_size *size;
	int rc;

	rc = current_size(handle, parm->type, &size);
	if (rc)
		return rc;
	answer_parm(handle->sim, parm);
	return 0;
}

static double seconds(const struct v4l2_fract *t)
{
	return t->denominator ? (double)t->numerator / t->denominator : 0;
}

static struct v4l2_fract nearest_interval(const struct sim_size *size, struct v4l2_fract wanted)
{
	double error, best = -1, want = seconds(&wanted);
	struct v4l2_fract result = size->intervals[0].min;
	uint32_t i;

	for (i = 0; i < size->num_intervals; i++) {
		const struct vc_frameinterval *t = &size->intervals[i];
		struct v4l2_fract take = want < seconds(&t->min)   ? t->min
					 : want > seconds(&t->max) ? t->max
								   : wanted;

		error = want - seconds(&take);
		error = error < 0 ? -error : error;
		if (best < 0 || error < best) {
			best = error;
			result = take;
		}
	}
	return result;
}

int sim_s_parm(struct sim_handle *handle, void *arg)
{
	struct v4l2_streamparm *parm = arg;
	struct vc_sim *sim = handle->sim;
	const struct sim_size *size;
	int rc;

	rc = current_size(handle, parm->type, &size);
	if (rc)
		return rc;
	if (sim->queue.streaming)
		return -EBUSY;
	if (seconds(&parm->parm.capture.timeperframe) > 0)
		sim->interval = nearest_interval(size, parm->parm.capture.timeperframe);
	else
		sim_interval_reset(sim);
	answer_parm(sim, parm);
	return 0;
}
