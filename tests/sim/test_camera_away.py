# SPDX-License-Identifier: MIT
"""A camera that is unplugged and comes back: known again, set as it was, or an error says why."""

import gc
import json
import logging
import os
import signal
import threading
import time

import pytest

from v4l2capture import (
    Camera,
    CaptureTimeout,
    ClosedError,
    ControlError,
    Device,
    DeviceError,
    DeviceGoneError,
    OverconstrainedError,
    SimulatedCamera,
)
from v4l2capture import absence as absence_module
from v4l2capture import connection as connection_module
from v4l2capture import refusal as refusal_module
from v4l2capture import sim as sim_module
from v4l2capture.lamp import Lamp
from v4l2capture.waiting import Waiter

from .lanes import mappings, open_fds, small


@pytest.fixture
def sim():
    return SimulatedCamera("webcam")


@pytest.fixture
def looks(monkeypatch):
    """The cameras that somebody has looked for."""
    found = []
    find = absence_module.find_again

    def find_again(info):
        found.append(info.path)
        return find(info)

    monkeypatch.setattr(absence_module, "find_again", find_again)
    return found


@pytest.fixture
def impatient(monkeypatch):
    """What a camera refuses, it refuses for good."""
    monkeypatch.setattr(refusal_module, "REFUSES", 0.0)


def value(sim, name):
    with Device(sim.path) as device:
        return device.controls[name].value


class Doing(threading.Thread):
    """Something that is done in a thread, and what became of it."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self._call = call
        self.result = self.error = None
        self.start()

    def run(self):
        try:
            self.result = self._call()
        except BaseException as error:
            self.error = error

    def end(self):
        self.join(20)
        assert not self.is_alive(), "it still waits"
        return self.result


def away(camera):
    """Wait until a camera is known to be away."""
    end = time.monotonic() + 10
    while True:
        try:
            assert camera.controls
        except DeviceGoneError:
            return
        assert time.monotonic() < end


# ---- reopen ----


@pytest.mark.quirk("unplugged", "partly-restored")
def test_reopened_camera_is_as_it_was(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(width={"exact": 320}, zoom={"exact": 200}, exposureTime=300)
        camera.controls["power_line_frequency"].value = 1
        before = camera.settings
        stream = camera.start()
        frame = stream.read()
        pixels = bytes(frame.planes[0])
        sim.unplug()
        with pytest.raises(DeviceGoneError):
            stream.read()
        sim.replug()

        camera.reopen()

        assert camera.settings == before
        assert camera.controls["power_line_frequency"].value == 1
        assert camera.constraints.to_dict()["zoom"] == {"exact": 200}
        assert camera.stream.read().format.width == 320
        assert bytes(frame.planes[0]) == pixels


def test_stream_that_was_off_stays_off(sim):
    with Camera(sim.path) as camera:
        camera.device.set_format(320, 240, "MJPG", 15)
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert camera.stream is None
        now = camera.device.format
        assert (now.width, now.pixel_format, now.frame_rate) == (320, "MJPG", 15)


def test_stream_that_was_closed_stays_closed(sim):
    with Camera(sim.path) as camera:
        camera.start().close()

        camera.reopen()

        assert camera.stream is None


def test_camera_that_is_not_there_is_not_back(sim):
    with Camera(sim.path) as camera:
        camera.start()
        sim.unplug()

        with pytest.raises(CaptureTimeout, match=r"is not back within 0\.0 s"):
            camera.reopen()

        for ask in (
            lambda: camera.settings,
            lambda: camera.controls,
            lambda: camera.apply_constraints(zoom=200),
            lambda: camera.grab_frame(),
            lambda: camera.read(),
            lambda: camera.take_photo(),
            lambda: camera.start(),
        ):
            with pytest.raises(DeviceGoneError):
                ask()
        assert not camera.closed
        assert not camera.health().streaming
        sim.replug()
        camera.reopen()
        assert camera.stream.read().ok


def test_nothing_is_held_of_a_camera_that_is_away(sim):
    with Camera(sim.path) as camera:
        camera.start()
        sim.unplug()

        with pytest.raises(CaptureTimeout):
            camera.reopen()
        gc.collect()

        assert sim.handles == sim.mappings == mappings(sim.path) == 0


def test_reopen_waits_for_the_plug(sim, looks):
    with Camera(sim.path) as camera:
        sim.unplug()
        doing = Doing(lambda: camera.reopen(timeout=None))
        away(camera)

        sim.replug()
        doing.end()

        assert doing.error is None
        assert camera.settings.width == 640
        assert len(looks) <= 2  # at first, and when it was told


def test_camera_that_is_well_can_be_reopened(sim):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=200)
        old = camera.device

        camera.reopen()

        assert old.closed
        assert camera.settings.zoom == 200


def test_closed_camera_cannot_be_reopened(sim):
    camera = Camera(sim.path)
    camera.close()

    with pytest.raises(ClosedError):
        camera.reopen()


def test_device_of_the_caller_stays_the_callers(sim):
    with Device(sim.path) as device:
        with Camera(device) as camera:
            sim.unplug()
            sim.replug()
            camera.reopen()
            assert camera.device is not device
            assert camera.settings.width
        assert not device.closed
        assert sim.handles == 1


def test_lenses_and_lamps_come_back_too():
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        camera.apply_constraints(torch=True, focusDistance=100)
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert (camera.settings.torch, camera.settings.focus_distance) == (True, 100)
        assert [node.closed for node in camera.nodes] == [False] * 3


def test_two_parts_of_one_name_are_not_mixed_up():
    focus = {"id": "0x009a090a", "name": "focus_absolute", "type": "int", "min": 0, "max": 99}
    lens = {"function": "lens", "name": "lens", "controls": [focus | {"default": 5, "value": 5}]}
    sim = SimulatedCamera(small(subdevices=[lens, lens]))
    with Camera(sim.path) as camera:
        for node, where in zip(camera.nodes[1:], (20, 30), strict=True):
            node.controls["focus_absolute"].value = where
        sim.unplug()
        sim.replug()

        camera.reopen()

        lenses = camera.nodes[1:]
        assert [each.controls["focus_absolute"].value for each in lenses] == [20, 30]


# ---- what it was ----


def test_what_was_chosen_last_counts(sim):
    with Camera(sim.path) as camera:
        camera.controls["brightness"].value = 10
        camera.apply_constraints(brightness=20, contrast=30)
        camera.controls.set({"contrast": 40})
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert (value(sim, "brightness"), value(sim, "contrast")) == (20, 40)


def test_wish_that_was_already_met_counts(sim):
    with Camera(sim.path) as camera:
        camera.controls._set({"zoom_absolute": 200})  # as another program had left it
        camera.apply_constraints(zoom=200)
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert value(sim, "zoom_absolute") == 200


@pytest.mark.quirk("master-and-slave")
def test_masters_are_set_before_what_they_rule(sim):
    with Camera(sim.path) as camera:
        camera.controls["auto_exposure"].value = 1
        camera.controls["exposure_time_absolute"].value = 77
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert (value(sim, "auto_exposure"), value(sim, "exposure_time_absolute")) == (1, 77)


def test_what_a_master_rules_again_is_left_alone(sim, caplog):
    with Camera(sim.path) as camera:
        automatic = camera.controls["auto_exposure"].value
        camera.controls["auto_exposure"].value = 1
        camera.controls["exposure_time_absolute"].value = 77
        camera.controls["auto_exposure"].value = automatic
        sim.unplug()
        sim.replug()

        camera.reopen()

        assert value(sim, "auto_exposure") == automatic
        assert caplog.messages == []


@pytest.mark.quirk("moving-default")
def test_motors_and_buttons_stay_still():
    speed = {"id": "0x009a0920", "name": "pan_speed", "type": "int", "min": -5, "max": 5}
    button = {"id": "0x00980999", "name": "calibrate", "type": "button"}
    sim = SimulatedCamera(small(controls=[speed | {"default": 0, "value": 0}, button]))
    with Camera(sim.path) as camera:
        camera.controls["pan_speed"].value = 3
        camera.controls["calibrate"].press()
        sim.unplug()
        sim.replug()
        before = sim.ioctls("VIDIOC_S_EXT_CTRLS")

        camera.reopen()

        assert sim.ioctls("VIDIOC_S_EXT_CTRLS") == before


def test_user_who_has_gone_meanwhile_wants_nothing(sim):
    with Camera(sim.path) as camera:
        view = camera.add_view()
        view.apply_constraints(zoom=200)
        sim.unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()
        view.close()
        sim.replug()

        camera.reopen()

        assert value(sim, "zoom_absolute") == 100


@pytest.mark.parametrize("frames", [1, 4, 8])
def test_what_a_photo_changes_is_not_what_it_was(frames):
    """The plug is pulled in the middle of a flash, in another format."""
    sim = SimulatedCamera("phone")
    with Camera(sim.path) as camera:
        before = camera.settings, [node.controls.read() for node in camera.nodes]
        camera.start()
        sim.fault("disconnect", after=frames, count=1)
        with pytest.raises(DeviceGoneError):
            camera.take_photos(20, fill_light_mode="flash", image_width=1280)
        sim.clear_faults()
        sim.replug()

        camera.reopen()

        assert (camera.settings, [node.controls.read() for node in camera.nodes]) == before


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda camera: camera.apply_constraints(width={"exact": 320}),
        lambda camera: camera.take_photo(image_width=1280),
    ],
    ids=["constraints", "photo"],
)
def test_change_of_the_size_that_the_plug_ends_never_was(sim, monkeypatch, streams, change):
    set_format = Device.set_format

    def pulled(*args):
        sim.unplug()
        return set_format(*args)

    with Camera(sim.path) as camera:
        if streams:
            camera.start()
        with monkeypatch.context() as patch:
            patch.setattr(Device, "set_format", pulled)
            with pytest.raises(DeviceGoneError):
                change(camera)
        sim.replug()

        camera.reopen()

        assert camera.settings.width == 640
        assert (camera.stream is not None) == streams


def test_light_of_a_photo_is_not_what_it_was(monkeypatch):
    """The plug is pulled while the lamp flashes, which then cannot be told to stop."""
    sim = SimulatedCamera("phone")
    strobe = Lamp.strobe

    def pulled(lamp, duration):
        light = strobe(lamp, duration)
        sim.unplug()
        return light

    monkeypatch.setattr(Lamp, "strobe", pulled)
    with Camera(sim.path) as camera:
        before = [node.controls.read() for node in camera.nodes]
        with pytest.raises(DeviceGoneError):
            camera.take_photo(fill_light_mode="flash")
        sim.replug()

        camera.reopen()

        assert [node.controls.read() for node in camera.nodes] == before


# ---- waiting ----


def test_camera_that_is_there_stays_open(sim, looks):
    with Camera(sim.path, on_disconnect="wait") as camera:
        device = camera.device

        camera.apply_constraints(zoom=200)
        camera.take_photo(image_width=320)
        camera.read()

        assert camera.device is device
        assert looks == []


@pytest.mark.quirk("unplugged")
def test_reader_goes_on_when_the_camera_is_back(sim, looks):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.apply_constraints(width={"exact": 320}, zoom=200)
        kept = camera.read()
        pixels = bytes(kept.planes[0])
        sim.unplug()
        reading = Doing(lambda: camera.read(timeout=None))
        away(camera)

        sim.replug()
        frame = reading.end()

        assert (frame.format.width, camera.settings.zoom) == (320, 200)
        assert bytes(kept.planes[0]) == pixels
        assert len(looks) <= 4


@pytest.mark.parametrize(
    "take",
    [
        lambda camera: camera.grab_frame(timeout=10),
        lambda camera: camera.take_photo(image_width=1280),
        lambda camera: camera.take_photos(2)[0],
        lambda camera: camera.bracket(image_width=640, exposure_time=[10, 20])[0],
    ],
    ids=["frame", "photo", "photos", "bracket"],
)
def test_pictures_are_taken_when_the_camera_is_back(sim, take):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.unplug()
        taking = Doing(lambda: take(camera))
        away(camera)

        sim.replug()

        assert taking.end().width
        assert taking.error is None


def test_others_do_not_wait_for_who_waits(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.unplug()
        reading = [Doing(lambda: camera.read(timeout=None)) for _ in range(2)]
        away(camera)

        with pytest.raises(DeviceGoneError):
            _ = camera.settings
        with pytest.raises(CaptureTimeout):
            camera.read(timeout=0.01)
        assert not camera.health().streaming

        sim.replug()
        assert [each.end().ok for each in reading] == [True] * 2


def test_camera_that_is_back_is_found_by_who_does_not_wait(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.apply_constraints(zoom=200)
        sim.unplug()
        with pytest.raises(DeviceGoneError):
            _ = camera.settings
        sim.replug()

        assert camera.settings.zoom == 200


def test_stop_holds_while_the_camera_is_away(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        with pytest.raises(CaptureTimeout):
            camera.read(timeout=0)
        camera.stop()
        sim.replug()

        camera.reopen()

        assert camera.stream is None


def test_close_ends_the_waiting(sim, looks):
    camera = Camera(sim.path, on_disconnect="wait")
    sim.unplug()
    reading = Doing(lambda: camera.read(timeout=None))
    while len(looks) < 2:  # the first one is that of who does not wait
        time.sleep(0.001)

    camera.close()
    reading.end()

    assert isinstance(reading.error, ClosedError)
    assert camera.closed


def test_interrupt_ends_the_waiting_and_nothing_else(sim):
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with Camera(sim.path, on_disconnect="wait") as camera:
            sim.unplug()
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                camera.read(timeout=None)
            sim.replug()

            assert camera.read().ok
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_nobody_asks_again_and_again(sim, looks, monkeypatch):
    waits, wait = [], Waiter.wait
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        camera._link.source.opened -= 1  # else it waits only for the moment of its first look
        monkeypatch.setattr(Waiter, "wait", lambda *args: waits.append(1) or wait(*args))

        with pytest.raises(CaptureTimeout, match=r"was unplugged from sim:.* within 0\.[34] s"):
            camera.read(timeout=0.4)

        assert len(looks) == 1
        assert len(waits) <= 4


def test_camera_that_goes_each_time_is_not_asked_all_the_time(sim, looks):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.fault("ioctl_error", request="VIDIOC_DQBUF", value=19)

        with pytest.raises((CaptureTimeout, DeviceGoneError)):
            camera.read(timeout=1.2)

        assert 1 <= len(looks) <= 4


def test_nothing_is_left_of_coming_and_going(sim):
    def cycle():
        reading = Doing(lambda: camera.read(timeout=None))
        reading.end()
        sim.unplug()
        reading = Doing(lambda: camera.read(timeout=None))
        away(camera)
        sim.replug()
        assert reading.end().ok
        del reading
        gc.collect()
        return open_fds(), mappings(sim.path), threading.active_count(), sim.handles

    with Camera(sim.path, on_disconnect="wait") as camera:
        before = cycle()

        assert [cycle() for _ in range(3)] == [before] * 3


# ---- back, and different ----


def test_control_that_is_refused_is_said_in_the_log(sim, caplog):
    with Camera(sim.path) as camera:
        camera.apply_constraints(zoom=200)
        camera.controls["brightness"].value = 7
        sim.unplug()
        sim.replug()
        sim.fault("control_eio")

        with caplog.at_level(logging.WARNING):
            camera.reopen()

        said = " ".join(caplog.messages)
        assert "zoom is not as wanted" in said
        assert "brightness is not as it was" in said
        assert camera.settings.zoom == 100


def test_refusal_is_remembered_for_the_next_time(sim):
    with Camera(sim.path) as camera:
        camera.controls["brightness"].value = 7
        for fault in (True, False):
            sim.unplug()
            sim.replug()
            if fault:
                sim.fault("control_eio")
            camera.reopen()
            sim.clear_faults()

        assert value(sim, "brightness") == 7


@pytest.mark.parametrize("policy", ["raise", "wait"])
def test_required_control_that_is_refused_is_an_error(sim, impatient, policy):
    with Camera(sim.path, on_disconnect=policy) as camera:
        camera.apply_constraints(zoom={"exact": 200})
        sim.unplug()
        sim.replug()
        sim.fault("control_eio", control="zoom_absolute")

        with pytest.raises(ControlError, match="zoom_absolute"):
            camera.reopen() if policy == "raise" else camera.read()
        assert sim.handles == 0
        sim.clear_faults()
        camera.reopen()

        assert camera.settings.zoom == 200


def test_camera_that_does_not_stream_any_more_is_an_error(sim, impatient):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        reading = Doing(lambda: camera.read(timeout=None))
        away(camera)

        sim.fault("streamon_error", value=5)
        sim.replug()
        reading.end()

        assert isinstance(reading.error, DeviceError)
        assert reading.error.operation == "VIDIOC_STREAMON"


def test_camera_that_refuses_only_for_a_moment_is_waited_for(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        camera.start()
        sim.unplug()
        sim.fault("streamon_error", value=5, count=1)
        sim.replug()

        assert camera.read(timeout=10).ok


@pytest.fixture
def file(tmp_path):
    """A camera that a test can change while it is away."""

    def write(*widths):
        sizes = [{"width": w, "height": w // 4 * 3, "frame_rates": ["100"]} for w in widths]
        formats = [{"pixel_format": "YUYV", "sizes": sizes}]
        path.write_text(json.dumps(small(formats=formats)), encoding="utf-8")
        return f"sim:{path}"

    path = tmp_path / "camera.json"
    return write


@pytest.mark.parametrize("required", [True, False])
def test_camera_that_is_back_with_less_says_so(file, required):
    """In a slower socket, most USB cameras have fewer sizes."""
    path = file(160, 320)
    with Camera(path) as camera:
        camera.apply_constraints(
            {"width": {"exact": 320} if required else 320, "resizeMode": {"exact": "none"}}
        )
        sim_module.resolve(path).unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()
        file(160)
        gc.collect()

        if required:
            with pytest.raises(OverconstrainedError) as caught:
                camera.reopen()
            assert caught.value.constraint == "width"
        else:
            camera.reopen()
            assert camera.settings.width == 160


MAINS = "power_line_frequency"
MENU = {"id": "0x00980918", "name": MAINS, "type": "menu", "min": 0, "max": 2, "default": 0}
ZOOM = {"id": "0x009a090d", "name": "zoom_absolute", "type": "int", "min": 100, "max": 500}
ZOOM |= {"step": 1, "default": 100, "value": 100}
BEFORE = [ZOOM, MENU | {"value": 0, "menu": {"0": "Off", "1": "50 Hz", "2": "60 Hz"}}]


@pytest.fixture
def changed(tmp_path):
    """A camera that has other controls when it is back: another firmware, or another mode."""
    path = tmp_path / "camera.json"

    def write(*controls):
        path.write_text(json.dumps(small(controls=[*controls])), encoding="utf-8")
        return f"sim:{path}"

    def change(camera, *controls):
        sim_module.resolve(f"sim:{path}").unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()
        write(*controls)
        gc.collect()

    with Camera(write(*BEFORE)) as camera:
        yield camera, lambda *controls: change(camera, *controls)


FEWER = MENU | {"menu": {"0": "Off"}, "max": 0, "value": 0}
NUMBER = ZOOM | {"id": MENU["id"], "name": MAINS}


@pytest.mark.parametrize(
    ("value", "now"),
    [(2, FEWER), ("60 Hz", FEWER), ("60 Hz", NUMBER)],
    ids=["no such entry", "no such label", "another type"],
)
def test_control_that_is_another_one_now_is_left_alone(changed, caplog, value, now):
    camera, change = changed
    camera.controls[MAINS].value = value
    camera.controls["zoom_absolute"].value = 200
    change(now, ZOOM)

    camera.reopen()

    assert camera.settings.zoom == 200
    assert f"{MAINS} is not as it was" in caplog.text


@pytest.mark.parametrize("controls", [[], [ZOOM | {"max": 150}]], ids=["none", "less"])
def test_camera_that_cannot_do_any_more_what_is_required_says_so(changed, controls):
    camera, change = changed
    camera.apply_constraints(zoom={"exact": 300})
    change(*controls)

    with pytest.raises(OverconstrainedError) as caught:
        camera.reopen()

    assert caught.value.constraint == "zoom"
    camera.device.close()


def test_camera_that_goes_while_it_is_looked_at_is_let_go(sim, monkeypatch):
    def unplugged(_, changed):
        raise DeviceGoneError(19, "No such device", sim.path)

    with Camera(sim.path) as camera:
        camera.start()
        sim.unplug()
        sim.replug()
        monkeypatch.setattr(connection_module, "CameraState", unplugged)
        with pytest.raises(DeviceGoneError) as kept:
            camera.reopen()

        assert kept.value
        assert sim.handles == 0


def test_child_does_not_open_a_camera_that_was_away(sim):
    with Camera(sim.path, on_disconnect="wait") as camera:
        sim.unplug()
        with pytest.raises(CaptureTimeout):
            camera.reopen()

        child = os.fork()
        if child == 0:
            try:
                camera.read(0)
            except ClosedError:
                os._exit(7 if camera.closed else 1)
            finally:
                os._exit(2)

        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert not camera.closed


# ---- arguments ----


@pytest.mark.parametrize("name", ["on_disconnect", "on_stall"])
def test_unknown_policy_is_refused(sim, name):
    with pytest.raises(ValueError, match=f"{name}='hope': give 'raise' or "):
        Camera(sim.path, **{name: "hope"})
    assert sim.handles == 0


@pytest.mark.parametrize("timeout", [-1, float("nan"), "soon"])
def test_bad_timeout_is_refused_before_anything_is_done(sim, timeout):
    with Camera(sim.path) as camera:
        for call in (camera.reopen, camera.read):
            with pytest.raises((ValueError, TypeError)):
                call(timeout)
        assert camera.settings
        assert camera.stream is None
