# SPDX-License-Identifier: MIT
"""Pictures from the bytes of a frame: RGB arrays and JPEG files.

The arithmetic is in csrc/convert*.c, which defines it; JPEG is simplejpeg's work. Y'CbCr
goes into a JPEG without a detour through RGB and keeps its chroma subsampling.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ._native import ffi, lib
from .colour import resolve_colour
from .jpegfile import SCAN, segments
from .layout import minimum_bytes
from .pixfmt import JPEGS, PIXEL_FORMATS, Format, PixelFormat
from .whole import whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["checked_quality", "encode_jpeg", "mend_jpeg", "to_jpeg", "to_jpeg_planes", "to_rgb"]

# What to do instead, by family.
_ADVICE: Final = {
    "compressed": "decode it with a video library",
    "depth": "take Frame.array() for the distances",
    "hsv": "take Frame.array() for the components",
}

# By vc_jpeg_subsampling(), in simplejpeg's words.
_SUBSAMPLING: Final = {0x00: "Gray", 0x11: "444", 0x21: "422", 0x22: "420"}


def to_rgb(format: Format, planes: Sequence[memoryview]) -> NDArray[np.uint8]:  # noqa: A002
    """Return a frame as R, G, B in full range.

    Args:
        format: What the frame was taken in; colour defaults are resolved.
        planes: The bytes of each memory plane.

    Returns:
        Array of shape ``(H, W, 3)`` that owns its memory, rows top to bottom.

    Raises:
        ValueError: The format cannot be converted, or the frame is not whole.
    """
    import numpy as np

    if format.pixel_format in JPEGS:
        return _decode_jpeg(planes[0])
    _known(format)
    image = _Image(format, planes)
    rgb = np.empty((format.height, format.width, 3), np.uint8)
    image.check(lib.vc_convert_rgb(image.raw, ffi.from_buffer("uint8_t[]", rgb), rgb.strides[0]))
    return rgb


def to_jpeg_planes(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, NDArray[np.uint8] | None, str]:
    """Return a Y'CbCr or grey frame as the planes that JPEG stores: BT.601, full range.

    Returns:
        Y' of shape ``(H, W)``, with its last row and column repeated behind it where chroma
        samples reach beyond the picture; Cb and Cr of ``ceil(H / v)`` x ``ceil(W / h)`` samples, or
        ``None`` for grey; and the subsampling, ``"444"``, ``"422"``, ``"420"`` or ``"Gray"``.

    Raises:
        ValueError: The format is neither Y'CbCr nor grey, or the frame is not whole.
    """
    import numpy as np

    row = _known(format)
    code = lib.vc_jpeg_subsampling(row.number)
    if code < 0:
        raise ValueError(f"{row.fourcc} ({row.family}) has no planes of Y'CbCr; use encode_jpeg()")
    image = _Image(format, planes)
    width, height = format.width, format.height
    columns, rows = max(code >> 4, 1), max(code & 15, 1)
    chroma = -(-height // rows), -(-width // columns)
    # The encoder reads whole blocks of luma, one row and column more than an odd picture has.
    shapes = [(chroma[0] * rows, chroma[1] * columns), *[chroma] * (2 if code else 0)]
    # In one piece: of several, the allocator gives memory back to the kernel each time, and a
    # fresh page costs more than what is written to it.
    memory = np.empty(sum(high * wide for high, wide in shapes), np.uint8)

    out = ffi.new("struct vc_jpeg_planes *")
    arrays, start = [], 0
    for i, (high, wide) in enumerate(shapes):
        array = memory[start : start + high * wide].reshape(high, wide)
        out.plane[i] = ffi.from_buffer("uint8_t[]", array)
        out.stride[i] = wide
        arrays.append(array)
        start += high * wide
    image.check(lib.vc_convert_jpeg_planes(image.raw, out))
    blocks = arrays[0]
    blocks[:, width:] = blocks[:, width - 1 : width]
    blocks[height:] = blocks[height - 1 : height]
    cb, cr = arrays[1:] or (None, None)
    return blocks[:height, :width], cb, cr, _SUBSAMPLING[code]


def checked_quality(quality: int) -> int:
    """Return the quality of a JPEG, or complain."""
    return whole("quality", quality, 1, 100, "1 (small) to 100 (best)")


def encode_jpeg(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
    quality: int = 90,
) -> bytes:
    """Return a frame as a JPEG file (JFIF).

    Y'CbCr keeps its chroma subsampling, RGB has none, Bayer has 4:2:0, which is about what
    its filter saw.

    Args:
        quality: 1 (small) to 100 (best).

    Raises:
        ValueError: The format cannot be converted, the frame is not whole, or ``quality``
            is out of range.
    """
    import simplejpeg

    quality = checked_quality(quality)
    family = _known(format).family
    if family in ("yuv", "grey"):
        luma, cb, cr, _ = to_jpeg_planes(format, planes)
        jpeg = simplejpeg.encode_jpeg_yuv_planes(luma, cb, cr, quality)
    else:
        subsampling = "420" if family == "bayer" else "444"
        jpeg = simplejpeg.encode_jpeg(to_rgb(format, planes), quality, "RGB", subsampling)
    return bytes(jpeg)


def to_jpeg(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
    quality: int = 90,
) -> bytes:
    """Return a frame as a JPEG file; what is one already is mended, never encoded again.

    Raises:
        ValueError: As :func:`encode_jpeg`, or there is no JPEG in a JPEG frame.
    """
    if format.pixel_format in JPEGS:
        return mend_jpeg(planes[0])
    return encode_jpeg(format, planes, quality)


# ---- a camera's own JPEG ----

_START, _END = b"\xff\xd8", b"\xff\xd9"
_TABLES = 0xC4  # DHT


def mend_jpeg(data: memoryview | bytes) -> bytes:
    """Return the JPEG in ``data`` as other programs expect it.

    What lies around it, or astray in its header, is cut off, and Huffman tables are put in
    where the camera leaves them out, as Motion-JPEG may: they are the ones of the standard.

    Raises:
        ValueError: No JPEG begins or ends in ``data``.

    Source: ITU-T T.81, annexes B and K.3.
    """
    jpeg = bytes(data)
    start = jpeg.find(_START + b"\xff")
    end = jpeg.rfind(_END)
    if start < 0 or end < start:
        raise ValueError(f"no whole JPEG in {len(jpeg)} bytes")
    jpeg = jpeg[start : end + len(_END)]
    found = segments(jpeg)
    if not found or found[-1].marker != SCAN:
        return jpeg
    parts, place, end = [], 0, len(_START)
    for each in found:
        stray = jpeg[end : each.start].rstrip(b"\xff")
        if stray:
            parts.append(jpeg[place:end])
            place = end + len(stray)
        end = each.end
    if all(each.marker != _TABLES for each in found):
        scan = found[-1].start
        parts += [jpeg[place:scan], _standard_tables()]
        place = scan
    return b"".join((*parts, jpeg[place:])) if parts else jpeg


@cache
def _standard_tables() -> bytes:
    """The Huffman tables of annex K.3, which the encoder writes into every file."""
    import numpy as np
    import simplejpeg

    jpeg = simplejpeg.encode_jpeg(np.zeros((8, 8, 3), np.uint8))
    return b"".join(
        jpeg[each.start : each.end] for each in segments(jpeg) if each.marker == _TABLES
    )


def _decode_jpeg(plane: memoryview) -> NDArray[np.uint8]:
    import simplejpeg

    # Not strict: a camera's pixels may have a flaw here or there.
    rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(mend_jpeg(plane), "RGB", strict=False)
    return rgb


# ---- the border to C ----


class _Image:
    """A ``struct vc_image`` with a hold on the memory it points to."""

    __slots__ = ("_buffers", "_format", "raw")

    def __init__(self, format: Format, planes: Sequence[memoryview]) -> None:  # noqa: A002
        self._format = format
        self._buffers = [ffi.from_buffer("uint8_t[]", plane) for plane in planes]
        self.raw: Any = ffi.new("struct vc_image *")
        self.raw.fourcc = PIXEL_FORMATS[format.pixel_format].number
        self.raw.width = format.width
        self.raw.height = format.height
        self.raw.ycbcr_enc, self.raw.quantization = resolve_colour(format)
        count = min(len(planes), len(format.planes), lib.VC_IMAGE_PLANES)
        self.raw.num_planes = count
        for i in range(count):
            self.raw.plane[i] = self._buffers[i]
            self.raw.length[i] = len(self._buffers[i])
            self.raw.stride[i] = format.planes[i].bytesperline

    def check(self, rc: int) -> None:
        """Raise what the ``-errno`` of a conversion means."""
        if rc == 0:
            return
        if rc == -errno.ENOMEM:
            raise MemoryError("no memory for the rows of a conversion")
        format = self._format  # noqa: A001
        what = f"{format.width}x{format.height} {format.pixel_format}"
        if rc == -errno.EMSGSIZE:
            have = " + ".join(str(len(buffer)) for buffer in self._buffers)
            need = " + ".join(str(size) for size in minimum_bytes(format))
            raise ValueError(f"the frame has {have} bytes, too few for {what}: {need}")
        raise ValueError(f"the format contradicts itself: {what}, {format}")


def _known(format: Format) -> PixelFormat:  # noqa: A002
    """Return the row of a format that can be converted."""
    row = PIXEL_FORMATS.get(format.pixel_format)
    if row is None or not row.convertible:
        advice = _ADVICE.get(row.family if row else "", "take Frame.planes for its bytes")
        raise ValueError(f"{format.pixel_format} cannot be converted to a picture; {advice}")
    return row
