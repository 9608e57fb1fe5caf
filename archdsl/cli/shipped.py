"""The shipped specs, for `archdsl list` and for whoever gives a model's name where a file is wanted."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from archdsl.diagnostics import Source
from archdsl.folders import specs_folder
from archdsl.language import tree
from archdsl.language.parser import parse


def shipped_specs() -> list[str]:
    """The paths of the shipped files, as short as they can be written from the current folder."""
    return sorted(_short(path) for path in specs_folder().glob("*.arch"))


def suggestion(name: str) -> str | None:
    """Which file may be meant by a SPEC that is none: it can be the name of a shipped file or of a model in one."""
    if "/" in name or os.sep in name:
        return None
    files = {Path(path).stem: path for path in shipped_specs()}
    models = {model: path for path in files.values() for model in _model_names(path)}
    near = get_close_matches(name.removesuffix(".arch"), [*files, *models], n=1, cutoff=0.75)
    if not near:
        return None
    found = near[0]
    what = f"`{found}` is a shipped file" if found in files else f"`{found}` is a model of a shipped file"
    return f"{what}; did you mean {files.get(found) or models[found]}?"


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):  # The file is elsewhere, or the current folder is gone.
        return str(path)


def _model_names(path: str) -> list[str]:
    module, _ = parse(Source(path, Path(path).read_text(encoding="utf-8")))
    names = [item.name.text for item in module.items if isinstance(item, tree.Model)]
    for item in module.items:
        if isinstance(item, tree.Variants):
            index = [column.text for column in item.table.header].index("name")
            names += [f"{item.model.text}_{row.cells[index].span.text}" for row in item.table.rows]
    return names
