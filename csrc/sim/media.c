/* SPDX-License-Identifier: MIT */
/*
 * The media device of a camera with subdevices: its sensors feed the video node,
 * and ancillary links lead from the first sensor to the rest.  Where no sensor is
 * described there is one without a node, which somebody else drives.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Kinds of objects, in the upper byte of their ids; include/media/media-entity.h. */
#define PAD 0x01000000u
#define LINK 0x02000000u
#define INTERFACE 0x03000000u

#define MOST (SIM_MAX_SUBDEVICES + 2u)

struct graph {
	struct media_v2_entity entities[MOST];
	struct media_v2_interface interfaces[MOST];
	struct media_v2_pad pads[2 * MOST];
	struct media_v2_link links[3 * MOST];
	uint32_t num_entities, num_interfaces, num_pads, num_links;
};

int sim_media_info(struct sim_handle *handle, void *arg)
{
	const struct v4l2_capability *from = &handle->sim->capability;
	struct media_device_info *to = arg;

	memset(to, 0, sizeof(*to));
	memcpy(to->driver, from->driver, sizeof(to->driver));
	memcpy(to->model, from->card, sizeof(to->model));
	memcpy(to->bus_info, from->bus_info, sizeof(to->bus_info));
	to->media_version = to->driver_version = from->version;
	return 0;
}

/* ---- making the graph ------------------------------------------------------------- */

static uint32_t add_entity(struct graph *g, uint32_t function, const char *name)
{
	struct media_v2_entity *to = &g->entities[g->num_entities++];

	to->id = g->num_entities;
	to->function = function;
	snprintf(to->name, sizeof(to->name), "%s", name);
	return to->id;
}

static void add_link(struct graph *g, uint32_t from, uint32_t to, uint32_t flags)
{
	struct media_v2_link *link = &g->links[g->num_links++];

	link->id = LINK | g->num_links;
	link->source_id = from;
	link->sink_id = to;
	link->flags = flags;
}

static void add_interface(struct graph *g, uint32_t entity, uint32_t type, uint32_t node)
{
	struct media_v2_interface *to = &g->interfaces[g->num_interfaces++];

	to->id = INTERFACE | g->num_interfaces;
	to->intf_type = type;
	to->devnode.major = VC_SIM_MAJOR;
	to->devnode.minor = node;
	add_link(g, to->id, entity, MEDIA_LNK_FL_INTERFACE_LINK | MEDIA_LNK_FL_ENABLED);
}

static uint32_t add_pad(struct graph *g, uint32_t entity, uint32_t flags)
{
	struct media_v2_pad *to = &g->pads[g->num_pads++];

	to->id = PAD | g->num_pads;
	to->entity_id = entity;
	to->flags = flags;
	return to->id;
}

static void add_sensor(struct graph *g, uint32_t sensor, uint32_t sink)
{
	add_link(g, add_pad(g, sensor, MEDIA_PAD_FL_SOURCE), sink,
		 MEDIA_LNK_FL_ENABLED | MEDIA_LNK_FL_IMMUTABLE);
}

static void make_graph(struct vc_sim *sim, struct graph *g)
{
	int is_old = sim_fault_is_on(sim, SIM_NO_ANCILLARY_LINKS, 0);
	uint32_t i, entity, sink, sensor = 0;

	memset(g, 0, sizeof(*g));
	entity = add_entity(g, MEDIA_ENT_F_IO_V4L, (const char *)sim->capability.card);
	add_interface(g, entity, MEDIA_INTF_T_V4L_VIDEO, 0);
	sink = add_pad(g, entity, MEDIA_PAD_FL_SINK);
	for (i = 1; i < sim->num_nodes; i++) {
		entity = add_entity(g, sim->nodes[i].function, sim->nodes[i].name);
		add_interface(g, entity, MEDIA_INTF_T_V4L_SUBDEV, i);
		if (sim->nodes[i].function != MEDIA_ENT_F_CAM_SENSOR)
			continue;
		add_sensor(g, entity, sink);
		sensor = sensor ? sensor : entity;
	}
	if (!sensor) {
		sensor = add_entity(g, MEDIA_ENT_F_CAM_SENSOR, "sensor");
		add_sensor(g, sensor, sink);
	}
	for (i = 1; i < sim->num_nodes && !is_old; i++) {
		if (sim->nodes[i].function != MEDIA_ENT_F_CAM_SENSOR)
			add_link(g, sensor, 1 + i, MEDIA_LNK_FL_ANCILLARY_LINK |
				 MEDIA_LNK_FL_ENABLED | MEDIA_LNK_FL_IMMUTABLE);
	}
}

/* ---- telling ---------------------------------------------------------------------- */

/* As media_device_get_topology(): without a place for them they are only counted. */
static int give(uint64_t pointer, uint32_t room, const void *from, uint32_t count, size_t size)
{
	if (!pointer)
		return 0;
	if (room < count)
		return -ENOSPC;
	memcpy((void *)(uintptr_t)pointer, from, count * size);
	return 0;
}

int sim_media_topology(struct sim_handle *handle, void *arg)
{
	struct media_v2_topology *to = arg;
	struct graph g;

	make_graph(handle->sim, &g);
	if (give(to->ptr_entities, to->num_entities, g.entities, g.num_entities,
		 sizeof(g.entities[0])) < 0 ||
	    give(to->ptr_interfaces, to->num_interfaces, g.interfaces, g.num_interfaces,
		 sizeof(g.interfaces[0])) < 0 ||
	    give(to->ptr_pads, to->num_pads, g.pads, g.num_pads, sizeof(g.pads[0])) < 0 ||
	    give(to->ptr_links, to->num_links, g.links, g.num_links, sizeof(g.links[0])) < 0)
		return -ENOSPC;
	to->topology_version = g.num_entities;
	to->num_entities = g.num_entities;
	to->num_interfaces = g.num_interfaces;
	to->num_pads = g.num_pads;
	to->num_links = g.num_links;
	return 0;
}
