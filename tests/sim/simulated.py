# SPDX-License-Identifier: MIT
"""V4L2 spoken by hand to a simulated camera: struct by struct, below the product."""

import ctypes
import errno
from typing import Any

from linuxpy.video import raw

from v4l2capture import SimulatedCamera
from v4l2capture._native import ffi, lib

CAPTURE = raw.BufType.VIDEO_CAPTURE.value
CAPTURE_MPLANE = raw.BufType.VIDEO_CAPTURE_MPLANE.value
MMAP = raw.Memory.MMAP.value


def profile(**members: Any) -> dict[str, Any]:
    """A camera with one small format and nothing else."""
    size = {"width": 320, "height": 240, "frame_rates": ["30", "15"]}
    small = {"pixel_format": "YUYV", "sizes": [size]}
    return {"card": "Test", "driver": "test", "formats": [small]} | members


class Node:
    """An open handle. ``node("VIDIOC_QBUF", buf)`` is 0, or the errno as its name."""

    def __init__(self, camera: SimulatedCamera) -> None:
        self.camera = camera
        self.dev = camera.open()
        self.type = CAPTURE_MPLANE if camera.profile.multiplanar else CAPTURE

    def __call__(self, request: str, argument: Any) -> int | str:
        number = lib.vc_sim_request(request.encode())
        pointer = ffi.cast("void *", ctypes.addressof(argument))
        rc = lib.vc_ioctl(self.dev, number, pointer)
        return errno.errorcode[-rc] if rc < 0 else rc

    def close(self) -> None:
        lib.vc_device_close(self.dev)

    # ---- buffers ----

    def reqbufs(self, count: int, memory: int = MMAP) -> Any:
        request = raw.v4l2_requestbuffers(count=count, type=self.type, memory=memory)
        return self("VIDIOC_REQBUFS", request), request

    def buffer(self, index: int = 0, planes: int = 8) -> Any:
        buf = raw.v4l2_buffer(type=self.type, memory=MMAP, index=index)
        if self.type == CAPTURE_MPLANE:
            buf.room = (raw.v4l2_plane * 16)()
            buf.m.planes = ctypes.cast(buf.room, ctypes.POINTER(raw.v4l2_plane))
            buf.length = planes
        return buf

    def qbuf(self, index: int) -> int | str:
        return self("VIDIOC_QBUF", self.buffer(index))

    def dqbuf(self) -> Any:
        buf = self.buffer()
        return self("VIDIOC_DQBUF", buf), buf

    def querybuf(self, index: int) -> Any:
        buf = self.buffer(index)
        return self("VIDIOC_QUERYBUF", buf), buf

    def stream(self, on: bool) -> int | str:
        return self("VIDIOC_STREAMON" if on else "VIDIOC_STREAMOFF", ctypes.c_int(self.type))

    def start(self, buffers: int = 2) -> None:
        assert self.reqbufs(buffers)[0] == 0
        assert [self.qbuf(i) for i in range(buffers)] == [0] * buffers
        assert self.stream(True) == 0

    # ---- controls ----

    def get(self, cid: int) -> Any:
        return self.ext("VIDIOC_G_EXT_CTRLS", {cid: 0})

    def ext(self, request: str, values: dict[int, int], which: int = 0) -> Any:
        """Return the result, the values, and error_idx."""
        return self.ext_list(request, list(values.items()), which)

    def ext_list(self, request: str, values: list[tuple[int, int]], which: int = 0) -> Any:
        items = (raw.v4l2_ext_control * max(len(values), 1))()
        for item, (cid, value) in zip(items, values, strict=False):
            item.id = cid
            item.value = value
        every = raw.v4l2_ext_controls(count=len(values))
        every.which = which
        every.controls = ctypes.cast(items, ctypes.POINTER(raw.v4l2_ext_control))
        rc = self(request, every)
        return rc, [item.value for item in items[: len(values)]], every.error_idx

    def set(self, cid: int, value: int) -> int | str:
        result: int | str = self.ext("VIDIOC_S_EXT_CTRLS", {cid: value})[0]
        return result

    def query(self, cid: int) -> Any:
        control = raw.v4l2_query_ext_ctrl(id=cid)
        return self("VIDIOC_QUERY_EXT_CTRL", control), control

    # ---- events ----

    def subscribe(self, kind: int, cid: int = 0, flags: int = 0) -> int | str:
        subscription = raw.v4l2_event_subscription(type=kind, id=cid, flags=flags)
        return self("VIDIOC_SUBSCRIBE_EVENT", subscription)

    def unsubscribe(self, kind: int, cid: int = 0) -> int | str:
        subscription = raw.v4l2_event_subscription(type=kind, id=cid)
        return self("VIDIOC_UNSUBSCRIBE_EVENT", subscription)

    def event(self) -> Any:
        event = raw.v4l2_event()
        return self("VIDIOC_DQEVENT", event), event
