/* SPDX-License-Identifier: MIT */
/* The loops for x86 processors with SSE4.1, since 2008. */
#ifdef __x86_64__
#pragma GCC target("sse4.1")
#define VC_ROWS vc_rows_sse41
#include "convert_rows_impl.h"
#endif
