/* SPDX-License-Identifier: MIT */
/*
 * Constants newer than the oldest kernel headers we build with (Linux 5.10).
 * Values from include/uapi/linux/{videodev2,media}.h of Linux 6.18.
 */
#ifndef VC_COMPAT_H
#define VC_COMPAT_H

#include <linux/media.h>
#include <linux/videodev2.h>

#ifndef V4L2_CTRL_FLAG_DYNAMIC_ARRAY
#define V4L2_CTRL_FLAG_DYNAMIC_ARRAY 0x0800
#endif
#ifndef V4L2_CTRL_FLAG_HAS_WHICH_MIN_MAX
#define V4L2_CTRL_FLAG_HAS_WHICH_MIN_MAX 0x1000
#endif
#ifndef V4L2_CTRL_WHICH_MIN_VAL
#define V4L2_CTRL_WHICH_MIN_VAL 0x0f020000
#define V4L2_CTRL_WHICH_MAX_VAL 0x0f030000
#endif
#ifndef V4L2_CTRL_TYPE_RECT
#define V4L2_CTRL_TYPE_RECT 0x0107
#endif
#ifndef V4L2_EVENT_CTRL_CH_DIMENSIONS
#define V4L2_EVENT_CTRL_CH_DIMENSIONS (1 << 3)
#endif
#ifndef V4L2_PIX_FMT_YUV24
#define V4L2_PIX_FMT_YUV24 v4l2_fourcc('Y', 'U', 'V', '3')
#endif
#ifndef V4L2_PIX_FMT_YUVA32
#define V4L2_PIX_FMT_YUVA32 v4l2_fourcc('Y', 'U', 'V', 'A')
#define V4L2_PIX_FMT_YUVX32 v4l2_fourcc('Y', 'U', 'V', 'X')
#endif

#ifndef MEDIA_LNK_FL_ANCILLARY_LINK
#define MEDIA_LNK_FL_ANCILLARY_LINK (2u << 28)
#endif

#endif /* VC_COMPAT_H */
