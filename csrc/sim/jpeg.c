/* SPDX-License-Identifier: MIT */
/*
 * The smallest JPEG writer that serves a test picture: baseline, 4:2:2, every
 * 8x8 block a single colour, so only DC coefficients are coded.  The tables
 * are the standard ones, because decoders put those in where a camera leaves
 * them out.  Each row of blocks starts anew after a restart marker; so the rows
 * of the bars are coded once and copied.
 *
 * Source: ITU-T T.81, annexes B, F and K.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"

#define BLOCK 8
#define MCU_WIDTH 16 /* two blocks of luma, one of each chroma */
#define EOI_SIZE 2

struct sim_jpeg {
	struct sim_colour palette[SIM_PALETTE];
	uint32_t width, height, mcus; /* in a row */
	uint8_t *coded[2]; /* a row of the bars, by kind */
	size_t size[2];
	uint8_t *scratch; /* a row of the counter */
	uint8_t header[1024];
	size_t header_size;
};

/* Table K.3 .. K.6: how many codes of each length, then their symbols. */
static const uint8_t DHT[] = {
	0xff, 0xc4, 0x01, 0xa2,
	/* luma, DC */
	0x00, 0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	/* luma, AC */
	0x10, 0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d,
	0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61,
	0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
	0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25,
	0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45,
	0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64,
	0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
	0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
	0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
	0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3,
	0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8,
	0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
	/* chroma, DC */
	0x01, 0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
	/* chroma, AC */
	0x11, 0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77,
	0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61,
	0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33,
	0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18,
	0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44,
	0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63,
	0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
	0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97,
	0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4,
	0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca,
	0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7,
	0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
};

/* Codes of the DC categories 0 .. 8, and of "no AC coefficients". */
struct code {
	uint8_t bits, length;
};

static const struct code DC_CODES[2][9] = {
	{{0x00, 2}, {0x02, 3}, {0x03, 3}, {0x04, 3}, {0x05, 3}, {0x06, 3}, {0x0e, 4}, {0x1e, 5},
	 {0x3e, 6}},
	{{0x00, 2}, {0x01, 2}, {0x02, 2}, {0x06, 3}, {0x0e, 4}, {0x1e, 5}, {0x3e, 6}, {0x7e, 7},
	 {0xfe, 8}},
};
static const struct code NO_AC[2] = {{0x0a, 4}, {0x00, 2}};

/* ---- bits --------------------------------------------------------------------- */

struct bits {
	uint8_t *at;
	uint32_t value, count; /* not yet written */
};

static void put_byte(struct bits *b, uint32_t byte)
{
	*b->at++ = (uint8_t)byte;
	if ((byte & 0xff) == 0xff)
		*b->at++ = 0; /* so that it is no marker */
}

static void put_bits(struct bits *b, uint32_t value, uint32_t length)
{
	b->value = b->value << length | value;
	b->count += length;
	while (b->count >= 8) {
		b->count -= 8;
		put_byte(b, b->value >> b->count & 0xff);
	}
	b->value &= (1u << b->count) - 1;
}

static void flush(struct bits *b)
{
	if (b->count)
		put_bits(b, (1u << (8 - b->count)) - 1, 8 - b->count);
}

/* A block of one colour; `table` 0 is luma, 1 chroma. */
static void put_block(struct bits *b, int table, int value, int *last)
{
	int difference = value - *last;
	uint32_t category = 0, size = (uint32_t)(difference < 0 ? -difference : difference);

	*last = value;
	while (size >> category)
		category++;
	put_bits(b, DC_CODES[table][category].bits, DC_CODES[table][category].length);
	if (difference < 0)
		difference += (1 << category) - 1;
	put_bits(b, (uint32_t)difference, category);
	put_bits(b, NO_AC[table].bits, NO_AC[table].length);
}

/* ---- rows ----------------------------------------------------------------------- */

/* At most 21 bits a block, and a zero after each byte. */
static size_t row_room(const struct sim_jpeg *jpeg)
{
	return (size_t)jpeg->mcus * 4 * 21 / 8 * 2 + 16;
}

static const uint8_t *colour_at(const struct sim_jpeg *jpeg, const uint8_t *pixels, uint32_t x)
{
	return jpeg->palette[pixels[x < jpeg->width ? x : jpeg->width - 1]].is;
}

static size_t code_row(const struct sim_jpeg *jpeg, const uint8_t *pixels, uint8_t *out)
{
	struct bits b = {.at = out};
	const uint8_t *left, *right;
	int y = 0, u = 0, v = 0;
	uint32_t i, x;

	for (i = 0; i < jpeg->mcus; i++) {
		x = i * MCU_WIDTH + BLOCK / 2;
		left = colour_at(jpeg, pixels, x);
		right = colour_at(jpeg, pixels, x + BLOCK);
		put_block(&b, 0, left[SIM_Y] - 128, &y);
		put_block(&b, 0, right[SIM_Y] - 128, &y);
		put_block(&b, 1, (left[SIM_U] + right[SIM_U]) / 2 - 128, &u);
		put_block(&b, 1, (left[SIM_V] + right[SIM_V]) / 2 - 128, &v);
	}
	flush(&b);
	return (size_t)(b.at - out);
}

/* ---- the file ---------------------------------------------------------------------- */

const size_t sim_jpeg_dht_offset = 2 + 18 + 69 + 19;
const size_t sim_jpeg_dht_size = sizeof(DHT);

static void append(struct sim_jpeg *jpeg, const uint8_t *data, size_t size)
{
	memcpy(jpeg->header + jpeg->header_size, data, size);
	jpeg->header_size += size;
}

#define APPEND(jpeg, ...) \
	append(jpeg, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define WORD(value) (uint8_t)((value) >> 8), (uint8_t)(value)

static void write_header(struct sim_jpeg *jpeg)
{
	uint8_t eights[64];

	memset(eights, 8, sizeof(eights)); /* a DC of 8 is one step of brightness */
	APPEND(jpeg, 0xff, 0xd8);
	APPEND(jpeg, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0);
	APPEND(jpeg, 0xff, 0xdb, 0, 67, 0);
	append(jpeg, eights, sizeof(eights));
	APPEND(jpeg, 0xff, 0xc0, 0, 17, 8, WORD(jpeg->height), WORD(jpeg->width), 3, 1, 0x21, 0, 2,
	       0x11, 0, 3, 0x11, 0);
	append(jpeg, DHT, sizeof(DHT));
	APPEND(jpeg, 0xff, 0xdd, 0, 4, WORD(jpeg->mcus));
	APPEND(jpeg, 0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0);
}

int sim_jpeg_new(uint32_t width, uint32_t height, const struct sim_colour *palette,
		 const uint8_t *const kinds[2], struct sim_jpeg **out)
{
	struct sim_jpeg *jpeg;
	int kind;

	jpeg = calloc(1, sizeof(*jpeg));
	if (!jpeg)
		return -ENOMEM;
	jpeg->width = width;
	jpeg->height = height;
	jpeg->mcus = (width + MCU_WIDTH - 1) / MCU_WIDTH;
	memcpy(jpeg->palette, palette, sizeof(jpeg->palette));
	jpeg->coded[0] = malloc(3 * row_room(jpeg));
	if (!jpeg->coded[0]) {
		free(jpeg);
		return -ENOMEM;
	}
	jpeg->coded[1] = jpeg->coded[0] + row_room(jpeg);
	jpeg->scratch = jpeg->coded[1] + row_room(jpeg);
	for (kind = 0; kind < 2; kind++)
		jpeg->size[kind] = code_row(jpeg, kinds[kind], jpeg->coded[kind]);
	write_header(jpeg);
	*out = jpeg;
	return 0;
}

void sim_jpeg_free(struct sim_jpeg *jpeg)
{
	if (!jpeg)
		return;
	free(jpeg->coded[0]);
	free(jpeg);
}

size_t sim_jpeg_write(struct sim_jpeg *jpeg, const uint8_t *row_kinds,
		      const uint8_t *const *counter, uint32_t counter_rows, uint32_t cell,
		      uint8_t *out, size_t room)
{
	uint32_t y, row, coded = UINT32_MAX, restart = 0;
	size_t size, scratch_size = 0, at = jpeg->header_size;
	const uint8_t *from;

	if (at > room)
		return 0;
	memcpy(out, jpeg->header, at);
	for (y = 0; y < jpeg->height; y += BLOCK) {
		row = counter_rows ? y / cell : 0;
		if (row < counter_rows) {
			if (row != coded)
				scratch_size = code_row(jpeg, counter[row], jpeg->scratch);
			coded = row;
			from = jpeg->scratch;
			size = scratch_size;
		} else {
			from = jpeg->coded[row_kinds[y]];
			size = jpeg->size[row_kinds[y]];
		}
		if (at + 2 + size + EOI_SIZE > room)
			return 0;
		if (y) {
			out[at++] = 0xff;
			out[at++] = (uint8_t)(0xd0 + restart++ % 8);
		}
		memcpy(out + at, from, size);
		at += size;
	}
	out[at++] = 0xff;
	out[at++] = 0xd9;
	return at;
}
