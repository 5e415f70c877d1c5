/* SPDX-License-Identifier: MIT */
/* What the files of csrc/sim/ know of each other. */
#ifndef VC_SIM_INTERNAL_H
#define VC_SIM_INTERNAL_H

#include <linux/v4l2-subdev.h>
#include <pthread.h>
#include <stdatomic.h>

#include "picture.h"
#include "sim.h"

#define SIM_MAX_PAYLOAD 65536u
#define SIM_MAX_FAULTS 32
#define SIM_MAX_SUBDEVICES 64

/* ---- the camera ---------------------------------------------------------- */

struct sim_size {
	struct vc_framesize range;
	struct vc_frameinterval *intervals;
	uint32_t num_intervals;
};

struct sim_format {
	struct vc_sim_format says;
	const struct sim_pixfmt *pix;
	struct sim_size *sizes;
	uint32_t num_sizes;
};

struct sim_menu_entry {
	int64_t value;
	uint32_t index;
	char name[32];
};

struct sim_control {
	struct vc_sim_control is; /* flags and range as they are now */
	struct vc_sim_control was; /* at power-up */
	uint32_t elem_size;
	uint32_t elems;
	int64_t value; /* of a number */
	/* Of everything else, in one block: now, at power-up, the default, the limits. */
	uint8_t *payload;
	uint8_t *initial;
	uint8_t *standard;
	uint8_t *lowest;
	uint8_t *highest;
	uint32_t has_lowest, has_highest;
	struct sim_menu_entry *menu;
	uint32_t num_menu;
	uint32_t master; /* id, 0: in no cluster */
	int64_t manual; /* of a slave: the master's value that makes it active */
};

/* What has controls and events: the video node, or a subdevice. */
struct sim_node {
	struct vc_sim *sim;
	uint32_t function; /* MEDIA_ENT_F_* */
	char name[64]; /* of the entity */
	struct sim_control *controls; /* by rising id */
	uint32_t num_controls;
};

struct sim_fault {
	struct vc_sim_fault is;
	uint32_t kind; /* enum sim_fault_kind */
	uint32_t begins; /* in frames_ever */
};

/* Buffer numbers, first in first out. */
struct sim_fifo {
	uint8_t items[VC_MAX_BUFFERS];
	uint32_t first, count;
};

enum sim_state { SIM_DEQUEUED, SIM_QUEUED, SIM_DONE };

struct sim_buffer {
	enum sim_state state;
	uint32_t flags; /* V4L2_BUF_FLAG_ERROR */
	uint32_t bytesused[VC_MAX_PLANES];
	uint32_t offset[VC_MAX_PLANES]; /* in the queue's memory, and for mmap() */
	uint32_t sequence;
	int64_t timestamp_ns;
	uint64_t painted; /* which base picture it holds, 0: none */
};

struct sim_queue {
	struct sim_handle *owner;
	struct sim_memory *memory;
	uint32_t count;
	uint32_t length[VC_MAX_PLANES];
	uint32_t num_planes;
	uint32_t streaming;
	uint32_t sequence;
	int64_t next_due; /* nanoseconds; while streaming */
	struct sim_fifo queued, done;
	struct sim_buffer buffers[VC_MAX_BUFFERS];
};

/* The light that the camera makes itself; lamp.c. */
struct sim_lamp {
	struct sim_node *node; /* that has its controls; NULL: there is none */
	int64_t ends; /* of the strobe, 0: it is not lit */
	int64_t since; /* until here the light is in `lit` */
	double lit; /* since the last frame: nanoseconds of the light of the scene */
};

struct vc_sim {
	pthread_mutex_t lock; /* all below, but refs and what is fixed once sealed */
	atomic_uint refs;
	uint32_t generation; /* forks between this process and the first */
	uint32_t sealed;
	uint32_t quirks;
	struct v4l2_capability capability;

	struct sim_format *formats;
	uint32_t num_formats;
	struct sim_node nodes[1 + SIM_MAX_SUBDEVICES]; /* the first is the video node */
	uint32_t num_nodes;

	uint32_t unplugged;
	int64_t manual_now; /* nanoseconds */
	struct vc_format format;
	struct sim_format *current; /* entry that `format` belongs to */
	struct v4l2_fract interval;
	struct sim_queue queue;
	struct sim_picture *picture;
	uint32_t repaint; /* format, controls or light changed since the picture was made */

	struct sim_node *sensor; /* NULL: nobody sees it */
	struct sim_lamp lamp;
	int64_t focused; /* when the search for the focus will be over, 0: nobody searches */
	double ambient; /* light of the scene, 1 is well lit */
	double ahead[2]; /* sensitivity that the next frames will have */
	double exposure; /* of the last frame: 1 is well exposed */

	struct sim_handle *handles;
	struct sim_fault faults[SIM_MAX_FAULTS];
	uint32_t num_faults;
	uint32_t frames_ever;
	uint64_t ioctls[VC_MEDIA + 1][256]; /* by enum vc_kind and _IOC_NR */
};

/* Lock a camera.  -ECHILD in a process that inherited it through a fork. */
int sim_enter(struct vc_sim *sim);
void sim_leave(struct vc_sim *sim);
int sim_is_foreign(const struct vc_sim *sim);
void sim_ref(struct vc_sim *sim);
void sim_unref(struct vc_sim *sim);
/* The description is final: default format, class controls, inactive slaves. */
int sim_seal(struct vc_sim *sim);
uint32_t sim_buf_type(const struct vc_sim *sim);

/* `items` with room for one more of `size` bytes, or NULL and `items` stays. */
void *sim_grow(void *items, uint32_t used, size_t size);

/* ---- an open handle: node.c, events.c ------------------------------------ */

struct sim_subscription {
	struct v4l2_event_subscription is;
	struct v4l2_event event;
	uint32_t pending;
	uint64_t order; /* of pending ones: the smallest is the oldest */
};

struct sim_handle {
	struct vc_sim *sim;
	struct sim_node *node; /* NULL: the media device */
	uint32_t kind; /* enum vc_kind */
	struct sim_handle *next;
	uint32_t dead; /* was open when the camera was unplugged */
	uint32_t watched; /* somebody waits for frames, or did */
	int timer_fd; /* the next frame is due; -1 on the manual clock */
	int ready_fd; /* a frame waits */
	int event_fd; /* an event waits */
	uint32_t is_ready, is_event;
	int64_t armed; /* what timer_fd is set to, 0: off */
	uint32_t event_sequence;
	uint64_t event_order;
	uint32_t num_pending;
	struct sim_subscription *subscriptions;
	uint32_t num_subscriptions;
};

/* Make the descriptors of all handles tell how things are. */
void sim_update_readiness(struct vc_sim *sim);

typedef int sim_request(struct sim_handle *handle, void *arg);

/* Everything that comes as an ioctl. */
int sim_dispatch(struct sim_handle *handle, unsigned long request, void *arg);

/* ---- clock.c -------------------------------------------------------------- */

int64_t sim_now(struct vc_sim *sim);
/* Make all frames that were due until now. */
void sim_advance(struct vc_sim *sim);
int64_t sim_interval_ns(const struct vc_sim *sim);
void sim_unplug_locked(struct vc_sim *sim);
/* All open handles of one subdevice are gone for good; 0: of all. */
void sim_lose_subdevice(struct vc_sim *sim, uint32_t number);

/* ---- memory.c: shared memory, and who maps it ------------------------------ */

struct sim_memory;

int sim_memory_new(struct vc_sim *sim, size_t size, struct sim_memory **out);
void sim_memory_unref(struct sim_memory *memory);
uint8_t *sim_memory_start(struct sim_memory *memory);
int sim_memory_map(struct sim_memory *memory, size_t length, uint32_t offset, void **start);
void sim_memory_unmap(void *start, size_t length);
/* Mappings of one camera that are alive; of one memory where `memory` is given. */
uint32_t sim_memory_mappings(const struct vc_sim *sim, const struct sim_memory *memory,
			     uint32_t offset);
#define SIM_ANY_OFFSET UINT32_MAX

/* ---- queue.c: a small vb2 -------------------------------------------------- */

sim_request sim_reqbufs, sim_querybuf, sim_qbuf, sim_dqbuf, sim_streamon, sim_streamoff;

/* -EBUSY when another handle owns the buffers. */
int sim_queue_check_owner(const struct sim_handle *handle);
/* Return the buffers; what the close of a handle and an unplug do. */
void sim_queue_release(struct vc_sim *sim);
/* The frame that is due at `when`, into the oldest queued buffer if there is one. */
void sim_queue_produce(struct vc_sim *sim, int64_t when);
int sim_queue_find(const struct vc_sim *sim, uint32_t offset, size_t length);

static inline void sim_fifo_put(struct sim_fifo *fifo, uint32_t index)
{
	fifo->items[(fifo->first + fifo->count++) % VC_MAX_BUFFERS] = (uint8_t)index;
}

static inline uint32_t sim_fifo_take(struct sim_fifo *fifo)
{
	uint32_t index = fifo->items[fifo->first];

	fifo->first = (fifo->first + 1) % VC_MAX_BUFFERS;
	fifo->count--;
	return index;
}

/* ---- format.c, interval.c -------------------------------------------------- */

sim_request sim_enum_fmt, sim_enum_framesizes, sim_g_fmt, sim_s_fmt, sim_try_fmt;
sim_request sim_enum_frameintervals, sim_g_parm, sim_s_parm;

/* As at power-up. */
void sim_format_reset(struct vc_sim *sim);
void sim_interval_reset(struct vc_sim *sim);
/* NULL: there is none. */
struct sim_format *sim_find_format(const struct vc_sim *sim, uint32_t fourcc);
const struct sim_size *sim_find_size(const struct sim_format *format, uint32_t width,
				     uint32_t height);
int sim_check_type(const struct sim_handle *handle, uint32_t type);

/* ---- control.c, poke.c, query.c, access.c, write.c, value.c -------------------- */

sim_request sim_query_ext_ctrl, sim_queryctrl, sim_querymenu, sim_g_ctrl, sim_s_ctrl,
	sim_g_ext_ctrls, sim_try_ext_ctrls, sim_s_ext_ctrls;

struct sim_control *sim_control_find(const struct sim_node *node, uint32_t id);
/* The same on whichever node has it, the video node first, which is told where not NULL. */
struct sim_control *sim_control_seek(const struct vc_sim *sim, uint32_t id,
				     struct sim_node **node);
int sim_control_is_payload(const struct sim_control *control);
uint32_t sim_control_size(const struct sim_control *control);
/* Flags that follow from the type. */
uint32_t sim_flags_of_type(const struct sim_control *control);
/* The values of power-up (or the defaults), without an event. */
void sim_control_reset(struct vc_sim *sim, int to_defaults);
/* Set or clear V4L2_CTRL_FLAG_INACTIVE as the master demands; was it a change? */
int sim_control_update_inactive(const struct sim_node *node, struct sim_control *control);
/* The same for all slaves of a master, with the events. */
void sim_control_tell_slaves(struct sim_node *node, uint32_t master);
/* The headings of the classes in use: "User Controls", ... */
int sim_control_add_classes(struct sim_node *node);
/* The current value of a number; `otherwise` when there is no such control. */
int64_t sim_control_value(const struct sim_node *node, uint32_t id, int64_t otherwise);

/* What the reading and the writing calls check alike. */
int sim_is_limit(uint32_t which);
int sim_check_call(const struct sim_node *node, struct v4l2_ext_controls *all);
int sim_prepare(const struct sim_node *node, struct v4l2_ext_controls *all, int get);
int sim_is_wide(const struct sim_control *control);
int64_t sim_value_of(const struct sim_control *control, const struct v4l2_ext_control *user);
void sim_give_value(const struct sim_control *control, int64_t value,
		    struct v4l2_ext_control *user);

/* Round and clamp as v4l2-ctrls does.  -ERANGE or -EINVAL where that is an error. */
int sim_value_check(const struct sim_control *control, int64_t *value);
int sim_payload_check(const struct sim_control *control, uint8_t *data);
/* An element of an array of numbers. */
int64_t sim_element_load(const struct sim_control *control, const uint8_t *from);
void sim_element_store(const struct sim_control *control, int64_t value, uint8_t *to);
uint32_t sim_elem_size(uint32_t type, int64_t maximum);
int sim_menu_has(const struct sim_control *control, int64_t index);

/* The device itself changes a number, with the events. */
void sim_control_change(struct sim_node *node, struct sim_control *control, int64_t value);

/* ---- cluster.c: writing several controls as one ------------------------------ */

/* Numbers and payloads to be written, checked before. */
struct sim_write {
	struct sim_control *control;
	int64_t value;
	uint8_t *payload; /* not for numbers */
	uint32_t done;
};

/* `writes` of one cluster.  Returns 0 or -errno of the device. */
int sim_cluster_write(struct sim_handle *handle, struct sim_write **writes, uint32_t count);

/* ---- media.c: the media device ------------------------------------------------ */

sim_request sim_media_info, sim_media_topology;

/* ---- action.c, lamp.c, focus.c, sensor.c: what controls set going ---------------- */

/* -EBUSY for what cannot be done now. */
int sim_action_check(const struct sim_node *node, const struct sim_control *control);
/* A control was written, or changed by the device. */
void sim_action_begin(struct sim_node *node, struct sim_control *control);
/* A value was read. */
void sim_action_read(struct sim_node *node, struct sim_control *control);
/* Whatever ends by itself until `now`. */
void sim_action_advance(struct vc_sim *sim, int64_t now);
/* As at power-up. */
void sim_action_reset(struct vc_sim *sim);

void sim_lamp_reset(struct vc_sim *sim);
int sim_lamp_check(const struct sim_node *node);
void sim_lamp_begin(struct sim_node *node, struct sim_control *control);
void sim_lamp_advance(struct vc_sim *sim, int64_t now);
/* The light of the frame that ends at `when`, and a new one begins; 1 is that of the scene. */
double sim_lamp_take(struct vc_sim *sim, int64_t when);

void sim_focus_begin(struct sim_node *node, int start);
void sim_focus_advance(struct vc_sim *sim, int64_t now);

sim_request sim_sensor_selection;
/* Does its exposure take effect some frames later? */
int sim_sensor_is_late(const struct vc_sim *sim);
/* The longest exposure follows from the height of the picture and the blanking. */
void sim_sensor_update(struct vc_sim *sim);
/* The time for a frame that follows from its controls, 0: none does. */
int64_t sim_sensor_interval_ns(const struct vc_sim *sim);

/* ---- view.c: what the controls make of the scene ------------------------------- */

void sim_look(const struct vc_sim *sim, struct sim_view *view);
/* Streaming begins: what was set takes effect at once. */
void sim_expose_first(struct vc_sim *sim);
/* The frame that ends at `when` gets its light. */
void sim_expose(struct vc_sim *sim, int64_t when);

/* ---- events.c ---------------------------------------------------------------- */

sim_request sim_subscribe_event, sim_unsubscribe_event, sim_dqevent;

/* `from` does not get to hear of it, unless it asked for that. */
void sim_event_control(const struct sim_node *node, struct sim_handle *from,
		       const struct sim_control *control, uint32_t changes);
void sim_event_source_change(struct vc_sim *sim);

/* ---- fault.c ------------------------------------------------------------------ */

enum sim_fault_kind {
	SIM_IOCTL_ERROR,
	SIM_NO_EXT_CTRLS,
	SIM_DISCONNECT,
	SIM_DROP,
	SIM_STALL,
	SIM_ERROR_FLAG,
	SIM_SHORT_FRAME,
	SIM_CORRUPT_JPEG,
	SIM_TORN_JPEG,
	SIM_PADDED_JPEG,
	SIM_NO_DHT,
	SIM_BAD_INDEX,
	SIM_BYTESUSED_TOO_LARGE,
	SIM_BAD_DATA_OFFSET,
	SIM_TIMESTAMPS_BACKWARDS,
	SIM_TIMESTAMPS_FUTURE,
	SIM_TIMESTAMPS_ZERO,
	SIM_SEQUENCE_ZERO,
	SIM_REQBUFS_FEW,
	SIM_REQBUFS_MANY,
	SIM_NO_ORPHAN,
	SIM_ZERO_SIZEIMAGE,
	SIM_CONTROL_EIO,
	SIM_CONTROL_READ_EIO,
	SIM_CONTROL_IGNORED,
	SIM_QUERY_ERROR,
	SIM_IDS_NOT_RISING,
	SIM_RESET_CONTROLS_ON_STREAMON,
	SIM_OPEN_ERROR,
	SIM_SUBDEVICE_GONE,
	SIM_NO_ANCILLARY_LINKS,
};

/*
 * Does this fault strike now?  Counts it if so, and writes its value, or
 * `usual` where none was given.
 */
int sim_fault_strikes(struct vc_sim *sim, uint32_t kind, uint32_t id, int64_t usual,
		      int64_t *value);
/* The same without a value to it. */
int sim_fault_is_on(struct vc_sim *sim, uint32_t kind, uint32_t id);

#endif /* VC_SIM_INTERNAL_H */
