// SPDX-License-Identifier: GPL-2.0-only
/*
 * A value over time, so that a frame can be told what was true when it was exposed,
 * however late the thread is that makes it.
 *
 * All functions are called with camera->moments held.
 */
#include "testcam.h"

static const struct testcam_moment *moment(const struct testcam_history *history,
					   unsigned int number)
{
	return &history->ring[number % TESTCAM_MOMENTS];
}

/*
 * From @at on the value is another.  What was announced for later than that is
 * forgotten, so that an earlier end of the light replaces the one that was planned.
 */
void testcam_history_add(struct testcam_history *history, u64 at, u32 a, u32 b, u32 c)
{
	struct testcam_moment *next;

	while (history->end != history->first && moment(history, history->end - 1)->at >= at)
		history->end--;
	if (history->end - history->first == TESTCAM_MOMENTS)
		history->first++;
	next = &history->ring[history->end++ % TESTCAM_MOMENTS];
	next->at = at;
	next->value[0] = a;
	next->value[1] = b;
	next->value[2] = c;
}

static unsigned int number_at(const struct testcam_history *history, u64 at)
{
	unsigned int number = history->end - 1;

	while (number != history->first && moment(history, number)->at > at)
		number--;
	return number;
}

/* The value at a time; before the first one it is the first.  There has to be one. */
const struct testcam_moment *testcam_history_at(const struct testcam_history *history, u64 at)
{
	return moment(history, number_at(history, at));
}

static u64 add_up(const struct testcam_history *history, unsigned int which, bool weighted,
		  u64 from, u64 to)
{
	unsigned int number = number_at(history, from);
	u64 sum = 0;

	while (from < to) {
		u32 value = moment(history, number)->value[which];
		u64 until = to;

		number++;
		if (number != history->end)
			until = clamp(moment(history, number)->at, from, to);
		sum += (weighted ? value : !!value) * (until - from);
		from = until;
	}
	return sum;
}

/* The integral of one value over a time, in ns. */
u64 testcam_history_sum(const struct testcam_history *history, unsigned int which, u64 from,
			u64 to)
{
	return add_up(history, which, true, from, to);
}

/* For how many ns of a time one value was not 0. */
u64 testcam_history_time(const struct testcam_history *history, unsigned int which, u64 from,
			 u64 to)
{
	return add_up(history, which, false, from, to);
}
