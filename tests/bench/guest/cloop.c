/* SPDX-License-Identifier: MIT */
/*
 * cloop: the least a capture loop can do, which is poll, DQBUF, QBUF.
 *
 *   cloop DEVICE [WIDTH HEIGHT [FRAMES [touch]]]
 *
 * YUYV, single-planar, four mapped buffers.  With "touch" it reads one byte of
 * each 64, as a program that looks at the picture would.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/videodev2.h>

#define BUFFERS 4

static void request(int fd, unsigned long number, void *argument, const char *name)
{
	if (ioctl(fd, number, argument) < 0) {
		perror(name);
		exit(1);
	}
}
#define REQUEST(number, argument) request(fd, number, argument, #number)

static unsigned int touch_all(const unsigned char *pixels, size_t size)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < size; i += 64)
		sum += pixels[i];
	return sum;
}

int main(int argc, char **argv)
{
	unsigned int type = V4L2_BUF_TYPE_VIDEO_CAPTURE, sum = 0;
	struct v4l2_format format = {.type = type};
	struct v4l2_requestbuffers buffers = {
		.count = BUFFERS, .type = type, .memory = V4L2_MEMORY_MMAP};
	struct v4l2_buffer buffer = {.type = type, .memory = V4L2_MEMORY_MMAP};
	const unsigned char *pixels[BUFFERS];
	long frames = argc > 4 ? atol(argv[4]) : 230;
	int touch = argc > 5 && !strcmp(argv[5], "touch");
	struct pollfd ready = {.events = POLLIN};
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: cloop DEVICE [WIDTH HEIGHT [FRAMES [touch]]]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	format.fmt.pix.width = argc > 3 ? atoi(argv[2]) : 1280;
	format.fmt.pix.height = argc > 3 ? atoi(argv[3]) : 720;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	REQUEST(VIDIOC_S_FMT, &format);
	REQUEST(VIDIOC_REQBUFS, &buffers);
	if (buffers.count != BUFFERS) {
		fprintf(stderr, "%u buffers instead of %d\n", buffers.count, BUFFERS);
		return 1;
	}
	for (buffer.index = 0; buffer.index < BUFFERS; buffer.index++) {
		REQUEST(VIDIOC_QUERYBUF, &buffer);
		pixels[buffer.index] = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE,
					    MAP_SHARED, fd, buffer.m.offset);
		if (pixels[buffer.index] == MAP_FAILED) {
			perror("mmap");
			return 1;
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
		if (touch)
			sum += touch_all(pixels[buffer.index], buffer.bytesused);
		REQUEST(VIDIOC_QBUF, &buffer);
		frames--;
	}
	REQUEST(VIDIOC_STREAMOFF, &type);
	fprintf(stderr, "%ux%u, %u\n", format.fmt.pix.width, format.fmt.pix.height, sum);
	return 0;
}
