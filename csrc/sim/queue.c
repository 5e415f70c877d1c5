/* SPDX-License-Identifier: MIT */
/*
 * Buffers, the way drivers/media/common/videobuf2 handles them: the same
 * states, the same owner, the same errors in the same order.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* More than any camera's queue; beyond it REQBUFS is -ENOMEM. */
#define MAX_MEMORY ((size_t)1 << 31)

int sim_queue_check_owner(const struct sim_handle *handle)
{
	const struct sim_handle *owner = handle->sim->queue.owner;

	return owner && owner != handle ? -EBUSY : 0;
}

/* Everything back to user space, as STREAMOFF does. */
static void cancel(struct sim_queue *queue)
{
	uint32_t i;

	queue->streaming = 0;
	queue->queued.count = 0;
	queue->done.count = 0;
	for (i = 0; i < queue->count; i++)
		queue->buffers[i].state = SIM_DEQUEUED;
}

void sim_queue_release(struct vc_sim *sim)
{
	struct sim_queue *queue = &sim->queue;

	cancel(queue);
	sim_memory_unref(queue->memory);
	queue->memory = NULL;
	queue->count = 0;
	queue->owner = NULL;
}

/* ---- REQBUFS, QUERYBUF, mmap ----------------------------------------------------- */

static size_t page_align(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static int allocate(struct vc_sim *sim, uint32_t count)
{
	struct sim_queue *queue = &sim->queue;
	uint32_t i, plane;
	size_t total = 0;
	int rc;

	queue->num_planes = sim->format.num_planes;
	for (plane = 0; plane < queue->num_planes; plane++)
		queue->length[plane] = sim->format.sizeimage[plane];
	memset(queue->buffers, 0, sizeof(queue->buffers));
	for (i = 0; i < count; i++) {
		for (plane = 0; plane < queue->num_planes; plane++) {
			if (queue->length[plane] == 0)
				return -EINVAL;
			queue->buffers[i].offset[plane] = (uint32_t)total;
			total += page_align(queue->length[plane]);
			if (total > MAX_MEMORY)
				return -ENOMEM;
		}
	}
	rc = sim_memory_new(sim, total, &queue->memory);
	if (rc < 0)
		return rc;
	queue->count = count;
	return 0;
}

static int can_orphan(struct vc_sim *sim)
{
	return !(sim->quirks & VC_SIM_NO_ORPHANS) && !sim_fault_is_on(sim, SIM_NO_ORPHAN, 0);
}

/* Free the old buffers, then make new ones. */
static int replace_buffers(struct vc_sim *sim, uint32_t count, int orphans)
{
	struct sim_queue *queue = &sim->queue;

	if (queue->memory && !orphans && sim_memory_mappings(sim, queue->memory, SIM_ANY_OFFSET))
		return -EBUSY;
	sim_queue_release(sim);
	return count ? allocate(sim, count) : 0;
}

int sim_reqbufs(struct sim_handle *handle, void *arg)
{
	struct v4l2_requestbuffers *req = arg;
	struct vc_sim *sim = handle->sim;
	int rc, orphans = can_orphan(sim);
	int64_t count;

	rc = sim_check_type(handle, req->type);
	if (rc < 0)
		return rc;
	req->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
	if (orphans)
		req->capabilities |= V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS;
	req->flags = 0;
	memset(req->reserved, 0, sizeof(req->reserved));
	if (sim_queue_check_owner(handle) < 0)
		return -EBUSY;
	if (req->memory != V4L2_MEMORY_MMAP)
		return -EINVAL;
	if (sim->queue.streaming)
		return -EBUSY;

	if (req->count > VC_MAX_BUFFERS)
		req->count = VC_MAX_BUFFERS;
	if (req->count && sim_fault_strikes(sim, SIM_REQBUFS_FEW, 0, 1, &count) && count > 0 &&
	    count < req->count)
		req->count = (uint32_t)count;
	rc = replace_buffers(sim, req->count, orphans);
	if (rc < 0)
		return rc;
	sim->queue.owner = req->count ? handle : NULL;
	if (req->count && sim_fault_strikes(sim, SIM_REQBUFS_MANY, 0, 2 * VC_MAX_BUFFERS, &count))
		req->count = (uint32_t)count;
	return 0;
}

static int check_planes(const struct sim_queue *queue, const struct v4l2_buffer *buf)
{
	if (!V4L2_TYPE_IS_MULTIPLANAR(buf->type))
		return 0;
	if (!buf->m.planes)
		return buf->length ? -EFAULT : -EINVAL;
	return buf->length < queue->num_planes || buf->length > VC_MAX_PLANES ? -EINVAL : 0;
}

static void fill_planes(const struct sim_queue *queue, const struct sim_buffer *from,
			struct v4l2_buffer *to)
{
	uint32_t plane;

	to->length = queue->num_planes;
	for (plane = 0; plane < queue->num_planes; plane++) {
		struct v4l2_plane *p = &to->m.planes[plane];

		p->bytesused = from->bytesused[plane];
		p->length = queue->length[plane];
		p->m.mem_offset = from->offset[plane];
		p->data_offset = 0;
		memset(p->reserved, 0, sizeof(p->reserved));
	}
}

static const uint32_t STATE_FLAGS[] = {
	[SIM_DEQUEUED] = 0,
	[SIM_QUEUED] = V4L2_BUF_FLAG_QUEUED,
	[SIM_DONE] = V4L2_BUF_FLAG_DONE,
};

static void fill_user(struct vc_sim *sim, const struct sim_buffer *from, struct v4l2_buffer *to)
{
	const struct sim_queue *queue = &sim->queue;

	to->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | STATE_FLAGS[from->state] | from->flags;
	to->flags |= sim->quirks & VC_SIM_END_OF_FRAME ? V4L2_BUF_FLAG_TSTAMP_SRC_EOF
						       : V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
	to->memory = V4L2_MEMORY_MMAP;
	to->field = V4L2_FIELD_NONE;
	to->sequence = from->sequence;
	to->timestamp.tv_sec = from->timestamp_ns / 1000000000;
	to->timestamp.tv_usec = from->timestamp_ns % 1000000000 / 1000;
	memset(&to->timecode, 0, sizeof(to->timecode));
	to->reserved2 = 0;
	to->request_fd = 0;
	if (V4L2_TYPE_IS_MULTIPLANAR(to->type)) {
		to->bytesused = 0;
		fill_planes(queue, from, to);
	} else {
		to->bytesused = from->bytesused[0];
		to->length = queue->length[0];
		to->m.offset = from->offset[0];
	}
}

static int find_buffer(const struct sim_handle *handle, const struct v4l2_buffer *buf)
{
	int rc;

	rc = sim_check_type(handle, buf->type);
	if (rc < 0)
		return rc;
	if (buf->index >= handle->sim->queue.count)
		return -EINVAL;
	return check_planes(&handle->sim->queue, buf);
}

/* Anybody may look. */
int sim_querybuf(struct sim_handle *handle, void *arg)
{
	struct vc_sim *sim = handle->sim;
	struct v4l2_buffer *buf = arg;
	int rc;

	rc = find_buffer(handle, buf);
	if (rc < 0)
		return rc;
	fill_user(sim, &sim->queue.buffers[buf->index], buf);
	if (sim_memory_mappings(sim, sim->queue.memory,
				sim->queue.buffers[buf->index].offset[0]))
		buf->flags |= V4L2_BUF_FLAG_MAPPED;
	return 0;
}

int sim_queue_find(const struct vc_sim *sim, uint32_t offset, size_t length)
{
	const struct sim_queue *queue = &sim->queue;
	uint32_t i, plane;

	for (i = 0; i < queue->count; i++) {
		for (plane = 0; plane < queue->num_planes; plane++) {
			if (queue->buffers[i].offset[plane] == offset)
				return length <= page_align(queue->length[plane]) ? 0 : -EINVAL;
		}
	}
	return -EINVAL;
}

/* ---- QBUF, DQBUF, STREAMON, STREAMOFF ---------------------------------------------- */

int sim_qbuf(struct sim_handle *handle, void *arg)
{
	struct sim_queue *queue = &handle->sim->queue;
	struct v4l2_buffer *buf = arg;
	struct sim_buffer *ours;
	int rc;

	rc = sim_check_type(handle, buf->type);
	if (rc < 0)
		return rc;
	if (sim_queue_check_owner(handle) < 0)
		return -EBUSY;
	rc = find_buffer(handle, buf);
	if (rc < 0)
		return rc;
	ours = &queue->buffers[buf->index];
	if (buf->memory != V4L2_MEMORY_MMAP || ours->state != SIM_DEQUEUED)
		return -EINVAL;
	ours->state = SIM_QUEUED;
	ours->flags = 0;
	sim_fifo_put(&queue->queued, buf->index);
	fill_user(handle->sim, ours, buf);
	buf->flags |= V4L2_BUF_FLAG_MAPPED; /* not looked up: this is the fast path */
	return 0;
}

/* What a driver with faults says of a frame that may be quite all right. */
static void distort(struct vc_sim *sim, struct v4l2_buffer *buf)
{
	struct v4l2_plane *plane = V4L2_TYPE_IS_MULTIPLANAR(buf->type) ? buf->m.planes : NULL;
	uint32_t *used = plane ? &plane->bytesused : &buf->bytesused;
	uint32_t length = plane ? plane->length : buf->length;
	int64_t value;

	if (sim_fault_strikes(sim, SIM_BAD_INDEX, 0, 200, &value))
		buf->index = (uint32_t)value;
	if (sim_fault_strikes(sim, SIM_BYTESUSED_TOO_LARGE, 0, (int64_t)length + 4096, &value))
		*used = (uint32_t)value;
	if (plane && sim_fault_strikes(sim, SIM_BAD_DATA_OFFSET, 0, (int64_t)length + 1, &value))
		plane->data_offset = (uint32_t)value;
	if (sim_fault_is_on(sim, SIM_TIMESTAMPS_ZERO, 0))
		memset(&buf->timestamp, 0, sizeof(buf->timestamp));
	if (sim_fault_strikes(sim, SIM_TIMESTAMPS_BACKWARDS, 0, 10, &value))
		buf->timestamp.tv_sec -= (time_t)value;
	if (sim_fault_strikes(sim, SIM_TIMESTAMPS_FUTURE, 0, 3600, &value))
		buf->timestamp.tv_sec += (time_t)value;
	if (sim_fault_is_on(sim, SIM_SEQUENCE_ZERO, 0))
		buf->sequence = 0;
}

int sim_dqbuf(struct sim_handle *handle, void *arg)
{
	struct vc_sim *sim = handle->sim;
	struct sim_queue *queue = &sim->queue;
	struct v4l2_buffer *buf = arg;
	struct sim_buffer *ours;
	int rc;

	rc = sim_check_type(handle, buf->type);
	if (rc < 0)
		return rc;
	if (sim_queue_check_owner(handle) < 0)
		return -EBUSY;
	if (!queue->streaming)
		return -EINVAL;
	if (queue->done.count == 0)
		return -EAGAIN;
	rc = check_planes(queue, buf);
	if (rc < 0)
		return rc;
	buf->index = sim_fifo_take(&queue->done);
	ours = &queue->buffers[buf->index];
	ours->state = SIM_DEQUEUED;
	fill_user(sim, ours, buf);
	buf->flags |= V4L2_BUF_FLAG_MAPPED;
	if (sim->num_faults)
		distort(sim, buf);
	return 0;
}

int sim_streamon(struct sim_handle *handle, void *arg)
{
	struct vc_sim *sim = handle->sim;
	struct sim_queue *queue = &sim->queue;
	int rc;

	if (sim_queue_check_owner(handle) < 0)
		return -EBUSY;
	rc = sim_check_type(handle, *(uint32_t *)arg);
	if (rc < 0)
		return rc;
	if (queue->streaming)
		return 0;
	if (queue->count == 0)
		return -EINVAL;
	if (sim_fault_is_on(sim, SIM_RESET_CONTROLS_ON_STREAMON, 0))
		sim_control_reset(sim, 1);
	queue->streaming = 1;
	queue->sequence = 0;
	sim_lamp_take(sim, sim_now(sim));
	sim_expose_first(sim);
	queue->next_due = sim_now(sim) + sim_interval_ns(sim);
	return 0;
}

int sim_streamoff(struct sim_handle *handle, void *arg)
{
	int rc;

	if (sim_queue_check_owner(handle) < 0)
		return -EBUSY;
	rc = sim_check_type(handle, *(uint32_t *)arg);
	if (rc < 0)
		return rc;
	cancel(&handle->sim->queue);
	return 0;
}
