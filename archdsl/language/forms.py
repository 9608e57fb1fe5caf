"""Tables, shapes and numbers as papers, Markdown, LaTeX and Python write them, and what this language writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

UNITS = ["K", "M", "G", "T", "%", "ms", "us", "s", "px"]

NAME = r"[A-Za-z_]\w*"
_SIDES = r"\d+(?:[ \t]*,[ \t]*\d+){1,2}"
END = r"[ \t]*(?=\n|$)"
LINE = r"(?m:^)[ \t]*"
# A bar between cells, or what is drawn for one: light, heavy, double, broken or wide.
_VERTICAL = "[|\u2502\u2503\u2551\u00a6\uff5c]"


@dataclass(frozen=True)
class Form:
    """A form that the language does not have.

    `pattern` matches it in the text, the place of the error inside; its group `at` is what is underlined and replaced.
    `write` is what stands there in this language, where that is known: `is_safe` if it is the same by
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


def _listed(match: re.Match[str]) -> str:
    """A row of a table whose cells are parted by commas, or by space alone."""
    cells = re.split(r"[ \t]*,[ \t]*" if "," in match["at"] else r"[ \t]+", match["at"])
    return f"| {' | '.join(cells)} |"


def _boxed(match: re.Match[str]) -> str:
    """A row of a table that is drawn with the letters of a terminal."""
    inside = re.sub(rf"^{_VERTICAL}|{_VERTICAL}$", "", match["at"])
    cells = (cell.strip() or "-" for cell in re.split(_VERTICAL, inside))
    return f"| {' | '.join(cells)} |"


FORMS_OF_VALUES = (
    # Tables of papers, pages and terminals
    Form(
        "a table has no rules between its rows",
        rf"(?P<at>{LINE}(?:\+(?:[-=:]+\+)+|[\u2500-\u257f](?:[ \t]*[\u2500-\u257f])*)[ \t]*(?:\n|$))",
        "remove this line",
        (
            ("+----+---+", ""),
            ("+====+===+", ""),
            ("\u250c\u2500\u2500\u252c\u2500\u2500\u2510", ""),
            ("\u2500\u2500\u253c\u2500\u2500", ""),
            ("\u2550\u2550\u2550 \u2550\u2550", ""),
        ),
        "",
        where="table",
    ),
    Form(
        "cells of a row stand between `|`, the bar of the keyboard",
        rf"{LINE}(?P<at>(?=[^\n#]*[\u2502\u2503\u2551\u00a6\uff5c])[^ \t\n#][^\n#]*?){END}",
        "write `{0}`",
        (
            ("\u2502 b \u2502 3 \u2502", "| b | 3 |"),
            ("\u2503 b \u2502   \u2503", "| b | - |"),
            ("b \u2551 3", "| b | 3 |"),
            ("| b \u2502 3 |", "| b | 3 |"),
        ),
        _boxed,
        where="table",
    ),
    Form(
        "a table has no line between its header and its rows",
        rf"(?P<at>{LINE}(?=[^\n]*(?:--|:-|-:))\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*(?:\n|$))",
        "remove this line",
        (("|---|:---:|", ""), ("| --- | --- |", ""), ("|:-|-:|", ""), ("--- | ---", "")),
        "",
        where="table",
    ),
    Form(
        "rules and environments of LaTeX are not part of a table",
        rf"(?P<at>{LINE}\\(?:hline|toprule|midrule|bottomrule|cline|cmidrule|begin|end|centering)\b[^\n]*(?:\n|$))",
        "remove this line",
        ((r"\hline", ""), (r"\begin{tabular}{lc}", ""), (r"\cmidrule(r){1-2}", "")),
        "",
        where="table",
    ),
    Form(
        "cells of a row stand between `|`, not `&`",
        rf"{LINE}(?P<at>[^|\n#]*&[^|\n#]*\\\\[^\n]*)",
        "write `{0}`",
        ((r"b & 3 \\", "| b | 3 |"), (r"b & \textbf{3} \\ \hline", "| b | 3 |"), (r"b & \\", "| b | - |")),
        _row,
        where="table",
    ),
    Form(
        "a row begins and ends with `|`",
        rf"{LINE}(?P<at>(?![ \t|]|{NAME}(?:\.{NAME})?[ \t]*=)[^|\n#]+(?:\|[^|\n#]*)+?){END}",
        "write `{0}`",
        (("b | 3", "| b | 3 |"), ("b | 3 |", "| b | 3 |"), ("b|3", "| b | 3 |")),
        _row,
        where="table",
        expected="BAR",
    ),
    Form(
        "cells of a row stand between `|`",
        rf"{LINE}(?P<at>(?!(?:require|shared|scale|outputs|stages)\b){NAME}"
        rf"(?:[ \t]*,[ \t]*|[ \t]+)[^|=\n#&{{}}]+?){END}",
        "write `{0}`",
        (("b, 3", "| b | 3 |"), ("b    3", "| b | 3 |"), ("b\t3", "| b | 3 |")),
        _listed,
        is_safe=False,
        where="table",
        expected="BAR",
    ),
    Form(
        "the name of a column has no `.` at its end",
        rf"\|[ \t]*(?P<at>({NAME})\.)[ \t]*\|",
        "write `{0}`",
        (("| Exp. | 3 |", "| Exp | 3 |"), ("| b | Ch. |", "| b | Ch |")),
        r"\2",
        where="table",
    ),
    Form(
        "a cell that names a block holds nothing else",
        rf"\|[ \t]*(?P<at>{NAME}[ \t]*,[ \t]*(?:{NAME}|\d+[ \t]*[xX×][ \t]*\d+)(?:[ \t]*,[^|\n]*)?)[ \t]*\|",
        "give the kernel, the expansion and the like in columns of their own: `| op | kernel | expansion | channels |`",
        (("| MBConv1, k3x3 | 3 |", ""), ("| MBConv6, 5x5 | 3 |", ""), ("| conv, k3, s2 | 3 |", "")),
        where="table",
    ),
    Form(
        "a tick is not a value",
        r"(?P<at>[✓✔☑✅])",
        "write `{0}`, or the number that it stands for, such as `0.25` in a column `se`",
        (("| b | ✓ |", "| b | true |"), ("| b | ✔ |", "| b | true |")),
        "true",
        is_safe=False,
        where="table",
    ),
    Form(
        "a cross is not a value",
        r"(?P<at>[✗✘✕❌])",
        "write `{0}`, or the number that it stands for, such as `0` in a column `se`",
        (("| b | ✗ |", "| b | false |"), ("| b | ✘ |", "| b | false |")),
        "false",
        is_safe=False,
        where="table",
    ),
    # Numbers and shapes
    Form(
        "the decimal point of a number is `.`",
        r"(?:\|[ \t]*(?=[^|\n]*\|)|(?<![=<>!])=[ \t]*(?=0,))(?P<at>0,\d+|\d+,(?!\d{3}(?!\d))\d+)[ \t]*(?:\||\n|$)",
        "write `{0}`",
        (("| b | 0,25 |", "| b | 0.25 |"), ("| b | 1,5 |", "| b | 1.5 |"), ("| b | 0,125 |", "| b | 0.125 |")),
        lambda match: match["at"].replace(",", "."),
        is_safe=False,
        where="table",
    ),
    Form(
        "the sizes of a shape are separated from the `x` by spaces",
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
        # Neither the arguments of a call nor a thousand.
        rf"(?P<at>(?<![\w.)\]])\([ \t]*{_SIDES}[ \t]*,?[ \t]*\)"
        rf"|(?<=[^<>=!]=)(?![ \t]*\d{{1,3}},\d{{3}}(?![\w,]))[ \t]*{_SIDES})(?=\s|[,)]|$)",
        "write `{0}`",
        (
            ("input = (3, 32, 32)", "input = 3 x 32 x 32"),
            ("input = (32, 32, 3)", "input = 3 x 32 x 32"),
            ("input = 3, 32, 32", "input = 3 x 32 x 32"),
            ("stem = conv(8, (3, 5))", "stem = conv(8, 3 x 5)"),
        ),
        lambda match: (" " if match["at"].startswith(" ") else "") + _sizes(match),
        is_safe=False,
    ),
    Form(
        "the minus of an exponent is the one of the keyboard",
        r"(?<![\w.])(?P<at>\d+(?:\.\d*)?[eE][\u2010-\u2015\u2212])(?=\d)",
        "write `{0}`",
        (
            ("drop_path = ramp(1e\u22123)", "drop_path = ramp(1e-3)"),
            ("stem = dropout(2.5E\u20132)", "stem = dropout(2.5E-2)"),
        ),
        lambda match: f"{match['at'][:-1]}-",
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
        (("require params <= 1,000,000", "require params <= 1000000"), ("classes = 1,000", "classes = 1000")),
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
        "a unit directly follows its number",
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
        "this number has an unknown unit",
        r"(?<![\w.])(?P<at>\d[\d.]*[ \t]*k)(?!\w)",
        "write `{0}`; the units are K, M, G, T, KB, MB, GB, TB, KiB, MiB, GiB, TiB, %, ms, us, s and px",
        (("require params <= 5k", "require params <= 5K"), ("require params <= 5 k", "require params <= 5K")),
        lambda match: re.sub(r"\s", "", match["at"]).upper(),
        is_safe=False,
    ),
    Form(
        "this number has an unknown unit",
        r"(?<![\w.])(?P<at>\d[\d.]*(?:[ \t]*(?:[mb]|[KMGT]i?B|[Mm]illions?|[Bb]illions?)|"
        rf"(?!(?:{'|'.join(UNITS)})(?!\w))[A-Za-z_]\w*))(?!\w)",
        "the units are K, M, G, T, KB, MB, GB, TB, KiB, MiB, GiB, TiB, %, ms, us, s and px; a name does not begin "
        "with a digit",
        (("require params <= 5m", ""), ("require params <= 5 million", ""), ("require macs <= 5Gflops", "")),
    ),
)
