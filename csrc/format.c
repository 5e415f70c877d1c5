/* SPDX-License-Identifier: MIT */
/*
 * Formats, sizes and intervals.  The single- and the multi-planar API say the
 * same in two structs; struct vc_format is both.
 */
#include <errno.h>
#include <string.h>

#include "vc.h"

/* A picture side or a buffer beyond these is a driver's mistake, not a camera. */
#define MAX_SIDE 65536u
#define MAX_SIZEIMAGE 0x7fffffffu

static int buf_type(struct vc_device *dev, uint32_t *out)
{
	*out = vc_device_capability(dev)->buf_type;
	return *out ? 0 : -ENOTTY;
}

int vc_format_enum(struct vc_device *dev, uint32_t n, struct vc_fmtdesc *out)
{
	struct v4l2_fmtdesc desc = {.index = n};
	int rc;

	rc = buf_type(dev, &desc.type);
	if (rc < 0)
		return rc;
	rc = vc_ioctl(dev, VIDIOC_ENUM_FMT, &desc);
	if (rc < 0)
		return rc;

	memset(out, 0, sizeof(*out));
	out->pixelformat = desc.pixelformat;
	out->flags = desc.flags;
	memcpy(out->description, desc.description, sizeof(desc.description));
	return 0;
}

static int check_range(uint32_t min, uint32_t max)
{
	return min > 0 && min <= max && max <= MAX_SIDE ? 0 : -EPROTO;
}

int vc_format_enum_size(struct vc_device *dev, uint32_t pixelformat, uint32_t n,
			struct vc_framesize *out)
{
	struct v4l2_frmsizeenum size = {.index = n, .pixel_format = pixelformat};
	struct vc_framesize to;
	int rc;

	rc = vc_ioctl(dev, VIDIOC_ENUM_FRAMESIZES, &size);
	if (rc < 0)
		return rc;

	to.type = size.type;
	switch (size.type) {
	case V4L2_FRMSIZE_TYPE_DISCRETE:
		to.min_width = to.max_width = size.discrete.width;
		to.min_height = to.max_height = size.discrete.height;
		to.step_width = to.step_height = 0;
		break;
	case V4L2_FRMSIZE_TYPE_STEPWISE:
	case V4L2_FRMSIZE_TYPE_CONTINUOUS:
		to.min_width = size.stepwise.min_width;
		to.max_width = size.stepwise.max_width;
		to.step_width = size.stepwise.step_width ? size.stepwise.step_width : 1;
		to.min_height = size.stepwise.min_height;
		to.max_height = size.stepwise.max_height;
		to.step_height = size.stepwise.step_height ? size.stepwise.step_height : 1;
		break;
	default:
		return -EPROTO;
	}
	if (check_range(to.min_width, to.max_width) < 0 ||
	    check_range(to.min_height, to.max_height) < 0)
		return -EPROTO;
	*out = to;
	return 0;
}

int vc_format_enum_interval(struct vc_device *dev, uint32_t pixelformat, uint32_t width,
			    uint32_t height, uint32_t n, struct vc_frameinterval *out)
{
	struct v4l2_frmivalenum ival = {
		.index = n, .pixel_format = pixelformat, .width = width, .height = height};
	int rc;

	rc = vc_ioctl(dev, VIDIOC_ENUM_FRAMEINTERVALS, &ival);
	if (rc < 0)
		return rc;

	switch (ival.type) {
	case V4L2_FRMIVAL_TYPE_DISCRETE:
		out->min = out->max = ival.discrete;
		out->step = (struct v4l2_fract){0, 1};
		break;
	case V4L2_FRMIVAL_TYPE_STEPWISE:
	case V4L2_FRMIVAL_TYPE_CONTINUOUS:
		out->min = ival.stepwise.min;
		out->max = ival.stepwise.max;
		out->step = ival.stepwise.step;
		break;
	default:
		return -EPROTO;
	}
	out->type = ival.type;
	return 0;
}

static void from_single(struct vc_format *to, const struct v4l2_pix_format *from)
{
	to->width = from->width;
	to->height = from->height;
	to->pixelformat = from->pixelformat;
	to->field = from->field;
	to->colorspace = from->colorspace;
	/* The fields after `priv` only mean something when it has this value. */
	if (from->priv == V4L2_PIX_FMT_PRIV_MAGIC) {
		to->ycbcr_enc = from->ycbcr_enc;
		to->quantization = from->quantization;
		to->xfer_func = from->xfer_func;
	}
	to->num_planes = 1;
	to->sizeimage[0] = from->sizeimage;
	to->bytesperline[0] = from->bytesperline;
}

static void from_multi(struct vc_format *to, const struct v4l2_pix_format_mplane *from)
{
	uint32_t i;

	to->width = from->width;
	to->height = from->height;
	to->pixelformat = from->pixelformat;
	to->field = from->field;
	to->colorspace = from->colorspace;
	to->ycbcr_enc = from->ycbcr_enc;
	to->quantization = from->quantization;
	to->xfer_func = from->xfer_func;
	to->num_planes = from->num_planes;
	for (i = 0; i < to->num_planes && i < VC_MAX_PLANES; i++) {
		to->sizeimage[i] = from->plane_fmt[i].sizeimage;
		to->bytesperline[i] = from->plane_fmt[i].bytesperline;
	}
}

static void to_single(struct v4l2_pix_format *to, const struct vc_format *from)
{
	to->width = from->width;
	to->height = from->height;
	to->pixelformat = from->pixelformat;
	to->field = from->field;
	to->colorspace = from->colorspace;
	to->priv = V4L2_PIX_FMT_PRIV_MAGIC;
	to->ycbcr_enc = from->ycbcr_enc;
	to->quantization = from->quantization;
	to->xfer_func = from->xfer_func;
	to->bytesperline = from->bytesperline[0];
}

static void to_multi(struct v4l2_pix_format_mplane *to, const struct vc_format *from)
{
	to->width = from->width;
	to->height = from->height;
	to->pixelformat = from->pixelformat;
	to->field = from->field;
	to->colorspace = from->colorspace;
	to->ycbcr_enc = from->ycbcr_enc;
	to->quantization = from->quantization;
	to->xfer_func = from->xfer_func;
}

static int check_format(const struct vc_format *format)
{
	uint32_t i;

	if (check_range(1, format->width) < 0 || check_range(1, format->height) < 0)
		return -EPROTO;
	if (format->num_planes < 1 || format->num_planes > VC_MAX_PLANES)
		return -EPROTO;
	for (i = 0; i < format->num_planes; i++) {
		if (format->sizeimage[i] > MAX_SIZEIMAGE ||
		    format->bytesperline[i] > MAX_SIZEIMAGE)
			return -EPROTO;
	}
	return 0;
}

static int exchange_format(struct vc_device *dev, unsigned long request, struct vc_format *format)
{
	struct v4l2_format raw;
	struct vc_format answer;
	int rc;

	memset(&raw, 0, sizeof(raw));
	memset(&answer, 0, sizeof(answer));
	rc = buf_type(dev, &raw.type);
	if (rc < 0)
		return rc;
	if (raw.type == V4L2_BUF_TYPE_VIDEO_CAPTURE)
		to_single(&raw.fmt.pix, format);
	else
		to_multi(&raw.fmt.pix_mp, format);

	rc = vc_ioctl(dev, request, &raw);
	if (rc < 0)
		return rc;

	if (raw.type == V4L2_BUF_TYPE_VIDEO_CAPTURE)
		from_single(&answer, &raw.fmt.pix);
	else
		from_multi(&answer, &raw.fmt.pix_mp);
	rc = check_format(&answer);
	if (rc < 0)
		return rc;
	*format = answer;
	return 0;
}

int vc_format_get(struct vc_device *dev, struct vc_format *out)
{
	struct vc_format format;
	int rc;

	memset(&format, 0, sizeof(format));
	rc = exchange_format(dev, VIDIOC_G_FMT, &format);
	if (rc < 0)
		return rc;
	*out = format;
	return 0;
}

int vc_format_try(struct vc_device *dev, struct vc_format *format)
{
	return exchange_format(dev, VIDIOC_TRY_FMT, format);
}

int vc_format_set(struct vc_device *dev, struct vc_format *format)
{
	return exchange_format(dev, VIDIOC_S_FMT, format);
}

/* The interval as it was wanted becomes what the driver has, or took. */
static int exchange_interval(struct vc_device *dev, unsigned long request,
			     struct v4l2_fract *interval)
{
	struct v4l2_streamparm parm;
	struct v4l2_fract t;
	int rc;

	memset(&parm, 0, sizeof(parm));
	rc = buf_type(dev, &parm.type);
	if (rc < 0)
		return rc;
	parm.parm.capture.timeperframe = *interval;
	rc = vc_ioctl(dev, request, &parm);
	if (rc < 0)
		return rc;
	if (!(parm.parm.capture.capability & V4L2_CAP_TIMEPERFRAME))
		return -ENOTTY;
	t = parm.parm.capture.timeperframe;
	*interval = t.numerator && t.denominator ? t : (struct v4l2_fract){0, 1};
	return 0;
}

int vc_interval_get(struct vc_device *dev, struct v4l2_fract *out)
{
	struct v4l2_fract interval = {0, 0};
	int rc;

	rc = exchange_interval(dev, VIDIOC_G_PARM, &interval);
	if (rc < 0)
		return rc;
	*out = interval;
	return 0;
}

int vc_interval_set(struct vc_device *dev, struct v4l2_fract *interval)
{
	return exchange_interval(dev, VIDIOC_S_PARM, interval);
}
