/* SPDX-License-Identifier: MIT */
/*
 * The loops of convert_rows.h, for the instruction set that the including file
 * has chosen.  It defines VC_ROWS, the name of the table.
 *
 * Plain loops are left to the compiler's vectoriser, and their form is what it
 * understands: no early exit, one stride, `restrict`.  Only what it does badly
 * is written out, in convert_simd.h: three bytes side by side, and clamping.
 */
#include <string.h>

#include "convert_rows.h"
#include "convert_simd.h"

/* Pixels that pass through the first-level cache between two loops; even. */
#define BLOCK 512

static inline int16_t mulhi(int16_t a, int16_t b)
{
	return (int16_t)((int32_t)a * b >> 16);
}

/* (v - 128) << 8 */
static inline int16_t centre(uint8_t v)
{
	return (int16_t)(uint16_t)((v ^ 0x80) << 8);
}

static inline uint8_t clamp(int sum)
{
	int16_t v = (int16_t)sum >> 5;

	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

/* ---- taking apart ------------------------------------------------------ */

static void split_pairs(const uint8_t *restrict in, uint8_t *restrict a, uint8_t *restrict b,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		a[i] = in[2 * i];
		b[i] = in[2 * i + 1];
	}
}

static void split_422(const uint8_t *restrict in, bool luma_first, uint8_t *restrict y,
		      uint8_t *restrict a, uint8_t *restrict b, size_t n)
{
	if (luma_first) {
		for (size_t i = 0; i < n; i++) {
			y[2 * i] = in[4 * i];
			a[i] = in[4 * i + 1];
			y[2 * i + 1] = in[4 * i + 2];
			b[i] = in[4 * i + 3];
		}
	} else {
		for (size_t i = 0; i < n; i++) {
			a[i] = in[4 * i];
			y[2 * i] = in[4 * i + 1];
			b[i] = in[4 * i + 2];
			y[2 * i + 1] = in[4 * i + 3];
		}
	}
}

static void split_pixels(const uint8_t *restrict in, unsigned int size, const uint8_t at[3],
			 uint8_t *const out[3], size_t n)
{
	for (int j = 0; j < 3; j++) {
		const uint8_t *restrict from = in + at[j];
		uint8_t *restrict to = out[j];

		/* A constant stride is what makes this a vector loop. */
		if (size == 4)
			for (size_t i = 0; i < n; i++)
				to[i] = from[4 * i];
		else
			for (size_t i = 0; i < n; i++)
				to[i] = from[3 * i];
	}
}

static inline uint32_t load_word(const uint8_t *p, unsigned int size, bool big_endian)
{
	uint32_t word = 0;

	for (unsigned int i = 0; i < size; i++)
		word |= (uint32_t)p[i] << 8 * (big_endian ? size - 1 - i : i);
	return word;
}

/* Inlined with constant size and order, which makes load_word() one load. */
static inline __attribute__((always_inline)) void
split_field(const uint8_t *restrict in, unsigned int size, bool big_endian, struct vc_field field,
	    uint8_t *restrict out, size_t n)
{
	uint32_t max = (1U << field.bits) - 1;
	uint32_t factor = (255U << 16) / max + 1; /* + 1: exact for max */

	for (size_t i = 0; i < n; i++) {
		uint32_t v = load_word(in + size * i, size, big_endian) >> field.shift & max;

		out[i] = (uint8_t)((v * factor + (1U << 15)) >> 16);
	}
}

static void split_fields(const uint8_t *in, unsigned int size, bool big_endian,
			 const struct vc_field field[3], uint8_t *const out[3], size_t n)
{
	for (int j = 0; j < 3; j++) {
		if (size == 1)
			split_field(in, 1, false, field[j], out[j], n);
		else if (size == 2 && big_endian)
			split_field(in, 2, true, field[j], out[j], n);
		else if (size == 2)
			split_field(in, 2, false, field[j], out[j], n);
		else
			split_field(in, 4, true, field[j], out[j], n);
	}
}

static void narrow(const uint8_t *restrict in, unsigned int shift, bool big_endian,
		   uint8_t *restrict out, size_t n)
{
	if (big_endian)
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t)((in[2 * i] << 8 | in[2 * i + 1]) >> shift);
	else
		for (size_t i = 0; i < n; i++)
			out[i] = (uint8_t)((in[2 * i] | in[2 * i + 1] << 8) >> shift);
}

static void take_high(const uint8_t *restrict in, unsigned int size, unsigned int high,
		      uint8_t *restrict out, size_t n)
{
	size_t groups = n / high;

	/* A copy of constant length is one load and one store. */
	if (high == 4)
		for (size_t i = 0; i < groups; i++)
			memcpy(out + 4 * i, in + size * i, 4);
	else
		for (size_t i = 0; i < groups; i++)
			memcpy(out + 2 * i, in + size * i, 2);
	for (size_t i = 0; i < n % high; i++)
		out[high * groups + i] = in[size * groups + i];
}

/* ---- colour ------------------------------------------------------------ */

static inline uint8_t scaled(uint8_t v, int16_t k, int16_t offset)
{
	return clamp(mulhi(centre(v), k) + offset);
}

static void scale(const uint8_t *in, int16_t k, int16_t offset, uint8_t *out, size_t n)
{
	for (size_t i = scale_vectors(in, k, offset, out, n); i < n; i++)
		out[i] = scaled(in[i], k, offset);
}

/* Inlined with constant `luma_first`, for the vectors, too. */
static inline __attribute__((always_inline)) void
scale_422_loop(const uint8_t *restrict in, const bool luma_first, const struct vc_matrix *matrix,
	       uint8_t *restrict y, uint8_t *restrict a, uint8_t *restrict b, size_t n)
{
	const struct vc_matrix m = *matrix; /* y may not alias it now */
	const size_t luma = luma_first ? 0 : 1, first = 1 - luma, second = 3 - luma;
	const size_t done = scale_422_vectors(in, luma_first, &m, y, a, b, n);

	for (size_t i = done; i < n; i++)
		y[i] = scaled(in[2 * i + luma], m.k[0][0], m.offset[0]);
	for (size_t i = done / 2; i < (n + 1) / 2; i++) {
		a[i] = scaled(in[4 * i + first], m.k[1][1], m.offset[1]);
		b[i] = scaled(in[4 * i + second], m.k[1][1], m.offset[1]);
	}
}

static void scale_422(const uint8_t *in, bool luma_first, const struct vc_matrix *matrix,
		      uint8_t *y, uint8_t *a, uint8_t *b, size_t n)
{
	if (luma_first)
		scale_422_loop(in, true, matrix, y, a, b, n);
	else
		scale_422_loop(in, false, matrix, y, a, b, n);
}

static void interleave(const uint8_t *const in[3], uint8_t *restrict rgb, size_t n)
{
	const uint8_t *restrict r = in[0], *restrict g = in[1], *restrict b = in[2];

	for (size_t i = interleave_vectors(in, rgb, n); i < n; i++) {
		rgb[3 * i] = r[i];
		rgb[3 * i + 1] = g[i];
		rgb[3 * i + 2] = b[i];
	}
}

/* Inlined with constant `half`, so that i >> half is a plain index or a pair. */
static inline __attribute__((always_inline)) void
to_planes(const uint8_t *const in[3], const unsigned int half, const struct vc_matrix *matrix,
	  uint8_t *const out[3], size_t n)
{
	const uint8_t *restrict y = in[0], *restrict cb = in[1], *restrict cr = in[2];
	uint8_t *restrict r = out[0], *restrict g = out[1], *restrict b = out[2];
	const struct vc_matrix m = *matrix; /* out may not alias it now */
	const size_t step = half + 1;

	for (size_t i = 0; i < n / step; i++) {
		int16_t u = centre(cb[i]);
		int16_t v = centre(cr[i]);
		int16_t to_r = (int16_t)(mulhi(v, m.k[0][2]) + m.offset[0]);
		int16_t to_g = (int16_t)(mulhi(u, m.k[1][1]) + mulhi(v, m.k[1][2]) + m.offset[1]);
		int16_t to_b = (int16_t)(mulhi(u, m.k[2][1]) + m.offset[2]);

		for (size_t j = step * i; j < step * i + step; j++) {
			int16_t luma = mulhi(centre(y[j]), m.k[0][0]);

			r[j] = clamp(luma + to_r);
			g[j] = clamp(luma + to_g);
			b[j] = clamp(luma + to_b);
		}
	}
}

static void to_rgb(const uint8_t *const in[3], bool half, const struct vc_matrix *matrix,
		   uint8_t *restrict rgb, size_t n)
{
	uint8_t planes[3][BLOCK];
	uint8_t *const out[3] = {planes[0], planes[1], planes[2]};
	size_t done = to_rgb_vectors(in, half, matrix, rgb, n);

	while (done < n) {
		size_t count = n - done < BLOCK ? n - done : BLOCK;
		const uint8_t *const from[3] = {
			in[0] + done, in[1] + (done >> half), in[2] + (done >> half)};

		if (!half || count == 1)
			to_planes(from, 0, matrix, out, count);
		else
			to_planes(from, 1, matrix, out, count &= ~(size_t)1);
		interleave((const uint8_t *const *)out, rgb + 3 * done, count);
		done += count;
	}
}

/* Inlined with constant `half`, as to_planes(). */
static inline __attribute__((always_inline)) void
to_luma_loop(const uint8_t *const in[3], const unsigned int half, const struct vc_matrix *matrix,
	     uint8_t *restrict out, size_t n)
{
	const uint8_t *restrict y = in[0], *restrict cb = in[1], *restrict cr = in[2];
	const struct vc_matrix m = *matrix;
	const size_t step = half + 1;

	for (size_t i = 0; i < n / step; i++) {
		int16_t chroma = (int16_t)(mulhi(centre(cb[i]), m.k[0][1]) +
					   mulhi(centre(cr[i]), m.k[0][2]) + m.offset[0]);

		out[step * i] = clamp(mulhi(centre(y[step * i]), m.k[0][0]) + chroma);
		if (half)
			out[2 * i + 1] = clamp(mulhi(centre(y[2 * i + 1]), m.k[0][0]) + chroma);
	}
}

static void to_luma(const uint8_t *const in[3], bool half, const struct vc_matrix *matrix,
		    uint8_t *out, size_t n)
{
	size_t pairs = half ? n & ~(size_t)1 : 0;
	const uint8_t *const rest[3] = {in[0] + pairs, in[1] + pairs / 2, in[2] + pairs / 2};

	to_luma_loop(in, 1, matrix, out, pairs);
	to_luma_loop(rest, 0, matrix, out + pairs, n - pairs);
}

static void to_chroma(const uint8_t *const in[3], const struct vc_matrix *matrix,
		      uint8_t *restrict cb, uint8_t *restrict cr, size_t n)
{
	const uint8_t *restrict in_cb = in[1], *restrict in_cr = in[2];
	const struct vc_matrix m = *matrix;

	for (size_t i = 0; i < n; i++) {
		int16_t u = centre(in_cb[i]);
		int16_t v = centre(in_cr[i]);

		cb[i] = clamp(mulhi(u, m.k[1][1]) + mulhi(v, m.k[1][2]) + m.offset[1]);
		cr[i] = clamp(mulhi(u, m.k[2][1]) + mulhi(v, m.k[2][2]) + m.offset[2]);
	}
}

/* ---- Bayer ------------------------------------------------------------- */

/* A row of the mosaic with its neighbours, and where the colours go; column -1 is there. */
struct mosaic {
	const uint8_t *restrict above, *restrict row, *restrict below;
	uint8_t *restrict own, *restrict green, *restrict other;
};

static inline void fill_at_green(const struct mosaic *m, ptrdiff_t i)
{
	m->own[i] = (uint8_t)((m->row[i - 1] + m->row[i + 1] + 1) >> 1);
	m->green[i] = m->row[i];
	m->other[i] = (uint8_t)((m->above[i] + m->below[i] + 1) >> 1);
}

static inline void fill_at_own(const struct mosaic *m, ptrdiff_t i)
{
	m->own[i] = m->row[i];
	m->green[i] = (uint8_t)((m->row[i - 1] + m->row[i + 1] + m->above[i] + m->below[i] + 2) >>
				2);
	m->other[i] = (uint8_t)((m->above[i - 1] + m->above[i + 1] + m->below[i - 1] +
				 m->below[i + 1] + 2) >> 2);
}

/* Pairs of one sample of each kind, so that nothing is computed in vain. */
static void demosaic(const uint8_t *restrict above, const uint8_t *restrict row,
		     const uint8_t *restrict below, bool green_first, uint8_t *restrict own,
		     uint8_t *restrict green, uint8_t *restrict other, size_t n)
{
	const struct mosaic m = {above, row, below, own, green, other};
	size_t first = green_first && n;
	size_t pairs = (n - first) / 2;

	if (first)
		fill_at_green(&m, 0);
	for (size_t i = 0; i < pairs; i++) {
		fill_at_own(&m, (ptrdiff_t)(first + 2 * i));
		fill_at_green(&m, (ptrdiff_t)(first + 2 * i + 1));
	}
	if (first + 2 * pairs < n)
		fill_at_own(&m, (ptrdiff_t)n - 1);
}

const struct vc_rows VC_ROWS = {
	.split_pairs = split_pairs,
	.split_422 = split_422,
	.split_pixels = split_pixels,
	.split_fields = split_fields,
	.narrow = narrow,
	.take_high = take_high,
	.scale = scale,
	.to_rgb = to_rgb,
	.to_luma = to_luma,
	.to_chroma = to_chroma,
	.scale_422 = scale_422,
	.interleave = interleave,
	.demosaic = demosaic,
};
