/* SPDX-License-Identifier: MIT */
/*
 * Conversion matrices.
 *
 * Sources: ITU-R BT.601, BT.709, BT.2020, SMPTE 240M for the luma weights;
 * Documentation/userspace-api/media/v4l/colorspaces-details.rst for ranges.
 */
#include <errno.h>
#include <linux/videodev2.h>

#include "convert_colour.h"

/*
 * Weights of red and blue in luma, by enum v4l2_ycbcr_encoding.  The extended
 * gamuts differ only in values that an RGB byte cannot hold.  Constant luminance
 * is taken as BT.2020: it would need the transfer function, and no camera has it.
 */
static const struct weights {
	double red, blue;
} weights[] = {
	[V4L2_YCBCR_ENC_601] = {0.299, 0.114},
	[V4L2_YCBCR_ENC_XV601] = {0.299, 0.114},
	[V4L2_YCBCR_ENC_SYCC] = {0.299, 0.114},
	[V4L2_YCBCR_ENC_709] = {0.2126, 0.0722},
	[V4L2_YCBCR_ENC_XV709] = {0.2126, 0.0722},
	[V4L2_YCBCR_ENC_BT2020] = {0.2627, 0.0593},
	[V4L2_YCBCR_ENC_BT2020_CONST_LUM] = {0.2627, 0.0593},
	[V4L2_YCBCR_ENC_SMPTE240M] = {0.212, 0.087},
};

/* out = k (in - 128) + offset, before it becomes fixed point. */
struct linear {
	double k[3][3];
	double offset[3];
};

static int find_range(uint32_t quantization, double *luma, double *chroma, double *black)
{
	bool limited = quantization == V4L2_QUANTIZATION_LIM_RANGE;

	if (!limited && quantization != V4L2_QUANTIZATION_FULL_RANGE)
		return -EINVAL;
	*luma = limited ? 255.0 / 219.0 : 1.0;
	*chroma = limited ? 255.0 / 224.0 : 1.0;
	*black = limited ? 16.0 : 0.0;
	return 0;
}

static int find_rgb(uint32_t ycbcr_enc, uint32_t quantization, struct linear *out)
{
	double luma, chroma, black, green;
	const struct weights *w;
	int rc;

	if (ycbcr_enc == V4L2_YCBCR_ENC_DEFAULT ||
	    ycbcr_enc >= sizeof(weights) / sizeof(weights[0]))
		return -EINVAL;
	rc = find_range(quantization, &luma, &chroma, &black);
	if (rc < 0)
		return rc;

	w = &weights[ycbcr_enc];
	green = 1.0 - w->red - w->blue;
	*out = (struct linear){
		.k = {
			{luma, 0.0, chroma * 2.0 * (1.0 - w->red)},
			{luma, -chroma * 2.0 * (1.0 - w->blue) * w->blue / green,
			 -chroma * 2.0 * (1.0 - w->red) * w->red / green},
			{luma, chroma * 2.0 * (1.0 - w->blue), 0.0},
		},
	};
	for (int i = 0; i < 3; i++)
		out->offset[i] = luma * (128.0 - black);
	return 0;
}

static int16_t round_to_int16(double v)
{
	return (int16_t)(v < 0 ? v - 0.5 : v + 0.5);
}

/*
 * mulhi() rounds down, which loses half a unit on average; multiples of 256
 * lose nothing, because the other factor is one too.
 */
static void set_fixed(const struct linear *in, struct vc_matrix *out)
{
	for (int i = 0; i < 3; i++) {
		double half = 16.0;

		for (int j = 0; j < 3; j++) {
			out->k[i][j] = round_to_int16(in->k[i][j] * VC_MATRIX_ONE);
			if (out->k[i][j] % 256)
				half += 0.5;
		}
		out->offset[i] = round_to_int16(in->offset[i] * 32.0 + half);
	}
}

int vc_matrix_rgb(uint32_t ycbcr_enc, uint32_t quantization, struct vc_matrix *out)
{
	struct linear rgb;
	int rc = find_rgb(ycbcr_enc, quantization, &rgb);

	if (rc == 0)
		set_fixed(&rgb, out);
	return rc;
}

int vc_matrix_jpeg(uint32_t ycbcr_enc, uint32_t quantization, struct vc_matrix *out)
{
	/* R'G'B' to Y'CbCr as in JFIF: BT.601, full range. */
	const struct weights *w = &weights[V4L2_YCBCR_ENC_601];
	const double green = 1.0 - w->red - w->blue;
	const double to_cb = 0.5 / (1.0 - w->blue);
	const double to_cr = 0.5 / (1.0 - w->red);
	const double jfif[3][3] = {
		{w->red, green, w->blue},
		{-w->red * to_cb, -green * to_cb, 0.5},
		{0.5, -green * to_cr, -w->blue * to_cr},
	};
	struct linear rgb, jpeg = {.offset = {0.0, 128.0, 128.0}};
	int rc = find_rgb(ycbcr_enc, quantization, &rgb);

	if (rc < 0)
		return rc;
	for (int i = 0; i < 3; i++)
		for (int m = 0; m < 3; m++) {
			for (int j = 0; j < 3; j++)
				jpeg.k[i][j] += jfif[i][m] * rgb.k[m][j];
			jpeg.offset[i] += jfif[i][m] * rgb.offset[m];
		}
	set_fixed(&jpeg, out);
	return 0;
}

int vc_matrix_grey(uint32_t quantization, struct vc_matrix *out)
{
	double luma, chroma, black;
	struct linear grey = {0};
	int rc = find_range(quantization, &luma, &chroma, &black);

	if (rc < 0)
		return rc;
	for (int i = 0; i < 3; i++) {
		grey.k[i][i] = luma;
		grey.offset[i] = luma * (128.0 - black);
	}
	set_fixed(&grey, out);
	return 0;
}

bool vc_matrix_is_diagonal(const struct vc_matrix *matrix)
{
	return !(matrix->k[0][1] || matrix->k[0][2] || matrix->k[1][2] || matrix->k[2][1]);
}

bool vc_matrix_keeps(const struct vc_matrix *matrix, int i)
{
	return matrix->k[i][i] == VC_MATRIX_ONE;
}
