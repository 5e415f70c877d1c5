// SPDX-License-Identifier: GPL-2.0-only
/*
 * testcam: cameras with everything around them, for tests.
 *
 * One media device, "testcam", and in it for each camera n:
 *
 *	"testcam n"		video node; pictures from picture.c, which says what is
 *				in them
 *	"testcam sensor n"	subdevice, linked to the node: exposure in lines, gain,
 *				blanking
 *	"testcam lens n"	subdevice, tied to the sensor by an ancillary link
 *	"testcam flash n"	the same, with flash and torch
 *
 * A camera either has an image processor: the node then has camera controls,
 * automatic exposure, white balance and focus, and formats that need no more work; or
 * it is raw: the sensor's own format, and its own controls on the subdevices.
 *
 * Parameters, those with a list one value for each camera:
 *
 *	cameras=1	how many, up to 4
 *	raw=0,...	1: a raw camera
 *	lens=1,...	0: without
 *	flash=3,...	modes of the LED: 1 flash, 2 torch, 3 both; 0: without
 *	led=0,...	1: the LED is of the LED class, and no subdevice; see led.c
 *	soe=0,...	1: time stamps are of the start of exposure, else end of frame
 *	cooldown=100	ms from the end of a strobe until it can strobe again
 *
 * Controls of its own, on each node, say what the camera looks at: "Scene Light",
 * "Scene Colour Temperature", "Scene Focus Position" (the lens position that is
 * sharp).  "Inject Fault" breaks a flash.
 *
 * The pictures follow light and controls with the delays of a real camera, and the
 * frames have the time stamps they should have, however busy the machine is.
 *
 * Everything can be unbound while it is open and streams; the memory goes with the
 * last one that has a node open.
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "testcam.h"

static unsigned int cameras = 1;
module_param(cameras, uint, 0444);
MODULE_PARM_DESC(cameras, "number of cameras, 1 to 4");

static bool raw[TESTCAM_MOST];
module_param_array(raw, bool, NULL, 0444);
MODULE_PARM_DESC(raw, "for each camera: without an image processor");

static bool lens[TESTCAM_MOST] = { true, true, true, true };
module_param_array(lens, bool, NULL, 0444);
MODULE_PARM_DESC(lens, "for each camera: with a lens that moves");

static unsigned int flash[TESTCAM_MOST] = { 3, 3, 3, 3 };
module_param_array(flash, uint, NULL, 0444);
MODULE_PARM_DESC(flash, "for each camera: modes of its LED, 1 flash, 2 torch, 3 both, 0 none");

static bool led[TESTCAM_MOST];
module_param_array(led, bool, NULL, 0444);
MODULE_PARM_DESC(led, "for each camera: its LED is of the LED class, and no subdevice");

static bool soe[TESTCAM_MOST];
module_param_array(soe, bool, NULL, 0444);
MODULE_PARM_DESC(soe, "for each camera: time stamps of the start of exposure");

static unsigned int cooldown = 100;
module_param(cooldown, uint, 0444);
MODULE_PARM_DESC(cooldown, "ms after a strobe until the next one");

static int init_camera(struct testcam *testcam, unsigned int number)
{
	struct testcam_camera *camera = &testcam->camera[number];
	int rc;

	camera->testcam = testcam;
	camera->number = number;
	camera->raw = raw[number];
	camera->has_lens = lens[number];
	camera->flash_modes = flash[number] & 3;
	camera->is_led = led[number] && (camera->flash_modes & 2);
	mutex_init(&camera->lock);
	spin_lock_init(&camera->buffers_lock);
	spin_lock_init(&camera->moments);
	INIT_LIST_HEAD(&camera->buffers);

	rc = testcam_sensor_init(camera);
	if (!rc)
		rc = testcam_lens_init(camera);
	if (!rc)
		rc = testcam_flash_init(camera);
	if (!rc)
		rc = testcam_controls_init(camera);
	if (!rc)
		rc = testcam_video_init(camera, soe[number]);
	return rc;
}

/* The last user is gone, or the first one never came. */
static void release(struct v4l2_device *v4l2_dev)
{
	struct testcam *testcam = container_of(v4l2_dev, struct testcam, v4l2_dev);
	unsigned int i;

	for (i = 0; i < testcam->count; i++) {
		struct testcam_camera *camera = &testcam->camera[i];

		testcam_controls_free(camera);
		testcam_flash_free(camera);
		testcam_lens_free(camera);
		testcam_sensor_free(camera);
		mutex_destroy(&camera->lock);
	}
	media_device_cleanup(&testcam->mdev);
	kfree(testcam);
}

/*
 * The node goes before the entity does: the core looks at the entity when somebody
 * opens the node.  The core knows neither of a node that is gone already nor that
 * its last user may leave just now, hence the reference.
 */
static void unregister_subdevice(struct v4l2_subdev *sd)
{
	struct video_device *node = sd->devnode;

	if (node) {
		get_device(&node->dev);
		video_unregister_device(node);
	}
	v4l2_device_unregister_subdev(sd);
	if (node)
		put_device(&node->dev);
}

/* The nodes go, for those who have them open, too. */
static void unregister(struct testcam *testcam)
{
	unsigned int i;

	for (i = 0; i < testcam->count; i++) {
		struct testcam_camera *camera = &testcam->camera[i];

		vb2_video_unregister_device(&camera->vdev);
		testcam_led_unregister(camera);
		unregister_subdevice(&camera->flash.sd);
		unregister_subdevice(&camera->lens.sd);
		unregister_subdevice(&camera->sensor.sd);
	}
	media_device_unregister(&testcam->mdev);
	v4l2_device_unregister(&testcam->v4l2_dev);
}

static int probe(struct platform_device *device)
{
	struct testcam *testcam;
	unsigned int i;
	int rc;

	testcam = kzalloc(sizeof(*testcam), GFP_KERNEL);
	if (!testcam)
		return -ENOMEM;
	testcam->cooldown = cooldown;
	testcam->mdev.dev = &device->dev;
	strscpy(testcam->mdev.model, "testcam", sizeof(testcam->mdev.model));
	media_device_init(&testcam->mdev);
	testcam->v4l2_dev.mdev = &testcam->mdev;
	testcam->v4l2_dev.release = release;
	rc = v4l2_device_register(&device->dev, &testcam->v4l2_dev);
	if (rc) {
		media_device_cleanup(&testcam->mdev);
		kfree(testcam);
		return rc;
	}

	for (i = 0; i < clamp(cameras, 1U, (unsigned int)TESTCAM_MOST); i++) {
		testcam->count = i + 1;
		rc = init_camera(testcam, i);
		if (rc)
			goto err;
	}
	for (i = 0; i < testcam->count; i++) {
		rc = testcam_video_register(&testcam->camera[i]);
		if (rc)
			goto err;
	}
	rc = v4l2_device_register_subdev_nodes(&testcam->v4l2_dev);
	if (rc)
		goto err;
	rc = media_device_register(&testcam->mdev);
	if (rc)
		goto err;
	platform_set_drvdata(device, testcam);
	return 0;

err:
	unregister(testcam);
	v4l2_device_put(&testcam->v4l2_dev);
	return rc;
}

static int remove(struct platform_device *device)
{
	struct testcam *testcam = platform_get_drvdata(device);

	unregister(testcam);
	v4l2_device_put(&testcam->v4l2_dev);
	return 0;
}

static struct platform_driver driver = {
	.probe = probe,
	.remove = remove,
	.driver = {
		.name = KBUILD_MODNAME,
	},
};

static struct platform_device *device;

static int __init testcam_init(void)
{
	int rc = platform_driver_register(&driver);

	if (rc)
		return rc;
	device = platform_device_register_simple(KBUILD_MODNAME, 0, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}

static void __exit testcam_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}

module_init(testcam_init);
module_exit(testcam_exit);

MODULE_DESCRIPTION("Cameras with sensor, lens and flash, for tests");
MODULE_VERSION("1.0");	/* with it comes srcversion, which names the build */
MODULE_LICENSE("GPL");
