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

/* Where an ioctl works: a row is of one of these. */
enum place {
	ON_VIDEO,
	ON_BOTH, /* video nodes and subdevices: controls and events */
	ON_BOTH_EXT, /* the newer control interface */
};

#define ROW(request, function) [_IOC_NR(request)] = {request, #request, function, ON_VIDEO}
#define BOTH(request, function) [_IOC_NR(request)] = {request, #request, function, ON_BOTH}
#define EXT(request, function) [_IOC_NR(request)] = {request, #request, function, ON_BOTH_EXT}

struct row {
	unsigned long request;
	const char *name;
	sim_request *answer;
	enum place place;
};

static const struct row ROWS[256] = {
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

	BOTH(VIDIOC_QUERYCTRL, sim_queryctrl),
	BOTH(VIDIOC_QUERYMENU, sim_querymenu),
	BOTH(VIDIOC_G_CTRL, sim_g_ctrl),
	BOTH(VIDIOC_S_CTRL, sim_s_ctrl),
	EXT(VIDIOC_QUERY_EXT_CTRL, sim_query_ext_ctrl),
	EXT(VIDIOC_G_EXT_CTRLS, sim_g_ext_ctrls),
	EXT(VIDIOC_S_EXT_CTRLS, sim_s_ext_ctrls),
	EXT(VIDIOC_TRY_EXT_CTRLS, sim_try_ext_ctrls),

	BOTH(VIDIOC_SUBSCRIBE_EVENT, sim_subscribe_event),
	BOTH(VIDIOC_UNSUBSCRIBE_EVENT, sim_unsubscribe_event),
	BOTH(VIDIOC_DQEVENT, sim_dqevent),
};

static const struct row OF_SUBDEVICES[] = {
	{VIDIOC_SUBDEV_G_SELECTION, "VIDIOC_SUBDEV_G_SELECTION", sim_sensor_selection, ON_BOTH},
};

static const struct row OF_MEDIA[] = {
	{MEDIA_IOC_DEVICE_INFO, "MEDIA_IOC_DEVICE_INFO", sim_media_info, ON_BOTH},
	{MEDIA_IOC_G_TOPOLOGY, "MEDIA_IOC_G_TOPOLOGY", sim_media_topology, ON_BOTH},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The kernel, too, only looks at the lower half. */
static int is_same(const struct row *row, unsigned long request)
{
	return row->answer && (uint32_t)row->request == (uint32_t)request;
}

static const struct row *find_row(const struct sim_handle *handle, unsigned long request)
{
	const struct row *row = &ROWS[_IOC_NR(request)];
	size_t i;

	for (i = 0; handle->kind == VC_MEDIA && i < COUNT(OF_MEDIA); i++) {
		if (is_same(&OF_MEDIA[i], request))
			return &OF_MEDIA[i];
	}
	for (i = 0; handle->kind == VC_SUBDEVICE && i < COUNT(OF_SUBDEVICES); i++) {
		if (is_same(&OF_SUBDEVICES[i], request))
			return &OF_SUBDEVICES[i];
	}
	if (handle->kind == VC_MEDIA || !is_same(row, request))
		return NULL;
	return handle->kind == VC_VIDEO || row->place != ON_VIDEO ? row : NULL;
}

int sim_dispatch(struct sim_handle *handle, unsigned long request, void *arg)
{
	const struct row *row = find_row(handle, request);
	struct vc_sim *sim = handle->sim;
	int64_t error;

	sim->ioctls[handle->kind][_IOC_NR(request)]++;
	if (handle->dead)
		return -ENODEV;
	sim_advance(sim);
	if (handle->dead) /* just now */
		return -ENODEV;
	if (sim->num_faults) {
		if (sim_fault_strikes(sim, SIM_IOCTL_ERROR, (uint32_t)request, EIO, &error))
			return -(int)error;
		if (row && row->place == ON_BOTH_EXT && sim_fault_is_on(sim, SIM_NO_EXT_CTRLS, 0))
			return -ENOTTY;
	}
	return row ? row->answer(handle, arg) : -ENOTTY;
}

static unsigned long find_name(const struct row *rows, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (rows[i].name && strcmp(rows[i].name, name) == 0)
			return rows[i].request;
	}
	return 0;
}

unsigned long vc_sim_request(const char *name)
{
	unsigned long request = find_name(ROWS, COUNT(ROWS), name);

	if (!request)
		request = find_name(OF_SUBDEVICES, COUNT(OF_SUBDEVICES), name);
	return request ? request : find_name(OF_MEDIA, COUNT(OF_MEDIA), name);
}
