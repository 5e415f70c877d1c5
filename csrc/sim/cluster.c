/* SPDX-License-Identifier: MIT */
/*
 * Writing the controls of one cluster, as try_or_set_cluster() in v4l2-ctrls
 * does: all of them or none, then the events.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static int device_refuses(const struct sim_node *node, struct sim_write **writes,
			  uint32_t count)
{
	struct vc_sim *sim = node->sim;
	int64_t error;
	uint32_t i;
	int rc;

	for (i = 0; i < count; i++) {
		rc = sim_action_check(node, writes[i]->control);
		if (rc < 0)
			return rc;
	}
	for (i = 0; sim->num_faults && i < count; i++) {
		if (sim_fault_strikes(sim, SIM_CONTROL_EIO, writes[i]->control->is.id, EIO,
				      &error))
			return -(int)error;
	}
	return 0;
}

/* Nothing to be seen of a write: the device, or the kind of control, ignores it. */
static int is_ignored(struct vc_sim *sim, const struct sim_control *control)
{
	uint32_t flags = control->is.flags;

	if (sim->num_faults && sim_fault_is_on(sim, SIM_CONTROL_IGNORED, control->is.id))
		return 1;
	return flags & V4L2_CTRL_FLAG_VOLATILE && !(flags & V4L2_CTRL_FLAG_EXECUTE_ON_WRITE);
}

/* Returns whether the value is another one now. */
static int store(struct sim_control *control, const struct sim_write *write)
{
	uint32_t size = sim_control_size(control);
	int differs;

	if (write->payload) {
		differs = memcmp(control->payload, write->payload, size) != 0;
		memcpy(control->payload, write->payload, size);
	} else {
		differs = control->value != write->value;
		control->value = write->value;
	}
	return differs;
}

/*
 * A write that reaches the device every time counts as a change every time; a
 * volatile control never tells of changes.
 */
static void write_one(struct sim_handle *handle, const struct sim_write *write)
{
	struct sim_control *control = write->control;
	struct vc_sim *sim = handle->sim;
	uint32_t flags = control->is.flags, changes = 0;

	if (is_ignored(sim, control))
		return;
	if (store(control, write) || flags & V4L2_CTRL_FLAG_EXECUTE_ON_WRITE)
		changes = V4L2_EVENT_CTRL_CH_VALUE;
	sim->repaint = 1;
	if (changes && !(flags & V4L2_CTRL_FLAG_VOLATILE))
		sim_event_control(handle->node, handle, control, changes);
	sim_control_tell_slaves(handle->node, control->is.id);
	sim_action_begin(handle->node, control);
}

int sim_cluster_write(struct sim_handle *handle, struct sim_write **writes, uint32_t count)
{
	uint32_t i;
	int rc;

	rc = device_refuses(handle->node, writes, count);
	if (rc < 0)
		return rc;
	for (i = 0; i < count; i++)
		write_one(handle, writes[i]);
	return 0;
}
