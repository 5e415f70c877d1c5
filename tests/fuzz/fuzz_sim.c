/* SPDX-License-Identifier: MIT */
/*
 * The simulated camera against a program that asks for anything: any camera
 * that can be described, any ioctl with any struct, from two handles, while time
 * passes and things go wrong.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "input.h"
#include "sim/internal.h"

#define HANDLES 2
#define MAX_MAPS 8

struct map {
	const uint8_t *start; /* NULL: none */
	size_t length;
};

static struct {
	struct vc_sim *sim;
	uint32_t type;
	struct vc_device *devs[HANDLES];
	void *nodes[HANDLES]; /* the table below the devices, for map() */
	struct map maps[MAX_MAPS];
	int epfd;
} is;

static const uint32_t IDS[] = {
	V4L2_CID_BRIGHTNESS, V4L2_CID_HUE, V4L2_CID_HUE_AUTO, V4L2_CID_AUTO_WHITE_BALANCE,
	V4L2_CID_WHITE_BALANCE_TEMPERATURE, V4L2_CID_GAIN, V4L2_CID_EXPOSURE_AUTO,
	V4L2_CID_EXPOSURE_ABSOLUTE, V4L2_CID_AUTO_EXPOSURE_BIAS, V4L2_CID_PAN_ABSOLUTE,
	V4L2_CID_TILT_ABSOLUTE, V4L2_CID_ZOOM_ABSOLUTE, V4L2_CID_PRIVACY, V4L2_CID_HFLIP,
	V4L2_CID_FOCUS_ABSOLUTE, V4L2_CID_FOCUS_AUTO, V4L2_CID_AUTO_FOCUS_START,
	V4L2_CID_AUTO_FOCUS_STATUS, V4L2_CID_FLASH_LED_MODE, V4L2_CID_FLASH_STROBE,
	V4L2_CID_FLASH_STROBE_STATUS, V4L2_CID_FLASH_TIMEOUT, V4L2_CID_FLASH_FAULT,
	V4L2_CID_FLASH_INTENSITY, V4L2_CID_EXPOSURE, V4L2_CID_ANALOGUE_GAIN, V4L2_CID_VBLANK,
	V4L2_CID_HBLANK, V4L2_CID_PIXEL_RATE, V4L2_CID_ISO_SENSITIVITY,
	0x00980900 | 0xf0, 0x00f00001};

static const uint32_t FORMATS[] = {
	V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_NV12, V4L2_PIX_FMT_NV12M,
	V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_YUV420M, V4L2_PIX_FMT_RGB24, V4L2_PIX_FMT_RGB565,
	V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_Y16, V4L2_PIX_FMT_SRGGB8, V4L2_PIX_FMT_SGRBG10,
	V4L2_PIX_FMT_SBGGR10P, V4L2_PIX_FMT_SRGGB12P, V4L2_PIX_FMT_H264, V4L2_PIX_FMT_XBGR32};

static const uint32_t EVENTS[] = {V4L2_EVENT_CTRL, V4L2_EVENT_SOURCE_CHANGE, V4L2_EVENT_EOS,
				  V4L2_EVENT_CTRL, V4L2_EVENT_ALL, 99};

static const uint32_t TYPES[] = {
	V4L2_CTRL_TYPE_INTEGER, V4L2_CTRL_TYPE_BOOLEAN, V4L2_CTRL_TYPE_MENU,
	V4L2_CTRL_TYPE_BUTTON, V4L2_CTRL_TYPE_INTEGER64, V4L2_CTRL_TYPE_STRING,
	V4L2_CTRL_TYPE_BITMASK, V4L2_CTRL_TYPE_INTEGER_MENU, V4L2_CTRL_TYPE_U8,
	V4L2_CTRL_TYPE_U16, V4L2_CTRL_TYPE_U32, V4L2_CTRL_TYPE_AREA, V4L2_CTRL_TYPE_RECT,
	V4L2_CTRL_TYPE_CTRL_CLASS};

#define CHOOSE(in, list) ((list)[take8(in) % (sizeof(list) / sizeof((list)[0]))])

/* Mostly one that the camera has. */
static uint32_t choose_id(struct input *in)
{
	const struct sim_node *node;
	uint8_t which = take8(in);

	if (which >= 0xf0)
		return take32(in);
	node = &is.sim->nodes[which & 2 ? is.sim->num_nodes - 1 : 0];
	if (which & 1 && node->num_controls)
		return node->controls[(which >> 2) % node->num_controls].is.id;
	return IDS[(which >> 1) % (sizeof(IDS) / sizeof(IDS[0]))];
}

static uint32_t choose_fourcc(struct input *in)
{
	uint8_t which = take8(in);

	if (which >= 0xf0)
		return take32(in);
	if (which & 1 && is.sim->num_formats)
		return is.sim->formats[(which >> 1) % is.sim->num_formats].says.pixelformat;
	return FORMATS[(which >> 1) % (sizeof(FORMATS) / sizeof(FORMATS[0]))];
}

/* ---- a camera ------------------------------------------------------------------- */

static void add_size(struct input *in)
{
	struct vc_frameinterval interval = {.type = 1 + take8(in) % 3u};
	struct vc_framesize size = {.type = 1 + take8(in) % 3u};

	size.min_width = 1u + take8(in); /* a format without a size could not be opened */
	size.max_width = size.min_width + take8(in);
	size.step_width = take8(in) < 0xf0 ? take8(in) : take32(in);
	size.min_height = 1u + take8(in);
	size.max_height = size.min_height + take8(in);
	size.step_height = take8(in);
	vc_sim_add_size(is.sim, &size);
	interval.min.numerator = (uint32_t)take_number(in);
	interval.min.denominator = (uint32_t)take_number(in);
	interval.max.numerator = (uint32_t)take_number(in);
	interval.max.denominator = (uint32_t)take_number(in);
	vc_sim_add_interval(is.sim, &interval);
}

static void add_format(struct input *in)
{
	struct vc_sim_format format = {.stride_align = take8(in)};

	format.pixelformat = choose_fourcc(in);
	format.sizeimage = take8(in) & 1 ? take16(in) : 0;
	format.colorspace = take8(in) % 16;
	format.ycbcr_enc = take8(in);
	format.quantization = take8(in) % 4;
	if (vc_sim_add_format(is.sim, &format) < 0)
		return;
	add_size(in);
	if (take8(in) & 1)
		add_size(in);
}

static void add_payloads(struct input *in, uint32_t id)
{
	uint32_t size = take8(in);
	uint8_t *data = make_exact(size);

	take_bytes(in, data, size);
	vc_sim_add_payload(is.sim, id, V4L2_CTRL_WHICH_CUR_VAL, data, size);
	vc_sim_add_payload(is.sim, id, V4L2_CTRL_WHICH_MIN_VAL, data, size);
	vc_sim_add_payload(is.sim, id, V4L2_CTRL_WHICH_MAX_VAL, data, size);
	free(data);
}

static void add_control(struct input *in)
{
	struct vc_sim_control control = {.id = choose_id(in), .type = CHOOSE(in, TYPES)};
	uint8_t how = take8(in);

	control.minimum = take_number(in);
	control.maximum = take_number(in);
	control.step = (uint64_t)take_number(in);
	control.default_value = take_number(in);
	control.value = take_number(in);
	control.flags = how & 1 ? take16(in) : 0;
	if (how & 2) {
		control.nr_of_dims = take8(in) % 6;
		for (int i = 0; i < 4; i++)
			control.dims[i] = take8(in);
	}
	memset(control.name, 'n', sizeof(control.name));
	vc_sim_add_control(is.sim, &control);
	if (how & 4)
		vc_sim_add_menu_entry(is.sim, control.id, take8(in), "entry", take_number(in));
	if (how & 8)
		add_payloads(in, control.id);
	if (how & 16)
		vc_sim_add_cluster(is.sim, choose_id(in), take_number(in), control.id);
}

static void add_subdevice(struct input *in)
{
	static const uint32_t FUNCTIONS[] = {MEDIA_ENT_F_FLASH, MEDIA_ENT_F_LENS,
					     MEDIA_ENT_F_CAM_SENSOR, MEDIA_ENT_F_UNKNOWN};
	uint8_t i, count = take8(in) % 4;

	vc_sim_add_subdevice(is.sim, CHOOSE(in, FUNCTIONS), "a subdevice");
	for (i = 0; i < count; i++)
		add_control(in);
}

static void describe(struct input *in)
{
	struct vc_sim_config config = {.driver = "fuzz", .card = "A card", .bus_info = "bus"};
	uint8_t i, count;

	config.quirks = take8(in) | VC_SIM_MANUAL_CLOCK;
	EXPECT(vc_sim_new(&config, &is.sim) == 0);
	is.type = config.quirks & VC_SIM_MULTIPLANAR ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
						     : V4L2_BUF_TYPE_VIDEO_CAPTURE;
	for (i = 0, count = 1 + take8(in) % 3; i < count; i++)
		add_format(in);
	for (i = 0, count = 1 + take8(in) % 5; i < count; i++)
		add_control(in);
	for (i = 0, count = take8(in) % 4; i < count; i++)
		add_subdevice(in);
}

/* ---- handles, through a table that remembers the nodes -------------------------- */

static int slot;

static int spy_open(const char *path, uint32_t kind, void *camera, void **node)
{
	int rc = vc_ops_sim.open(path, kind, camera, node);

	is.nodes[slot] = rc == 0 ? *node : NULL;
	return rc;
}

static void open_handle(int which, uint32_t node)
{
	struct vc_ops ops = vc_ops_sim;
	uint32_t kind = node == VC_SIM_MEDIA ? VC_MEDIA : node ? VC_SUBDEVICE : VC_VIDEO;
	struct vc_sim_place place = {is.sim, node};
	static struct vc_ops spy;

	if (is.devs[which])
		return;
	spy = ops;
	spy.open = spy_open;
	slot = which;
	if (vc_device_open_ops(&spy, &place, "sim:fuzz", kind, &is.devs[which]) < 0)
		is.devs[which] = NULL;
}

static void free_handle(int which)
{
	vc_device_free(is.devs[which]);
	is.devs[which] = NULL;
}

/* ---- ioctls --------------------------------------------------------------------- */

static const unsigned long REQUESTS[] = {
	VIDIOC_REQBUFS, VIDIOC_QBUF, VIDIOC_DQBUF, VIDIOC_QUERYBUF, VIDIOC_STREAMON,
	VIDIOC_STREAMOFF, VIDIOC_QUERYCAP, VIDIOC_ENUMINPUT, VIDIOC_G_INPUT, VIDIOC_S_INPUT,
	VIDIOC_ENUM_FMT, VIDIOC_ENUM_FRAMESIZES, VIDIOC_ENUM_FRAMEINTERVALS, VIDIOC_G_FMT,
	VIDIOC_S_FMT, VIDIOC_TRY_FMT, VIDIOC_G_PARM, VIDIOC_S_PARM, VIDIOC_QUERYCTRL,
	VIDIOC_QUERYMENU, VIDIOC_G_CTRL, VIDIOC_S_CTRL, VIDIOC_QUERY_EXT_CTRL,
	VIDIOC_G_EXT_CTRLS, VIDIOC_S_EXT_CTRLS, VIDIOC_TRY_EXT_CTRLS, VIDIOC_SUBSCRIBE_EVENT,
	VIDIOC_UNSUBSCRIBE_EVENT, VIDIOC_DQEVENT, VIDIOC_G_SELECTION, VIDIOC_SUBDEV_G_SELECTION,
	MEDIA_IOC_DEVICE_INFO};

static int is_payload(int which, uint32_t id)
{
	const struct sim_node *node = ((const struct sim_handle *)is.nodes[which])->node;
	const struct sim_control *control = node ? sim_control_find(node, id) : NULL;

	return control && sim_control_is_payload(control);
}

static void fill_buffer(struct input *in, struct v4l2_buffer *buf)
{
	buf->type = is.type;
	buf->memory = V4L2_MEMORY_MMAP;
	buf->index = take8(in);
	if (buf->index < 0xf0)
		buf->index %= 4;
	buf->length = 1 + take8(in) % (VC_MAX_PLANES + 1u);
	buf->m.planes = NULL;
}

/* Any bytes, then those right that nothing would work without. */
static void fill(struct input *in, unsigned long request, void *arg)
{
	uint8_t how = take8(in);
	uint32_t first;

	if (how & 1)
		take_bytes(in, arg, _IOC_SIZE(request));
	if (how & 2)
		return;
	switch (request) {
	case VIDIOC_QBUF:
	case VIDIOC_DQBUF:
	case VIDIOC_QUERYBUF:
		return fill_buffer(in, arg);
	case VIDIOC_REQBUFS:
		*(struct v4l2_requestbuffers *)arg = (struct v4l2_requestbuffers){
			.count = take8(in) % 8, .type = is.type, .memory = V4L2_MEMORY_MMAP};
		return;
	case VIDIOC_ENUM_FMT:
		((struct v4l2_fmtdesc *)arg)->type = is.type;
		return;
	case VIDIOC_G_FMT:
	case VIDIOC_S_FMT:
	case VIDIOC_TRY_FMT:
		((struct v4l2_format *)arg)->fmt.pix.pixelformat = choose_fourcc(in);
		/* fall through */
	case VIDIOC_STREAMON:
	case VIDIOC_STREAMOFF:
	case VIDIOC_G_PARM:
	case VIDIOC_S_PARM:
		*(uint32_t *)arg = is.type;
		return;
	case VIDIOC_SUBSCRIBE_EVENT:
	case VIDIOC_UNSUBSCRIBE_EVENT:
		*(struct v4l2_event_subscription *)arg = (struct v4l2_event_subscription){
			.type = CHOOSE(in, EVENTS), .flags = take8(in) % 4};
		if (((struct v4l2_event_subscription *)arg)->type == V4L2_EVENT_CTRL)
			((struct v4l2_event_subscription *)arg)->id = choose_id(in);
		return;
	default:
		first = choose_id(in) | (uint32_t)take8(in) << 30;
		memcpy(arg, &first, sizeof(first));
	}
}

/* A pointer to a value has exactly the room that is said. */
static void fill_control(struct input *in, int which, struct v4l2_ext_control *control)
{
	control->id = choose_id(in);
	control->value64 = take_number(in);
	control->size = take8(in) & 1 ? take16(in) % 0x800 : take8(in);
	if (!is_payload(which, control->id))
		return;
	control->ptr = make_exact(control->size);
	memset(control->ptr, take8(in), control->size);
}

static void ask_controls(struct input *in, int which, unsigned long request)
{
	static const uint32_t WHICH[] = {V4L2_CTRL_WHICH_CUR_VAL, V4L2_CTRL_WHICH_DEF_VAL,
					 V4L2_CTRL_WHICH_MIN_VAL, V4L2_CTRL_WHICH_MAX_VAL,
					 V4L2_CTRL_CLASS_USER, 0, 0, 0};
	struct v4l2_ext_controls all = {.which = CHOOSE(in, WHICH), .count = take8(in) % 6};
	struct v4l2_ext_control *items = make_exact(all.count * sizeof(*items));
	uint32_t i;

	memset(items, 0, all.count * sizeof(*items));
	for (i = 0; i < all.count; i++)
		fill_control(in, which, &items[i]);
	all.controls = items;
	vc_ioctl(is.devs[which], request, &all);
	EXPECT(all.error_idx <= all.count);
	for (i = 0; i < all.count; i++) {
		if (is_payload(which, items[i].id))
			free(items[i].ptr);
	}
	free(items);
}

static int has_planes(unsigned long request, const struct v4l2_buffer *buf)
{
	return (request == VIDIOC_QBUF || request == VIDIOC_DQBUF || request == VIDIOC_QUERYBUF) &&
	       V4L2_TYPE_IS_MULTIPLANAR(buf->type);
}

static void map_buffer(struct input *in, int which, size_t length, uint32_t offset)
{
	struct map *map = &is.maps[take8(in) % MAX_MAPS];
	void *start;

	if (map->start || !is.devs[which] ||
	    vc_ops_sim.map(is.nodes[which], length, offset, &start) < 0)
		return;
	map->start = start;
	map->length = length;
}

static void ask(struct input *in, int which)
{
	unsigned long request = CHOOSE(in, REQUESTS);
	struct vc_device *dev = is.devs[which];
	struct v4l2_plane *planes = NULL;
	struct v4l2_buffer *buf;
	void *arg;
	int rc;

	if (!dev)
		return;
	if (request >= VIDIOC_G_EXT_CTRLS && _IOC_NR(request) >= _IOC_NR(VIDIOC_G_EXT_CTRLS) &&
	    _IOC_NR(request) <= _IOC_NR(VIDIOC_TRY_EXT_CTRLS)) {
		ask_controls(in, which, request);
		return;
	}
	arg = buf = make_exact(_IOC_SIZE(request));
	memset(arg, 0, _IOC_SIZE(request));
	fill(in, request, arg);
	if (has_planes(request, arg)) {
		buf->length %= VC_MAX_PLANES + 2;
		planes = make_exact(buf->length * sizeof(*planes));
		buf->m.planes = planes;
	}
	rc = vc_ioctl(dev, request, arg);
	EXPECT(rc <= 0 && rc > -4096);
	if (rc == 0 && request == VIDIOC_QUERYBUF)
		map_buffer(in, which, planes ? planes[0].length : buf->length,
			   planes ? planes[0].m.mem_offset : buf->m.offset);
	free(planes);
	free(arg);
}

/* ---- everything else ------------------------------------------------------------ */

static void unmap(struct map *map)
{
	if (!map->start)
		return;
	read_all(map->start, map->length);
	vc_ops_sim.unmap((void *)map->start, map->length);
	map->start = NULL;
}

static void break_something(struct input *in)
{
	struct vc_sim_fault fault = {.id = take8(in) & 1 ? choose_id(in) : 0};
	uint32_t n = 0, which = take8(in);

	while (vc_sim_fault_name(n))
		n++;
	fault.value = take_number(in);
	fault.count = take8(in);
	if (fault.value == EINTR && !fault.count)
		fault.count = 250; /* for ever is right, but slow: each call is tried many times */
	fault.after = take8(in) & 1 ? 0 : take8(in) % 4;
	vc_sim_fault(is.sim, vc_sim_fault_name(which % n), &fault);
}

static void set_range(struct input *in)
{
	uint32_t id = choose_id(in);
	int64_t minimum = take_number(in), maximum = take_number(in), step = take_number(in);

	vc_sim_set_range(is.sim, id, minimum, maximum, (uint64_t)step, take_number(in));
}

static void set_light(struct input *in)
{
	double light;

	take_bytes(in, &light, sizeof(light));
	EXPECT(vc_sim_set_light(is.sim, light) <= 0);
	EXPECT(is.sim->ambient >= 0 && is.sim->ambient <= 64);
}

static void change_camera(struct input *in, uint8_t what)
{
	uint32_t id;

	switch (what % 9) {
	case 0:
		return vc_sim_unplug(is.sim);
	case 1:
		return vc_sim_replug(is.sim);
	case 2:
		id = choose_id(in);
		vc_sim_poke(is.sim, id, take_number(in));
		return;
	case 3:
		id = choose_id(in);
		vc_sim_set_flags(is.sim, id, take16(in));
		return;
	case 4:
		return set_range(in);
	case 5:
		return vc_sim_source_change(is.sim);
	case 6:
		return vc_sim_clear_faults(is.sim);
	case 8:
		return set_light(in);
	default:
		return break_something(in);
	}
}

static void watch(struct input *in, int which)
{
	uint8_t how = take8(in);

	if (is.devs[which])
		vc_device_watch(is.devs[which], is.epfd,
				how & 1 ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
				how & 2 ? EPOLLIN : EPOLLPRI);
}

static void look_at_topology(struct vc_device *media)
{
	struct vc_subdevice found[VC_MAX_SUBDEVICES];
	struct vc_topology *topology;
	int i, count;

	if (vc_topology_read(media, &topology) < 0)
		return;
	count = vc_topology_find(topology, VC_SIM_MAJOR, 0, found);
	EXPECT(count == -ENOTUNIQ || (count >= 0 && count <= SIM_MAX_SUBDEVICES));
	for (i = 0; i < count; i++)
		EXPECT(found[i].minor < is.sim->num_nodes);
	vc_topology_free(topology);
}

static void walk(int which)
{
	struct vc_control_list *list;

	if (is.devs[which])
		look_at_topology(is.devs[which]);
	if (is.devs[which] && vc_control_walk(is.devs[which], &list) == 0)
		vc_control_list_free(list);
}

/* What the core does all the time, in one step: the fuzzer need not find out how. */
static void stream(struct input *in, int which)
{
	struct vc_ring_config config = {.count = take8(in) % 4 + 1u, .epfd = is.epfd};
	struct vc_lease *lease;
	struct vc_ring *ring;
	uint32_t i, request;
	int index;

	if (!is.devs[which] || vc_ring_new(is.devs[which], &config, &ring) < 0)
		return;
	vc_ring_start(ring, &request);
	vc_sim_tick(is.sim, 1 + take8(in) % 4);
	index = vc_ring_acquire(ring, take8(in) % 4);
	if (index >= 0 || index <= -VC_LAST) {
		lease = vc_ring_lease(ring, (uint32_t)(index < 0 ? -VC_LAST - index : index));
		vc_sim_tick(is.sim, take8(in) % 2);
		for (i = 0; i < lease->num_planes; i++)
			read_all(lease->planes[i].start, lease->planes[i].length);
		vc_lease_release(lease);
	}
	vc_ring_free(ring);
}

static void do_something(struct input *in)
{
	uint8_t what = take8(in);
	int which = what & 1;

	switch (what >> 4) {
	case 0:
		return open_handle(which, what & 8 ? VC_SIM_MEDIA : what & 4 ? 1u + (what >> 1 & 1) : 0u);
	case 1:
		return what & 8 ? free_handle(which) : walk(which);
	case 2:
		return watch(in, which);
	case 3:
		return unmap(&is.maps[what % MAX_MAPS]);
	case 4:
	case 5:
		return change_camera(in, what);
	case 6:
		return stream(in, which);
	case 7:
	case 8:
		vc_sim_tick(is.sim, 1 + what % 4u);
		return;
	default:
		return ask(in, which);
	}
}

static void check_events(const struct sim_handle *handle)
{
	uint32_t i, pending = 0;

	for (i = 0; i < handle->num_subscriptions; i++)
		pending += handle->subscriptions[i].pending;
	EXPECT(handle->num_pending == pending);
}

static void check_counts(void)
{
	uint32_t i, maps = 0, handles = 0;

	for (i = 0; i < MAX_MAPS; i++)
		maps += is.maps[i].start != NULL;
	for (i = 0; i < HANDLES; i++) {
		handles += is.devs[i] != NULL;
		if (is.devs[i])
			check_events(is.nodes[i]);
	}
	EXPECT(vc_sim_mappings(is.sim) == maps);
	EXPECT(vc_sim_handles(is.sim) == handles);
	EXPECT(vc_sim_queued(is.sim) <= VC_MAX_BUFFERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	int i;

	if (!is.epfd)
		is.epfd = epoll_create1(EPOLL_CLOEXEC);
	describe(&in);
	open_handle(0, 0);
	while (in.left) {
		do_something(&in);
		check_counts();
	}
	for (i = 0; i < HANDLES; i++)
		free_handle(i);
	for (i = 0; i < MAX_MAPS; i++)
		unmap(&is.maps[i]);
	check_counts();
	vc_sim_free(is.sim);
	return 0;
}
