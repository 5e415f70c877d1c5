/* SPDX-License-Identifier: MIT */
/*
 * Pixel formats as data.  A format is the samples of each of its planes, in
 * the order in which they lie in memory; one slow loop writes them all, for a
 * picture has only a few different rows.
 *
 * Source: Documentation/userspace-api/media/v4l/pixfmt-*.rst; descriptions from
 * v4l_fill_fmtdesc() in drivers/media/v4l2-core/v4l2-ioctl.c.
 */
#include <string.h>

#include "picture.h"

#ifndef V4L2_PIX_FMT_Y12
#define V4L2_PIX_FMT_Y12 v4l2_fourcc('Y', '1', '2', ' ')
#endif

#define CHROMA_420(samples) {samples, NULL, 2, 2}
#define CHROMA_422(samples) {samples, NULL, 2, 1}
#define WHOLE(samples, span) {samples, NULL, span, 1}
#define LUMA WHOLE("Y0", 1)

#define PACKED(code, text, yuv, samples, span) \
	{V4L2_PIX_FMT_##code, text, SIM_BYTES, 8, 1, yuv, {WHOLE(samples, span)}}
#define PLANES(code, text, memory, ...) \
	{V4L2_PIX_FMT_##code, text, SIM_BYTES, 8, memory, 1, {LUMA, __VA_ARGS__}}
#define GREY(code, text, packing, bits) \
	{V4L2_PIX_FMT_##code, text, packing, bits, 1, 0, {LUMA}}
#define BAYER(code, text, packing, bits, even, odd) \
	{V4L2_PIX_FMT_##code, text, packing, bits, 1, 0, {{even, odd, 2, 1}}}
#define BAYERS(end, text, packing, bits) \
	BAYER(SBGGR##end, text " BGBG/GRGR", packing, bits, "B0G1", "G0R1"), \
	BAYER(SGBRG##end, text " GBGB/RGRG", packing, bits, "G0B1", "R0G1"), \
	BAYER(SGRBG##end, text " GRGR/BGBG", packing, bits, "G0R1", "B0G1"), \
	BAYER(SRGGB##end, text " RGRG/GBGB", packing, bits, "R0G1", "G0B1")
#define COMPRESSED(code, text, packing) {V4L2_PIX_FMT_##code, text, packing, 8, 1, 1, {{0}}}

static const struct sim_pixfmt FORMATS[] = {
	PACKED(YUYV, "YUYV 4:2:2", 1, "Y0U0Y1V0", 2),
	PACKED(UYVY, "UYVY 4:2:2", 1, "U0Y0V0Y1", 2),
	PACKED(YVYU, "YVYU 4:2:2", 1, "Y0V0Y1U0", 2),
	PACKED(VYUY, "VYUY 4:2:2", 1, "V0Y0U0Y1", 2),

	PLANES(NV12, "Y/UV 4:2:0", 1, CHROMA_420("U0V0")),
	PLANES(NV21, "Y/VU 4:2:0", 1, CHROMA_420("V0U0")),
	PLANES(NV16, "Y/UV 4:2:2", 1, CHROMA_422("U0V0")),
	PLANES(NV61, "Y/VU 4:2:2", 1, CHROMA_422("V0U0")),
	PLANES(YUV420, "Planar YUV 4:2:0", 1, CHROMA_420("U0"), CHROMA_420("V0")),
	PLANES(YVU420, "Planar YVU 4:2:0", 1, CHROMA_420("V0"), CHROMA_420("U0")),
	PLANES(YUV422P, "Planar YUV 4:2:2", 1, CHROMA_422("U0"), CHROMA_422("V0")),
	PLANES(NV12M, "Y/UV 4:2:0 (N-C)", 2, CHROMA_420("U0V0")),
	PLANES(NV21M, "Y/VU 4:2:0 (N-C)", 2, CHROMA_420("V0U0")),
	PLANES(NV16M, "Y/UV 4:2:2 (N-C)", 2, CHROMA_422("U0V0")),
	PLANES(YUV420M, "Planar YUV 4:2:0 (N-C)", 3, CHROMA_420("U0"), CHROMA_420("V0")),
	PLANES(YVU420M, "Planar YVU 4:2:0 (N-C)", 3, CHROMA_420("V0"), CHROMA_420("U0")),

	GREY(GREY, "8-bit Greyscale", SIM_BYTES, 8),
	GREY(Y10, "10-bit Greyscale", SIM_WORDS, 10),
	GREY(Y12, "12-bit Greyscale", SIM_WORDS, 12),
	GREY(Y16, "16-bit Greyscale", SIM_WORDS, 16),

	PACKED(RGB24, "24-bit RGB 8-8-8", 0, "R0G0B0", 1),
	PACKED(BGR24, "24-bit BGR 8-8-8", 0, "B0G0R0", 1),
	PACKED(XBGR32, "32-bit BGRX 8-8-8-8", 0, "B0G0R0X0", 1),
	PACKED(ABGR32, "32-bit BGRA 8-8-8-8", 0, "B0G0R0X0", 1),
	PACKED(RGBX32, "32-bit RGBX 8-8-8-8", 0, "R0G0B0X0", 1),
	PACKED(RGBA32, "32-bit RGBA 8-8-8-8", 0, "R0G0B0X0", 1),
	PACKED(XRGB32, "32-bit XRGB 8-8-8-8", 0, "X0R0G0B0", 1),
	PACKED(ARGB32, "32-bit ARGB 8-8-8-8", 0, "X0R0G0B0", 1),
	PACKED(BGRX32, "32-bit XBGR 8-8-8-8", 0, "X0B0G0R0", 1),
	PACKED(BGRA32, "32-bit ABGR 8-8-8-8", 0, "X0B0G0R0", 1),
	PACKED(RGB32, "32-bit A/XRGB 8-8-8-8", 0, "X0R0G0B0", 1),
	PACKED(BGR32, "32-bit BGRA/X 8-8-8-8", 0, "B0G0R0X0", 1),
	{V4L2_PIX_FMT_RGB565, "16-bit RGB 5-6-5", SIM_RGB565, 16, 1, 0, {WHOLE("R0G0B0", 1)}},

	BAYERS(8, "8-bit Bayer", SIM_BYTES, 8),
	BAYERS(10, "10-bit Bayer", SIM_WORDS, 10),
	BAYERS(10P, "10-bit Bayer Packed", SIM_PACKED10, 10),
	BAYERS(12, "12-bit Bayer", SIM_WORDS, 12),
	BAYERS(12P, "12-bit Bayer Packed", SIM_PACKED12, 12),
	BAYERS(16, "16-bit Bayer", SIM_WORDS, 16),

	COMPRESSED(MJPEG, "Motion-JPEG", SIM_JPEG),
	COMPRESSED(JPEG, "JFIF JPEG", SIM_JPEG),
	COMPRESSED(H264, "H.264", SIM_OPAQUE),
	COMPRESSED(HEVC, "HEVC", SIM_OPAQUE),
};

static const struct sim_pixfmt UNKNOWN = {0, "", SIM_OPAQUE, 8, 1, 1, {{0}}};

const struct sim_pixfmt *sim_pixfmt_find(uint32_t fourcc)
{
	size_t i;

	for (i = 0; i < sizeof(FORMATS) / sizeof(FORMATS[0]); i++) {
		if (FORMATS[i].fourcc == fourcc)
			return &FORMATS[i];
	}
	return &UNKNOWN;
}

int sim_pixfmt_is_compressed(const struct sim_pixfmt *pix)
{
	return pix->packing == SIM_JPEG || pix->packing == SIM_OPAQUE;
}

static uint32_t samples_of(const struct sim_plane *plane)
{
	return plane->even ? (uint32_t)strlen(plane->even) / 2 : 0;
}

uint32_t sim_num_planes(const struct sim_pixfmt *pix)
{
	uint32_t n = 0;

	while (n < 3 && pix->planes[n].even)
		n++;
	return n;
}

static uint32_t divide_up(uint32_t value, uint32_t by)
{
	return value / by + (value % by != 0);
}

uint32_t sim_row_bytes(const struct sim_pixfmt *pix, uint32_t plane, uint32_t width)
{
	const struct sim_plane *p = &pix->planes[plane];
	uint32_t samples = divide_up(width, p->span) * samples_of(p);

	switch (pix->packing) {
	case SIM_WORDS:
		return samples * 2;
	case SIM_PACKED10:
		return divide_up(samples, 4) * 5;
	case SIM_PACKED12:
		return divide_up(samples, 2) * 3;
	case SIM_RGB565:
		return samples / 3 * 2;
	default:
		return samples;
	}
}

/* Chroma planes of half the width have half the stride, interleaved ones all of it. */
uint32_t sim_row_stride(const struct sim_pixfmt *pix, uint32_t plane, uint32_t bytesperline)
{
	const struct sim_plane *p = &pix->planes[plane];

	return plane == 0 ? bytesperline : bytesperline * samples_of(p) / p->span;
}

uint32_t sim_plane_rows(const struct sim_pixfmt *pix, uint32_t plane, uint32_t height)
{
	return divide_up(height, pix->planes[plane].rows);
}

/* A webcam's own guess for a JPEG, and room for the headers of a small one. */
static uint32_t compressed_size(uint32_t width, uint32_t height)
{
	return width * height * 2 + 4096;
}

void sim_pixfmt_lay_out(const struct sim_pixfmt *pix, uint32_t stride_align,
			struct vc_format *format)
{
	uint32_t i, memory, stride, count = sim_num_planes(pix);
	uint32_t align = stride_align ? stride_align : 1;
	uint32_t even = count > 1 ? format->width + format->width % 2 : format->width;

	memset(format->sizeimage, 0, sizeof(format->sizeimage));
	memset(format->bytesperline, 0, sizeof(format->bytesperline));
	format->num_planes = pix->memory_planes;
	if (sim_pixfmt_is_compressed(pix)) {
		format->sizeimage[0] = compressed_size(format->width, format->height);
		return;
	}
	if (count > 1)
		align += align % 2; /* half of it is the stride of the chroma */
	stride = divide_up(sim_row_bytes(pix, 0, even), align) * align;
	for (i = 0; i < count; i++) {
		memory = pix->memory_planes > 1 ? i : 0;
		format->sizeimage[memory] += sim_row_stride(pix, i, stride) *
					     sim_plane_rows(pix, i, format->height);
		if (memory == i)
			format->bytesperline[memory] = sim_row_stride(pix, i, stride);
	}
}

/* ---- rows ---------------------------------------------------------------------- */

static const char COMPONENTS[] = "YUVRGBX";

static void put(const struct sim_pixfmt *pix, uint8_t *out, uint32_t n, uint32_t byte)
{
	uint32_t sample = byte * 257 >> (16 - pix->bits);

	switch (pix->packing) {
	case SIM_WORDS:
		out[2 * n] = (uint8_t)sample;
		out[2 * n + 1] = (uint8_t)(sample >> 8);
		break;
	case SIM_PACKED10: /* the low bits of four, together in the fifth byte */
		out += n / 4 * 5;
		out[n % 4] = (uint8_t)(sample >> 2);
		out[4] &= (uint8_t)~(3u << (2 * (n % 4)));
		out[4] |= (uint8_t)((sample & 3) << (2 * (n % 4)));
		break;
	case SIM_PACKED12:
		out += n / 2 * 3;
		out[n % 2] = (uint8_t)(sample >> 4);
		out[2] &= (uint8_t)(n % 2 ? 0x0f : 0xf0);
		out[2] |= (uint8_t)((sample & 15) << (4 * (n % 2)));
		break;
	default:
		out[n] = (uint8_t)byte;
	}
}

static void pack_565(const struct sim_colour *palette, const uint8_t *pixels, uint32_t width,
		     uint8_t *out)
{
	uint32_t x;

	for (x = 0; x < width; x++) {
		const uint8_t *is = palette[pixels[x]].is;
		uint32_t word = (uint32_t)(is[SIM_R] >> 3) << 11 | (uint32_t)(is[SIM_G] >> 2) << 5 |
				is[SIM_B] >> 3;

		out[2 * x] = (uint8_t)word;
		out[2 * x + 1] = (uint8_t)(word >> 8);
	}
}

void sim_pack_row(const struct sim_pixfmt *pix, uint32_t plane, int odd,
		  const struct sim_colour *palette, const uint8_t *pixels, uint32_t width,
		  uint8_t *out)
{
	const struct sim_plane *p = &pix->planes[plane];
	const char *pattern = odd && p->odd ? p->odd : p->even;
	uint32_t i, x, at, n = 0, samples = samples_of(p);
	uint8_t component[8], pixel[8];

	if (pix->packing == SIM_RGB565) {
		pack_565(palette, pixels, width, out);
		return;
	}
	for (i = 0; i < samples; i++) {
		component[i] = (uint8_t)(strchr(COMPONENTS, pattern[2 * i]) - COMPONENTS);
		pixel[i] = (uint8_t)(pattern[2 * i + 1] - '0');
	}
	for (x = 0; x < width; x += p->span) {
		for (i = 0; i < samples; i++) {
			at = x + pixel[i] < width ? x + pixel[i] : width - 1;
			put(pix, out, n++, palette[pixels[at]].is[component[i]]);
		}
	}
}
