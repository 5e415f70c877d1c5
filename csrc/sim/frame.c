/* SPDX-License-Identifier: MIT */
/* A frame: from what the controls say to bytes in a buffer, whole or not. */
#include <string.h>

#include "internal.h"

static int paint(struct vc_sim *sim)
{
	struct sim_picture *picture;
	struct sim_view view;
	int rc;

	if (!sim->repaint)
		return 0;
	sim_look(sim, &view);
	rc = sim_picture_new(sim->current->pix, &sim->format, &view, &picture);
	if (rc < 0)
		return rc;
	sim_picture_free(sim->picture);
	sim->picture = picture;
	sim->repaint = 0;
	return 0;
}

/* ---- what can happen to it on the way ----------------------------------------------- */

static void cut_tables(uint8_t *data, uint32_t *used)
{
	size_t end = sim_jpeg_dht_offset + sim_jpeg_dht_size;

	if (*used < end)
		return;
	memmove(data + sim_jpeg_dht_offset, data + end, *used - end);
	*used -= (uint32_t)sim_jpeg_dht_size;
}

/* Both ends are there, but not what comes behind SOI and APP0. */
static void tear(uint8_t *data, uint32_t *used, int64_t left)
{
	const uint32_t start = 20;

	if (left < start || left >= *used)
		return;
	memmove(data + start, data + *used - (left - start), (size_t)left - start);
	*used = (uint32_t)left;
}

/* With what an older frame left there, then with nothing. */
static void pad(uint8_t *data, uint32_t *used, uint32_t room, int64_t bytes)
{
	uint32_t more = room - *used;

	if (bytes < (int64_t)more)
		more = bytes > 0 ? (uint32_t)bytes : 0;
	memset(data + *used, 0, more);
	memset(data + *used, 0xa5, more / 2);
	*used += more;
}

static void spoil_jpeg(struct vc_sim *sim, uint8_t *data, struct sim_buffer *buffer)
{
	uint32_t *used = &buffer->bytesused[0];
	int64_t value;

	if (sim_fault_is_on(sim, SIM_NO_DHT, 0))
		cut_tables(data, used);
	if (sim_fault_strikes(sim, SIM_CORRUPT_JPEG, 0, *used / 2, &value) && value >= 0 &&
	    value < *used)
		*used = (uint32_t)value;
	if (sim_fault_strikes(sim, SIM_TORN_JPEG, 0, *used / 2, &value))
		tear(data, used, value);
	if (sim_fault_strikes(sim, SIM_PADDED_JPEG, 0, 100, &value))
		pad(data, used, sim->queue.length[0], value);
}

static void spoil(struct vc_sim *sim, uint8_t *data, struct sim_buffer *buffer)
{
	int64_t value;

	if (sim->current->pix->packing == SIM_JPEG)
		spoil_jpeg(sim, data, buffer);
	if (sim_fault_strikes(sim, SIM_SHORT_FRAME, 0, buffer->bytesused[0] / 2, &value) &&
	    value >= 0 && value < buffer->bytesused[0])
		buffer->bytesused[0] = (uint32_t)value;
	if (sim_fault_is_on(sim, SIM_ERROR_FLAG, 0))
		buffer->flags |= V4L2_BUF_FLAG_ERROR;
}

/* ---- the frame ---------------------------------------------------------------------- */

/* What the driver claims to have filled never exceeds its buffer. */
static void draw(struct vc_sim *sim, struct sim_buffer *buffer, uint32_t sequence)
{
	struct sim_queue *queue = &sim->queue;
	uint8_t *planes[VC_MAX_PLANES];
	uint32_t i;

	for (i = 0; i < queue->num_planes; i++)
		planes[i] = sim_memory_start(queue->memory) + buffer->offset[i];
	sim_picture_draw(sim->picture, planes, sequence, &buffer->painted, buffer->bytesused);
	if (sim->num_faults)
		spoil(sim, planes[0], buffer);
}

void sim_queue_produce(struct vc_sim *sim, int64_t when)
{
	struct sim_queue *queue = &sim->queue;
	uint32_t sequence = queue->sequence++, index;
	struct sim_buffer *buffer;

	if (sim_fault_is_on(sim, SIM_DROP, 0) || queue->queued.count == 0)
		return;
	index = sim_fifo_take(&queue->queued);
	buffer = &queue->buffers[index];
	buffer->state = SIM_DONE;
	buffer->sequence = sequence;
	buffer->timestamp_ns = when;
	if (!(sim->quirks & VC_SIM_END_OF_FRAME))
		buffer->timestamp_ns -= sim_interval_ns(sim);
	if (paint(sim) == 0)
		draw(sim, buffer, sequence);
	else
		buffer->flags |= V4L2_BUF_FLAG_ERROR;
	sim_fifo_put(&queue->done, index);
}
