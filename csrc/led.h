/* SPDX-License-Identifier: MIT */
/* An LED of /sys/class/leds: led.c makes it a node, led_files.c knows its files. */
#ifndef LED_H
#define LED_H

#include <pthread.h>
#include <stdint.h>

#include "vc.h"

/* By rising id, as led_controls[] has them. */
enum led_row {
	LED_MODE,
	LED_STROBE,
	LED_STOP,
	LED_STATUS,
	LED_TIMEOUT,
	LED_FLASH,
	LED_TORCH,
	LED_FAULTS,
	LED_ROWS,
};

struct led {
	int folder;
	pthread_mutex_t lock;
	int32_t most[LED_ROWS]; /* the largest value; less than 0: it has no such control */
	int shines; /* there is a mode "torch" */
	int32_t torch; /* brightness that it gives */
	int is_armed; /* the mode is "flash" */
};

struct led_control {
	uint32_t id;
	uint32_t type;
	uint32_t flags;
	const char *name; /* the kernel's */
	const char *file;
	const char *limit; /* file with the largest value; NULL: that is `most` */
	int32_t most;
	/* `get` is NULL for a button, `set` for what only tells. */
	int (*get)(struct led *led, const struct led_control *c, int32_t *value);
	int (*set)(struct led *led, const struct led_control *c, int32_t value);
};

extern const struct led_control led_controls[LED_ROWS];

/*
 * Find out which controls an LED has, once its folder is open.
 *
 * Returns 0, -ENOTTY when the folder is no LED's, or -errno.
 */
int led_find_controls(struct led *led);

/* Whether it still has files. */
int led_is_there(const struct led *led);

#endif /* LED_H */
