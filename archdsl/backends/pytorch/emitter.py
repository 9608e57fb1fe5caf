"""A whole emitted file: helpers, blocks, models, and a function for every architecture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.helpers import SOURCES, block_base, with_needs
from archdsl.backends.pytorch.module import Unmergeable
from archdsl.backends.pytorch.network import NetworkWriter
from archdsl.backends.pytorch.table import StageTable
from archdsl.backends.pytorch.texts import pascal
from archdsl.ir.architecture import Architecture


def emit(architectures: Sequence[Architecture], source_name: str) -> str:
    """Python source that defines the networks; torch is its only import.

    The same architectures give the same bytes, on every machine. `source_name` is the file that they came from.
    """
    groups: dict[str, list[tuple[int, Architecture]]] = {}
    for number, architecture in enumerate(architectures):
        groups.setdefault(architecture.model, []).append((number, architecture))
    names = {pascal(name) for a in architectures for name in (a.model, a.name)}
    taken = names | set(SOURCES) | {"Block"} | {architecture.name for architecture in architectures}
    classes = Classes(architectures, taken)
    _settle(groups, classes)
    helpers = {"compile"}
    models: list[str] = []
    functions: list[str] = []
    for model, members in groups.items():
        for text, made, used in _networks(model, members, classes):
            models.append(text)
            functions += made
            helpers |= used
    sources = classes.sources()
    for source in sources:
        helpers |= source.helpers
    parts = [SOURCES[name].strip() + "\n" for name in with_needs(helpers)]
    handed_on = {fact for facts in classes.hands_on.values() for fact in facts}
    if handed_on:
        parts.append(block_base(handed_on))
    parts += [source.text for source in sources]
    body = "\n\n".join([*parts, *models, *functions])
    exported = ", ".join(f'"{name}"' for name in sorted(architecture.name for architecture in architectures))
    imports = "import torch\nfrom torch import Tensor, nn\n"
    if "functional." in body:
        imports += "from torch.nn import functional\n"
    listed = f"__all__ = [{exported}]\n" if len(exported) < 88 else _listed(architectures)
    return f'"""{_title(architectures, source_name)}"""\n\n{imports}\n{listed}\n\n{body}'


def _networks(
    model: str, members: list[tuple[int, Architecture]], classes: Classes
) -> Iterator[tuple[str, list[str], set[str]]]:
    """The classes of one model with their functions: one for all variants if that can be, else one for each."""
    try:
        yield _network(pascal(model), members, classes, listed=False)
        return
    except Unmergeable:
        pass
    for member in members:
        name = pascal(member[1].name)
        try:
            made = _network(name, [member], classes, listed=False)
        except Unmergeable:
            made = _network(name, [member], classes, listed=True)
        yield made


def _network(
    name: str, members: list[tuple[int, Architecture]], classes: Classes, listed: bool
) -> tuple[str, list[str], set[str]]:
    writer = NetworkWriter(name, members, classes, listed)
    text, functions = writer.write()
    return text, functions, writer.builder.helpers


def _settle(groups: dict[str, list[tuple[int, Architecture]]], classes: Classes) -> None:
    """Tells the classes which facts they must hand on to the loops that build stages from them."""
    tables = dict(groups)
    while True:
        wanted: dict[str, tuple[str, ...]] = {}
        for model, members in list(tables.items()):
            try:
                table = StageTable([a for _, a in members], [n for n, _ in members], classes)
            except Unmergeable:
                del tables[model]  # its stages will be listed, and need nothing handed on
                continue
            for name in table.class_names():
                wanted[name] = tuple(dict.fromkeys((*wanted.get(name, ()), *table.hands_on)))
        wanted = {name: facts for name, facts in wanted.items() if facts}
        if wanted == classes.hands_on:
            return
        classes.set_hands_on(wanted)


def _listed(architectures: Sequence[Architecture]) -> str:
    return "__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(architecture.name for architecture in architectures)) + "]\n"


def _title(architectures: Sequence[Architecture], source_name: str) -> str:
    shown = "".join(c for c in source_name if c.isalnum() or c in "._-/ ")
    names = ", ".join(architecture.name for architecture in architectures)
    line = f"{names}: compiled by archdsl from {shown}."
    if len(line) > 96:
        line = f"{len(architectures)} networks compiled by archdsl from {shown}."
    return f"{line} Standalone: edit and ship it as it is."
