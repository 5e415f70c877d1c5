/* SPDX-License-Identifier: MIT */
/* Controls that do more than hold a value. */
#include <errno.h>

#include "internal.h"

int sim_action_check(const struct sim_node *node, const struct sim_control *control)
{
	switch (control->is.id) {
	case V4L2_CID_FLASH_STROBE:
	case V4L2_CID_FLASH_STROBE_STOP:
		return sim_lamp_check(node);
	default:
		return 0;
	}
}

void sim_action_begin(struct sim_node *node, struct sim_control *control)
{
	switch (control->is.id) {
	case V4L2_CID_FLASH_LED_MODE:
	case V4L2_CID_FLASH_STROBE_SOURCE:
	case V4L2_CID_FLASH_STROBE:
	case V4L2_CID_FLASH_STROBE_STOP:
	case V4L2_CID_FLASH_FAULT:
		sim_lamp_begin(node, control);
		break;
	case V4L2_CID_AUTO_FOCUS_START:
		sim_focus_begin(node, 1);
		break;
	case V4L2_CID_AUTO_FOCUS_STOP:
		sim_focus_begin(node, 0);
		break;
	case V4L2_CID_VBLANK:
		sim_sensor_update(node->sim);
		break;
	}
}

/* Documentation/userspace-api/media/v4l/ext-ctrls-flash.rst: "Reading the faults resets". */
void sim_action_read(struct sim_node *node, struct sim_control *control)
{
	if (control->is.id == V4L2_CID_FLASH_FAULT)
		sim_control_change(node, control, 0);
}

void sim_action_advance(struct vc_sim *sim, int64_t now)
{
	sim_lamp_advance(sim, now);
	sim_focus_advance(sim, now);
}

void sim_action_reset(struct vc_sim *sim)
{
	uint32_t i;

	sim->sensor = NULL;
	for (i = 1; i < sim->num_nodes && !sim->sensor; i++) {
		if (sim->nodes[i].function == MEDIA_ENT_F_CAM_SENSOR)
			sim->sensor = &sim->nodes[i];
	}
	sim->focused = 0;
	sim_lamp_reset(sim);
	sim_sensor_update(sim);
}
