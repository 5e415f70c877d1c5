# SPDX-License-Identifier: MIT
"""How the manual is made: pages in Markdown, tables from the code, the reference from docstrings.

`make docs` builds it into build/docs/. Whatever Sphinx complains of is an error.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring

import v4l2capture

sys.path.insert(0, str(Path(__file__).parent))

project = "v4l2capture"
version = release = v4l2capture.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "generated"]
nitpicky = True  # a reference that leads nowhere is an error, too
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"v4l2capture {version}"
html_copy_source = False
html_show_copyright = html_show_sphinx = False

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False


def setup(app: Sphinx) -> None:
    """Join in where autodoc reads docstrings and where references are looked up."""
    app.connect("autodoc-process-docstring", _read_docstring)
    app.connect("autodoc-process-signature", _shorten_signature)
    app.connect("missing-reference", _find)


# ---- docstrings ----

_GOOGLE: Any = Config(napoleon_use_ivar=True)  # attributes stand in the list of their class, only
_RETURNS = re.compile(r"(?m)^(\s*Returns:\n\s*)")
_REMARK = re.compile(r"(?m)^(Synchronization|Sources?):")


def _read_docstring(
    _app: Sphinx, what: Any, name: str, obj: object, _options: object, lines: list[str]
) -> None:
    """Turn a docstring into what Sphinx reads."""
    text = _RETURNS.sub(r"\1: ", "\n".join(lines))  # what comes before a colon is no type
    text = _REMARK.sub(r"**\1:**", text)
    kind: Any = "method" if what == "property" else what  # which may raise something, too
    lines[:] = GoogleDocstring(text, _GOOGLE, what=kind, name=name, obj=obj).lines()


def _shorten_signature(
    _app: Sphinx,
    what: str,
    _name: str,
    obj: Any,
    _options: object,
    args: str | None,
    _returns: str | None,
) -> tuple[str, str] | None:
    """Show how to make an object only where that is the caller's business: it takes arguments."""
    is_made = what not in ("class", "exception") or "Args:" in (obj.__doc__ or "")
    return None if is_made or args is None else ("", "")


# ---- references ----

# Docstrings name things by the module that they are in, the reference by the one to import from.
_MODULE = re.compile(r"^(v4l2capture\.)?[a-z0-9_]+\.(?=\w)")

_FOREIGN = sys.stdlib_module_names | {"NDArray", "np", "numpy", "v4l2py"}


def _find(
    app: Sphinx, env: BuildEnvironment, node: Any, contnode: nodes.Element
) -> nodes.Node | None:
    """Find what a docstring or a signature refers to, under the name that the reference has."""
    if node.get("refdomain") != "py":
        return None
    target, kind = node["reftarget"], node["reftype"]
    domain = env.domains.python_domain
    for name in _names(target, node.get("py:class"), kind):
        found = [each for each in domain.objects if f".{each}".endswith(f".{name}")]
        if found:
            return domain.resolve_xref(
                env, node["refdoc"], app.builder, "obj", min(found, key=len), node, contnode
            )
    # Modules have no pages, and what is private is nobody's business.
    is_ours = kind == "mod" and target.startswith("v4l2capture.")
    is_foreign = target.partition(".")[0] in _FOREIGN or "._" in f".{target}"
    return contnode if is_ours or is_foreign else None


def _names(target: str, here: str | None, kind: str) -> Iterator[str]:
    """Yield what the reference may call a target: of the class that mentions it, or of any."""
    owner, _, member = target.rpartition(".")
    cls = getattr(v4l2capture, (owner or here or "").rpartition(".")[2], None)
    for base in inspect.getmro(cls) if inspect.isclass(cls) else ():
        yield f"{base.__name__}.{member}"
        if kind == "attr" and re.search(rf"(?m)^ +{member}:", base.__doc__ or ""):
            yield base.__name__  # whose list has it
    if kind not in ("attr", "meth") or owner:
        yield _MODULE.sub("", target)
