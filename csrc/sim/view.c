/* SPDX-License-Identifier: MIT */
/* What the controls make of the scene, and how much light a frame gets. */
#include "internal.h"

#define MOST 64 /* times well exposed: all is white long before */
#define MOST_LIFTED 8.0 /* by the gain of automatic exposure, in the dark */

static int64_t value_of(const struct vc_sim *sim, uint32_t id, int64_t otherwise)
{
	const struct sim_control *c = sim_control_seek(sim, id, NULL);

	return c && !sim_control_is_payload(c) ? c->value : otherwise;
}

/* Where a value is between the ends, the default being 0: -1 .. 1. */
static double around_default(const struct vc_sim *sim, uint32_t id)
{
	const struct sim_control *c = sim_control_seek(sim, id, NULL);
	double from, value;

	if (!c || c->is.maximum <= c->is.minimum)
		return 0;
	from = (double)c->is.default_value;
	value = (double)c->value;
	if (value >= from)
		return c->is.maximum > c->is.default_value
			       ? (value - from) / ((double)c->is.maximum - from)
			       : 0;
	return c->is.default_value > c->is.minimum
		       ? (value - from) / (from - (double)c->is.minimum)
		       : 0;
}

/* Twice as much at the maximum, nothing at the minimum. */
static double factor(const struct vc_sim *sim, uint32_t id)
{
	return 1 + around_default(sim, id);
}

/* How many times the default of power-up; 1 where that has no sense. */
static double times_default(const struct vc_sim *sim, uint32_t id)
{
	const struct sim_control *c = sim_control_seek(sim, id, NULL);
	double times;

	if (!c || c->was.default_value <= 0 || c->value <= 0)
		return 1;
	times = (double)c->value / (double)c->was.default_value;
	return times > MOST ? MOST : times;
}

static double limit(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

/* 2 to the power of x, near enough for a test picture. */
static double power_of_two(double x)
{
	double result = 1;

	for (x = limit(x, -8, 8); x >= 1; x--)
		result *= 2;
	for (; x < 0; x++)
		result /= 2;
	return result * (1 + x * (0.6565 + x * 0.3435));
}

static double bias(const struct vc_sim *sim)
{
	const struct sim_control *c = sim_control_seek(sim, V4L2_CID_AUTO_EXPOSURE_BIAS, NULL);
	uint32_t i;

	if (!c)
		return 1;
	for (i = 0; i < c->num_menu; i++) {
		if (c->menu[i].index == c->value)
			return power_of_two((double)c->menu[i].value / 1000);
	}
	return 1;
}

/* ---- light ------------------------------------------------------------------------- */

/*
 * What a gain code means: where it begins at 0, the law of the sensors that
 * divide by what is left to a power of two, else that of those that multiply.
 */
static double analogue_gain(const struct vc_sim *sim)
{
	const struct sim_control *c = sim_control_seek(sim, V4L2_CID_ANALOGUE_GAIN, NULL);
	double top = 256;

	if (!c || c->is.minimum != 0)
		return times_default(sim, V4L2_CID_ANALOGUE_GAIN);
	while (top <= (double)c->is.maximum)
		top *= 2;
	return (top - (double)c->was.default_value) / (top - (double)c->value);
}

static double iso(const struct vc_sim *sim)
{
	const struct sim_control *c = sim_control_seek(sim, V4L2_CID_ISO_SENSITIVITY, NULL);
	double value = 0, standard = 0;
	uint32_t i;

	if (!c || value_of(sim, V4L2_CID_ISO_SENSITIVITY_AUTO, 0))
		return 1;
	for (i = 0; i < c->num_menu; i++) {
		if (c->menu[i].index == c->value)
			value = (double)c->menu[i].value;
		if (c->menu[i].index == c->is.default_value)
			standard = (double)c->menu[i].value;
	}
	return value > 0 && standard > 0 ? limit(value / standard, 0, MOST) : 1;
}

/*
 * How much the camera makes of the light.  Automatic exposure gets it right, but
 * knows nothing of the camera's own lamp; by hand, time times gain decides.
 */
static double sensitivity(const struct vc_sim *sim)
{
	int64_t mode = value_of(sim, V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL);

	if (mode != V4L2_EXPOSURE_MANUAL && mode != V4L2_EXPOSURE_SHUTTER_PRIORITY)
		return bias(sim) / limit(sim->ambient, 1 / MOST_LIFTED, MOST);
	return limit(times_default(sim, V4L2_CID_EXPOSURE_ABSOLUTE) *
			     times_default(sim, V4L2_CID_EXPOSURE) * analogue_gain(sim) *
			     times_default(sim, V4L2_CID_DIGITAL_GAIN) * iso(sim) *
			     limit(factor(sim, V4L2_CID_GAIN), 0.05, 2),
		     0, MOST);
}

/* A sensor is set two frames ahead; everything else takes effect in the next one. */
static double after_delay(struct vc_sim *sim, double now)
{
	double due = sim->ahead[0];

	sim->ahead[0] = sim->ahead[1];
	sim->ahead[1] = now;
	return sim_sensor_is_late(sim) ? due : now;
}

void sim_expose_first(struct vc_sim *sim)
{
	sim->ahead[0] = sim->ahead[1] = sensitivity(sim);
}

void sim_expose(struct vc_sim *sim, int64_t when)
{
	double exposure = after_delay(sim, sensitivity(sim)) *
			  (sim->ambient + sim_lamp_take(sim, when));

	if (exposure == sim->exposure)
		return;
	sim->exposure = exposure;
	sim->repaint = 1;
}

/* ---- the rest ---------------------------------------------------------------------- */

/* A camera set for bluer light than there is shows everything too red. */
static double warmth(const struct vc_sim *sim)
{
	if (value_of(sim, V4L2_CID_AUTO_WHITE_BALANCE, 0))
		return 1;
	return limit(times_default(sim, V4L2_CID_WHITE_BALANCE_TEMPERATURE), 0.25, 4);
}

static double zoom(const struct vc_sim *sim)
{
	const struct sim_control *c = sim_control_seek(sim, V4L2_CID_ZOOM_ABSOLUTE, NULL);

	if (!c || c->is.maximum <= c->is.minimum)
		return 1;
	if (c->is.minimum > 0)
		return limit((double)c->value / (double)c->is.minimum, 1, 100);
	return limit(1 + 3 * ((double)c->value - (double)c->is.minimum) /
				 ((double)c->is.maximum - (double)c->is.minimum),
		     1, 4);
}

/* The scene is where the lens looks at power-up: whoever moves it gets a blurred picture. */
static double blur(const struct vc_sim *sim)
{
	const struct sim_control *c = sim_control_seek(sim, V4L2_CID_FOCUS_ABSOLUTE, NULL);
	double off;

	if (!c || c->is.maximum <= c->is.minimum || value_of(sim, V4L2_CID_FOCUS_AUTO, 0))
		return 0;
	off = (double)c->value - (double)c->is.default_value;
	return limit((off < 0 ? -off : off) / ((double)c->is.maximum - (double)c->is.minimum), 0,
		     1);
}

/* In pictures: the lens sees 70 degrees across and 43 up and down. */
static double turn(const struct vc_sim *sim, uint32_t id, double degrees)
{
	return (double)value_of(sim, id, 0) / 3600 / degrees;
}

/* Bhaskara's sine, for -180 .. 180 degrees: a test picture needs no better. */
static double sine(double degrees)
{
	double x = degrees < 0 ? -degrees : degrees;
	double value = 4 * x * (180 - x) / (40500 - x * (180 - x));

	return degrees < 0 ? -value : value;
}

void sim_look(const struct vc_sim *sim, struct sim_view *view)
{
	double hue = 180 * around_default(sim, V4L2_CID_HUE);

	if (value_of(sim, V4L2_CID_HUE_AUTO, 0))
		hue = 0;
	view->exposure = limit(sim->exposure, 0, MOST);
	view->blur = blur(sim);
	view->red = warmth(sim) * limit(times_default(sim, V4L2_CID_RED_BALANCE), 0.25, 4);
	view->blue = limit(times_default(sim, V4L2_CID_BLUE_BALANCE), 0.25, 4) / warmth(sim);
	view->brightness = around_default(sim, V4L2_CID_BRIGHTNESS) / 2;
	view->contrast = factor(sim, V4L2_CID_CONTRAST);
	view->saturation = factor(sim, V4L2_CID_SATURATION);
	view->hue_sin = sine(hue);
	view->hue_cos = sine(hue < 90 ? hue + 90 : 270 - hue) * (hue < 90 ? 1 : -1);
	view->zoom = zoom(sim);
	view->pan = turn(sim, V4L2_CID_PAN_ABSOLUTE, 70);
	view->tilt = turn(sim, V4L2_CID_TILT_ABSOLUTE, 43);
	view->mirror = value_of(sim, V4L2_CID_HFLIP, 0) != 0;
	view->flip = value_of(sim, V4L2_CID_VFLIP, 0) != 0;
	view->dark = value_of(sim, V4L2_CID_PRIVACY, 0) != 0;
}
