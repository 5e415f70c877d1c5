/* SPDX-License-Identifier: MIT */
/*
 * The simulated camera: a second way to a camera, below everything else in
 * csrc/.  It answers ioctls the way a driver on vb2 and v4l2-ctrls does, with
 * real descriptors to wait on and real memory to map.  The conventions of vc.h
 * hold.
 *
 * A camera is described first (vc_sim_add_*), then opened any number of times;
 * the first open, or change from outside, makes the description final.
 */
#ifndef VC_SIM_H
#define VC_SIM_H

#include "../vc.h"

struct vc_sim;

/* What vc_ops_sim.open() is given as the camera. */
struct vc_sim_place {
	struct vc_sim *sim;
	uint32_t node; /* 0: the video node, n: the n-th subdevice, VC_SIM_MEDIA */
};
#define VC_SIM_MEDIA 0xffffu

extern const struct vc_ops vc_ops_sim;

/* ---- describing a camera ------------------------------------------------ */

enum vc_sim_quirk {
	VC_SIM_MANUAL_CLOCK = 1, /* frames come from vc_sim_tick(), not from the clock */
	VC_SIM_MULTIPLANAR = 2, /* the multi-planar API */
	VC_SIM_REFUSE_INACTIVE = 4, /* as uvcvideo: EACCES for a write to an inactive control */
	VC_SIM_END_OF_FRAME = 8, /* timestamps are of the end of the frame, not of its start */
	VC_SIM_NO_ORPHANS = 16, /* REQBUFS is EBUSY while a buffer is mapped */
};

struct vc_sim_config {
	const char *driver; /* cut where struct v4l2_capability cuts */
	const char *card;
	const char *bus_info;
	uint32_t version;
	uint32_t capabilities; /* 0: what a capture node has */
	uint32_t device_caps; /* used when `capabilities` has V4L2_CAP_DEVICE_CAPS */
	uint32_t quirks; /* enum vc_sim_quirk */
};

/* Zeros mean: the usual thing for this pixel format. */
struct vc_sim_format {
	uint32_t pixelformat;
	uint32_t stride_align; /* bytesperline is a multiple of it */
	uint32_t sizeimage; /* what the driver claims, true or not */
	uint32_t colorspace;
	uint32_t ycbcr_enc;
	uint32_t quantization;
	uint32_t xfer_func;
};

/* As VIDIOC_QUERY_EXT_CTRL describes it, and the value at power-up. */
struct vc_sim_control {
	uint32_t id;
	uint32_t type;
	int64_t minimum;
	int64_t maximum;
	uint64_t step;
	int64_t default_value;
	int64_t value;
	uint32_t flags;
	uint32_t nr_of_dims; /* 0: a single element */
	uint32_t dims[4];
	char name[32];
};

/* vc_sim_free() takes the camera back; open handles keep it alive. */
int vc_sim_new(const struct vc_sim_config *config, struct vc_sim **out);
void vc_sim_free(struct vc_sim *sim);

/* Whether frames of this format are a picture; else they are bytes that mean nothing. */
int vc_sim_can_draw(uint32_t pixelformat);

/*
 * Each adds to what the one before it added: a size to the last format, an
 * interval to the last size.  -EBUSY once the description is final, -EINVAL for
 * what no driver could say, -EEXIST for an id or a format that is there.
 */
int vc_sim_add_format(struct vc_sim *sim, const struct vc_sim_format *format);
int vc_sim_add_size(struct vc_sim *sim, const struct vc_framesize *size);
int vc_sim_add_interval(struct vc_sim *sim, const struct vc_frameinterval *interval);
int vc_sim_add_control(struct vc_sim *sim, const struct vc_sim_control *control);
/* `value` for an integer menu, `name` for a menu. */
int vc_sim_add_menu_entry(struct vc_sim *sim, uint32_t id, uint32_t index, const char *name,
			  int64_t value);
/* `which` is V4L2_CTRL_WHICH_CUR_VAL, _DEF_VAL, _MIN_VAL or _MAX_VAL. */
int vc_sim_add_payload(struct vc_sim *sim, uint32_t id, uint32_t which, const void *data,
		       uint32_t size);
/*
 * A lens, flash or sensor; the controls and clusters that are added after it are
 * its own.  `function` is MEDIA_ENT_F_*.
 */
int vc_sim_add_subdevice(struct vc_sim *sim, uint32_t function, const char *name);
/* The slave is inactive whenever the master's value is not `manual`. */
int vc_sim_add_cluster(struct vc_sim *sim, uint32_t master, int64_t manual, uint32_t slave);

/* ---- using it ------------------------------------------------------------ */

/*
 * Open a node of the camera, see struct vc_sim_place.  vc_device_free() takes the
 * device back.  -ENODEV while it is unplugged, -ENXIO for a node that it has not:
 * a camera without subdevices has no media device.
 *
 * In the topology the nodes have the major number VC_SIM_MAJOR, and the number
 * in struct vc_sim_place as minor number.
 */
int vc_sim_open(struct vc_sim *sim, uint32_t node, const char *path, struct vc_device **out);
#define VC_SIM_MAJOR 81

/* Let `frames` frame intervals pass.  -EINVAL for a camera on the real clock. */
int vc_sim_tick(struct vc_sim *sim, uint32_t frames);

/*
 * Unplugged, every ioctl of every open handle is -ENODEV for good, and both
 * descriptors are ready.  Plugged in again, new handles find the camera as it
 * was at power-up.
 */
void vc_sim_unplug(struct vc_sim *sim);
void vc_sim_replug(struct vc_sim *sim);

/*
 * What firmware, a button on the camera or another program would do: change a
 * value, the flags or the range of a control behind everybody's back, with the
 * events that belong to it.  -EINVAL for an unknown control or a payload.
 */
int vc_sim_poke(struct vc_sim *sim, uint32_t id, int64_t value);
int vc_sim_set_flags(struct vc_sim *sim, uint32_t id, uint32_t flags);
int vc_sim_set_range(struct vc_sim *sim, uint32_t id, int64_t minimum, int64_t maximum,
		     uint64_t step, int64_t default_value);
/* The light of the scene: 1 is well lit, 0 dark.  -EINVAL below 0 or above 64. */
int vc_sim_set_light(struct vc_sim *sim, double light);
/* The source has a new resolution: V4L2_EVENT_SOURCE_CHANGE for who asked. */
void vc_sim_source_change(struct vc_sim *sim);

/* ---- things that go wrong ------------------------------------------------ */

struct vc_sim_fault {
	uint32_t id; /* of a control, or an ioctl's request number; 0: any */
	int64_t value; /* an errno, a number of bytes, ...; 0: the usual one */
	uint32_t count; /* how often; 0: always */
	uint32_t after; /* frames from now until it begins */
};

/* -EINVAL for an unknown name, -ERANGE for no errno, -ENOSPC for too many faults at once. */
int vc_sim_fault(struct vc_sim *sim, const char *name, const struct vc_sim_fault *fault);
void vc_sim_clear_faults(struct vc_sim *sim);
/* The n-th fault's name, NULL past the last. */
const char *vc_sim_fault_name(uint32_t n);

/* ---- counters, for tests ------------------------------------------------- */

/* The number of an ioctl by its name ("VIDIOC_DQBUF"), 0: unknown. */
unsigned long vc_sim_request(const char *name);
/* How often an ioctl was asked, over all handles. */
uint64_t vc_sim_ioctls(struct vc_sim *sim, unsigned long request);
uint32_t vc_sim_queued(struct vc_sim *sim); /* buffers in the driver's hands */
uint32_t vc_sim_mappings(struct vc_sim *sim); /* of this camera, alive */
uint32_t vc_sim_handles(struct vc_sim *sim);
uint32_t vc_sim_frames(struct vc_sim *sim); /* since STREAMON, dropped ones too */

/*
 * Where the frame counter is in a picture: squares of `cell` pixels from the
 * top left corner, `columns` in a row, black 0 and white 1, 32 bits from the
 * highest.  -EINVAL where it does not fit.
 */
struct vc_sim_counter {
	uint32_t cell;
	uint32_t columns;
	uint32_t rows;
};
int vc_sim_counter_layout(uint32_t width, uint32_t height, struct vc_sim_counter *out);

#endif /* VC_SIM_H */
