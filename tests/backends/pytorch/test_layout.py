"""Expressions are laid out as formatters lay them out, and stay the expressions that they were."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from archdsl.backends.pytorch.layout import expression_lines
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.tidy import tidied
from tests.backends.pytorch.from_python import from_python

NAMES = st.sampled_from(["x", "stride", "in_channels", "a_rather_long_name_of_a_thing", "self.width", "None", "True"])
NUMBERS = st.sampled_from(["1", "0.5", "1e-05", "128"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    symbols = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "==", "<", "and", "or"])
    return st.one_of(
        st.builds("({}) {} ({})".format, inner, symbols, inner),
        st.builds("({}) if ({}) else ({})".format, inner, inner, inner),
        st.builds("nn.Conv2d({}, {}, bias={})".format, inner, inner, inner),
        st.builds("pipeline(first={}, second={})".format, inner, inner),
        st.builds("nn.Sequential(*({} for _ in range({})))".format, inner, inner),
        st.builds("torch.cat(({}, {}), dim=1)".format, inner, inner),
        st.builds("-({})".format, inner),
        st.builds("not ({})".format, inner),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, NUMBERS), larger, max_leaves=20)


def laid_out(number: int, text: str) -> list[str]:
    return expression_lines(f"self.thing_{number} = ", from_python(text))


def tree(text: str) -> str:
    return ast.dump(ast.parse(text.strip()))


@settings(deadline=None, max_examples=500)
@given(EXPRESSIONS)
def test_an_expression_stays_itself(text: str) -> None:
    node = from_python(text)
    assert tree(spelled(node)) == tree(text)
    lines = expression_lines("self.thing = ", node)
    assert tree("\n".join(lines)) == tree(f"self.thing = {spelled(tidied(node))}")


def test_formatters_agree(tmp_path: Path) -> None:
    layers = ", ".join(f"layer_{i}=nn.Conv2d(in_channels, channels, kernel, stride=stride)" for i in range(3))
    chain = "self.conv_3(self.act_3(self.norm_3(self.conv_2(self.act_2(self.norm_2(self.conv(self.norm(x))))))))"
    expressions = [
        "x + 1",
        "in_channels * stride ** 2 + (channels - 1) ** 0.5",
        f"pipeline({layers})",
        f"pipeline(one=pipeline({layers}))",
        "nn.Conv2d(" + ", ".join(f"argument_{i}={i}" for i in range(5)) + ")",
        "nn.Conv2d(" + ", ".join(f"argument_{i}={i}" for i in range(12)) + ")",
        "(nn.Conv2d(in_channels, channels, 3, padding=1, bias=False) if stride == 2 else nn.Identity())",
        f"(nn.Conv2d({'in_channels, ' * 4}bias=False) if n > 1 else nn.Linear({'in_channels, ' * 4}1)) if c else None",
        f"{'a_name' * 12} if {'a_condition' * 3} else {'another' * 5} if {'another_condition' * 2} else {'last' * 9}",
        f"nn.Sequential(*(Mbconv({'in_channels, ' * 8} stride=1) for _ in range(n)))",
        f"{'a_name' * 12} > 1 and {'another' * 5} and ({'a_condition' * 3} or {'last' * 9})",
        "self.one(x) + self.two(x) * (self.three(x) - 1)",
        f"x + {chain}",
        f"x * y + {chain}",
        f"x + y * {chain}",
        f"x + y + {chain}",
        f"(x + y) * {chain}",
        f"{chain} + x",
        f"self.one(x) + {chain}",
        f"{chain} + {chain}",
        f"{chain} * self.one(x)",
    ]
    body = [line for i, text in enumerate(expressions) for line in laid_out(i, text)]
    path = tmp_path / "laid_out.py"
    lines = ["class Thing:", "    def __init__(self):", *(f"        {line}" for line in body)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--diff", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
