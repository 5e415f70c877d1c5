/* SPDX-License-Identifier: MIT */
/* The loops for x86 processors with AVX2, since 2013. */
#ifdef __x86_64__
#pragma GCC target("avx2")
#define VC_ROWS vc_rows_avx2
#include "convert_rows_impl.h"
#endif
