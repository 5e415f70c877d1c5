// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture: a code that says how it was made, and a scene that shows it.
 *
 * The code
 * --------
 * The top 64 rows hold blocks of 16 x 16 pixels, black for 0 and white for 1, in four
 * rows of 32 from the left edge, whatever the size of the picture.  Together they are
 * 16 bytes, from left to right and top to bottom, highest bit first, numbers with the
 * highest byte first:
 *
 *	byte 0		0x5c
 *	byte 1		bits 7-4: number of the camera; bit 0: the torch was on during
 *			the exposure; bit 1: the strobe was
 *	bytes 2-5	sequence number
 *	bytes 6-7	exposure in effect, in lines
 *	byte 8		gain code in effect, 16 is 1.0
 *	bytes 9-10	position of the lens
 *	byte 11		how much of the exposure the torch was on, 0 to 255
 *	byte 12		the same of the strobe
 *	bytes 13-14	colour temperature that is shown as white, in K; 0 in raw pictures
 *	byte 15		makes the sum of all bytes 0, modulo 256
 *
 * Nothing a control does changes the code.  Raw pictures are those in Bayer formats:
 * there is no image processor in their way, also where the camera has one.
 *
 * The scene
 * ---------
 * Below it is a chart of four bands of the same height, which PAN, TILT and ZOOM move;
 * around it is black:
 *
 *	grey card	its luma is (scene light + LED current / 200 uA while it is on)
 *			x exposure in us x gain / 40000, up to 255
 *	bars		32 bright and dark pairs, 1.0 and 1/8 of the grey card, blurred by
 *			how far the lens is from the scene's focus position
 *	colours		white, red, green, blue, cyan, magenta, yellow, skin
 *	wedge		16 steps of 1/8 to 2.0 times the grey card
 *
 * All is linear, in full range: no gamma.  The light's colour temperature divided by
 * the white balance tints it; green stays.
 */
#include <linux/math64.h>
#include <linux/slab.h>
#include <asm/unaligned.h>

#include "testcam.h"

#define CODE_BYTES	16
#define CODE_MAGIC	0x5c
#define BLOCK		16
#define BLOCKS		32	/* in a row */
#define CODE_HEIGHT	64

#define WORLD		4096	/* width and height of the chart */
#define BAND		(WORLD / 4)
#define BARS_PERIOD	128
#define ARCSEC_WIDE	216000	/* of the chart */

#define WHITE		1023	/* the most that 10 bits hold */
#define REFLECTANCE_ONE	256
#define BAR_DARK	(REFLECTANCE_ONE / 8)
#define TINT_ONE	256
#define NEUTRAL		128	/* of brightness, contrast, saturation, sharpness */

enum band { BAND_CARD, BAND_BARS, BAND_COLOURS, BAND_WEDGE, BAND_CODE, BAND_OUTSIDE };

static const struct testcam_colour patches[] = {
	{ 256, 256, 256 }, { 205, 26, 26 }, { 26, 180, 26 },  { 26, 26, 205 },
	{ 26, 180, 180 },  { 180, 26, 180 }, { 205, 205, 26 }, { 200, 150, 125 },
};

/* Red and blue of light, for green 256. */
static const struct {
	u32 kelvin, r, b;
} tints[] = { { 2500, 410, 102 }, { 5000, 256, 256 }, { 9000, 192, 333 } };

/* How many units of the chart an edge is wide, by the distance of the lens in 64 steps. */
static const u8 blurs[] = { 1, 8, 20, 36, 56, 80, 100, 112, 120, 124, 126, 127, 128 };

/* What a frame needs for each of its pixels. */
struct painter {
	const struct testcam_canvas *canvas;
	const struct testcam_frame *frame;
	u8 code[CODE_BYTES];
	u32 white_balance;	/* K; 0: none */
	s32 sharpness;
	u32 tint_r, tint_b;
	s32 left, step;		/* of the chart, at the left edge and from pixel to pixel, 1/256 */
	u32 blur;		/* 1/256 of the chart's units */
	bool plain;		/* no tone to change */
};

/* ---- colours ---- */

static u32 between(u32 at, u32 from, u32 to, u32 first, u32 last)
{
	return (s32)first + ((s32)last - (s32)first) * (s32)(at - from) / (s32)(to - from);
}

static void tint(u32 kelvin, u32 *r, u32 *b)
{
	unsigned int i = kelvin < tints[1].kelvin ? 0 : 1;

	kelvin = clamp(kelvin, tints[0].kelvin, tints[2].kelvin);
	*r = between(kelvin, tints[i].kelvin, tints[i + 1].kelvin, tints[i].r, tints[i + 1].r);
	*b = between(kelvin, tints[i].kelvin, tints[i + 1].kelvin, tints[i].b, tints[i + 1].b);
}

static u16 limit(s32 value)
{
	return clamp(value, 0, WHITE);
}

static u16 expose(const struct painter *painter, u32 reflectance, u32 tint_of)
{
	/* The signal has 8 bits behind the point, and so have both factors; 10 bits stay. */
	u64 value = (u64)painter->frame->signal * reflectance * tint_of >> 22;

	return min_t(u64, value, WHITE);
}

static u16 luma(struct testcam_colour colour)
{
	return (77 * colour.r + 150 * colour.g + 29 * colour.b) >> 8;
}

static u16 tone(const struct testcam_frame *frame, s32 value, s32 grey)
{
	value = grey + (value - grey) * frame->saturation / NEUTRAL;
	value = (value - WHITE / 2) * frame->contrast / NEUTRAL + WHITE / 2;
	return limit(value + (frame->brightness - NEUTRAL) * 4);
}

static struct testcam_colour seen(const struct painter *painter, struct testcam_colour reflects)
{
	struct testcam_colour colour = {
		.r = expose(painter, reflects.r, painter->tint_r),
		.g = expose(painter, reflects.g, TINT_ONE),
		.b = expose(painter, reflects.b, painter->tint_b),
	};
	s32 grey;

	if (painter->plain)
		return colour;
	grey = luma(colour);
	colour.r = tone(painter->frame, colour.r, grey);
	colour.g = tone(painter->frame, colour.g, grey);
	colour.b = tone(painter->frame, colour.b, grey);
	return colour;
}

static struct testcam_colour grey(u16 value)
{
	return (struct testcam_colour) { value, value, value };
}

/* ---- bands ---- */

/* The integral of the bars, bright ones 1, from 0 to a place on the chart, 1/256. */
static u32 brightness_until(u32 place)
{
	u32 period = BARS_PERIOD * 256;

	return place / period * (period / 2) + min(place % period, period / 2);
}

static struct testcam_colour bar(const struct painter *painter, u32 place)
{
	u32 blur = painter->blur;
	/* A period more, to stay positive. */
	u32 from = place + BARS_PERIOD * 256 - blur / 2;
	u32 bright = (brightness_until(from + blur) - brightness_until(from)) * 256ULL / blur;
	s32 middle = (REFLECTANCE_ONE + BAR_DARK) / 2;
	s32 gain = NEUTRAL + (painter->sharpness - NEUTRAL) / 4;
	s32 value = BAR_DARK + (s32)bright * (REFLECTANCE_ONE - BAR_DARK) / 256;

	value = middle + (value - middle) * gain / NEUTRAL;
	return seen(painter, grey(max(value, 0)));
}

/* Which part of a band a place is in; each has one colour. */
static u32 part(enum band band, u32 place)
{
	switch (band) {
	case BAND_COLOURS:
		return place / (WORLD / ARRAY_SIZE(patches));
	case BAND_WEDGE:
		return place / (WORLD / 16);
	default:
		return 0;
	}
}

static struct testcam_colour part_colour(const struct painter *painter, enum band band, u32 number)
{
	switch (band) {
	case BAND_COLOURS:
		return seen(painter, patches[number]);
	case BAND_WEDGE:
		return seen(painter, grey((number + 1) * REFLECTANCE_ONE / 8));
	default:
		return seen(painter, grey(REFLECTANCE_ONE));
	}
}

static void paint_chart(const struct painter *painter, enum band band)
{
	const struct testcam_canvas *canvas = painter->canvas;
	struct testcam_colour colour = grey(0);
	u32 known = U32_MAX;
	u32 x;

	for (x = 0; x < canvas->width; x++) {
		s32 place = painter->left + painter->step * (s32)x;

		if (place < 0 || place >= WORLD * 256 || band == BAND_OUTSIDE) {
			canvas->colours[x] = grey(0);
		} else if (band == BAND_BARS) {
			canvas->colours[x] = bar(painter, place);
		} else {
			u32 number = part(band, place / 256);

			if (number != known)
				colour = part_colour(painter, band, number);
			known = number;
			canvas->colours[x] = colour;
		}
	}
}

static void paint_code(const struct painter *painter, u32 y)
{
	const u8 *bytes = &painter->code[y / BLOCK * (BLOCKS / 8)];
	u32 x;

	for (x = 0; x < painter->canvas->width; x++) {
		u32 block = x / BLOCK;
		u16 value = WHITE / 4;

		if (block < BLOCKS)
			value = bytes[block / 8] & 0x80 >> block % 8 ? WHITE : 0;
		painter->canvas->colours[x] = grey(value);
	}
}

/* ---- formats ---- */

static void pack_yuyv(const struct testcam_colour *from, u32 width, u8 *to)
{
	u32 x;

	for (x = 0; x < width; x += 2, from += 2, to += 4) {
		s32 r = (from[0].r + from[1].r) / 2;
		s32 g = (from[0].g + from[1].g) / 2;
		s32 b = (from[0].b + from[1].b) / 2;

		to[0] = luma(from[0]) >> 2;
		to[1] = limit(512 + ((-43 * r - 85 * g + 128 * b) >> 8)) >> 2;
		to[2] = luma(from[1]) >> 2;
		to[3] = limit(512 + ((128 * r - 107 * g - 21 * b) >> 8)) >> 2;
	}
}

static void pack_grey(const struct testcam_colour *from, u32 width, u8 *to)
{
	u32 x;

	for (x = 0; x < width; x++)
		to[x] = luma(from[x]) >> 2;
}

/* Even rows are G R G R, odd ones B G B G. */
static u16 bayer(const struct testcam_colour *from, u32 x, bool odd)
{
	if (odd)
		return x % 2 ? from[x].g : from[x].b;
	return x % 2 ? from[x].r : from[x].g;
}

static void pack_bayer8(const struct testcam_colour *from, u32 width, bool odd, u8 *to)
{
	u32 x;

	for (x = 0; x < width; x++)
		to[x] = bayer(from, x, odd) >> 2;
}

static void pack_bayer10(const struct testcam_colour *from, u32 width, bool odd, u8 *to)
{
	__le16 *words = (__le16 *)to;
	u32 x;

	for (x = 0; x < width; x++)
		words[x] = cpu_to_le16(bayer(from, x, odd));
}

static bool is_bayer(const struct testcam_canvas *canvas)
{
	return canvas->pixelformat == V4L2_PIX_FMT_SGRBG8 ||
	       canvas->pixelformat == V4L2_PIX_FMT_SGRBG10;
}

static void pack(const struct testcam_canvas *canvas, u32 y, u8 *to)
{
	switch (canvas->pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		pack_yuyv(canvas->colours, canvas->width, to);
		break;
	case V4L2_PIX_FMT_GREY:
		pack_grey(canvas->colours, canvas->width, to);
		break;
	case V4L2_PIX_FMT_SGRBG8:
		pack_bayer8(canvas->colours, canvas->width, y % 2, to);
		break;
	case V4L2_PIX_FMT_SGRBG10:
		pack_bayer10(canvas->colours, canvas->width, y % 2, to);
		break;
	}
}

/* ---- frames ---- */

static void encode(struct painter *painter)
{
	const struct testcam_frame *frame = painter->frame;
	u8 *code = painter->code;
	unsigned int i;
	u8 sum = 0;

	code[0] = CODE_MAGIC;
	code[1] = frame->camera << 4 | !!frame->strobe_share << 1 | !!frame->torch_share;
	put_unaligned_be32(frame->sequence, &code[2]);
	put_unaligned_be16(frame->lines, &code[6]);
	code[8] = frame->gain;
	put_unaligned_be16(frame->focus, &code[9]);
	code[11] = frame->torch_share;
	code[12] = frame->strobe_share;
	put_unaligned_be16(painter->white_balance, &code[13]);
	for (i = 0; i < CODE_BYTES - 1; i++)
		sum += code[i];
	code[CODE_BYTES - 1] = -sum;
}

/* From pixels to 1/256 of the chart's units. */
static s32 pixel_step(const struct testcam_frame *frame, u32 pixels)
{
	return WORLD * 256 / pixels * 100 / frame->zoom;
}

static s32 chart_shift(s32 arcsec)
{
	return div_s64((s64)arcsec * WORLD * 256, ARCSEC_WIDE);
}

static void prepare(struct painter *painter)
{
	const struct testcam_frame *frame = painter->frame;
	u32 distance = abs((s32)frame->focus - (s32)frame->scene_focus);
	u32 i = min_t(u32, distance / 64, ARRAY_SIZE(blurs) - 2);
	bool raw = is_bayer(painter->canvas);
	u32 white_r, white_b;

	painter->white_balance = raw ? 0 : frame->white_balance;
	painter->sharpness = raw ? NEUTRAL : frame->sharpness;
	painter->plain = raw || (frame->brightness == NEUTRAL && frame->contrast == NEUTRAL &&
				 frame->saturation == NEUTRAL);
	encode(painter);
	tint(frame->temperature, &painter->tint_r, &painter->tint_b);
	if (painter->white_balance) {
		tint(painter->white_balance, &white_r, &white_b);
		painter->tint_r = painter->tint_r * TINT_ONE / white_r;
		painter->tint_b = painter->tint_b * TINT_ONE / white_b;
	}
	painter->step = pixel_step(frame, painter->canvas->width);
	painter->left = WORLD * 128 + chart_shift(frame->pan) -
			painter->step * (s32)(painter->canvas->width / 2) + painter->step / 2;
	distance = min_t(u32, distance - i * 64, 64);
	painter->blur = max_t(u32, between(distance, 0, 64, blurs[i] * 256, blurs[i + 1] * 256),
			      painter->step);
}

static enum band band_at(const struct painter *painter, u32 y)
{
	const struct testcam_frame *frame = painter->frame;
	s32 height = painter->canvas->height - CODE_HEIGHT;
	s32 place;

	if (y < CODE_HEIGHT)
		return BAND_CODE;
	place = WORLD * 128 - chart_shift(frame->tilt) +
		pixel_step(frame, height) * ((s32)y - CODE_HEIGHT - height / 2);
	if (place < 0 || place >= WORLD * 256)
		return BAND_OUTSIDE;
	return place / (BAND * 256);
}

void testcam_canvas_draw(struct testcam_canvas *canvas, const struct testcam_frame *frame,
			 u8 *picture)
{
	struct painter painter = { .canvas = canvas, .frame = frame };
	u32 alike = is_bayer(canvas) ? 2 : 1;	/* rows from which on they repeat */
	u32 same = 0, last = U32_MAX;
	u32 y;

	prepare(&painter);
	for (y = 0; y < canvas->height; y++) {
		u8 *row = picture + (size_t)y * canvas->stride;
		enum band band = band_at(&painter, y);
		u32 kind = band == BAND_CODE ? BAND_OUTSIDE + 1 + y / BLOCK : band;

		if (kind != last) {
			if (band == BAND_CODE)
				paint_code(&painter, y);
			else
				paint_chart(&painter, band);
			last = kind;
			same = 0;
		}
		if (same++ < alike)
			pack(canvas, y, row);
		else
			memcpy(row, row - (size_t)alike * canvas->stride, canvas->stride);
	}
}

int testcam_canvas_init(struct testcam_canvas *canvas, const struct v4l2_pix_format *format)
{
	canvas->pixelformat = format->pixelformat;
	canvas->width = format->width;
	canvas->height = format->height;
	canvas->stride = format->bytesperline;
	canvas->colours = kvmalloc_array(format->width, sizeof(*canvas->colours), GFP_KERNEL);
	return canvas->colours ? 0 : -ENOMEM;
}

void testcam_canvas_free(struct testcam_canvas *canvas)
{
	kvfree(canvas->colours);
	canvas->colours = NULL;
}
