"""A whole emitted file: helpers, blocks, models, and a function for every architecture."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from archdsl.backends.pytorch.blocks import Contract
from archdsl.backends.pytorch.families import Member, families, finer, name_of
from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.helpers import SOURCES, block_base
from archdsl.backends.pytorch.layout import WIDTH
from archdsl.backends.pytorch.line_helpers import COMPILE, INITIALIZE, INITIALIZE_BOTH, LINE_SOURCES
from archdsl.backends.pytorch.module import Unmergeable
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.network import NetworkWriter
from archdsl.backends.pytorch.stages import Trunk
from archdsl.backends.pytorch.table import StageTable
from archdsl.backends.pytorch.texts import FILE_NAMES, function_name, literal
from archdsl.backends.pytorch.trunks import Trunks
from archdsl.digests import with_digest
from archdsl.ir.architecture import Architecture

# What one loop asks can change what the next one sees, but not for ever; a loop that is not satisfied lists its stages.
MAX_ROUNDS = 16
_DIGEST = "# {} as emitted; once you edit this file, only `archdsl build --force` replaces it.\n"
# `nn.Module.__call__` is typed to return Any, and a `forward` returns what its layers do.
_TYPES = "# mypy: no-warn-return-any\n"
# Rows of tables stay rows, however long, and names can be long.
_LONG = "# ruff: noqa: E501\n"
# Lines of imports by what they are for, in the order of linters.
_IMPORTS = {
    "operator": "import operator\n",
    "Callable": "from collections.abc import Callable\n",
    "typing": "from typing import TYPES\n",
    "torch": "\nimport torch\n",
    "fuse_model": "import torch.fx\n",
    "Tensor": "from torch import Tensor, nn\n",
    "functional": "from torch.nn import functional\n",
    "checkpoint": "from torch.utils.checkpoint import checkpoint\n",
}
_TYPING = {"Any", "NamedTuple"}


def emit(architectures: Sequence[Architecture], source_name: str, *, fuses: bool = False) -> str:
    """Python source that defines the networks; torch is its only import.

    The same architectures give the same bytes, on every machine. `source_name` is the file that they came from; with
    `fuses` there is `fuse_model` for fast inference in it, in the place of `compile_model`.
    """
    functions = [function_name(architecture.name) for architecture in architectures]
    taken = {*FILE_NAMES, *functions}
    groups = families(architectures)
    classes = Classes(architectures, taken | {name_of(members) for members in groups})
    _settle(_with_tables(groups), classes)
    names = Names(taken | {source.made.name for source in classes.sources()}, between="")
    trunks = Trunks(classes, names)
    networks = [made for members in groups for made in _networks(members, classes, names, trunks)]
    parts = [*(source.text for source in classes.sources()), *trunks.texts]
    handed_on = sorted({fact for contract in classes.contracts.values() for fact in contract.hands_on})
    if handed_on:
        parts.insert(0, block_base({classes.attribute(fact): fact == "channels" for fact in handed_on}))
    parts += [text for text, _ in networks]
    parts += [function for _, made in networks for function in made]
    mentioned = {"fuse_model" if fuses else "compile_model", *_mentioned("\n".join(parts))}
    sources = _sources({architecture.input.is_line for architecture in architectures})
    helpers = _helpers(mentioned, sources)
    body = "\n\n".join([sources[name].strip() + "\n" for name in helpers] + parts)
    mentioned = mentioned.union(*(_mentioned(sources[name]) for name in helpers))
    mentioned |= {"torch", "Tensor"} | ({"typing"} if _TYPING & mentioned else set())
    imports = "".join(line for name, line in _IMPORTS.items() if name in mentioned).lstrip("\n")
    imports = imports.replace("TYPES", ", ".join(sorted(_TYPING & mentioned)))
    title, exports = _title(architectures, source_name), _exports(functions)
    is_long = any(len(line) > WIDTH for part in (title, exports, body) for line in part.splitlines())
    text = f"{title}\n\n{_TYPES}{_LONG if is_long else ''}{imports}\n{exports}\n\n{body}"
    return with_digest(text, _DIGEST, at=2)


def _networks(
    members: Sequence[Member], classes: Classes, names: Names, trunks: Trunks
) -> Iterator[tuple[str, list[str]]]:
    """The classes of some networks with their functions: one for all if that can be, else one for each part."""
    parts = finer(members)
    name = names.new(name_of(members))
    try:
        yield NetworkWriter(name, members, classes, trunk=_trunk(members, trunks)).write()
        return
    except Unmergeable:
        if not parts:
            yield NetworkWriter(name, members, classes, listed=True, trunk=_trunk(members, trunks)).write()
            return
    names.taken.remove(name)
    for part in parts:
        yield from _networks(part, classes, names, trunks)


def _trunk(members: Sequence[Member], trunks: Trunks) -> Trunk | None:
    """The trunk of networks with a part, which must be one for all. Raises Unmergeable where it is not."""
    found = {trunks.of(member, member[1].part) for member in members if member[1].part is not None}
    if len(found) > 1:
        raise Unmergeable("parts")
    return next(iter(found), None)


def _with_tables(groups: Sequence[Sequence[Member]]) -> list[Sequence[Member]]:
    """The networks whose stages are written together: those of a part are written for each network."""
    return [
        part
        for members in groups
        for part in (([member] for member in members) if members[0][1].part is not None else (members,))
    ]


def _settle(groups: Sequence[Sequence[Member]], classes: Classes) -> None:
    """Tells the classes what the loops that build stages from them need, until that changes nothing more."""
    tables = list(groups)
    for _ in range(MAX_ROUNDS):
        wanted: dict[str, Contract] = {}
        waiting, tables = tables, []
        while waiting:
            members = waiting.pop(0)
            try:
                table = StageTable([a for _, a in members], [n for n, _ in members], classes, Names())
            except Unmergeable:
                waiting = [*finer(members), *waiting]  # a single network lists its stages, and asks for nothing
                continue
            tables.append(members)
            for name, contract in table.contracts().items():
                wanted[name] = wanted.get(name, Contract()).plus(contract)
        if wanted == classes.contracts:
            return
        classes.set_contracts(wanted)


def _sources(are_lines: set[bool]) -> Mapping[str, str]:
    """The helpers of a file that has networks on maps, on series or on both."""
    if True not in are_lines:
        return SOURCES
    both = SOURCES | LINE_SOURCES
    if False in are_lines:
        return both | {"initialize": INITIALIZE_BOTH}
    return both | {"initialize": INITIALIZE, "compile_model": COMPILE}


def _helpers(mentioned: set[str], sources: Mapping[str, str]) -> list[str]:
    """The helpers that are mentioned, and those that they mention in turn, in the order of their table."""
    used, found = set[str](), mentioned & sources.keys()
    while found:
        used |= found
        found = set[str]().union(*(_mentioned(sources[name]) for name in found)) & sources.keys() - used
    return [name for name in sources if name in used]


@lru_cache(maxsize=256)
def _mentioned(source: str) -> frozenset[str]:
    return frozenset({node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)})


def _exports(functions: Sequence[str]) -> str:
    names = [literal(name) for name in sorted(functions, key=_natural)]
    line = f"__all__ = [{', '.join(names)}]\n"
    return line if len(line) <= WIDTH else "__all__ = [\n" + "".join(f"    {name},\n" for name in names) + "]\n"


def _natural(name: str) -> tuple[int, list[tuple[bool, bool, int, str]]]:
    """A key that sorts names as linters do (Ruff's RUF022): constants, classes, others; numbers by their value, those
    that begin with 0 as they are spelled."""
    kind = 0 if len(name) > 1 and name.isupper() else 1 if name[:1].isupper() else 2
    parts = re.findall(r"(\d+)|(\D+)", name)
    return kind, [
        (False, number[0] != "0", len(number) if number[0] != "0" else 0, number) if number else (True, False, 0, word)
        for number, word in parts
    ]


def _title(architectures: Sequence[Architecture], source_name: str) -> str:
    shown = "".join(c for c in source_name if c.isalnum() or c in "._-/ ")
    names = ", ".join(architecture.name for architecture in architectures)
    line = f'"""{names}: compiled by archdsl from {shown}. Standalone: edit and ship it as it is."""'
    return line if len(line) <= WIDTH else line.replace(f"{names}:", f"{len(architectures)} networks", 1)
