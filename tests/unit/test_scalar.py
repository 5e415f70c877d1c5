# SPDX-License-Identifier: MIT
"""Numbers of controls, as Python has them and as the driver takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v4l2capture import scalar


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("int", -5, -5),
        ("bool", 1, True),
        ("bool", 2, True),
        ("bitmask", -(1 << 31), 0x80000000),
        ("menu", 3, 3),
        ("int64", -(1 << 40), -(1 << 40)),
    ],
)
def test_number_as_its_type_has_it(kind, raw, value):
    assert scalar.decode(kind, raw) == value
    assert type(scalar.decode(kind, raw)) is type(value)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (-1, 3),  # below the range: the minimum
        (3, 3),
        (12, 13),  # 3, 8, 13, ...: the nearest step, not the next lower one
        (2047, 2043),  # this driver's maximum is not on a step itself
        (1 << 40, 2043),
    ],
)
def test_nearest_is_on_a_step_inside_the_range(wanted, expected):
    assert scalar.nearest(wanted, 3, 2047, 5) == expected


@given(st.integers(), st.integers(-99, 99), st.integers(0, 99), st.integers(1, 99))
def test_nearest_is_the_nearest_there_is(wanted, low, width, step):
    grid = range(low, low + width + 1, step)

    found = scalar.nearest(wanted, low, low + width, step)

    assert found in grid
    assert abs(found - wanted) == min(abs(each - wanted) for each in grid)
