/* SPDX-License-Identifier: MIT */
/* From the number of an ioctl to the function that answers it. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static int querycap(struct sim_handle *handle, void *arg)
{
	*(struct v4l2_capability *)arg = handle->sim->capability;
	return 0;
}

/* A camera has one input: what it looks at. */
static int enum_input(struct sim_handle *handle, void *arg)
{
	struct v4l2_input *input = arg;

	(void)handle;
	if (input->index)
		return -EINVAL;
	memset(input, 0, sizeof(*input));
	memcpy(input->name, "Camera 1", sizeof("Camera 1"));
	input->type = V4L2_INPUT_TYPE_CAMERA;
	return 0;
}

static int g_input(struct sim_handle *handle, void *arg)
{
	(void)handle;
	*(int *)arg = 0;
	return 0;
}

static int s_input(struct sim_handle *handle, void *arg)
{
	(void)handle;
	return *(int *)arg ? -EINVAL : 0;
}

#define ROW(request, function) [_IOC_NR(request)] = {request, #request, function, 0}
#define EXT(request, function) [_IOC_NR(request)] = {request, #request, function, 1}

static const struct row {
	unsigned long request;
	const char *name;
	sim_request *answer;
	int is_ext; /* of the newer control interface */
} ROWS[256] = {
	ROW(VIDIOC_QUERYCAP, querycap),
	ROW(VIDIOC_ENUMINPUT, enum_input),
	ROW(VIDIOC_G_INPUT, g_input),
	ROW(VIDIOC_S_INPUT, s_input),

	ROW(VIDIOC_ENUM_FMT, sim_enum_fmt),
	ROW(VIDIOC_ENUM_FRAMESIZES, sim_enum_framesizes),
	ROW(VIDIOC_ENUM_FRAMEINTERVALS, sim_enum_frameintervals),
	ROW(VIDIOC_G_FMT, sim_g_fmt),
	ROW(VIDIOC_S_FMT, sim_s_fmt),
	ROW(VIDIOC_TRY_FMT, sim_try_fmt),
	ROW(VIDIOC_G_PARM, sim_g_parm),
	ROW(VIDIOC_S_PARM, sim_s_parm),

	ROW(VIDIOC_REQBUFS, sim_reqbufs),
	ROW(VIDIOC_QUERYBUF, sim_querybuf),
	ROW(VIDIOC_QBUF, sim_qbuf),
	ROW(VIDIOC_DQBUF, sim_dqbuf),
	ROW(VIDIOC_STREAMON, sim_streamon),
	ROW(VIDIOC_STREAMOFF, sim_streamoff),

	ROW(VIDIOC_QUERYCTRL, sim_queryctrl),
	ROW(VIDIOC_QUERYMENU, sim_querymenu),
	ROW(VIDIOC_G_CTRL, sim_g_ctrl),
	ROW(VIDIOC_S_CTRL, sim_s_ctrl),
	EXT(VIDIOC_QUERY_EXT_CTRL, sim_query_ext_ctrl),
	EXT(VIDIOC_G_EXT_CTRLS, sim_g_ext_ctrls),
	EXT(VIDIOC_S_EXT_CTRLS, sim_s_ext_ctrls),
	EXT(VIDIOC_TRY_EXT_CTRLS, sim_try_ext_ctrls),

	ROW(VIDIOC_SUBSCRIBE_EVENT, sim_subscribe_event),
	ROW(VIDIOC_UNSUBSCRIBE_EVENT, sim_unsubscribe_event),
	ROW(VIDIOC_DQEVENT, sim_dqevent),
};

int sim_dispatch(struct sim_handle *handle, unsigned long request, void *arg)
{
	struct vc_sim *sim = handle->sim;
	const struct row *row = &ROWS[_IOC_NR(request)];
	int64_t error;

	sim->ioctls[_IOC_NR(request)]++;
	if (handle->dead)
		return -ENODEV;
	sim_advance(sim);
	if (handle->dead) /* just now */
		return -ENODEV;
	if (sim->num_faults) {
		if (sim_fault_strikes(sim, SIM_IOCTL_ERROR, (uint32_t)request, EIO, &error))
			return -(int)error;
		if (row->is_ext && sim_fault_is_on(sim, SIM_NO_EXT_CTRLS, 0))
			return -ENOTTY;
	}
	/* The kernel, too, only looks at the lower half. */
	if (!row->answer || (uint32_t)row->request != (uint32_t)request)
		return -ENOTTY;
	return row->answer(handle, arg);
}

unsigned long vc_sim_request(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		if (ROWS[i].name && strcmp(ROWS[i].name, name) == 0)
			return ROWS[i].request;
	}
	return 0;
}
