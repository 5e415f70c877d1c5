/* SPDX-License-Identifier: MIT */
/*
 * cloop: the least a capture loop can do, which is poll, DQBUF, QBUF.
 *
 *   cloop DEVICE [WIDTH HEIGHT [FRAMES [touch]]]
 *
 * Four mapped buffers of YUYV, or of NM16 (two planes) from a multi-planar node.
 * With "touch" it reads every byte, as a program that looks at the picture would.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/videodev2.h>

#include "sum.h"

#define BUFFERS 4
#define PLANES 2

struct plane {
	const unsigned char *pixels;
	size_t size;
};

static void request(int fd, unsigned long number, void *argument, const char *name)
{
	if (ioctl(fd, number, argument) < 0) {
		perror(name);
		exit(1);
	}
}
#define REQUEST(number, argument) request(fd, number, argument, #number)

static struct plane map(int fd, size_t length, unsigned int offset)
{
	struct plane plane = {.size = length};

	plane.pixels = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (plane.pixels == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return plane;
}

static unsigned int set_format(int fd, int several, unsigned int width, unsigned int height)
{
	struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};

	if (several) {
		format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
		format.fmt.pix_mp.width = width;
		format.fmt.pix_mp.height = height;
		format.fmt.pix_mp.pixelformat = V4L2_PIX_FMT_NV16M;
	} else {
		format.fmt.pix.width = width;
		format.fmt.pix.height = height;
		format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	}
	REQUEST(VIDIOC_S_FMT, &format);
	return format.type;
}

int main(int argc, char **argv)
{
	unsigned int width = argc > 3 ? atoi(argv[2]) : 1280;
	unsigned int height = argc > 3 ? atoi(argv[3]) : 720;
	long frames = argc > 4 ? atol(argv[4]) : 230;
	int touch = argc > 5 && !strcmp(argv[5], "touch"), several, fd;
	struct v4l2_capability capability;
	struct v4l2_requestbuffers buffers = {.count = BUFFERS, .memory = V4L2_MEMORY_MMAP};
	struct v4l2_plane described[PLANES] = {{0}};
	struct v4l2_buffer buffer = {.memory = V4L2_MEMORY_MMAP};
	struct plane planes[BUFFERS][PLANES] = {{{0}}};
	struct pollfd ready = {.events = POLLIN};
	unsigned int type;
	uint64_t sum = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: cloop DEVICE [WIDTH HEIGHT [FRAMES [touch]]]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	REQUEST(VIDIOC_QUERYCAP, &capability);
	several = !(capability.device_caps & V4L2_CAP_VIDEO_CAPTURE);
	type = buffers.type = buffer.type = set_format(fd, several, width, height);
	if (several) {
		buffer.m.planes = described;
		buffer.length = PLANES;
	}
	REQUEST(VIDIOC_REQBUFS, &buffers);
	if (buffers.count != BUFFERS) {
		fprintf(stderr, "%u buffers instead of %d\n", buffers.count, BUFFERS);
		return 1;
	}
	for (buffer.index = 0; buffer.index < BUFFERS; buffer.index++) {
		REQUEST(VIDIOC_QUERYBUF, &buffer);
		if (several) {
			for (int i = 0; i < PLANES; i++)
				planes[buffer.index][i] =
					map(fd, described[i].length, described[i].m.mem_offset);
		} else {
			planes[buffer.index][0] = map(fd, buffer.length, buffer.m.offset);
		}
		REQUEST(VIDIOC_QBUF, &buffer);
	}
	REQUEST(VIDIOC_STREAMON, &type);

	ready.fd = fd;
	while (frames > 0) {
		if (poll(&ready, 1, 5000) <= 0) {
			fprintf(stderr, "no frame in 5 seconds\n");
			return 1;
		}
		if (ioctl(fd, VIDIOC_DQBUF, &buffer) < 0) {
			if (errno == EAGAIN)
				continue;
			perror("VIDIOC_DQBUF");
			return 1;
		}
		for (int i = 0; touch && i < PLANES; i++)
			sum += sum_words(planes[buffer.index][i].pixels,
					 planes[buffer.index][i].size);
		REQUEST(VIDIOC_QBUF, &buffer);
		frames--;
	}
	REQUEST(VIDIOC_STREAMOFF, &type);
	fprintf(stderr, "%ux%u, %llu\n", width, height, (unsigned long long)sum);
	return 0;
}
