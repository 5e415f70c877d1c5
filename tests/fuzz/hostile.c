/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/v4l2-subdev.h>
#include <linux/videodev2.h>

#include "hostile.h"

#define MAX_MAPPINGS 4096
#define LONGEST 0x400 /* of a buffer: all of it is read again and again */

struct hostile hostile;

static struct {
	void *start;
	size_t length;
} mappings[MAX_MAPPINGS];

static const int ERRORS[] = {EINTR, EAGAIN, EINVAL, ENOTTY, ENODEV, EBUSY, EIO,	   ENOSPC,
			     ENXIO, ERANGE, EACCES, ENOENT, EPIPE,  EPERM, EPROTO, ENOBUFS};

/* ---- plausible answers ---------------------------------------------------------- */

static void answer_capability(struct input *in, struct v4l2_capability *to)
{
	static const uint32_t KINDS[] = {V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE,
					 V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_CAPTURE, 0};
	uint8_t how = take8(in);

	memset(to->driver, how, sizeof(to->driver));
	to->device_caps = KINDS[how % 4] | V4L2_CAP_STREAMING;
	to->capabilities = to->device_caps | (how & 8 ? 0 : V4L2_CAP_DEVICE_CAPS);
}

static void answer_size(struct input *in, struct v4l2_frmsizeenum *to)
{
	to->type = take8(in) % 5;
	to->stepwise.min_width = take16(in);
	to->stepwise.max_width = take16(in);
	to->stepwise.step_width = take8(in);
	to->stepwise.min_height = take16(in);
	to->stepwise.max_height = take16(in);
}

static void answer_interval(struct input *in, struct v4l2_frmivalenum *to)
{
	to->type = take8(in) % 5;
	to->discrete.numerator = take8(in);
	to->discrete.denominator = take8(in);
}

static void answer_format(struct input *in, struct v4l2_format *to)
{
	struct v4l2_pix_format_mplane *mp = &to->fmt.pix_mp;
	struct v4l2_pix_format *pix = &to->fmt.pix;
	uint8_t i, planes = take8(in);

	if (to->type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		pix->width = 1 + take8(in);
		pix->height = 1 + take8(in);
		pix->sizeimage = take16(in);
		pix->priv = planes & 1 ? V4L2_PIX_FMT_PRIV_MAGIC : 0;
		return;
	}
	mp->width = 1 + take8(in);
	mp->height = 1 + take8(in);
	mp->num_planes = planes & 0x80 ? planes : 1 + planes % VC_MAX_PLANES;
	for (i = 0; i < VC_MAX_PLANES; i++)
		mp->plane_fmt[i].sizeimage = take8(in);
}

static void answer_parm(struct input *in, struct v4l2_streamparm *to)
{
	to->parm.capture.capability = take8(in) & 7 ? V4L2_CAP_TIMEPERFRAME : 0;
	to->parm.capture.timeperframe.numerator = take8(in);
	to->parm.capture.timeperframe.denominator = take8(in);
}

/* What a driver may write in is what the core gave it room for. */
static uint32_t count_planes(const struct v4l2_buffer *buf)
{
	EXPECT(buf->length <= VC_MAX_PLANES);
	return V4L2_TYPE_IS_MULTIPLANAR(buf->type) ? buf->length : 0;
}

static void answer_querybuf(struct input *in, struct v4l2_buffer *to)
{
	uint32_t i, planes = count_planes(to);

	for (i = 0; i < planes; i++) {
		to->m.planes[i].length = take16(in) % LONGEST;
		to->m.planes[i].m.mem_offset = take8(in) * 4096u;
	}
	if (planes)
		return;
	to->length = take16(in) % LONGEST;
	to->m.offset = take8(in) * 4096u;
}

static uint32_t find_queued(uint32_t from)
{
	uint32_t i, index;

	for (i = 0; hostile.view && i < VC_MAX_BUFFERS; i++) {
		index = (from + i) % VC_MAX_BUFFERS;
		if (hostile.view->owner[index] == DRIVER)
			return index;
	}
	return from;
}

static void answer_dqbuf(struct input *in, struct v4l2_buffer *to)
{
	uint8_t how = take8(in);
	uint32_t i, planes = count_planes(to);

	to->index = how & 0x80 ? take8(in) : find_queued(how % VC_MAX_BUFFERS);
	to->bytesused = how & 0x40 ? take32(in) : take16(in) % LONGEST;
	to->sequence = take8(in);
	to->flags = how & 0x20 ? take32(in) : V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	to->timestamp.tv_sec = take_number(in);
	to->timestamp.tv_usec = take_number(in);
	for (i = 0; i < planes; i++) {
		to->m.planes[i].bytesused = how & 0x40 ? take32(in) : take16(in) % LONGEST;
		to->m.planes[i].data_offset = how & 0x40 ? take32(in) : take8(in) % 16;
	}
}

static void answer_query_ext(struct input *in, struct v4l2_query_ext_ctrl *to)
{
	const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;

	if (to->id & next)
		to->id = (to->id & ~next) + take8(in);
	to->type = take8(in);
	to->minimum = take_number(in);
	to->maximum = take_number(in);
	to->step = (uint64_t)take_number(in);
	to->flags = take8(in);
	to->elem_size = take8(in);
	to->elems = take8(in);
	to->nr_of_dims = take8(in);
	memset(to->name, 'n', take8(in) % (sizeof(to->name) + 1));
}

static void answer_query_old(struct input *in, struct v4l2_queryctrl *to)
{
	to->id = (to->id & ~V4L2_CTRL_FLAG_NEXT_CTRL) + take8(in);
	to->type = take8(in) % 10;
	to->minimum = (int32_t)take_number(in);
	to->maximum = (int32_t)take_number(in);
	to->step = (int32_t)take_number(in);
	memset(to->name, 'n', take8(in) % (sizeof(to->name) + 1));
}

static void answer_menu(struct input *in, struct v4l2_querymenu *to)
{
	take_bytes(in, to->name, take8(in) % (sizeof(to->name) + 1));
}

static void answer_controls(struct input *in, struct v4l2_ext_controls *to)
{
	uint32_t i;

	for (i = 0; i < to->count; i++) {
		if (to->controls[i].size)
			memset(to->controls[i].ptr, take8(in), to->controls[i].size);
		else
			to->controls[i].value64 = take_number(in);
	}
	to->error_idx = take8(in);
}

static void answer_event(struct input *in, struct v4l2_event *to)
{
	to->type = take8(in) % 8;
	to->id = take16(in);
	to->timestamp.tv_sec = take_number(in);
	to->timestamp.tv_nsec = take_number(in);
	to->u.ctrl.changes = take8(in);
	to->u.ctrl.type = take8(in);
	to->u.ctrl.value64 = take_number(in);
}

/* How many there are; seldom more than the core takes. */
static uint32_t take_count(struct input *in)
{
	uint8_t how = take8(in);

	return how < 0xf0 ? how % 12 : take16(in);
}

/* The core has room for as many as it was told there are, and not one more. */
static uint32_t take_fewer(struct input *in, uint32_t room)
{
	uint8_t how = take8(in);

	return how < 0xe0 || !room ? room : how % room;
}

#define PADS 0x20u
#define INTERFACES 0x40u

/* The number of an object of a kind, mostly of one that is there. */
static uint32_t take_object(struct input *in, uint32_t first, uint32_t count)
{
	uint8_t which = take8(in);

	return which >= 0xf0 ? which : first + which % (count + 1);
}

static void answer_link(struct input *in, const struct media_v2_topology *t,
			struct media_v2_link *to)
{
	uint8_t how = take8(in);

	to->flags = how % 2 ? MEDIA_LNK_FL_ENABLED : 0;
	switch (how / 2 % 4) {
	case 0:
		to->flags |= MEDIA_LNK_FL_INTERFACE_LINK;
		to->source_id = take_object(in, INTERFACES, t->num_interfaces);
		to->sink_id = take_object(in, 0, t->num_entities);
		return;
	case 1:
		to->flags |= MEDIA_LNK_FL_ANCILLARY_LINK;
		to->source_id = take_object(in, 0, t->num_entities);
		to->sink_id = take_object(in, 0, t->num_entities);
		return;
	default:
		to->flags |= how < 0xf0 ? 0 : take32(in);
		to->source_id = take_object(in, PADS, t->num_pads);
		to->sink_id = take_object(in, PADS, t->num_pads);
	}
}

static void answer_objects(struct input *in, const struct media_v2_topology *to)
{
	static const uint32_t FUNCTIONS[] = {MEDIA_ENT_F_CAM_SENSOR, MEDIA_ENT_F_LENS,
					     MEDIA_ENT_F_FLASH, MEDIA_ENT_F_IO_V4L};
	struct media_v2_interface *interfaces = (void *)(uintptr_t)to->ptr_interfaces;
	struct media_v2_entity *entities = (void *)(uintptr_t)to->ptr_entities;
	struct media_v2_link *links = (void *)(uintptr_t)to->ptr_links;
	struct media_v2_pad *pads = (void *)(uintptr_t)to->ptr_pads;
	uint32_t i;

	for (i = 0; i < to->num_entities; i++) {
		entities[i].id = i;
		entities[i].function = FUNCTIONS[take8(in) % 4];
		memset(entities[i].name, 'n', sizeof(entities[i].name));
	}
	for (i = 0; i < to->num_interfaces; i++) {
		interfaces[i].id = INTERFACES + i;
		interfaces[i].intf_type = i % 2 ? MEDIA_INTF_T_V4L_SUBDEV : MEDIA_INTF_T_V4L_VIDEO;
		interfaces[i].devnode.major = 81;
		interfaces[i].devnode.minor = i;
	}
	for (i = 0; i < to->num_pads; i++) {
		pads[i].id = PADS + i;
		pads[i].entity_id = take_object(in, 0, to->num_entities);
	}
	for (i = 0; i < to->num_links; i++)
		answer_link(in, to, &links[i]);
}

static void answer_topology(struct input *in, struct media_v2_topology *to)
{
	if (to->ptr_entities) {
		to->num_entities = take_fewer(in, to->num_entities);
		to->num_interfaces = take_fewer(in, to->num_interfaces);
		to->num_pads = take_fewer(in, to->num_pads);
		to->num_links = take_fewer(in, to->num_links);
		answer_objects(in, to);
		return;
	}
	to->num_entities = take_count(in);
	to->num_interfaces = take_count(in);
	to->num_pads = take_count(in);
	to->num_links = take_count(in);
}

static void answer_selection(struct input *in, struct v4l2_subdev_selection *to)
{
	to->r.width = (uint32_t)take_number(in);
	to->r.height = (uint32_t)take_number(in);
}

static void answer(struct input *in, unsigned long request, void *arg)
{
	switch (request) {
	case VIDIOC_QUERYCAP:
		return answer_capability(in, arg);
	case VIDIOC_ENUM_FMT:
		((struct v4l2_fmtdesc *)arg)->pixelformat = take32(in);
		return;
	case VIDIOC_ENUM_FRAMESIZES:
		return answer_size(in, arg);
	case VIDIOC_ENUM_FRAMEINTERVALS:
		return answer_interval(in, arg);
	case VIDIOC_G_FMT:
	case VIDIOC_S_FMT:
	case VIDIOC_TRY_FMT:
		return answer_format(in, arg);
	case VIDIOC_G_PARM:
	case VIDIOC_S_PARM:
		return answer_parm(in, arg);
	case VIDIOC_QUERYBUF:
		return answer_querybuf(in, arg);
	case VIDIOC_DQBUF:
		return answer_dqbuf(in, arg);
	case VIDIOC_QUERY_EXT_CTRL:
		return answer_query_ext(in, arg);
	case VIDIOC_QUERYCTRL:
		return answer_query_old(in, arg);
	case VIDIOC_QUERYMENU:
		return answer_menu(in, arg);
	case VIDIOC_G_EXT_CTRLS:
	case VIDIOC_S_EXT_CTRLS:
	case VIDIOC_TRY_EXT_CTRLS:
		return answer_controls(in, arg);
	case VIDIOC_DQEVENT:
		return answer_event(in, arg);
	case VIDIOC_G_CTRL:
	case VIDIOC_S_CTRL:
		((struct v4l2_control *)arg)->value = (int32_t)take_number(in);
		return;
	case VIDIOC_SUBDEV_G_SELECTION:
		return answer_selection(in, arg);
	case MEDIA_IOC_DEVICE_INFO:
		return take_bytes(in, ((struct media_device_info *)arg)->driver, take8(in) % 17);
	case MEDIA_IOC_G_TOPOLOGY:
		return answer_topology(in, arg);
	default: /* as it is */
		return;
	}
}

/* ---- implausible ones ----------------------------------------------------------- */

static int is_buffer(unsigned long request)
{
	return request == VIDIOC_QUERYBUF || request == VIDIOC_QBUF || request == VIDIOC_DQBUF;
}

static int is_ext_ctrls(unsigned long request)
{
	return request == VIDIOC_G_EXT_CTRLS || request == VIDIOC_S_EXT_CTRLS ||
	       request == VIDIOC_TRY_EXT_CTRLS;
}

/* Some bytes of the struct become others.  The kernel keeps pointers as they are. */
static void distort(struct input *in, unsigned long request, void *arg)
{
	struct v4l2_ext_controls ext;
	struct v4l2_buffer buf;
	uint8_t size = (uint8_t)(1 + take8(in) % 16);
	size_t room = _IOC_SIZE(request), at = take8(in);

	if (at + size > room)
		at = room > size ? room - size : 0;
	if (size > room)
		return;
	if (is_buffer(request))
		memcpy(&buf, arg, sizeof(buf));
	if (is_ext_ctrls(request))
		memcpy(&ext, arg, sizeof(ext));
	take_bytes(in, (uint8_t *)arg + at, size);
	if (is_buffer(request) && V4L2_TYPE_IS_MULTIPLANAR(buf.type))
		((struct v4l2_buffer *)arg)->m = buf.m;
	if (is_ext_ctrls(request)) {
		((struct v4l2_ext_controls *)arg)->controls = ext.controls;
		((struct v4l2_ext_controls *)arg)->count = ext.count;
	}
}

/* ---- what the core did ---------------------------------------------------------- */

static void stop(struct view *view)
{
	uint32_t i;

	for (i = 0; i < VC_MAX_BUFFERS; i++) {
		if (view->owner[i] != CALLER)
			view->owner[i] = CORE;
	}
}

/* Before the answer: what must never be asked. */
static void check_request(unsigned long request, const void *arg)
{
	const struct v4l2_buffer *buf = arg;

	if (request != VIDIOC_QBUF)
		return;
	EXPECT(hostile.view && buf->index < VC_MAX_BUFFERS);
	EXPECT(hostile.view->owner[buf->index] != CALLER); /* a frame that is alive */
	EXPECT(hostile.view->owner[buf->index] != DRIVER); /* twice */
}

/* After it: who has the buffers now.  A STREAMOFF that fails counts all the same. */
static void note_answer(unsigned long request, const void *arg, uint32_t queued, int rc)
{
	const struct v4l2_buffer *buf = arg;
	struct view *view = hostile.view;

	if (request == VIDIOC_STREAMOFF && view)
		stop(view);
	if (rc != 0 || !view)
		return;
	if (request == VIDIOC_QBUF)
		view->owner[queued] = DRIVER;
	if (request == VIDIOC_DQBUF && buf->index < VC_MAX_BUFFERS &&
	    view->owner[buf->index] == DRIVER)
		view->owner[buf->index] = FILLED;
}

/* ---- the table ------------------------------------------------------------------ */

static int hostile_open(const char *path, uint32_t kind, void *camera, void **node)
{
	(void)path;
	(void)kind;
	(void)camera;
	if (take8(hostile.in) == 0xff)
		return -ENODEV;
	*node = make_exact(1);
	hostile.opened++;
	return 0;
}

static void hostile_close(void *node)
{
	hostile.closed++;
	free(node);
}

static int hostile_ioctl(void *node, unsigned long request, void *arg)
{
	uint8_t how = take8(hostile.in);
	uint32_t queued = request == VIDIOC_QBUF ? ((struct v4l2_buffer *)arg)->index : 0;
	int rc = 0;

	read_all(node, 1); /* open? */
	check_request(request, arg);
	if ((how & 0x70) == 0x70)
		rc = how & 0x80 ? 1 : -ERRORS[how & 0x0f];
	/* The kernel gives the structs of failed calls back only for controls. */
	if (rc >= 0 || is_ext_ctrls(request)) {
		answer(hostile.in, request, arg);
		if ((how & 0x0c) == 0x0c)
			distort(hostile.in, request, arg);
	}
	note_answer(request, arg, queued, rc);
	return rc;
}

/* Memory of exactly the length, as a driver would never have it. */
static int hostile_map(void *node, size_t length, uint32_t offset, void **start)
{
	static const uint8_t SOI[] = {0xff, 0xd8, 0xff}, EOI[] = {0xff, 0xd9};
	uint8_t how = take8(hostile.in);
	uint8_t *memory;
	uint32_t i;

	(void)offset;
	read_all(node, 1);
	EXPECT(length > 0);
	if (how == 0xff || length > 16 * LONGEST)
		return -ENOMEM;
	for (i = 0; i < MAX_MAPPINGS && mappings[i].start; i++)
		;
	if (i == MAX_MAPPINGS)
		return -ENOMEM;
	memory = make_exact(length);
	memset(memory, how, length);
	if (how & 2)
		take_bytes(hostile.in, memory, take8(hostile.in) % (length + 1));
	if (how & 1 && length >= sizeof(SOI) + sizeof(EOI)) {
		memcpy(memory, SOI, sizeof(SOI));
		memcpy(memory + length - sizeof(EOI), EOI, sizeof(EOI));
	}
	mappings[i].start = memory;
	mappings[i].length = length;
	hostile.mapped++;
	*start = memory;
	return 0;
}

static void hostile_unmap(void *start, size_t length)
{
	uint32_t i;

	for (i = 0; i < MAX_MAPPINGS && mappings[i].start != start; i++)
		;
	EXPECT(i < MAX_MAPPINGS && mappings[i].length == length);
	mappings[i].start = NULL;
	hostile.mapped--;
	free(start);
}

static int hostile_watch(void *node, int epfd, int op, uint32_t events)
{
	uint8_t how = take8(hostile.in);

	(void)epfd;
	(void)op;
	(void)events;
	read_all(node, 1);
	return how >= 0xf0 ? -ERRORS[how & 0x0f] : 0;
}

/* The clock is no driver's: it may jump, but begins with zero. */
static int64_t hostile_now(void *node)
{
	read_all(node, 1);
	return take_number(hostile.in) & INT64_MAX;
}

const struct vc_ops hostile_ops = {
	.open = hostile_open,
	.close = hostile_close,
	.ioctl = hostile_ioctl,
	.map = hostile_map,
	.unmap = hostile_unmap,
	.watch = hostile_watch,
	.now = hostile_now,
};
