"""A whole emitted file: helpers, blocks, models, and a function for every architecture."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.helpers import SOURCES, block_base
from archdsl.backends.pytorch.layout import WIDTH
from archdsl.backends.pytorch.module import Unmergeable
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.network import NetworkWriter
from archdsl.backends.pytorch.table import StageTable
from archdsl.backends.pytorch.texts import FILE_NAMES, function_name, literal, pascal
from archdsl.ir.architecture import Architecture

Member = tuple[int, Architecture]


def emit(architectures: Sequence[Architecture], source_name: str) -> str:
    """Python source that defines the networks; torch is its only import.

    The same architectures give the same bytes, on every machine. `source_name` is the file that they came from.
    """
    models: dict[str, list[Member]] = {}
    for number, architecture in enumerate(architectures):
        models.setdefault(architecture.model, []).append((number, architecture))
    functions = [function_name(architecture.name) for architecture in architectures]
    names = Names({*FILE_NAMES, *functions}, between="")
    class_names = {name: names.new(pascal(name)) for name in dict.fromkeys([*models, *(a.name for a in architectures)])}
    classes = Classes(architectures, names.taken)
    _settle(models, classes)
    networks = [made for model, members in models.items() for made in _networks(model, members, classes, class_names)]
    parts = [source.text for source in classes.sources()]
    handed_on = {fact for facts in classes.hands_on.values() for fact in facts}
    if handed_on:
        parts.insert(0, block_base(handed_on))
    parts += [text for text, _ in networks]
    parts += [function for _, made in networks for function in made]
    helpers = _helpers("\n".join(["compile", *parts]))
    body = "\n\n".join([*helpers, *parts])
    imports = "import torch\nfrom torch import Tensor, nn\n"
    if "functional" in _mentioned(body):
        imports += "from torch.nn import functional\n"
    return f"{_title(architectures, source_name)}\n\n{imports}\n{_exports(functions)}\n\n{body}"


def _networks(
    model: str, members: list[Member], classes: Classes, class_names: dict[str, str]
) -> Iterator[tuple[str, list[str]]]:
    """The classes of one model with their functions: one for all variants if that can be, else one for each."""
    try:
        yield NetworkWriter(class_names[model], members, classes).write()
        return
    except Unmergeable:
        pass
    for member in members:
        name = class_names[member[1].name]
        try:
            made = NetworkWriter(name, [member], classes).write()
        except Unmergeable:
            made = NetworkWriter(name, [member], classes, listed=True).write()
        yield made


def _settle(models: dict[str, list[Member]], classes: Classes) -> None:
    """Tells the classes which facts they must hand on to the loops that build stages from them."""
    tables = dict(models)
    while True:
        wanted: dict[str, tuple[str, ...]] = {}
        for model, members in list(tables.items()):
            try:
                table = StageTable([a for _, a in members], [n for n, _ in members], classes, Names())
            except Unmergeable:
                del tables[model]  # its stages will be listed, and need nothing handed on
                continue
            for name in table.class_names():
                wanted[name] = tuple(dict.fromkeys((*wanted.get(name, ()), *table.hands_on)))
        wanted = {name: facts for name, facts in wanted.items() if facts}
        if wanted == classes.hands_on:
            return
        classes.set_hands_on(wanted)


def _helpers(text: str) -> list[str]:
    """The sources of the helpers that a text mentions, and of those that they mention in turn."""
    used: set[str] = set()
    waiting = [text]
    while waiting:
        found = _mentioned(waiting.pop()) & SOURCES.keys() - used
        waiting += [SOURCES[name] for name in found]
        used |= found
    return [source.strip() + "\n" for name, source in SOURCES.items() if name in used]


def _mentioned(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def _exports(functions: Sequence[str]) -> str:
    names = [literal(name) for name in sorted(functions, key=_natural)]
    line = f"__all__ = [{', '.join(names)}]\n"
    return line if len(line) <= WIDTH else "__all__ = [\n" + "".join(f"    {name},\n" for name in names) + "]\n"


def _natural(name: str) -> tuple[bool, list[tuple[int, str]]]:
    """A key that sorts names as linters do: those like classes first, numbers by their value."""
    parts = re.findall(r"(\d+)|(\D+)", name)
    return not name[:1].isupper(), [(int(number), "") if number else (10**9, word) for number, word in parts]


def _title(architectures: Sequence[Architecture], source_name: str) -> str:
    shown = "".join(c for c in source_name if c.isalnum() or c in "._-/ ")
    names = ", ".join(architecture.name for architecture in architectures)
    line = f'"""{names}: compiled by archdsl from {shown}. Standalone: edit and ship it as it is."""'
    return line if len(line) <= WIDTH else line.replace(f"{names}:", f"{len(architectures)} networks", 1)
