# SPDX-License-Identifier: MIT
"""Tables and help texts that the code already has: ``{generated} numbers`` in a page.

Each function here returns Markdown. Nothing of what they say is written down a second time.
"""

import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

from v4l2capture import SimulatedCamera
from v4l2capture.cids import NAMES
from v4l2capture.cli import main
from v4l2capture.cli.program import COMMANDS
from v4l2capture.dictionaries import PROPERTIES
from v4l2capture.mapping import MODES, NEEDS, RULES, control_ids
from v4l2capture.pixfmt import PIXEL_FORMATS
from v4l2capture.rules import EntryRule, NumberRule
from v4l2capture.sensor import SENSORS
from v4l2capture.sim import builtin_profiles


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(headings)]
    lines += [["---"] * len(lines[0]), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _code(words: Iterable[object]) -> str:
    return ", ".join(f"`{word}`" for word in words)


# ---- the mapping ----


def numbers() -> str:
    """The properties that are numbers, with the control behind each."""
    return _table(
        ("property", "unit", "V4L2 control", "value", "has an effect while"),
        (
            (f"`{rule.name}`", rule.unit or "*none*", f"`{rule.control}`", _law(rule), _needs(rule))
            for rule in RULES
        ),
    )


def _law(rule: NumberRule) -> str:
    if isinstance(rule, EntryRule):
        return f"entry of the menu / {rule.divisor}"
    scale = getattr(rule, "scale", 1)
    limit = getattr(rule, "limit", None)
    law = "the driver's" if scale == 1 else f"the driver's × {scale}"
    return law if limit is None else f"{law}, from -{limit} to {limit}"


def _needs(rule: NumberRule) -> str:
    if rule.name in NEEDS:
        return f"`{NEEDS[rule.name]}` is `manual`"
    auto = getattr(rule, "auto", None)
    return f"`{auto}` is 0; it is set to 0 with it" if auto else ""


def modes() -> str:
    """The properties that are modes, with the controls behind each."""
    return _table(
        ("property", "switched by", "`manual`", "`continuous`", "`single-shot`"),
        (
            (
                f"`{rule.name}`" if auto is rule.autos[0] else "",
                f"`{auto.control}`",
                _entries(auto.manual),
                _entries(auto.continuous),
                _once(rule.button, rule.lock) if auto is rule.autos[0] else "",
            )
            for rule in MODES.values()
            for auto in rule.autos
        ),
    )


def _entries(entries: tuple[int, ...]) -> str:
    """Return the entries of a menu; the light sources are many."""
    first, *rest = entries
    if len(rest) > 2 and rest == list(range(rest[0], rest[-1] + 1)):
        return f"{first}, {rest[0]} to {rest[-1]}"
    return ", ".join(map(str, entries))


def _once(button: str | None, lock: int) -> str:
    ways = [f"`{button}`"] if button else []
    return " or ".join([*ways, f"`3a_lock` bit {lock.bit_length() - 1}"])


def others() -> str:
    """The properties that are neither, with the controls behind each."""
    told = {rule.name for rule in RULES} | MODES.keys()
    names = [name for name in (*PROPERTIES, "fillLightMode") if name not in told]
    return _table(
        ("property", "V4L2 controls"),
        (
            (f"`{name}`", _code(NAMES[cid] for cid in sorted(control_ids((name,)))))
            for name in names
            if control_ids((name,))
        ),
    )


def sensors() -> str:
    """The sensors whose gain codes are known."""
    return _code(SENSORS)


# ---- the rest ----


def formats() -> str:
    """The pixel formats that become pictures."""
    families: dict[str, list[str]] = {}
    for row in PIXEL_FORMATS.values():
        if row.convertible and row.family != "other":
            families.setdefault(row.family, []).append(row.fourcc.strip())
    names = {"yuv": "Y'CbCr", "rgb": "RGB", "grey": "grey", "bayer": "Bayer", "compressed": "JPEG"}
    return _table(
        ("family", "formats"),
        ((names.get(family, family), _code(each)) for family, each in families.items()),
    )


def profiles() -> str:
    """The simulated cameras that are built in."""
    return _table(
        ("path", "name", "formats", "nodes of its own"), map(_profile, builtin_profiles())
    )


def _profile(name: str) -> Iterator[str]:
    profile = SimulatedCamera(name).profile
    yield f"`sim:{name}`"
    yield profile.card
    yield _code(each.pixel_format for each in profile.formats)
    yield ", ".join(each.function for each in profile.subdevices) or "none"


def _help(*words: str) -> str:
    os.environ["COLUMNS"] = "96"  # where argparse looks for the width
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main([*words, "--help"])
    return f"```text\n{said.getvalue().strip()}\n```"


def program() -> str:
    """What `v4l2capture --help` says."""
    return _help()


def commands() -> str:
    """What it says of each command."""
    return "\n\n".join(f"## {name}\n\n{_help(name)}" for name in COMMANDS)


class Generated(Directive):
    """Puts what a function of this module returns into a page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        make: Callable[[], str] = globals()[self.arguments[0]]
        parent = nodes.section()
        parent.document = self.state.document
        self.state.nested_parse(StringList(make().splitlines(), source=__name__), 0, parent, True)
        return parent.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("generated", Generated)
    return {"parallel_read_safe": True}
