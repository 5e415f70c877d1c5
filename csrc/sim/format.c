/* SPDX-License-Identifier: MIT */
/* The ioctls about formats and sizes. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* -ENOTTY for a node that captures nothing, -EINVAL for another queue than its own. */
int sim_check_type(const struct sim_handle *handle, uint32_t type)
{
	uint32_t ours = sim_buf_type(handle->sim);

	if (ours == 0)
		return -ENOTTY;
	return type == ours ? 0 : -EINVAL;
}

struct sim_format *sim_find_format(const struct vc_sim *sim, uint32_t fourcc)
{
	uint32_t i;

	for (i = 0; i < sim->num_formats; i++) {
		if (sim->formats[i].says.pixelformat == fourcc)
			return &sim->formats[i];
	}
	return NULL;
}

/* ---- what there is ---------------------------------------------------------------- */

static void write_fourcc(uint32_t fourcc, uint8_t *to)
{
	int i;

	for (i = 0; i < 4; i++)
		to[i] = (uint8_t)(fourcc >> (8 * i) & 0x7f);
}

int sim_enum_fmt(struct sim_handle *handle, void *arg)
{
	const struct sim_format *format;
	struct v4l2_fmtdesc *desc = arg;
	int rc;

	rc = sim_check_type(handle, desc->type);
	if (rc < 0)
		return rc;
	if (desc->index >= handle->sim->num_formats)
		return -EINVAL;
	format = &handle->sim->formats[desc->index];
	memset(&desc->flags, 0, sizeof(*desc) - offsetof(struct v4l2_fmtdesc, flags));
	desc->pixelformat = format->says.pixelformat;
	if (sim_pixfmt_is_compressed(format->pix))
		desc->flags = V4L2_FMT_FLAG_COMPRESSED;
	strncpy((char *)desc->description, format->pix->description,
		sizeof(desc->description) - 1);
	if (!desc->description[0])
		write_fourcc(desc->pixelformat, desc->description);
	return 0;
}

int sim_enum_framesizes(struct sim_handle *handle, void *arg)
{
	struct v4l2_frmsizeenum *size = arg;
	const struct sim_format *format = sim_find_format(handle->sim, size->pixel_format);
	const struct vc_framesize *range;

	if (sim_buf_type(handle->sim) == 0)
		return -ENOTTY;
	if (!format || size->index >= format->num_sizes)
		return -EINVAL;
	range = &format->sizes[size->index].range;
	/* Ranges are alone in their list; a second one can never be reached. */
	if (size->index && format->sizes[0].range.type != V4L2_FRMSIZE_TYPE_DISCRETE)
		return -EINVAL;
	memset(&size->stepwise, 0, sizeof(size->stepwise));
	memset(size->reserved, 0, sizeof(size->reserved));
	size->type = range->type;
	if (range->type == V4L2_FRMSIZE_TYPE_DISCRETE) {
		size->discrete.width = range->min_width;
		size->discrete.height = range->min_height;
		return 0;
	}
	size->stepwise.min_width = range->min_width;
	size->stepwise.max_width = range->max_width;
	size->stepwise.step_width = range->step_width;
	size->stepwise.min_height = range->min_height;
	size->stepwise.max_height = range->max_height;
	size->stepwise.step_height = range->step_height;
	return 0;
}

static int is_on_grid(uint32_t value, uint32_t min, uint32_t max, uint32_t step)
{
	return value >= min && value <= max && (step < 2 || (value - min) % step == 0);
}

const struct sim_size *sim_find_size(const struct sim_format *format, uint32_t width,
					uint32_t height)
{
	uint32_t i;

	for (i = 0; i < format->num_sizes; i++) {
		const struct vc_framesize *r = &format->sizes[i].range;

		if (is_on_grid(width, r->min_width, r->max_width, r->step_width) &&
		    is_on_grid(height, r->min_height, r->max_height, r->step_height))
			return &format->sizes[i];
	}
	return NULL;
}

/* ---- what is set -------------------------------------------------------------------- */

static uint32_t nearest(uint32_t wanted, uint32_t min, uint32_t max, uint32_t step)
{
	if (wanted <= min)
		return min;
	if (wanted > max)
		wanted = max;
	if (step < 2)
		return wanted;
	/* The last step may lie beyond the maximum. */
	wanted = (wanted - min + step / 2) / step * step + min;
	return wanted > max ? wanted - step : wanted;
}

static uint64_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* As v4l2_find_nearest_size(): the least difference of the sides. */
static void choose_size(const struct sim_format *format, struct vc_format *to)
{
	uint64_t error, best = UINT64_MAX;
	uint32_t i, width = to->width, height = to->height, w, h;

	for (i = 0; i < format->num_sizes; i++) {
		const struct vc_framesize *r = &format->sizes[i].range;

		w = nearest(width, r->min_width, r->max_width, r->step_width);
		h = nearest(height, r->min_height, r->max_height, r->step_height);
		error = distance(w, width) + distance(h, height);
		if (error < best) {
			best = error;
			to->width = w;
			to->height = h;
		}
	}
}

static uint32_t usual_colorspace(const struct sim_pixfmt *pix)
{
	if (pix->fourcc == V4L2_PIX_FMT_JPEG)
		return V4L2_COLORSPACE_JPEG;
	return pix->planes[0].odd ? V4L2_COLORSPACE_RAW : V4L2_COLORSPACE_SRGB;
}

/* What the driver makes of a wish. */
static struct sim_format *choose(struct vc_sim *sim, struct vc_format *to)
{
	struct sim_format *format = sim_find_format(sim, to->pixelformat);

	if (!format)
		format = &sim->formats[0];
	to->pixelformat = format->says.pixelformat;
	to->field = V4L2_FIELD_NONE;
	to->colorspace = format->says.colorspace;
	if (!to->colorspace)
		to->colorspace = usual_colorspace(format->pix);
	to->ycbcr_enc = format->says.ycbcr_enc;
	to->quantization = format->says.quantization;
	to->xfer_func = format->says.xfer_func;
	choose_size(format, to);
	sim_pixfmt_lay_out(format->pix, format->says.stride_align, to);
	return format;
}

static void answer(struct vc_sim *sim, const struct sim_format *format,
		   const struct vc_format *from, struct v4l2_format *to)
{
	struct v4l2_pix_format_mplane *mp = &to->fmt.pix_mp;
	struct v4l2_pix_format *pix = &to->fmt.pix;
	uint32_t i, claimed = format->says.sizeimage;
	int zero = sim_fault_is_on(sim, SIM_ZERO_SIZEIMAGE, 0);

	memset(&to->fmt, 0, sizeof(to->fmt));
	if (to->type == V4L2_BUF_TYPE_VIDEO_CAPTURE) {
		pix->width = from->width;
		pix->height = from->height;
		pix->pixelformat = from->pixelformat;
		pix->field = from->field;
		pix->bytesperline = from->bytesperline[0];
		pix->sizeimage = zero ? 0 : claimed ? claimed : from->sizeimage[0];
		pix->colorspace = from->colorspace;
		pix->priv = V4L2_PIX_FMT_PRIV_MAGIC;
		pix->ycbcr_enc = from->ycbcr_enc;
		pix->quantization = from->quantization;
		pix->xfer_func = from->xfer_func;
		return;
	}
	mp->width = from->width;
	mp->height = from->height;
	mp->pixelformat = from->pixelformat;
	mp->field = from->field;
	mp->colorspace = from->colorspace;
	mp->ycbcr_enc = (uint8_t)from->ycbcr_enc;
	mp->quantization = (uint8_t)from->quantization;
	mp->xfer_func = (uint8_t)from->xfer_func;
	mp->num_planes = (uint8_t)from->num_planes;
	for (i = 0; i < from->num_planes; i++) {
		mp->plane_fmt[i].bytesperline = from->bytesperline[i];
		mp->plane_fmt[i].sizeimage = zero ? 0 : from->sizeimage[i];
	}
}

int sim_g_fmt(struct sim_handle *handle, void *arg)
{
	struct v4l2_format *format = arg;
	int rc;

	rc = sim_check_type(handle, format->type);
	if (rc < 0)
		return rc;
	answer(handle->sim, handle->sim->current, &handle->sim->format, format);
	return 0;
}

static int try_format(struct sim_handle *handle, struct v4l2_format *format,
		      struct sim_format **chosen, struct vc_format *made)
{
	int rc;

	rc = sim_check_type(handle, format->type);
	if (rc < 0)
		return rc;
	memset(made, 0, sizeof(*made));
	/* Width, height and pixelformat begin both structs. */
	made->width = format->fmt.pix.width;
	made->height = format->fmt.pix.height;
	made->pixelformat = format->fmt.pix.pixelformat;
	*chosen = choose(handle->sim, made);
	answer(handle->sim, *chosen, made, format);
	return 0;
}

int sim_try_fmt(struct sim_handle *handle, void *arg)
{
	struct sim_format *chosen;
	struct vc_format made;

	return try_format(handle, arg, &chosen, &made);
}

static void use_format(struct vc_sim *sim, struct sim_format *chosen, const struct vc_format *made)
{
	sim->current = chosen;
	sim->format = *made;
	sim->repaint = 1;
	sim_interval_reset(sim);
	sim_sensor_update(sim);
}

int sim_s_fmt(struct sim_handle *handle, void *arg)
{
	struct vc_sim *sim = handle->sim;
	struct sim_format *chosen;
	struct vc_format made;
	int rc;

	rc = try_format(handle, arg, &chosen, &made);
	if (rc < 0)
		return rc;
	if (sim->queue.count || sim_queue_check_owner(handle) < 0)
		return -EBUSY;
	use_format(sim, chosen, &made);
	return 0;
}

/* At power-up: the first size of the first format. */
void sim_format_reset(struct vc_sim *sim)
{
	struct vc_format made = {0};

	if (sim->num_formats == 0)
		return;
	made.pixelformat = sim->formats[0].says.pixelformat;
	made.width = sim->formats[0].sizes[0].range.max_width;
	made.height = sim->formats[0].sizes[0].range.max_height;
	use_format(sim, choose(sim, &made), &made);
}
