/* SPDX-License-Identifier: MIT */
/*
 * The loops over one row of samples.  Internal to convert*.c.
 *
 * They are written once, in convert_rows_impl.h, and compiled once for each
 * instruction set.  All versions give the same bits.
 */
#ifndef VC_CONVERT_ROWS_H
#define VC_CONVERT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A linear map between three components, in 16-bit fixed point.
 *
 *   out[i] = clamp((sum over j of mulhi((in[j] - 128) << 8, k[i][j]) + offset[i]) >> 5)
 *
 * mulhi() is the high half of the 32-bit product, one instruction nearly
 * everywhere.  With VC_MATRIX_ONE for 1.0 it leaves 5 bits of fraction: the
 * most for which the largest sum, blue of BT.2020, still fits in 16 bits.
 */
#define VC_MATRIX_ONE 8192

struct vc_matrix {
	int16_t k[3][3];
	int16_t offset[3]; /* with the black level and the half for rounding in it */
};

/* Where a component sits in a pixel of up to 32 bits. */
struct vc_field {
	uint8_t shift;
	uint8_t bits; /* 1 .. 8 */
};

/*
 * n counts what is written to each output, unless said otherwise; 0 is fine.
 * Inputs and outputs do not overlap, except in scale().
 */
struct vc_rows {
	/* a[i] = in[2 i], b[i] = in[2 i + 1] */
	void (*split_pairs)(const uint8_t *in, uint8_t *a, uint8_t *b, size_t n);
	/*
	 * n groups of four bytes to 2 n luma and n + n chroma samples.
	 * luma_first: the group is Y A Y B, else A Y B Y.
	 */
	void (*split_422)(const uint8_t *in, bool luma_first, uint8_t *y, uint8_t *a, uint8_t *b,
			  size_t n);
	/* out[j][i] = in[size * i + at[j]], for size 3 or 4 */
	void (*split_pixels)(const uint8_t *in, unsigned int size, const uint8_t at[3],
			     uint8_t *const out[3], size_t n);
	/* Words of size bytes (1, 2, 4); each field is scaled to 0 .. 255. */
	void (*split_fields)(const uint8_t *in, unsigned int size, bool big_endian,
			     const struct vc_field field[3], uint8_t *const out[3], size_t n);
	/* out[i] = bits shift .. shift + 7 of the i-th 16-bit word */
	void (*narrow)(const uint8_t *in, unsigned int shift, bool big_endian, uint8_t *out,
		       size_t n);
	/* The first `high` of each `size` bytes: where MIPI's packing has the high bits. */
	void (*take_high)(const uint8_t *in, unsigned int size, unsigned int high, uint8_t *out,
			  size_t n);

	/* One row and column of a matrix; in == out is allowed. */
	void (*scale)(const uint8_t *in, int16_t k, int16_t offset, uint8_t *out, size_t n);
	/* n pixels of R, G, B from n Y', and n or, with `half`, ceil(n / 2) Cb and Cr. */
	void (*to_rgb)(const uint8_t *const in[3], bool half, const struct vc_matrix *matrix,
		       uint8_t *rgb, size_t n);
	/* Only the first component of the result; the other two; see convert_colour.c. */
	void (*to_luma)(const uint8_t *const in[3], bool half, const struct vc_matrix *matrix,
			uint8_t *y, size_t n);
	void (*to_chroma)(const uint8_t *const in[3], const struct vc_matrix *matrix, uint8_t *cb,
			  uint8_t *cr, size_t n);
	/*
	 * split_422() and a diagonal matrix that treats both kinds of chroma alike, at
	 * once: to n luma and ceil(n / 2) + ceil(n / 2) chroma samples.
	 */
	void (*scale_422)(const uint8_t *in, bool luma_first, const struct vc_matrix *matrix,
			  uint8_t *y, uint8_t *a, uint8_t *b, size_t n);
	/* rgb[3 i + j] = in[j][i] */
	void (*interleave)(const uint8_t *const in[3], uint8_t *rgb, size_t n);
	/*
	 * A Bayer row and its neighbours, of which columns -1 and n exist too.
	 * own is the colour that this row samples beside green, other the one
	 * that it does not.
	 */
	void (*demosaic)(const uint8_t *above, const uint8_t *row, const uint8_t *below,
			 bool green_first, uint8_t *own, uint8_t *green, uint8_t *other,
			 size_t n);
};

extern const struct vc_rows vc_rows_generic;
#ifdef __x86_64__
extern const struct vc_rows vc_rows_sse41;
extern const struct vc_rows vc_rows_avx2;
#endif

/* The fastest version that this processor can run. */
const struct vc_rows *vc_rows_best(void);

#endif
