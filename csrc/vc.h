/* SPDX-License-Identifier: MIT */
/*
 * vc: V4L2 capture core.
 *
 * Conventions, valid for every function in csrc/:
 *  - A function that can fail returns 0 (or a count, or an index) on success
 *    and -errno on failure.  errno itself is never part of the interface.
 *  - A function that hands out an object writes it through the last argument
 *    and only on success.  The caller owns it; the comment names the function
 *    that gives it back.
 *  - Nothing waits but vc_ring_wait(), nothing prints, nothing in csrc/ knows
 *    about Python.
 *  - Nothing that a driver says is trusted.  An answer that contradicts the
 *    V4L2 specification in a way that could hurt is -EPROTO.
 *  - Any function may be called from any thread.  After vc_device_close() every
 *    call on the device is -EBADF; in a process forked after the open it is
 *    -ECHILD, so that a child never disturbs its parent's camera.
 */
#ifndef VC_H
#define VC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <linux/media.h>
#include <linux/videodev2.h>

#include "compat.h"

#define VC_MAX_PLANES 8 /* VIDEO_MAX_PLANES */
#define VC_MAX_BUFFERS 32 /* VIDEO_MAX_FRAME */

/* ---- the way to a camera: ops_kernel.c, led.c, sim/ ------------------- */

/* What a node is; each kind answers other ioctls. */
enum vc_kind {
	VC_VIDEO = 0, /* /dev/videoN: pictures, controls, events */
	VC_SUBDEVICE, /* /dev/v4l-subdevN: controls and events */
	VC_MEDIA, /* /dev/mediaN: how the others belong together */
};

/*
 * Everything the core asks of the outside.  The kernel is one such table, the
 * simulated camera another, an LED of /sys/class/leds a third; above this line
 * nobody knows the difference.
 * Each function follows the conventions above.
 */
struct vc_ops {
	/* Open a node of a kind.  `camera` is the simulated camera, NULL for the kernel. */
	int (*open)(const char *path, uint32_t kind, void *camera, void **node);
	/*
	 * Drop the node's descriptors and memory.  Mappings made from it live
	 * on.  Also called in a forked child, so it may touch nothing that the
	 * parent still uses.
	 */
	void (*close)(void *node);
	int (*ioctl)(void *node, unsigned long request, void *arg);
	int (*map)(void *node, size_t length, uint32_t offset, void **start);
	/* Needs no node: a mapping outlives it. */
	void (*unmap)(void *start, size_t length);
	/*
	 * epoll_ctl(epfd, op) for what `events` asks about: EPOLLIN (a frame is
	 * ready) or EPOLLPRI (an event is ready), one of them at a time.
	 */
	int (*watch)(void *node, int epfd, int op, uint32_t events);
	/* The clock of the timestamps, in nanoseconds: CLOCK_MONOTONIC. */
	int64_t (*now)(void *node);
};

extern const struct vc_ops vc_ops_kernel;

/* ---- device.c: a node, open ------------------------------------------- */

struct vc_device;

/*
 * What VIDIOC_QUERYCAP said, with `caps` the capabilities of this node
 * (device_caps where the driver has them, else those of the whole device).  Of a
 * media device: what MEDIA_IOC_DEVICE_INFO said.  Subdevices say nothing.
 */
struct vc_capability {
	char driver[17];
	char card[33];
	char bus_info[33];
	uint32_t version;
	uint32_t caps;
	uint32_t buf_type; /* V4L2_BUF_TYPE_VIDEO_CAPTURE[_MPLANE], 0: no capture */
};

/*
 * Open a node and ask for its capabilities.  vc_device_free() takes it back.
 *
 * Returns 0, -ENOTTY when the node is not of that kind (enum vc_kind), or -errno
 * of open(), VIDIOC_QUERYCAP or MEDIA_IOC_DEVICE_INFO.
 */
int vc_device_open(const char *path, uint32_t kind, struct vc_device **out);

/* The same through another table; the simulated camera comes in here. */
int vc_device_open_ops(const struct vc_ops *ops, void *camera, const char *path, uint32_t kind,
		       struct vc_device **out);

/*
 * Open a folder of /sys/class/leds as if it were the subdevice of a flash: its
 * controls are those of the flash class, as far as it has files for them.
 *
 * Returns 0, -ENOTTY when the folder is no LED's, or -errno.
 */
int vc_led_open(const char *path, struct vc_device **out);

/*
 * Close the node.  Calls that are under way in other threads finish first: the
 * last of them closes the descriptor.  Pictures stay mapped.  May be repeated.
 */
void vc_device_close(struct vc_device *dev);

/* Close, and give the caller's reference back.  NULL is allowed. */
void vc_device_free(struct vc_device *dev);

/* 0 while calls can reach the device, -EBADF once it is closed, -ECHILD after a fork. */
int vc_device_check(struct vc_device *dev);

/* Valid as long as the device is. */
const struct vc_capability *vc_device_capability(const struct vc_device *dev);

/* Number of frames that are alive, over all rings this device has had. */
int vc_device_leased(const struct vc_device *dev);

/* Add (EPOLL_CTL_ADD) or remove the node in the caller's epoll descriptor. */
int vc_device_watch(struct vc_device *dev, int epfd, int op, uint32_t events);

/* One ioctl; EINTR is retried.  Returns 0 or -errno. */
int vc_ioctl(struct vc_device *dev, unsigned long request, void *arg);

/* ---- format.c: formats, sizes, intervals ------------------------------ */

struct vc_format {
	uint32_t width;
	uint32_t height;
	uint32_t pixelformat;
	uint32_t field;
	uint32_t colorspace;
	uint32_t ycbcr_enc;
	uint32_t quantization;
	uint32_t xfer_func;
	uint32_t num_planes; /* memory planes, 1 .. VC_MAX_PLANES */
	uint32_t sizeimage[VC_MAX_PLANES];
	uint32_t bytesperline[VC_MAX_PLANES];
};

struct vc_fmtdesc {
	uint32_t pixelformat;
	uint32_t flags; /* V4L2_FMT_FLAG_* */
	char description[33];
};

/* A discrete size has min == max and step 0. */
struct vc_framesize {
	uint32_t type; /* V4L2_FRMSIZE_TYPE_* */
	uint32_t min_width, max_width, step_width;
	uint32_t min_height, max_height, step_height;
};

/* Seconds for one frame as fractions; a discrete one has min == max. */
struct vc_frameinterval {
	uint32_t type; /* V4L2_FRMIVAL_TYPE_* */
	struct v4l2_fract min, max, step;
};

/*
 * The n-th pixel format, size of a format, interval of a size.
 *
 * Returns 0, -EINVAL past the last one, -ENOTTY where the driver has no such
 * list, -EPROTO for a nonsensical answer, or -errno.
 */
int vc_format_enum(struct vc_device *dev, uint32_t n, struct vc_fmtdesc *out);
int vc_format_enum_size(struct vc_device *dev, uint32_t pixelformat, uint32_t n,
			struct vc_framesize *out);
int vc_format_enum_interval(struct vc_device *dev, uint32_t pixelformat, uint32_t width,
			    uint32_t height, uint32_t n, struct vc_frameinterval *out);

/*
 * Read, try or set the format.  `format` of the latter two is what is wanted
 * (0 in a field: driver's choice) and becomes what the driver makes of it.
 *
 * Returns 0, -EPROTO when the answer has no plane or no size, or -errno.
 */
int vc_format_get(struct vc_device *dev, struct vc_format *out);
int vc_format_try(struct vc_device *dev, struct vc_format *format);
int vc_format_set(struct vc_device *dev, struct vc_format *format);

/*
 * Read or set the time for one frame.  Setting returns what the driver took.
 *
 * Returns 0, -ENOTTY where the driver cannot (or says it does not keep to it),
 * or -errno.  0/x and x/0 of a driver come back as 0/1: unknown.
 */
int vc_interval_get(struct vc_device *dev, struct v4l2_fract *out);
int vc_interval_set(struct vc_device *dev, struct v4l2_fract *interval);

/* ---- ring.c: the buffers and who holds them --------------------------- */

struct vc_ring;

/* Why a frame is not whole. */
enum vc_broken {
	VC_WHOLE = 0,
	VC_BROKEN_ERROR, /* the driver marked it V4L2_BUF_FLAG_ERROR */
	VC_BROKEN_SHORT, /* fewer bytes than the format needs */
	VC_BROKEN_JPEG, /* no start or no end of image in a JPEG */
};

/* What timestamp_ns is the time of. */
enum vc_stamp {
	VC_STAMP_END_OF_FRAME = 0,
	VC_STAMP_START_OF_EXPOSURE,
	VC_STAMP_ARRIVAL, /* the driver's was missing, going back or in the future */
};

struct vc_plane {
	const uint8_t *start;
	size_t length; /* bytes of picture, never more than are mapped */
};

/*
 * A filled buffer in the hands of the caller.  Constant for as long as somebody
 * holds it; the ring's next frame in the same buffer has the same address.
 */
struct vc_lease {
	int64_t timestamp_ns; /* CLOCK_MONOTONIC */
	uint32_t stamp; /* enum vc_stamp */
	uint32_t sequence;
	uint32_t field;
	uint32_t flags; /* V4L2_BUF_FLAG_* */
	uint32_t broken; /* enum vc_broken */
	uint32_t index; /* of the driver's buffer */
	uint32_t num_planes;
	struct vc_plane planes[VC_MAX_PLANES];
	struct vc_ring *ring; /* NULL: a copy */
	uint32_t holds;
};

struct vc_ring_config {
	uint32_t count; /* buffers wanted; the driver may give another number */
	int epfd; /* epoll descriptor that shall tell of frames, or -1 */
	uint32_t jpeg; /* 1: a frame is a JPEG, look for its start and end */
	uint32_t minimum[VC_MAX_PLANES]; /* bytes; a frame with fewer is broken */
};

struct vc_ring_stats {
	uint64_t delivered; /* frames handed out */
	uint64_t dropped; /* gaps in the driver's sequence */
	uint64_t broken; /* taken from the driver, not whole */
	uint64_t stale; /* skipped for a newer one */
};

/*
 * Allocate and map the driver's buffers.  vc_ring_free() takes the ring back.
 *
 * Returns 0, -EBUSY when another stream (or, in drivers that cannot orphan
 * buffers, a frame that is still alive) holds the queue, -EPROTO for an
 * impossible answer, or -errno of VIDIOC_REQBUFS, VIDIOC_QUERYBUF or mmap().
 */
int vc_ring_new(struct vc_device *dev, const struct vc_ring_config *config, struct vc_ring **out);

/*
 * Queue every buffer that nobody holds, and start streaming.  `request`
 * receives the ioctl that was tried last, for the message when it failed.
 *
 * Returns 0 or -errno of VIDIOC_QBUF or VIDIOC_STREAMON, with nothing queued.
 */
int vc_ring_start(struct vc_ring *ring, uint32_t *request);

/*
 * Stop streaming, return the buffers to the driver and part from the device.
 * Frames stay readable: each keeps the mapping until its release.  Returns 0,
 * or -EBUSY when the driver keeps the queue until the last frame is gone.
 */
int vc_ring_close(struct vc_ring *ring);

/* Close, and drop the caller's reference.  NULL is allowed. */
void vc_ring_free(struct vc_ring *ring);

enum vc_acquire {
	VC_NEXT = 0,
	VC_NEWEST = 1, /* skip, and queue again, all but the newest */
	VC_ONLY_WHOLE = 2, /* skip, and queue again, frames that are not whole */
};

/*
 * Answer for the last buffer, with its index: -VC_LAST - index.  It is leased as
 * any other; but until one comes back, nothing more will come.
 */
#define VC_LAST 0x10000

/*
 * Take a filled buffer out of the driver.  `how` is a set of enum vc_acquire.
 *
 * Returns the buffer's index, or -VC_LAST - index: its lease,
 * vc_ring_lease(ring, index), is the caller's until vc_lease_release().  Else
 * -EAGAIN when no buffer is filled yet, -ENOBUFS when all are leased (waiting
 * would never end), -EPIPE when not streaming, -EPROTO when the driver names a
 * buffer that it does not hold, or -errno of VIDIOC_DQBUF, or of a VIDIOC_QBUF
 * that failed in a release.
 */
int vc_ring_acquire(struct vc_ring *ring, uint32_t how);

/* The ioctl whose error the last acquire() that failed has told: DQBUF, or QBUF of a release. */
uint32_t vc_ring_culprit(struct vc_ring *ring);

/* The lease of a buffer; only valid while that buffer is leased. */
struct vc_lease *vc_ring_lease(struct vc_ring *ring, uint32_t index);

/* Who waits, and for how long; one argument is passed faster than two. */
struct vc_patience {
	struct vc_ring *ring;
	int timeout_ms; /* -1: for ever */
};

/*
 * Wait until the ring's epoll descriptor is ready, then acquire(VC_ONLY_WHOLE).
 * The one function that waits, see wait.c.
 *
 * Returns as vc_ring_acquire() does, -ETIMEDOUT, or -EINTR when a signal came.
 */
int vc_ring_wait(const struct vc_patience *patience);

/* Hold a lease once more: as many releases end it. */
void vc_lease_hold(struct vc_lease *lease);

/*
 * Let go.  The last one gives the buffer back.  Cannot fail: a VIDIOC_QBUF that
 * does is kept in the ring and is the answer to the next acquire.  NULL is allowed.
 */
void vc_lease_release(struct vc_lease *lease);

/* The same for who holds a lease by a pointer into it, which is not looked at. */
void vc_lease_release_pixels(struct vc_lease *lease, const uint8_t *start);

/*
 * Copy a frame into memory of its own, so that the buffer can go back at once.
 * vc_lease_release() takes the copy back.  Returns 0 or -ENOMEM.
 */
int vc_lease_copy(const struct vc_lease *lease, struct vc_lease **out);

/* Keep the memory of the ring and of its leases (not the mappings); unref() ends that. */
struct vc_ring *vc_ring_ref(struct vc_ring *ring);
void vc_ring_unref(struct vc_ring *ring);

/*
 * Keep a buffer of one plane mapped, whoever leases it.  vc_ring_unpin() takes
 * it back.  Returns its length, or -EINVAL where there is no such mapping, where
 * the picture does not begin at its start, or after vc_ring_close().
 */
int64_t vc_ring_pin(struct vc_ring *ring, uint32_t index, const uint8_t **out);
void vc_ring_unpin(struct vc_ring *ring, uint32_t index);

uint32_t vc_ring_count(const struct vc_ring *ring);
uint32_t vc_ring_leased(struct vc_ring *ring);
void vc_ring_stats(struct vc_ring *ring, struct vc_ring_stats *out);
/* Nanoseconds since the time of the last frame that was taken out; -1: there was none. */
int64_t vc_ring_age(struct vc_ring *ring);

/* ---- control.c: controls of any node ---------------------------------- */

/* One control as the driver describes it, or the error it gave instead. */
struct vc_control {
	uint32_t id;
	uint32_t type; /* V4L2_CTRL_TYPE_* */
	int64_t minimum;
	int64_t maximum;
	uint64_t step;
	int64_t default_value;
	uint32_t flags; /* V4L2_CTRL_FLAG_* */
	uint32_t elem_size;
	uint32_t elems;
	uint32_t nr_of_dims;
	uint32_t dims[4];
	uint32_t menu_first; /* into vc_control_list.menu */
	uint32_t menu_count;
	int32_t error; /* 0, or -errno of the query */
	char name[33];
};

struct vc_menu_entry {
	int64_t value; /* of an integer menu */
	uint32_t index;
	char name[33]; /* of a menu */
};

struct vc_control_list {
	uint32_t count;
	uint32_t menu_count;
	struct vc_control *items; /* by rising id */
	struct vc_menu_entry *menu;
};

/*
 * Ask the driver for all its controls with their menus.  One that answers with
 * an error never hides the others.  vc_control_list_free() takes the list back.
 *
 * Returns 0 (a node without controls has an empty list), or -errno.
 */
int vc_control_walk(struct vc_device *dev, struct vc_control_list **out);
void vc_control_list_free(struct vc_control_list *list);

/* Describe one control anew, without its menu.  Returns 0 or -errno. */
int vc_control_query(struct vc_device *dev, uint32_t id, struct vc_control *out);

/* A number to be read or written; `type` as in vc_control. */
struct vc_value {
	uint32_t id;
	uint32_t type;
	int64_t value;
};

/*
 * Read or write `count` numbers in one ioctl.
 *
 * Returns 0 or -errno.  On failure *failed is the index of the culprit, or
 * `count` when the driver does not tell; *applied (set only) is how many were
 * written before it.  Drivers without VIDIOC_x_EXT_CTRLS are asked one by one.
 * What failed with -EIO or -EPIPE is tried once more, but for buttons and relative movements.
 */
int vc_control_get(struct vc_device *dev, struct vc_value *values, uint32_t count,
		   uint32_t *failed);
int vc_control_set(struct vc_device *dev, struct vc_value *values, uint32_t count,
		   uint32_t *failed, uint32_t *applied);

/* One control that holds a number of 32 bits; one argument is passed faster than two. */
struct vc_knob {
	struct vc_device *dev;
	uint32_t id;
	uint32_t type; /* as in vc_control */
};

/* No control has this number. */
#define VC_NO_NUMBER (-((int64_t)1 << 40))

/*
 * What vc_control_get() and vc_control_set() do, for one number that is wanted
 * often.  Reading returns the value, or VC_NO_NUMBER - errno.
 */
int64_t vc_knob_read(const struct vc_knob *knob);
int vc_knob_write(const struct vc_knob *knob, int64_t value);

/* When a control was written through this handle last, on the clock of the timestamps; or 0. */
int64_t vc_device_written(const struct vc_device *dev);

/*
 * Read or write one string, array or compound control of `size` bytes.
 * `which` is V4L2_CTRL_WHICH_CUR_VAL, _DEF_VAL, ...  Returns 0 or -errno
 * (-ENOSPC: the driver wants more room).
 */
int vc_control_get_payload(struct vc_device *dev, uint32_t which, uint32_t id, void *data,
			   uint32_t size);
int vc_control_set_payload(struct vc_device *dev, uint32_t id, const void *data, uint32_t size);

/* ---- media.c, topology.c: which subdevices belong to a video node -------- */

#define VC_MAX_SUBDEVICES 32 /* of one camera */

struct vc_subdevice {
	uint32_t function; /* MEDIA_ENT_F_CAM_SENSOR, _LENS or _FLASH */
	uint32_t major, minor; /* of its node; 0, 0: it has none */
	char name[65]; /* of the entity */
};

/* What MEDIA_IOC_G_TOPOLOGY said, as it said it. */
struct vc_topology {
	uint32_t num_entities;
	uint32_t num_interfaces;
	uint32_t num_pads;
	uint32_t num_links;
	struct media_v2_entity *entities;
	struct media_v2_interface *interfaces;
	struct media_v2_pad *pads;
	struct media_v2_link *links;
};

/*
 * Ask a media device what it consists of.  vc_topology_free() takes it back.
 *
 * Returns 0, -EPROTO for impossible numbers, -EAGAIN when it does not stop
 * changing, or -errno of MEDIA_IOC_G_TOPOLOGY.
 */
int vc_topology_read(struct vc_device *media, struct vc_topology **out);
void vc_topology_free(struct vc_topology *topology);

/*
 * Find the sensor that feeds a video node, which is known by its device number,
 * and the lenses and flashes that belong to this sensor; in that order.  Nothing
 * in a topology is trusted: a link that leads nowhere is none.
 *
 * Writes up to VC_MAX_SUBDEVICES of them and returns how many.  -ENOENT when the
 * video node is not part of the topology, -ENOTUNIQ when it may be fed by any
 * of several sensors, whose lenses must not be mixed up, or -ENOMEM.
 */
int vc_topology_find(const struct vc_topology *topology, uint32_t major, uint32_t minor,
		     struct vc_subdevice *out);

/*
 * The pixels of a line of the sensor's present picture, without blanking.
 *
 * Returns 0, or -errno: most drivers of subdevices cannot tell.
 */
int vc_sensor_width(struct vc_device *sensor, uint32_t *out);

/* ---- event.c ----------------------------------------------------------- */

struct vc_event {
	uint32_t type; /* V4L2_EVENT_* */
	uint32_t id;
	uint32_t sequence;
	uint32_t changes; /* V4L2_EVENT_CTRL_CH_* or V4L2_EVENT_SRC_CH_* */
	int64_t timestamp_ns;
	int64_t value; /* of a control */
	uint32_t flags; /* of a control */
};

/* Returns 0 or -errno. */
int vc_event_subscribe(struct vc_device *dev, uint32_t type, uint32_t id, uint32_t flags);
int vc_event_unsubscribe(struct vc_device *dev, uint32_t type, uint32_t id);

/* Take the oldest event.  Returns 0, -EAGAIN when there is none, or -errno. */
int vc_event_dequeue(struct vc_device *dev, struct vc_event *out);

#endif /* VC_H */
