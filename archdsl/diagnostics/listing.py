"""All kinds of problems, for documentation and tests; no command needs the list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from archdsl.diagnostics.problem import Problem

_PACKAGE = Path(__file__).parents[1]


def problems() -> tuple[type[Problem], ...]:
    """Every kind of problem that a module called `errors` declares, by code and name."""
    for path in sorted(_PACKAGE.rglob("*errors.py")):
        import_module(".".join(("archdsl", *path.relative_to(_PACKAGE).with_suffix("").parts)))
    found = [kind for kind in _below(Problem) if hasattr(kind, "message")]
    return tuple(sorted(found, key=lambda kind: (kind.code.name, kind.__name__)))


def template(kind: type[Problem]) -> str:
    """The message of a problem with its fields in braces, as people read it."""
    return re.sub(r"\{(\w+):[^{}]*\}", r"{\1}", kind.message).replace("{{", "{").replace("}}", "}")


def _below(kind: type[Problem]) -> Iterator[type[Problem]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
