/* SPDX-License-Identifier: MIT */
/*
 * The scene: colour bars, white yellow cyan green magenta red blue black at
 * three quarters of full brightness, so that there is room to be brighter, and
 * below them the same bars the other way round, so that there is something to
 * see in both directions.  It goes on for ever on all sides.
 *
 * There are only ten colours and a few different rows, so a picture is made
 * from rows that are drawn once; a buffer that holds the picture already gets a
 * new frame counter and nothing else.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "sim.h"

#define KINDS 2 /* of rows: bars, and bars the other way round */
#define SPLIT 0.75 /* where in the height the second begin */
#define COUNTER_BITS 32

struct sim_picture {
	const struct sim_pixfmt *pix;
	struct vc_format format;
	struct sim_colour palette[SIM_PALETTE];
	uint64_t number; /* what a buffer that holds this picture has in `painted` */
	struct vc_sim_counter counter;
	int has_counter;
	uint8_t *row_kinds; /* by row of the picture */
	uint8_t *kinds[KINDS]; /* a row of places in the palette */
	uint8_t *rows[3][KINDS][2]; /* by plane, kind, odd: the bytes */
	uint8_t *scratch; /* pixels of a row of the counter, for each of its rows */
	uint8_t *bytes; /* such a row as bytes */
	struct sim_jpeg *jpeg;
	uint8_t *memory; /* that all the above are in */
};

/* ---- shapes ---------------------------------------------------------------------- */

/* Where in the scene a place of the picture looks; both from 0 to 1. */
static double scene_at(double place, int mirrored, double zoom, double shift)
{
	double at = 0.5 + (place - 0.5) / zoom * (mirrored ? -1 : 1) + shift;

	at -= (double)(int64_t)at;
	return at < 0 ? at + 1 : at;
}

/* The colour at a place of the bars, from 0 to SIM_BARS. */
static uint8_t colour_at(double place, double blur)
{
	uint32_t bar = (uint32_t)place % SIM_BARS; /* a hair below 0 comes back as the end */
	double at = place - (double)(uint32_t)place, half = blur / 2, across;

	if (at < half)
		across = 0.5 + at / half / 2;
	else if (at > 1 - half)
		across = (at - (1 - half)) / half / 2;
	else
		return (uint8_t)bar;
	if (at >= half)
		bar = (bar + 1) % SIM_BARS;
	return (uint8_t)(SIM_EDGES + bar * SIM_STEPS +
			 (across < 1 ? (uint32_t)(across * SIM_STEPS) : SIM_STEPS - 1));
}

/* The same in the row where the bars are the other way round. */
static uint8_t reversed(uint8_t colour)
{
	uint32_t edge = (colour - SIM_EDGES) / SIM_STEPS, step = (colour - SIM_EDGES) % SIM_STEPS;

	if (colour < SIM_BARS)
		return (uint8_t)(SIM_BARS - 1 - colour);
	return (uint8_t)(SIM_EDGES + (SIM_BARS - edge) % SIM_BARS * SIM_STEPS + SIM_STEPS - 1 -
			 step);
}

static void draw_kinds(struct sim_picture *p, const struct sim_view *view)
{
	uint32_t x, y, width = p->format.width, height = p->format.height;

	for (x = 0; x < width; x++) {
		p->kinds[0][x] = colour_at(SIM_BARS * scene_at((x + 0.5) / width, view->mirror,
							       view->zoom, view->pan),
					   view->blur);
		p->kinds[1][x] = reversed(p->kinds[0][x]);
	}
	for (y = 0; y < height; y++)
		p->row_kinds[y] = scene_at((y + 0.5) / height, view->flip, view->zoom,
					   -view->tilt) >= SPLIT;
}

/* The largest squares that leave three quarters of the picture alone. */
int vc_sim_counter_layout(uint32_t width, uint32_t height, struct vc_sim_counter *out)
{
	uint32_t cell, columns, rows;

	for (cell = 16; cell >= 1; cell /= 2) {
		columns = width / cell < COUNTER_BITS ? width / cell : COUNTER_BITS;
		if (columns == 0)
			continue;
		rows = (COUNTER_BITS + columns - 1) / columns;
		if (rows * cell * 4 > height)
			continue;
		out->cell = cell;
		out->columns = columns;
		out->rows = rows;
		return 0;
	}
	return -EINVAL;
}

static void draw_counter_row(const struct sim_picture *p, uint32_t row, uint32_t number,
			     uint8_t *pixels)
{
	uint32_t bit, column, cell = p->counter.cell;

	for (column = 0; column < p->counter.columns; column++) {
		bit = row * p->counter.columns + column;
		memset(pixels + column * cell,
		       bit < COUNTER_BITS && number >> (COUNTER_BITS - 1 - bit) & 1 ? SIM_WHITE
										  : SIM_BLACK,
		       cell);
	}
}

/* ---- making ------------------------------------------------------------------------ */

static int is_raw(const struct sim_picture *p)
{
	return !sim_pixfmt_is_compressed(p->pix);
}

/* How much memory a picture needs; the pointers are set when `base` is there. */
static size_t carve(struct sim_picture *p, uint8_t *base)
{
	uint32_t width = p->format.width, i, kind, odd, bytes;
	size_t at = 0;

#define TAKE(pointer, size) \
	do { \
		if (base) \
			(pointer) = base + at; \
		at += (size); \
	} while (0)
	TAKE(p->row_kinds, p->format.height);
	TAKE(p->kinds[0], width);
	TAKE(p->kinds[1], width);
	TAKE(p->scratch, (size_t)width * p->counter.rows);
	if (is_raw(p)) {
		TAKE(p->bytes, (size_t)width * 4 + 8);
		for (i = 0; i < sim_num_planes(p->pix); i++) {
			bytes = sim_row_bytes(p->pix, i, width);
			for (kind = 0; kind < KINDS; kind++) {
				for (odd = 0; odd < 2; odd++)
					TAKE(p->rows[i][kind][odd], bytes);
			}
		}
	}
#undef TAKE
	return at;
}

static void pack_rows(struct sim_picture *p)
{
	uint32_t i, kind, odd;

	for (i = 0; i < sim_num_planes(p->pix); i++) {
		for (kind = 0; kind < KINDS; kind++) {
			for (odd = 0; odd < 2; odd++)
				sim_pack_row(p->pix, i, (int)odd, p->palette, p->kinds[kind],
					     p->format.width, p->rows[i][kind][odd]);
		}
	}
}

int sim_picture_new(const struct sim_pixfmt *pix, const struct vc_format *format,
		    const struct sim_view *view, struct sim_picture **out)
{
	static atomic_uint_fast64_t last;
	struct sim_picture *p;
	int rc;

	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->pix = pix;
	p->format = *format;
	p->number = ++last;
	p->has_counter = vc_sim_counter_layout(format->width, format->height, &p->counter) == 0;
	if (!is_raw(p) && p->counter.cell < 8) /* a JPEG of ours has nothing smaller */
		p->has_counter = 0;
	p->memory = calloc(1, carve(p, NULL));
	if (!p->memory) {
		free(p);
		return -ENOMEM;
	}
	carve(p, p->memory);

	sim_mix_palette(view, &p->format, pix, p->palette);
	draw_kinds(p, view);
	if (is_raw(p))
		pack_rows(p);
	if (pix->packing == SIM_JPEG) {
		rc = sim_jpeg_new(format->width, format->height, p->palette,
				  (const uint8_t *const *)p->kinds, &p->jpeg);
		if (rc < 0) {
			sim_picture_free(p);
			return rc;
		}
	}
	*out = p;
	return 0;
}

void sim_picture_free(struct sim_picture *p)
{
	if (!p)
		return;
	sim_jpeg_free(p->jpeg);
	free(p->memory);
	free(p);
}

/* ---- drawing ------------------------------------------------------------------------- */

static void draw_base(const struct sim_picture *p, uint32_t plane, uint8_t *to, uint32_t stride)
{
	uint32_t y, rows = sim_plane_rows(p->pix, plane, p->format.height);
	uint32_t bytes = sim_row_bytes(p->pix, plane, p->format.width);
	uint32_t step = p->pix->planes[plane].rows;

	for (y = 0; y < rows; y++, to += stride)
		memcpy(to, p->rows[plane][p->row_kinds[y * step]][y & 1], bytes);
}

/* Bytes of the counter in a row: those of whole groups of samples only. */
static void draw_counter(const struct sim_picture *p, uint32_t plane, uint8_t *to,
			 uint32_t stride, uint32_t number)
{
	uint32_t width = p->counter.columns * p->counter.cell;
	uint32_t step = p->pix->planes[plane].rows, row, y, parity = 2;
	uint32_t bytes = sim_row_bytes(p->pix, plane, width);
	uint32_t rows = sim_plane_rows(p->pix, plane, p->counter.rows * p->counter.cell);
	uint32_t drawn = UINT32_MAX;

	for (y = 0; y < rows; y++, to += stride) {
		row = y * step / p->counter.cell;
		if (row != drawn || (p->pix->planes[plane].odd && parity != (y & 1))) {
			drawn = row;
			parity = y & 1;
			draw_counter_row(p, row, number, p->scratch);
			sim_pack_row(p->pix, plane, (int)parity, p->palette, p->scratch, width,
				     p->bytes);
		}
		memcpy(to, p->bytes, bytes);
	}
}

static void draw_raw(struct sim_picture *p, uint8_t *const *planes, uint32_t number, int whole,
		     uint32_t *bytesused)
{
	uint32_t i, stride, memory;
	uint8_t *to = planes[0];

	for (i = 0; i < sim_num_planes(p->pix); i++) {
		stride = sim_row_stride(p->pix, i, p->format.bytesperline[0]);
		memory = p->pix->memory_planes > 1 ? i : 0;
		if (memory)
			to = planes[memory];
		if (whole)
			draw_base(p, i, to, stride);
		if (p->has_counter)
			draw_counter(p, i, to, stride, number);
		to += (size_t)stride * sim_plane_rows(p->pix, i, p->format.height);
	}
	for (i = 0; i < p->pix->memory_planes; i++)
		bytesused[i] = p->format.sizeimage[i];
}

static void draw_jpeg(struct sim_picture *p, uint8_t *to, uint32_t number, uint32_t *bytesused)
{
	const uint8_t *rows[COUNTER_BITS];
	uint32_t row, count = p->has_counter ? p->counter.rows : 0;

	for (row = 0; row < count; row++) {
		uint8_t *pixels = p->scratch + (size_t)row * p->format.width;

		memcpy(pixels, p->kinds[p->row_kinds[row * p->counter.cell]], p->format.width);
		draw_counter_row(p, row, number, pixels);
		rows[row] = pixels;
	}
	*bytesused = (uint32_t)sim_jpeg_write(p->jpeg, p->row_kinds, rows, count, p->counter.cell,
					      to, p->format.sizeimage[0]);
}

/* Something that no decoder knows, with the number at its start. */
static void draw_opaque(const struct sim_picture *p, uint8_t *to, uint32_t number,
			uint32_t *bytesused)
{
	uint32_t i, used = p->format.sizeimage[0] / 4;

	for (i = 0; i < used; i++)
		to[i] = (uint8_t)(i < 4 ? number >> (24 - 8 * i) : i * 7 + number);
	*bytesused = used;
}

void sim_picture_draw(struct sim_picture *p, uint8_t *const *planes, uint32_t sequence,
		      uint64_t *painted, uint32_t *bytesused)
{
	int whole = *painted != p->number;

	*painted = p->number;
	if (p->pix->packing == SIM_JPEG)
		draw_jpeg(p, planes[0], sequence, bytesused);
	else if (p->pix->packing == SIM_OPAQUE)
		draw_opaque(p, planes[0], sequence, bytesused);
	else
		draw_raw(p, planes, sequence, whole, bytesused);
}
