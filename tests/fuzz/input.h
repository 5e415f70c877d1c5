/* SPDX-License-Identifier: MIT */
/* The fuzzer's bytes, taken from the front.  Where they end, all is zero. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *at;
	size_t left;
};

/* Unlike assert() it says what was expected; libFuzzer keeps the input. */
#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static inline void take_bytes(struct input *in, void *to, size_t size)
{
	size_t have = size < in->left ? size : in->left;

	memset(to, 0, size);
	if (have)
		memcpy(to, in->at, have);
	in->at += have;
	in->left -= have;
}

static inline uint8_t take8(struct input *in)
{
	uint8_t value;

	take_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint16_t take16(struct input *in)
{
	uint16_t value;

	take_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint32_t take32(struct input *in)
{
	uint32_t value;

	take_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint64_t take64(struct input *in)
{
	uint64_t value;

	take_bytes(in, &value, sizeof(value));
	return value;
}

/* A number as drivers have them: mostly small, sometimes anything at all. */
static inline int64_t take_number(struct input *in)
{
	uint8_t kind = take8(in);

	switch (kind >> 6) {
	case 3:
		return (int64_t)take64(in);
	case 2:
		return (int32_t)take32(in);
	default:
		return (int8_t)(kind << 1);
	}
}

/* Memory of exactly this size, so that one byte more is one too many. */
static inline void *make_exact(size_t size)
{
	void *memory = malloc(size ? size : 1);

	EXPECT(memory);
	return memory;
}

/* Every byte counts, so that none is left out. */
static inline uint32_t read_all(const uint8_t *from, size_t size)
{
	volatile const uint8_t *at = from;
	uint32_t sum = 0;

	while (size--)
		sum = sum * 31 + *at++;
	return sum;
}

#endif
