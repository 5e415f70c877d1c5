# SPDX-License-Identifier: MIT
"""Frames as files: JPEG, PNG, TIFF, WebP and DNG, with what is known about them inside.

Each byte of a camera's own JPEG that means something stays as it is from the first table on.
Y'CbCr becomes a JPEG without a detour through RGB. Nothing is scaled or turned: the orientation is
a tag.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .convert import checked_quality, encode_jpeg, mend_jpeg, to_jpeg_planes, to_rgb
from .dng import Sensor, encode_dng
from .exif import Exif
from .jpegfile import read_header, splice_exif
from .pixfmt import JPEGS, PIXEL_FORMATS, Format
from .tiff import Directory, long, pack_image, short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SUFFIXES", "Encoded", "check_request", "encode_photo", "photo_type"]

SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "image/jpeg": (".jpg", ".jpeg", ".jpe"),
    "image/png": (".png",),
    "image/tiff": (".tif", ".tiff"),
    "image/webp": (".webp",),
    "image/x-adobe-dng": (".dng",),
}
"""What files of each type are called; the first is the one to choose."""


class Encoded(NamedTuple):
    """A picture as the bytes of a file.

    Attributes:
        data: All of it.
        type: Which kind of file.
        width: Pixels; of a camera's JPEG, what its header says.
        height: Rows.
    """

    data: bytes
    type: str
    width: int
    height: int


def encode_photo(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
    *,
    type: str = "image/jpeg",  # noqa: A002
    quality: int = 90,
    exif: Exif | None = None,
    sensor: Sensor | None = None,
) -> Encoded:
    """Return a frame as a file.

    A camera's own JPEG is mended where it needs to be, but never encoded again.

    Args:
        format: What the frame was taken in.
        planes: The bytes of each memory plane.
        type: One of :data:`SUFFIXES`.
        quality: 1 (small) to 100 (best), of JPEG and WebP; it has no effect elsewhere.
        exif: What is known about the photo. ``None``: nothing is added, and a camera's own
            Exif data stays.
        sensor: What is known about the sensor, for a DNG.

    Raises:
        ValueError: There is no such type; the frame is not whole (a JPEG is cut off, bytes are
            missing); its format cannot be converted, or is not Bayer where a DNG is wanted;
            or ``quality`` is out of range.
    """
    check_request(type, quality)
    if type == "image/x-adobe-dng":
        directory = (exif or Exif()).directory(is_raw=True)
        data = encode_dng(format, planes, directory, sensor)
        return Encoded(data, type, format.width, format.height)
    if type == "image/jpeg":
        return _as_jpeg(format, planes, quality, exif)
    pixels = _pixels(format, planes)
    height, width = pixels.shape[:2]
    if type == "image/tiff":
        data = _encode_tiff(pixels, exif)
    else:
        data = _encode_with_pillow(pixels, type, quality, exif)
    return Encoded(data, type, width, height)


def _as_jpeg(
    format: Format,  # noqa: A002
    planes: Sequence[memoryview],
    quality: int,
    exif: Exif | None,
) -> Encoded:
    if format.pixel_format in JPEGS:
        jpeg = mend_jpeg(planes[0])
        width, height, components = read_header(jpeg)
    else:
        jpeg = encode_jpeg(format, planes, quality)
        width, height = format.width, format.height
        components = 1 if PIXEL_FORMATS[format.pixel_format].family == "grey" else 3
    if exif is not None:
        jpeg = splice_exif(jpeg, exif.payload((width, height), components))
    return Encoded(jpeg, "image/jpeg", width, height)


def check_request(type: str, quality: int) -> None:  # noqa: A002
    """Raise what :func:`encode_photo` would, before there is a frame."""
    if type not in SUFFIXES:
        raise ValueError(f"type={type!r}: give one of {', '.join(SUFFIXES)}")
    checked_quality(quality)


def photo_type(path: str | PurePath) -> str | None:
    """Return the type that the end of a name stands for, or ``None``."""
    suffix = PurePath(path).suffix.lower()
    return next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def _pixels(format: Format, planes: Sequence[memoryview]) -> NDArray[np.uint8]:  # noqa: A002
    """Return R, G, B of shape ``(H, W, 3)``, or grey of shape ``(H, W)``."""
    if format.pixel_format in JPEGS:
        read_header(mend_jpeg(planes[0]))  # a decoder would make up what is missing
    row = PIXEL_FORMATS.get(format.pixel_format)
    if row is not None and row.family == "grey" and row.convertible:
        return to_jpeg_planes(format, planes)[0]
    return to_rgb(format, planes)


def _encode_tiff(pixels: NDArray[np.uint8], exif: Exif | None) -> bytes:
    """Uncompressed: what everybody can read, with the directories that a JPEG has, too."""
    import numpy as np

    height, width = pixels.shape[:2]
    samples = pixels[0, 0].size
    directory: Directory = (exif or Exif()).directory() | {
        256: long(width),
        257: long(height),
        258: short(*[8] * samples),  # BitsPerSample
        259: short(1),  # Compression: none
        262: short(2 if samples == 3 else 1),  # PhotometricInterpretation: RGB, or black is 0
        277: short(samples),  # SamplesPerPixel
        278: long(height),  # RowsPerStrip
        284: short(1),  # PlanarConfiguration: R, G, B, R, ...
    }
    return pack_image(directory, np.ascontiguousarray(pixels).data)


def _encode_with_pillow(
    pixels: NDArray[np.uint8],
    type: str,  # noqa: A002
    quality: int,
    exif: Exif | None,
) -> bytes:
    from PIL import Image

    options: dict[str, Any] = {}
    if exif is not None:
        height, width = pixels.shape[:2]
        options["exif"] = exif.payload((width, height))
    if type == "image/png":
        options |= {"format": "PNG", "compress_level": 2}  # noise gets no smaller with more
    else:
        options |= {"format": "WEBP", "quality": quality}
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, **options)
    return file.getvalue()
