/* SPDX-License-Identifier: MIT */
/* The ten colours of the test picture, as the camera sees and encodes them. */
#include "picture.h"

#define LEVEL 0.75 /* of the bars */

/* Kr and Kb; Documentation/userspace-api/media/v4l/colorspaces-details.rst */
static void luma_weights(const struct vc_format *format, double *kr, double *kb)
{
	uint32_t enc = format->ycbcr_enc;

	if (enc == V4L2_YCBCR_ENC_DEFAULT)
		enc = V4L2_MAP_YCBCR_ENC_DEFAULT(format->colorspace);
	*kr = 0.299;
	*kb = 0.114;
	if (enc == V4L2_YCBCR_ENC_709 || enc == V4L2_YCBCR_ENC_XV709) {
		*kr = 0.2126;
		*kb = 0.0722;
	} else if (enc == V4L2_YCBCR_ENC_BT2020) {
		*kr = 0.2627;
		*kb = 0.0593;
	}
}

static int is_full_range(const struct vc_format *format, const struct sim_pixfmt *pix)
{
	if (pix->packing == SIM_JPEG)
		return 1; /* whatever the fields say: a JFIF file is */
	if (format->quantization != V4L2_QUANTIZATION_DEFAULT)
		return format->quantization == V4L2_QUANTIZATION_FULL_RANGE;
	return !pix->is_ycbcr || format->colorspace == V4L2_COLORSPACE_JPEG;
}

static uint8_t to_byte(double value)
{
	if (!(value > 0)) /* NaN, too */
		return 0;
	return value >= 255 ? 255 : (uint8_t)(value + 0.5);
}

static void set_colour(struct sim_colour *to, const double rgb[3], const struct vc_format *format,
		       const struct sim_pixfmt *pix)
{
	double kr, kb, y, u, v;
	int full = is_full_range(format, pix);

	luma_weights(format, &kr, &kb);
	if (pix->packing == SIM_JPEG)
		kr = 0.299, kb = 0.114;
	y = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2];
	u = (rgb[2] - y) / (2 * (1 - kb));
	v = (rgb[0] - y) / (2 * (1 - kr));
	to->is[SIM_Y] = to_byte(full ? 255 * y : 16 + 219 * y);
	to->is[SIM_U] = to_byte(128 + (full ? 255 : 224) * u);
	to->is[SIM_V] = to_byte(128 + (full ? 255 : 224) * v);
	to->is[SIM_R] = to_byte(255 * rgb[0]);
	to->is[SIM_G] = to_byte(255 * rgb[1]);
	to->is[SIM_B] = to_byte(255 * rgb[2]);
	to->is[SIM_X] = 255;
}

static double clamp(double value)
{
	return value > 0 ? (value < 1 ? value : 1) : 0;
}

/* Light, then white balance, then what a camera does to the picture's luma and chroma. */
static void look(const struct sim_view *view, double rgb[3])
{
	double y, u, v, c = view->hue_cos, s = view->hue_sin;

	rgb[0] = clamp(rgb[0] * view->exposure * view->red);
	rgb[1] = clamp(rgb[1] * view->exposure);
	rgb[2] = clamp(rgb[2] * view->exposure * view->blue);

	y = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
	u = (rgb[2] - y) * view->saturation * view->contrast;
	v = (rgb[0] - y) * view->saturation * view->contrast;
	y = (y - 0.5) * view->contrast + 0.5 + view->brightness;
	rgb[0] = y + (c * v - s * u);
	rgb[2] = y + (c * u + s * v);
	rgb[1] = (y - 0.299 * rgb[0] - 0.114 * rgb[2]) / 0.587;

	rgb[0] = clamp(rgb[0]);
	rgb[1] = clamp(rgb[1]);
	rgb[2] = clamp(rgb[2]);
}

/* From a bar to the next, which is the first again after the last. */
static void blend_edges(struct sim_colour *palette)
{
	int bar, step, n, left, right;

	for (bar = 0; bar < SIM_BARS; bar++) {
		for (step = 0; step < SIM_STEPS; step++) {
			for (n = 0; n < SIM_COMPONENTS; n++) {
				left = palette[(bar + SIM_BARS - 1) % SIM_BARS].is[n];
				right = palette[bar].is[n];
				palette[SIM_EDGES + bar * SIM_STEPS + step].is[n] =
					(uint8_t)(left + (right - left) * (2 * step + 1) /
								 (2 * SIM_STEPS));
			}
		}
	}
}

void sim_mix_palette(const struct sim_view *view, const struct vc_format *format,
		     const struct sim_pixfmt *pix, struct sim_colour *palette)
{
	static const uint8_t bars[SIM_BARS] = {7, 6, 3, 2, 5, 4, 1, 0}; /* red 4, green 2, blue 1 */
	double black[3] = {0, 0, 0}, white[3] = {1, 1, 1}, rgb[3];
	int i, n;

	for (i = 0; i < SIM_BARS; i++) {
		for (n = 0; n < 3; n++)
			rgb[n] = !view->dark && bars[i] & (4 >> n) ? LEVEL : 0;
		look(view, rgb);
		set_colour(&palette[i], rgb, format, pix);
	}
	blend_edges(palette);
	set_colour(&palette[SIM_BLACK], black, format, pix);
	set_colour(&palette[SIM_WHITE], white, format, pix);
}
