"""Texts that are not programs, for the kinds of problems that no golden report shows."""

from __future__ import annotations

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.errors.showing import NET, Case, check


def in_net(line: str, **bounds: int) -> Case:
    return check(f"model net {{\n  input = 3 x 16 x 16\n  {line}\n}}\n", **bounds)


TWO = Source(
    "net.arch", "model net {\n  inputs {\n    a = 3 x 8 x 8\n    b = 1 x 8 x 8\n  }\n  head = concat(a, b)\n}\n"
)
SOUND = Source("net.arch", "model net {\n  input = 1 x 64\n  stem = conv(4)\n}\n")

CASES: dict[str, Case] = {
    "CommentInRow": in_net("stages {\n | op | #channels |\n | conv_norm_act | 8 |\n }"),
    "ControlCharacter": in_net("stem = conv(8)\x07"),
    "ForeignSpace": in_net("stem =\u00a0conv(8)"),
    "LoneReturn": check(f"# one\r{NET}"),
    "NotLetter": in_net("stem = ß"),
    "NotPlainCharacter": in_net("stem = conv（8)"),
    "NotStageNumber": in_net("stages 0 { kernel = 3 }"),
    "ResolutionOfInputs": lambda: compile_source(TWO, resolution=2).checked(),
    "ResolutionOfSeries": lambda: compile_source(SOUND, resolution=(2, 3)).checked(),
    "TooLargeNumber": in_net("classes = 1e400"),
    "NotLabel": in_net("stem = max_pool0.1% (3)"),
    "TooLongName": in_net("classes_of_it = 3", name=8),
    "TooLongNumber": in_net("classes = 12345", digits=4),
    "TooLongOperation": in_net(f"classes = {' + '.join('1' * 30)}", nesting=8),
    "TooManyCharacters": in_net(f"stem = {'conv(8) -> ' * 9}relu", characters=128),
    "TooManyElements": in_net("stem = conv(8, 3, 1)", elements=2),
    "TooManyRounds": in_net("_numbers = for i in 1001: i"),
}
