/* SPDX-License-Identifier: MIT */
/* The loops for any processor of this architecture, and the choice. */
#define VC_ROWS vc_rows_generic
#include "convert_rows_impl.h"

const struct vc_rows *vc_rows_best(void)
{
#ifdef __x86_64__
	/* Not target_clones: its resolver runs before a sanitizer is ready. */
	if (__builtin_cpu_supports("avx2"))
		return &vc_rows_avx2;
	if (__builtin_cpu_supports("sse4.1"))
		return &vc_rows_sse41;
#endif
	return &vc_rows_generic;
}
