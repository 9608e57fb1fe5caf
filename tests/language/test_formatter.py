"""The formatter: canonical text that says the same, loses no comment and is its own canonical text."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdsl.diagnostics import Source
from archdsl.language import tree
from archdsl.language.formatter import format_module
from archdsl.language.parser import parse
from tests.language.random_programs import Writer, perturbed
from tests.selection import a_third

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "tests" / "data" / "examples").glob("*.arch"))
SHIPPED = sorted([*(ROOT / "specs").glob("*.arch"), *(ROOT / "archdsl" / "stdlib").glob("*.arch")])


def parsed(text: str) -> tree.Module:
    module, problems = parse(Source("test.arch", text))
    assert not problems, (problems, text)
    return module


def formatted(text: str) -> str:
    return format_module(parsed(text))


def check(text: str) -> str:
    """Formats a text, sees to it that nothing is lost and that a second time changes nothing."""
    module = parsed(text)
    result = format_module(module)
    again = parsed(result)
    assert again == module, result
    assert sorted(c.text for c in again.comments) == sorted(c.text for c in module.comments), result
    assert format_module(again) == result
    assert not result or (result.endswith("\n") and not result.endswith("\n\n"))
    assert not re.search(r"[ \t\r]\n|\n\n\n|\{[ ]*\n\n|\n\n *\}", result), result
    return result


@pytest.mark.parametrize("path", [*EXAMPLES, *SHIPPED], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_examples_are_canonical(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


def in_block(*lines: str) -> str:
    return "\n".join(["block b() {", *lines, "}", ""])


def in_model(*lines: str) -> str:
    return "\n".join(["model m {", *lines, "}", ""])


LONG = "channels, " * 11 + "channels"

PAIRS = {
    "nothing": ("", ""),
    "blank lines only": ("\n \n\t\n", ""),
    "comments only": ("\n\n#one\n\n\n  # two", "#one\n\n# two\n"),
    "windows line ends and tabs": (
        "block b(x,\ty) {\r\n\tout = in  # why\r\n\r\n\t# because\r\n}\r\n",
        "block b(x, y) {\n  out = in  # why\n\n  # because\n}\n",
    ),
    "a block that is declared": (
        "extern  block b( x ,y=1 ){ # why\nout=x  x 1 x  1\n params=0;macs=0\n}\n".replace(";", "\n"),
        "extern block b(x, y = 1) {  # why\n  out = x x 1 x 1\n  params = 0\n  macs = 0\n}\n",
    ),
    "several values and names": (
        in_block("  x,y ,_=in->f( a )  # why", "  z  = [x ,y]", "  out=for i in 2:x,(y->g),(if a then x else y)"),
        in_block("  x, y, _ = in -> f(a)  # why", "  z = [x, y]", "  out = for i in 2: x, y -> g, if a then x else y"),
    ),
    "operators": (
        in_block("  x=a*-b+c//2-(d%3)**2", "  y = (a or b)and not(c==1)", "  z=a  x  b x 3*2"),
        in_block("  x = a * -b + c // 2 - (d % 3) ** 2", "  y = (a or b) and not c == 1", "  z = a x b x 3 * 2"),
    ),
    "parentheses that say nothing": (
        in_block("  x = ((a * b)) + (c) - (d + e)", "  y = (a ** (b ** c)) ** d", "  z = ((a -> b))", "  w = -(-a)"),
        in_block("  x = a * b + c - (d + e)", "  y = (a ** b ** c) ** d", "  z = a -> b", "  w = --a"),
    ),
    "parentheses that say something": (
        in_block("  x = -(a + b) ** -c * (d x e)", "  y = (a == b) == c", "  z = (in -> a) * (if a then b else c)"),
        in_block("  x = -(a + b) ** -c * (d x e)", "  y = (a == b) == c", "  z = (in -> a) * (if a then b else c)"),
    ),
    "branches on lines of their own": (
        in_block("  x = if a then b  # why", "      else if c", " then d", "else e -> f"),
        in_block("  # why", "  x = if a", "    then b", "    else if c", "      then d", "      else e -> f"),
    ),
    "branches too long for a line": (
        in_block(f"  x = (if a then f({LONG[:48]}) else g({LONG[:48]}, b)) + h"),
        in_block("  x = (", "    if a", f"      then f({LONG[:48]})", f"      else g({LONG[:48]}, b)", "  ) + h"),
    ),
    "then and else as names": (in_block("  x = 1", "  then = 2", "  else.variance = 3"),) * 2,
    "numbers behind the dots of numbers": (in_block("  x = 2 . 8 + a . 5 . 6"), in_block("  x = (2).8 + (a.5).6")),
    "a number that is called": (in_block("  x = (5%)(2)"), in_block("  x = (5%)(2)")),
    "numbers and strings as written": (
        in_block('  x = f(1.50, 1e-3, 118.5M, 075, 0.1%, "a\\n#b")'),
        in_block('  x = f(1.50, 1e-3, 118.5M, 075, 0.1%, "a\\n#b")'),
    ),
    "arguments": (
        in_block("  x=conv( 3,kernel=5 , bias = true, ) . channels"),
        in_block("  x = conv(3, kernel = 5, bias = true).channels"),
    ),
    "arguments on lines of their own": (
        in_block("  x = conv(", "    3, kernel=5,", "      bias = [a", " -> b])"),
        in_block(
            "  x = conv(", "    3,", "    kernel = 5,", "    bias = [", "      a", "        -> b", "    ],", "  )"
        ),
    ),
    "arguments that are brought together": (
        in_block("  x = conv(3,", "    5", "  )"),
        in_block("  x = conv(3, 5)"),
    ),
    "arguments too long for a line": (
        in_block(f"  x = concat({LONG}, more)"),
        in_block("  x = concat(", *["    channels,"] * 12, "    more,", "  )"),
    ),
    "parameters": (
        "block b( x,y=1 ,act=act, ){\nout=in\n}\nblock c(\nx, # first\ny) {}",
        "block b(x, y = 1, act = act) {\n  out = in\n}\n\nblock c(\n  x,  # first\n  y,\n) {}\n",
    ),
    "choices, composites, conditionals": (
        in_block("  x={1,2 , 3,}*[ conv(3)->norm as n when a ]", "  y = if a then(b)else if(c)then d->e else f"),
        in_block("  x = {1, 2, 3} * [conv(3) -> norm as n when a]", "  y = if a then b else if c then d -> e else f"),
    ),
    "steps on lines of their own": (
        in_block("  x = in->a", "      ->b->c", "", "  -> d"),
        in_block("  x = in -> a", "    -> b -> c", "    -> d"),
    ),
    "a pipeline too long for a line": (
        in_block(f"  x = in -> conv_norm_act({LONG[:58]}) -> conv_norm_act({LONG[:58]}) -> norm"),
        in_block(
            "  x = in", f"    -> conv_norm_act({LONG[:58]})", f"    -> conv_norm_act({LONG[:58]})", "    -> norm"
        ),
    ),
    "a pipeline inside a sum": (
        in_block("  x = in + (main", "   -> a", "   -> b) * 2"),
        in_block("  x = in + (", "    main", "      -> a", "      -> b", "  ) * 2"),
    ),
    "conditions get a column": (
        in_block("  x = in", "  -> a when b", "  -> long -> longer when c", "  -> d", "  -> e   when f"),
        in_block(
            "  x = in",
            "    -> a              when b",
            "    -> long -> longer when c",
            "    -> d",
            "    -> e              when f",
        ),
    ),
    "conditions keep their column": (
        in_block("  x = in", "  -> a      when b", "  -> c(d)   when c"),
        in_block("  x = in", "    -> a      when b", "    -> c(d)   when c"),
    ),
    "conditions in a line": (in_block("  x = in -> a   when b  -> c"), in_block("  x = in -> a when b -> c")),
    "settings": (
        in_model(
            "input = 3 x 4 x 4", "classes=10", "# why", "act = relu", "stem = conv(3)", "x = 1", "stem.variance = 2",
            "y = 1", "longer = 2", "", "norm = batch_norm", "head = linear(classes)",
        ),
        in_model(
            "  input   = 3 x 4 x 4", "  classes = 10", "  # why", "  act     = relu", "  stem = conv(3)", "  x = 1",
            "  stem.variance = 2", "  y      = 1", "  longer = 2", "", "  norm = batch_norm",
            "  head = linear(classes)",
        ),
    ),
    "bindings of a block": (in_block("  x = 1", "  longer = 2"), in_block("  x = 1", "  longer = 2")),
    "claims": (
        in_model("require params==118.5M+-0.1%", "require macs < 5G +- 1%", "require out == 3 x 4", "require a and b"),
        in_model(
            "  require params == 118.5M +- 0.1%",
            "  require macs   <  5G     +- 1%",
            "  require out    == 3 x 4",
            "  require a and b",
        ),
    ),
    "scale and overrides": (
        in_model("scale {channels=1}", "scale {", "a=1}", "scale {", "a=1", "long=2", "}", "stages 1 .. 3 { op = x }",
                 "stages 2..2 {", "}"),
        in_model("  scale { channels = 1 }", "  scale {", "    a = 1", "  }", "  scale {", "    a    = 1",
                 "    long = 2", "  }", "  stages 1..3 { op = x }", "  stages 2 {}"),
    ),
    "tables": (
        in_model("stages {", "", "|op|a|", "|x|-|  # why", "# then", "|longer|{1,2}*-3|", "", "}"),
        in_model("  stages {", "    | op     | a           |", "    | x      | -           |  # why", "    # then",
                 "    | longer | {1, 2} * -3 |", "  }"),
    ),
    "items": (
        'use "a.arch"\nuse   "b.arch"\n\nmodel m() {\n\n}\nvariants m {\n|name|\n|050|\n}\n'
        "variants n {\n|name|\n|b|\n}\n## Doc.\nblock b() {}\n\n\n\nmodel n(a=1)extends m . 050 (b=2){a=1}\n# end",
        'use "a.arch"\nuse "b.arch"\n\nmodel m {}\nvariants m {\n  | name |\n  | 050  |\n}\n\n'
        "variants n {\n  | name |\n  | b    |\n}\n\n## Doc.\nblock b() {}\n\n"
        "model n(a = 1) extends m.050(b = 2) {\n  a = 1\n}\n# end\n",
    ),
    "recipes": (
        "recipe r for m.b0 ( ) {\nepochs=3\nschedule = cosine\nprogressive(stages=4) {\n|setting|to|\n|mixup|0|\n}\n"
        "again() {\n|a|\n|1|\n}\n}\n",
        "recipe r for m.b0 {\n  epochs   = 3\n  schedule = cosine\n  progressive(stages = 4) {\n"
        "    | setting | to |\n    | mixup   | 0  |\n  }\n  again {\n    | a |\n    | 1 |\n  }\n}\n",
    ),
    "blank lines": (
        in_block("", "", "  x = 1", "", "", "  # a", "", "  y = 2", "", "  # b", "", ""),
        in_block("  x = 1", "", "  # a", "", "  y = 2", "", "  # b"),
    ),
    "docs stay docs, and others do not become any": (
        "## no doc\n\n## a\n## b\nblock b() {}\n## c\n# d\nblock c() {}\n",
        "## no doc\n\n## a\n## b\nblock b() {}\n\n## c\n# d\nblock c() {}\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name: str) -> None:
    ugly, pretty = PAIRS[name]
    assert check(ugly) == pretty


ODD_PLACES = {
    "between steps": (
        in_block("  x = in  # a", "    # b", "    -> f  # c", "", "    # d", "    -> g  # e", "    # f"),
        in_block("  x = in  # a", "    # b", "    -> f  # c", "    # d", "    -> g  # e", "  # f"),
    ),
    "inside a step": (
        in_block("  x = in", "    -> f + (1 # a", "      )", "    -> (h # b", "    * 2) -> i( # c", "    )"),
        in_block(
            "  x = in", "    -> f + 1  # a", "    # b", "    -> h * 2 -> i(", "      # c", "    )"
        ),
    ),
    "inside parentheses": (
        in_block("  x = conv( # a", "# b", "  3 # c", "  , # d", "  k # e", " = (1 # f", " + 2), # g", "# h", ")  # i"),
        in_block("  x = conv(", "    # a", "    # b", "    3,  # c", "    # d", "    # e", "    # f",
                 "    k = 1 + 2,  # g", "    # h", "  )  # i"),
    ),
    "inside a composite": (
        in_block("  x = [ # a", " b # c", " -> d # e", " ] * 2"),
        in_block("  x = [", "    # a", "    b  # c", "      -> d  # e", "  ] * 2"),
    ),
    "inside a group": (
        in_block("  x = (a # a", "  # b", "   + c) * 2 # c"),
        in_block("  # a", "  # b", "  x = (a + c) * 2  # c"),
    ),
    "behind a group": (in_block("  x = (a # a", "  # b", "  ) # c"), in_block("  x = a  # a", "  # b", "  # c")),
    "around braces": (
        "# a\nblock b() { # b\n# c\nout = in # d\n# e\n} # f\n# g\n",
        "# a\nblock b() {  # b\n  # c\n  out = in  # d\n  # e\n}  # f\n# g\n",
    ),
    "in bodies on one line": (
        "block b() { out = in # a\n} # b\nmodel m { # c\nscale { x = 1 } # d\n}",
        "block b() {\n  out = in  # a\n}  # b\n\nmodel m {  # c\n  scale { x = 1 }  # d\n}\n",
    ),
    "in empty bodies": (
        "block b() { # a\n}\nblock c() {\n# b\n}\nmodel d {\nscale { # c\n}\n}\nmodel e( # d\n) extends f( # e\n) {}\n",
        "block b() {  # a\n}\n\nblock c() {\n  # b\n}\n\nmodel d {\n  scale {  # c\n  }\n}\n\n"
        "model e(\n  # d\n) extends f(\n  # e\n) {}\n",
    ),
    "in headers": (
        "block b(\n # a\n x = ( # b\n 3), # c\n # d\n) {} # e",
        "block b(\n  # a\n  # b\n  x = 3,  # c\n  # d\n) {}  # e\n",
    ),
    "in tables": (
        in_model("stages { # a", "# b", "|op| # c", "# d", "", "|f(1 # e", ")| # f", "# g", "} # h"),
        in_model("  stages {  # a", "    # b", "    | op   |  # c", "    # d", "", "    # e", "    | f(1) |  # f",
                 "    # g", "  }  # h"),
    ),
    "in nested tables": (
        "recipe r for m {\na = 1 # a\n# b\np( # c\n) { # d\n|x| # e\n|1|\n}}",
        "recipe r for m {\n  a = 1  # a\n  # b\n  p(\n    # c\n  ) {  # d\n    | x |  # e\n    | 1 |\n  }\n}\n",
    ),
    "with signs of the language in them": (
        in_block("  x = in # -> a when {b}", "  -> c # -> d", ' # "'),
        in_block("  x = in  # -> a when {b}", "    -> c  # -> d", '  # "'),
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", ODD_PLACES)
def test_comments_are_kept(place: str) -> None:
    ugly, pretty = ODD_PLACES[place]
    assert check(ugly) == pretty


def test_a_comment_from_before_a_loop_stays_before_it() -> None:
    text = in_block("  out = z[a # why", "    == 1] + x(for i in 1:", "    y)")
    assert check(text) == in_block("  # why", "  out = z[a == 1] + x(for i in 1:", "    y)")


# Random programs -------------------------------------------------------------------------------------------------

randoms = st.randoms(use_true_random=True)
quick = settings(deadline=None, max_examples=a_third(120), suppress_health_check=list(HealthCheck))


@quick
@given(randoms)
def test_random_programs(random: Random) -> None:
    check(Writer(random).program())


@settings(quick, max_examples=a_third(80))
@given(st.sampled_from([*EXAMPLES, *SHIPPED]), randoms)
def test_random_white_space(path: Path, random: Random) -> None:
    original = parsed(path.read_text(encoding="utf-8"))
    text = perturbed(original.source.text, random)
    module = parsed(text)
    assert [(type(item), getattr(item, "body", None)) for item in module.items] == [
        (type(item), getattr(item, "body", None)) for item in original.items
    ]
    check(text)


def test_parentheses_say_which_branches_an_arrow_follows() -> None:
    both = "  a = (if c then in -> f else in) -> g"
    assert check(in_block(both)) == in_block(both)
    assert check(in_block("  a = if c then (in -> f) else in -> g")) == in_block(both)
    assert check(in_block("  a = (if b then (if c then in -> f else in) else x) -> g")) == in_block(
        "  a = (if b then if c then in -> f else in else x) -> g"
    )
    assert check(in_block("  a = (if c then in else x) -> g")) == in_block("  a = if c then in else x -> g")
