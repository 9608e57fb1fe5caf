"""Writes docs/comparison.md: `python -m tools.write_comparison`, with timm and Ultralytics installed.

    pip install --no-deps ultralytics==8.4.190 ultralytics-thop
    pip install opencv-python-headless matplotlib psutil requests polars scipy

Each tool really meets each mistake, and says what stands on the page.
"""

from __future__ import annotations

import re
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr
from difflib import SequenceMatcher
from importlib.metadata import version
from io import StringIO
from typing import Any, NamedTuple

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.diagnostics.report import report
from tools import DOCS
from tools.comparison_mistakes import LANGUAGES, MISTAKES, TOOLS, Edits, Mistake, made

PAGE = DOCS / "comparison.md"
SIZE = 64
HEAD = """\
# Ten mistakes

<!-- Written by `python -m tools.write_comparison`, which runs all of this; do not edit. -->

The same small network four times, and ten common mistakes in it: what archdsl, the block strings of timm, the YAML
files of Ultralytics and plain PyTorch say to each. Every tool was run. What follows are its words: archdsl's in full;
of the others the last line of the traceback, with the suggestion of the interpreter where it has one, and the last line
of the network's own text that the traceback goes through. Run with {versions}.

"Refused" is when the network is made, before any image; "at the first image" is when one is sent through it; "accepted"
is when neither complains. A line is named where it is the one with the mistake.
"""
CLOSING = """\
## What to make of it

- Plain PyTorch is strict where Python is: a misspelt name, a missing or an unknown argument are refused in their line,
  sometimes with what was meant. Shapes it finds out with the first image, in the operator that met them. It has most
  channels written twice, so that a wrong digit disagrees with the next line.
- timm's strings are short, and whatever follows from others, shortcuts and input channels, cannot be wrong. A flag that
  it does not know is ignored, and what goes wrong is reported without its place. They were made for timm's own
  definitions, not for first attempts.
- Ultralytics' lists go by position: a value too few is found by counting, a wrong one mostly not.
- archdsl reads the whole text before it makes anything, so it can point at the cell and knows what is near. A wrong
  number is not a mistake to it either; a `require` says what the network should come to, as an `assert` on the number
  of parameters would in Python.
"""
LAST_FRAME = "net.py"


class Answer(NamedTuple):
    """What became of a mistake, in a cell of the table, and the tool's words."""

    verdict: str
    words: str
    line: int | None = None


# The tools -----------------------------------------------------------------------------------------------------------


def ask_archdsl(text: str) -> Answer:
    """What `archdsl check` says."""
    file = compile_source(Source("net.arch", text))
    found = (*file.problems, *file.unmet)
    if not found:
        return _accepted(file.architectures[0].costs.model().params)
    first = found[0]
    return Answer("refused", report(found), first.span.line if first.span else None)


def ask_timm(text: str) -> Answer:
    import torch
    from timm.models._efficientnet_builder import decode_arch_def
    from timm.models.efficientnet import EfficientNet

    names = {"nn": torch.nn, "EfficientNet": EfficientNet, "decode_arch_def": decode_arch_def}
    return _ask(lambda: _executed(text, names))


def ask_pytorch(text: str) -> Answer:
    import torch

    return _ask(lambda: _executed(text, {"nn": torch.nn}))


def ask_ultralytics(text: str) -> Answer:
    import yaml
    from ultralytics.nn.modules import Conv
    from ultralytics.nn.tasks import ClassificationModel

    default = Conv.default_act
    try:
        return _ask(lambda: ClassificationModel(cfg=yaml.safe_load(text), ch=3, nc=10, verbose=False))
    finally:
        Conv.default_act = default  # a file's activation stays otherwise


ASK: dict[str, Callable[[str], Answer]] = {
    "archdsl": ask_archdsl,
    "timm": ask_timm,
    "Ultralytics": ask_ultralytics,
    "PyTorch": ask_pytorch,
}


def _executed(text: str, names: dict[str, Any]) -> Any:
    scope = {"__name__": "net", **names}
    exec(compile(text, LAST_FRAME, "exec"), scope)
    return scope["net"]


def _ask(make: Callable[[], Any]) -> Answer:
    import torch

    try:
        net = make()
    except Exception as error:
        return Answer("refused", _words(error), _line(error))
    try:
        with torch.no_grad():
            net.eval()(torch.zeros(1, 3, SIZE, SIZE))
    except Exception as error:
        return Answer("at the first image", _words(error), _line(error))
    return _accepted(sum(parameter.numel() for parameter in net.parameters()))


def _accepted(count: int) -> Answer:
    return Answer("accepted", f"(accepted: {count:,} parameters)")


def _words(error: Exception) -> str:
    """What the interpreter prints last, its suggestion with it; no paths."""
    with redirect_stderr(StringIO()) as printed:
        sys.__excepthook__(type(error), error, error.__traceback__)
    last = next(line for line in reversed(printed.getvalue().split("\n")) if re.match(r"[\w.]+(:|$)", line))
    words = re.sub(r"(/[\w.+-]+)+/", "", last)
    line = _line(error)
    return words if line is None else f"{words}\n({LAST_FRAME}, line {line})"


def _line(error: Exception) -> int | None:
    """The last line of the network's text that the traceback goes through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == LAST_FRAME]
    return lines[-1] if lines else None


# The page ------------------------------------------------------------------------------------------------------------


def edits_of(mistake: Mistake) -> dict[str, Edits | str]:
    return {
        "archdsl": mistake.archdsl,
        "timm": mistake.timm,
        "Ultralytics": mistake.ultralytics,
        "PyTorch": mistake.pytorch,
    }


def section(tool: str, edits: Edits | str, answer: Answer | None) -> str:
    """What was written in a tool, and what it said."""
    if answer is None or isinstance(edits, str):
        return f"**{tool}**: cannot be made, {edits}.\n"
    written = "\n".join(_changed(tool, edits).values())
    head = f"**{tool}**, {verdict(tool, edits, answer)}"
    return f"{head}\n\n```{LANGUAGES[tool]}\n{written}\n```\n\n```text\n{answer.words}\n```\n"


def verdict(tool: str, edits: Edits | str, answer: Answer | None) -> str:
    """A cell of the table."""
    if answer is None:
        return "cannot be made"
    is_told = answer.line in _changed(tool, edits)  # type: ignore[arg-type]
    return f"{answer.verdict}, in line {answer.line}" if is_told else answer.verdict


def _changed(tool: str, edits: Edits) -> dict[int, str]:
    """The lines that the mistake changes, by their number."""
    before, after = TOOLS[tool].split("\n"), made(TOOLS[tool], edits).split("\n")
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    changes = [block for block in matcher.get_opcodes() if block[0] != "equal"]
    return {index + 1: after[index] for _, _, _, start, end in changes for index in range(start, end)}


def answer(tool: str, edits: Edits | str) -> Answer | None:
    return None if isinstance(edits, str) else ASK[tool](made(TOOLS[tool], edits))


def page() -> str:
    """The whole page. Asks every tool."""
    rows = ["| mistake | " + " | ".join(TOOLS) + " |", "| --- " * (len(TOOLS) + 1) + "|"]
    sections = []
    for number, mistake in enumerate(MISTAKES, 1):
        answers = {tool: answer(tool, edits) for tool, edits in edits_of(mistake).items()}
        cells = [verdict(tool, edits, answers[tool]) for tool, edits in edits_of(mistake).items()]
        rows.append(f"| {number}. {mistake.title} | " + " | ".join(cells) + " |")
        texts = [section(tool, edits, answers[tool]) for tool, edits in edits_of(mistake).items()]
        sections.append("\n".join([f"## {number}. {mistake.title}\n", *texts]))
    sound = "\n".join(f"**{tool}**\n\n```{LANGUAGES[tool]}\n{text}```\n" for tool, text in TOOLS.items())
    libraries = [f"{name} {version(name)}" for name in ("timm", "ultralytics", "torch")]
    head = HEAD.format(versions=f"{', '.join(libraries)} and Python {sys.version_info[0]}.{sys.version_info[1]}")
    table = "\n".join(rows)
    return "\n".join([head, table, "", CLOSING, *sections, "## The network without a mistake\n", sound])


def main() -> None:
    from archdsl.weights.peers import declare_torchvision_operators

    warnings.simplefilter("ignore")
    declare_torchvision_operators()
    for tool, text in TOOLS.items():
        found = ASK[tool](text)
        if found.verdict != "accepted":
            sys.exit(f"{tool} refuses the sound network: {found.words}")
        print(tool, found.words)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
