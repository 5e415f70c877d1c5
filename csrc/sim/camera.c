/* SPDX-License-Identifier: MIT */
/* A simulated camera: its description, its life, and what tests ask it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Whatever a profile says, no more than this is worth simulating. */
#define MAX_FORMATS 256u
#define MAX_SIZES 256u
#define MAX_INTERVALS 64u
#define MAX_SIDE 16384u /* with which sizeimage stays below 4 GiB, strides included */

/* A manual clock begins here, so that time 0 stays "no time". */
#define MANUAL_BEGINS 1000000000000

static uint32_t generation;

static void count_fork(void)
{
	generation++;
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

/* ---- life ----------------------------------------------------------------------- */

int sim_is_foreign(const struct vc_sim *sim)
{
	return sim->generation != generation;
}

int sim_enter(struct vc_sim *sim)
{
	if (sim_is_foreign(sim))
		return -ECHILD;
	pthread_mutex_lock(&sim->lock);
	return 0;
}

void sim_leave(struct vc_sim *sim)
{
	pthread_mutex_unlock(&sim->lock);
}

void sim_ref(struct vc_sim *sim)
{
	atomic_fetch_add(&sim->refs, 1);
}

static void free_controls(struct sim_node *node)
{
	uint32_t i;

	for (i = 0; i < node->num_controls; i++) {
		free(node->controls[i].payload);
		free(node->controls[i].menu);
	}
	free(node->controls);
}

static void destroy(struct vc_sim *sim)
{
	uint32_t i, n;

	sim_queue_release(sim);
	sim_picture_free(sim->picture);
	for (i = 0; i < sim->num_formats; i++) {
		for (n = 0; n < sim->formats[i].num_sizes; n++)
			free(sim->formats[i].sizes[n].intervals);
		free(sim->formats[i].sizes);
	}
	for (i = 0; i < sim->num_nodes; i++)
		free_controls(&sim->nodes[i]);
	free(sim->formats);
	pthread_mutex_destroy(&sim->lock);
	free(sim);
}

void sim_unref(struct vc_sim *sim)
{
	if (atomic_fetch_sub(&sim->refs, 1) == 1)
		destroy(sim);
}

static void copy_string(void *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void set_capability(struct vc_sim *sim, const struct vc_sim_config *config)
{
	struct v4l2_capability *to = &sim->capability;
	uint32_t capture = sim->quirks & VC_SIM_MULTIPLANAR ? V4L2_CAP_VIDEO_CAPTURE_MPLANE
							    : V4L2_CAP_VIDEO_CAPTURE;

	copy_string(to->driver, sizeof(to->driver), config->driver);
	copy_string(to->card, sizeof(to->card), config->card);
	copy_string(to->bus_info, sizeof(to->bus_info), config->bus_info);
	to->version = config->version;
	to->capabilities = config->capabilities;
	to->device_caps = config->device_caps;
	if (!config->capabilities) {
		to->device_caps = capture | V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
		to->capabilities = to->device_caps | V4L2_CAP_DEVICE_CAPS;
	}
}

int vc_sim_new(const struct vc_sim_config *config, struct vc_sim **out)
{
	struct vc_sim *sim;

	sim = calloc(1, sizeof(*sim));
	if (!sim)
		return -ENOMEM;
	pthread_mutex_init(&sim->lock, NULL);
	atomic_init(&sim->refs, 1);
	sim->generation = generation;
	sim->quirks = config->quirks;
	sim->manual_now = MANUAL_BEGINS;
	sim->ambient = 1;
	sim->repaint = 1;
	sim->num_nodes = 1;
	sim->nodes[0].sim = sim;
	set_capability(sim, config);
	*out = sim;
	return 0;
}

void vc_sim_free(struct vc_sim *sim)
{
	if (sim)
		sim_unref(sim);
}

uint32_t sim_buf_type(const struct vc_sim *sim)
{
	uint32_t caps = sim->capability.capabilities & V4L2_CAP_DEVICE_CAPS
				? sim->capability.device_caps
				: sim->capability.capabilities;

	if (sim->num_formats == 0)
		return 0;
	if (caps & V4L2_CAP_VIDEO_CAPTURE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	if (caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	return 0;
}

/* ---- description of the picture ---------------------------------------------------- */

void *sim_grow(void *items, uint32_t used, size_t size)
{
	void *more = realloc(items, (used + 1) * size);

	if (more)
		memset((uint8_t *)more + used * size, 0, size);
	return more;
}

static int has_format(const struct vc_sim *sim, uint32_t fourcc)
{
	uint32_t i;

	for (i = 0; i < sim->num_formats; i++) {
		if (sim->formats[i].says.pixelformat == fourcc)
			return 1;
	}
	return 0;
}

int vc_sim_add_format(struct vc_sim *sim, const struct vc_sim_format *format)
{
	struct sim_format *more;

	if (sim->sealed)
		return -EBUSY;
	if (format->pixelformat == 0 || format->stride_align > 65536 ||
	    sim->num_formats >= MAX_FORMATS)
		return -EINVAL;
	if (has_format(sim, format->pixelformat))
		return -EEXIST;
	more = sim_grow(sim->formats, sim->num_formats, sizeof(*more));
	if (!more)
		return -ENOMEM;
	sim->formats = more;
	more += sim->num_formats++;
	more->says = *format;
	more->pix = sim_pixfmt_find(format->pixelformat);
	return 0;
}

static int is_range(uint32_t min, uint32_t max)
{
	return min >= 1 && min <= max && max <= MAX_SIDE;
}

int vc_sim_add_size(struct vc_sim *sim, const struct vc_framesize *size)
{
	struct sim_format *format;
	struct sim_size *more;

	if (sim->sealed)
		return -EBUSY;
	if (sim->num_formats == 0 || !is_range(size->min_width, size->max_width) ||
	    !is_range(size->min_height, size->max_height))
		return -EINVAL;
	format = &sim->formats[sim->num_formats - 1];
	if (format->num_sizes >= MAX_SIZES)
		return -EINVAL;
	more = sim_grow(format->sizes, format->num_sizes, sizeof(*more));
	if (!more)
		return -ENOMEM;
	format->sizes = more;
	more[format->num_sizes++].range = *size;
	return 0;
}

int vc_sim_add_interval(struct vc_sim *sim, const struct vc_frameinterval *interval)
{
	struct vc_frameinterval *more;
	struct sim_format *format;
	struct sim_size *size;

	if (sim->sealed)
		return -EBUSY;
	format = sim->num_formats ? &sim->formats[sim->num_formats - 1] : NULL;
	if (!format || format->num_sizes == 0)
		return -EINVAL;
	size = &format->sizes[format->num_sizes - 1];
	if (size->num_intervals >= MAX_INTERVALS)
		return -EINVAL;
	more = sim_grow(size->intervals, size->num_intervals, sizeof(*more));
	if (!more)
		return -ENOMEM;
	size->intervals = more;
	more[size->num_intervals++] = *interval;
	return 0;
}

int vc_sim_add_subdevice(struct vc_sim *sim, uint32_t function, const char *name)
{
	struct sim_node *node;

	if (sim->sealed)
		return -EBUSY;
	if (sim->num_nodes > SIM_MAX_SUBDEVICES)
		return -EINVAL;
	node = &sim->nodes[sim->num_nodes++];
	node->sim = sim;
	node->function = function;
	copy_string(node->name, sizeof(node->name), name);
	return 0;
}

int sim_seal(struct vc_sim *sim)
{
	uint32_t i;
	int rc;

	if (sim->sealed)
		return 0;
	for (i = 0; i < sim->num_formats; i++) {
		if (sim->formats[i].num_sizes == 0)
			return -EINVAL;
	}
	for (i = 0; i < sim->num_nodes; i++) {
		rc = sim_control_add_classes(&sim->nodes[i]);
		if (rc < 0)
			return rc;
	}
	sim->sealed = 1;
	sim_format_reset(sim);
	sim_control_reset(sim, 0);
	return 0;
}

/* ---- counters ------------------------------------------------------------------------ */

uint64_t vc_sim_ioctls(struct vc_sim *sim, unsigned long request)
{
	uint64_t count;

	if (sim_enter(sim) < 0)
		return 0;
	if (_IOC_TYPE(request) == 'V')
		count = sim->ioctls[VC_VIDEO][_IOC_NR(request)] +
			sim->ioctls[VC_SUBDEVICE][_IOC_NR(request)];
	else
		count = sim->ioctls[VC_MEDIA][_IOC_NR(request)];
	sim_leave(sim);
	return count;
}

uint32_t vc_sim_queued(struct vc_sim *sim)
{
	uint32_t count;

	if (sim_enter(sim) < 0)
		return 0;
	count = sim->queue.queued.count + sim->queue.done.count;
	sim_leave(sim);
	return count;
}

uint32_t vc_sim_mappings(struct vc_sim *sim)
{
	return sim_memory_mappings(sim, NULL, SIM_ANY_OFFSET);
}

uint32_t vc_sim_handles(struct vc_sim *sim)
{
	const struct sim_handle *handle;
	uint32_t count = 0;

	if (sim_enter(sim) < 0)
		return 0;
	for (handle = sim->handles; handle; handle = handle->next)
		count++;
	sim_leave(sim);
	return count;
}

uint32_t vc_sim_frames(struct vc_sim *sim)
{
	uint32_t count;

	if (sim_enter(sim) < 0)
		return 0;
	sim_advance(sim);
	count = sim->queue.sequence;
	sim_leave(sim);
	return count;
}
