"""The stages of the compiler in order: text, syntax tree, environment, architectures. It can stop after any.

Nothing here prints or writes; mistakes in the text come back as diagnostics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from archdsl.diagnostics import Diagnostic, Failure, Problems, Source, Span, did_you_mean
from archdsl.diagnostics.codes import (
    CANNOT_READ,
    NOT_TEXT,
    TOO_LARGE,
    UNKNOWN_MODEL,
    USE_CYCLE,
    USE_NOT_FOUND,
)
from archdsl.elaborate.models import ModelElaborator, Variant, variants
from archdsl.elaborate.names import check_names
from archdsl.elaborate.program import Environment, link
from archdsl.elaborate.requirements import prove
from archdsl.elaborate.values import Value
from archdsl.ir.architecture import Architecture
from archdsl.language import tree
from archdsl.language.parser import MAX_CHARACTERS, parse

LIBRARY = Path(__file__).with_name("stdlib")


@dataclass(frozen=True)
class Compiled:
    """What came of a file: its architectures, and what is wrong with it.

    `problems` are mistakes; `unmet` are `require` lines that do not hold, which stop `check` but not a build.
    """

    source: Source
    architectures: tuple[Architecture, ...]
    problems: tuple[Diagnostic, ...]
    unmet: tuple[Diagnostic, ...]

    def checked(self) -> tuple[Architecture, ...]:
        """The architectures. Raises Failure, with every diagnostic, when there is a mistake in the file."""
        if self.problems:
            raise Failure(self.problems)
        return self.architectures


def read(path: str | Path) -> Source:
    """The text of a file. Raises Failure when it cannot be read or is no text."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(4 * MAX_CHARACTERS + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"cannot read {path}: {reason[:1].lower()}{reason[1:]}"
        raise Failure([Diagnostic(CANNOT_READ, message, None, help=_near(path))]) from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(data) > 4 * MAX_CHARACTERS:
            text = data.decode("utf-8", "replace")  # cut in the middle of a character; refused for its size anyway
        else:
            source = Source(str(path), "")
            message = f"{path} is not UTF-8 text (byte {error.start})"
            raise Failure([Diagnostic(NOT_TEXT, message, Span(source, 0, 0))]) from None
    return Source(str(path), text.removeprefix("\ufeff"))


def _near(path: Path) -> str | None:
    try:
        siblings = [str(path.parent / p.name) for p in path.parent.iterdir() if p.suffix == ".arch"]
    except OSError:
        return None
    return did_you_mean(str(path), siblings)


# Environments --------------------------------------------------------------------------------------------------------


@cache
def library() -> Environment:
    """The standard library, parsed once."""
    environment: Environment | None = None
    problems = Problems()
    for path in sorted(LIBRARY.glob("*.arch")):
        module, found = parse(Source(f"<library>/{path.name}", path.read_text(encoding="utf-8")))
        problems.add(*found)
        linked = link(module, None, _no_use, problems)
        if environment is None:
            environment = linked
        else:
            environment.blocks.update(linked.blocks)
    assert environment is not None
    for definition in environment.blocks.values():
        definition.environment = environment
    if problems:
        raise Failure(problems.sorted())
    return environment


def _no_use(item: tree.Use) -> Diagnostic:
    return Diagnostic(USE_NOT_FOUND, "the standard library stands alone", item.span)


def environment_of(source: Source, problems: Problems, stack: tuple[Path, ...] = ()) -> Environment:
    """A text with everything that it uses. Files are named relative to the one that uses them."""
    module, found = parse(source)
    problems.add(*found)

    def load(item: tree.Use) -> Environment | Diagnostic:
        base = Path(source.name).parent
        path = base / item.path
        if Path(item.path).is_absolute() or "\0" in item.path:
            return Diagnostic(
                USE_NOT_FOUND, "a used file is named relative to this one", item.span, help='`use "other.arch"`'
            )
        resolved = path.resolve()
        if resolved in stack or resolved == Path(source.name).resolve():
            return Diagnostic(USE_CYCLE, f"`{item.path}` uses this file in turn", item.span)
        if not resolved.is_relative_to(root := _root(Path(source.name))):
            return Diagnostic(
                USE_NOT_FOUND,
                f"`{item.path}` is outside the project",
                item.span,
                f"not below {root.name or root}",
                help="a `.arch` file can use files of its own project only",
            )
        if len(stack) >= 32:
            return Diagnostic(TOO_LARGE, "files use each other more than 32 deep", item.span)
        try:
            text = read(path)
        except Failure as failure:
            reason = failure.diagnostics[0].message
            return Diagnostic(USE_NOT_FOUND, reason, item.span, help=_near(path))
        return environment_of(text, problems, (*stack, Path(source.name).resolve()))

    return link(module, library(), load, problems)


def _root(path: Path) -> Path:
    """The tree that a file may use from: the nearest folder above it that holds a project, else its own folder."""
    folder = path.resolve().parent
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists() or (candidate / "pyproject.toml").exists():
            return candidate
    return folder


# Architectures -------------------------------------------------------------------------------------------------------


def compile_source(
    source: Source,
    *,
    variant: str | None = None,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, Value] | None = None,
    claims: bool = True,
) -> Compiled:
    """The architectures of a text, all of them or the one called `variant` (`b1`, or its whole name).

    `resolution` and `parameters` replace what the text says of the input's size and of model parameters. `claims` says
    whether `require` lines are tried; with another resolution or other parameters they are not.
    """
    problems = Problems()
    unmet = Problems()
    made: list[Architecture] = []
    try:
        environment = environment_of(source, problems)
        check_names(environment, problems)
        if not problems:
            for chosen in _chosen(environment, variant, source, problems):
                result = ModelElaborator(chosen, problems, resolution, dict(parameters or {})).run()
                if result is None:
                    continue
                architecture, merged, names = result
                made.append(architecture)
                if claims and resolution is None and not parameters:
                    unmet.add(*prove(merged.requires, architecture, names, chosen.definition.environment))
    except RecursionError:
        problems.add(
            Diagnostic(TOO_LARGE, "the program nests too deeply to follow", Span(source, 0, 0),
                       help="give inner parts names of their own")
        )
    if problems:
        made = []
    return Compiled(source, tuple(made), problems.sorted(), unmet.sorted())


def _chosen(environment: Environment, variant: str | None, source: Source, problems: Problems) -> list[Variant]:
    everything = [found for definition in environment.own_models for found in variants(definition)]
    if variant is None:
        return everything
    chosen = [found for found in everything if variant in (found.label, found.name)]
    if not chosen:
        names = [found.label or found.name for found in everything]
        problems.add(
            Diagnostic(
                UNKNOWN_MODEL,
                f"{source.name} has no variant `{variant}`",
                None,
                help=did_you_mean(variant, [*names, *(found.name for found in everything)])
                or (f"it has {', '.join(names)}" if names else "it has no models"),
            )
        )
    return chosen


def compile_file(path: str | Path, **options: object) -> Compiled:
    """`compile_source` for a file. Raises Failure when the file cannot be read."""
    return compile_source(read(path), **options)  # type: ignore[arg-type]
