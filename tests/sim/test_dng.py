# SPDX-License-Identifier: MIT
"""The simulated camera's colour chart, as a DNG, developed by LibRaw."""

from __future__ import annotations

import io

import numpy as np
import pytest
import rawpy

from v4l2capture import Device, SimulatedCamera
from v4l2capture.encode import encode_photo
from v4l2capture.exif import Exif
from v4l2capture.pixfmt import PIXEL_FORMATS

from .simulated import profile
from .test_simulated_picture import bars, expected_bars

BAYER = [row.fourcc for row in PIXEL_FORMATS.values() if row.family == "bayer"]


def photograph(source, code, size):
    camera = SimulatedCamera(source, clock="manual")
    with Device(camera.path) as device:
        device.set_format(*size, code)
        with device.stream() as stream:
            camera.tick()
            frame = stream.try_read()
            assert frame.ok
            return encode_photo(
                frame.format,
                frame.planes,
                type="image/x-adobe-dng",
                exif=Exif(make="Maker", model="Sensor"),
            ).data


def develop(dng, **options):
    """As the camera's neutral says, without turning or brightening it."""
    with rawpy.imread(io.BytesIO(dng)) as raw:
        return raw.postprocess(
            use_camera_wb=True, user_flip=0, no_auto_bright=True, output_bps=8, **options
        )


@pytest.mark.parametrize("code", BAYER)
def test_chart_has_its_colours(code):
    size = {"width": 320, "height": 240}
    source = profile(formats=[{"pixel_format": code, "sizes": [size]}])

    picture = develop(photograph(source, code, (320, 240)), gamma=(1, 1))

    # The counter in the corner lets the estimate of the neutral differ from grey by a hair.
    for actual, expected in zip(bars(picture), expected_bars(), strict=True):
        assert np.abs(actual - expected).max() <= 3


@pytest.mark.parametrize("code", ["RG10", "pRAA"])
def test_built_in_sensor_has_the_same_hues_with_any_curve(code):
    """As a program shows it that nobody told about curves: brighter, but red is red."""
    picture = develop(photograph("sensor", code, (640, 480)))

    for actual, expected in zip(bars(picture), expected_bars(), strict=True):
        assert ((actual > 128) == (expected > 128)).all()
        assert np.ptp(actual[expected > 0], axis=0) <= 3 if expected.any() else actual.max() <= 3
