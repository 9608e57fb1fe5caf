"""No text, however broken, makes the compiler raise, hang, or point outside the text.

The examples are broken token by token and compiled. `ARCHDSL_EXAMPLES=20000 pytest tests/elaborate/test_robust.py`
looks for longer than a test run can wait.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdsl.compiler import compile_file, compile_source
from archdsl.diagnostics import Diagnostic, Source, Span
from archdsl.diagnostics.report import report

EXAMPLES = int(os.environ.get("ARCHDSL_EXAMPLES", "120"))
SECONDS = 20

TEXTS = [
    path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[1] / "data/examples").glob("*.arch"))
]
TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|->|\*\*|//|\+-|[=!<>]=|\.\.|\n|\S")
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
# What a token is replaced with: numbers of all sizes, other kinds of values, names with and without a meaning.
REPLACEMENTS = [
    *("0", "1", "2", "3", "-1", "0.5", "1e9", "1e300", "99999999999999999999", "9 ** 9 ** 9", "1 / 0", "2.5"),
    *("none", "true", "{1, 2}", "3 x 3", '"text"', "in", "out", "in.channels", "name", "op", "layers", "channels"),
    *("conv", "norm", "act", "drop_path", "padding", "relu", "same", "mbconv", "concat", "round", "stem", "require"),
    *("[", "]", "(", ")", "{", "}", "|", "-", "->", "*", "when", "if", "x", "\n", "resize(like = in)", "extends"),
]


class Corruption:
    """One change of one place of a text, chosen by numbers so that Hypothesis can make it simpler."""

    def __init__(self, kind: str, place: int, other: int):
        self.kind, self.place, self.other = kind, place, other

    def __repr__(self) -> str:
        return f"Corruption({self.kind!r}, {self.place}, {self.other})"

    def apply(self, text: str) -> str:
        tokens = list(TOKEN.finditer(text))
        if not tokens:
            return text
        token = tokens[self.place % len(tokens)]
        other = tokens[self.other % len(tokens)]
        start, end = token.span()
        match self.kind:
            case "delete":
                return text[:start] + text[end:]
            case "duplicate":
                return f"{text[:end]} {token.group()}{text[end:]}"
            case "swap":
                first, second = sorted((token, other), key=lambda match: match.start())
                if first.end() > second.start():
                    return text
                between = text[first.end() : second.start()]
                return text[: first.start()] + second.group() + between + first.group() + text[second.end() :]
            case "replace":
                return text[:start] + REPLACEMENTS[self.other % len(REPLACEMENTS)] + text[end:]
            case "copy":
                return text[:start] + other.group() + text[end:]
            case "rename":
                names = sorted(set(IDENTIFIER.findall(text))) or ["_"]
                old, new = names[self.place % len(names)], names[self.other % len(names)]
                return re.sub(rf"\b{old}\b", new, text)
            case _:  # cut the rest of the text off
                return text[:start]


KINDS = ["delete", "duplicate", "swap", "replace", "replace", "copy", "rename", "cut"]
CORRUPTIONS = st.builds(Corruption, st.sampled_from(KINDS), st.integers(0, 5_000), st.integers(0, 5_000))


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(text=st.sampled_from(TEXTS), corruptions=st.lists(CORRUPTIONS, min_size=1, max_size=4))
def test_corrupted_text(text: str, corruptions: list[Corruption]) -> None:
    for corruption in corruptions:
        text = corruption.apply(text)
    check(text)


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(text=st.sampled_from(TEXTS), values=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=3))
def test_replaced_values(text: str, values: list[tuple[int, int]]) -> None:
    """The same with the grammar left intact, so that more of the texts reach the elaborator."""
    for place, other in values:
        tokens = [match for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?(?!\w)", text) if match.group() != "."]
        token = tokens[place % len(tokens)] if tokens else None
        if token is not None:
            text = text[: token.start()] + REPLACEMENTS[other % 24] + text[token.end() :]
    check(text)


HEAD = "model m {\n  input = 3 x 32 x 32\n"
# Small texts that stand for very much, and large texts of little.
HOSTILE = {
    "unknown names": HEAD + "  stem = conv(" + ", ".join(f"n{i}" for i in range(900)) + ")\n}\n",
    "unknown names among many": HEAD + "".join(f"  a{i} = nome{i}\n" for i in range(2_500)) + "}\n",
    "layers of layers": HEAD + "  l0 = relu\n" + "".join(f"  l{i + 1} = [l{i} -> l{i}]\n" for i in range(60)) + "}\n",
    "blocks of blocks": "block b(x, y) {\n  out = in -> x -> y\n}\n"
    + (HEAD + "  l0 = relu\n" + "".join(f"  l{i + 1} = b(l{i}, l{i})\n" for i in range(60)) + "  stem = l60\n}\n"),
    "repeats of repeats": HEAD + "  stem = [[[relu when false] * 10000] * 10000] * 10000\n}\n",
    "a tree of calls": "block f(n) {\n  a = in -> conv(in.channels + 1)\n"
    + f"  out = if n > 0 then a -> f(n - 1) -> f(n - 1) else a\n}}\n{HEAD}  stem = f(40)\n}}\n",
    "growing tensors": HEAD + "  stem = resize(1000000) * 10000\n}\n",
    "growing channels": "block b(n) {\n  a = concat(in, in, in, in)\n  out = if n > 0 then a -> b(n - 1) else a\n}\n"
    + f"{HEAD}  stem = b(60)\n}}\n",
    "growing facts": "block b(k) {\n  out = in\n  out.v = in.v * k\n}\n"
    + f"{HEAD}  input.v = 2\n  stages {{\n    | op | k | layers |\n    | b | 1e30 | 9000 |\n  }}\n}}\n",
    "many stages": HEAD + "  stages {\n    | op | channels |\n" + "    | conv | 8 |\n" * 3_000 + "  }\n}\n",
    "many columns": HEAD
    + "  stages {\n    | op "
    + "".join(f"| c{i} " for i in range(900))
    + "|\n    | conv"
    + (" | 1" * 900 + " |\n  }\n}\n"),
    "many models": "".join(f"model m{i} extends m{i + 1} {{ }}\n" for i in range(1_500)),
    "a circle of models": "".join(f"model m{i} extends m{(i + 1) % 500} {{ }}\n" for i in range(500)),
    "bindings in reverse": HEAD + "".join(f"  l{i + 1} = l{i} + 1\n" for i in range(500, -1, -1)) + "  l0 = 1\n}\n",
    "one long name": HEAD + f"  stem = {'a' * 20_000}\n  head = {'a' * 20_000}b\n}}\n",
    "one long string": HEAD + f'  stem = conv("{"x" * 20_000}")\n}}\n',
    "one long sum": HEAD + f"  stem = conv({' + '.join(['1'] * 20_000)})\n}}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text(name: str) -> None:
    check(HOSTILE[name])


def test_files_that_use_each_other_again_and_again(tmp_path: Path) -> None:
    """Each file uses the next one twice: read naively, that is 2 ** 25 files."""
    for number in range(25):
        (tmp_path / f"f{number}.arch").write_text(f'use "f{number + 1}.arch"\n' * 2)
    (tmp_path / "f25.arch").write_text("block last(channels) {\n  out = in -> conv(channels)\n}\n")
    (tmp_path / "top.arch").write_text('use "f0.arch"\n' + HEAD + "  stem = last(8)\n}\n")
    compiled = compile_file(tmp_path / "top.arch")
    assert [architecture.name for architecture in compiled.checked()] == ["m"]


def check(text: str) -> None:
    began = time.monotonic()
    compiled = compile_source(Source("corrupted.arch", text))
    assert time.monotonic() - began < SECONDS
    for diagnostic in (*compiled.problems, *compiled.unmet):
        check_diagnostic(diagnostic)
    assert compiled.problems or compiled.architectures or compiled.spaces or not _has_model(text)
    assert not (compiled.problems and (compiled.architectures or compiled.spaces))
    report([*compiled.problems, *compiled.unmet])
    report([*compiled.problems, *compiled.unmet], style="json")


def _has_model(text: str) -> bool:
    return re.search(r"^\s*model\b", text, re.MULTILINE) is not None


def check_diagnostic(diagnostic: Diagnostic) -> None:
    assert diagnostic.message
    assert diagnostic.span is not None
    for span in [diagnostic.span, *(note.span for note in diagnostic.notes if note.span)]:
        check_span(span)


def check_span(span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(span.source.text)
    line, column = span.source.position(span.start)
    assert 1 <= column <= len(span.source.line(line)) + 1
