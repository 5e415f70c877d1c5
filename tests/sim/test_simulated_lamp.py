# SPDX-License-Identifier: MIT
"""What lamp, lens and sensor do to the picture of a simulated camera, and when."""

import errno

import numpy as np
import pytest

from v4l2capture import ControlError, Device, find_subdevices

from .lanes import simulated

WHITE = 191  # three quarters of full brightness


class Studio:
    """A simulated camera that streams, its subdevices, and a look at its pictures."""

    def __init__(self, profile, pixel_format="YUYV"):
        self.camera = simulated(profile)
        self.device = Device(self.camera.path)
        self.device.set_format(640, 480, pixel_format)
        self.nodes = {each.function: each for each in find_subdevices(self.device)[0]}
        self.stream = self.device.stream()

    def set(self, **values):
        for name, value in values.items():
            for node in (self.device, *self.nodes.values()):
                if name in node.controls:
                    node.controls[name].value = value

    def get(self, name):
        return next(
            node.controls[name].value for node in self.nodes.values() if name in node.controls
        )

    def picture(self):
        self.camera.tick()
        return self.stream.try_read().to_rgb().astype(int)

    def white(self, frames=1):
        """The brightness of the white bar, in so many frames."""
        seen = [int(self.picture()[240, 40].mean().round()) for _ in range(frames)]
        return seen if frames > 1 else seen[0]

    def sharpness(self):
        """How steep the edge in the middle is, from green to magenta."""
        green = self.picture()[240, 240:400, 1]
        return np.abs(np.diff(green)).max()

    def close(self):
        for node in self.nodes.values():
            node.close()
        self.device.close()


@pytest.fixture(params=["YUYV", "MJPG"])
def studio(request):
    """A phone, two stops darker, so that there is room for light."""
    studio = Studio("phone", request.param)
    studio.set(auto_exposure_bias=0)
    yield studio
    studio.close()


@pytest.fixture
def raw():
    studio = Studio("sensor", "RG10")
    yield studio
    studio.close()


def about(value):
    return pytest.approx(value, abs=4)


# ---- light ----


def test_torch_lights_as_long_as_it_is_on(studio):
    before = studio.white()
    studio.set(intensity_torch_mode=250000, led_mode=2)
    lit = studio.white(3)
    studio.set(led_mode=0)

    assert before == about(WHITE / 4)
    assert lit == [about(WHITE / 4 * 1.5)] * 3
    assert studio.white() == about(before)


def test_light_follows_the_intensity(studio):
    studio.set(intensity_torch_mode=125000, led_mode=2)
    half = studio.white()
    studio.set(intensity_torch_mode=250000)
    full = studio.white()

    assert half == about(WHITE / 4 * 1.25)
    assert full == about(WHITE / 4 * 1.5)


def test_flash_mode_alone_is_dark(studio):
    studio.set(led_mode=1)

    assert studio.white() == about(WHITE / 4)


def test_strobe_ends_by_itself_when_its_time_is_over(studio):
    """80 ms are two frames and 0.4 of a third."""
    studio.set(led_mode=1, strobe_timeout=80000)
    studio.set(strobe=1)
    assert studio.get("strobe_status") is True

    assert studio.white(4) == [
        about(WHITE / 4 * 3),
        about(WHITE / 4 * 3),
        about(WHITE / 4 * (1 + 2 * 0.4)),
        about(WHITE / 4),
    ]
    assert studio.get("strobe_status") is False
    assert studio.get("led_mode") == 1


@pytest.mark.parametrize("ending", [{"stop_strobe": 1}, {"led_mode": 0}, {"led_mode": 2}])
def test_strobe_can_be_ended(studio, ending):
    studio.set(led_mode=1, strobe=1, intensity_torch_mode=31250)
    studio.white()
    studio.set(**ending)

    assert studio.get("strobe_status") is False
    assert studio.white() <= WHITE / 4 * 1.2


def test_second_strobe_begins_anew(studio):
    studio.set(led_mode=1, strobe_timeout=40000, strobe=1)
    studio.white()
    studio.set(strobe=1)

    assert studio.white() == about(WHITE / 4 * 3)


@pytest.mark.parametrize("state", [{"led_mode": 0}, {"led_mode": 2}, {"strobe_source": 1}])
@pytest.mark.parametrize("button", ["strobe", "stop_strobe"])
def test_strobe_is_refused_in_other_modes(studio, state, button):
    studio.set(led_mode=1)
    studio.set(**state)
    before = studio.white()
    with pytest.raises(ControlError) as caught:
        studio.set(**{button: 1})

    assert caught.value.errno == errno.EBUSY
    assert studio.white() == about(before)


def test_sensor_strobes_every_frame(studio):
    studio.set(led_mode=1, strobe_source=1)

    assert studio.white(3) == [about(WHITE / 4 * 3)] * 3
    assert studio.get("strobe_status") is False


def test_strobe_before_the_stream_is_over_when_it_begins():
    studio = Studio("phone")
    studio.set(auto_exposure_bias=0, led_mode=1, strobe=1)
    studio.stream.close()
    studio.camera.tick(20)
    studio.stream = studio.device.stream()

    assert studio.white() == about(WHITE / 4)
    studio.close()


def test_fault_switches_the_lamp_off_and_is_forgotten_once_read(studio):
    studio.set(led_mode=2)
    studio.nodes["flash"].events.subscribe("led_mode")
    studio.camera.poke("faults", 0b100)

    assert studio.nodes["flash"].events.try_read().value == 0
    assert studio.get("led_mode") == 0
    assert studio.white() == about(WHITE / 4)
    assert [studio.get("faults"), studio.get("faults")] == [0b100, 0]


def test_power_comes_back_without_light(studio):
    studio.set(led_mode=2)
    studio.camera.unplug()
    studio.camera.replug()
    with Device(studio.camera.path) as device:
        flash = find_subdevices(device)[0][1]
        assert flash.controls["led_mode"].value == 0
        assert flash.controls["strobe_status"].value is False


# ---- exposure ----


def test_automatic_exposure_copes_with_less_light():
    studio = Studio("phone")
    studio.camera.set_light(0.25)

    assert studio.white() == about(WHITE)
    studio.camera.set_light(1 / 16)
    assert studio.white() == about(WHITE / 2)
    studio.close()


def test_by_hand_a_dark_scene_is_dark():
    studio = Studio("phone")
    studio.set(auto_exposure=1)
    studio.camera.set_light(0.25)

    assert studio.white() == about(WHITE / 4)
    studio.close()


@pytest.mark.parametrize("light", [-0.1, 65, float("nan")])
def test_light_has_limits(light):
    with pytest.raises(ValueError, match="give 0 to 64"):
        simulated("phone").set_light(light)


@pytest.mark.parametrize(
    ("values", "times"),
    [
        ({"exposure_time_absolute": 50}, 1 / 2),
        ({"iso_sensitivity_auto": 0, "iso_sensitivity": 0}, 1 / 2),
        ({"exposure_time_absolute": 25, "iso_sensitivity_auto": 0, "iso_sensitivity": 2}, 1 / 2),
        ({"iso_sensitivity": 0}, 1),
    ],
    ids=["time", "iso", "time x iso", "iso without effect"],
)
def test_brightness_is_time_times_gain(values, times):
    studio = Studio("phone")
    studio.set(auto_exposure=1)
    studio.set(**values)

    assert studio.white() == about(WHITE * times)
    studio.close()


# ---- focus ----


def test_picture_is_as_sharp_as_the_lens_is_focused(studio):
    studio.set(focus_automatic_continuous=0)
    seen = []
    for code in (400, 440, 500, 600, 800):
        studio.set(focus_absolute=code)
        seen.append(studio.sharpness())

    assert seen == sorted(seen, reverse=True)
    assert seen[0] > 2 * seen[-1]


def test_both_sides_of_the_focus_are_blurred_alike(studio):
    studio.set(focus_automatic_continuous=0, focus_absolute=300)
    near = studio.picture()
    studio.set(focus_absolute=500)

    assert np.abs(near - studio.picture())[120:].max() <= 2


def test_camera_that_focuses_by_itself_is_sharp(studio):
    studio.set(focus_absolute=1000)
    automatic = studio.sharpness()
    studio.set(focus_automatic_continuous=0)

    assert automatic > 2 * studio.sharpness()


def test_focusing_once_takes_its_time(studio):
    studio.set(focus_automatic_continuous=0, focus_absolute=1000)
    status = studio.device.controls["auto_focus_status"]
    studio.set(auto_focus_start=1)
    assert status.value == 1  # busy

    studio.camera.tick(7)

    assert status.value == 2  # reached
    assert studio.get("focus_absolute") == 400


def test_focusing_once_can_be_stopped(studio):
    studio.set(focus_automatic_continuous=0, focus_absolute=1000)
    studio.set(auto_focus_start=1)
    studio.set(auto_focus_stop=1)
    studio.camera.tick(7)

    assert studio.device.controls["auto_focus_status"].value == 0
    assert studio.get("focus_absolute") == 1000


# ---- raw sensors ----


def test_sensor_is_set_two_frames_ahead(raw):
    before = raw.white()
    raw.set(exposure=400)

    assert raw.white(4) == [about(before)] * 2 + [about(WHITE / 4)] * 2


def test_what_is_set_before_the_stream_holds_from_its_first_frame(raw):
    raw.stream.close()
    raw.set(exposure=400)
    raw.stream = raw.device.stream()

    assert raw.white() == about(WHITE / 4)


def test_gain_code_is_that_of_the_sensor(raw):
    raw.set(exposure=400, analogue_gain=128)  # 256 / (256 - 128)

    assert raw.white(3)[-1] == about(WHITE / 2)


def test_lamp_of_a_raw_sensor_is_not_late(raw):
    raw.set(exposure=400, intensity_torch_mode=250000)
    raw.white(3)
    raw.set(led_mode=2)

    assert raw.white() == about(WHITE / 4 * 1.5)


def test_time_for_a_frame_follows_from_the_blanking(raw):
    raw.camera.tick()
    begin = raw.stream.try_read().timestamp_ns
    raw.camera.tick()
    lines = 480 + 683

    assert raw.stream.try_read().timestamp_ns - begin == pytest.approx(
        (640 + 1528) * lines * 1e9 / 182400000, abs=2000
    )


def test_longest_exposure_follows_from_height_and_blanking():
    studio = Studio("sensor", "RG10")
    sensor = studio.nodes["sensor"]
    assert sensor.controls["exposure"].maximum == 480 + 683 - 4
    sensor.events.subscribe("exposure")
    sensor.controls["vertical_blanking"].value = 1000

    event = sensor.events.try_read()
    assert event.changes == {"range"}
    assert sensor.controls["exposure"].maximum == 480 + 1000 - 4
    studio.close()


def test_exposure_that_is_too_long_for_the_blanking_is_cut(raw):
    raw.set(exposure=1100, vertical_blanking=100)

    assert raw.get("exposure") == 480 + 100 - 4


def test_blanking_is_written_before_the_exposure_that_it_allows(raw):
    done = raw.nodes["sensor"].controls.set({"exposure": 2000, "vertical_blanking": 3000})

    assert done == {"exposure": 2000, "vertical_blanking": 3000}
