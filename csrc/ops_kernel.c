/* SPDX-License-Identifier: MIT */
/* The kernel as a camera: the only file that makes system calls. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "vc.h"

#define VIDEO_MAJOR 81 /* Documentation/admin-guide/devices.txt */

/* The node is the descriptor itself; + 1 keeps 0 apart from NULL. */
static int fd_of(void *node)
{
	return (int)(intptr_t)node - 1;
}

/* Media devices have no number of their own; the kernel tells which are. */
static int is_media(dev_t device)
{
	char path[64], target[256];
	const char *name;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/subsystem", major(device),
		 minor(device));
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return 0;
	target[length] = '\0';
	name = strrchr(target, '/');
	return name && strcmp(name, "/media") == 0;
}

/*
 * A device of another kind may act on being opened (a tape rewinds, a serial
 * line hangs up), so look before opening, and again after it, since a path can
 * be changed in between.
 */
static int check_kind(const struct stat *status, uint32_t kind)
{
	int is_video = major(status->st_rdev) == VIDEO_MAJOR;

	if (!S_ISCHR(status->st_mode))
		return -ENOTTY;
	return (kind == VC_MEDIA ? is_media(status->st_rdev) : is_video) ? 0 : -ENOTTY;
}

static int kernel_open(const char *path, uint32_t kind, void *camera, void **node)
{
	struct stat status;
	int fd, rc;

	(void)camera;
	if (stat(path, &status) < 0)
		return -errno;
	rc = check_kind(&status, kind);
	if (rc < 0)
		return rc;

	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	rc = fstat(fd, &status) < 0 ? -errno : check_kind(&status, kind);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	*node = (void *)(intptr_t)(fd + 1);
	return 0;
}

static void kernel_close(void *node)
{
	close(fd_of(node));
}

static int kernel_ioctl(void *node, unsigned long request, void *arg)
{
	int rc = ioctl(fd_of(node), request, arg);

	return rc < 0 ? -errno : rc;
}

static int kernel_map(void *node, size_t length, uint32_t offset, void **start)
{
	void *address;

	/* Some drivers refuse a mapping that is not writable. */
	address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_of(node), offset);
	if (address == MAP_FAILED)
		return -errno;
	*start = address;
	return 0;
}

static void kernel_unmap(void *start, size_t length)
{
	munmap(start, length);
}

static int kernel_watch(void *node, int epfd, int op, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd_of(node)};

	return epoll_ctl(epfd, op, fd_of(node), &event) < 0 ? -errno : 0;
}

static int64_t kernel_now(void *node)
{
	struct timespec now;

	(void)node;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const struct vc_ops vc_ops_kernel = {
	.open = kernel_open,
	.close = kernel_close,
	.ioctl = kernel_ioctl,
	.map = kernel_map,
	.unmap = kernel_unmap,
	.watch = kernel_watch,
	.now = kernel_now,
};
