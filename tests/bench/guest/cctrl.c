/* SPDX-License-Identifier: MIT */
/*
 * cctrl: what controls cost in C, as the yardstick for a library's.
 *
 *   cctrl DEVICE read [TIMES]     one value (brightness) by VIDIOC_G_EXT_CTRLS
 *   cctrl DEVICE set [TIMES]      one value by VIDIOC_S_EXT_CTRLS
 *   cctrl DEVICE read4 [TIMES]    four values in one VIDIOC_G_EXT_CTRLS
 *   cctrl DEVICE set4 [TIMES]     four values in one VIDIOC_S_EXT_CTRLS, and read back
 *   cctrl DEVICE change [TIMES]   one value by VIDIOC_S_EXT_CTRLS, and read back
 *   cctrl DEVICE walk [TIMES]     every control with its menu, no values
 *   cctrl DEVICE open [TIMES]     open, the same, and close
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
#include <unistd.h>

#include <linux/videodev2.h>

#define SEVERAL 4

/* In the order of the Python benchmark; all are in every vivid. */
static const unsigned int ids[SEVERAL] = {V4L2_CID_BRIGHTNESS, V4L2_CID_CONTRAST,
					  V4L2_CID_SATURATION, V4L2_CID_HUE};

static long cpu_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long exchange(int fd, unsigned long request, long count, int value)
{
	struct v4l2_ext_control list[SEVERAL];
	struct v4l2_ext_controls controls = {
		.which = V4L2_CTRL_WHICH_CUR_VAL, .count = count, .controls = list};

	memset(list, 0, sizeof(list));
	for (long i = 0; i < count; i++) {
		list[i].id = ids[i];
		list[i].value = value;
	}
	if (ioctl(fd, request, &controls) < 0) {
		perror("VIDIOC_G_EXT_CTRLS or VIDIOC_S_EXT_CTRLS");
		exit(1);
	}
	return count;
}

static long read_one(int fd, long turn)
{
	(void)turn;
	return exchange(fd, VIDIOC_G_EXT_CTRLS, 1, 0);
}

static long read_several(int fd, long turn)
{
	(void)turn;
	return exchange(fd, VIDIOC_G_EXT_CTRLS, SEVERAL, 0);
}

/* Another value each time, or the kernel would not ask the driver. */
static long set_one(int fd, long turn)
{
	return exchange(fd, VIDIOC_S_EXT_CTRLS, 1, 100 + (int)(turn & 1));
}

static long set_several(int fd, long turn)
{
	exchange(fd, VIDIOC_S_EXT_CTRLS, SEVERAL, 100 + (int)(turn & 1));
	return exchange(fd, VIDIOC_G_EXT_CTRLS, SEVERAL, 0);
}

static long walk(int fd, long turn)
{
	const unsigned int next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	struct v4l2_query_ext_ctrl query = {.id = next};
	long found = 0;

	(void)turn;
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

static long change_one(int fd, long turn)
{
	set_one(fd, turn);
	return read_one(fd, turn);
}

static const char *path;

static long open_and_walk(int fd, long turn)
{
	long found;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	found = walk(fd, turn);
	close(fd);
	return found;
}

static const struct job {
	const char *name;
	long (*run)(int fd, long turn);
} jobs[] = {
	{"read", read_one},	  {"set", set_one},	  {"read4", read_several},
	{"set4", set_several}, {"change", change_one}, {"walk", walk},
	{"open", open_and_walk}, {NULL, NULL},
};

int main(int argc, char **argv)
{
	long times = argc > 3 ? atol(argv[3]) : 20, started, found;
	const struct job *job = jobs;
	int fd;

	while (argc > 2 && job->name && strcmp(job->name, argv[2]))
		job++;
	if (argc < 3 || !job->name) {
		fprintf(stderr, "usage: cctrl DEVICE read|set|read4|set4|change|walk|open [TIMES]\n");
		return 2;
	}
	path = argv[1];
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	found = job->run(fd, 1); /* once for the caches */
	started = cpu_time();
	for (long i = 0; i < times; i++)
		job->run(fd, i);
	printf("{\"job\": \"%s\", \"answers\": %ld, \"instructions\": %.1f}\n", job->name, found,
	       (double)(cpu_time() - started) / times);
	return 0;
}
