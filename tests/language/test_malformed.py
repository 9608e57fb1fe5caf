"""Every form of another notation is refused with its message, and the fix, where there is one, is what it says."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import Diagnostic, Source
from archdsl.diagnostics.apply_fixes import apply_fixes
from archdsl.language.forms import Form
from archdsl.language.malformed import FORMS
from archdsl.language.parser import parse

# Where the example of a form stands.
AROUND = {
    "file": "{}\n",
    "block": "block d(channels, w) {{\n  {}\n}}\n",
    "model": "model m(w = 1) {{\n  {}\n}}\n",
    "table": "model m {{\n  stages {{\n    | op | channels |\n    {}\n    | b  | 16       |\n  }}\n}}\n",
}


def problems(text: str) -> tuple[Diagnostic, ...]:
    return parse(Source("net.arch", text))[1]


def examples() -> list[tuple[Form, str, str]]:
    return [(form, wrong, right) for form in FORMS for wrong, right in form.examples]


@pytest.mark.parametrize(
    ("form", "wrong", "right"), examples(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_example(form: Form, wrong: str, right: str) -> None:
    around = AROUND[form.where]
    text = around.format(wrong)
    problem = problems(text)[0]
    assert problem.message == form.message
    assert problem.help
    assert "{" not in problem.help.replace("`{`", "")
    if form.write is None:
        assert problem.fix is None
        return
    assert problem.fix is not None
    assert problem.fix.is_safe == form.is_safe
    source = Source("net.arch", text)
    for _ in range(5):
        found = parse(source)[1]
        if not found:
            break
        source, _ = apply_fixes(source, found)
    assert parse(source)[1] == ()
    expected = around.format(right) if right else around.replace("    {}\n", "").format()
    assert source.text == expected


def test_every_form_has_examples() -> None:
    assert all(form.examples for form in FORMS)


@pytest.mark.parametrize("line", ["stem = conv(8, 3) | relu", "stem = conv(8, 3) => relu", "stem = conv(8, 3) ; relu"])
def test_the_arguments_of_a_call_are_no_shape(line: str) -> None:
    (problem, *_) = problems(AROUND["model"].format(line))
    assert problem.message != "a shape is written with `x`, channels first"
    assert problem.fix is None or "8 x 3" not in str(problem.fix)
