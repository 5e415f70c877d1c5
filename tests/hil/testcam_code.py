# SPDX-License-Identifier: MIT
"""What testcam's pictures say: the code at the top, and measurements of the chart below it.

The code and the chart are defined at the top of tools/hil/testcam/picture.c. Everything takes
``Frame.array()`` of YUYV, GREY and Bayer frames, or the RGB array of a picture that was converted,
compressed or scaled by nobody. Measurements take controls in their defaults: no pan, tilt or zoom.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Code", "bars", "grey_card", "luma", "patch", "read", "sharpness"]

Picture = NDArray[Any]

MAGIC = 0x5C
BLOCK = 16
COLUMNS, ROWS = 32, 4
HEIGHT = BLOCK * ROWS

PATCHES = ("white", "red", "green", "blue", "cyan", "magenta", "yellow", "skin")


@dataclass(frozen=True)
class Code:
    """How one frame was made."""

    camera: int
    sequence: int
    lines: int  # exposure in effect
    gain: int  # code, 16 is 1.0
    focus: int  # position of the lens
    torch: bool  # on during some of the exposure
    strobe: bool
    torch_share: int  # of the exposure, 0 to 255
    strobe_share: int
    white_balance: int  # K; 0 in raw pictures


def luma(picture: Picture) -> NDArray[np.float64]:
    """Return the brightness of each pixel, 0 to 255; in Bayer pictures that of each site."""
    if picture.ndim == 3 and picture.shape[2] == 3:
        return picture @ np.array([0.299, 0.587, 0.114])
    if picture.ndim == 3:
        picture = picture[:, :, 0]
    return picture / 4.0 if picture.dtype == np.uint16 else picture.astype(np.float64)


def read(picture: Picture) -> Code:
    """Return what the code says.

    Raises:
        ValueError: There is no code, or it is damaged.
    """
    blocks = luma(picture[:HEIGHT, : BLOCK * COLUMNS]).reshape(ROWS, BLOCK, COLUMNS, BLOCK)
    bits = blocks[:, 4:12, :, 4:12].mean(axis=(1, 3)) > 127
    data = np.packbits(bits.reshape(-1)).tobytes()
    if data[0] != MAGIC or sum(data) % 256:
        raise ValueError(f"no code in the picture: {data.hex()}")

    def number(first: int, last: int) -> int:
        return int.from_bytes(data[first : last + 1], "big")

    return Code(
        camera=data[1] >> 4,
        sequence=number(2, 5),
        lines=number(6, 7),
        gain=data[8],
        focus=number(9, 10),
        torch=bool(data[1] & 1),
        strobe=bool(data[1] & 2),
        torch_share=data[11],
        strobe_share=data[12],
        white_balance=number(13, 14),
    )


def _band(picture: Picture, number: int) -> Picture:
    """Return the middle of one of the four bands, from an even row on."""
    height = (picture.shape[0] - HEIGHT) // 4
    first = (HEIGHT + number * height + height // 4) // 2 * 2
    return picture[first : first + height // 2 // 2 * 2]


def grey_card(picture: Picture, *, bayer: bool = False) -> float:
    """Return the luma of the grey card; with ``bayer``, from the green sites."""
    card = luma(_band(picture, 0))
    return float(card[::2, ::2].mean() if bayer else card.mean())


def bars(picture: Picture, *, bayer: bool = False) -> NDArray[np.float64]:
    """Return one row across the bars."""
    band = luma(_band(picture, 1))
    return band[::2, ::2].mean(axis=0) if bayer else band.mean(axis=0)


def sharpness(picture: Picture, *, bayer: bool = False) -> float:
    """Return how steep the edges of the bars are, in no unit: more is sharper."""
    row = bars(picture, bayer=bayer)
    return float(np.square(np.diff(row)).mean() / max(row.mean(), 1) ** 2)


def patch(rgb: Picture, name: str) -> tuple[float, float, float]:
    """Return the mean colour of a patch; ``rgb`` is an RGB array."""
    band = _band(rgb, 2)
    width = rgb.shape[1] // len(PATCHES)
    left = PATCHES.index(name) * width
    red, green, blue = band[:, left + width // 4 : left + width * 3 // 4].mean(axis=(0, 1))
    return float(red), float(green), float(blue)
