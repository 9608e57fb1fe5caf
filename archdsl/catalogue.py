"""The models of the shipped specs, by name and by the names that others give them."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from archdsl.diagnostics import Problems
from archdsl.diagnostics.nearest import nearest, question
from archdsl.elaborate.resolve.merge import variants
from archdsl.file_errors import NoSuchModel
from archdsl.folders import specs_folder
from archdsl.search_space.choices import open_choices
from archdsl.sources import read
from archdsl.uses import environment_of


@cache
def models() -> Mapping[str, Path]:
    """The file of each network, in the order of the files. Names alone are read, nothing is elaborated."""
    found: dict[str, Path] = {}
    for path in sorted(specs_folder().glob("*.arch")):
        problems = Problems()
        environment = environment_of(read(path), problems)
        for definition in environment.own_models:
            found |= {variant.name: path for variant in variants(definition) if open_choices(variant).size == 1}
    return found


@cache
def aliases() -> Mapping[str, str]:
    """Other spellings with the models that they mean; they are data, in `aliases.toml` beside the specs."""
    import tomllib

    text = (specs_folder() / "aliases.toml").read_text(encoding="utf-8")
    return {alias: model for section in tomllib.loads(text).values() for alias, model in section.items()}


def list_models(pattern: str = "*") -> list[str]:
    """The names of the shipped models that match a pattern, such as `efficientnet*`, in the order of the files."""
    return [name for name in models() if fnmatchcase(name, pattern)]


def resolve(name: str) -> tuple[Path, str]:
    """The file and the name of the model that a name or an alias means. Raises DiagnosticError when there is none."""
    known = models()
    model = next(
        (found for found in (name, aliases().get(name), name.lower().replace("-", "_")) if found in known), None
    )
    if model is None:
        # Our names first: those of other libraries are for those who know them.
        near = nearest(name, known)
        near += [alias for alias in nearest(name, aliases()) if aliases()[alias] not in near]
        raise NoSuchModel(name).error(help=question(near[:3]))
    return known[model], model
