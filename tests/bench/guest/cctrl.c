/* SPDX-License-Identifier: MIT */
/*
 * cctrl: what controls cost in C, as the yardstick for a library's.
 *
 *   cctrl DEVICE read [TIMES]     one value (brightness) by VIDIOC_G_EXT_CTRLS
 *   cctrl DEVICE walk [TIMES]     every control with its menu, no values
 *
 * Prints a line of JSON with the CPU time of one time in nanoseconds, which in
 * the counting guest of tools/hil are instructions.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/videodev2.h>

static long cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long read_one(int fd)
{
	struct v4l2_ext_control control = {.id = V4L2_CID_BRIGHTNESS};
	struct v4l2_ext_controls controls = {
		.which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1, .controls = &control};

	if (ioctl(fd, VIDIOC_G_EXT_CTRLS, &controls) < 0) {
		perror("VIDIOC_G_EXT_CTRLS");
		exit(1);
	}
	return 1;
}

static long walk(int fd)
{
	const unsigned int next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	struct v4l2_query_ext_ctrl query = {.id = next};
	long found = 0;

	while (ioctl(fd, VIDIOC_QUERY_EXT_CTRL, &query) == 0) {
		found++;
		if (query.type == V4L2_CTRL_TYPE_MENU ||
		    query.type == V4L2_CTRL_TYPE_INTEGER_MENU) {
			for (long i = query.minimum; i <= query.maximum; i++) {
				struct v4l2_querymenu menu = {.id = query.id, .index = i};

				if (ioctl(fd, VIDIOC_QUERYMENU, &menu) == 0)
					found++;
			}
		}
		query.id |= next;
	}
	return found;
}

int main(int argc, char **argv)
{
	long (*job)(int) = argc > 2 && !strcmp(argv[2], "walk") ? walk : read_one;
	long times = argc > 3 ? atol(argv[3]) : 20, started, found;
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: cctrl DEVICE read|walk [TIMES]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	found = job(fd); /* once for the caches */
	started = cpu_time();
	for (long i = 0; i < times; i++)
		job(fd);
	printf("{\"job\": \"%s\", \"answers\": %ld, \"instructions\": %.1f}\n", argv[2], found,
	       (double)(cpu_time() - started) / times);
	return 0;
}
