/* SPDX-License-Identifier: MIT */
/* Changes to controls that come from the device, not from an ioctl. */
#include <errno.h>

#include "internal.h"

static int begin_change(struct vc_sim *sim, uint32_t id, struct sim_node **node,
			struct sim_control **out)
{
	int rc;

	rc = sim_enter(sim);
	if (rc < 0)
		return rc;
	rc = sim_seal(sim); /* or the first open would undo the change */
	*out = sim_control_seek(sim, id, node);
	if (rc == 0 && !*out)
		rc = -EINVAL;
	if (rc < 0) {
		sim_leave(sim);
		return rc;
	}
	sim_advance(sim);
	return 0;
}

static int end_change(struct vc_sim *sim, int rc)
{
	sim->repaint = 1;
	sim_update_readiness(sim);
	sim_leave(sim);
	return rc;
}

int vc_sim_poke(struct vc_sim *sim, uint32_t id, int64_t value)
{
	struct sim_control *control;
	struct sim_node *node;
	int rc;

	rc = begin_change(sim, id, &node, &control);
	if (rc < 0)
		return rc;
	if (sim_control_is_payload(control))
		return end_change(sim, -EINVAL);
	if (control->value != value) {
		control->value = value;
		sim_event_control(node, NULL, control, V4L2_EVENT_CTRL_CH_VALUE);
		sim_control_tell_slaves(node, id);
		sim_action_begin(node, control);
	}
	return end_change(sim, 0);
}

int vc_sim_set_flags(struct vc_sim *sim, uint32_t id, uint32_t flags)
{
	struct sim_control *control;
	struct sim_node *node;
	int rc;

	rc = begin_change(sim, id, &node, &control);
	if (rc < 0)
		return rc;
	flags |= sim_flags_of_type(control);
	if (control->is.flags != flags) {
		control->is.flags = flags;
		sim_event_control(node, NULL, control, V4L2_EVENT_CTRL_CH_FLAGS);
	}
	return end_change(sim, 0);
}

int vc_sim_set_range(struct vc_sim *sim, uint32_t id, int64_t minimum, int64_t maximum,
		     uint64_t step, int64_t default_value)
{
	struct sim_control *control;
	struct sim_node *node;
	int rc;

	rc = begin_change(sim, id, &node, &control);
	if (rc < 0)
		return rc;
	if (sim_control_is_payload(control))
		return end_change(sim, -EINVAL);
	control->is.minimum = minimum;
	control->is.maximum = maximum;
	control->is.step = step;
	control->is.default_value = default_value;
	sim_event_control(node, NULL, control, V4L2_EVENT_CTRL_CH_RANGE);
	return end_change(sim, 0);
}

int vc_sim_set_light(struct vc_sim *sim, double light)
{
	int rc;

	if (!(light >= 0 && light <= 64)) /* NaN, too */
		return -EINVAL;
	rc = sim_enter(sim);
	if (rc < 0)
		return rc;
	sim_advance(sim);
	sim->ambient = light;
	return end_change(sim, 0);
}
