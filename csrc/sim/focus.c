/* SPDX-License-Identifier: MIT */
/* Focusing once: the lens searches for a while and then is where the scene is. */
#include "internal.h"

#define SEARCH 200000000 /* nanoseconds */

static void tell_status(struct vc_sim *sim, int64_t status)
{
	struct sim_control *control;
	struct sim_node *node;

	control = sim_control_seek(sim, V4L2_CID_AUTO_FOCUS_STATUS, &node);
	if (control)
		sim_control_change(node, control, status);
}

/* While the camera focuses by itself all the time, it takes no orders. */
void sim_focus_begin(struct sim_node *node, int start)
{
	struct vc_sim *sim = node->sim;

	if (sim_control_value(node, V4L2_CID_FOCUS_AUTO, 0))
		return;
	sim->focused = start ? sim_now(sim) + SEARCH : 0;
	tell_status(sim, start ? V4L2_AUTO_FOCUS_STATUS_BUSY : V4L2_AUTO_FOCUS_STATUS_IDLE);
}

void sim_focus_advance(struct vc_sim *sim, int64_t now)
{
	struct sim_control *lens;
	struct sim_node *node;

	if (!sim->focused || now < sim->focused)
		return;
	sim->focused = 0;
	lens = sim_control_seek(sim, V4L2_CID_FOCUS_ABSOLUTE, &node);
	if (lens)
		sim_control_change(node, lens, lens->is.default_value);
	tell_status(sim, V4L2_AUTO_FOCUS_STATUS_REACHED);
}
