/* SPDX-License-Identifier: MIT */
/*
 * The LED, as drivers/media/v4l2-core/v4l2-flash-led-class.c drives it.  A frame
 * is exposed from the end of the one before it to its own; a strobe that covers
 * half of that gives half its light.
 */
#include <errno.h>

#include "internal.h"

/* At full power, in light of the scene. */
#define TORCH 0.5
#define FLASH 2.0

#define USUAL_TIMEOUT 300000 /* microseconds, of a lamp that does not say */
#define MICROSECOND 1000

static int64_t value_of(const struct vc_sim *sim, uint32_t id, int64_t otherwise)
{
	return sim_control_value(sim->lamp.node, id, otherwise);
}

static int64_t mode_of(const struct vc_sim *sim)
{
	return value_of(sim, V4L2_CID_FLASH_LED_MODE, V4L2_FLASH_LED_MODE_NONE);
}

static int is_external(const struct vc_sim *sim)
{
	return value_of(sim, V4L2_CID_FLASH_STROBE_SOURCE, V4L2_FLASH_STROBE_SOURCE_SOFTWARE) ==
	       V4L2_FLASH_STROBE_SOURCE_EXTERNAL;
}

static int64_t timeout(const struct vc_sim *sim)
{
	int64_t us = value_of(sim, V4L2_CID_FLASH_TIMEOUT, USUAL_TIMEOUT);

	return us > 0 && us < INT32_MAX ? us * MICROSECOND : (int64_t)USUAL_TIMEOUT * MICROSECOND;
}

/* A part of the full power, from 0 to 1; all of it where nobody can choose. */
static double power(const struct vc_sim *sim, uint32_t id)
{
	const struct sim_control *c = sim_control_find(sim->lamp.node, id);

	if (!c || c->is.maximum <= 0 || c->value > c->is.maximum)
		return 1;
	return c->value > 0 ? (double)c->value / (double)c->is.maximum : 0;
}

static double torch(const struct vc_sim *sim)
{
	return mode_of(sim) == V4L2_FLASH_LED_MODE_TORCH
		       ? TORCH * power(sim, V4L2_CID_FLASH_TORCH_INTENSITY)
		       : 0;
}

static double flash(const struct vc_sim *sim)
{
	return mode_of(sim) == V4L2_FLASH_LED_MODE_FLASH
		       ? FLASH * power(sim, V4L2_CID_FLASH_INTENSITY)
		       : 0;
}

/* ---- lit or not -------------------------------------------------------------------- */

static void tell_status(struct vc_sim *sim)
{
	struct sim_control *status = sim_control_find(sim->lamp.node,
						      V4L2_CID_FLASH_STROBE_STATUS);

	if (status)
		sim_control_change(sim->lamp.node, status, sim->lamp.ends != 0);
}

static void strobe(struct vc_sim *sim, int64_t ends)
{
	sim->lamp.ends = ends;
	tell_status(sim);
}

void sim_lamp_reset(struct vc_sim *sim)
{
	struct sim_lamp *lamp = &sim->lamp;

	lamp->node = NULL;
	sim_control_seek(sim, V4L2_CID_FLASH_LED_MODE, &lamp->node);
	lamp->ends = 0;
	lamp->since = sim_now(sim);
	lamp->lit = 0;
}

int sim_lamp_check(const struct sim_node *node)
{
	const struct vc_sim *sim = node->sim;

	if (node != sim->lamp.node)
		return 0;
	return mode_of(sim) == V4L2_FLASH_LED_MODE_FLASH && !is_external(sim) ? 0 : -EBUSY;
}

/* A fault of the LED switches it off. */
static void fail(struct vc_sim *sim)
{
	struct sim_control *mode = sim_control_find(sim->lamp.node, V4L2_CID_FLASH_LED_MODE);

	sim_control_change(sim->lamp.node, mode, V4L2_FLASH_LED_MODE_NONE);
	strobe(sim, 0);
}

void sim_lamp_begin(struct sim_node *node, struct sim_control *control)
{
	struct vc_sim *sim = node->sim;

	if (node != sim->lamp.node)
		return;
	if (control->is.id == V4L2_CID_FLASH_FAULT) {
		if (control->value)
			fail(sim);
		return;
	}
	if (control->is.id == V4L2_CID_FLASH_STROBE)
		strobe(sim, sim_now(sim) + timeout(sim));
	else
		strobe(sim, 0);
}

/* ---- light ------------------------------------------------------------------------- */

void sim_lamp_advance(struct vc_sim *sim, int64_t now)
{
	struct sim_lamp *lamp = &sim->lamp;
	int64_t until = lamp->ends && lamp->ends < now ? lamp->ends : now;

	if (!lamp->node || now < lamp->since)
		return;
	lamp->lit += torch(sim) * (double)(now - lamp->since);
	if (lamp->ends && until > lamp->since)
		lamp->lit += flash(sim) * (double)(until - lamp->since);
	lamp->since = now;
	if (lamp->ends && lamp->ends <= now)
		strobe(sim, 0);
}

/* The sensor's own strobe lights every frame. */
static double external(const struct vc_sim *sim, double interval)
{
	double lit = (double)timeout(sim);

	return is_external(sim) ? flash(sim) * (lit < interval ? lit / interval : 1) : 0;
}

double sim_lamp_take(struct vc_sim *sim, int64_t when)
{
	double interval = (double)sim_interval_ns(sim), light;

	if (!sim->lamp.node)
		return 0;
	sim_lamp_advance(sim, when);
	light = sim->lamp.lit / interval + external(sim, interval);
	sim->lamp.lit = 0;
	return light;
}
