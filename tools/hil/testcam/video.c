// SPDX-License-Identifier: GPL-2.0-only
/*
 * The video node: formats, buffers, and the thread that makes the frames.
 *
 * Frame n ends at E(n), when its last line is read out.  All lines are exposed at the
 * same time, until readout begins, that is height lines before E(n).  E(n + 1) is
 * (height + VBLANK) lines later.  A thread that is late by whole frames leaves them
 * out: the sequence number has a gap.  So has it where there was no buffer.
 */
#include <linux/gcd.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-vmalloc.h>

#include "testcam.h"

/* What one unit of light for 1 us at gain 1.0 does to the grey card: 1/40000 luma steps. */
#define LIGHT_PER_LUMA	40000
#define LED_KELVIN	5500

struct buffer {
	struct vb2_v4l2_buffer vb;
	struct list_head list;
};

static const struct {
	u32 pixelformat;
	unsigned int bytes;	/* for each pixel */
	bool raw;
} formats[] = {
	{ V4L2_PIX_FMT_YUYV, 2, false },
	{ V4L2_PIX_FMT_GREY, 1, false },
	{ V4L2_PIX_FMT_SGRBG8, 1, true },
	{ V4L2_PIX_FMT_SGRBG10, 2, true },
};

#define RAW_FORMATS_FROM 2

static const u32 frame_rates[] = { 30, 15, 5 };

/* ---- the thread ---- */

static u32 share(u64 part, u64 whole)
{
	return whole ? div64_u64(part * 255, whole) : 0;
}

/* What the exposure of a frame gathers. */
static void expose(struct testcam_camera *camera, struct testcam_frame *frame)
{
	const struct testcam_history *lights = &camera->lights;
	u64 whole = frame->end - frame->begin, ambient, torch, strobe, external;
	const struct testcam_moment *moment;

	moment = testcam_history_at(&camera->scenes, frame->begin + whole / 2);
	frame->scene_focus = moment->value[2];
	frame->temperature = moment->value[1];
	ambient = moment->value[0] * whole;
	torch = testcam_history_sum(lights, TESTCAM_TORCH, frame->begin, frame->end);
	strobe = testcam_history_sum(lights, TESTCAM_STROBE, frame->begin, frame->end);
	frame->torch_share = share(testcam_history_time(lights, TESTCAM_TORCH, frame->begin,
							frame->end), whole);
	frame->strobe_share = share(testcam_history_time(lights, TESTCAM_STROBE, frame->begin,
							 frame->end), whole);
	external = testcam_history_at(lights, frame->begin)->value[TESTCAM_EXTERNAL];
	if (external) {
		u64 lit = min(whole, camera->flash.external_limit);

		strobe += external * lit;
		frame->strobe_share = share(lit, whole);
	}
	frame->focus = testcam_lens_position(camera, frame->end);

	whole = ambient + torch + strobe;
	if (whole)
		frame->temperature =
			div64_u64(ambient * frame->temperature + (torch + strobe) * LED_KELVIN,
				  whole);
	/* At most 16000 for 1 s at gain 8.0, in 1/256 luma steps: there is room in 64 bits. */
	frame->signal = min_t(u64, U32_MAX,
			      div_u64(div_u64(whole * frame->gain * 256, TESTCAM_GAIN_ONE),
				      LIGHT_PER_LUMA * NSEC_PER_USEC));
}

/* Timing and light of the frame that ends at @end; @latched: two frames ends before. */
static void describe(struct testcam_camera *camera, struct testcam_frame *frame, u64 end,
		     u64 latched)
{
	const struct testcam_sensor *sensor = &camera->sensor;
	u32 most = READ_ONCE(sensor->frame_length) - TESTCAM_MARGIN;
	const struct testcam_moment *moment;

	spin_lock(&camera->moments);
	moment = testcam_history_at(&camera->exposures, latched);
	frame->lines = min(moment->value[0], most);
	frame->gain = moment->value[1];
	frame->end = end - testcam_sensor_ns(sensor, sensor->mode->height);
	frame->begin = frame->end - testcam_sensor_ns(sensor, frame->lines);
	expose(camera, frame);
	spin_unlock(&camera->moments);
}

/* What the flash has to know of the frame after this one. */
static void announce(struct testcam_camera *camera, u64 end, u64 latched)
{
	const struct testcam_sensor *sensor = &camera->sensor;
	u32 lines;

	spin_lock(&camera->moments);
	lines = testcam_history_at(&camera->exposures, latched)->value[0];
	camera->next_end = end - testcam_sensor_ns(sensor, sensor->mode->height);
	camera->next_begin = camera->next_end - testcam_sensor_ns(sensor, lines);
	spin_unlock(&camera->moments);
}

static struct buffer *take_buffer(struct testcam_camera *camera)
{
	struct buffer *buffer;

	spin_lock(&camera->buffers_lock);
	buffer = list_first_entry_or_null(&camera->buffers, struct buffer, list);
	if (buffer)
		list_del(&buffer->list);
	spin_unlock(&camera->buffers_lock);
	return buffer;
}

static void give_back_all(struct testcam_camera *camera, enum vb2_buffer_state state)
{
	struct buffer *buffer;

	while ((buffer = take_buffer(camera)))
		vb2_buffer_done(&buffer->vb.vb2_buf, state);
}

static void make_frame(struct testcam_camera *camera, u64 end, u64 latched)
{
	bool at_begin = camera->queue.timestamp_flags & V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
	struct testcam_frame frame = {
		.camera = camera->number,
		.sequence = camera->sequence,
	};
	struct buffer *buffer = take_buffer(camera);

	describe(camera, &frame, end, latched);
	testcam_controls_frame(camera, &frame);
	if (!buffer)
		return;
	testcam_canvas_draw(&camera->canvas, &frame, vb2_plane_vaddr(&buffer->vb.vb2_buf, 0));
	vb2_set_plane_payload(&buffer->vb.vb2_buf, 0, camera->format.sizeimage);
	buffer->vb.vb2_buf.timestamp = at_begin ? frame.begin : end;
	buffer->vb.sequence = frame.sequence;
	buffer->vb.field = V4L2_FIELD_NONE;
	vb2_buffer_done(&buffer->vb.vb2_buf, VB2_BUF_STATE_DONE);
}

static void sleep_until(u64 when)
{
	ktime_t time = ns_to_ktime(when);

	set_current_state(TASK_INTERRUPTIBLE);
	if (!kthread_should_stop())
		schedule_hrtimeout(&time, HRTIMER_MODE_ABS);
	__set_current_state(TASK_RUNNING);
}

static u64 period(const struct testcam_camera *camera)
{
	return testcam_sensor_ns(&camera->sensor, READ_ONCE(camera->sensor.frame_length));
}

static int make_frames(void *data)
{
	struct testcam_camera *camera = data;
	u64 before = ktime_get_ns();	/* ends of the last two frames */
	u64 last = before;
	u64 end = last + period(camera) +
		  testcam_sensor_ns(&camera->sensor, camera->sensor.mode->height);

	announce(camera, end, before);
	for (;;) {
		u64 next;

		sleep_until(end);
		if (kthread_should_stop())
			break;
		if (ktime_get_ns() < end)
			continue;
		next = end + period(camera);
		announce(camera, next, last);
		if (next > ktime_get_ns())
			make_frame(camera, end, before);
		camera->sequence++;
		before = last;
		last = end;
		end = next;
	}
	return 0;
}

/* ---- queue ---- */

static int setup_queue(struct vb2_queue *queue, unsigned int *buffers, unsigned int *planes,
		       unsigned int sizes[], struct device *devices[])
{
	struct testcam_camera *camera = vb2_get_drv_priv(queue);

	if (*planes)
		return sizes[0] < camera->format.sizeimage ? -EINVAL : 0;
	*planes = 1;
	sizes[0] = camera->format.sizeimage;
	return 0;
}

static int prepare_buffer(struct vb2_buffer *vb)
{
	struct testcam_camera *camera = vb2_get_drv_priv(vb->vb2_queue);

	return vb2_plane_size(vb, 0) < camera->format.sizeimage ? -EINVAL : 0;
}

static void queue_buffer(struct vb2_buffer *vb)
{
	struct testcam_camera *camera = vb2_get_drv_priv(vb->vb2_queue);
	struct buffer *buffer = container_of(to_vb2_v4l2_buffer(vb), struct buffer, vb);

	spin_lock(&camera->buffers_lock);
	list_add_tail(&buffer->list, &camera->buffers);
	spin_unlock(&camera->buffers_lock);
}

static int start(struct vb2_queue *queue, unsigned int count)
{
	struct testcam_camera *camera = vb2_get_drv_priv(queue);
	int rc;

	rc = testcam_canvas_init(&camera->canvas, &camera->format);
	if (rc)
		goto err_buffers;
	camera->sequence = 0;
	camera->thread = kthread_run(make_frames, camera, "testcam-%u", camera->number);
	if (IS_ERR(camera->thread)) {
		rc = PTR_ERR(camera->thread);
		goto err_canvas;
	}
	return 0;

err_canvas:
	testcam_canvas_free(&camera->canvas);
err_buffers:
	give_back_all(camera, VB2_BUF_STATE_QUEUED);
	return rc;
}

static void stop(struct vb2_queue *queue)
{
	struct testcam_camera *camera = vb2_get_drv_priv(queue);

	kthread_stop(camera->thread);
	spin_lock(&camera->moments);
	camera->next_begin = camera->next_end = 0;
	spin_unlock(&camera->moments);
	testcam_canvas_free(&camera->canvas);
	give_back_all(camera, VB2_BUF_STATE_ERROR);
}

static const struct vb2_ops queue_ops = {
	.queue_setup = setup_queue,
	.buf_prepare = prepare_buffer,
	.buf_queue = queue_buffer,
	.start_streaming = start,
	.stop_streaming = stop,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

/* ---- ioctls ---- */

static int query_capability(struct file *file, void *fh, struct v4l2_capability *capability)
{
	struct testcam_camera *camera = video_drvdata(file);

	strscpy(capability->driver, KBUILD_MODNAME, sizeof(capability->driver));
	snprintf(capability->card, sizeof(capability->card), "Test camera %u", camera->number);
	return 0;
}

static int enumerate_inputs(struct file *file, void *fh, struct v4l2_input *input)
{
	if (input->index)
		return -EINVAL;
	input->type = V4L2_INPUT_TYPE_CAMERA;
	strscpy(input->name, "Camera", sizeof(input->name));
	return 0;
}

static int get_input(struct file *file, void *fh, unsigned int *number)
{
	*number = 0;
	return 0;
}

static int set_input(struct file *file, void *fh, unsigned int number)
{
	return number ? -EINVAL : 0;
}

static unsigned int first_format(const struct testcam_camera *camera)
{
	return camera->raw ? RAW_FORMATS_FROM : 0;
}

static int enumerate_formats(struct file *file, void *fh, struct v4l2_fmtdesc *format)
{
	unsigned int number = first_format(video_drvdata(file)) + format->index;

	if (format->index >= ARRAY_SIZE(formats) || number >= ARRAY_SIZE(formats))
		return -EINVAL;
	format->pixelformat = formats[number].pixelformat;
	return 0;
}

/* The index of a format this node has, or of its first one. */
static unsigned int find_format(const struct testcam_camera *camera, u32 pixelformat)
{
	unsigned int number;

	for (number = first_format(camera); number < ARRAY_SIZE(formats); number++)
		if (formats[number].pixelformat == pixelformat)
			return number;
	return first_format(camera);
}

static const struct testcam_mode *fill_format(const struct testcam_camera *camera,
					      struct v4l2_pix_format *pix)
{
	const struct testcam_mode *mode = v4l2_find_nearest_size(
		testcam_modes, TESTCAM_MODES, width, height, pix->width, pix->height);
	unsigned int number = find_format(camera, pix->pixelformat);

	*pix = (struct v4l2_pix_format) {
		.width = mode->width,
		.height = mode->height,
		.pixelformat = formats[number].pixelformat,
		.field = V4L2_FIELD_NONE,
		.bytesperline = mode->width * formats[number].bytes,
		.sizeimage = mode->width * mode->height * formats[number].bytes,
		.colorspace = formats[number].raw ? V4L2_COLORSPACE_RAW : V4L2_COLORSPACE_SRGB,
		.ycbcr_enc = V4L2_YCBCR_ENC_601,
		.quantization = V4L2_QUANTIZATION_FULL_RANGE,
		.xfer_func = V4L2_XFER_FUNC_NONE,
	};
	return mode;
}

static int get_format(struct file *file, void *fh, struct v4l2_format *format)
{
	struct testcam_camera *camera = video_drvdata(file);

	format->fmt.pix = camera->format;
	return 0;
}

static int try_format(struct file *file, void *fh, struct v4l2_format *format)
{
	fill_format(video_drvdata(file), &format->fmt.pix);
	return 0;
}

static int set_format(struct file *file, void *fh, struct v4l2_format *format)
{
	struct testcam_camera *camera = video_drvdata(file);
	const struct testcam_mode *mode;

	if (vb2_is_busy(&camera->queue))
		return -EBUSY;
	mode = fill_format(camera, &format->fmt.pix);
	camera->format = format->fmt.pix;
	testcam_sensor_set_mode(camera, mode);
	testcam_controls_new_mode(camera);
	return 0;
}

static const struct testcam_mode *mode_of(u32 width, u32 height)
{
	unsigned int i;

	for (i = 0; i < TESTCAM_MODES; i++)
		if (testcam_modes[i].width == width && testcam_modes[i].height == height)
			return &testcam_modes[i];
	return NULL;
}

static bool has_format(const struct testcam_camera *camera, u32 pixelformat)
{
	return formats[find_format(camera, pixelformat)].pixelformat == pixelformat;
}

static int enumerate_sizes(struct file *file, void *fh, struct v4l2_frmsizeenum *size)
{
	if (size->index >= TESTCAM_MODES || !has_format(video_drvdata(file), size->pixel_format))
		return -EINVAL;
	size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
	size->discrete.width = testcam_modes[size->index].width;
	size->discrete.height = testcam_modes[size->index].height;
	return 0;
}

/* How many lines a frame has at a rate. */
static u32 lines_at(const struct testcam_mode *mode, u32 rate)
{
	return TESTCAM_PIXEL_RATE / (rate * mode->line_length);
}

/* The fastest rate is the first one that the mode has lines enough for. */
static unsigned int first_rate(const struct testcam_mode *mode)
{
	unsigned int i = 0;

	while (lines_at(mode, frame_rates[i]) < mode->frame_length)
		i++;
	return i;
}

static int enumerate_intervals(struct file *file, void *fh, struct v4l2_frmivalenum *interval)
{
	const struct testcam_mode *mode = mode_of(interval->width, interval->height);
	unsigned int number;

	if (!mode || !has_format(video_drvdata(file), interval->pixel_format))
		return -EINVAL;
	number = first_rate(mode) + interval->index;
	if (interval->index >= ARRAY_SIZE(frame_rates) || number >= ARRAY_SIZE(frame_rates))
		return -EINVAL;
	interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
	interval->discrete.numerator = 1;
	interval->discrete.denominator = frame_rates[number];
	return 0;
}

static int get_parameters(struct file *file, void *fh, struct v4l2_streamparm *parameters)
{
	struct testcam_camera *camera = video_drvdata(file);
	struct v4l2_captureparm *capture = &parameters->parm.capture;
	u32 pixels, divisor;

	if (parameters->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	pixels = READ_ONCE(camera->sensor.frame_length) * camera->sensor.mode->line_length;
	divisor = gcd(pixels, TESTCAM_PIXEL_RATE);
	*capture = (struct v4l2_captureparm) {
		.capability = V4L2_CAP_TIMEPERFRAME,
		.timeperframe = { pixels / divisor, TESTCAM_PIXEL_RATE / divisor },
	};
	return 0;
}

static int set_parameters(struct file *file, void *fh, struct v4l2_streamparm *parameters)
{
	struct testcam_camera *camera = video_drvdata(file);
	const struct v4l2_fract wanted = parameters->parm.capture.timeperframe;
	const struct testcam_mode *mode = camera->sensor.mode;
	unsigned int best = first_rate(mode), i;
	u64 least = U64_MAX;

	if (parameters->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	for (i = best; wanted.numerator && wanted.denominator && i < ARRAY_SIZE(frame_rates); i++) {
		u64 interval = NSEC_PER_SEC / frame_rates[i];
		u64 asked = div_u64((u64)wanted.numerator * NSEC_PER_SEC, wanted.denominator);
		u64 distance = interval > asked ? interval - asked : asked - interval;

		if (distance < least) {
			least = distance;
			best = i;
		}
	}
	testcam_sensor_set_frame_length(camera, lines_at(mode, frame_rates[best]));
	testcam_controls_new_mode(camera);
	return get_parameters(file, fh, parameters);
}

static const struct v4l2_ioctl_ops ioctl_ops = {
	.vidioc_querycap = query_capability,
	.vidioc_enum_input = enumerate_inputs,
	.vidioc_g_input = get_input,
	.vidioc_s_input = set_input,
	.vidioc_enum_fmt_vid_cap = enumerate_formats,
	.vidioc_g_fmt_vid_cap = get_format,
	.vidioc_try_fmt_vid_cap = try_format,
	.vidioc_s_fmt_vid_cap = set_format,
	.vidioc_enum_framesizes = enumerate_sizes,
	.vidioc_enum_frameintervals = enumerate_intervals,
	.vidioc_g_parm = get_parameters,
	.vidioc_s_parm = set_parameters,
	.vidioc_reqbufs = vb2_ioctl_reqbufs,
	.vidioc_create_bufs = vb2_ioctl_create_bufs,
	.vidioc_prepare_buf = vb2_ioctl_prepare_buf,
	.vidioc_querybuf = vb2_ioctl_querybuf,
	.vidioc_qbuf = vb2_ioctl_qbuf,
	.vidioc_dqbuf = vb2_ioctl_dqbuf,
	.vidioc_expbuf = vb2_ioctl_expbuf,
	.vidioc_streamon = vb2_ioctl_streamon,
	.vidioc_streamoff = vb2_ioctl_streamoff,
	.vidioc_log_status = v4l2_ctrl_log_status,
	.vidioc_subscribe_event = v4l2_ctrl_subscribe_event,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
};

static const struct v4l2_file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = v4l2_fh_open,
	.release = vb2_fop_release,
	.unlocked_ioctl = video_ioctl2,
	.mmap = vb2_fop_mmap,
	.poll = vb2_fop_poll,
};

int testcam_video_init(struct testcam_camera *camera, bool start_of_exposure)
{
	struct video_device *vdev = &camera->vdev;
	struct vb2_queue *queue = &camera->queue;
	int rc;

	fill_format(camera, &camera->format);

	queue->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	queue->io_modes = VB2_MMAP | VB2_DMABUF;
	queue->drv_priv = camera;
	queue->buf_struct_size = sizeof(struct buffer);
	queue->ops = &queue_ops;
	queue->mem_ops = &vb2_vmalloc_memops;
	queue->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	if (start_of_exposure)
		queue->timestamp_flags |= V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
	queue->min_buffers_needed = 1;
	queue->lock = &camera->lock;
	rc = vb2_queue_init(queue);
	if (rc)
		return rc;

	snprintf(vdev->name, sizeof(vdev->name), "testcam %u", camera->number);
	vdev->fops = &file_ops;
	vdev->ioctl_ops = &ioctl_ops;
	vdev->release = video_device_release_empty;	/* the whole is freed when all are gone */
	vdev->v4l2_dev = &camera->testcam->v4l2_dev;
	vdev->ctrl_handler = &camera->controls.handler;
	vdev->queue = queue;
	vdev->lock = &camera->lock;
	vdev->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
	video_set_drvdata(vdev, camera);
	camera->pad.flags = MEDIA_PAD_FL_SINK;
	return media_entity_pads_init(&vdev->entity, 1, &camera->pad);
}

/* Make the node, and tie the camera's parts together.  There is nothing to enable. */
int testcam_video_register(struct testcam_camera *camera)
{
	struct media_entity *sensor = &camera->sensor.sd.entity;
	int rc;

	rc = video_register_device(&camera->vdev, VFL_TYPE_VIDEO, -1);
	if (rc)
		return rc;
	rc = media_create_pad_link(sensor, 0, &camera->vdev.entity, 0,
				   MEDIA_LNK_FL_ENABLED | MEDIA_LNK_FL_IMMUTABLE);
	if (rc)
		return rc;
	if (camera->has_lens &&
	    IS_ERR(media_create_ancillary_link(sensor, &camera->lens.sd.entity)))
		return -ENOMEM;
	if (camera->flash_modes && !camera->is_led &&
	    IS_ERR(media_create_ancillary_link(sensor, &camera->flash.sd.entity)))
		return -ENOMEM;
	return 0;
}
