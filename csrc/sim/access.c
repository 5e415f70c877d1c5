/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing controls: VIDIOC_{G,S,TRY}_EXT_CTRLS and the older two.
 *
 * As in v4l2-ctrls a set first checks everything, and a failure there is
 * error_idx == count: nothing was written.  Only then it writes, cluster by
 * cluster, and error_idx names the one at which the device failed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int is_wide(const struct sim_control *control)
{
	return control->is.type == V4L2_CTRL_TYPE_INTEGER64;
}

static int64_t value_of(const struct sim_control *control, const struct v4l2_ext_control *user)
{
	return is_wide(control) ? user->value64 : user->value;
}

static void give_value(const struct sim_control *control, int64_t value,
		       struct v4l2_ext_control *user)
{
	if (is_wide(control))
		user->value64 = value;
	else
		user->value = (int32_t)value;
}

/* ---- what all of them check ------------------------------------------------------- */

static int is_limit(uint32_t which)
{
	return which == V4L2_CTRL_WHICH_MIN_VAL || which == V4L2_CTRL_WHICH_MAX_VAL;
}

static int is_class(uint32_t which)
{
	return which != V4L2_CTRL_WHICH_CUR_VAL && which != V4L2_CTRL_WHICH_DEF_VAL &&
	       !is_limit(which);
}

/* Without any control, the question is whether the class is known. */
static int check_class(const struct vc_sim *sim, uint32_t which)
{
	if (!is_class(which))
		return 0;
	return sim_control_find(sim, V4L2_CTRL_ID2WHICH(which) | 1) ? 0 : -EINVAL;
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

static int prepare(const struct vc_sim *sim, struct v4l2_ext_controls *all, int get)
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
		control = sim_control_find(sim, user->id);
		if (!control || control->is.flags & V4L2_CTRL_FLAG_DISABLED)
			return -EINVAL;
		if (is_limit(all->which) &&
		    !(control->is.flags & V4L2_CTRL_FLAG_HAS_WHICH_MIN_MAX))
			return -EINVAL;
		rc = check_room(control, user, get);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int check_call(const struct vc_sim *sim, struct v4l2_ext_controls *all)
{
	all->error_idx = all->count;
	all->reserved[0] = 0;
	if (all->count > V4L2_CID_MAX_CTRLS)
		return -EINVAL;
	if (all->count == 0)
		return check_class(sim, all->which);
	return all->controls ? 0 : -EFAULT;
}

/* ---- reading ------------------------------------------------------------------------- */

static const uint8_t *payload_for(const struct sim_control *control, uint32_t which)
{
	switch (which) {
	case V4L2_CTRL_WHICH_DEF_VAL:
		return control->standard;
	case V4L2_CTRL_WHICH_MIN_VAL:
		return control->lowest ? control->lowest : control->standard;
	case V4L2_CTRL_WHICH_MAX_VAL:
		return control->highest ? control->highest : control->standard;
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
	give_value(control, number_for(control, which), user);
	return 0;
}

int sim_g_ext_ctrls(struct sim_handle *handle, void *arg)
{
	struct v4l2_ext_controls *all = arg;
	struct vc_sim *sim = handle->sim;
	uint32_t i;
	int rc;

	rc = check_call(sim, all);
	if (rc < 0 || all->count == 0)
		return rc;
	rc = prepare(sim, all, 1);
	all->error_idx = all->count;
	for (i = 0; rc == 0 && i < all->count; i++) {
		if (sim_control_find(sim, all->controls[i].id)->is.flags &
		    V4L2_CTRL_FLAG_WRITE_ONLY)
			rc = -EACCES;
	}
	for (i = 0; rc == 0 && i < all->count; i++) {
		all->error_idx = i;
		rc = read_one(sim, sim_control_find(sim, all->controls[i].id), all->which,
			      &all->controls[i]);
	}
	return rc;
}

/* ---- writing --------------------------------------------------------------------------- */

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

static int validate(const struct vc_sim *sim, struct v4l2_ext_controls *all, int set)
{
	const struct sim_control *control;
	int64_t value;
	uint32_t i;
	int rc;

	for (i = 0; i < all->count; i++) {
		struct v4l2_ext_control *user = &all->controls[i];

		all->error_idx = i;
		control = sim_control_find(sim, user->id);
		if (control->is.flags & V4L2_CTRL_FLAG_READ_ONLY)
			return -EACCES;
		if (set && control->is.flags & V4L2_CTRL_FLAG_GRABBED)
			return -EBUSY;
		rc = set ? check_active(sim, control, all) : 0;
		if (rc < 0)
			return rc;
		if (sim_control_is_payload(control))
			continue; /* when it is copied */
		value = value_of(control, user);
		rc = sim_value_check(control, &value);
		if (rc < 0)
			return rc;
		give_value(control, value, user);
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
		writes[i].control = sim_control_find(handle->sim, all->controls[i].id);
		writes[i].value = value_of(writes[i].control, &all->controls[i]);
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
	struct vc_sim *sim = handle->sim;
	int rc;

	rc = check_call(sim, all);
	if (rc < 0 || all->count == 0)
		return rc;
	if (all->which == V4L2_CTRL_WHICH_DEF_VAL || is_limit(all->which))
		return -EINVAL;
	rc = prepare(sim, all, 0);
	if (rc == 0)
		rc = validate(sim, all, set);
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

/* ---- the older way: numbers of 32 bits only ----------------------------------------------- */

static int is_old(const struct sim_control *control)
{
	return control && !sim_control_is_payload(control) && !is_wide(control) &&
	       !(control->is.flags & V4L2_CTRL_FLAG_DISABLED);
}

static int exchange_old(struct sim_handle *handle, struct v4l2_control *old, sim_request *request)
{
	struct v4l2_ext_control one = {.id = old->id, .value = old->value};
	struct v4l2_ext_controls all = {.count = 1, .controls = &one};
	int rc;

	if (!is_old(sim_control_find(handle->sim, old->id)))
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
