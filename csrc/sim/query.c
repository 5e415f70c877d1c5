/* SPDX-License-Identifier: MIT */
/* The ioctls that ask what controls and menus there are. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static int is_compound(const struct sim_control *control)
{
	return control->is.nr_of_dims || control->is.type >= V4L2_CTRL_COMPOUND_TYPES;
}

/* The control that is asked for; `id` may carry V4L2_CTRL_FLAG_NEXT_*. */
static const struct sim_control *select_control(const struct sim_node *node, uint32_t id)
{
	uint32_t next = id & (V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND);
	const struct sim_control *control;
	uint32_t i;

	id &= V4L2_CTRL_ID_MASK;
	if (!next)
		return sim_control_find(node, id);
	for (i = 0; i < node->num_controls; i++) {
		control = &node->controls[i];
		if (control->is.id <= id)
			continue;
		if (next & (is_compound(control) ? V4L2_CTRL_FLAG_NEXT_COMPOUND
						 : V4L2_CTRL_FLAG_NEXT_CTRL))
			return control;
	}
	return NULL;
}

static int is_menu(const struct sim_control *control)
{
	return control->is.type == V4L2_CTRL_TYPE_MENU ||
	       control->is.type == V4L2_CTRL_TYPE_INTEGER_MENU;
}

static int describe(const struct sim_node *node, uint32_t id, struct v4l2_query_ext_ctrl *to)
{
	const struct sim_control *control = select_control(node, id);
	struct vc_sim *sim = node->sim;
	int64_t error;

	if (!control)
		return -EINVAL;
	if (sim->num_faults &&
	    sim_fault_strikes(sim, SIM_QUERY_ERROR, control->is.id, EIO, &error))
		return -(int)error;
	memset(to, 0, sizeof(*to));
	to->id = control->is.id;
	to->type = control->is.type;
	memcpy(to->name, control->is.name, sizeof(to->name));
	to->minimum = control->is.minimum;
	to->maximum = control->is.maximum;
	to->step = is_menu(control) ? 1 : control->is.step;
	to->default_value = control->is.default_value;
	to->flags = control->is.flags;
	to->elem_size = control->elem_size;
	to->elems = control->elems;
	to->nr_of_dims = control->is.nr_of_dims;
	memcpy(to->dims, control->is.dims, sizeof(to->dims));
	if (id & ~V4L2_CTRL_ID_MASK && sim_fault_is_on(sim, SIM_IDS_NOT_RISING, to->id))
		to->id = V4L2_CID_BASE;
	return 0;
}

int sim_query_ext_ctrl(struct sim_handle *handle, void *arg)
{
	struct v4l2_query_ext_ctrl *query = arg;

	return describe(handle->node, query->id, query);
}

/* Types whose range fits into 32 bits; for the others it is all zero. */
static int has_old_range(uint32_t type)
{
	switch (type) {
	case V4L2_CTRL_TYPE_INTEGER:
	case V4L2_CTRL_TYPE_BOOLEAN:
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
	case V4L2_CTRL_TYPE_STRING:
	case V4L2_CTRL_TYPE_BITMASK:
		return 1;
	default:
		return 0;
	}
}

int sim_queryctrl(struct sim_handle *handle, void *arg)
{
	struct v4l2_queryctrl *query = arg;
	struct v4l2_query_ext_ctrl ext;
	int rc;

	rc = describe(handle->node, query->id & ~V4L2_CTRL_FLAG_NEXT_COMPOUND, &ext);
	if (rc < 0)
		return rc;
	memset(query, 0, sizeof(*query));
	query->id = ext.id;
	query->type = ext.type;
	query->flags = ext.flags;
	memcpy(query->name, ext.name, sizeof(query->name));
	if (has_old_range(ext.type)) {
		query->minimum = (int32_t)ext.minimum;
		query->maximum = (int32_t)ext.maximum;
		query->step = (int32_t)ext.step;
		query->default_value = (int32_t)ext.default_value;
	}
	return 0;
}

int sim_querymenu(struct sim_handle *handle, void *arg)
{
	struct v4l2_querymenu *query = arg;
	const struct sim_control *control = sim_control_find(handle->node, query->id);
	uint32_t i;

	if (!control || !is_menu(control) || query->index < control->is.minimum ||
	    query->index > control->is.maximum)
		return -EINVAL;
	for (i = 0; i < control->num_menu; i++) {
		const struct sim_menu_entry *entry = &control->menu[i];

		if (entry->index != query->index)
			continue;
		query->reserved = 0;
		if (control->is.type == V4L2_CTRL_TYPE_INTEGER_MENU)
			query->value = entry->value;
		else
			memcpy(query->name, entry->name, sizeof(query->name));
		return 0;
	}
	return -EINVAL;
}
