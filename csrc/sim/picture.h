/* SPDX-License-Identifier: MIT */
/* The test picture: what the simulated camera sees, in any pixel format. */
#ifndef VC_SIM_PICTURE_H
#define VC_SIM_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "../vc.h"

/* ---- pixfmt.c: pixel formats as data, and rows of pixels made from them ---- */

enum sim_packing {
	SIM_BYTES, /* one byte a sample */
	SIM_WORDS, /* two, little endian, in the lowest `bits` */
	SIM_WORDS_BE,
	SIM_MIPI, /* the high bytes of a few samples, then the bits that are left of them */
	SIM_FIELDS, /* a pixel is a word of `bits`, little endian */
	SIM_FIELDS_BE,
	SIM_JPEG,
	SIM_OPAQUE, /* compressed in a way that we do not know */
};

/*
 * One colour plane: its samples as pairs of component and pixel, such as
 * "Y0U0Y1V0", which cover `span` pixels of a row; `odd` for the odd rows of a
 * Bayer pattern.  Of a word: pairs of component and bits, such as "R5G6B5", from
 * the highest bit on.
 */
struct sim_plane {
	const char *even;
	const char *odd;
	uint8_t span;
	uint8_t rows; /* rows of the picture for one row of the plane */
};

struct sim_pixfmt {
	uint32_t fourcc;
	const char *description; /* of VIDIOC_ENUM_FMT */
	uint8_t packing; /* enum sim_packing */
	uint8_t bits; /* of a sample, or of a word of fields */
	uint8_t memory_planes;
	uint8_t is_ycbcr; /* of limited range unless the driver says otherwise */
	struct sim_plane planes[3]; /* those with .even */
};

/* Never NULL: an unknown format is opaque. */
const struct sim_pixfmt *sim_pixfmt_find(uint32_t fourcc);
int sim_pixfmt_is_compressed(const struct sim_pixfmt *pix);

/* Bytes of a row of pixels in a plane, without padding. */
uint32_t sim_row_bytes(const struct sim_pixfmt *pix, uint32_t plane, uint32_t width);
/* Distance of the rows of a plane when that of the first plane is `bytesperline`. */
uint32_t sim_row_stride(const struct sim_pixfmt *pix, uint32_t plane, uint32_t bytesperline);
uint32_t sim_plane_rows(const struct sim_pixfmt *pix, uint32_t plane, uint32_t height);
uint32_t sim_num_planes(const struct sim_pixfmt *pix);

/* Fill in num_planes, bytesperline and sizeimage for a width and height. */
void sim_pixfmt_lay_out(const struct sim_pixfmt *pix, uint32_t stride_align,
			struct vc_format *format);

enum sim_component { SIM_Y, SIM_U, SIM_V, SIM_R, SIM_G, SIM_B, SIM_X, SIM_COMPONENTS };

struct sim_colour {
	uint8_t is[SIM_COMPONENTS];
};

/*
 * The eight bars; black and white as they are whatever the controls say; and
 * what is between a bar and the one before it, in steps, for blurred edges.
 */
enum { SIM_BARS = 8, SIM_BLACK = 8, SIM_WHITE = 9, SIM_EDGES = 10, SIM_STEPS = 16 };
enum { SIM_PALETTE = SIM_EDGES + SIM_BARS * SIM_STEPS };

/* Write a row (`odd`: an odd one) of a plane; `pixels` are places in the palette. */
void sim_pack_row(const struct sim_pixfmt *pix, uint32_t plane, int odd,
		  const struct sim_colour *palette, const uint8_t *pixels, uint32_t width,
		  uint8_t *out);

/* ---- picture.c ----------------------------------------------------------------- */

/* How the camera looks at the scene. */
struct sim_view {
	double exposure; /* of light: 1 is well exposed */
	double red, blue; /* tint of the white balance */
	double brightness; /* added, 1 is the whole range */
	double contrast, saturation; /* factors */
	double hue_cos, hue_sin;
	double blur; /* of the edges, in widths of a bar: 0 is sharp, 1 the most */
	double zoom; /* factor */
	double pan, tilt; /* in widths and heights of the picture at zoom 1 */
	int mirror, flip, dark;
};

/* The palette of a format; colour.c. */
void sim_mix_palette(const struct sim_view *view, const struct vc_format *format,
		     const struct sim_pixfmt *pix, struct sim_colour *palette);

struct sim_picture;

/* `sim_picture_free` takes it back.  -ENOMEM. */
int sim_picture_new(const struct sim_pixfmt *pix, const struct vc_format *format,
		    const struct sim_view *view, struct sim_picture **out);
void sim_picture_free(struct sim_picture *picture);

/*
 * Draw frame number `sequence` into the memory planes; *painted tells which
 * picture is there already, so that only the counter has to be drawn.  Writes
 * the bytes used of each memory plane.
 */
void sim_picture_draw(struct sim_picture *picture, uint8_t *const *planes, uint32_t sequence,
		      uint64_t *painted, uint32_t *bytesused);

/* ---- jpeg.c ----------------------------------------------------------------------- */

struct sim_jpeg;

/* `kinds`: the two rows of pixels that the picture is made of. */
int sim_jpeg_new(uint32_t width, uint32_t height, const struct sim_colour *palette,
		 const uint8_t *const kinds[2], struct sim_jpeg **out);
void sim_jpeg_free(struct sim_jpeg *jpeg);

/*
 * Write the file: row_kinds[y] is the kind of line y; the first lines, `cell`
 * for each of them, are the rows of pixels in `counter`.  Returns the bytes
 * written, 0 when they do not fit.
 */
size_t sim_jpeg_write(struct sim_jpeg *jpeg, const uint8_t *row_kinds,
		      const uint8_t *const *counter, uint32_t counter_rows, uint32_t cell,
		      uint8_t *out, size_t room);

/* Where the Huffman tables are in what sim_jpeg_write() wrote. */
extern const size_t sim_jpeg_dht_offset, sim_jpeg_dht_size;

#endif /* VC_SIM_PICTURE_H */
