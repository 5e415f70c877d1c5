# SPDX-License-Identifier: MIT
"""Who holds which buffer: random lives of frames against a model that only counts.

The simulated camera draws a number into each frame, and writes into a buffer only while it
has it. So the number in the pixels of a frame that somebody holds never changes, whatever
else goes on: that is the proof that no frame is overwritten while it is held.
"""

import gc
import threading

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from v4l2capture import ClosedError, Device, DeviceGoneError, SimulatedCamera, StarvedError
from v4l2capture.sim import read_counter

WIDTH, HEIGHT = 128, 96

FORMATS = {
    "single-planar": {"pixel_format": "YUYV"},
    "padded rows": {"pixel_format": "GREY", "bytesperline_align": 256},
    "multi-planar": {"pixel_format": "NM12"},
}


def profile(name):
    size = {"width": WIDTH, "height": HEIGHT, "frame_rates": ["30"]}
    one = {"sizes": [size]} | FORMATS[name]
    whole = {"card": "Model", "driver": "test", "formats": [one]}
    return whole | ({"multiplanar": True} if name == "multi-planar" else {})


def luma(frame, pixels):
    """Return the picture in the bytes of plane 0 as (height, width)."""
    rows = np.frombuffer(pixels, np.uint8).reshape(HEIGHT, -1)
    step = 2 if frame.format.pixel_format == "YUYV" else 1
    return rows[:, : WIDTH * step : step]


def luma_of_array(array):
    return array[..., 0] if array.ndim == 3 else array


def has_array(frame):
    return frame.format.pixel_format != "NM12"


# What can be made of a frame, as a picture that keeps it.


def keep_plane(frame):
    return luma(frame, frame.planes[0])


def keep_slice(frame):
    return luma(frame, memoryview(frame.planes[0])[:])


def keep_array(frame):
    return frame.array() if has_array(frame) else keep_plane(frame)


def keep_part(frame):
    return luma_of_array(frame.array())[:, :] if has_array(frame) else keep_plane(frame)


def keep_copy(frame):
    copy = frame.copy()
    return luma(copy, copy.planes[0])


KEEPERS = [keep_plane, keep_slice, keep_array, keep_part]


class Held:
    """A frame that came: its number, its stream, and all that keeps it."""

    def __init__(self, frame, stream):
        self.frame = frame  # None: closed or dropped
        self.sequence = frame.sequence
        self.stream = stream  # a number
        self.pictures = []

    def is_alive(self):
        return self.frame is not None or bool(self.pictures)

    def check(self):
        pictures = list(self.pictures)
        if self.frame is not None:
            pictures.append(keep_plane(self.frame))
        for picture in pictures:
            assert read_counter(luma_of_array(picture)) == self.sequence


class RingMachine(RuleBasedStateMachine):
    kind = "single-planar"

    def __init__(self):
        super().__init__()
        self.camera = SimulatedCamera(profile(self.kind), clock="manual")
        self.device = Device(self.camera.path)
        self.stream = None
        self.streams = 0
        self.plugged = True
        self.last = -1
        self.held = []
        self.copies = []

    # ---- the camera ----

    @rule(frames=st.integers(1, 6))
    def tick(self, frames):
        self.camera.tick(frames)

    @precondition(lambda self: self.plugged)
    @rule(fault=st.sampled_from(["drop", "error_flag", "short_frame"]), count=st.integers(1, 3))
    def spoil(self, fault, count):
        self.camera.clear_faults()
        self.camera.fault(fault, count=count)

    @precondition(lambda self: self.plugged)
    @rule()
    def unplug(self):
        self.camera.unplug()
        self.plugged = False

    @precondition(lambda self: not self.plugged)
    @rule()
    def plug_in_again(self):
        self.device.close()
        self.stream = None
        self.camera.replug()
        self.camera.clear_faults()
        self.device = Device(self.camera.path)
        self.plugged = True

    # ---- the stream ----

    @precondition(lambda self: self.plugged and self.stream is None)
    @rule(buffers=st.integers(1, 6))
    def begin(self, buffers):
        self.stream = self.device.stream(buffers=buffers, timeout=0)
        self.streams += 1
        self.last = -1

    @precondition(lambda self: self.stream is not None)
    @rule(by_device=st.booleans())
    def end(self, by_device):
        stream, self.stream = self.stream, None
        if by_device and self.plugged:
            self.device.close()
            self.device = Device(self.camera.path)
        else:
            stream.close()
        with pytest.raises(ClosedError):
            stream.try_read()

    @precondition(lambda self: self.stream is not None)
    @rule(newest=st.booleans())
    def read(self, newest):
        starved = self.leased() == self.stream.buffers
        try:
            frame = self.stream.latest(timeout=0) if newest else self.stream.try_read()
        except StarvedError:
            assert starved
        except DeviceGoneError:
            assert not self.plugged
        except TimeoutError:
            assert newest
        else:
            if frame is not None:
                self.took(frame)

    def took(self, frame):
        assert self.leased() < self.stream.buffers
        assert frame.sequence > self.last
        self.last = frame.sequence
        if frame.ok:
            self.held.append(Held(frame, self.streams))

    # ---- frames: no preconditions, for how many there are is up to the threads below ----

    def choose(self, which):
        return self.held[which % len(self.held)] if self.held else None

    @rule(which=st.integers(0), keep=st.sampled_from(KEEPERS))
    def make(self, which, keep):
        held = self.choose(which)
        if held and held.frame is not None:
            held.pictures.append(keep(held.frame))

    @rule(which=st.integers(0))
    def copy(self, which):
        held = self.choose(which)
        if held and held.frame is not None:
            self.copies.append((keep_copy(held.frame), held.sequence))

    @rule(which=st.integers(0), close=st.booleans())
    def let_go_of_frame(self, which, close):
        held = self.choose(which)
        if held and held.frame is not None:
            if close:
                held.frame.close()
            held.frame = None

    @rule(which=st.integers(0), last=st.booleans())
    def let_go_of_picture(self, which, last):
        held = self.choose(which)
        if held and held.pictures:
            del held.pictures[-1 if last else 0]

    # ---- in threads ----

    @rule(frames=st.integers(1, 4), reads=st.integers(0, 3))
    def let_go_elsewhere(self, frames, reads):
        """One thread drops every other frame while another one reads, and time passes."""
        gone = self.held[::2]
        for held in gone:
            self.held.remove(held)
        found, failed = [], []

        def drop():
            while gone:
                held = gone.pop()
                held.check()
                held.frame = None
                held.pictures.clear()
                del held

        def read(stream):
            try:
                for _ in range(reads):
                    found.append(stream.try_read())
            except (StarvedError, DeviceGoneError) as error:
                failed.append(type(error))

        threads = [threading.Thread(target=drop)]
        if self.stream is not None:
            threads.append(threading.Thread(target=read, args=(self.stream,)))
        for thread in threads:
            thread.start()
        self.camera.tick(frames)
        for thread in threads:
            thread.join()
        assert DeviceGoneError not in failed or not self.plugged
        while found:
            frame = found.pop(0)
            if frame is not None:
                assert frame.sequence > self.last
                self.last = frame.sequence
                if frame.ok:
                    self.held.append(Held(frame, self.streams))

    # ---- what is always true ----

    def leased(self):
        return sum(held.is_alive() for held in self.held if held.stream == self.streams)

    @invariant()
    def pixels_stay(self):
        for held in self.held:
            held.check()
        for picture, sequence in self.copies:
            assert read_counter(picture) == sequence

    @invariant()
    def counts_agree(self):
        self.held = [held for held in self.held if held.is_alive()]
        if self.stream is None:
            return
        assert self.stream.leased == self.leased()
        if self.plugged:
            assert self.camera.queued + self.leased() == self.stream.buffers

    def teardown(self):
        self.held.clear()
        self.copies.clear()
        self.device.close()
        self.stream = None
        gc.collect()
        assert self.camera.mappings == 0
        assert self.camera.handles == 0


@pytest.mark.parametrize("kind", FORMATS)
def test_no_frame_is_overwritten_while_somebody_holds_it(kind):
    run_state_machine_as_test(type("Machine", (RingMachine,), {"kind": kind}))
