/* SPDX-License-Identifier: MIT */

#define VC_IMAGE_PLANES ...

struct vc_image {
    uint32_t fourcc;
    uint32_t width, height;
    uint32_t ycbcr_enc;
    uint32_t quantization;
    uint32_t num_planes;
    const uint8_t *plane[...];
    uint32_t stride[...];
    size_t length[...];
    ...;
};

struct vc_jpeg_planes {
    uint8_t *plane[3];
    size_t stride[3];
    ...;
};

int vc_convert_rgb(const struct vc_image *in, uint8_t *out, size_t out_stride);
int vc_convert_jpeg_planes(const struct vc_image *in, const struct vc_jpeg_planes *out);
int vc_jpeg_subsampling(uint32_t fourcc);
