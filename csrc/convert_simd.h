/* SPDX-License-Identifier: MIT */
/*
 * What the vectoriser does badly, by hand: three byte rows to R, G, B side by
 * side, packed 4:2:2 apart, and clamping to bytes.  Internal to convert_rows_impl.h.
 *
 * Each function treats as many whole vectors as there are in n pixels and
 * returns how many pixels that was; the caller does the rest.
 *
 * On x86 the trick is that 3 and 16 have no common divisor: sample i of a
 * 16-byte lane goes to byte (3 i + channel) modulo 16 of one of the three result
 * lanes.  So one shuffle for each channel puts every sample in its place in all
 * three results at once, and blends with masks of period 3 do the rest.
 */
#ifndef VC_CONVERT_SIMD_H
#define VC_CONVERT_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "convert_rows.h"

#if defined(__AVX2__) || defined(__SSE4_1__)
#include <immintrin.h>

/* The same dozen operations at either width. */
#ifdef __AVX2__
typedef __m256i vec;
#define OP(name) _mm256_##name
#define BITS(name) _mm256_##name##_si256
#define BROADCAST(lane) _mm256_broadcastsi128_si256(lane)
#else
typedef __m128i vec;
#define OP(name) _mm_##name
#define BITS(name) _mm_##name##_si128
#define BROADCAST(lane) (lane)
#endif

#define STEP sizeof(vec) /* pixels in a vector of bytes */

static inline vec load(const uint8_t *p)
{
	return BITS(loadu)((const vec *)p);
}

static inline void store(uint8_t *p, vec v)
{
	BITS(storeu)((vec *)p, v);
}

/* Half a vector of bytes, each as the high byte of a 16-bit word. */
static inline vec load_high(const uint8_t *p)
{
#ifdef __AVX2__
	vec words = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
#else
	vec words = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)p));
#endif
	return OP(slli_epi16)(words, 8);
}

/* The first halves of all lanes, then the second ones: packing two vectors mixes them. */
static inline vec join_lanes(vec v)
{
#ifdef __AVX2__
	return _mm256_permute4x64_epi64(v, 0xd8);
#else
	return v;
#endif
}

/* Pairs of bytes, not joined yet: the first of each to a, the second to b. */
static inline void store_pairs(uint8_t *a, uint8_t *b, vec v)
{
	const __m128i apart = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);

	v = OP(shuffle_epi8)(v, BROADCAST(apart));
#ifdef __AVX2__
	v = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
	_mm_storeu_si128((__m128i *)a, _mm256_castsi256_si128(v));
	_mm_storeu_si128((__m128i *)b, _mm256_extracti128_si256(v, 1));
#else
	_mm_storel_epi64((__m128i *)a, v);
	_mm_storeh_pd((double *)b, _mm_castsi128_pd(v));
#endif
}

/* Three lanes of results to memory, lane by lane of the input. */
static inline void store_lanes(uint8_t *p, vec a, vec b, vec c)
{
#ifdef __AVX2__
	store(p, _mm256_permute2x128_si256(a, b, 0x20));
	store(p + 32, _mm256_permute2x128_si256(c, a, 0x30));
	store(p + 64, _mm256_permute2x128_si256(b, c, 0x31));
#else
	store(p, a);
	store(p + 16, b);
	store(p + 32, c);
#endif
}

struct weave {
	vec place[3]; /* shuffle for each channel */
	vec second, third; /* bytes 1, 4, 7, ... and 2, 5, 8, ... */
};

/* `paired`: the lanes hold their even pixels first, then the odd ones. */
static inline struct weave prepare_weave(bool paired)
{
	uint8_t place[3][16], mask[3][16];
	struct weave w;

	for (int i = 0; i < 16; i++) {
		int from = paired ? i / 2 + i % 2 * 8 : i;

		for (int channel = 0; channel < 3; channel++) {
			place[channel][(3 * i + channel) % 16] = (uint8_t)from;
			mask[channel][i] = i % 3 == channel ? 0xff : 0;
		}
	}
	for (int channel = 0; channel < 3; channel++)
		w.place[channel] =
			BROADCAST(_mm_loadu_si128((const __m128i *)place[channel]));
	w.second = BROADCAST(_mm_loadu_si128((const __m128i *)mask[1]));
	w.third = BROADCAST(_mm_loadu_si128((const __m128i *)mask[2]));
	return w;
}

static inline vec blend(const struct weave *w, vec first, vec second, vec third)
{
	return OP(blendv_epi8)(OP(blendv_epi8)(first, second, w->second), third, w->third);
}

static inline void store_rgb(uint8_t *rgb, const struct weave *w, vec r, vec g, vec b)
{
	r = OP(shuffle_epi8)(r, w->place[0]);
	g = OP(shuffle_epi8)(g, w->place[1]);
	b = OP(shuffle_epi8)(b, w->place[2]);
	store_lanes(rgb, blend(w, r, g, b), blend(w, g, b, r), blend(w, b, r, g));
}

static size_t interleave_vectors(const uint8_t *const in[3], uint8_t *rgb, size_t n)
{
	const struct weave w = prepare_weave(false);
	size_t i;

	for (i = 0; i + STEP <= n; i += STEP)
		store_rgb(rgb + 3 * i, &w, load(in[0] + i), load(in[1] + i), load(in[2] + i));
	return i;
}

/*
 * Words of the even and of the odd pixels of a vector.  Staying apart saves all
 * the unpacking: a pair that shares its chroma shares a word, and store_rgb()
 * shuffles anyway.
 */
struct words {
	vec even, odd;
};

/* in - 128 as the high byte of words: the value for mulhi. */
static inline struct words load_centred(const uint8_t *p)
{
	vec bytes = BITS(xor)(load(p), OP(set1_epi8)(-128));

	return (struct words){
		.even = OP(slli_epi16)(bytes, 8),
		.odd = BITS(and)(bytes, OP(set1_epi16)((short)0xff00)),
	};
}

static inline struct words load_chroma(const uint8_t *p, bool half)
{
	struct words pair;

	if (!half)
		return load_centred(p);
	pair.even = pair.odd = BITS(xor)(load_high(p), OP(set1_epi16)((short)0x8000));
	return pair;
}

static inline struct words multiply(struct words a, vec k)
{
	return (struct words){OP(mulhi_epi16)(a.even, k), OP(mulhi_epi16)(a.odd, k)};
}

static inline struct words add(struct words a, struct words b)
{
	return (struct words){OP(add_epi16)(a.even, b.even), OP(add_epi16)(a.odd, b.odd)};
}

/* The sum of three without its fraction, as bytes, even pixels first. */
static inline vec finish(struct words luma, struct words chroma, vec offset)
{
	struct words sum = add(luma, add(chroma, (struct words){offset, offset}));

	return OP(packus_epi16)(OP(srai_epi16)(sum.even, 5), OP(srai_epi16)(sum.odd, 5));
}

/* Words of one component, as bytes: a's in the first half of each lane, b's in the second. */
static inline vec scale_words(vec a, vec b, vec k, vec offset)
{
	a = OP(srai_epi16)(OP(add_epi16)(OP(mulhi_epi16)(a, k), offset), 5);
	b = OP(srai_epi16)(OP(add_epi16)(OP(mulhi_epi16)(b, k), offset), 5);
	return OP(packus_epi16)(a, b);
}

/* One component, its samples in order: the halves of each lane apart. */
static size_t scale_vectors(const uint8_t *in, int16_t k, int16_t offset, uint8_t *out, size_t n)
{
	const vec k_all = OP(set1_epi16)(k), offset_all = OP(set1_epi16)(offset);
	const vec zero = BITS(setzero)();
	size_t i;

	for (i = 0; i + STEP <= n; i += STEP) {
		vec bytes = BITS(xor)(load(in + i), OP(set1_epi8)(-128));

		store(out + i, scale_words(OP(unpacklo_epi8)(zero, bytes),
					   OP(unpackhi_epi8)(zero, bytes), k_all, offset_all));
	}
	return i;
}

/*
 * The processor fetches ahead by itself, but not past the end of a page, and each
 * row of a large picture has one.
 */
#define FETCH_AHEAD 4096 /* bytes */

/*
 * Inlined with constant `luma_first`.  Luma and chroma alternate, so load_centred()
 * has them apart already.
 */
static inline __attribute__((always_inline)) size_t
scale_422_vectors(const uint8_t *in, bool luma_first, const struct vc_matrix *matrix, uint8_t *y,
		  uint8_t *a, uint8_t *b, size_t n)
{
	const vec k_luma = OP(set1_epi16)(matrix->k[0][0]);
	const vec k_chroma = OP(set1_epi16)(matrix->k[1][1]);
	const vec luma_offset = OP(set1_epi16)(matrix->offset[0]);
	const vec chroma_offset = OP(set1_epi16)(matrix->offset[1]);
	size_t i;

	for (i = 0; i + STEP <= n; i += STEP) {
		struct words one = load_centred(in + 2 * i);
		struct words two = load_centred(in + 2 * i + STEP);
		vec luma, chroma;

		/* As a number, since it may lie behind the picture; then nothing is fetched. */
		_mm_prefetch((const char *)((uintptr_t)(in + 2 * i) + FETCH_AHEAD), _MM_HINT_T0);
		luma = luma_first ? scale_words(one.even, two.even, k_luma, luma_offset)
				  : scale_words(one.odd, two.odd, k_luma, luma_offset);
		chroma = luma_first ? scale_words(one.odd, two.odd, k_chroma, chroma_offset)
				    : scale_words(one.even, two.even, k_chroma, chroma_offset);
		store(y + i, join_lanes(luma));
		store_pairs(a + i / 2, b + i / 2, chroma);
	}
	return i;
}

/* Inlined with constant `half`, which folds the words that are the same. */
static inline __attribute__((always_inline)) size_t
to_rgb_loop(const uint8_t *const in[3], bool half, const struct vc_matrix *matrix, uint8_t *rgb,
	    size_t n)
{
	const struct weave w = prepare_weave(true);
	const vec k_luma = OP(set1_epi16)(matrix->k[0][0]);
	const vec k_rv = OP(set1_epi16)(matrix->k[0][2]);
	const vec k_gu = OP(set1_epi16)(matrix->k[1][1]);
	const vec k_gv = OP(set1_epi16)(matrix->k[1][2]);
	const vec k_bu = OP(set1_epi16)(matrix->k[2][1]);
	const vec r_offset = OP(set1_epi16)(matrix->offset[0]);
	const vec g_offset = OP(set1_epi16)(matrix->offset[1]);
	const vec b_offset = OP(set1_epi16)(matrix->offset[2]);
	size_t i;

	for (i = 0; i + STEP <= n; i += STEP) {
		struct words luma = multiply(load_centred(in[0] + i), k_luma);
		struct words u = load_chroma(in[1] + (i >> half), half);
		struct words v = load_chroma(in[2] + (i >> half), half);

		store_rgb(rgb + 3 * i, &w, finish(luma, multiply(v, k_rv), r_offset),
			  finish(luma, add(multiply(u, k_gu), multiply(v, k_gv)), g_offset),
			  finish(luma, multiply(u, k_bu), b_offset));
	}
	return i;
}

static size_t to_rgb_vectors(const uint8_t *const in[3], bool half, const struct vc_matrix *matrix,
			     uint8_t *rgb, size_t n)
{
	return half ? to_rgb_loop(in, true, matrix, rgb, n)
		    : to_rgb_loop(in, false, matrix, rgb, n);
}

#else /* the plain loops do most of the arithmetic well enough */

#ifdef __ARM_NEON
#include <arm_neon.h>

static size_t interleave_vectors(const uint8_t *const in[3], uint8_t *rgb, size_t n)
{
	size_t i;

	for (i = 0; i + 16 <= n; i += 16) {
		/* By name, because clang's vst3q_u8() is a macro. */
		const uint8x16x3_t pixels = {
			{vld1q_u8(in[0] + i), vld1q_u8(in[1] + i), vld1q_u8(in[2] + i)}};

		vst3q_u8(rgb + 3 * i, pixels);
	}
	return i;
}

/* The doubled product is halved again while the offset is added: mulhi, exactly. */
static inline uint8x8_t scale_half(uint8x8_t bytes, int16_t k, int16x8_t offset)
{
	int16x8_t words = vreinterpretq_s16_u16(vshlq_n_u16(vmovl_u8(bytes), 8));

	return vqshrun_n_s16(vsraq_n_s16(offset, vqdmulhq_n_s16(words, k), 1), 5);
}

static inline uint8x16_t scale_bytes(uint8x16_t bytes, int16_t k, int16x8_t offset)
{
	bytes = veorq_u8(bytes, vdupq_n_u8(0x80));
	return vcombine_u8(scale_half(vget_low_u8(bytes), k, offset),
			   scale_half(vget_high_u8(bytes), k, offset));
}

/* Inlined with constant `luma_first`: indexed by a variable, the registers go through memory. */
static inline __attribute__((always_inline)) size_t
scale_422_vectors(const uint8_t *in, bool luma_first, const struct vc_matrix *matrix, uint8_t *y,
		  uint8_t *a, uint8_t *b, size_t n)
{
	const int16_t k_luma = matrix->k[0][0], k_chroma = matrix->k[1][1];
	const int16x8_t luma_offset = vdupq_n_s16(matrix->offset[0]);
	const int16x8_t chroma_offset = vdupq_n_s16(matrix->offset[1]);
	const int luma = luma_first ? 0 : 1;
	size_t i;

	for (i = 0; i + 32 <= n; i += 32) {
		const uint8x16x4_t group = vld4q_u8(in + 2 * i);
		const uint8x16x2_t pair = {
			{scale_bytes(group.val[luma], k_luma, luma_offset),
			 scale_bytes(group.val[luma + 2], k_luma, luma_offset)}};

		vst2q_u8(y + i, pair);
		vst1q_u8(a + i / 2, scale_bytes(group.val[1 - luma], k_chroma, chroma_offset));
		vst1q_u8(b + i / 2, scale_bytes(group.val[3 - luma], k_chroma, chroma_offset));
	}
	return i;
}

#else

static size_t interleave_vectors(const uint8_t *const in[3], uint8_t *rgb, size_t n)
{
	(void)in, (void)rgb, (void)n;
	return 0;
}

static size_t scale_422_vectors(const uint8_t *in, bool luma_first, const struct vc_matrix *matrix,
				uint8_t *y, uint8_t *a, uint8_t *b, size_t n)
{
	(void)in, (void)luma_first, (void)matrix, (void)y, (void)a, (void)b, (void)n;
	return 0;
}

#endif

static size_t scale_vectors(const uint8_t *in, int16_t k, int16_t offset, uint8_t *out, size_t n)
{
	(void)in, (void)k, (void)offset, (void)out, (void)n;
	return 0;
}

static size_t to_rgb_vectors(const uint8_t *const in[3], bool half, const struct vc_matrix *matrix,
			     uint8_t *rgb, size_t n)
{
	(void)in, (void)half, (void)matrix, (void)rgb, (void)n;
	return 0;
}

#endif
#endif
