/* SPDX-License-Identifier: MIT */
/*
 * Asking a media device what it consists of; topology.c makes sense of it.
 *
 * Source: Documentation/userspace-api/media/mediactl/media-ioc-g-topology.rst.
 */
#include <errno.h>
#include <linux/v4l2-subdev.h>
#include <stdlib.h>
#include <string.h>

#include "vc.h"

#define MOST_OBJECTS 4096u /* of a kind; the largest SoCs have some hundreds */
#define MOST_TRIES 10 /* while subdevices are still being found */

static int count_objects(struct vc_device *media, struct media_v2_topology *counts)
{
	int rc;

	memset(counts, 0, sizeof(*counts));
	rc = vc_ioctl(media, MEDIA_IOC_G_TOPOLOGY, counts);
	if (rc < 0)
		return rc;
	if (counts->num_entities > MOST_OBJECTS || counts->num_interfaces > MOST_OBJECTS ||
	    counts->num_pads > MOST_OBJECTS || counts->num_links > MOST_OBJECTS)
		return -EPROTO;
	return 0;
}

static int make_room(const struct media_v2_topology *counts, struct vc_topology **out)
{
	struct vc_topology *t;

	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->entities = calloc(counts->num_entities + 1, sizeof(*t->entities));
	t->interfaces = calloc(counts->num_interfaces + 1, sizeof(*t->interfaces));
	t->pads = calloc(counts->num_pads + 1, sizeof(*t->pads));
	t->links = calloc(counts->num_links + 1, sizeof(*t->links));
	if (!t->entities || !t->interfaces || !t->pads || !t->links) {
		vc_topology_free(t);
		return -ENOMEM;
	}
	*out = t;
	return 0;
}

/* There may be less than there was, but not more than there is room for. */
static int take_counts(const struct media_v2_topology *room, const struct media_v2_topology *is,
		       struct vc_topology *t)
{
	if (is->num_entities > room->num_entities || is->num_interfaces > room->num_interfaces ||
	    is->num_pads > room->num_pads || is->num_links > room->num_links)
		return -EPROTO;
	t->num_entities = is->num_entities;
	t->num_interfaces = is->num_interfaces;
	t->num_pads = is->num_pads;
	t->num_links = is->num_links;
	return 0;
}

/* -ENOSPC when there is more now than when it was counted. */
static int read_once(struct vc_device *media, struct vc_topology **out)
{
	struct media_v2_topology room, ask;
	struct vc_topology *t;
	int rc;

	rc = count_objects(media, &room);
	if (rc < 0)
		return rc;
	rc = make_room(&room, &t);
	if (rc < 0)
		return rc;

	ask = room;
	ask.ptr_entities = (uintptr_t)t->entities;
	ask.ptr_interfaces = (uintptr_t)t->interfaces;
	ask.ptr_pads = (uintptr_t)t->pads;
	ask.ptr_links = (uintptr_t)t->links;
	rc = vc_ioctl(media, MEDIA_IOC_G_TOPOLOGY, &ask);
	if (rc == 0)
		rc = take_counts(&room, &ask, t);
	if (rc < 0) {
		vc_topology_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

int vc_topology_read(struct vc_device *media, struct vc_topology **out)
{
	int rc, tries = 0;

	do {
		rc = read_once(media, out);
	} while (rc == -ENOSPC && ++tries < MOST_TRIES);
	return rc == -ENOSPC ? -EAGAIN : rc;
}

void vc_topology_free(struct vc_topology *topology)
{
	if (!topology)
		return;
	free(topology->entities);
	free(topology->interfaces);
	free(topology->pads);
	free(topology->links);
	free(topology);
}

int vc_sensor_width(struct vc_device *sensor, uint32_t *out)
{
	struct v4l2_subdev_selection crop = {
		.which = V4L2_SUBDEV_FORMAT_ACTIVE,
		.target = V4L2_SEL_TGT_CROP,
	};
	int rc;

	rc = vc_ioctl(sensor, VIDIOC_SUBDEV_G_SELECTION, &crop);
	if (rc < 0)
		return rc;
	if (crop.r.width == 0 || crop.r.width > INT32_MAX)
		return -EPROTO;
	*out = crop.r.width;
	return 0;
}
