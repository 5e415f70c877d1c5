/* SPDX-License-Identifier: MIT */
/* The controls of a camera: how they are described, found and reset. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_CONTROLS 1024u
#define MAX_MENU 1024u

static const struct {
	uint32_t id;
	const char *name;
} CLASSES[] = {
	{V4L2_CID_USER_CLASS, "User Controls"},
	{V4L2_CID_CODEC_CLASS, "Codec Controls"},
	{V4L2_CID_CAMERA_CLASS, "Camera Controls"},
	{V4L2_CID_FLASH_CLASS, "Flash Controls"},
	{V4L2_CID_JPEG_CLASS, "JPEG Compression Controls"},
	{V4L2_CID_IMAGE_SOURCE_CLASS, "Image Source Controls"},
	{V4L2_CID_IMAGE_PROC_CLASS, "Image Processing Controls"},
	{V4L2_CID_DETECT_CLASS, "Detection Controls"},
};

/* ---- looking ------------------------------------------------------------------------ */

/* Where the control is, or where it would be. */
static uint32_t place_of(const struct sim_node *node, uint32_t id)
{
	uint32_t low = 0, high = node->num_controls, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (node->controls[middle].is.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sim_control *sim_control_find(const struct sim_node *node, uint32_t id)
{
	uint32_t place = place_of(node, id);

	if (place < node->num_controls && node->controls[place].is.id == id)
		return &node->controls[place];
	return NULL;
}

struct sim_control *sim_control_seek(const struct vc_sim *sim, uint32_t id,
				     struct sim_node **node)
{
	struct sim_control *control;
	uint32_t i;

	for (i = 0; i < sim->num_nodes; i++) {
		control = sim_control_find(&sim->nodes[i], id);
		if (!control)
			continue;
		if (node)
			*node = (struct sim_node *)&sim->nodes[i];
		return control;
	}
	return NULL;
}

int sim_control_is_payload(const struct sim_control *control)
{
	return control->is.type == V4L2_CTRL_TYPE_STRING ||
	       control->is.type >= V4L2_CTRL_COMPOUND_TYPES || control->is.nr_of_dims;
}

uint32_t sim_control_size(const struct sim_control *control)
{
	return control->elems * control->elem_size;
}

int64_t sim_control_value(const struct sim_node *node, uint32_t id, int64_t otherwise)
{
	const struct sim_control *control = sim_control_find(node, id);

	return control && !sim_control_is_payload(control) ? control->value : otherwise;
}

/* ---- describing ---------------------------------------------------------------------- */

/* Flags that follow from the type. */
uint32_t sim_flags_of_type(const struct sim_control *control)
{
	if (control->is.type == V4L2_CTRL_TYPE_BUTTON)
		return V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_EXECUTE_ON_WRITE;
	if (control->is.type == V4L2_CTRL_TYPE_CTRL_CLASS)
		return V4L2_CTRL_FLAG_WRITE_ONLY | V4L2_CTRL_FLAG_READ_ONLY;
	return sim_control_is_payload(control) ? V4L2_CTRL_FLAG_HAS_PAYLOAD : 0;
}

static int count_elements(struct sim_control *control)
{
	uint64_t elems = 1;
	uint32_t i;

	control->elem_size = sim_elem_size(control->is.type, control->is.maximum);
	if (control->elem_size == 0 || control->is.nr_of_dims > V4L2_CTRL_MAX_DIMS)
		return -EINVAL;
	for (i = 0; i < control->is.nr_of_dims; i++) {
		elems *= control->is.dims[i];
		if (elems == 0 || elems * control->elem_size > SIM_MAX_PAYLOAD)
			return -EINVAL;
	}
	control->elems = (uint32_t)elems;
	return 0;
}

/* Numbers of an array all begin with the value of the description. */
static void spread(const struct sim_control *control, int64_t value, uint8_t *to)
{
	uint32_t i;

	switch (control->is.type) {
	case V4L2_CTRL_TYPE_STRING:
	case V4L2_CTRL_TYPE_AREA:
	case V4L2_CTRL_TYPE_RECT:
		return;
	}
	for (i = 0; i < control->elems; i++)
		sim_element_store(control, value, to + (size_t)i * control->elem_size);
}

static int make_payloads(struct sim_control *control)
{
	uint32_t size = sim_control_size(control);

	if (!sim_control_is_payload(control))
		return 0;
	control->payload = calloc(5, size);
	if (!control->payload)
		return -ENOMEM;
	control->initial = control->payload + size;
	control->standard = control->initial + size;
	control->lowest = control->standard + size;
	control->highest = control->lowest + size;
	spread(control, control->is.value, control->initial);
	spread(control, control->is.default_value, control->standard);
	return 0;
}

static int add_control(struct sim_node *node, const struct vc_sim_control *control)
{
	struct sim_control fresh = {.is = *control}, *more;
	uint32_t place = place_of(node, control->id);
	int rc;

	if (control->id == 0 || control->id & ~V4L2_CTRL_ID_MASK ||
	    node->num_controls >= MAX_CONTROLS)
		return -EINVAL;
	if (sim_control_find(node, control->id))
		return -EEXIST;
	rc = count_elements(&fresh);
	if (rc < 0)
		return rc;
	fresh.is.name[sizeof(fresh.is.name) - 1] = '\0';
	fresh.is.flags |= sim_flags_of_type(&fresh);
	fresh.was = fresh.is;
	more = sim_grow(node->controls, node->num_controls, sizeof(*more));
	if (!more)
		return -ENOMEM;
	node->controls = more;
	rc = make_payloads(&fresh);
	if (rc < 0)
		return rc;
	memmove(more + place + 1, more + place, (node->num_controls - place) * sizeof(*more));
	more[place] = fresh;
	node->num_controls++;
	return 0;
}

/* What is described now: the last subdevice, or the video node before there is one. */
static struct sim_node *last_node(struct vc_sim *sim)
{
	return &sim->nodes[sim->num_nodes - 1];
}

int vc_sim_add_control(struct vc_sim *sim, const struct vc_sim_control *control)
{
	return sim->sealed ? -EBUSY : add_control(last_node(sim), control);
}

static int find_open(struct vc_sim *sim, uint32_t id, struct sim_control **out)
{
	if (sim->sealed)
		return -EBUSY;
	*out = sim_control_find(last_node(sim), id);
	return *out ? 0 : -EINVAL;
}

int vc_sim_add_menu_entry(struct vc_sim *sim, uint32_t id, uint32_t index, const char *name,
			  int64_t value)
{
	struct sim_control *control;
	struct sim_menu_entry *more;
	int rc;

	rc = find_open(sim, id, &control);
	if (rc < 0)
		return rc;
	if (control->num_menu >= MAX_MENU || sim_menu_has(control, index))
		return -EINVAL;
	more = sim_grow(control->menu, control->num_menu, sizeof(*more));
	if (!more)
		return -ENOMEM;
	control->menu = more;
	more += control->num_menu++;
	more->index = index;
	more->value = value;
	snprintf(more->name, sizeof(more->name), "%s", name ? name : "");
	return 0;
}

int vc_sim_add_payload(struct vc_sim *sim, uint32_t id, uint32_t which, const void *data,
		       uint32_t size)
{
	struct sim_control *control;
	int rc;

	rc = find_open(sim, id, &control);
	if (rc < 0)
		return rc;
	if (!sim_control_is_payload(control) || size > sim_control_size(control))
		return -EINVAL;
	if (size != sim_control_size(control) && control->is.type != V4L2_CTRL_TYPE_STRING)
		return -EINVAL;
	/* A string may end early, but it must end. */
	if (control->is.type == V4L2_CTRL_TYPE_STRING && !memchr(data, 0, size))
		return -EINVAL;
	switch (which) {
	case V4L2_CTRL_WHICH_CUR_VAL:
		memcpy(control->initial, data, size);
		return 0;
	case V4L2_CTRL_WHICH_DEF_VAL:
		memcpy(control->standard, data, size);
		return 0;
	case V4L2_CTRL_WHICH_MIN_VAL:
		memcpy(control->lowest, data, size);
		control->has_lowest = 1;
		return 0;
	case V4L2_CTRL_WHICH_MAX_VAL:
		memcpy(control->highest, data, size);
		control->has_highest = 1;
		return 0;
	default:
		return -EINVAL;
	}
}

int vc_sim_add_cluster(struct vc_sim *sim, uint32_t master, int64_t manual, uint32_t slave)
{
	struct sim_control *control;
	int rc;

	rc = find_open(sim, slave, &control);
	if (rc < 0)
		return rc;
	if (master == slave || !sim_control_find(last_node(sim), master) || control->master)
		return -EINVAL;
	control->master = master;
	control->manual = manual;
	return 0;
}

int sim_control_add_classes(struct sim_node *node)
{
	struct vc_sim_control class = {.type = V4L2_CTRL_TYPE_CTRL_CLASS};
	uint32_t i, place;
	int rc;

	for (i = 0; i < sizeof(CLASSES) / sizeof(CLASSES[0]); i++) {
		place = place_of(node, CLASSES[i].id);
		if (place == node->num_controls ||
		    V4L2_CTRL_ID2WHICH(node->controls[place].is.id) !=
			    V4L2_CTRL_ID2WHICH(CLASSES[i].id))
			continue;
		class.id = CLASSES[i].id;
		snprintf(class.name, sizeof(class.name), "%s", CLASSES[i].name);
		rc = add_control(node, &class);
		if (rc < 0 && rc != -EEXIST)
			return rc;
	}
	return 0;
}

/* ---- state ---------------------------------------------------------------------------- */

/* Returns the flags as they should be. */
static uint32_t flags_by_master(const struct sim_node *node, const struct sim_control *control)
{
	uint32_t flags = control->is.flags;

	if (!control->master)
		return flags;
	flags &= ~(uint32_t)V4L2_CTRL_FLAG_INACTIVE;
	if (sim_control_value(node, control->master, 0) != control->manual)
		flags |= V4L2_CTRL_FLAG_INACTIVE;
	return flags;
}

int sim_control_update_inactive(const struct sim_node *node, struct sim_control *control)
{
	uint32_t flags = flags_by_master(node, control);

	if (flags == control->is.flags)
		return 0;
	control->is.flags = flags;
	return 1;
}

static void reset_node(struct sim_node *node, int to_defaults)
{
	struct sim_control *control;
	uint32_t i;

	for (i = 0; i < node->num_controls; i++) {
		control = &node->controls[i];
		control->is = control->was;
		control->value = to_defaults ? control->was.default_value : control->was.value;
		if (control->payload)
			memcpy(control->payload, to_defaults ? control->standard : control->initial,
			       sim_control_size(control));
	}
	for (i = 0; i < node->num_controls; i++)
		sim_control_update_inactive(node, &node->controls[i]);
}

void sim_control_reset(struct vc_sim *sim, int to_defaults)
{
	uint32_t i;

	for (i = 0; i < sim->num_nodes; i++)
		reset_node(&sim->nodes[i], to_defaults);
	sim_action_reset(sim);
	sim->repaint = 1;
}

void sim_control_change(struct sim_node *node, struct sim_control *control, int64_t value)
{
	if (control->value == value)
		return;
	control->value = value;
	node->sim->repaint = 1;
	if (!(control->is.flags & V4L2_CTRL_FLAG_VOLATILE))
		sim_event_control(node, NULL, control, V4L2_EVENT_CTRL_CH_VALUE);
	sim_control_tell_slaves(node, control->is.id);
}

/* After a master changed: who woke up, who fell asleep. */
void sim_control_tell_slaves(struct sim_node *node, uint32_t master)
{
	uint32_t i, changes = V4L2_EVENT_CTRL_CH_FLAGS;

	if (node->sim->quirks & VC_SIM_REFUSE_INACTIVE)
		changes |= V4L2_EVENT_CTRL_CH_VALUE; /* uvcvideo, though it is the old one */
	for (i = 0; i < node->num_controls; i++) {
		if (node->controls[i].master == master &&
		    sim_control_update_inactive(node, &node->controls[i]))
			sim_event_control(node, NULL, &node->controls[i], changes);
	}
}
