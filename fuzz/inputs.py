"""Which text a seed means: the same one on every machine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from fuzz.large import large
from fuzz.mutate import NUMBERS, SIGNS, WORDS, changed, mutated, renumbered
from fuzz.texts import items, lines, texts
from fuzz.walk import walked
from tests.language.random_programs import Writer
from tests.properties.programs import program

HEAD = "model m {\n  input = 3 x 32 x 32\n"


class Input(NamedTuple):
    kind: str
    text: str


# Where a few tokens may stand.
PLACES = (
    "@",
    "model m {\n  input = 3 x 8 x 8\n  stem = @\n}\n",
    "model m {\n  input = 3 x 8 x 8\n  stem = relu\n  @\n}\n",
    "block b(n = 1) {\n  out = @\n}\nmodel m {\n  input = 3 x 8 x 8\n  stem = b(2) -> b()\n}\n",
    "model m {\n  input = 3 x 8 x 8\n  stages {\n    | op | channels |\n    | conv | @ |\n  }\n}\n",
    "model m(a = 1) {\n  input = 3 x 8 x 8\n  stem = conv(a)\n}\nvariants m {\n  | name | a |\n  | n | @ |\n}\n",
)
_WORTH = (
    *WORDS,
    *NUMBERS,
    *SIGNS[:18],
    *["+", "-", "*", "/", "//", "%", "**", "==", "<", "and", "or", "not", "x", "->", "(", ")", "[", "]"],
)


def _expression(random: Random, depth: int = 3) -> str:
    """An expression that may well have a value."""
    inner = lambda: _expression(random, depth - 1)  # noqa: E731
    match random.randrange(12) if depth else 0:
        case 0 | 1:
            return random.choice(("1", "2", "3", "0.5", "relu", "norm", "act", "n", "a", "in", *NUMBERS, *WORDS))
        case 2 | 3:
            operators = ("+", "-", "*", "/", "//", "%", "**", "==", "<", "<=", "x", "and", "or")
            return f"{inner()} {random.choice(operators)} {inner()}"
        case 4 | 5:
            return f"{inner()} -> {inner()}"
        case 6:
            return f"if {inner()} then {inner()} else {inner()}"
        case 7:
            return f"[{inner()} -> {inner()}] * {random.choice(('2', '3', inner()))}"
        case 8:
            return f"{random.choice(('round', 'max', 'conv', 'linear', 'concat', 'conv_norm_act', 'sqrt'))}({inner()})"
        case 9:
            return f"conv({inner()}, {inner()}, stride = {inner()}) when {inner()}"
        case 10:
            return f"in -> {inner()} as b"
    return f"({inner()})"


def _layer(random: Random, depth: int = 3) -> str:
    """An expression that is a layer, mostly."""
    if random.random() < 0.02:
        return _expression(random, 2)
    match random.randrange(8) if depth else random.randrange(4):
        case 0:
            return random.choice(("relu", "norm", "act", "drop_path", "max_pool(2)", "flatten", "identity"))
        case 1 | 2:
            return f"conv({_number(random, 2)})"
        case 3:
            return f"conv_norm_act({_number(random, 1)}, kernel = {random.choice('1357')})"
        case 4 | 5:
            return f"{_layer(random, depth - 1)} -> {_layer(random, depth - 1)}"
        case 6:
            return f"[{_layer(random, depth - 1)}] * {_number(random, 1)}"
    return f"[{_layer(random, depth - 1)}] when {_number(random, 1)} {random.choice(('<', '==', '>'))} 3"


def _number(random: Random, depth: int = 2) -> str:
    """An expression that is a number, mostly."""
    if not depth or random.random() < 0.4:
        return random.choice(("1", "2", "3", "4", "8", "16", random.choice((*NUMBERS, *WORDS)) if not depth else "6"))
    one, other = _number(random, depth - 1), _number(random, depth - 1)
    return random.choice(
        (
            f"{one} {random.choice('+-*')} {other}",
            f"({one} + {other}) * {random.choice('234')}",
            f"round({one} / {random.choice('234')})",
            f"max({one}, {other})",
            f"divisible({one} * {other})",
            f"(if {one} > {other} then {one} else {other})",
        )
    )


_STEM, _BLOCK, _CELL, _VARIANT = (PLACES[1], PLACES[3], *PLACES[4:])


def _small(random: Random) -> str:
    """An expression in a place of a small program, half of them of the kind that belongs there."""
    match random.randrange(8):
        case 0:
            return _STEM.replace("@", _layer(random))
        case 1:
            return _BLOCK.replace("@", f"in -> {_layer(random)}")
        case 2:
            return _CELL.replace("@", _number(random))
        case 3:
            return _VARIANT.replace("@", _number(random))
    return random.choice(PLACES[1:]).replace("@", _expression(random))


def _short(random: Random) -> str:
    """A few tokens in a place of a small program."""
    words = random.choices(_WORTH, k=random.choice((1, 2, 3, 3, 4, 5, 7, 10)))
    return random.choice(PLACES).replace("@", " ".join(words))


def _line(random: Random) -> str:
    """A line of a real file, changed once or twice, where such a line can stand."""
    line = random.choice(lines())
    for _ in range(random.choice((1, 1, 2))):
        line = changed(line, random)
    if line.startswith("|"):
        header = " | ".join(
            ("op", "channels", "stride", "kernel", "layers", "se", "expansion", "name")[: line.count("|") - 1]
        )
        return f"{HEAD}  stages {{\n    | {header} |\n    {line}\n  }}\n}}\n"
    if line.startswith("out"):
        return f"block b(channels = 8, kernel = 3, stride = 1) {{\n  {line}\n}}\n{HEAD}  stem = b()\n}}\n"
    return f"{HEAD}  stem = relu\n  {line}\n}}\n"


def _item(random: Random) -> str:
    return mutated(random.choice(items()), random)


def _items(random: Random) -> str:
    return mutated("\n".join(random.choice(items()) for _ in range(random.choice((2, 3)))), random)


def _network(random: Random) -> str:
    """A small network."""
    layers = ("conv(8, 3)", "conv_norm_act(8, kernel = 3)", "max_pool(3, stride = 2)", "mbconv(8, expansion = 2)")
    pipeline = " -> ".join(random.choice(layers) for _ in range(random.choice((1, 2, 3))))
    return f"{HEAD}  stem = {pipeline}\n  head = global_avg_pool -> linear(10)\n}}\n"


# What an input is, how many of 40,000 are that, and what writes one. Most mistakes need little text.
_KINDS: tuple[tuple[str, int, Callable[[Random], str]], ...] = (
    ("a line of a real file, mutated", 6_000, _line),
    ("a few tokens in a small program", 24_500, _short),
    ("an expression in a small program", 1_600, _small),
    ("an item of a real file, mutated", 5_000, _item),
    ("a small network, mutated", 800, lambda random: mutated(_network(random), random)),
    ("a small network with other numbers", 500, lambda random: renumbered(_network(random), random)),
    ("a walk through the grammar", 1_300, lambda random: walked(random, random.choice((5, 10, 20)))),
    ("several items, mutated", 150, _items),
    ("a real file, mutated", 40, lambda random: mutated(random.choice(texts()), random)),
    ("a program of the grammar", 15, lambda random: Writer(random).program()),
    ("a program of the grammar, mutated", 20, lambda random: mutated(Writer(random).program(), random)),
    ("a real file with other numbers", 14, lambda random: renumbered(random.choice(texts()), random)),
    ("a valid program", 15, program),
    ("a valid program with other numbers", 15, lambda random: renumbered(program(random), random)),
    ("a valid program, mutated", 30, lambda random: mutated(program(random), random)),
    ("a large text", 1, large),
)


def input_of(seed: int) -> Input:
    """The input of a seed."""
    random = Random(seed)
    kind, _, make = random.choices(_KINDS, [weight for _, weight, _ in _KINDS])[0]
    return Input(kind, make(random))
