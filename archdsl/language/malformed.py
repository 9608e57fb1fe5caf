"""Forms of other notations: what papers, Python, C, LaTeX and Markdown write where this language writes otherwise.

One table, read top to bottom by `form_at` when a text cannot be parsed: the first form whose pattern matches around the
place of the error says what is wrong and what to write. Each has its examples, which are its tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from archdsl.diagnostics import Diagnostic, Edit, Fix, Span
from archdsl.diagnostics.codes import SYNTAX, Code

UNITS = ["K", "M", "G", "T", "%", "ms", "us", "s", "px"]

_NAME = r"[A-Za-z_]\w*"
_SIDES = r"\d+(?:[ \t]*,[ \t]*\d+){1,2}"
_PART = r"[^=(),\n?]+(?:\([^()\n]*\))?"
_END = r"[ \t]*(?=\n|$)"
_LINE = r"(?m:^)[ \t]*"


@dataclass(frozen=True)
class Form:
    """A form that the language does not have.

    `pattern` matches it in the text, the place of the error inside; its group `at` is what is underlined and replaced.
    `write` is what stands there in this language, where that can be told: `is_safe` if it is the same by
    another notation. `help` may name it as `{0}`. `examples` are lines of a `where`, wrong and, with a `write`, right.
    """

    message: str
    pattern: str
    help: str
    examples: tuple[tuple[str, str], ...]
    write: str | Callable[[re.Match[str]], str] | None = None
    is_safe: bool = True
    where: str = "model"
    # What the parser must have expected in the place of the error; anything where it is empty.
    expected: str = ""
    # What stands in the place of the error; anything where it is empty.
    found: str = ""


def _sizes_apart(match: re.Match[str]) -> str:
    return " x ".join(re.findall(r"\d+", match["at"]))


def _sizes(match: re.Match[str]) -> str:
    """A shape; channels stand first here, and in some libraries last."""
    sizes = re.findall(r"\d+", match["at"])
    if len(sizes) == 3 and int(sizes[2]) <= 4 < int(sizes[0]):
        sizes = [sizes[2], *sizes[:2]]
    return " x ".join(sizes)


def _row(match: re.Match[str]) -> str:
    """A row of LaTeX, or of a table whose rows have no bars at their ends."""
    text = re.sub(r"\\\\.*", "", match["at"]).strip().strip("|")
    plain = (re.sub(r"\\[a-z]+\{([^{}]*)\}|\$", r"\1", cell).strip() for cell in re.split(r"[|&]", text))
    cells = [cell or "-" for cell in plain]
    return f"| {' | '.join(cells)} |"


FORMS = (
    # Tables of papers and pages
    Form(
        "a table has no line between its header and its rows",
        rf"(?P<at>{_LINE}(?=[^\n]*(?:--|:-|-:))\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*(?:\n|$))",
        "leave this line out",
        (("|---|:---:|", ""), ("| --- | --- |", ""), ("|:-|-:|", ""), ("--- | ---", "")),
        "",
        where="table",
    ),
    Form(
        "rules and environments of LaTeX are no part of a table",
        rf"(?P<at>{_LINE}\\(?:hline|toprule|midrule|bottomrule|cline|cmidrule|begin|end|centering)\b[^\n]*(?:\n|$))",
        "leave this line out",
        ((r"\hline", ""), (r"\begin{tabular}{lc}", ""), (r"\cmidrule(r){1-2}", "")),
        "",
        where="table",
    ),
    Form(
        "cells of a row stand between `|`, not `&`",
        rf"{_LINE}(?P<at>[^|\n#]*&[^|\n#]*\\\\[^\n]*)",
        "write `{0}`",
        ((r"b & 3 \\", "| b | 3 |"), (r"b & \textbf{3} \\ \hline", "| b | 3 |"), (r"b & \\", "| b | - |")),
        _row,
        where="table",
    ),
    Form(
        "a row begins and ends with `|`",
        rf"{_LINE}(?P<at>(?![ \t|]|{_NAME}(?:\.{_NAME})?[ \t]*=)[^|\n#]+(?:\|[^|\n#]*)+?){_END}",
        "write `{0}`",
        (("b | 3", "| b | 3 |"), ("b | 3 |", "| b | 3 |"), ("b|3", "| b | 3 |")),
        _row,
        where="table",
        expected="BAR",
    ),
    # Numbers and shapes
    Form(
        "the sides of a shape stand apart from the `x` between them",
        r"(?<![\w.])(?!0[xX])(?P<at>\d+(?:[ \t]*[xX][ \t]*\d+){1,2})(?!\w)",
        "write `{0}`",
        (
            ("input = 3x32x32", "input = 3 x 32 x 32"),
            ("input = 3 x 32x32", "input = 3 x 32 x 32"),
            ("stem = conv(8, 3X3)", "stem = conv(8, 3 x 3)"),
        ),
        _sizes_apart,
    ),
    Form(
        "a shape is written with `x`, channels first",
        rf"(?P<at>[(\[][ \t]*{_SIDES}[ \t]*,?[ \t]*[)\]]|(?<=[^<>=!]=)[ \t]*{_SIDES})(?=\s|[,)]|$)",
        "write `{0}`",
        (
            ("input = (3, 32, 32)", "input = 3 x 32 x 32"),
            ("input = [3, 32, 32]", "input = 3 x 32 x 32"),
            ("input = (32, 32, 3)", "input = 3 x 32 x 32"),
            ("input = 3, 32, 32", "input = 3 x 32 x 32"),
            ("stem = conv(8, (3, 5))", "stem = conv(8, 3 x 5)"),
        ),
        lambda match: (" " if match["at"].startswith(" ") else "") + _sizes(match),
        is_safe=False,
    ),
    Form(
        "a number has no `_` in it",
        r"(?<!\w)(?P<at>\d+(?:_\d+)+)(?!\w)",
        "write `{0}`",
        (("classes = 1_000", "classes = 1000"),),
        lambda match: match["at"].replace("_", ""),
    ),
    Form(
        "a number has no `,` in it",
        r"(?<!\w)(?P<at>\d{1,3}(?:,\d{3})+)(?!\w)",
        "write `{0}`",
        (("require params <= 1,000,000", "require params <= 1000000"),),
        lambda match: match["at"].replace(",", ""),
        is_safe=False,
    ),
    Form(
        "a number has digits on both sides of its point",
        r"(?<![\w.)\]])(?P<at>\.\d+)(?!\w)",
        "write `{0}`",
        (("drop_path = .5", "drop_path = 0.5"), ("stem = dropout(.5)", "stem = dropout(0.5)")),
        lambda match: f"0{match['at']}",
    ),
    Form(
        "a number has digits on both sides of its point",
        r"(?<![\w.])(?P<at>\d+\.)(?![\w.])",
        "write `{0}`",
        (("classes = 10.", "classes = 10.0"), ("stem = dropout(1.)", "stem = dropout(1.0)")),
        lambda match: f"{match['at']}0",
    ),
    Form(
        "a unit stands right behind its number",
        rf"(?<![\w.])(?P<at>\d[\d.]*(?:[eE][+-]?\d+)?[ \t]+(?:{'|'.join(UNITS)}))(?![\w(\[{{])",
        "write `{0}`",
        (
            ("require params <= 5 M", "require params <= 5M"),
            ("require params == 5M +- 1 %", "require params == 5M +- 1%"),
            ("objective = 75 ms", "objective = 75ms"),
        ),
        lambda match: re.sub(r"\s", "", match["at"]),
    ),
    Form(
        "a number has a unit that is not known",
        r"(?<![\w.])(?P<at>\d[\d.]*[ \t]*k)(?!\w)",
        "write `{0}`; the units are K, M, G, T, %, ms, us, s and px",
        (("require params <= 5k", "require params <= 5K"), ("require params <= 5 k", "require params <= 5K")),
        lambda match: re.sub(r"\s", "", match["at"]).upper(),
        is_safe=False,
    ),
    Form(
        "a number has a unit that is not known",
        r"(?<![\w.])(?P<at>\d[\d.]*(?:[ \t]*(?:[mb]|[KMGT]i?B|[Mm]illions?|[Bb]illions?)|[A-Za-z_]\w*))(?!\w)",
        "the units are K, M, G, T, %, ms, us, s and px; a name does not begin with a digit",
        (("require params <= 5m", ""), ("require params <= 5 million", ""), ("require macs <= 5Gflops", "")),
    ),
    # Statements
    Form(
        "stages are numbered from the first to the last, both included",
        rf"{_LINE}(?P<at>stages?[ \t]*\[?[ \t]*(\d+)[ \t]*(?:-|to|\.\.\.|\.\.=)[ \t]*(\d+)(?:[ \t]*\])?)",
        "write `{0}`",
        (
            ("stages 1-3 { op = b }", "stages 1..3 { op = b }"),
            ("stages 1 to 3 { op = b }", "stages 1..3 { op = b }"),
            ("stages 1...3 { op = b }", "stages 1..3 { op = b }"),
            ("stages[1-3] { op = b }", "stages 1..3 { op = b }"),
        ),
        r"stages \2..\3",
    ),
    Form(
        "stages are numbered from the first to the last, both included and counted from 1",
        rf"{_LINE}(?P<at>stages?[ \t]*\[?[ \t]*(\d+)[ \t]*[:,][ \t]*(\d+)(?:[ \t]*\])?)",
        "write `{0}`",
        (("stages 1:3 { op = b }", "stages 1..3 { op = b }"),),
        r"stages \2..\3",
        is_safe=False,
    ),
    Form(
        "stages are numbered without brackets, from 1",
        rf"{_LINE}(?P<at>stages?[ \t]*[(\[][ \t]*(\d+)[ \t]*[)\]])",
        "write `{0}`",
        (("stages[2] { op = b }", "stages 2 { op = b }"),),
        r"stages \2",
        is_safe=False,
    ),
    Form(
        "a block without parameters has its `( )`, too",
        rf"{_LINE}(?P<at>block[ \t]+{_NAME})(?=[ \t]*\{{)",
        "write `{0}`",
        (("block b { out = in }", "block b() { out = in }"),),
        r"\g<at>()",
        where="file",
    ),
    Form(
        "`{` stands on the line of what it opens",
        r"(?P<at>[ \t]*\n\s*\{)",
        "write `{{` at the end of the line above",
        (("block b()\n{ out = in }", "block b() { out = in }"), ("model m\n\n{ }", "model m { }")),
        " {",
        where="file",
    ),
    Form(
        "files are brought in by `use`",
        rf"{_LINE}(?P<at>(?:import|include|require|load|using|extends)[ \t]+(\"[^\"\n]*\"))",
        "write `{0}`",
        (('import "blocks.arch"', 'use "blocks.arch"'), ('include "blocks.arch"', 'use "blocks.arch"')),
        r"use \2",
        where="file",
    ),
    Form(
        "a binding is `name = value`",
        rf"{_LINE}(?P<at>(?:let|var|const|val|set|auto|int|float|bool|param)[ \t]+({_NAME})[ \t]*(?:=(?!=)|:=)[ \t]*)",
        "write `{0}`, without a word before it",
        (("let classes = 10", "classes = 10"), ("const classes := 10", "classes = 10")),
        r"\2 = ",
    ),
    Form(
        "what a block gives is bound to `out`",
        rf"{_LINE}(?P<at>return[ \t]+)(?=[\w(\[])",
        "write `out = ...`",
        (("return in", "out = in"),),
        "out = ",
        is_safe=False,
        where="block",
    ),
    Form(
        "a name is bound by `=`",
        rf"(?P<at>({_NAME})[ \t]*:=[ \t]*)",
        "write `{0}...`",
        (("classes := 10", "classes = 10"), ("stem = conv(8, kernel := 3)", "stem = conv(8, kernel = 3)")),
        r"\2 = ",
    ),
    Form(
        "parameters have no types",
        rf"(?P<at>({_NAME})[ \t]*:[ \t]*(?i:int|float|bool|str|number|layer|module|tensor)\b)(?=[ \t]*[=,)])",
        "write `{0}`",
        (("block d(channels: int = 3, k : int) { out = in }", "block d(channels = 3, k) { out = in }"),),
        r"\2",
        where="file",
    ),
    Form(
        "what belongs together stands between `{` and `}`",
        rf"(?P<at>:){_END}",
        "write `{{` in the place of `:`, and `}}` on a line of its own at the end",
        (("model m:\n  input = 3 x 32 x 32", ""), ("block d():\n  out = in", "")),
        where="file",
    ),
    Form(
        "a name is bound by `=`",
        rf"(?:{_LINE}|[(,][ \t]*)(?P<at>\"?({_NAME})\"?[ \t]*:[ \t]*)(?=[^\s:=])",
        "write `{0}...`",
        (
            ("classes: 10", "classes = 10"),
            ('"classes": 10', "classes = 10"),
            ("classes : 10", "classes = 10"),
            ("stem = conv(8, kernel: 3)", "stem = conv(8, kernel = 3)"),
        ),
        r"\2 = ",
    ),
    Form(
        "a statement ends with its line, without `,`",
        rf"(?P<at>,){_END}",
        "leave the `,` out",
        (("classes = 10,", "classes = 10"),),
        "",
        found=",",
    ),
    Form(
        "two names stand side by side",
        rf"->[ \t]*(?!in\b)(?P<at>({_NAME})[ \t]+({_NAME}|\d[\d.]*|\"[^\"\n]*\"))(?![\w(.])",
        "the arguments of a layer stand in parentheses, `{0}`, and `->` stands between two layers",
        (("stem = norm -> conv 8", "stem = norm -> conv(8)"), ("head = act -> linear w", "head = act -> linear(w)")),
        r"\2(\3)",
        is_safe=False,
    ),
    # Choices and loops
    Form(
        "a condition stands before the two values that it chooses from",
        rf"(?<=[=(,])[ \t]*(?P<at>({_PART})[ \t]+if[ \t]+([^\n?]+?)[ \t]+else[ \t]+({_PART}))",
        "write `{0}`",
        (
            ("classes = 10 if w else 5", "classes = if w then 10 else 5"),
            ("stem = conv(8) if w else conv(4)", "stem = if w then conv(8) else conv(4)"),
        ),
        r"if \3 then \2 else \4",
        is_safe=False,
    ),
    Form(
        "a condition is written with words",
        r"(?<=[=(,])[ \t]*(?P<at>([^=(,\n?]+?)[ \t]*\?[ \t]*([^?:\n]+?)[ \t]*:[ \t]*([^?:\n,)]+))",
        "write `{0}`",
        (("classes = w ? 10 : 5", "classes = if w then 10 else 5"),),
        r"if \2 then \3 else \4",
        is_safe=False,
    ),
    Form(
        "a choice between two values is `if ... then ... else ...`",
        r"(?P<at>\b(?:if|elif|elsif|switch|match|case)\b)(?![ \t]*=)(?![^\n]*\bthen\b)[^\n]*",
        "write `if condition then value else value`, and `-> layer when condition` for a layer that may be left out",
        (("classes = if w: 10 else: 5", ""), ("stem = if (w) conv(8) else conv(4)", ""), ("if w { classes = 3 }", "")),
    ),
    Form(
        "there are no loops",
        r"(?P<at>\b(?:for|while|repeat|loop)\b)(?![ \t]*=)[^\n]*",
        "`layer * n` repeats a layer, and a column `layers` the row of a table of stages",
        (
            ("for i in range(3):", ""),
            ("stem = [conv(8) for i in range(3)]", ""),
            ("while w > 3 { }", ""),
        ),
    ),
    # Operators
    Form(
        "`+-` is written without `/`",
        r"(?P<at>\+/-)",
        "write `{0}`",
        (("require params == 5M +/- 1%", "require params == 5M +- 1%"),),
        "+-",
    ),
    Form(
        "at least is written `>=`",
        rf"{_LINE}(?:require\b|[^\n]*\bif\b|[^\n]*\bwhen\b)[^\n]*?(?P<at>=>)",
        "write `{0}`",
        (("require params => 5M", "require params >= 5M"),),
        ">=",
        is_safe=False,
    ),
    Form(
        "at most is written `<=`",
        r"(?P<at>=<)",
        "write `{0}`",
        (("require params =< 5M", "require params <= 5M"),),
        "<=",
    ),
    Form(
        "unequal is written `!=`",
        r"(?P<at><>|!==|=/=|~=)",
        "write `{0}`",
        (("require params <> 5M", "require params != 5M"), ("require params !== 5M", "require params != 5M")),
        "!=",
    ),
    Form(
        "equality is written `==`",
        r"(?P<at>===)",
        "write `{0}`",
        (("require params === 5M", "require params == 5M"),),
        "==",
    ),
    Form(
        "equality is written `==`, and its opposite `!=`",
        r"(?P<at>\bis[ \t]+not\b)",
        "write `{0}`",
        (("require params is not 5M", "require params != 5M"),),
        "!=",
    ),
    Form(
        "equality is written `==`, and its opposite `!=`",
        r"(?P<at>(?<=[\w)][ \t])is\b)",
        "write `{0}`",
        (("require params is 5M", "require params == 5M"),),
        "==",
    ),
    Form(
        "a power is written `**`",
        r"(?P<at>\^)",
        "write `{0}`",
        (("classes = 2 ^ 3", "classes = 2 ** 3"),),
        "**",
        is_safe=False,
    ),
    Form(
        "layers are joined by `->`",
        r"(?P<at>\|>|>>|~>|-->)",
        "write `{0}`",
        (("stem = conv(8) |> norm", "stem = conv(8) -> norm"), ("stem = conv(8) >> norm", "stem = conv(8) -> norm")),
        "->",
    ),
    Form(
        "a line that goes on is continued by the next one, which begins with `->`",
        r"(?P<at>[ \t]*->[ \t]*\n([ \t]*)(?=[\w\[(]))",
        "write the `->` at the start of the next line",
        (("stem = conv(8) ->\n    norm", "stem = conv(8)\n    -> norm"),),
        r"\n\2-> ",
    ),
    Form(
        "a line that goes on needs no `\\`",
        rf"(?P<at>[ \t]*\\){_END}",
        "leave the `\\` out; a line that begins with `->`, `then` or `else` continues the one before it",
        (("stem = conv(8) \\\n    -> norm", "stem = conv(8)\n    -> norm"),),
        "",
    ),
    # Comments
    Form(
        "a comment begins with `#`",
        rf"{_LINE}(?P<at>//+|%+|--+|/\*+)(?=[^\n]*(?:\n|$))",
        "write `{0}`",
        (("// the stem", "# the stem"), ("% the stem", "# the stem"), ("-- the stem", "# the stem")),
        "#",
    ),
    Form(
        "a comment begins with `#`; `//` divides and rounds down",
        r"(?P<at>//)[ \t]*[^\n]*",
        "write `{0}`",
        (("classes = 10 // ten of them", "classes = 10 # ten of them"),),
        "#",
        is_safe=False,
    ),
    Form(
        "a comment begins with `#`, and ends with its line",
        r"(?P<at>/\*)",
        "write `#` before each of its lines",
        (("classes = 10 /* ten */", ""),),
    ),
)
_PATTERNS = [re.compile(form.pattern) for form in FORMS]
_ROWS = {form.message for form in FORMS if form.where == "table"}
# How far around the error a form may reach, in characters: the search ends soon in the longest of lines, too.
_MOST = 400


def form_at(place: Span, expected: Collection[str], code: Code = SYNTAX) -> Diagnostic | None:
    """What the first form says that is found around the place of an error; None where there is none."""
    text = place.source.text
    first = max(text.rfind("\n", 0, place.start) + 1, place.start - _MOST)
    last = text.find("\n", place.end)
    last = min(last if last != -1 else len(text), place.end + _MOST)
    code_end = _comment(text, first, last)
    for form, pattern in zip(FORMS, _PATTERNS, strict=True):
        if (form.expected and form.expected not in expected) or form.found not in ("", place.text):
            continue
        for match in pattern.finditer(text, first, min(len(text), last + _MOST)):
            if match.start() > place.start:
                break
            if text[match.end() : place.start].strip(" \t") or match.start("at") >= code_end:
                continue
            if (found := _diagnostic(form, match, place, code)) is not None:
                return found
    return None


def is_row(problem: Diagnostic) -> bool:
    """Whether a diagnostic is about a line of a table in another notation."""
    return problem.message in _ROWS


def _comment(text: str, first: int, last: int) -> int:
    """Where the comment of a line begins, or the line ends."""
    for match in re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|#').finditer(text, first, last):
        if match.group() == "#":
            return match.start()
    return last


def _diagnostic(form: Form, match: re.Match[str], place: Span, code: Code) -> Diagnostic | None:
    span = Span(place.source, *match.span("at"))
    written = form.write(match) if callable(form.write) else None if form.write is None else match.expand(form.write)
    fix = None
    if written == span.text:
        return None  # it is the language's own
    if written is not None:
        title = f"write `{written.strip()}`" if written.strip() else "leave it out"
        fix = Fix(title, (Edit(span, written),), form.is_safe)
    return Diagnostic(code, form.message, span, help=form.help.format((written or "").strip()), fix=fix)
