/* SPDX-License-Identifier: MIT */
/*
 * From a video node to the sensor, lenses and flashes behind it, through the
 * graph of a media device: data links lead from pad to pad, interface links from
 * a device node to an entity, and ancillary links from a sensor to what goes
 * with it.
 *
 * Source: Documentation/userspace-api/media/mediactl/media-controller-model.rst.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vc.h"

#define NOWHERE UINT32_MAX
#define LINK_TYPE (0xfu << 28) /* the header's MEDIA_LNK_FL_LINK_TYPE does not fit into an int */

/* ---- the graph ------------------------------------------------------------------ */

/* A link between two entities, by their places in the topology. */
struct edge {
	uint32_t from, to;
	uint32_t flags; /* MEDIA_LNK_FL_* */
};

struct graph {
	const struct vc_topology *t;
	struct edge *edges; /* data links and ancillary links */
	uint32_t num_edges;
	uint8_t *reached; /* by entity: it feeds the video node */
};

static uint32_t link_type(const struct media_v2_link *link)
{
	return link->flags & LINK_TYPE;
}

static uint32_t find_entity(const struct vc_topology *t, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < t->num_entities; i++) {
		if (t->entities[i].id == id)
			return i;
	}
	return NOWHERE;
}

static uint32_t find_pads_entity(const struct vc_topology *t, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < t->num_pads; i++) {
		if (t->pads[i].id == id)
			return find_entity(t, t->pads[i].entity_id);
	}
	return NOWHERE;
}

static const struct media_v2_interface *find_interface(const struct vc_topology *t, uint32_t id)
{
	uint32_t i;

	for (i = 0; i < t->num_interfaces; i++) {
		if (t->interfaces[i].id == id)
			return &t->interfaces[i];
	}
	return NULL;
}

static void add_edge(struct graph *g, const struct media_v2_link *link)
{
	struct edge edge = {NOWHERE, NOWHERE, link->flags};

	switch (link_type(link)) {
	case MEDIA_LNK_FL_DATA_LINK:
		edge.from = find_pads_entity(g->t, link->source_id);
		edge.to = find_pads_entity(g->t, link->sink_id);
		break;
	case MEDIA_LNK_FL_ANCILLARY_LINK:
		edge.from = find_entity(g->t, link->source_id);
		edge.to = find_entity(g->t, link->sink_id);
		break;
	default:
		return;
	}
	if (edge.from != NOWHERE && edge.to != NOWHERE)
		g->edges[g->num_edges++] = edge;
}

static void free_graph(struct graph *g)
{
	free(g->edges);
	free(g->reached);
}

static int make_graph(const struct vc_topology *t, struct graph *g)
{
	uint32_t i;

	memset(g, 0, sizeof(*g));
	g->t = t;
	g->edges = calloc(t->num_links + 1, sizeof(*g->edges));
	g->reached = calloc(t->num_entities + 1, 1);
	if (!g->edges || !g->reached) {
		free_graph(g);
		return -ENOMEM;
	}
	for (i = 0; i < t->num_links; i++)
		add_edge(g, &t->links[i]);
	return 0;
}

static int is_ancillary(const struct edge *edge)
{
	return (edge->flags & LINK_TYPE) == MEDIA_LNK_FL_ANCILLARY_LINK;
}

static int has_function(const struct graph *g, uint32_t entity, uint32_t function)
{
	return g->t->entities[entity].function == function;
}

/* ---- from the video node to the sensor -------------------------------------------- */

static int is_node(const struct media_v2_interface *interface, uint32_t type, uint32_t major,
		   uint32_t minor)
{
	return interface && interface->intf_type == type && interface->devnode.major == major &&
	       interface->devnode.minor == minor;
}

/* Mark the entities behind the video node.  Returns how many there are. */
static uint32_t begin(struct graph *g, uint32_t major, uint32_t minor)
{
	const struct vc_topology *t = g->t;
	uint32_t i, entity, count = 0;

	memset(g->reached, 0, t->num_entities);
	for (i = 0; i < t->num_links; i++) {
		const struct media_v2_link *link = &t->links[i];

		if (link_type(link) != MEDIA_LNK_FL_INTERFACE_LINK ||
		    !is_node(find_interface(t, link->source_id), MEDIA_INTF_T_V4L_VIDEO, major,
			     minor))
			continue;
		entity = find_entity(t, link->sink_id);
		if (entity == NOWHERE)
			continue;
		g->reached[entity] = 1;
		count++;
	}
	return count;
}

/* Mark what feeds the marked ones, through links with all of `flags`, up to the sensors. */
static void go_upstream(struct graph *g, uint32_t flags)
{
	int again = 1;
	uint32_t i;

	while (again) {
		again = 0;
		for (i = 0; i < g->num_edges; i++) {
			const struct edge *e = &g->edges[i];

			if (is_ancillary(e) || (e->flags & flags) != flags ||
			    !g->reached[e->to] || g->reached[e->from] ||
			    has_function(g, e->to, MEDIA_ENT_F_CAM_SENSOR))
				continue;
			g->reached[e->from] = 1;
			again = 1;
		}
	}
}

static uint32_t count_sensors(const struct graph *g, int only_reached)
{
	uint32_t i, count = 0;

	for (i = 0; i < g->t->num_entities; i++)
		count += has_function(g, i, MEDIA_ENT_F_CAM_SENSOR) &&
			 (g->reached[i] || !only_reached);
	return count;
}

/* Links that are not enabled count where no others lead to a sensor: nobody set it up yet. */
static int find_sensor(struct graph *g, uint32_t major, uint32_t minor)
{
	uint32_t count;

	if (begin(g, major, minor) == 0)
		return -ENOENT;
	go_upstream(g, MEDIA_LNK_FL_ENABLED);
	count = count_sensors(g, 1);
	if (count == 0) {
		go_upstream(g, 0);
		count = count_sensors(g, 1);
	}
	return count > 1 ? -ENOTUNIQ : (int)count;
}

/* ---- what belongs to it -------------------------------------------------------------- */

static int has_ancillary_links(const struct graph *g)
{
	uint32_t i;

	for (i = 0; i < g->num_edges; i++) {
		if (is_ancillary(&g->edges[i]))
			return 1;
	}
	return 0;
}

/*
 * The link begins at the sensor, or at the part of it that the driver registered
 * last; whatever is on the way to this one sensor will do.
 */
static int is_linked(const struct graph *g, uint32_t entity)
{
	uint32_t i;

	for (i = 0; i < g->num_edges; i++) {
		const struct edge *e = &g->edges[i];

		if (is_ancillary(e) && e->to == entity && g->reached[e->from])
			return 1;
	}
	return 0;
}

static void find_node(const struct vc_topology *t, uint32_t entity, struct vc_subdevice *to)
{
	const struct media_v2_interface *interface;
	uint32_t i;

	for (i = 0; i < t->num_links; i++) {
		const struct media_v2_link *link = &t->links[i];

		if (link_type(link) != MEDIA_LNK_FL_INTERFACE_LINK ||
		    link->sink_id != t->entities[entity].id)
			continue;
		interface = find_interface(t, link->source_id);
		if (!interface || interface->intf_type != MEDIA_INTF_T_V4L_SUBDEV)
			continue;
		to->major = interface->devnode.major;
		to->minor = interface->devnode.minor;
		return;
	}
}

static void describe(const struct vc_topology *t, uint32_t entity, struct vc_subdevice *to)
{
	memset(to, 0, sizeof(*to));
	to->function = t->entities[entity].function;
	memcpy(to->name, t->entities[entity].name, sizeof(t->entities[entity].name));
	find_node(t, entity, to);
}

static int collect(const struct graph *g, struct vc_subdevice *out)
{
	static const uint32_t FUNCTIONS[] = {MEDIA_ENT_F_CAM_SENSOR, MEDIA_ENT_F_LENS,
					     MEDIA_ENT_F_FLASH};
	/* Kernels before 5.19 have no ancillary links: who is alone cannot be mixed up. */
	int is_alone = !has_ancillary_links(g) && count_sensors(g, 0) == 1;
	uint32_t i, function;
	int count = 0;

	for (function = 0; function < 3; function++) {
		for (i = 0; i < g->t->num_entities && count < VC_MAX_SUBDEVICES; i++) {
			if (!has_function(g, i, FUNCTIONS[function]))
				continue;
			if (function == 0 ? g->reached[i] : is_alone || is_linked(g, i))
				describe(g->t, i, &out[count++]);
		}
	}
	return count;
}

int vc_topology_find(const struct vc_topology *topology, uint32_t major, uint32_t minor,
		     struct vc_subdevice *out)
{
	struct graph g;
	int rc;

	rc = make_graph(topology, &g);
	if (rc < 0)
		return rc;
	rc = find_sensor(&g, major, minor);
	if (rc > 0)
		rc = collect(&g, out);
	free_graph(&g);
	return rc;
}
