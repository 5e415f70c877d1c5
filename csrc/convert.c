/* SPDX-License-Identifier: MIT */
/*
 * A picture, row by row: the reader of its layout takes the components apart,
 * and one function for each family of formats makes R, G, B of them.  Between
 * the two a row stays in the first-level cache.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "convert_colour.h"
#include "convert_layout.h"

struct job {
	struct vc_source source;
	struct vc_matrix matrix;
	bool as_is; /* the matrix is the identity */
	/* Bayer: rows with a column on either side, row y in y % 3 */
	uint8_t *window[3];
	uint32_t window_rows; /* how many rows have passed through it */
	uint8_t *memory;
};

enum { SCRATCH_ROWS = 3, WINDOW_ROWS = 3, ROW_PADDING = 64 };

/* Scratch rows, each at the start of a cache line. */
static int alloc_rows(struct job *job)
{
	size_t row = ((size_t)job->source.width + 2 + ROW_PADDING - 1) / ROW_PADDING * ROW_PADDING;

	job->memory = aligned_alloc(ROW_PADDING, row * (SCRATCH_ROWS + WINDOW_ROWS));
	if (!job->memory)
		return -ENOMEM;
	for (int i = 0; i < SCRATCH_ROWS; i++)
		job->source.scratch[i] = job->memory + row * i;
	for (int i = 0; i < WINDOW_ROWS; i++)
		job->window[i] = job->memory + row * (SCRATCH_ROWS + i) + 1;
	return 0;
}

/* Expand a limited range, if it is one, into a scratch row. */
static void expand(const struct job *job, int component, const uint8_t **row)
{
	const struct vc_source *s = &job->source;

	if (job->as_is)
		return;
	s->rows->scale(*row, job->matrix.k[0][0], job->matrix.offset[0], s->scratch[component],
		       s->width);
	*row = s->scratch[component];
}

/* ---- R, G, B: one row of each family ----------------------------------- */

static void make_ycbcr_row(struct job *job, uint32_t y, uint8_t *out)
{
	const struct vc_source *s = &job->source;
	const uint8_t *row[3];

	s->layout->read(s, y, row);
	s->rows->to_rgb(row, s->layout->hdiv == 2, &job->matrix, out, s->width);
}

static void make_rgb_row(struct job *job, uint32_t y, uint8_t *out)
{
	const struct vc_source *s = &job->source;
	const uint8_t *row[3];

	if (s->layout->fourcc == V4L2_PIX_FMT_RGB24 && job->as_is) {
		memcpy(out, s->plane[0] + s->stride[0] * y, (size_t)3 * s->width);
		return;
	}
	s->layout->read(s, y, row);
	for (int i = 0; i < 3; i++)
		expand(job, i, &row[i]);
	s->rows->interleave(row, out, s->width);
}

static void make_grey_row(struct job *job, uint32_t y, uint8_t *out)
{
	const struct vc_source *s = &job->source;
	const uint8_t *row[3];

	s->layout->read(s, y, row);
	expand(job, 0, &row[0]);
	s->rows->interleave((const uint8_t *const[]){row[0], row[0], row[0]}, out, s->width);
}

/* Mirror at the outermost of n samples; a single one is its own neighbour. */
static uint32_t mirror(int64_t i, uint32_t n)
{
	if (n == 1)
		return 0;
	if (i < 0)
		return 1;
	return i < n ? (uint32_t)i : n - 2;
}

/* Row y of a Bayer picture with the columns beside it; y is at most one ahead. */
static const uint8_t *load_window(struct job *job, uint32_t y)
{
	const struct vc_source *s = &job->source;
	uint8_t *slot = job->window[y % WINDOW_ROWS];
	const uint8_t *row[3];

	if (y == job->window_rows) {
		s->layout->read(s, y, row);
		expand(job, 0, &row[0]);
		memcpy(slot, row[0], s->width);
		slot[-1] = slot[mirror(-1, s->width)];
		slot[s->width] = slot[mirror(s->width, s->width)];
		job->window_rows++;
	}
	return slot;
}

static void make_bayer_row(struct job *job, uint32_t y, uint8_t *out)
{
	const struct vc_source *s = &job->source;
	const struct vc_layout *l = s->layout;
	bool red = l->red_row != (y & 1);
	const uint8_t *row, *above, *below;

	row = load_window(job, y);
	below = load_window(job, mirror((int64_t)y + 1, s->height));
	above = load_window(job, mirror((int64_t)y - 1, s->height));
	s->rows->demosaic(above, row, below, l->green_first != (y & 1), s->scratch[red ? 0 : 2],
			  s->scratch[1], s->scratch[red ? 2 : 0], s->width);
	s->rows->interleave((const uint8_t *const *)s->scratch, out, s->width);
}

typedef void make_row(struct job *job, uint32_t y, uint8_t *out);

static make_row *const make_row_of[] = {
	[VC_GREY] = make_grey_row,
	[VC_BAYER] = make_bayer_row,
	[VC_RGB] = make_rgb_row,
	[VC_YCBCR] = make_ycbcr_row,
};

int vc_convert_rgb(const struct vc_image *in, uint8_t *out, size_t out_stride)
{
	struct job job = {0};
	enum vc_family family;
	int rc;

	rc = vc_source_open(in, &job.source);
	if (rc < 0)
		return rc;
	family = job.source.layout->family;

	if (family == VC_YCBCR)
		rc = vc_matrix_rgb(in->ycbcr_enc, in->quantization, &job.matrix);
	else
		rc = vc_matrix_grey(in->quantization, &job.matrix);
	if (rc < 0)
		return rc;
	job.as_is = family != VC_YCBCR && vc_matrix_keeps(&job.matrix, 0);

	rc = alloc_rows(&job);
	if (rc < 0)
		return rc;
	for (uint32_t y = 0; y < in->height; y++)
		make_row_of[family](&job, y, out + out_stride * y);
	free(job.memory);
	return 0;
}

/* ---- planes for JPEG ---------------------------------------------------- */

/* One component that depends on nothing else. */
static void make_plane_row(const struct job *job, int i, const uint8_t *in, uint8_t *out, size_t n)
{
	if (vc_matrix_keeps(&job->matrix, i))
		memcpy(out, in, n);
	else
		job->source.rows->scale(in, job->matrix.k[i][i], job->matrix.offset[i], out, n);
}

static void make_planes(const struct job *job, const struct vc_jpeg_planes *out)
{
	const struct vc_source *s = &job->source;
	const struct vc_layout *l = s->layout;
	const size_t chroma = l->family == VC_GREY ? 0 : (s->width + l->hdiv - 1) / l->hdiv;
	const bool diagonal = vc_matrix_is_diagonal(&job->matrix);

	for (uint32_t y = 0; y < s->height; y++) {
		uint8_t *to[3] = {out->plane[0] + out->stride[0] * y};
		const uint8_t *row[3];

		for (int i = 1; chroma && i < 3; i++)
			to[i] = out->plane[i] + out->stride[i] * (y / l->vdiv);
		if (diagonal && l->scale) {
			l->scale(s, y, &job->matrix, to);
			continue;
		}
		l->read(s, y, row);
		if (diagonal)
			make_plane_row(job, 0, row[0], to[0], s->width);
		else
			s->rows->to_luma(row, l->hdiv == 2, &job->matrix, to[0], s->width);

		if (!chroma || y % l->vdiv)
			continue;
		if (diagonal) {
			make_plane_row(job, 1, row[1], to[1], chroma);
			make_plane_row(job, 2, row[2], to[2], chroma);
		} else {
			s->rows->to_chroma(row, &job->matrix, to[1], to[2], chroma);
		}
	}
}

int vc_jpeg_subsampling(uint32_t fourcc)
{
	const struct vc_layout *layout = vc_layout_find(fourcc);

	if (!layout || (layout->family != VC_YCBCR && layout->family != VC_GREY))
		return -ENOTSUP;
	return layout->family == VC_GREY ? 0 : layout->hdiv << 4 | layout->vdiv;
}

int vc_convert_jpeg_planes(const struct vc_image *in, const struct vc_jpeg_planes *out)
{
	struct job job = {0};
	int rc;

	rc = vc_jpeg_subsampling(in->fourcc);
	if (rc < 0)
		return rc;
	rc = vc_source_open(in, &job.source);
	if (rc < 0)
		return rc;
	if (job.source.layout->family == VC_GREY)
		rc = vc_matrix_grey(in->quantization, &job.matrix);
	else
		rc = vc_matrix_jpeg(in->ycbcr_enc, in->quantization, &job.matrix);
	if (rc < 0)
		return rc;
	rc = alloc_rows(&job);
	if (rc < 0)
		return rc;

	make_planes(&job, out);
	free(job.memory);
	return 0;
}
