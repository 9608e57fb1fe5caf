"""The parser: what each form of the language becomes, and what it says about texts that are none."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdsl.diagnostics import Source
from archdsl.language import tree
from archdsl.language.parser import parse
from archdsl.limits import limits
from tests.selection import a_third

EXAMPLES = sorted((Path(__file__).parents[1] / "data" / "examples").glob("*.arch"))
TEXTS = [path.read_text(encoding="utf-8") for path in EXAMPLES]


def module(text: str) -> tree.Module:
    found, problems = parse(Source("test.arch", text))
    assert not problems, problems
    return found


def item(text: str) -> tree.Item:
    (found,) = module(text).items
    return found


def expression(text: str) -> tree.Expression:
    block = item(f"block b() {{\n  out = {text}\n}}\n")
    assert isinstance(block, tree.Block)
    (binding,) = block.body
    assert isinstance(binding, tree.Binding)
    return binding.value


def outline(node: object) -> str:
    """An expression with parentheses around everything that has parts."""
    match node:
        case tree.Name(text=text) | tree.Literal(text=text):
            return text
        case tree.Unary(operator=operator, operand=operand):
            return f"({operator} {outline(operand)})"
        case tree.Binary(operator=operator, left=left, right=right):
            return f"({outline(left)} {operator} {outline(right)})"
        case tree.ShapeOf(sizes=sizes):
            return f"({' x '.join(map(outline, sizes))})"
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            return f"(if {outline(condition)} then {outline(chosen)} else {outline(otherwise)})"
        case tree.Fact(owner=owner, name=name):
            return f"({outline(owner)}.{name.text})"
        case tree.Call(function=function, arguments=given):
            texts = [(f"{one.name.text} = " if one.name else "") + outline(one.value) for one in given]
            return f"({outline(function)}({', '.join(texts)}))"
        case tree.Pipeline(steps=steps):
            return f"({' -> '.join(map(outline, steps))})"
        case tree.Step(value=value, name=name, condition=condition):
            text = outline(value) + (f" as {name.text}" if name else "")
            return text + (f" when {outline(condition)}" if condition else "")
        case tree.Composite(value=value):
            return f"[{outline(value)}]"
        case tree.Choice(options=options):
            return f"{{{', '.join(map(outline, options))}}}"
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a or b and not c == d", "(a or (b and (not (c == d))))"),
        ("a == b + c * d", "(a == (b + (c * d)))"),
        ("a == b +- c + d", "(a == (b +- (c + d)))"),
        ("a - b - c", "((a - b) - c)"),
        ("a - (b - c)", "(a - (b - c))"),
        ("a / b // c % d * e", "((((a / b) // c) % d) * e)"),
        ("-a ** b", "(- (a ** b))"),
        ("a ** -b ** c", "(a ** (- (b ** c)))"),
        ("-a * b", "((- a) * b)"),
        ("- -a", "(- (- a))"),
        ("a * -b", "(a * (- b))"),
        ("not not a", "(not (not a))"),
        ("(a == b) == c", "((a == b) == c)"),
        ("3 x h x w + 1", "(3 x h x (w + 1))"),
        ("x x x", "(x x x)"),
        ("2 == 3 x 4", "(2 == (3 x 4))"),
        ("a.b.c(d)(e = f, g).h", "(((((a.b).c)(d))(e = f, g)).h)"),
        ("if a then b else c + d", "(if a then b else (c + d))"),
        ("if a then b -> c else if d then e else f", "(if a then (b -> c) else (if d then e else f))"),
        ("a -> if b then c else d -> e", "(a -> (if b then c else d) -> e)"),
        ("a -> b when c or d -> e as f -> g as h when i", "(a -> b when (c or d) -> e as f -> g as h when i)"),
        ("a when b", "(a when b)"),
        ("(a -> b) + c", "((a -> b) + c)"),
        ("[a -> b] * 2", "([(a -> b)] * 2)"),
        ("{a, 2 + {b}, [c],}", "{a, (2 + {b}), [c]}"),
        ("f(a -> b, k = c -> d,)", "(f((a -> b), k = (c -> d)))"),
        ("5 % 3", "(5 % 3)"),
        ("5%3", "(5 % 3)"),
        ("5% + 3", "(5% + 3)"),
        ("5% or a", "(5% or a)"),
        ("iffy + notes + order", "((iffy + notes) + order)"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    assert outline(expression(text)) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("050", 50),
        ("0.25", 0.25),
        ("1e-3", 0.001),
        ("2E3", 2000.0),
        ("3K", 3000),
        ("118.5M", 118_500_000),
        ("57G", 57_000_000_000),
        ("1.5T", 1_500_000_000_000),
        ("1.2345678M", 1_234_567.8),
        ("123456789012345678901K", 123_456_789_012_345_678_901_000),
        ("0.1%", 0.001),
        ("7%", 0.07),
        ("75ms", 0.075),
        ("3us", 3e-6),
        ("2s", 2),
        ("224px", 224),
        ("2GB", 2 * 10**9),
        ("1.5KB", 1500),
        ("3TB", 3 * 10**12),
        ("2GiB", 2**31),
        ("0.5KiB", 512),
        ("1e-3MiB", 1048.576),
        ("1e-400", 0.0),
        ("true", True),
        ("false", False),
        ("none", None),
        ('"a \\"b\\" \\\\n\\n#c"', 'a "b" \\n\n#c'),
    ],
)
def test_literals(text: str, value: object) -> None:
    literal = expression(text)
    assert isinstance(literal, tree.Literal)
    assert (literal.value, type(literal.value), literal.text) == (value, type(value), text)


def test_block() -> None:
    block = item("## What it does,\n## and why.\nblock b(x, y = 2 * z) {\n  out.variance = in\n\n  require x > 1\n}\n")
    assert isinstance(block, tree.Block)
    assert block.name.text == "b"
    assert block.doc == "What it does,\nand why."
    assert [(p.name.text, p.default and outline(p.default)) for p in block.parameters] == [
        ("x", None),
        ("y", "(2 * z)"),
    ]
    binding, require = block.body
    assert isinstance(binding, tree.Binding)
    assert binding.fact is not None
    assert (binding.name.text, binding.fact.text) == ("out", "variance")
    assert isinstance(require, tree.Require)
    assert outline(require.claim) == "(x > 1)"


def test_model() -> None:
    model = item(
        "model m(width = 1.0) extends base.050(depth = 2) {\n  scale { channels = channels * width }\n"
        "  stages 1..3 {\n    op = mbconv\n    se = 0\n  }\n  stages 4 { se = 1 }\n"
        "  stages {\n    | op | channels |\n    # comment\n    | b  | -        |\n    | c  | -1       |\n  }\n}\n"
    )
    assert isinstance(model, tree.Model)
    assert model.parent is not None
    assert model.parent.variant is not None
    assert (model.parent.name.text, model.parent.variant.text, len(model.parent.arguments)) == ("base", "050", 1)
    scale, override, other, stages = model.body
    assert isinstance(scale, tree.Scale)
    assert [binding.name.text for binding in scale.bindings] == ["channels"]
    assert isinstance(override, tree.StagesOverride)
    assert (override.first, override.last, len(override.bindings)) == (1, 3, 2)
    assert isinstance(other, tree.StagesOverride)
    assert (other.first, other.last) == (4, 4)
    assert isinstance(stages, tree.Stages)
    assert [name.text for name in stages.table.header] == ["op", "channels"]
    first, second = stages.table.rows
    assert isinstance(first.cells[1], tree.DefaultCell)
    assert isinstance(second.cells[1], tree.Unary)
    assert item("model m {}\n") == item("model m() {\n}\n")


def test_use_variants_and_recipe() -> None:
    use, variants, recipe = module(
        '## Blocks.\nuse "a/b.arch"\nvariants m {\n  | name | n |\n  | 050  | 1 |\n}\n'
        "recipe r for m.b0 {\n  epochs = 3\n  progressive(stages = 4) {\n    | a |\n    | 1 |\n  }\n  p {\n|a|\n|1|\n}}"
    ).items
    assert isinstance(use, tree.Use)
    assert (use.path, use.doc) == ("a/b.arch", "Blocks.")
    assert isinstance(variants, tree.Variants)
    assert variants.model.text == "m"
    assert [cell.span.text for cell in variants.table.rows[0].cells] == ["050", "1"]
    assert isinstance(recipe, tree.Recipe)
    assert recipe.model.variant is not None
    binding, nested, plain = recipe.body
    assert isinstance(binding, tree.Binding)
    assert isinstance(nested, tree.Nested)
    assert (nested.name.text, len(nested.arguments), len(nested.table.rows)) == ("progressive", 1, 1)
    assert isinstance(plain, tree.Nested)
    assert plain.arguments == ()


def test_line_ends_where_they_do_not_count() -> None:
    lines = "conv(\n  3, # three\n\n  [a\n   -> b]\n)\n\n  # between\n    -> norm"
    assert expression(lines) == expression("conv(3, [a -> b]) -> norm")
    assert module("\r\nblock b() { out = in }\r\n\r\n") == module("block b() {\n\n\n  out = in\n\n}")
    assert module("") == module("\n\n  \n") == module("# only this")


def test_docs_belong_to_the_item_right_below() -> None:
    docs = [
        item.doc  # the last is that of `d`, whose comment is not a doc, for a line stands between
        for item in module(
            '## a\nuse "a"\n## b\n## b2\nblock b() {} ## not c\nmodel c {}\n## d\n\nmodel d {}\n# e\nmodel e {}\n'
        ).items
    ]
    assert docs == ["a", "b\nb2", "", "", ""]


def test_comments() -> None:
    comments = module('# a\nblock b() { # "b"\n  out = "#x" # c\n}\n  ## d').comments
    assert [(c.text, c.own_line) for c in comments] == [("# a", True), ('# "b"', False), ("# c", False), ("## d", True)]


def test_spans() -> None:
    text = "## d\nblock b(x = 1) {\n  out = (in -> a) * [c\n    -> d(e = -1)].f when not x\n}\n"
    block = item(text)
    assert isinstance(block, tree.Block)
    binding = block.body[0]
    assert isinstance(binding, tree.Binding)
    found = {}
    ahead: list[tree.Node] = [block]
    while ahead:
        node = ahead.pop()
        found[type(node).__name__, node.span.text] = f"{node.span.line}:{node.span.column}"
        for name in type(node).__struct_fields__:
            part = getattr(node, name)
            ahead += [one for one in (part if isinstance(part, tuple) else (part,)) if isinstance(one, tree.Node)]
    assert found["Block", text[5:-1]] == "2:1"
    assert found["Parameter", "x = 1"] == "2:9"
    assert found["Binding", text[24:-3]] == "3:3"
    assert found["Pipeline", text[30:-3]] == "3:9"
    assert found["Pipeline", "(in -> a)"] == "3:9"  # with its parentheses, so that what is underlined is balanced
    assert found["Binary", "(in -> a) * [c\n    -> d(e = -1)].f"] == "3:9"
    assert found["Composite", "[c\n    -> d(e = -1)]"] == "3:21"
    assert found["Call", "d(e = -1)"] == "4:8"
    assert found["Argument", "e = -1"] == "4:10"
    assert found["Unary", "-1"] == "4:14"
    assert found["Unary", "not x"] == "4:26"
    assert found["Identifier", "f"] == "4:19"


def test_what_is_not_too_deep() -> None:
    assert expression("(" * (limits().nesting - 1) + "a" + ")" * (limits().nesting - 1)) == expression("a")
    assert expression(" + ".join(["a"] * (limits().nesting - 5)))
    assert expression(" -> ".join(["a(1 + 2)"] * 1000))
    assert expression(f"f({', '.join(['a + 1'] * 1000)})")


# Arbitrary input -------------------------------------------------------------------------------------------------

quick = settings(deadline=None, max_examples=a_third(200), suppress_health_check=list(HealthCheck))


def check_places(text: str) -> None:
    source = Source("test.arch", text)
    found, problems = parse(source)
    for problem in problems:
        assert problem.span is not None
        assert problem.span.source is source
        assert 0 <= problem.span.start <= problem.span.end <= len(text), problem
        assert problem.message
    for node in (*found.items, *found.comments):
        assert 0 <= node.span.start < node.span.end <= len(text)


_PIECES = st.sampled_from(
    ["block", "model", "use", "b", "in", "x", "{", "}", "(", ")", "[", "]", "|", "-", "->", "=", "==", ",", ".", "..",
     "1", "2.5%", '"a"', '"', "#", "\n", "\r\n", " ", "\t", "if", "then", "else", "when", "as", "not", "stages",
     "variants", "recipe", "for", "extends", "\x00", "é", "\u2028", "'"]
)  # fmt: skip


@quick
@given(
    st.text(max_size=200) | st.lists(_PIECES, max_size=40).map("".join) | st.lists(_PIECES, max_size=40).map(" ".join)
)
def test_arbitrary_text(text: str) -> None:
    check_places(text)


@quick
@given(st.sampled_from(TEXTS), st.randoms(use_true_random=True))
def test_corrupted_examples(text: str, random: Random) -> None:
    for _ in range(random.choice([1, 1, 2, 5, 20])):
        at, length = random.randrange(len(text)), random.choice([1, 1, 2, 10, 100])
        piece = text[at : at + length]
        change = random.choice(["", piece * 2, piece[::-1], random.choice('(){}[]|,.=-"#\n%&\x00é') + piece])
        text = text[:at] + change + text[at + length :]
        if not text:
            break
    check_places(text)
