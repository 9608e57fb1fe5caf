"""`archdsl breaking`: changes since a revision that break those who use a network."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from archdsl.cli.exit_codes import FINDINGS, FINE, exit_code
from archdsl.cli.output import Output
from archdsl.compiler import compile_source
from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.codes import NOT_TEXT
from archdsl.diagnostics.render import printable
from archdsl.diff.breaking import CATEGORIES, Break, breaks
from archdsl.diff.breaking_text import as_github, as_json, as_text
from archdsl.diff.pairing import pair_moved, pair_networks
from archdsl.ir.architecture import Architecture
from archdsl.revisions import Revision, tracked
from archdsl.sources import read

_MOST = 3  # files that a remark names


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Find what changed since a revision that breaks those who use a network: MODELS that are gone; KEYS of the "
        "state_dict that are new, gone or renamed; SHAPES of its tensors; NUMERICS, other outputs on the same weights; "
        "COST in parameters and MACs."
    )
    parser.epilog = (
        "examples:\n  archdsl breaking --against origin/main\n"
        "  archdsl breaking specs/v2_s.arch --against HEAD~1 --allow COST --tolerance 1%\n\n"
        "Exit code: 0 nothing breaks that is not allowed, 1 something does, 2 could not run."
    )
    parser.add_argument(
        "specs", nargs="*", metavar="SPEC", help="default: every .arch file here and below that git knows, now or then"
    )
    parser.add_argument("--against", required=True, metavar="REV", help="a commit, tag or branch: `origin/main`")
    parser.add_argument(
        "--allow", type=_categories, default=frozenset(), metavar="C", help=f"what may break: {','.join(CATEGORIES)}"
    )
    parser.add_argument(
        "--tolerance", type=_share, default=0.0, metavar="T", help="how far costs may move, `1%%` or 0.01 (default: 0)"
    )
    parser.add_argument("--output-format", choices=("text", "json", "github"), default="text", help="default: text")


def run(arguments: Namespace, output: Output) -> int:
    found: list[Break] = []
    gone: list[Architecture] = []
    arrived: list[Architecture] = []
    code, compared, skipped, links, new, failed = FINE, 0, [], [], [], 0
    for path, revision in _paths(arguments.specs, arguments.against):
        try:
            versions = _versions(path, revision)
        except DiagnosticError as failure:
            output.errors(failure.diagnostics)
            code, failed = max(code, exit_code(failure.diagnostics)), failed + 1
            continue
        if versions is None:
            skipped.append(path)
            continue
        if versions.was_link:
            links.append(path)
            continue
        if not versions.before:
            new.append(path)
            continue
        compared += len(versions.before)
        paired = pair_networks(versions.before, versions.after, by_name=True)
        gone += paired.removed
        arrived += paired.added
        found += breaks(paired._replace(removed=()), arguments.tolerance)
    if gone:  # from its file, and perhaps to another
        arrived += _networks(new)
    found = [*breaks(pair_moved(gone, arrived), arguments.tolerance), *found]
    found = sorted((_here(one, arguments.against) for one in found), key=lambda one: one.place.file)
    for reason, paths in (("mistakes", skipped), ("being links", links)):
        if paths:
            files = ", ".join(printable(str(path)) for path in paths[:_MOST]) + (", ..." if len(paths) > _MOST else "")
            output.remark(f"not compared, for {reason} at {printable(arguments.against)}: {files}")
    styles: dict[str, Callable[[list[Break], frozenset[str]], str]] = {
        "text": as_text,
        "json": as_json,
        "github": partial(as_github, is_there=os.path.isfile),
    }
    if found or arguments.output_format == "json":
        output.result(styles[arguments.output_format](found, arguments.allow))
    if arguments.output_format == "text":
        output.remark(_summary(found, compared, failed, arguments.against))
    return max(code, FINDINGS if any(one.category not in arguments.allow for one in found) else FINE)


def _networks(paths: list[Path]) -> Iterator[Architecture]:
    """What is in files that were not there; one with a mistake is for `check` to report."""
    for path in paths:
        with suppress(DiagnosticError):
            yield from compile_source(read(path), claims=False).checked()


def _here(one: Break, against: str) -> Break:
    """A change with its place in the working tree: what is gone stood in a file of the past."""
    return one._replace(place=one.place._replace(file=one.place.file.removesuffix(f"@{against}")))


def _paths(specs: list[str], against: str) -> Iterator[tuple[Path, Revision]]:
    """The files to compare. Raises DiagnosticError where there is no repository or no such revision."""
    if specs:
        yield from ((Path(spec), Revision(Path(spec).parent, against)) for spec in specs)
        return
    here = Path()
    revision = Revision(here, against)
    for path in sorted({*tracked(here, ".arch"), *revision.files(here, ".arch")}):
        yield path, revision


class _Versions(NamedTuple):
    """The networks of a file then and now."""

    before: tuple[Architecture, ...]
    after: tuple[Architecture, ...]
    was_link: bool = False


def _versions(path: Path, revision: Revision) -> _Versions | None:
    """None for a file that had mistakes then: nobody used it. One that was not there had no networks, one that is gone
    has none. Raises DiagnosticError when there are mistakes in it now, or it is nowhere."""
    is_there = path.exists()
    kind = revision.kind(revision.resolved(path))
    if is_there and kind == "something else":
        return _Versions((), (), was_link=True)
    if not is_there or kind == "file":
        try:
            before = compile_source(revision.read(path), claims=False, files=revision).checked()
        except DiagnosticError as failure:
            if exit_code(failure.diagnostics) == FINDINGS or failure.diagnostics[0].code is NOT_TEXT:
                return None
            raise
    else:
        before = ()
    after = compile_source(read(path), claims=False).checked() if is_there and before else ()
    return _Versions(before, after)


def _summary(found: list[Break], compared: int, failed: int, against: str) -> str:
    networks = f"{compared} network{'' if compared == 1 else 's'}"
    rest = f"{failed} file{'' if failed == 1 else 's'} could not be compared"
    categories = [category for category in CATEGORIES if any(one.category == category for one in found)]
    result = f"breaking changes: {', '.join(categories)}" if categories else "nothing breaks"
    if not failed:
        return f"{networks} compared with {printable(against)}, {result}"
    if not compared and not categories:
        return f"nothing compared with {printable(against)}: {rest}"
    # Of what could not be compared nobody knows whether it breaks.
    return f"{rest}; in {networks} compared with {printable(against)}, {result}"


def _categories(text: str) -> frozenset[str]:
    names = [name.strip().upper() for name in text.split(",")]
    for name in names:
        if name not in CATEGORIES:
            raise ArgumentTypeError(f"{name!r} is not a category; they are {', '.join(CATEGORIES)}")
    return frozenset(names)


def _share(text: str) -> float:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(%?)", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a share; write 1% or 0.01")
    return float(match[1]) / (100 if match[2] else 1)
