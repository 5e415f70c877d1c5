/* SPDX-License-Identifier: MIT */
/*
 * The core against a driver that lies.  The input decides what is called and
 * what the driver answers; a small model knows what must be true all the same.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "hostile.h"

#define MAX_RINGS 3
#define MAX_LEASES 64
#define MAX_PINS 16

/* A frame in our hands; `sum` is of its pixels when it came. */
struct frame {
	struct vc_lease *lease; /* NULL: none */
	struct ring *ring; /* NULL: a copy */
	uint32_t holds;
	uint32_t sum;
};

struct ring {
	struct vc_ring *is; /* NULL: none */
	struct vc_device *dev; /* of the ring; to compare with */
	struct vc_ring_config config;
	uint32_t open; /* we still have the handle; else only leases keep it */
	uint32_t refs; /* further ones */
	uint32_t leased;
	uint64_t delivered;
	struct view view;
};

struct pin {
	struct ring *ring; /* NULL: none */
	uint32_t index;
	const uint8_t *start;
	int64_t length;
};

static struct {
	struct vc_device *dev;
	struct ring rings[MAX_RINGS];
	struct frame frames[MAX_LEASES];
	struct pin pins[MAX_PINS];
	int epfd; /* always ready */
} is;

/* ---- small helpers -------------------------------------------------------------- */

static void check_answer(int rc)
{
	EXPECT(rc <= 0 && rc > -4096);
}

static uint32_t sum_of(const struct vc_lease *lease)
{
	uint32_t i, sum = 0;

	EXPECT(lease->num_planes >= 1 && lease->num_planes <= VC_MAX_PLANES);
	for (i = 0; i < lease->num_planes; i++)
		sum += read_all(lease->planes[i].start, lease->planes[i].length);
	return sum;
}

static struct ring *choose_ring(struct input *in)
{
	return &is.rings[take8(in) % MAX_RINGS];
}

/* Who may still be asked: one whose handle, or another reference, is ours. */
static int is_usable(const struct ring *ring)
{
	return ring->is && (ring->open || ring->refs);
}

static struct frame *choose_frame(struct input *in)
{
	uint32_t i, first = take8(in);

	for (i = 0; i < MAX_LEASES; i++) {
		struct frame *frame = &is.frames[(first + i) % MAX_LEASES];

		if (frame->lease)
			return frame;
	}
	return NULL;
}

static struct frame *free_frame(void)
{
	uint32_t i;

	for (i = 0; i < MAX_LEASES; i++) {
		if (!is.frames[i].lease)
			return &is.frames[i];
	}
	return NULL;
}

/* Nobody refers to the ring any more: the place can be used again. */
static void forget_if_gone(struct ring *ring)
{
	uint32_t i;

	for (i = 0; i < MAX_PINS; i++) {
		if (is.pins[i].ring == ring)
			return;
	}
	if (!ring->open && !ring->refs && !ring->leased)
		memset(ring, 0, sizeof(*ring));
}

/* ---- rings ---------------------------------------------------------------------- */

static void new_ring(struct input *in)
{
	struct ring *ring = choose_ring(in);
	struct vc_ring *out;
	uint32_t i;
	int rc;

	if (!is.dev || ring->is)
		return;
	ring->config.count = take8(in) % (VC_MAX_BUFFERS + 2);
	ring->config.jpeg = take8(in) % 2;
	ring->config.epfd = take8(in) & 1 ? is.epfd : -1;
	for (i = 0; i < 2; i++)
		ring->config.minimum[i] = take8(in);
	hostile.view = &ring->view;
	rc = vc_ring_new(is.dev, &ring->config, &out);
	check_answer(rc);
	if (rc < 0)
		return;
	EXPECT(vc_ring_count(out) >= 1 && vc_ring_count(out) <= VC_MAX_BUFFERS);
	ring->is = out;
	ring->dev = is.dev;
	ring->open = 1;
}

static void free_ring(struct ring *ring)
{
	if (!ring->open)
		return;
	hostile.view = &ring->view;
	vc_ring_free(ring->is);
	ring->open = 0;
	forget_if_gone(ring);
}

static void start_ring(struct ring *ring)
{
	uint32_t request = 0;
	int rc;

	if (!is_usable(ring))
		return;
	rc = vc_ring_start(ring->is, &request);
	check_answer(rc);
}

static void close_ring(struct ring *ring)
{
	int rc;

	if (!is_usable(ring))
		return;
	rc = vc_ring_close(ring->is);
	EXPECT(rc == 0 || rc == -EBUSY);
}

static void ref_ring(struct ring *ring)
{
	if (!is_usable(ring))
		return;
	EXPECT(vc_ring_ref(ring->is) == ring->is);
	ring->refs++;
}

static void unref_ring(struct ring *ring)
{
	if (!ring->refs)
		return;
	vc_ring_unref(ring->is);
	ring->refs--;
	forget_if_gone(ring);
}

/* ---- frames --------------------------------------------------------------------- */

static void check_jpeg(const uint8_t *data, size_t length)
{
	const uint8_t *soi = memmem(data, length, "\xff\xd8\xff", 3);

	EXPECT(soi && memmem(soi, length - (size_t)(soi - data), "\xff\xd9", 2));
}

static void check_frame(const struct ring *ring, const struct vc_lease *lease, uint32_t how)
{
	uint32_t i;

	EXPECT(lease->ring == ring->is && lease->holds == 1);
	EXPECT(!(how & VC_ONLY_WHOLE && lease->broken));
	EXPECT(lease->stamp <= VC_STAMP_ARRIVAL && lease->broken <= VC_BROKEN_JPEG);
	for (i = 0; i < lease->num_planes && !lease->broken; i++)
		EXPECT(lease->planes[i].length > 0 &&
		       lease->planes[i].length >= ring->config.minimum[i]);
	if (ring->config.jpeg && !lease->broken)
		check_jpeg(lease->planes[0].start, lease->planes[0].length);
}

static void take_frame(struct ring *ring, int rc, uint32_t how)
{
	struct frame *frame = free_frame();
	uint32_t index;

	if (rc < 0 && rc > -VC_LAST) {
		check_answer(rc);
		return;
	}
	index = (uint32_t)(rc < 0 ? -VC_LAST - rc : rc);
	EXPECT(index < vc_ring_count(ring->is));
	EXPECT(ring->view.owner[index] == FILLED); /* came from the driver, and to nobody else */
	ring->view.owner[index] = CALLER;
	ring->leased++;
	ring->delivered++;
	EXPECT((rc < 0) == (ring->leased == vc_ring_count(ring->is)));
	EXPECT(frame);
	frame->lease = vc_ring_lease(ring->is, index);
	frame->ring = ring;
	frame->holds = 1;
	EXPECT(frame->lease && frame->lease->index == index);
	check_frame(ring, frame->lease, how);
	frame->sum = sum_of(frame->lease);
}

/* Room for the frame is needed before it is taken. */
static void acquire(struct input *in, struct ring *ring)
{
	uint32_t how = take8(in) % 4;

	if (is_usable(ring) && free_frame())
		take_frame(ring, vc_ring_acquire(ring->is, how), how);
}

static void wait_for_frame(struct ring *ring)
{
	struct vc_patience patience = {.ring = ring->is};

	if (is_usable(ring) && free_frame() && ring->config.epfd >= 0)
		take_frame(ring, vc_ring_wait(&patience), VC_ONLY_WHOLE);
}

static void hold(struct input *in)
{
	struct frame *frame = choose_frame(in);

	if (!frame)
		return;
	vc_lease_hold(frame->lease);
	frame->holds++;
}

static void release(struct frame *frame, int by_pixels)
{
	struct vc_lease *lease = frame->lease;
	struct ring *ring = frame->ring;
	int last = --frame->holds == 0;

	EXPECT(sum_of(lease) == frame->sum);
	hostile.view = ring ? &ring->view : NULL;
	if (last) {
		frame->lease = NULL;
		if (ring) {
			ring->view.owner[lease->index] = CORE;
			ring->leased--;
		}
	}
	if (by_pixels)
		vc_lease_release_pixels(lease, lease->planes[0].start);
	else
		vc_lease_release(lease);
	if (last && ring)
		forget_if_gone(ring);
}

static void release_one(struct input *in, int by_pixels)
{
	struct frame *frame = choose_frame(in);

	if (frame)
		release(frame, by_pixels);
}

static void copy(struct input *in)
{
	struct frame *from = choose_frame(in), *to = free_frame();

	if (!from || !to)
		return;
	EXPECT(vc_lease_copy(from->lease, &to->lease) == 0);
	to->ring = NULL;
	to->holds = 1;
	to->sum = from->sum;
	EXPECT(to->lease->ring == NULL && sum_of(to->lease) == from->sum);
}

/* ---- pins ----------------------------------------------------------------------- */

static void pin(struct input *in, struct ring *ring)
{
	struct pin *to = NULL;
	uint32_t i, index = take8(in) % (VC_MAX_BUFFERS + 1);

	for (i = 0; i < MAX_PINS; i++) {
		if (!is.pins[i].ring)
			to = &is.pins[i];
	}
	if (!to || !is_usable(ring))
		return;
	to->length = vc_ring_pin(ring->is, index, &to->start);
	if (to->length < 0)
		return;
	EXPECT(index < vc_ring_count(ring->is));
	to->ring = ring;
	to->index = index;
}

static void unpin(struct pin *pin)
{
	struct ring *ring = pin->ring;

	if (!ring)
		return;
	read_all(pin->start, (size_t)pin->length);
	hostile.view = &ring->view;
	vc_ring_unpin(ring->is, pin->index);
	pin->ring = NULL;
	forget_if_gone(ring);
}

/* ---- formats, controls, events -------------------------------------------------- */

static void ask_formats(struct input *in)
{
	struct vc_frameinterval interval;
	struct vc_framesize size;
	struct vc_fmtdesc desc;
	uint32_t n = take8(in);
	int rc;

	check_answer(vc_format_enum(is.dev, n, &desc));
	rc = vc_format_enum_size(is.dev, take32(in), n, &size);
	check_answer(rc);
	if (rc == 0)
		EXPECT(size.min_width && size.min_width <= size.max_width && size.min_height &&
		       size.min_height <= size.max_height);
	check_answer(vc_format_enum_interval(is.dev, 0, 640, 480, n, &interval));
}

static void exchange_format(struct input *in)
{
	struct vc_format format = {.width = take16(in), .height = take16(in)};
	uint8_t how = take8(in) % 3;
	int rc;

	rc = how == 0	? vc_format_get(is.dev, &format)
	     : how == 1 ? vc_format_try(is.dev, &format)
			: vc_format_set(is.dev, &format);
	check_answer(rc);
	if (rc == 0)
		EXPECT(format.width && format.height && format.num_planes >= 1 &&
		       format.num_planes <= VC_MAX_PLANES);
}

static void exchange_interval(struct input *in)
{
	struct v4l2_fract interval = {take8(in), take8(in)};
	int rc;

	rc = take8(in) & 1 ? vc_interval_get(is.dev, &interval)
			   : vc_interval_set(is.dev, &interval);
	check_answer(rc);
	EXPECT(rc < 0 || interval.denominator);
}

static void check_control(const struct vc_control *control)
{
	EXPECT(strlen(control->name) < sizeof(control->name));
	EXPECT(control->nr_of_dims <= 4);
}

static void walk(void)
{
	struct vc_control_list *list;
	uint32_t i;
	int rc;

	rc = vc_control_walk(is.dev, &list);
	check_answer(rc);
	if (rc < 0)
		return;
	for (i = 0; i < list->count; i++) {
		const struct vc_control *control = &list->items[i];

		check_control(control);
		EXPECT(i == 0 || list->items[i - 1].id < control->id);
		EXPECT(control->menu_first + control->menu_count <= list->menu_count);
	}
	for (i = 0; i < list->menu_count; i++)
		EXPECT(strlen(list->menu[i].name) < sizeof(list->menu[i].name));
	vc_control_list_free(list);
}

static void query(struct input *in)
{
	struct vc_control control;
	int rc = vc_control_query(is.dev, take32(in), &control);

	check_answer(rc);
	if (rc == 0)
		check_control(&control);
}

static void exchange_values(struct input *in)
{
	uint32_t i, failed = 0, applied = 0, count = take8(in) % 20;
	struct vc_value *values = make_exact(count * sizeof(*values));
	uint8_t how = take8(in) % 3;
	int rc;

	for (i = 0; i < count; i++) {
		values[i].id = take8(in);
		values[i].type = take8(in) % 12;
		values[i].value = take_number(in);
	}
	rc = how < 2 ? vc_control_get(is.dev, values, count, &failed)
		     : vc_control_set(is.dev, values, count, &failed, &applied);
	check_answer(rc);
	EXPECT(rc == 0 || failed <= count);
	EXPECT(applied <= count && (rc < 0 || how < 2 || applied == count));
	free(values);
}

static void exchange_payload(struct input *in)
{
	uint32_t size = take8(in);
	uint8_t *data = make_exact(size);

	memset(data, 0, size);
	check_answer(take8(in) & 1 ? vc_control_set_payload(is.dev, 1, data, size)
				   : vc_control_get_payload(is.dev, 0, 1, data, size));
	read_all(data, size);
	free(data);
}

static void turn_knob(struct input *in)
{
	struct vc_knob knob = {is.dev, take8(in), take8(in) % 12};
	int64_t value = vc_knob_read(&knob);

	EXPECT(value == (int32_t)value || (value < VC_NO_NUMBER && value > VC_NO_NUMBER - 4096));
	check_answer(vc_knob_write(&knob, take_number(in)));
}

static void ask_events(struct input *in)
{
	struct vc_event event;

	check_answer(vc_event_subscribe(is.dev, take8(in), 0, 0));
	check_answer(vc_event_dequeue(is.dev, &event));
	check_answer(vc_event_unsubscribe(is.dev, V4L2_EVENT_ALL, 0));
}

/* ---- the media device ----------------------------------------------------------- */

static void check_topology(struct input *in, const struct vc_topology *topology)
{
	struct vc_subdevice *found = make_exact(VC_MAX_SUBDEVICES * sizeof(*found));
	int i, count = vc_topology_find(topology, 81, take8(in) % 2, found);

	EXPECT(count <= VC_MAX_SUBDEVICES && count > -4096);
	for (i = 0; i < count; i++) {
		EXPECT(strlen(found[i].name) < sizeof(found[i].name));
		EXPECT(found[i].function == MEDIA_ENT_F_CAM_SENSOR ||
		       found[i].function == MEDIA_ENT_F_LENS ||
		       found[i].function == MEDIA_ENT_F_FLASH);
	}
	free(found);
}

static void ask_media(struct input *in)
{
	struct vc_topology *topology;
	struct vc_device *media;
	int rc;

	rc = vc_device_open_ops(&hostile_ops, NULL, "hostile", VC_MEDIA, &media);
	check_answer(rc);
	if (rc < 0)
		return;
	rc = vc_topology_read(media, &topology);
	check_answer(rc);
	if (rc == 0) {
		check_topology(in, topology);
		vc_topology_free(topology);
	}
	vc_device_free(media);
}

static void ask_sensor(void)
{
	uint32_t width;
	int rc = vc_sensor_width(is.dev, &width);

	check_answer(rc);
	EXPECT(rc < 0 || (width && width <= INT32_MAX));
}

/* ---- the device ----------------------------------------------------------------- */

static void check_capability(const struct vc_capability *says)
{
	EXPECT(strlen(says->driver) < sizeof(says->driver));
	EXPECT(strlen(says->card) < sizeof(says->card));
	EXPECT(strlen(says->bus_info) < sizeof(says->bus_info));
}

static void open_device(uint32_t kind)
{
	int rc;

	if (is.dev)
		return;
	rc = vc_device_open_ops(&hostile_ops, NULL, "hostile", kind, &is.dev);
	check_answer(rc);
	if (rc < 0)
		is.dev = NULL;
	else
		check_capability(vc_device_capability(is.dev));
}

static void free_device(void)
{
	vc_device_free(is.dev);
	is.dev = NULL;
}

static void ask_device(struct input *in, uint8_t what)
{
	if (!is.dev)
		return;
	switch (what % 12) {
	case 0:
		return ask_formats(in);
	case 1:
		return exchange_format(in);
	case 2:
		return exchange_interval(in);
	case 3:
		return walk();
	case 4:
		return query(in);
	case 5:
		return exchange_values(in);
	case 6:
		return exchange_payload(in);
	case 7:
		return ask_events(in);
	case 8:
		return check_answer(vc_device_watch(is.dev, -1, EPOLL_CTL_ADD, EPOLLPRI));
	case 9:
		return vc_device_close(is.dev);
	case 10:
		return turn_knob(in);
	default:
		return ask_sensor();
	}
}

/* ---- all of it, in any order ---------------------------------------------------- */

static void ask_ring(struct input *in, uint8_t what)
{
	struct ring *ring = choose_ring(in);

	hostile.view = &ring->view;
	switch (what % 13) {
	case 0:
	case 1:
		return close_ring(ring);
	case 2:
		return free_ring(ring);
	case 3:
		return ref_ring(ring);
	case 4:
		return unref_ring(ring);
	case 5:
		return pin(in, ring);
	case 6:
		return wait_for_frame(ring);
	case 7:
	case 8:
		return start_ring(ring);
	case 12:
		EXPECT(!is_usable(ring) || vc_ring_age(ring->is) >= -1);
		return;
	default:
		return acquire(in, ring);
	}
}

static void do_something(struct input *in)
{
	uint8_t what = take8(in);

	hostile.view = NULL;
	switch (what >> 4) {
	case 0:
		return what & 8 ? free_device() : open_device(what & 4 ? VC_SUBDEVICE : VC_VIDEO);
	case 1:
	case 2:
		return ask_device(in, what & 15);
	case 3:
	case 4:
		return new_ring(in);
	case 5:
		return what & 8 ? ask_media(in) : hold(in);
	case 6:
		return copy(in);
	case 7:
		return unpin(&is.pins[what % MAX_PINS]);
	case 8:
	case 9:
	case 10:
		return release_one(in, what & 1);
	default:
		return ask_ring(in, what & 15);
	}
}

static void check_culprit(uint32_t request)
{
	EXPECT(request == 0 || request == (uint32_t)VIDIOC_DQBUF || request == (uint32_t)VIDIOC_QBUF);
}

static void check_ring(const struct ring *ring)
{
	struct vc_ring_stats stats;

	if (!is_usable(ring))
		return;
	EXPECT(vc_ring_leased(ring->is) == ring->leased);
	EXPECT(vc_ring_lease(ring->is, vc_ring_count(ring->is)) == NULL);
	vc_ring_stats(ring->is, &stats);
	EXPECT(stats.delivered == ring->delivered);
	check_culprit(vc_ring_culprit(ring->is));
}

static void check_all(void)
{
	uint32_t i, leased = 0;

	for (i = 0; i < MAX_RINGS; i++) {
		check_ring(&is.rings[i]);
		if (is.dev && is.rings[i].dev == is.dev)
			leased += is.rings[i].leased;
	}
	EXPECT(!is.dev || (uint32_t)vc_device_leased(is.dev) == leased);
}

static void release_all(void)
{
	uint32_t i;

	for (i = 0; i < MAX_RINGS; i++) {
		free_ring(&is.rings[i]);
		while (is.rings[i].refs)
			unref_ring(&is.rings[i]);
	}
	for (i = 0; i < MAX_LEASES; i++) {
		while (is.frames[i].lease)
			release(&is.frames[i], 0);
	}
	for (i = 0; i < MAX_PINS; i++)
		unpin(&is.pins[i]);
	free_device();
}

static void make_descriptors(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	is.epfd = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(is.epfd, EPOLL_CTL_ADD, eventfd(1, EFD_CLOEXEC), &event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	if (!is.epfd)
		make_descriptors();
	memset(&hostile, 0, sizeof(hostile));
	hostile.in = &in;
	open_device(VC_VIDEO);
	while (in.left) {
		do_something(&in);
		check_all();
	}
	release_all();
	EXPECT(hostile.opened == hostile.closed);
	EXPECT(hostile.mapped == 0);
	return 0;
}
