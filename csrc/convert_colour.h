/* SPDX-License-Identifier: MIT */
/* Colour arithmetic, from V4L2's enums to fixed point.  Internal to convert*.c. */
#ifndef VC_CONVERT_COLOUR_H
#define VC_CONVERT_COLOUR_H

#include "convert_rows.h"

/*
 * The matrix from Y'CbCr to R'G'B', or to Y'CbCr of BT.601 in full range.
 * In the latter chroma never depends on luma, and when the picture has BT.601
 * already, luma does not depend on chroma, and Cb and Cr are treated alike:
 * vc_matrix_is_diagonal().
 *
 * Returns 0, or -EINVAL for values that are not in the enums or DEFAULT.
 */
int vc_matrix_rgb(uint32_t ycbcr_enc, uint32_t quantization, struct vc_matrix *out);
int vc_matrix_jpeg(uint32_t ycbcr_enc, uint32_t quantization, struct vc_matrix *out);

/* The diagonal matrix for one kind of component: R, G, B or grey. */
int vc_matrix_grey(uint32_t quantization, struct vc_matrix *out);

bool vc_matrix_is_diagonal(const struct vc_matrix *matrix);

/* Whether component i comes out as it went in, in a diagonal matrix. */
bool vc_matrix_keeps(const struct vc_matrix *matrix, int i);

#endif
