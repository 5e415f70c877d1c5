/* SPDX-License-Identifier: MIT */
/*
 * Raw pictures to RGB, or to the planes that a JPEG encoder takes.
 *
 * What comes out is defined to the bit by these rules, which
 * tests/unit/reference.py follows in floating point:
 *
 *  - Rounding: every result is within 1 of the exact value, and values outside
 *    0..255 are clamped.
 *  - Chroma: a sample covers its whole 2x1 or 2x2 block (nearest neighbour).  A
 *    plane has ceil(width / 2) samples for an odd width, likewise for the
 *    height, and packed 4:2:2 ends with a whole group of four bytes.
 *  - More than 8 bits for a sample: the 8 highest are used.
 *  - Less than 8 bits: scaled to 0..255, so that the largest value is 255.
 *  - Bayer: bilinear.  A missing colour is the rounded mean of its nearest
 *    neighbours, two or four; the picture is continued by mirroring at the
 *    outermost sample (-1 is 1), which keeps the pattern.  Where there is only
 *    one row or column, it is its own neighbour.
 *  - Limited range is expanded, for R'G'B' and grey too.
 *
 * The transfer function is left alone, as in every video player.
 */
#ifndef VC_CONVERT_H
#define VC_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#define VC_IMAGE_PLANES 3 /* no format here has more memory planes */
#define VC_IMAGE_SIDE 65536 /* pixels; keeps every sum of sizes far inside 64 bits */

/*
 * A picture as the driver left it.
 *
 * Nothing in it is trusted: both functions check that all they are going to read
 * lies inside length[].  The planes are memory planes: NV12 has one, with the
 * chroma following height rows of luma, and NV12M has two.  In a memory plane
 * with several colour planes stride[] is that of the first; the stride of the
 * others follows from the subsampling.
 */
struct vc_image {
	uint32_t fourcc; /* V4L2_PIX_FMT_* */
	uint32_t width, height;
	uint32_t ycbcr_enc; /* enum v4l2_ycbcr_encoding, not DEFAULT; only for Y'CbCr */
	uint32_t quantization; /* enum v4l2_quantization, not DEFAULT */
	uint32_t num_planes;
	const uint8_t *plane[VC_IMAGE_PLANES];
	uint32_t stride[VC_IMAGE_PLANES]; /* bytes; 0: rows follow without a gap */
	size_t length[VC_IMAGE_PLANES]; /* bytes that may be read */
};

/*
 * Where the planes for the JPEG encoder go.  The caller provides the memory:
 * width x height bytes for plane 0, and for planes 1 and 2 the size that
 * vc_jpeg_subsampling() says (nothing for grey).
 */
struct vc_jpeg_planes {
	uint8_t *plane[3]; /* Y', Cb, Cr */
	size_t stride[3]; /* bytes */
};

/*
 * Convert to R, G, B bytes, rows top to bottom, out_stride bytes apart.
 *
 * Returns 0, -ENOTSUP when the format is not in the table, -EINVAL when the
 * description contradicts itself (size, stride, number of planes, colour),
 * -EMSGSIZE when a plane is shorter than the picture, or -ENOMEM.
 */
int vc_convert_rgb(const struct vc_image *in, uint8_t *out, size_t out_stride);

/*
 * Convert to what JFIF decoders expect: Y'CbCr of BT.601, full range.  The
 * chroma subsampling stays as it is.
 *
 * Returns as above; -ENOTSUP also for formats that are neither Y'CbCr nor grey.
 */
int vc_convert_jpeg_planes(const struct vc_image *in, const struct vc_jpeg_planes *out);

/*
 * How many luma samples share a chroma sample in a JPEG made from this format:
 * 0x11, 0x21, 0x22 for 4:4:4, 4:2:2, 4:2:0, and 0 for grey, which has no chroma.
 * -ENOTSUP for formats that vc_convert_jpeg_planes() does not take.
 */
int vc_jpeg_subsampling(uint32_t fourcc);

#endif
