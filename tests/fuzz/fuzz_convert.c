/* SPDX-License-Identifier: MIT */
/*
 * Conversion of every format, with planes that end where the conversion says
 * that it stops reading, and outputs that end where it stops writing.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <sanitizer/asan_interface.h>

#include "convert.h"
#include "convert_layout.h"
#include "input.h"

#define MOST_PIXELS 0x1000u
#define MOST_BYTES ((size_t)1 << 22) /* of a plane */
#define UNTOUCHED 0xa5

/* The linker puts this in the place of vc_rows_best(), see the Makefile. */
static const struct vc_rows *rows;

const struct vc_rows *__wrap_vc_rows_best(void);
const struct vc_rows *__wrap_vc_rows_best(void)
{
	return rows;
}

static const struct vc_rows *choose_rows(uint8_t which)
{
#ifdef __x86_64__
	if (which % 4 == 1 && __builtin_cpu_supports("sse4.1"))
		return &vc_rows_sse41;
	if (which % 4 >= 2 && __builtin_cpu_supports("avx2"))
		return &vc_rows_avx2;
#endif
	return &vc_rows_generic;
}

/* The table of formats ends where AddressSanitizer's red zone begins. */
static uint32_t choose_format(struct input *in)
{
	static size_t count;
	const struct vc_layout *first = vc_layout_find(V4L2_PIX_FMT_YUYV);
	uint8_t which = take8(in);

	while (!count || !__asan_address_is_poisoned(&first[count]))
		count++;
	EXPECT(vc_layout_find(first[count - 1].fourcc) == &first[count - 1]);
	return which < 250 ? first[which % count].fourcc : take32(in);
}

/* ---- the picture ---------------------------------------------------------------- */

static uint32_t choose_side(struct input *in, uint8_t how)
{
	return (how & 3) == 3 ? take16(in) : (how & 3) == 2 ? take16(in) % 0x200 : take8(in) % 70u;
}

static uint32_t choose_stride(struct input *in, uint32_t width, uint8_t how)
{
	return how & 1 ? 0 : how & 2 ? take16(in) : width * 4 + take8(in);
}

static void describe(struct input *in, struct vc_image *image)
{
	const struct vc_layout *layout;
	uint8_t how;
	int i;

	memset(image, 0, sizeof(*image));
	image->fourcc = choose_format(in);
	layout = vc_layout_find(image->fourcc);
	how = take8(in);
	image->width = choose_side(in, how >> 4);
	image->height = choose_side(in, how >> 6);
	if ((size_t)image->width * image->height > MOST_PIXELS)
		image->height = 1 + image->height % 4;
	image->num_planes = layout && how & 15 ? layout->memory_planes : take8(in) % 4u;
	image->ycbcr_enc = how & 14 ? 1 + take8(in) % 8u : take32(in);
	image->quantization = how & 14 ? 1 + take8(in) % 2u : take32(in);
	how = take8(in);
	for (i = 0; i < VC_IMAGE_PLANES; i++)
		image->stride[i] = choose_stride(in, image->width, (uint8_t)(how >> (2 * i)));
}

/* Whether the description is accepted with these lengths; nothing is read. */
static int is_enough(const struct vc_image *image)
{
	struct vc_source source;

	return vc_source_open(image, &source) == 0;
}

/* The fewest bytes of a plane that are accepted, when there is enough of the others. */
static void shorten(struct vc_image *image, int plane)
{
	size_t low = 0, high = image->length[plane];

	while (low < high) {
		image->length[plane] = low + (high - low) / 2;
		if (is_enough(image))
			high = image->length[plane];
		else
			low = image->length[plane] + 1;
	}
	image->length[plane] = low;
}

/* Fails where no length would be enough, or it would be too much for us. */
static int measure(struct vc_image *image)
{
	int i;

	for (i = 0; i < VC_IMAGE_PLANES; i++) {
		image->plane[i] = (const uint8_t *)image; /* anything but NULL */
		image->length[i] = MOST_BYTES;
	}
	if (!is_enough(image))
		return -1;
	for (i = 0; i < VC_IMAGE_PLANES; i++)
		shorten(image, i);
	return 0;
}

static void fill_planes(struct input *in, struct vc_image *image)
{
	uint8_t *plane;
	size_t j;
	int i;

	for (i = 0; i < VC_IMAGE_PLANES; i++) {
		uint8_t seed = take8(in), step = take8(in);

		plane = make_exact(image->length[i]);
		for (j = 0; j < image->length[i]; j++)
			plane[j] = (uint8_t)(seed + step * j + (j >> 8));
		image->plane[i] = plane;
	}
}

static void free_planes(struct vc_image *image)
{
	int i;

	for (i = 0; i < VC_IMAGE_PLANES; i++)
		free((void *)image->plane[i]);
}

/* ---- what comes out ------------------------------------------------------------- */

struct output {
	uint8_t *start;
	size_t row, rows, stride, length;
};

static void make_output(struct output *out, size_t row, size_t count, uint8_t padding)
{
	out->row = row;
	out->rows = count;
	out->stride = row + padding;
	out->length = row && count ? out->stride * (count - 1) + row : 0;
	out->start = make_exact(out->length);
	memset(out->start, UNTOUCHED, out->length);
}

/* Nothing between the rows; all of it where it failed. */
static void check_padding(const struct output *out, int rc)
{
	size_t i;

	for (i = 0; i < out->length; i++)
		EXPECT((rc == 0 && i % out->stride < out->row) || out->start[i] == UNTOUCHED);
}

static void compare(const struct output *a, const struct output *b)
{
	EXPECT(a->length == b->length && memcmp(a->start, b->start, a->length) == 0);
}

static int make_rgb(const struct vc_image *image, uint8_t padding, struct output *out)
{
	int rc;

	make_output(out, (size_t)3 * image->width, image->height, padding);
	rc = vc_convert_rgb(image, out->start, out->stride);
	check_padding(out, rc);
	return rc;
}

/* Every instruction set gives the same bits. */
static int convert_rgb(const struct vc_image *image, const struct vc_rows *with, uint8_t padding)
{
	struct output one, two;
	int rc;

	rows = &vc_rows_generic;
	rc = make_rgb(image, padding, &one);
	rows = with;
	EXPECT(make_rgb(image, padding, &two) == rc);
	compare(&one, &two);
	free(one.start);
	free(two.start);
	return rc;
}

static int make_planes(const struct vc_image *image, uint8_t padding, struct output out[3])
{
	int i, rc, subsampling = vc_jpeg_subsampling(image->fourcc);
	size_t hdiv = 1, vdiv = 1, width = 0, height = 0;
	struct vc_jpeg_planes planes;

	if (subsampling > 0) {
		hdiv = (size_t)subsampling >> 4;
		vdiv = (size_t)subsampling & 15;
		width = (image->width + hdiv - 1) / hdiv;
		height = (image->height + vdiv - 1) / vdiv;
	}
	make_output(&out[0], image->width, image->height, padding);
	make_output(&out[1], width, height, padding);
	make_output(&out[2], width, height, padding);
	for (i = 0; i < 3; i++) {
		planes.plane[i] = out[i].start;
		planes.stride[i] = out[i].stride;
	}
	rc = vc_convert_jpeg_planes(image, &planes);
	for (i = 0; i < 3; i++)
		check_padding(&out[i], rc);
	return rc;
}

static int convert_jpeg(const struct vc_image *image, const struct vc_rows *with, uint8_t padding)
{
	struct output one[3], two[3];
	int i, rc;

	rows = &vc_rows_generic;
	rc = make_planes(image, padding, one);
	rows = with;
	EXPECT(make_planes(image, padding, two) == rc);
	for (i = 0; i < 3; i++) {
		compare(&one[i], &two[i]);
		free(one[i].start);
		free(two[i].start);
	}
	return rc;
}

static void check_answer(int rc, int is_measured)
{
	EXPECT(rc == 0 || rc == -ENOTSUP || rc == -EINVAL || rc == -EMSGSIZE);
	EXPECT(!is_measured || rc != -EMSGSIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vc_rows *with = choose_rows(size ? data[0] : 0);
	struct input in = {data, size};
	struct vc_image image;
	uint8_t padding;
	int i, is_measured;

	rows = with;
	take8(&in);
	describe(&in, &image);
	if ((size_t)image.width * image.height > 4 * MOST_PIXELS)
		return 0;
	is_measured = measure(&image) == 0;
	for (i = 0; i < VC_IMAGE_PLANES && !is_measured; i++)
		image.length[i] = take16(&in);
	padding = take8(&in);
	fill_planes(&in, &image);
	check_answer(convert_rgb(&image, with, padding), is_measured);
	check_answer(convert_jpeg(&image, with, padding), is_measured);
	free_planes(&image);
	return 0;
}
