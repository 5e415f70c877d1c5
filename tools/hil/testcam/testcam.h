/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * testcam: what its parts know of each other.  driver.c says what the module is.
 *
 * Locks, outermost first:
 *	camera->lock		the node: format, queue
 *	controls.handler	the node's controls; the image processor's state
 *	sensor.handler, lens.handler, flash.handler
 *	camera->moments		histories; spin lock, held for a look only
 * The thread that makes the pictures takes all but the first, so that the first may
 * be held while it is waited for.
 */
#ifndef TESTCAM_H
#define TESTCAM_H

#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/leds.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <media/media-device.h>
#include <media/media-entity.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-device.h>
#include <media/v4l2-subdev.h>
#include <media/videobuf2-v4l2.h>

#define TESTCAM_MOST 4

/* Controls that change the scene, and one that breaks the flash. */
#define TESTCAM_CID_BASE		(V4L2_CID_USER_BASE + 0xe000)
#define TESTCAM_CID_SCENE_LIGHT		(TESTCAM_CID_BASE + 0)
#define TESTCAM_CID_SCENE_TEMPERATURE	(TESTCAM_CID_BASE + 1)
#define TESTCAM_CID_SCENE_FOCUS		(TESTCAM_CID_BASE + 2)
#define TESTCAM_CID_INJECT_FAULT	(V4L2_CID_FLASH_CLASS_BASE + 0x1000)

/* What a control is once @changed is set; 0 where there is no such control. */
static inline s32 testcam_value(const struct v4l2_ctrl *ctrl, const struct v4l2_ctrl *changed)
{
	if (!ctrl)
		return 0;
	return ctrl == changed ? ctrl->val : ctrl->cur.val;
}

/* ---- history.c: a value over time ---- */

#define TESTCAM_VALUES	3
#define TESTCAM_MOMENTS	64

struct testcam_moment {
	u64 at;			/* ns, CLOCK_MONOTONIC */
	u32 value[TESTCAM_VALUES];
};

struct testcam_history {
	unsigned int first;	/* numbers of moments; the ring keeps the last ones */
	unsigned int end;
	struct testcam_moment ring[TESTCAM_MOMENTS];
};

void testcam_history_add(struct testcam_history *history, u64 at, u32 a, u32 b, u32 c);
const struct testcam_moment *testcam_history_at(const struct testcam_history *history, u64 at);
u64 testcam_history_sum(const struct testcam_history *history, unsigned int which, u64 from,
			u64 to);
u64 testcam_history_time(const struct testcam_history *history, unsigned int which, u64 from,
			 u64 to);

/* ---- sensor.c ---- */

#define TESTCAM_PIXEL_RATE	180000000
#define TESTCAM_MARGIN		4	/* lines of a frame in which the sensor cannot expose */
#define TESTCAM_EXPOSURE_MIN	4
#define TESTCAM_GAIN_ONE	16	/* the gain code that means 1.0 */
#define TESTCAM_GAIN_MAX	128

struct testcam_mode {
	u32 width;
	u32 height;
	u32 line_length;	/* pixels, blanking included */
	u32 frame_length;	/* lines, the least */
};

#define TESTCAM_MODES	4
extern const struct testcam_mode testcam_modes[TESTCAM_MODES];

struct testcam_sensor {
	struct v4l2_subdev sd;
	struct media_pad pad;
	struct v4l2_ctrl_handler handler;
	struct v4l2_ctrl *exposure;
	struct v4l2_ctrl *gain;
	struct v4l2_ctrl *vblank;
	struct v4l2_ctrl *hblank;
	const struct testcam_mode *mode;
	u32 frame_length;	/* lines, blanking included */
};

struct testcam_camera;

int testcam_sensor_init(struct testcam_camera *camera);
void testcam_sensor_free(struct testcam_camera *camera);
void testcam_sensor_set_mode(struct testcam_camera *camera, const struct testcam_mode *mode);
void testcam_sensor_set_frame_length(struct testcam_camera *camera, u32 lines);
void testcam_sensor_set_exposure(struct testcam_camera *camera, u32 lines);
void testcam_sensor_set_gain(struct testcam_camera *camera, u32 code);
u64 testcam_sensor_ns(const struct testcam_sensor *sensor, u32 lines);

/* ---- lens.c ---- */

#define TESTCAM_FOCUS_MAX	1023

struct testcam_lens {
	struct v4l2_subdev sd;
	struct v4l2_ctrl_handler handler;
	struct v4l2_ctrl *focus;
};

int testcam_lens_init(struct testcam_camera *camera);
void testcam_lens_free(struct testcam_camera *camera);
u32 testcam_lens_position(const struct testcam_camera *camera, u64 at);

/* ---- flash.c ---- */

/* The external strobe lights only while the sensor exposes. */
enum testcam_light { TESTCAM_TORCH, TESTCAM_STROBE, TESTCAM_EXTERNAL };

struct testcam_flash {
	struct v4l2_subdev sd;
	struct v4l2_ctrl_handler handler;
	struct v4l2_ctrl *mode;
	struct v4l2_ctrl *source;
	struct v4l2_ctrl *timeout;
	struct v4l2_ctrl *intensity;
	struct v4l2_ctrl *torch_intensity;
	struct v4l2_ctrl *charge;
	u32 faults;
	u64 ready_at;
	u64 external_limit;	/* ns that one strobe of the sensor's pin may last */
	struct led_classdev led;	/* in place of sd, where the camera has led=1 */
	char led_name[32];
};

int testcam_flash_init(struct testcam_camera *camera);
void testcam_flash_free(struct testcam_camera *camera);

/* ---- led.c ---- */

int testcam_led_register(struct testcam_camera *camera);
void testcam_led_unregister(struct testcam_camera *camera);

/* ---- image_processor.c: the node's controls, and what turns them into pictures ---- */

struct testcam_controls {
	struct v4l2_ctrl_handler handler;

	struct v4l2_ctrl *scene_light;
	struct v4l2_ctrl *scene_temperature;
	struct v4l2_ctrl *scene_focus;

	struct v4l2_ctrl *brightness;
	struct v4l2_ctrl *contrast;
	struct v4l2_ctrl *saturation;
	struct v4l2_ctrl *sharpness;
	struct v4l2_ctrl *zoom;
	struct v4l2_ctrl *pan;
	struct v4l2_ctrl *tilt;
	struct v4l2_ctrl *bias;
	struct v4l2_ctrl *lock;
	struct v4l2_ctrl *focus_status;
	struct { /* clusters: the master comes first */
		struct v4l2_ctrl *exposure_auto;
		struct v4l2_ctrl *exposure;
	};
	struct {
		struct v4l2_ctrl *iso_auto;
		struct v4l2_ctrl *iso;
	};
	struct {
		struct v4l2_ctrl *white_auto;
		struct v4l2_ctrl *white;
	};
	struct {
		struct v4l2_ctrl *focus_auto;
		struct v4l2_ctrl *focus;
	};

	u32 white_balance;	/* K, in effect */
	bool white_once;
	bool focus_once;	/* AUTO_FOCUS_START was pressed and is not done */
	bool focus_moves;	/* the lens, by itself */
	unsigned int patience;	/* frames until focusing in the dark is given up */
};

/* What one frame was made with. */
struct testcam_frame {
	unsigned int camera;
	u32 sequence;
	u64 begin, end;		/* of the exposure, ns */
	u32 lines;
	u32 gain;
	u32 focus;
	u32 scene_focus;
	u32 torch_share;	/* of the exposure during which it was on, 0 to 255 */
	u32 strobe_share;
	u32 temperature;	/* of all the light together, K */
	u32 signal;		/* of the grey card, 1/256 of a luma step, not limited */

	u32 white_balance;	/* K; 0: none */
	s32 brightness;		/* the rest is 128 where it changes nothing */
	s32 contrast;
	s32 saturation;
	s32 sharpness;
	u32 zoom;		/* percent */
	s32 pan, tilt;		/* arc seconds */
};

int testcam_controls_init(struct testcam_camera *camera);
void testcam_controls_free(struct testcam_camera *camera);
void testcam_controls_new_mode(struct testcam_camera *camera);
void testcam_controls_frame(struct testcam_camera *camera, struct testcam_frame *frame);

/* ---- picture.c ---- */

struct testcam_canvas {
	u32 pixelformat;
	u32 width;
	u32 height;
	u32 stride;
	struct testcam_colour *colours;		/* of one row */
};

struct testcam_colour {
	u16 r, g, b;	/* 10 bits */
};

int testcam_canvas_init(struct testcam_canvas *canvas, const struct v4l2_pix_format *format);
void testcam_canvas_free(struct testcam_canvas *canvas);
void testcam_canvas_draw(struct testcam_canvas *canvas, const struct testcam_frame *frame,
			 u8 *picture);

/* ---- video.c ---- */

struct testcam_camera {
	struct testcam *testcam;
	unsigned int number;
	bool raw;
	bool has_lens;
	unsigned int flash_modes;	/* bits: 1 flash, 2 torch; 0: there is no flash */
	bool is_led;			/* the flash is of the LED class, and no subdevice */

	struct mutex lock;
	struct video_device vdev;
	struct media_pad pad;
	struct vb2_queue queue;
	struct v4l2_pix_format format;
	struct testcam_canvas canvas;
	struct task_struct *thread;
	spinlock_t buffers_lock;
	struct list_head buffers;
	u32 sequence;

	struct testcam_controls controls;
	struct testcam_sensor sensor;
	struct testcam_lens lens;
	struct testcam_flash flash;

	spinlock_t moments;
	struct testcam_history exposures;	/* lines, gain code */
	struct testcam_history scenes;		/* light, K, lens position that is sharp */
	struct testcam_history positions;	/* of the lens */
	struct testcam_history lights;		/* levels by enum testcam_light */
	u64 next_begin, next_end;		/* of the exposure that is next; 0: none */
};

int testcam_video_init(struct testcam_camera *camera, bool start_of_exposure);
int testcam_video_register(struct testcam_camera *camera);

/* ---- driver.c ---- */

struct testcam {
	struct v4l2_device v4l2_dev;
	struct media_device mdev;
	unsigned int cooldown;			/* ms after a strobe */
	unsigned int count;
	struct testcam_camera camera[TESTCAM_MOST];
};

#endif
