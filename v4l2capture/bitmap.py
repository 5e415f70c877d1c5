# SPDX-License-Identifier: MIT
"""Pictures in memory of their own, and how they get another size.

Source: HTML, "ImageBitmap"; W3C Media Capture and Streams, "crop-and-scale".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from .errors import ClosedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .frame import Frame

__all__ = ["ImageBitmap", "crop_and_scale", "picture"]


class ImageBitmap:
    """One picture from a camera, in memory of its own.

    Attributes:
        width: Pixels; 0 after ``close()``.
        height: Pixels; 0 after ``close()``.
        timestamp_ns: Nanoseconds on the clock of :func:`time.monotonic_ns`.
        timestamp_source: What that is the time of: ``"start of exposure"``,
            ``"end of frame"`` or ``"arrival"``.

    Synchronization: any thread; nothing in it changes but ``close()``.
    """

    __slots__ = ("_rgb", "height", "timestamp_ns", "timestamp_source", "width")

    def __init__(self, rgb: NDArray[np.uint8], timestamp_ns: int, timestamp_source: str) -> None:
        self._rgb: NDArray[np.uint8] | None = rgb
        self.height, self.width = rgb.shape[:2]
        self.timestamp_ns = timestamp_ns
        self.timestamp_source = timestamp_source

    def array(self) -> NDArray[np.uint8]:
        """Return the picture: ``uint8`` of shape ``(height, width, 3)``, sRGB in full range.

        Raises:
            ClosedError: It was closed.
        """
        if self._rgb is None:
            raise ClosedError("the picture is closed")
        return self._rgb

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        import numpy as np

        return np.array(self.array(), dtype, copy=copy)

    def close(self) -> None:
        """Drop the pixels. Arrays that were taken from it stay."""
        self._rgb = None
        self.width = self.height = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._rgb is None else f"{self.width}x{self.height}"
        return f"<ImageBitmap {state} at {self.timestamp_ns} ns>"


def crop_and_scale(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return the largest middle part that has the proportions of a size, in that size.

    Args:
        rgb: ``uint8`` of shape ``(H, W, 3)``, at least as large.
    """
    rows, columns = rgb.shape[:2]
    if (columns, rows) == (width, height):
        return rgb
    import numpy as np
    from PIL import Image

    across = min(columns, rows * width / height)
    down = min(rows, columns * height / width)
    left, top = (columns - across) / 2, (rows - down) / 2
    image = Image.fromarray(rgb).resize(
        (width, height),
        Image.Resampling.BILINEAR,
        box=(left, top, left + across, top + down),
        reducing_gap=2.0,  # halves large pictures cheaply first
    )
    return np.array(image)


def picture(frame: Frame, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return a frame in colour, in memory of its own.

    Args:
        size: Width and height; a frame that is smaller in one of them stays so.
            ``None``: as the camera makes it.
    """
    rgb = frame.to_rgb()
    if size is None:
        return rgb
    return crop_and_scale(rgb, min(size[0], rgb.shape[1]), min(size[1], rgb.shape[0]))
