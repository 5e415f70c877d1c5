/* SPDX-License-Identifier: MIT */
/*
 * How each pixel format lies in memory, and reading one row of it.  Internal to
 * convert*.c.
 */
#ifndef VC_CONVERT_LAYOUT_H
#define VC_CONVERT_LAYOUT_H

#include "convert.h"
#include "convert_rows.h"

enum vc_family {
	VC_GREY, /* one component */
	VC_BAYER, /* one component, a colour filter over it */
	VC_RGB, /* three components, all in full size */
	VC_YCBCR, /* three components, chroma subsampled or not */
};

struct vc_source;

/*
 * Point row[] at the components of row y, 8 bits each: into the picture where it
 * has them like that, else into the source's scratch rows.  Chroma rows have
 * ceil(width / hdiv) samples.  Rows are read from the first to the last.
 */
typedef void vc_read_row(const struct vc_source *source, uint32_t y, const uint8_t *row[3]);

/*
 * Read row y and map its components with the diagonal matrix of vc_matrix_jpeg(), into
 * rows that the caller has.
 */
typedef void vc_scale_row(const struct vc_source *source, uint32_t y,
			  const struct vc_matrix *matrix, uint8_t *const out[3]);

struct vc_layout {
	uint32_t fourcc;
	enum vc_family family;
	uint8_t memory_planes;
	uint8_t colour_planes;
	/* The first colour plane: a row is ceil(width / unit) groups of unit_bits. */
	uint8_t unit;
	uint8_t unit_bits;
	/* Luma columns and rows for each chroma sample. */
	uint8_t hdiv, vdiv;

	vc_read_row *read;
	vc_scale_row *scale; /* NULL where it would be no faster than one after the other */
	/* What read() wants to know; each uses some of it. */
	uint8_t at[3]; /* place of the components in a pixel or group, or of the planes */
	struct vc_field field[3];
	uint8_t shift; /* lowest of the bits that are used */
	bool big_endian;
	/* Bayer: what the first row starts with */
	bool green_first, red_row;
};

/* A picture whose planes have been found and measured. */
struct vc_source {
	const struct vc_layout *layout;
	const struct vc_rows *rows;
	uint32_t width, height;
	const uint8_t *plane[3]; /* colour planes */
	size_t stride[3];
	uint8_t *scratch[3]; /* width + 1 bytes each, at least */
};

/* The layout of a format, or NULL. */
const struct vc_layout *vc_layout_find(uint32_t fourcc);

/*
 * Find the colour planes of a picture and check that they lie inside it.  Sets
 * all of *out but scratch[].
 *
 * Returns 0, -ENOTSUP, -EINVAL or -EMSGSIZE as vc_convert_rgb() does.
 */
int vc_source_open(const struct vc_image *image, struct vc_source *out);

#endif
