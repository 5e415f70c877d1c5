/* SPDX-License-Identifier: MIT */
/*
 * The memory of a queue: one memfd for all its buffers, so that a mapping is a
 * real one and outlives everything else.  Who maps it is written down in one
 * list for the process, because an unmap knows nothing but the address.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

struct sim_memory {
	atomic_uint refs; /* the queue, and each mapping */
	const struct vc_sim *camera; /* only to compare; it may be gone */
	int fd;
	size_t size;
	uint8_t *start;
};

struct mapping {
	struct mapping *next;
	struct sim_memory *memory;
	void *start;
	uint32_t offset;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping *mappings;

/* A child inherits the mappings, but counts only its own. */
static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
	pthread_mutex_init(&lock, NULL);
	mappings = NULL;
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

int sim_memory_new(struct vc_sim *sim, size_t size, struct sim_memory **out)
{
	struct sim_memory *memory;
	void *start;
	int rc;

	memory = calloc(1, sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	atomic_init(&memory->refs, 1);
	memory->camera = sim;
	memory->size = size;
	memory->fd = memfd_create("v4l2capture-sim", MFD_CLOEXEC);
	if (memory->fd < 0) {
		rc = -errno;
		goto err_free;
	}
	if (ftruncate(memory->fd, (off_t)size) < 0) {
		rc = -errno;
		goto err_close;
	}
	start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0);
	if (start == MAP_FAILED) {
		rc = -errno;
		goto err_close;
	}
	memory->start = start;
	*out = memory;
	return 0;

err_close:
	close(memory->fd);
err_free:
	free(memory);
	return rc;
}

void sim_memory_unref(struct sim_memory *memory)
{
	if (!memory || atomic_fetch_sub(&memory->refs, 1) != 1)
		return;
	munmap(memory->start, memory->size);
	close(memory->fd);
	free(memory);
}

uint8_t *sim_memory_start(struct sim_memory *memory)
{
	return memory->start;
}

/* Read-only, unlike a driver's: who writes into a frame shall notice. */
int sim_memory_map(struct sim_memory *memory, size_t length, uint32_t offset, void **start)
{
	struct mapping *mapping;
	void *address;

	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return -ENOMEM;
	address = mmap(NULL, length, PROT_READ, MAP_SHARED, memory->fd, offset);
	if (address == MAP_FAILED) {
		free(mapping);
		return -errno;
	}
	atomic_fetch_add(&memory->refs, 1);
	mapping->memory = memory;
	mapping->start = address;
	mapping->offset = offset;

	pthread_mutex_lock(&lock);
	mapping->next = mappings;
	mappings = mapping;
	pthread_mutex_unlock(&lock);
	*start = address;
	return 0;
}

void sim_memory_unmap(void *start, size_t length)
{
	struct mapping **link, *found;

	pthread_mutex_lock(&lock);
	for (link = &mappings; *link && (*link)->start != start; link = &(*link)->next)
		;
	found = *link;
	if (found)
		*link = found->next;
	/* Under the lock, or another thread could be given the same address first. */
	munmap(start, length);
	pthread_mutex_unlock(&lock);
	if (found) {
		sim_memory_unref(found->memory);
		free(found);
	}
}

uint32_t sim_memory_mappings(const struct vc_sim *sim, const struct sim_memory *memory,
			     uint32_t offset)
{
	const struct mapping *m;
	uint32_t count = 0;

	pthread_mutex_lock(&lock);
	for (m = mappings; m; m = m->next) {
		if (m->memory->camera == sim && (!memory || m->memory == memory) &&
		    (offset == SIM_ANY_OFFSET || m->offset == offset))
			count++;
	}
	pthread_mutex_unlock(&lock);
	return count;
}
