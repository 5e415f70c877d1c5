# SPDX-License-Identifier: MIT
"""From a video node to its sensor, lens and flash, through topologies right and wrong."""

import errno
import itertools
import time
from typing import Any

import pytest

from v4l2capture._native import ffi, lib

SENSOR, LENS, FLASH = lib.MEDIA_ENT_F_CAM_SENSOR, lib.MEDIA_ENT_F_LENS, lib.MEDIA_ENT_F_FLASH
VIDEO, MUX = lib.MEDIA_ENT_F_IO_V4L, lib.MEDIA_ENT_F_VID_MUX
ENABLED = lib.MEDIA_LNK_FL_ENABLED
INTERFACE_LINK = lib.MEDIA_LNK_FL_INTERFACE_LINK
ANCILLARY_LINK = lib.MEDIA_LNK_FL_ANCILLARY_LINK

MAJOR = 81
MOST = 4096  # objects of a kind that the core takes


class Graph:
    """A topology in the making, as a driver would tell it. Ids are like the kernel's."""

    def __init__(self) -> None:
        self.entities: list[dict[str, Any]] = []
        self.interfaces: list[dict[str, Any]] = []
        self.pads: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []

    def entity(self, function: int, name: str = "", minor: int | None = None) -> int:
        """Add an entity, with a node if it has a minor number; return its id."""
        number = len(self.entities) + 1
        self.entities.append({"id": number, "function": function, "name": name.encode()})
        if minor is not None:
            is_video = function == VIDEO
            kind = lib.MEDIA_INTF_T_V4L_VIDEO if is_video else lib.MEDIA_INTF_T_V4L_SUBDEV
            self.interface(number, kind, minor)
        return number

    def interface(self, entity: int, kind: int, minor: int, major: int = MAJOR) -> None:
        number = 0x3000000 + len(self.interfaces)
        node = {"major": major, "minor": minor}
        self.interfaces.append({"id": number, "intf_type": kind, "devnode": node})
        self.link(number, entity, INTERFACE_LINK | ENABLED)

    def pad(self, entity: int) -> int:
        number = 0x1000000 + len(self.pads)
        self.pads.append({"id": number, "entity_id": entity})
        return number

    def link(self, source: int, sink: int, flags: int) -> None:
        number = 0x2000000 + len(self.links)
        self.links.append({"id": number, "source_id": source, "sink_id": sink, "flags": flags})

    def feed(self, *entities: int, flags: int = ENABLED) -> None:
        """Let pictures flow from each to the next."""
        for source, sink in itertools.pairwise(entities):
            self.link(self.pad(source), self.pad(sink), flags)

    def belong(self, sensor: int, *others: int) -> None:
        for other in others:
            self.link(sensor, other, ANCILLARY_LINK | ENABLED)

    def find(self, minor: int = 0, major: int = MAJOR) -> Any:
        """Return what belongs to a video node, as names; or the errno's name."""
        found = ffi.new("struct vc_subdevice[]", lib.VC_MAX_SUBDEVICES)
        count = lib.vc_topology_find(self._raw(), major, minor, found)
        if count < 0:
            return errno.errorcode[-count]
        self.found = list(found[0:count])
        return [ffi.string(each.name).decode() for each in self.found]

    def _raw(self) -> Any:
        topology = ffi.new("struct vc_topology *")
        self._arrays = []  # that the pointers in it lead to
        for kind in ("entities", "interfaces", "pads", "links"):
            items = getattr(self, kind)
            struct = kind.removesuffix("s") if kind != "entities" else "entity"
            array = ffi.new(f"struct media_v2_{struct}[]", len(items) + 1)
            for raw, item in zip(array, items, strict=False):
                for member, value in item.items():
                    setattr(raw, member, value)
            self._arrays.append(array)
            setattr(topology, kind, array)
            setattr(topology, f"num_{kind}", len(items))
        return topology


def phone() -> Graph:
    """Sensor, CSI receiver, processor, video node; lens and flash at the sensor."""
    graph = Graph()
    video = graph.entity(VIDEO, "capture", 0)
    processor = graph.entity(MUX, "processor", 1)
    receiver = graph.entity(MUX, "receiver")
    flash = graph.entity(FLASH, "flash", 2)
    lens = graph.entity(LENS, "lens", 3)
    sensor = graph.entity(SENSOR, "sensor", 4)
    graph.feed(sensor, receiver, processor, video)
    graph.belong(sensor, flash, lens)
    return graph


def two_cameras(*, linked: bool = True) -> Graph:
    """Two sensors on one chip, each with a lens and a video node of its own."""
    graph = Graph()
    for minor, where in ((0, "front"), (10, "back")):
        video = graph.entity(VIDEO, f"{where} capture", minor)
        lens = graph.entity(LENS, f"{where} lens", minor + 1)
        sensor = graph.entity(SENSOR, f"{where} sensor", minor + 2)
        graph.feed(sensor, video)
        if linked:
            graph.belong(sensor, lens)
    return graph


# ---- what belongs to what ----


def test_sensor_comes_first_then_lens_then_flash() -> None:
    graph = phone()

    assert graph.find() == ["sensor", "lens", "flash"]
    assert [each.function for each in graph.found] == [SENSOR, LENS, FLASH]
    assert [(each.major, each.minor) for each in graph.found] == [(81, 4), (81, 3), (81, 2)]


def test_two_cameras_are_not_mixed_up() -> None:
    graph = two_cameras()

    assert graph.find(0) == ["front sensor", "front lens"]
    assert graph.find(10) == ["back sensor", "back lens"]


def test_what_has_no_node_has_no_number() -> None:
    graph = Graph()
    graph.feed(graph.entity(SENSOR, "terminal"), graph.entity(VIDEO, "capture", 0))

    assert graph.find() == ["terminal"]
    assert (graph.found[0].major, graph.found[0].minor) == (0, 0)


def test_camera_without_a_sensor_has_nothing() -> None:
    """An HDMI receiver, for example."""
    graph = Graph()
    graph.feed(graph.entity(MUX, "hdmi"), graph.entity(VIDEO, "capture", 0))

    assert graph.find() == []


@pytest.mark.parametrize(("minor", "major"), [(9, 81), (0, 80), (4, 81)])
def test_other_nodes_are_not_there(minor: int, major: int) -> None:
    """4 is the number of a subdevice."""
    assert phone().find(minor, major) == "ENOENT"


def test_part_that_the_sensor_consists_of_may_have_the_link() -> None:
    """Drivers of sensors with a scaler of their own register the scaler last."""
    graph = Graph()
    video = graph.entity(VIDEO, "capture", 0)
    scaler = graph.entity(MUX, "scaler", 1)
    array = graph.entity(SENSOR, "pixel array", 2)
    graph.feed(array, scaler, video)
    graph.belong(scaler, graph.entity(FLASH, "flash", 3))

    assert graph.find() == ["pixel array", "flash"]


def test_other_things_may_be_linked_to_a_sensor() -> None:
    """The privacy switch of a laptop's camera is."""
    graph = phone()
    graph.belong(6, graph.entity(MUX, "switch", 7))

    assert graph.find() == ["sensor", "lens", "flash"]


# ---- several sensors ----


def test_enabled_link_chooses_the_sensor() -> None:
    graph = Graph()
    video, mux = graph.entity(VIDEO, "capture", 0), graph.entity(MUX, "mux")
    one, other = graph.entity(SENSOR, "one", 1), graph.entity(SENSOR, "other", 2)
    graph.feed(one, mux, flags=0)
    graph.feed(other, mux, video)

    assert graph.find() == ["other"]


def test_links_that_nobody_enabled_yet_lead_to_the_only_sensor() -> None:
    graph = Graph()
    graph.feed(graph.entity(SENSOR, "sensor", 1), graph.entity(VIDEO, "capture", 0), flags=0)

    assert graph.find() == ["sensor"]


@pytest.mark.parametrize("flags", [0, ENABLED], ids=["none enabled", "both enabled"])
def test_sensor_is_not_guessed(flags: int) -> None:
    graph = Graph()
    video, mux = graph.entity(VIDEO, "capture", 0), graph.entity(MUX, "mux")
    graph.feed(mux, video)
    graph.feed(graph.entity(SENSOR, "one", 1), mux, flags=flags)
    graph.feed(graph.entity(SENSOR, "other", 2), mux, flags=flags)

    assert graph.find() == "ENOTUNIQ"


# ---- kernels without ancillary links ----


def test_lens_and_flash_of_a_single_sensor_need_no_link() -> None:
    graph = phone()
    graph.links = [link for link in graph.links if not link["flags"] & ANCILLARY_LINK]

    assert graph.find() == ["sensor", "lens", "flash"]


def test_lenses_beside_two_sensors_need_links() -> None:
    assert two_cameras(linked=False).find() == ["front sensor"]


def test_kernel_that_has_links_is_believed() -> None:
    """The second sensor may not have been found yet, its lens has."""
    graph = phone()
    graph.entity(LENS, "lens of another sensor", 9)

    assert graph.find() == ["sensor", "lens", "flash"]


# ---- nothing of it is trusted ----


def test_nothing_is_in_an_empty_topology() -> None:
    assert Graph().find() == "ENOENT"


@pytest.mark.parametrize("kind", ["entities", "interfaces", "pads", "links"])
def test_link_that_leads_nowhere_is_none(kind: str) -> None:
    graph = phone()
    setattr(graph, kind, [])

    assert graph.find() in ("ENOENT", [], ["sensor"])


@pytest.mark.parametrize("flags", [ENABLED, ENABLED | INTERFACE_LINK, ENABLED | ANCILLARY_LINK])
@pytest.mark.parametrize("end", [0, 1, 0x1000000, 0x3000000, 0xFFFFFFFF])
def test_stray_links_change_nothing(flags: int, end: int) -> None:
    """Pads where entities are wanted, entities where pads are, and what does not exist."""
    graph = phone()
    nowhere = 0x0F000001
    graph.link(nowhere, end, flags)
    graph.link(end, nowhere, flags)

    assert graph.find() == ["sensor", "lens", "flash"]


def test_pad_of_nobody_changes_nothing() -> None:
    graph = phone()
    graph.link(graph.pad(99), graph.pad(1), ENABLED)

    assert graph.find() == ["sensor", "lens", "flash"]


def test_unknown_kind_of_link_changes_nothing() -> None:
    graph = Graph()
    video, sensor = graph.entity(VIDEO, "capture", 0), graph.entity(SENSOR, "sensor", 1)
    graph.link(graph.pad(sensor), graph.pad(video), ENABLED | 7 << 28)
    graph.link(graph.pad(sensor), graph.pad(video), ENABLED | 15 << 28)

    assert graph.find() == []


def test_circle_ends() -> None:
    graph = phone()
    graph.feed(1, 2, 3, 2, 1, 1)

    assert graph.find() == ["sensor", "lens", "flash"]


def test_search_ends_at_the_sensor() -> None:
    """Whatever may feed a sensor is no sensor of this camera."""
    graph = phone()
    graph.feed(graph.entity(SENSOR, "behind", 9), 6)

    assert graph.find() == ["sensor", "lens", "flash"]


def test_name_that_does_not_end_is_cut() -> None:
    graph = Graph()
    graph.feed(graph.entity(SENSOR, "n" * 64, 1), graph.entity(VIDEO, "capture", 0))

    assert graph.find() == ["n" * 64]


def test_there_is_an_end_to_lenses() -> None:
    graph = phone()
    graph.belong(6, *(graph.entity(LENS, f"lens {i}", 20 + i) for i in range(100)))

    assert len(graph.find()) == lib.VC_MAX_SUBDEVICES


def test_node_is_the_subdevices_not_another() -> None:
    graph = Graph()
    video, sensor = graph.entity(VIDEO, "capture", 0), graph.entity(SENSOR, "sensor")
    graph.feed(sensor, video)
    graph.interface(sensor, lib.MEDIA_INTF_T_V4L_VIDEO, 7)
    graph.interface(sensor, lib.MEDIA_INTF_T_V4L_SUBDEV, 8)

    graph.find()

    assert graph.found[0].minor == 8


def test_largest_topology_takes_no_time() -> None:
    """A chain of all there may be, told from the end: the worst for a search by passes."""
    graph = Graph()
    chain = [graph.entity(VIDEO, "capture", 0)]
    chain += [graph.entity(MUX) for _ in range(MOST // 2 - 2)]
    chain += [graph.entity(SENSOR, "sensor", 1)]
    graph.feed(*reversed(chain))
    begin = time.monotonic()

    assert graph.find() == ["sensor"]
    assert time.monotonic() - begin < 2


# ---- asking ----


def test_media_device_of_a_simulated_camera_can_be_asked() -> None:
    from v4l2capture import SimulatedCamera

    camera = SimulatedCamera("sensor", clock="manual")
    out = ffi.new("struct vc_topology **")

    assert lib.vc_topology_read(camera.open(lib.VC_SIM_MEDIA), out) == 0

    topology = ffi.gc(out[0], lib.vc_topology_free)
    assert topology.num_entities == 4
    assert topology.num_interfaces == 4


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.ENOTTY])
def test_error_of_the_kernel_is_the_answer(number: int) -> None:
    from v4l2capture import SimulatedCamera

    camera = SimulatedCamera("sensor", clock="manual")
    media = camera.open(lib.VC_SIM_MEDIA)
    camera.fault("ioctl_error", request="MEDIA_IOC_G_TOPOLOGY", value=number)

    assert lib.vc_topology_read(media, ffi.new("struct vc_topology **")) == -number


def test_topology_that_never_stays_is_given_up() -> None:
    """The kernel says ENOSPC when there is more by now than when it was counted."""
    from v4l2capture import SimulatedCamera

    camera = SimulatedCamera("sensor", clock="manual")
    media = camera.open(lib.VC_SIM_MEDIA)
    camera.fault("ioctl_error", request="MEDIA_IOC_G_TOPOLOGY", value=errno.ENOSPC)

    assert lib.vc_topology_read(media, ffi.new("struct vc_topology **")) == -errno.EAGAIN
