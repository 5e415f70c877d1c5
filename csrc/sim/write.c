/* SPDX-License-Identifier: MIT */
/*
 * VIDIOC_{S,TRY}_EXT_CTRLS.  As in v4l2-ctrls a set first checks everything, and
 * a failure there is error_idx == count: nothing was written.  Only then it
 * writes, cluster by cluster, and error_idx names the one at which the device
 * failed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/*
 * uvcvideo refuses to write what the automatic mode holds, unless the same call
 * ends that mode; the last mention of the master counts.
 */
static int check_active(const struct vc_sim *sim, const struct sim_control *control,
			const struct v4l2_ext_controls *all)
{
	uint32_t i;

	if (!(sim->quirks & VC_SIM_REFUSE_INACTIVE))
		return 0;
	if (!control->master)
		return control->is.flags & V4L2_CTRL_FLAG_INACTIVE ? -EACCES : 0;
	for (i = all->count; i-- > 0;) {
		if (all->controls[i].id == control->master)
			return all->controls[i].value == control->manual ? 0 : -EACCES;
	}
	return control->is.flags & V4L2_CTRL_FLAG_INACTIVE ? -EACCES : 0;
}

static int validate(const struct sim_node *node, struct v4l2_ext_controls *all, int set)
{
	const struct sim_control *control;
	int64_t value;
	uint32_t i;
	int rc;

	for (i = 0; i < all->count; i++) {
		struct v4l2_ext_control *user = &all->controls[i];

		all->error_idx = i;
		control = sim_control_find(node, user->id);
		if (control->is.flags & V4L2_CTRL_FLAG_READ_ONLY)
			return -EACCES;
		if (set && control->is.flags & V4L2_CTRL_FLAG_GRABBED)
			return -EBUSY;
		rc = set ? check_active(node->sim, control, all) : 0;
		if (rc < 0)
			return rc;
		if (sim_control_is_payload(control))
			continue; /* when it is copied */
		value = sim_value_of(control, user);
		rc = sim_value_check(control, &value);
		if (rc < 0)
			return rc;
		sim_give_value(control, value, user);
	}
	return 0;
}

/* A string may come without its zero, but not longer than the control. */
static int copy_string(const struct sim_control *control, const struct v4l2_ext_control *user,
		       uint8_t *to)
{
	uint32_t size = user->size < control->elem_size ? user->size : control->elem_size;
	uint8_t last;

	if (size == 0)
		return -ERANGE;
	memcpy(to, user->string, size);
	last = to[size - 1];
	to[size - 1] = '\0';
	return last && strlen((char *)to) == (size_t)control->is.maximum ? -ERANGE : 0;
}

static int take_payload(struct sim_write *write, struct v4l2_ext_control *user)
{
	const struct sim_control *control = write->control;
	uint32_t size = sim_control_size(control);
	int rc = 0;

	write->payload = calloc(1, size);
	if (!write->payload)
		return -ENOMEM;
	if (control->is.type == V4L2_CTRL_TYPE_STRING)
		rc = copy_string(control, user, write->payload);
	else
		memcpy(write->payload, user->ptr, size);
	if (rc == 0)
		rc = sim_payload_check(control, write->payload);
	if (rc == 0 && control->is.type != V4L2_CTRL_TYPE_STRING)
		memcpy(user->ptr, write->payload, size);
	return rc;
}

static uint32_t cluster_of(const struct sim_control *control)
{
	return control->master ? control->master : control->is.id;
}

/* All that belong to the cluster of the first one. */
static int write_cluster(struct sim_handle *handle, struct v4l2_ext_controls *all,
			 struct sim_write *writes, uint32_t first, int set)
{
	struct sim_write *members[V4L2_CID_MAX_CTRLS];
	uint32_t i, count = 0, cluster = cluster_of(writes[first].control);
	int rc;

	for (i = first; i < all->count; i++) {
		if (writes[i].done || cluster_of(writes[i].control) != cluster)
			continue;
		writes[i].done = 1;
		members[count++] = &writes[i];
		if (!sim_control_is_payload(writes[i].control))
			continue;
		rc = take_payload(&writes[i], &all->controls[i]);
		if (rc < 0)
			return rc;
	}
	return set ? sim_cluster_write(handle, members, count) : 0;
}

static int write_all(struct sim_handle *handle, struct v4l2_ext_controls *all, int set)
{
	struct sim_write *writes = calloc(all->count, sizeof(*writes));
	uint32_t i;
	int rc = 0;

	if (!writes)
		return -ENOMEM;
	for (i = 0; i < all->count; i++) {
		writes[i].control = sim_control_find(handle->node, all->controls[i].id);
		writes[i].value = sim_value_of(writes[i].control, &all->controls[i]);
	}
	for (i = 0; rc == 0 && i < all->count; i++) {
		if (writes[i].done)
			continue;
		all->error_idx = i;
		rc = write_cluster(handle, all, writes, i, set);
	}
	for (i = 0; i < all->count; i++)
		free(writes[i].payload);
	free(writes);
	return rc;
}

static int try_or_set(struct sim_handle *handle, struct v4l2_ext_controls *all, int set)
{
	const struct sim_node *node = handle->node;
	int rc;

	rc = sim_check_call(node, all);
	if (rc < 0 || all->count == 0)
		return rc;
	if (all->which == V4L2_CTRL_WHICH_DEF_VAL || sim_is_limit(all->which))
		return -EINVAL;
	rc = sim_prepare(node, all, 0);
	if (rc == 0)
		rc = validate(node, all, set);
	if (rc < 0) {
		if (set)
			all->error_idx = all->count;
		return rc;
	}
	return write_all(handle, all, set);
}

int sim_s_ext_ctrls(struct sim_handle *handle, void *arg)
{
	return try_or_set(handle, arg, 1);
}

int sim_try_ext_ctrls(struct sim_handle *handle, void *arg)
{
	return try_or_set(handle, arg, 0);
}
