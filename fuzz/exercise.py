"""Everything that a user can do with a text, and what must hold whatever the text is."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from archdsl.backends.diagram import draw
from archdsl.backends.estimate import LEVELS, Level, estimates
from archdsl.backends.estimate_text import as_csv, as_json, as_table
from archdsl.backends.pytorch import emit
from archdsl.compiler import Compiled, Linked, compile_source, link_source
from archdsl.diagnostics import Diagnostic, DiagnosticError, Source, Span
from archdsl.diagnostics.apply_fixes import apply_fixes
from archdsl.diagnostics.codes import BAD_CHARACTER, BAD_VALUE, EMPTY_TABLE, RAGGED_TABLE, SYNTAX, UNCLOSED, Code
from archdsl.diagnostics.explanation import explanation
from archdsl.diagnostics.render import STYLES
from archdsl.diagnostics.report import report
from archdsl.ir.architecture import Architecture
from archdsl.language.formatter import format_module
from archdsl.language.parser import parse

# The texts stand beside the specs, so that what they `use` is there.
NAME = str(Path(__file__).parents[1] / "specs" / "fuzzed.arch")
# What a text has that could not be read as it stands; the formatter leaves it alone.
_UNREAD = (SYNTAX, BAD_CHARACTER, UNCLOSED, RAGGED_TABLE, EMPTY_TABLE, BAD_VALUE)


@dataclass
class Outcome:
    """What came of a text, and the seconds of processor time that each command would have taken for it."""

    kind: str = "refused"
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def slowest(self) -> float:
        return max(self.seconds.values(), default=0.0)

    @contextmanager
    def timed(self, command: str, before: str = "") -> Iterator[None]:
        """Notes how long a command takes, after what it has in common with another one, `before`."""
        began = time.process_time()
        try:
            yield
        finally:
            self.seconds[command] = time.process_time() - began + self.seconds.get(before, 0.0)


def exercise(text: str, outcome: Outcome | None = None) -> Outcome:
    """Does with a text what every command would. Raises whatever should not be raised, and AssertionError."""
    outcome = outcome or Outcome()
    source = Source(NAME, text)
    with outcome.timed("link"):
        linked = link_source(source)
    if not any(problem.code in _UNREAD for problem in linked.problems):
        _format(source, linked, outcome)
    with outcome.timed("compile", "link"):
        compiled = compile_source(source, linked=linked)
    found = (*compiled.problems, *compiled.unmet)
    assert not (compiled.problems and compiled.architectures), "networks in spite of problems"
    with outcome.timed("check", "compile"):
        for diagnostic in found:
            _check(diagnostic)
        # Texts are many: each for a reader, and one in five in all styles.
        for style in STYLES if len(text) % 5 == 0 else ("full",):
            report(found, style=style)
    with outcome.timed("apply_fixes", "compile"):
        fixed = apply_fixes(source, found)
        if fixed.diagnostics:
            assert fixed.source.text != text, "fixes that change nothing"
            compile_source(fixed.source)
    if not compiled.problems:
        outcome.kind = "elaborated" if compiled.architectures else "empty"
    if compiled.architectures:
        for command, use in _commands(text):
            with outcome.timed(command, "compile"):
                _bounded(use, compiled)
    return outcome


def _format(source: Source, linked: Linked, outcome: Outcome) -> None:
    module = linked.environment.module
    if linked.problems and parse(source)[1]:
        return  # a number or a list over its bound
    with outcome.timed("format", "link"):
        text = format_module(module)
    with outcome.timed("format again"):
        again, problems = parse(Source(NAME, text))
        assert not problems, f"the formatter breaks the text: {problems[0].message}"
        assert format_module(again) == text, "the formatter does not come to rest"
    assert again.items == module.items, "the formatter changes the program"


def _check(diagnostic: Diagnostic) -> None:
    assert diagnostic.message
    assert _is_explained(diagnostic.code)
    assert diagnostic.span is not None, f"{diagnostic.message}: nowhere"
    for span in [diagnostic.span, *(note.span for note in diagnostic.notes if note.span)]:
        _check_span(span)
    for edit in diagnostic.fix.edits if diagnostic.fix else ():
        _check_span(edit.span)


@cache
def _is_explained(code: Code) -> bool:
    return bool(explanation(code).meaning)


def _check_span(span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(span.source.text)
    line, column = span.source.position(span.start)
    assert 1 <= column <= len(span.source.line(line)) + 1


def _bounded(use: Callable[[Compiled], object], compiled: Compiled) -> None:
    """Makes of networks what may refuse one that is too large for it, and must say so by a diagnostic."""
    try:
        use(compiled)
    except DiagnosticError as failure:
        assert report(failure.diagnostics)  # noqa: PT017 - it may fail; then it must say why


def _estimate(compiled: Compiled, level: Level) -> None:
    made = estimates(compiled.architectures, level=level)
    as_table(made, level)
    as_csv(made, level)
    json.loads(as_json(made))


def _emit(compiled: Compiled) -> None:
    ast.parse(emit(compiled.architectures, Path(compiled.source.name).name))


def _draw(compiled: Compiled, level: str) -> None:
    draw(compiled.architectures, level)


def _ir(compiled: Compiled) -> None:
    for architecture in compiled.architectures:
        text = architecture.to_json()
        assert Architecture.from_json(text) == architecture, "an architecture that does not survive JSON"


_ESTIMATES = [(f"estimate {level}", partial(_estimate, level=level)) for level in LEVELS]
_DRAWINGS = [(f"draw {level}", partial(_draw, level=level)) for level in ("stage", "block", "operator")]


def _commands(text: str) -> list[tuple[str, Callable[[Compiled], None]]]:
    """What is done with networks: of a small text one estimate and one drawing, as there are many, of others all."""
    estimates, drawings = _ESTIMATES, _DRAWINGS
    if len(text) < 400:
        estimates, drawings = [_ESTIMATES[len(text) % 4]], [_DRAWINGS[len(text) % 3]]
    return [*estimates, *drawings, ("emit", _emit), ("ir", _ir)]
