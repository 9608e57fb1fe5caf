"""The shipped specs, for `archdsl list` and for whoever gives a model's name where a file is wanted."""

from __future__ import annotations

import os
from pathlib import Path

from archdsl.catalogue import aliases, models
from archdsl.diagnostics.nearest import nearest
from archdsl.folders import SHIPPED, shipped_files, shipped_name, specs_folder


def shipped_specs() -> list[str]:
    """The paths of the shipped files, as short as they can be written from the current folder."""
    return sorted(_short(path) for path in specs_folder().glob("*.arch"))


def suggestion(name: str) -> str | None:
    """Which file may be meant by a SPEC that is none: it can be the name of a shipped file or of a model in one."""
    name = name.removeprefix(SHIPPED)
    if "/" in name or os.sep in name:
        return None
    files = {path.stem: _short(path) for path in shipped_files()}
    known = models()
    wanted, names = name.removesuffix(".arch"), {*files, *known, *aliases()}
    near = [wanted] if wanted in names else nearest(wanted, names)
    if not near:
        return None
    found = near[0]
    if found in files:
        return f"`{found}` is a shipped file; did you mean {files[found]}?"
    model = aliases().get(found, found)
    return f"`{model}` is a model of a shipped file; did you mean {_short(known[model])}?"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # The file is elsewhere, or the current folder is gone.
        return shipped_name(path) or str(path)
