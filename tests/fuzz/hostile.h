/* SPDX-License-Identifier: MIT */
/*
 * A driver that says whatever the fuzzer wants, right or wrong, and writes down
 * what the core asked of it.
 */
#ifndef FUZZ_HOSTILE_H
#define FUZZ_HOSTILE_H

#include "input.h"
#include "vc.h"

/* A ring as the driver sees it: who has each buffer. */
enum owner { CORE, DRIVER, FILLED, CALLER };

struct view {
	enum owner owner[VC_MAX_BUFFERS];
};

struct hostile {
	struct input *in;
	struct view *view; /* of the ring that is being worked on, or NULL */
	uint32_t opened, closed;
	uint32_t mapped; /* alive */
};

extern struct hostile hostile;
extern const struct vc_ops hostile_ops;

#endif
