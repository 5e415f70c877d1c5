/* SPDX-License-Identifier: MIT */
/* What can go wrong, by name.  Where it does is in the files that ask here. */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define MAX_ERRNO 4095

static const struct row {
	const char *name;
	uint32_t kind;
	unsigned long request; /* SIM_IOCTL_ERROR: which ioctl fails, 0: the caller says */
	int error; /* and how */
} ROWS[] = {
	/* ioctls that fail; `value` is the errno */
	{"ioctl_error", SIM_IOCTL_ERROR, 0, EIO},
	{"dqbuf_error", SIM_IOCTL_ERROR, VIDIOC_DQBUF, EIO},
	{"qbuf_error", SIM_IOCTL_ERROR, VIDIOC_QBUF, EIO},
	{"querybuf_error", SIM_IOCTL_ERROR, VIDIOC_QUERYBUF, EINVAL},
	{"reqbufs_error", SIM_IOCTL_ERROR, VIDIOC_REQBUFS, ENOMEM},
	{"streamon_error", SIM_IOCTL_ERROR, VIDIOC_STREAMON, EIO},
	{"streamoff_error", SIM_IOCTL_ERROR, VIDIOC_STREAMOFF, EIO},
	{"enospc", SIM_IOCTL_ERROR, VIDIOC_STREAMON, ENOSPC},
	{"no_ext_ctrls", SIM_NO_EXT_CTRLS, 0, ENOTTY},

	/* the camera */
	{"disconnect", SIM_DISCONNECT, 0, 0},
	{"drop", SIM_DROP, 0, 0},
	{"stall", SIM_STALL, 0, 0},

	/* frames; `value` is the number of bytes that are left, or added */
	{"error_flag", SIM_ERROR_FLAG, 0, 0},
	{"short_frame", SIM_SHORT_FRAME, 0, 0},
	{"corrupt_jpeg", SIM_CORRUPT_JPEG, 0, 0},
	{"torn_jpeg", SIM_TORN_JPEG, 0, 0},
	{"padded_jpeg", SIM_PADDED_JPEG, 0, 0},
	{"no_dht", SIM_NO_DHT, 0, 0},

	/* what a driver says; `value` is what it says, in seconds for timestamps */
	{"bad_index", SIM_BAD_INDEX, 0, 0},
	{"bytesused_too_large", SIM_BYTESUSED_TOO_LARGE, 0, 0},
	{"bad_data_offset", SIM_BAD_DATA_OFFSET, 0, 0},
	{"timestamps_backwards", SIM_TIMESTAMPS_BACKWARDS, 0, 0},
	{"timestamps_future", SIM_TIMESTAMPS_FUTURE, 0, 0},
	{"timestamps_zero", SIM_TIMESTAMPS_ZERO, 0, 0},
	{"sequence_zero", SIM_SEQUENCE_ZERO, 0, 0},
	{"reqbufs_few", SIM_REQBUFS_FEW, 0, 0},
	{"reqbufs_many", SIM_REQBUFS_MANY, 0, 0},
	{"no_orphan", SIM_NO_ORPHAN, 0, 0},
	{"zero_sizeimage", SIM_ZERO_SIZEIMAGE, 0, 0},

	/* controls; `id` is which, 0 all; `value` the errno */
	{"control_eio", SIM_CONTROL_EIO, 0, 0},
	{"control_read_eio", SIM_CONTROL_READ_EIO, 0, 0},
	{"control_ignored", SIM_CONTROL_IGNORED, 0, 0},
	{"query_error", SIM_QUERY_ERROR, 0, 0},
	{"ids_not_rising", SIM_IDS_NOT_RISING, 0, 0},
	{"reset_controls_on_streamon", SIM_RESET_CONTROLS_ON_STREAMON, 0, 0},

	/* subdevices; `id` is the number of which, 0 all; `value` the errno */
	{"open_error", SIM_OPEN_ERROR, 0, 0},
	{"subdevice_gone", SIM_SUBDEVICE_GONE, 0, 0},
	{"no_ancillary_links", SIM_NO_ANCILLARY_LINKS, 0, 0},
};

#define NUM_ROWS (sizeof(ROWS) / sizeof(ROWS[0]))

const char *vc_sim_fault_name(uint32_t n)
{
	return n < NUM_ROWS ? ROWS[n].name : NULL;
}

static const struct row *find_row(const char *name)
{
	size_t i;

	for (i = 0; i < NUM_ROWS; i++) {
		if (strcmp(ROWS[i].name, name) == 0)
			return &ROWS[i];
	}
	return NULL;
}

/* Kinds whose value is an errno, of which the kernel has no others. */
static int is_sayable(const struct row *row, int64_t value)
{
	switch (row->kind) {
	case SIM_IOCTL_ERROR:
	case SIM_CONTROL_EIO:
	case SIM_CONTROL_READ_EIO:
	case SIM_QUERY_ERROR:
	case SIM_OPEN_ERROR:
		return value >= 0 && value <= MAX_ERRNO;
	default:
		return 1;
	}
}

static int add(struct vc_sim *sim, const struct row *row, const struct vc_sim_fault *fault)
{
	struct sim_fault *to;

	if (row->kind == SIM_DISCONNECT && fault->after == 0) {
		sim_unplug_locked(sim);
		return 0;
	}
	if (sim->num_faults == SIM_MAX_FAULTS)
		return -ENOSPC;
	if (row->kind == SIM_SUBDEVICE_GONE)
		sim_lose_subdevice(sim, (uint32_t)fault->id);
	to = &sim->faults[sim->num_faults++];
	to->is = *fault;
	to->kind = row->kind;
	to->begins = sim->frames_ever + fault->after;
	if (row->request)
		to->is.id = (uint32_t)row->request;
	if (row->error && !fault->value)
		to->is.value = row->error;
	return 0;
}

int vc_sim_fault(struct vc_sim *sim, const char *name, const struct vc_sim_fault *fault)
{
	const struct row *row = find_row(name);
	int rc;

	if (!row)
		return -EINVAL;
	if (!is_sayable(row, fault->value))
		return -ERANGE;
	rc = sim_enter(sim);
	if (rc < 0)
		return rc;
	sim_advance(sim);
	rc = add(sim, row, fault);
	sim_update_readiness(sim);
	sim_leave(sim);
	return rc;
}

void vc_sim_clear_faults(struct vc_sim *sim)
{
	if (sim_enter(sim) < 0)
		return;
	sim_advance(sim);
	sim->num_faults = 0;
	sim_update_readiness(sim);
	sim_leave(sim);
}

static int is_now(const struct vc_sim *sim, const struct sim_fault *fault, uint32_t kind,
		  uint32_t id)
{
	return fault->kind == kind && (fault->is.id == 0 || fault->is.id == id) &&
	       (int32_t)(sim->frames_ever - fault->begins) >= 0;
}

int sim_fault_strikes(struct vc_sim *sim, uint32_t kind, uint32_t id, int64_t usual,
		      int64_t *value)
{
	struct sim_fault *fault;
	uint32_t i;

	for (i = 0; i < sim->num_faults; i++) {
		fault = &sim->faults[i];
		if (!is_now(sim, fault, kind, id))
			continue;
		*value = fault->is.value ? fault->is.value : usual;
		if (fault->is.count && --fault->is.count == 0)
			*fault = sim->faults[--sim->num_faults];
		return 1;
	}
	return 0;
}

int sim_fault_is_on(struct vc_sim *sim, uint32_t kind, uint32_t id)
{
	int64_t ignored;

	return sim_fault_strikes(sim, kind, id, 0, &ignored);
}
