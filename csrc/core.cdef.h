/* SPDX-License-Identifier: MIT */
/* What Python uses of vc.h; the compiler checks it against the real thing. */

/* ---- what linux/media.h says of a topology ---- */

struct media_v2_entity {
	uint32_t id;
	char name[64];
	uint32_t function;
	...;
};

struct media_v2_intf_devnode {
	uint32_t major;
	uint32_t minor;
	...;
};

struct media_v2_interface {
	uint32_t id;
	uint32_t intf_type;
	union {
		struct media_v2_intf_devnode devnode;
		...;
	};
	...;
};

struct media_v2_pad {
	uint32_t id;
	uint32_t entity_id;
	uint32_t flags;
	...;
};

struct media_v2_link {
	uint32_t id;
	uint32_t source_id;
	uint32_t sink_id;
	uint32_t flags;
	...;
};

/* ---- device ---- */

struct vc_device;

#define EPOLL_CTL_ADD ...

struct vc_capability {
	char driver[17];
	char card[33];
	char bus_info[33];
	uint32_t version;
	uint32_t caps;
	uint32_t buf_type;
};

#define VC_VIDEO ...
#define VC_SUBDEVICE ...
#define VC_MEDIA ...

int vc_device_open(const char *path, uint32_t kind, struct vc_device **out);
int vc_led_open(const char *path, struct vc_device **out);
int vc_device_check(struct vc_device *dev);
void vc_device_close(struct vc_device *dev);
void vc_device_free(struct vc_device *dev);
const struct vc_capability *vc_device_capability(const struct vc_device *dev);
int vc_device_leased(const struct vc_device *dev);
int vc_device_watch(struct vc_device *dev, int epfd, int op, uint32_t events);

/* ---- format ---- */

struct v4l2_fract {
	uint32_t numerator;
	uint32_t denominator;
};

struct vc_format {
	uint32_t width;
	uint32_t height;
	uint32_t pixelformat;
	uint32_t field;
	uint32_t colorspace;
	uint32_t ycbcr_enc;
	uint32_t quantization;
	uint32_t xfer_func;
	uint32_t num_planes;
	uint32_t sizeimage[8];
	uint32_t bytesperline[8];
};

struct vc_fmtdesc {
	uint32_t pixelformat;
	uint32_t flags;
	char description[33];
};

struct vc_framesize {
	uint32_t type;
	uint32_t min_width, max_width, step_width;
	uint32_t min_height, max_height, step_height;
};

struct vc_frameinterval {
	uint32_t type;
	struct v4l2_fract min, max, step;
};

int vc_format_enum(struct vc_device *dev, uint32_t n, struct vc_fmtdesc *out);
int vc_format_enum_size(struct vc_device *dev, uint32_t pixelformat, uint32_t n,
			struct vc_framesize *out);
int vc_format_enum_interval(struct vc_device *dev, uint32_t pixelformat, uint32_t width,
			    uint32_t height, uint32_t n, struct vc_frameinterval *out);
int vc_format_get(struct vc_device *dev, struct vc_format *out);
int vc_format_try(struct vc_device *dev, struct vc_format *format);
int vc_format_set(struct vc_device *dev, struct vc_format *format);
int vc_interval_get(struct vc_device *dev, struct v4l2_fract *out);
int vc_interval_set(struct vc_device *dev, struct v4l2_fract *interval);

/* ---- ring ---- */

struct vc_ring;

#define VC_WHOLE ...
#define VC_BROKEN_ERROR ...
#define VC_BROKEN_SHORT ...
#define VC_BROKEN_JPEG ...
#define VC_STAMP_END_OF_FRAME ...
#define VC_STAMP_START_OF_EXPOSURE ...
#define VC_STAMP_ARRIVAL ...
#define VC_NEXT ...
#define VC_NEWEST ...
#define VC_ONLY_WHOLE ...
#define VC_LAST ...
#define VC_MAX_BUFFERS ...
#define VC_MAX_PLANES ...

struct vc_plane {
	const uint8_t *start;
	size_t length;
};

struct vc_lease {
	int64_t timestamp_ns;
	uint32_t stamp;
	uint32_t sequence;
	uint32_t field;
	uint32_t flags;
	uint32_t broken;
	uint32_t index;
	uint32_t num_planes;
	struct vc_plane planes[8];
	...;
};

struct vc_patience {
	struct vc_ring *ring;
	int timeout_ms;
};

struct vc_ring_config {
	uint32_t count;
	int epfd;
	uint32_t jpeg;
	uint32_t minimum[8];
};

struct vc_ring_stats {
	uint64_t delivered;
	uint64_t dropped;
	uint64_t broken;
	uint64_t stale;
};

int vc_ring_new(struct vc_device *dev, const struct vc_ring_config *config, struct vc_ring **out);
int vc_ring_start(struct vc_ring *ring, uint32_t *request);
int vc_ring_close(struct vc_ring *ring);
void vc_ring_free(struct vc_ring *ring);
int vc_ring_acquire(struct vc_ring *ring, uint32_t how);
struct vc_lease *vc_ring_lease(struct vc_ring *ring, uint32_t index);
int vc_ring_wait(const struct vc_patience *patience);
void vc_lease_hold(struct vc_lease *lease);
void vc_lease_release(struct vc_lease *lease);
void vc_lease_release_pixels(struct vc_lease *lease, const uint8_t *start);
int vc_lease_copy(const struct vc_lease *lease, struct vc_lease **out);
struct vc_ring *vc_ring_ref(struct vc_ring *ring);
void vc_ring_unref(struct vc_ring *ring);
int64_t vc_ring_pin(struct vc_ring *ring, uint32_t index, const uint8_t **out);
void vc_ring_unpin(struct vc_ring *ring, uint32_t index);
uint32_t vc_ring_count(const struct vc_ring *ring);
uint32_t vc_ring_leased(struct vc_ring *ring);
uint32_t vc_ring_culprit(struct vc_ring *ring);
void vc_ring_stats(struct vc_ring *ring, struct vc_ring_stats *out);
int64_t vc_ring_age(struct vc_ring *ring);

/* ---- control ---- */

struct vc_control {
	uint32_t id;
	uint32_t type;
	int64_t minimum;
	int64_t maximum;
	uint64_t step;
	int64_t default_value;
	uint32_t flags;
	uint32_t elem_size;
	uint32_t elems;
	uint32_t nr_of_dims;
	uint32_t dims[4];
	uint32_t menu_first;
	uint32_t menu_count;
	int32_t error;
	char name[33];
};

struct vc_menu_entry {
	int64_t value;
	uint32_t index;
	char name[33];
};

struct vc_control_list {
	uint32_t count;
	uint32_t menu_count;
	struct vc_control *items;
	struct vc_menu_entry *menu;
};

struct vc_value {
	uint32_t id;
	uint32_t type;
	int64_t value;
};

int vc_control_walk(struct vc_device *dev, struct vc_control_list **out);
void vc_control_list_free(struct vc_control_list *list);
int vc_control_query(struct vc_device *dev, uint32_t id, struct vc_control *out);
int vc_control_get(struct vc_device *dev, struct vc_value *values, uint32_t count,
		   uint32_t *failed);
int vc_control_set(struct vc_device *dev, struct vc_value *values, uint32_t count,
		   uint32_t *failed, uint32_t *applied);
struct vc_knob {
	struct vc_device *dev;
	uint32_t id;
	uint32_t type;
};

#define VC_NO_NUMBER ...

int64_t vc_knob_read(const struct vc_knob *knob);
int vc_knob_write(const struct vc_knob *knob, int64_t value);
int64_t vc_device_written(const struct vc_device *dev);
int vc_control_get_payload(struct vc_device *dev, uint32_t which, uint32_t id, void *data,
			   uint32_t size);
int vc_control_set_payload(struct vc_device *dev, uint32_t id, const void *data, uint32_t size);

/* ---- media ---- */

#define VC_MAX_SUBDEVICES ...

struct vc_subdevice {
	uint32_t function;
	uint32_t major, minor;
	char name[65];
};

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

int vc_topology_read(struct vc_device *media, struct vc_topology **out);
void vc_topology_free(struct vc_topology *topology);
int vc_topology_find(const struct vc_topology *topology, uint32_t major, uint32_t minor,
		     struct vc_subdevice *out);

int vc_sensor_width(struct vc_device *sensor, uint32_t *out);

/* ---- event ---- */

struct vc_event {
	uint32_t type;
	uint32_t id;
	uint32_t sequence;
	uint32_t changes;
	int64_t timestamp_ns;
	int64_t value;
	uint32_t flags;
};

int vc_event_subscribe(struct vc_device *dev, uint32_t type, uint32_t id, uint32_t flags);
int vc_event_unsubscribe(struct vc_device *dev, uint32_t type, uint32_t id);
int vc_event_dequeue(struct vc_device *dev, struct vc_event *out);

