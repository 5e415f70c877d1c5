/* SPDX-License-Identifier: MIT */
/* What device.c offers to the other nouns of csrc/, but not beyond it. */
#ifndef VC_DEVICE_H
#define VC_DEVICE_H

#include "vc.h"

/* References keep the memory of the handle, not the node open. */
struct vc_device *vc_device_ref(struct vc_device *dev);
void vc_device_unref(struct vc_device *dev);

/* True in a process that was forked after the device was opened. */
int vc_device_in_child(const struct vc_device *dev);

int vc_device_map(struct vc_device *dev, size_t length, uint32_t offset, void **start);
void vc_device_unmap(struct vc_device *dev, void *start, size_t length);

/* Nanoseconds on the clock of the timestamps; 0 when the device is closed. */
int64_t vc_device_now(struct vc_device *dev);

/* A control has just been written, or the driver has refused to after some others. */
void vc_device_wrote(struct vc_device *dev);

void vc_device_count_lease(struct vc_device *dev, int change);

#endif /* VC_DEVICE_H */
