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
#include "sim.h"

#define CHROMA_420(samples) {samples, NULL, 2, 2}
#define CHROMA_422(samples) {samples, NULL, 2, 1}
#define CHROMA_444(samples) {samples, NULL, 1, 1}
#define WHOLE(samples, span) {samples, NULL, span, 1}
#define LUMA WHOLE("Y0", 1)

#define PACKED(code, text, yuv, samples, span) \
	{V4L2_PIX_FMT_##code, text, SIM_BYTES, 8, 1, yuv, {WHOLE(samples, span)}}
#define PLANES(code, text, memory, ...) \
	{V4L2_PIX_FMT_##code, text, SIM_BYTES, 8, memory, 1, {LUMA, __VA_ARGS__}}
#define FIELDS(code, text, bits, yuv, packing, fields) \
	{V4L2_PIX_FMT_##code, text, packing, bits, 1, yuv, {WHOLE(fields, 1)}}
#define RGB16(code, text, fields) FIELDS(code, "16-bit " text, 16, 0, SIM_FIELDS, fields)
#define RGB16_BE(code, text, fields) \
	FIELDS(code, "16-bit " text " BE", 16, 0, SIM_FIELDS_BE, fields)
#define GREY(code, text, packing, bits) \
	{V4L2_PIX_FMT_##code, text, packing, bits, 1, 0, {LUMA}}
#define BAYER(code, text, packing, bits, even, odd) \
	{V4L2_PIX_FMT_##code, text, packing, bits, 1, 0, {{even, odd, 2, 1}}}
#define BAYERS(end, bits, packing, tail) \
	BAYER(SBGGR##end, #bits "-bit Bayer BGBG/GRGR" tail, packing, bits, "B0G1", "G0R1"), \
	BAYER(SGBRG##end, #bits "-bit Bayer GBGB/RGRG" tail, packing, bits, "G0B1", "R0G1"), \
	BAYER(SGRBG##end, #bits "-bit Bayer GRGR/BGBG" tail, packing, bits, "G0R1", "B0G1"), \
	BAYER(SRGGB##end, #bits "-bit Bayer RGRG/GBGB" tail, packing, bits, "R0G1", "G0B1")
#define COMPRESSED(code, text, packing) {V4L2_PIX_FMT_##code, text, packing, 8, 1, 1, {{0}}}

static const struct sim_pixfmt FORMATS[] = {
	PACKED(YUYV, "YUYV 4:2:2", 1, "Y0U0Y1V0", 2),
	PACKED(UYVY, "UYVY 4:2:2", 1, "U0Y0V0Y1", 2),
	PACKED(YVYU, "YVYU 4:2:2", 1, "Y0V0Y1U0", 2),
	PACKED(VYUY, "VYUY 4:2:2", 1, "V0Y0U0Y1", 2),
	PACKED(YYUV, "YYUV 4:2:2", 1, "Y0Y1U0V0", 2),

	PLANES(NV12, "Y/UV 4:2:0", 1, CHROMA_420("U0V0")),
	PLANES(NV21, "Y/VU 4:2:0", 1, CHROMA_420("V0U0")),
	PLANES(NV16, "Y/UV 4:2:2", 1, CHROMA_422("U0V0")),
	PLANES(NV61, "Y/VU 4:2:2", 1, CHROMA_422("V0U0")),
	PLANES(NV24, "Y/UV 4:4:4", 1, CHROMA_444("U0V0")),
	PLANES(NV42, "Y/VU 4:4:4", 1, CHROMA_444("V0U0")),
	PLANES(YUV420, "Planar YUV 4:2:0", 1, CHROMA_420("U0"), CHROMA_420("V0")),
	PLANES(YVU420, "Planar YVU 4:2:0", 1, CHROMA_420("V0"), CHROMA_420("U0")),
	PLANES(YUV422P, "Planar YUV 4:2:2", 1, CHROMA_422("U0"), CHROMA_422("V0")),
	PLANES(NV12M, "Y/UV 4:2:0 (N-C)", 2, CHROMA_420("U0V0")),
	PLANES(NV21M, "Y/VU 4:2:0 (N-C)", 2, CHROMA_420("V0U0")),
	PLANES(NV16M, "Y/UV 4:2:2 (N-C)", 2, CHROMA_422("U0V0")),
	PLANES(NV61M, "Y/VU 4:2:2 (N-C)", 2, CHROMA_422("V0U0")),
	PLANES(YUV420M, "Planar YUV 4:2:0 (N-C)", 3, CHROMA_420("U0"), CHROMA_420("V0")),
	PLANES(YVU420M, "Planar YVU 4:2:0 (N-C)", 3, CHROMA_420("V0"), CHROMA_420("U0")),
	PLANES(YUV422M, "Planar YUV 4:2:2 (N-C)", 3, CHROMA_422("U0"), CHROMA_422("V0")),
	PLANES(YVU422M, "Planar YVU 4:2:2 (N-C)", 3, CHROMA_422("V0"), CHROMA_422("U0")),
	PLANES(YUV444M, "Planar YUV 4:4:4 (N-C)", 3, CHROMA_444("U0"), CHROMA_444("V0")),
	PLANES(YVU444M, "Planar YVU 4:4:4 (N-C)", 3, CHROMA_444("V0"), CHROMA_444("U0")),

	PACKED(YUV24, "24-bit YUV 4:4:4 8-8-8", 1, "Y0U0V0", 1),
	PACKED(YUV32, "32-bit A/XYUV 8-8-8-8", 1, "X0Y0U0V0", 1),
	PACKED(AYUV32, "32-bit AYUV 8-8-8-8", 1, "X0Y0U0V0", 1),
	PACKED(XYUV32, "32-bit XYUV 8-8-8-8", 1, "X0Y0U0V0", 1),
	PACKED(VUYA32, "32-bit VUYA 8-8-8-8", 1, "V0U0Y0X0", 1),
	PACKED(VUYX32, "32-bit VUYX 8-8-8-8", 1, "V0U0Y0X0", 1),
	PACKED(YUVA32, "32-bit YUVA 8-8-8-8", 1, "Y0U0V0X0", 1),
	PACKED(YUVX32, "32-bit YUVX 8-8-8-8", 1, "Y0U0V0X0", 1),
	FIELDS(YUV444, "16-bit A/XYUV 4-4-4-4", 16, 1, SIM_FIELDS, "X4Y4U4V4"),
	FIELDS(YUV555, "16-bit A/XYUV 1-5-5-5", 16, 1, SIM_FIELDS, "X1Y5U5V5"),
	FIELDS(YUV565, "16-bit YUV 5-6-5", 16, 1, SIM_FIELDS, "Y5U6V5"),

	GREY(GREY, "8-bit Greyscale", SIM_BYTES, 8),
	GREY(Y10, "10-bit Greyscale", SIM_WORDS, 10),
	GREY(Y12, "12-bit Greyscale", SIM_WORDS, 12),
	GREY(Y14, "14-bit Greyscale", SIM_WORDS, 14),
	GREY(Y16, "16-bit Greyscale", SIM_WORDS, 16),
	GREY(Y16_BE, "16-bit Greyscale BE", SIM_WORDS_BE, 16),
	GREY(Y10P, "10-bit Greyscale (MIPI Packed)", SIM_MIPI, 10),
	GREY(Z16, "16-bit Depth", SIM_WORDS, 16), /* what is bright is far away */

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
	FIELDS(RGB332, "8-bit RGB 3-3-2", 8, 0, SIM_FIELDS, "R3G3B2"),
	RGB16(RGB444, "A/XRGB 4-4-4-4", "X4R4G4B4"),
	RGB16(ARGB444, "ARGB 4-4-4-4", "X4R4G4B4"),
	RGB16(XRGB444, "XRGB 4-4-4-4", "X4R4G4B4"),
	RGB16(RGBA444, "RGBA 4-4-4-4", "R4G4B4X4"),
	RGB16(RGBX444, "RGBX 4-4-4-4", "R4G4B4X4"),
	RGB16(ABGR444, "ABGR 4-4-4-4", "X4B4G4R4"),
	RGB16(XBGR444, "XBGR 4-4-4-4", "X4B4G4R4"),
	RGB16(BGRA444, "BGRA 4-4-4-4", "B4G4R4X4"),
	RGB16(BGRX444, "BGRX 4-4-4-4", "B4G4R4X4"),
	RGB16(RGB555, "A/XRGB 1-5-5-5", "X1R5G5B5"),
	RGB16(ARGB555, "ARGB 1-5-5-5", "X1R5G5B5"),
	RGB16(XRGB555, "XRGB 1-5-5-5", "X1R5G5B5"),
	RGB16(RGBA555, "RGBA 5-5-5-1", "R5G5B5X1"),
	RGB16(RGBX555, "RGBX 5-5-5-1", "R5G5B5X1"),
	RGB16(ABGR555, "ABGR 1-5-5-5", "X1B5G5R5"),
	RGB16(XBGR555, "XBGR 1-5-5-5", "X1B5G5R5"),
	RGB16(BGRA555, "BGRA 5-5-5-1", "B5G5R5X1"),
	RGB16(BGRX555, "BGRX 5-5-5-1", "B5G5R5X1"),
	RGB16(RGB565, "RGB 5-6-5", "R5G6B5"),
	RGB16_BE(RGB555X, "A/XRGB 1-5-5-5", "X1R5G5B5"),
	RGB16_BE(ARGB555X, "ARGB 1-5-5-5", "X1R5G5B5"),
	RGB16_BE(XRGB555X, "XRGB 1-5-5-5", "X1R5G5B5"),
	RGB16_BE(RGB565X, "RGB 5-6-5", "R5G6B5"),
	FIELDS(BGR666, "18-bit BGRX 6-6-6-14", 32, 0, SIM_FIELDS_BE, "B6G6R6X7X7"),

	BAYERS(8, 8, SIM_BYTES, ""),
	BAYERS(10, 10, SIM_WORDS, ""),
	BAYERS(10P, 10, SIM_MIPI, " Packed"),
	BAYERS(12, 12, SIM_WORDS, ""),
	BAYERS(12P, 12, SIM_MIPI, " Packed"),
	BAYERS(14, 14, SIM_WORDS, ""),
	BAYERS(14P, 14, SIM_MIPI, " Packed"),
	BAYERS(16, 16, SIM_WORDS, ""),

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

int vc_sim_can_draw(uint32_t pixelformat)
{
	return sim_pixfmt_find(pixelformat)->packing != SIM_OPAQUE;
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

/* How many samples fill whole bytes in MIPI's packing. */
static uint32_t group_of(const struct sim_pixfmt *pix)
{
	return pix->bits % 4 ? 4 : 2;
}

uint32_t sim_row_bytes(const struct sim_pixfmt *pix, uint32_t plane, uint32_t width)
{
	const struct sim_plane *p = &pix->planes[plane];
	uint32_t samples = divide_up(width, p->span) * samples_of(p);

	switch (pix->packing) {
	case SIM_WORDS:
	case SIM_WORDS_BE:
		return samples * 2;
	case SIM_MIPI:
		return divide_up(samples, group_of(pix)) * (group_of(pix) * pix->bits / 8);
	case SIM_FIELDS:
	case SIM_FIELDS_BE:
		return width * (pix->bits / 8);
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

static void put_mipi(const struct sim_pixfmt *pix, uint8_t *out, uint32_t n, uint32_t sample)
{
	uint32_t group = group_of(pix), rest = pix->bits - 8u, bit, at;

	out += n / group * (group * pix->bits / 8);
	n %= group;
	out[n] = (uint8_t)(sample >> rest);
	for (bit = 0; bit < rest; bit++) {
		at = 8 * group + rest * n + bit;
		out[at / 8] &= (uint8_t)~(1u << at % 8);
		out[at / 8] |= (uint8_t)((sample >> bit & 1) << at % 8);
	}
}

static void put(const struct sim_pixfmt *pix, uint8_t *out, uint32_t n, uint32_t byte)
{
	uint32_t sample = byte * 257 >> (16 - pix->bits);

	switch (pix->packing) {
	case SIM_WORDS:
		out[2 * n] = (uint8_t)sample;
		out[2 * n + 1] = (uint8_t)(sample >> 8);
		break;
	case SIM_WORDS_BE:
		out[2 * n] = (uint8_t)(sample >> 8);
		out[2 * n + 1] = (uint8_t)sample;
		break;
	case SIM_MIPI:
		put_mipi(pix, out, n, sample);
		break;
	default:
		out[n] = (uint8_t)byte;
	}
}

static uint32_t place_of(char component)
{
	return (uint32_t)(strchr(COMPONENTS, component) - COMPONENTS);
}

static void pack_fields(const struct sim_pixfmt *pix, const struct sim_colour *palette,
			const uint8_t *pixels, uint32_t width, uint8_t *out)
{
	int is_le = pix->packing == SIM_FIELDS;
	const char *field;
	uint32_t x, i, most, word, bytes = pix->bits / 8;

	for (x = 0; x < width; x++, out += bytes) {
		word = 0;
		for (field = pix->planes[0].even; *field; field += 2) {
			most = (1u << (field[1] - '0')) - 1;
			word = word * (most + 1) +
			       (palette[pixels[x]].is[place_of(field[0])] * most + 127) / 255;
		}
		for (i = 0; i < bytes; i++)
			out[is_le ? i : bytes - 1 - i] = (uint8_t)(word >> 8 * i);
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

	if (pix->packing == SIM_FIELDS || pix->packing == SIM_FIELDS_BE) {
		pack_fields(pix, palette, pixels, width, out);
		return;
	}
	for (i = 0; i < samples; i++) {
		component[i] = (uint8_t)place_of(pattern[2 * i]);
		pixel[i] = (uint8_t)(pattern[2 * i + 1] - '0');
	}
	for (x = 0; x < width; x += p->span) {
		for (i = 0; i < samples; i++) {
			at = x + pixel[i] < width ? x + pixel[i] : width - 1;
			put(pix, out, n++, palette[pixels[at]].is[component[i]]);
		}
	}
}
