/* SPDX-License-Identifier: MIT */
/*
 * What VIDIOC_{G,S,TRY}_EXT_CTRLS have in common, reading, and the older two
 * calls; writing is in write.c.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

int sim_is_wide(const struct sim_control *control)
{
	return control->is.type == V4L2_CTRL_TYPE_INTEGER64;
}

int64_t sim_value_of(const struct sim_control *control, const struct v4l2_ext_control *user)
{
	return sim_is_wide(control) ? user->value64 : user->value;
}

void sim_give_value(const struct sim_control *control, int64_t value,
		       struct v4l2_ext_control *user)
{
	if (sim_is_wide(control))
		user->value64 = value;
	else
		user->value = (int32_t)value;
}

/* ---- what all of them check ------------------------------------------------------- */

int sim_is_limit(uint32_t which)
{
	return which == V4L2_CTRL_WHICH_MIN_VAL || which == V4L2_CTRL_WHICH_MAX_VAL;
}

static int is_class(uint32_t which)
{
	return which != V4L2_CTRL_WHICH_CUR_VAL && which != V4L2_CTRL_WHICH_DEF_VAL &&
	       !sim_is_limit(which);
}

/* Without any control, the question is whether the class is known. */
static int check_class(const struct sim_node *node, uint32_t which)
{
	if (!is_class(which))
		return 0;
	return sim_control_find(node, V4L2_CTRL_ID2WHICH(which) | 1) ? 0 : -EINVAL;
}

static int check_room(const struct sim_control *control, struct v4l2_ext_control *user, int get)
{
	uint32_t size = sim_control_size(control);

	if (!sim_control_is_payload(control))
		return 0;
	if (control->is.type != V4L2_CTRL_TYPE_STRING && user->size < size) {
		if (!get)
			return -EFAULT;
		user->size = size;
		return -ENOSPC;
	}
	if (control->is.type != V4L2_CTRL_TYPE_STRING)
		user->size = size;
	return user->size && !user->ptr ? -EFAULT : 0;
}

int sim_prepare(const struct sim_node *node, struct v4l2_ext_controls *all, int get)
{
	const struct sim_control *control;
	uint32_t i;
	int rc;

	for (i = 0; i < all->count; i++) {
		struct v4l2_ext_control *user = &all->controls[i];

		all->error_idx = i;
		user->reserved2[0] = 0;
		if (is_class(all->which) &&
		    V4L2_CTRL_ID2WHICH(user->id) != V4L2_CTRL_ID2WHICH(all->which))
			return -EINVAL;
		control = sim_control_find(node, user->id);
		if (!control || control->is.flags & V4L2_CTRL_FLAG_DISABLED)
			return -EINVAL;
		if (sim_is_limit(all->which) &&
		    !(control->is.flags & V4L2_CTRL_FLAG_HAS_WHICH_MIN_MAX))
			return -EINVAL;
		rc = check_room(control, user, get);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sim_check_call(const struct sim_node *node, struct v4l2_ext_controls *all)
{
	all->error_idx = all->count;
	all->reserved[0] = 0;
	if (all->count > V4L2_CID_MAX_CTRLS)
		return -EINVAL;
	if (all->count == 0)
		return check_class(node, all->which);
	return all->controls ? 0 : -EFAULT;
}

/* ---- reading ------------------------------------------------------------------------- */

static const uint8_t *payload_for(const struct sim_control *control, uint32_t which)
{
	switch (which) {
	case V4L2_CTRL_WHICH_DEF_VAL:
		return control->standard;
	case V4L2_CTRL_WHICH_MIN_VAL:
		return control->has_lowest ? control->lowest : control->standard;
	case V4L2_CTRL_WHICH_MAX_VAL:
		return control->has_highest ? control->highest : control->standard;
	default:
		return control->payload;
	}
}

static int64_t number_for(const struct sim_control *control, uint32_t which)
{
	switch (which) {
	case V4L2_CTRL_WHICH_DEF_VAL:
		return control->is.default_value;
	case V4L2_CTRL_WHICH_MIN_VAL:
		return control->is.minimum;
	case V4L2_CTRL_WHICH_MAX_VAL:
		return control->is.maximum;
	default:
		return control->value;
	}
}

static int read_payload(const struct sim_control *control, uint32_t which,
			struct v4l2_ext_control *user)
{
	const uint8_t *from = payload_for(control, which);
	uint32_t size = sim_control_size(control);

	if (control->is.type == V4L2_CTRL_TYPE_STRING) {
		size = (uint32_t)strlen((const char *)from) + 1;
		if (user->size < size) {
			user->size = control->elem_size;
			return -ENOSPC;
		}
	}
	memcpy(user->ptr, from, size);
	return 0;
}

static int read_one(struct vc_sim *sim, const struct sim_control *control, uint32_t which,
		    struct v4l2_ext_control *user)
{
	int64_t error;

	if (sim->num_faults &&
	    sim_fault_strikes(sim, SIM_CONTROL_READ_EIO, control->is.id, EIO, &error))
		return -(int)error;
	if (sim_control_is_payload(control))
		return read_payload(control, which, user);
	sim_give_value(control, number_for(control, which), user);
	return 0;
}

int sim_g_ext_ctrls(struct sim_handle *handle, void *arg)
{
	struct v4l2_ext_controls *all = arg;
	struct sim_node *node = handle->node;
	struct sim_control *control;
	uint32_t i;
	int rc;

	rc = sim_check_call(node, all);
	if (rc < 0 || all->count == 0)
		return rc;
	rc = sim_prepare(node, all, 1);
	all->error_idx = all->count;
	for (i = 0; rc == 0 && i < all->count; i++) {
		if (sim_control_find(node, all->controls[i].id)->is.flags &
		    V4L2_CTRL_FLAG_WRITE_ONLY)
			rc = -EACCES;
	}
	for (i = 0; rc == 0 && i < all->count; i++) {
		all->error_idx = i;
		control = sim_control_find(node, all->controls[i].id);
		rc = read_one(node->sim, control, all->which, &all->controls[i]);
		if (rc == 0 && all->which != V4L2_CTRL_WHICH_DEF_VAL && !sim_is_limit(all->which))
			sim_action_read(node, control);
	}
	return rc;
}

/* ---- the older way: numbers of 32 bits only ----------------------------------------------- */

static int is_old(const struct sim_control *control)
{
	return control && !sim_control_is_payload(control) && !sim_is_wide(control) &&
	       !(control->is.flags & V4L2_CTRL_FLAG_DISABLED);
}

static int exchange_old(struct sim_handle *handle, struct v4l2_control *old, sim_request *request)
{
	struct v4l2_ext_control one = {.id = old->id, .value = old->value};
	struct v4l2_ext_controls all = {.count = 1, .controls = &one};
	int rc;

	if (!is_old(sim_control_find(handle->node, old->id)))
		return -EINVAL;
	rc = request(handle, &all);
	if (rc == 0)
		old->value = one.value;
	return rc;
}

int sim_g_ctrl(struct sim_handle *handle, void *arg)
{
	return exchange_old(handle, arg, sim_g_ext_ctrls);
}

int sim_s_ctrl(struct sim_handle *handle, void *arg)
{
	return exchange_old(handle, arg, sim_s_ext_ctrls);
}
