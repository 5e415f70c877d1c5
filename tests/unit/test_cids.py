# SPDX-License-Identifier: MIT
"""The table of control names says what the kernel's headers say."""

import re

import pytest
from linuxpy.video import raw

from v4l2capture._native import lib
from v4l2capture.cids import CLASSES, FLAGS, IDS, MASTERS, NAMES, class_name, slug

# What v4l2-ctl calls a control is made from the words of the kernel, not from V4L2_CID_*.
OTHER_WORDS = {
    "white_balance_automatic": "AUTO_WHITE_BALANCE",
    "gain_automatic": "AUTOGAIN",
    "horizontal_flip": "HFLIP",
    "vertical_flip": "VFLIP",
    "hue_automatic": "HUE_AUTO",
    "brightness_automatic": "AUTOBRIGHTNESS",
    "background_color": "BG_COLOR",
    "color_effects": "COLORFX",
    "color_effects_cbcr": "COLORFX_CBCR",
    "auto_exposure": "EXPOSURE_AUTO",
    "exposure_time_absolute": "EXPOSURE_ABSOLUTE",
    "exposure_dynamic_framerate": "EXPOSURE_AUTO_PRIORITY",
    "focus_automatic_continuous": "FOCUS_AUTO",
    "white_balance_auto_preset": "AUTO_N_PRESET_WHITE_BALANCE",
    "exposure_metering_mode": "EXPOSURE_METERING",
}


def test_numbers_are_the_kernels():
    header = {member.name: member.value for member in raw.ControlID}
    words = {name: OTHER_WORDS.get(name, name.upper()) for name in NAMES.values()}

    known = {name: header[word] for name, word in words.items() if word in header}

    assert len(known) >= 60
    assert {name: IDS[name] for name in known} == known


def test_names_are_unique_and_spelled_as_v4l2_ctl_spells_them():
    assert len(set(NAMES.values())) == len(NAMES)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in IDS)


def test_every_canonical_name_leads_to_its_number():
    assert {name: cid for cid, name in NAMES.items()}.items() <= IDS.items()


def test_old_names_never_hide_new_ones():
    assert set(IDS.values()) == set(NAMES)


def test_masters_and_slaves_are_known():
    for slave, masters in MASTERS.items():
        assert slave in NAMES
        assert set(masters) <= set(NAMES)
        assert slave not in masters


def test_automatic_exposure_does_not_hold_its_own_bias():
    """It is the other way round: without the automatic, the bias has no effect."""
    assert IDS["auto_exposure_bias"] not in MASTERS


def test_no_master_has_a_master():
    """Masters are written first, in any order."""
    assert not {master for masters in MASTERS.values() for master in masters} & set(MASTERS)


def test_flags_are_the_kernels():
    words = {word: bit for bit, word in FLAGS.items()}

    names = {"has-min-max": "HAS_WHICH_MIN_MAX"}  # the others differ by their hyphens only

    for word, bit in words.items():
        name = names.get(word, word.upper().replace("-", "_"))
        assert bit == getattr(lib, f"V4L2_CTRL_FLAG_{name}")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Focus, Absolute", "focus_absolute"),
        ("White Balance, Auto & Preset", "white_balance_auto_preset"),
        ("  LED1 Mode  ", "led1_mode"),
        ("3A, Lock", "3a_lock"),
        ("Größe", "gr_e"),
        ("", ""),
        ("---", ""),
    ],
)
def test_words_become_names(words, name):
    assert slug(words) == name


@pytest.mark.parametrize(
    ("cid", "name"),
    [
        (0x00980900, "user"),
        (0x009A090D, "camera"),
        (0x009C0901, "flash"),
        (0x009E0903, "image-source"),
        (0x0A046D05, "vendor"),
        (0, "vendor"),
    ],
)
def test_class_of_a_control(cid, name):
    assert class_name(cid) == name
    assert len(set(CLASSES.values())) == len(CLASSES)
