/* SPDX-License-Identifier: MIT */
/*
 * The table of pixel formats, and its row readers.
 *
 * Source: Documentation/userspace-api/media/v4l/pixfmt*.rst.
 */
#include <errno.h>

#include "compat.h"
#include "convert_layout.h"

/* ---- readers ----------------------------------------------------------- */

static const uint8_t *row_of(const struct vc_source *s, int plane, uint32_t y)
{
	return s->plane[plane] + s->stride[plane] * y;
}

static void point_to_scratch(const struct vc_source *s, int first, const uint8_t *row[3])
{
	for (int i = first; i < 3; i++)
		row[i] = s->scratch[i];
}

/* One to three planes of bytes; nothing to do. */
static void read_planes(const struct vc_source *s, uint32_t y, const uint8_t *row[3])
{
	row[0] = row_of(s, 0, y);
	for (int i = 1; i < s->layout->colour_planes; i++)
		row[i] = row_of(s, s->layout->at[i], y / s->layout->vdiv);
}

/* A plane of luma and a plane of chroma pairs, which serve vdiv rows. */
static void read_pairs(const struct vc_source *s, uint32_t y, const uint8_t *row[3])
{
	const struct vc_layout *l = s->layout;

	row[0] = row_of(s, 0, y);
	if (y % l->vdiv == 0)
		s->rows->split_pairs(row_of(s, 1, y / l->vdiv), s->scratch[l->at[1]],
				     s->scratch[l->at[2]], (s->width + l->hdiv - 1) / l->hdiv);
	point_to_scratch(s, 1, row);
}

static void read_422(const struct vc_source *s, uint32_t y, const uint8_t *row[3])
{
	const uint8_t *at = s->layout->at;
	bool cb_first = at[1] < at[2];

	s->rows->split_422(row_of(s, 0, y), at[0] == 0, s->scratch[0], s->scratch[cb_first ? 1 : 2],
			   s->scratch[cb_first ? 2 : 1], ((size_t)s->width + 1) / 2);
	point_to_scratch(s, 0, row);
}

static void scale_422(const struct vc_source *s, uint32_t y, const struct vc_matrix *matrix,
		      uint8_t *const out[3])
{
	const uint8_t *at = s->layout->at;
	bool cb_first = at[1] < at[2];

	s->rows->scale_422(row_of(s, 0, y), at[0] == 0, matrix, out[0], out[cb_first ? 1 : 2],
			   out[cb_first ? 2 : 1], s->width);
}

static void read_pixels(const struct vc_source *s, uint32_t y, const uint8_t *row[3])
{
	s->rows->split_pixels(row_of(s, 0, y), s->layout->unit_bits / 8, s->layout->at, s->scratch,
			      s->width);
	point_to_scratch(s, 0, row);
}

static void read_fields(const struct vc_source *s, uint32_t y, const uint8_t *row[3])
{
	s->rows->split_fields(row_of(s, 0, y), s->layout->unit_bits / 8, s->layout->big_endian,
			      s->layout->field, s->scratch, s->width);
	point_to_scratch(s, 0, row);
}

static void read_words(const struct vc_source *s, uint32_t y, const uint8_t *row[3])
{
	s->rows->narrow(row_of(s, 0, y), s->layout->shift, s->layout->big_endian, s->scratch[0],
			s->width);
	row[0] = s->scratch[0];
}

/* 10 bits: 4 high bytes of 5; 12 bits: 2 of 3; 14 bits: 4 of 7. */
static void read_mipi(const struct vc_source *s, uint32_t y, const uint8_t *row[3])
{
	unsigned int bits = s->layout->unit_bits;
	unsigned int high = bits == 12 ? 2 : 4;

	s->rows->take_high(row_of(s, 0, y), high * bits / 8, high, s->scratch[0], s->width);
	row[0] = s->scratch[0];
}

/* ---- the table --------------------------------------------------------- */

#define FORMAT(name, ...) {.fourcc = V4L2_PIX_FMT_##name, __VA_ARGS__}

#define PACKED(fam, pixel_bits) \
	.family = fam, .memory_planes = 1, .colour_planes = 1, .unit = 1, .unit_bits = pixel_bits, \
	.hdiv = 1, .vdiv = 1

/* Places in the four bytes of the first luma, Cb and Cr. */
#define YUV422(name, y, cb, cr) \
	FORMAT(name, .family = VC_YCBCR, .memory_planes = 1, .colour_planes = 1, .unit = 2, \
	       .unit_bits = 32, .hdiv = 2, .vdiv = 1, .read = read_422, .scale = scale_422, \
	       .at = {y, cb, cr})

/* Luma and chroma pairs; places in the pair of Cb and Cr, plus 1. */
#define PAIRS(name, memory, h, v, cb, cr) \
	FORMAT(name, .family = VC_YCBCR, .memory_planes = memory, .colour_planes = 2, .unit = 1, \
	       .unit_bits = 8, .hdiv = h, .vdiv = v, .read = read_pairs, .at = {0, cb, cr})

/* Three planes; which of them are Cb and Cr. */
#define PLANES(name, memory, h, v, cb, cr) \
	FORMAT(name, .family = VC_YCBCR, .memory_planes = memory, .colour_planes = 3, .unit = 1, \
	       .unit_bits = 8, .hdiv = h, .vdiv = v, .read = read_planes, .at = {0, cb, cr})

/* Whole bytes; place of each component in the pixel. */
#define PIXELS(name, fam, pixel_bits, a, b, c) \
	FORMAT(name, PACKED(fam, pixel_bits), .read = read_pixels, .at = {a, b, c})

/* Words; shift and bits of each component. */
#define FIELDS(name, fam, pixel_bits, be, a, a_bits, b, b_bits, c, c_bits) \
	FORMAT(name, PACKED(fam, pixel_bits), .read = read_fields, .big_endian = be, \
	       .field = {{a, a_bits}, {b, b_bits}, {c, c_bits}})
#define RGB444(name, r, g, b) FIELDS(name, VC_RGB, 16, false, r, 4, g, 4, b, 4)
#define RGB555(name, r, g, b) FIELDS(name, VC_RGB, 16, false, r, 5, g, 5, b, 5)
#define RGB555X(name) FIELDS(name, VC_RGB, 16, true, 10, 5, 5, 5, 0, 5)

#define BYTES(fam) PACKED(fam, 8), .read = read_planes
#define WORDS(fam, bits) PACKED(fam, 16), .read = read_words, .shift = (bits) - 8
#define MIPI(fam, bits) PACKED(fam, bits), .read = read_mipi

/* The four patterns in one kind of container. */
#define BAYER(bits, ...) \
	FORMAT(SBGGR##bits, __VA_ARGS__), \
	FORMAT(SGBRG##bits, __VA_ARGS__, .green_first = true), \
	FORMAT(SGRBG##bits, __VA_ARGS__, .green_first = true, .red_row = true), \
	FORMAT(SRGGB##bits, __VA_ARGS__, .red_row = true)

static const struct vc_layout layouts[] = {
	YUV422(YUYV, 0, 1, 3),
	YUV422(UYVY, 1, 0, 2),
	YUV422(YVYU, 0, 3, 1),
	YUV422(VYUY, 1, 2, 0),

	PAIRS(NV12, 1, 2, 2, 1, 2),
	PAIRS(NV21, 1, 2, 2, 2, 1),
	PAIRS(NV16, 1, 2, 1, 1, 2),
	PAIRS(NV61, 1, 2, 1, 2, 1),
	PAIRS(NV24, 1, 1, 1, 1, 2),
	PAIRS(NV42, 1, 1, 1, 2, 1),
	PAIRS(NV12M, 2, 2, 2, 1, 2),
	PAIRS(NV21M, 2, 2, 2, 2, 1),
	PAIRS(NV16M, 2, 2, 1, 1, 2),
	PAIRS(NV61M, 2, 2, 1, 2, 1),

	PLANES(YUV420, 1, 2, 2, 1, 2),
	PLANES(YVU420, 1, 2, 2, 2, 1),
	PLANES(YUV422P, 1, 2, 1, 1, 2),
	PLANES(YUV420M, 3, 2, 2, 1, 2),
	PLANES(YVU420M, 3, 2, 2, 2, 1),
	PLANES(YUV422M, 3, 2, 1, 1, 2),
	PLANES(YVU422M, 3, 2, 1, 2, 1),
	PLANES(YUV444M, 3, 1, 1, 1, 2),
	PLANES(YVU444M, 3, 1, 1, 2, 1),

	PIXELS(YUV24, VC_YCBCR, 24, 0, 1, 2),
	PIXELS(YUV32, VC_YCBCR, 32, 1, 2, 3),
	PIXELS(AYUV32, VC_YCBCR, 32, 1, 2, 3),
	PIXELS(XYUV32, VC_YCBCR, 32, 1, 2, 3),
	PIXELS(VUYA32, VC_YCBCR, 32, 2, 1, 0),
	PIXELS(VUYX32, VC_YCBCR, 32, 2, 1, 0),
	PIXELS(YUVA32, VC_YCBCR, 32, 0, 1, 2),
	PIXELS(YUVX32, VC_YCBCR, 32, 0, 1, 2),
	FIELDS(YUV444, VC_YCBCR, 16, false, 8, 4, 4, 4, 0, 4),
	FIELDS(YUV555, VC_YCBCR, 16, false, 10, 5, 5, 5, 0, 5),
	FIELDS(YUV565, VC_YCBCR, 16, false, 11, 5, 5, 6, 0, 5),

	PIXELS(RGB24, VC_RGB, 24, 0, 1, 2),
	PIXELS(BGR24, VC_RGB, 24, 2, 1, 0),
	PIXELS(RGB32, VC_RGB, 32, 1, 2, 3),
	PIXELS(ARGB32, VC_RGB, 32, 1, 2, 3),
	PIXELS(XRGB32, VC_RGB, 32, 1, 2, 3),
	PIXELS(BGR32, VC_RGB, 32, 2, 1, 0),
	PIXELS(ABGR32, VC_RGB, 32, 2, 1, 0),
	PIXELS(XBGR32, VC_RGB, 32, 2, 1, 0),
	PIXELS(RGBA32, VC_RGB, 32, 0, 1, 2),
	PIXELS(RGBX32, VC_RGB, 32, 0, 1, 2),
	PIXELS(BGRA32, VC_RGB, 32, 3, 2, 1),
	PIXELS(BGRX32, VC_RGB, 32, 3, 2, 1),

	FIELDS(RGB332, VC_RGB, 8, false, 5, 3, 2, 3, 0, 2),
	RGB444(RGB444, 8, 4, 0),
	RGB444(ARGB444, 8, 4, 0),
	RGB444(XRGB444, 8, 4, 0),
	RGB444(RGBA444, 12, 8, 4),
	RGB444(RGBX444, 12, 8, 4),
	RGB444(ABGR444, 0, 4, 8),
	RGB444(XBGR444, 0, 4, 8),
	RGB444(BGRA444, 4, 8, 12),
	RGB444(BGRX444, 4, 8, 12),
	RGB555(RGB555, 10, 5, 0),
	RGB555(ARGB555, 10, 5, 0),
	RGB555(XRGB555, 10, 5, 0),
	RGB555(RGBA555, 11, 6, 1),
	RGB555(RGBX555, 11, 6, 1),
	RGB555(ABGR555, 0, 5, 10),
	RGB555(XBGR555, 0, 5, 10),
	RGB555(BGRA555, 1, 6, 11),
	RGB555(BGRX555, 1, 6, 11),
	RGB555X(RGB555X),
	RGB555X(ARGB555X),
	RGB555X(XRGB555X),
	FIELDS(RGB565, VC_RGB, 16, false, 11, 5, 5, 6, 0, 5),
	FIELDS(RGB565X, VC_RGB, 16, true, 11, 5, 5, 6, 0, 5),
	FIELDS(BGR666, VC_RGB, 32, true, 14, 6, 20, 6, 26, 6),

	FORMAT(GREY, BYTES(VC_GREY)),
	FORMAT(Y10, WORDS(VC_GREY, 10)),
	FORMAT(Y12, WORDS(VC_GREY, 12)),
	FORMAT(Y14, WORDS(VC_GREY, 14)),
	FORMAT(Y16, WORDS(VC_GREY, 16)),
	FORMAT(Y16_BE, WORDS(VC_GREY, 16), .big_endian = true),
	FORMAT(Y10P, MIPI(VC_GREY, 10)),

	BAYER(8, BYTES(VC_BAYER)),
	BAYER(10, WORDS(VC_BAYER, 10)),
	BAYER(12, WORDS(VC_BAYER, 12)),
	BAYER(14, WORDS(VC_BAYER, 14)),
	BAYER(16, WORDS(VC_BAYER, 16)),
	BAYER(10P, MIPI(VC_BAYER, 10)),
	BAYER(12P, MIPI(VC_BAYER, 12)),
	BAYER(14P, MIPI(VC_BAYER, 14)),
};

const struct vc_layout *vc_layout_find(uint32_t fourcc)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].fourcc == fourcc)
			return &layouts[i];
	return NULL;
}

/* ---- measuring --------------------------------------------------------- */

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

/* Bytes of a row and number of rows of a colour plane. */
static void measure_plane(const struct vc_layout *l, const struct vc_image *image, int plane,
			  uint64_t *row_bytes, uint64_t *rows)
{
	if (plane == 0) {
		*row_bytes = divide_up(divide_up(image->width, l->unit) * l->unit_bits, 8);
		*rows = image->height;
	} else {
		*row_bytes = divide_up(image->width, l->hdiv) * (l->colour_planes == 2 ? 2 : 1);
		*rows = divide_up(image->height, l->vdiv);
	}
}

int vc_source_open(const struct vc_image *image, struct vc_source *out)
{
	const struct vc_layout *l = vc_layout_find(image->fourcc);
	struct vc_source s = {.layout = l, .rows = vc_rows_best(), .width = image->width,
			      .height = image->height};
	uint64_t offset = 0;

	if (!l)
		return -ENOTSUP;
	if (image->num_planes != l->memory_planes)
		return -EINVAL;
	if (!image->width || image->width > VC_IMAGE_SIDE || !image->height ||
	    image->height > VC_IMAGE_SIDE)
		return -EINVAL;

	for (int i = 0; i < l->colour_planes; i++) {
		int memory = l->memory_planes > 1 ? i : 0;
		uint64_t row_bytes, rows, stride;

		measure_plane(l, image, i, &row_bytes, &rows);
		stride = image->stride[memory];
		if (memory != i && stride) /* the luma's, in chroma samples */
			stride = divide_up(stride, l->hdiv) * (l->colour_planes == 2 ? 2 : 1);
		if (!stride)
			stride = row_bytes;
		if (stride < row_bytes)
			return -EINVAL;

		if (memory == i)
			offset = 0;
		/* The padding after the last row need not be there. */
		if (!image->plane[memory] ||
		    image->length[memory] < offset + stride * (rows - 1) + row_bytes)
			return -EMSGSIZE;
		s.plane[i] = image->plane[memory] + offset;
		s.stride[i] = (size_t)stride;
		offset += stride * rows;
	}

	*out = s;
	return 0;
}
