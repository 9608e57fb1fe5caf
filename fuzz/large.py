"""Large texts of one thing again and again, as near to the bound on characters as can be, and small ones that stand
for very much."""

from __future__ import annotations

from random import Random

from archdsl.limits import limits

_HEAD = "model m {\n  input = 3 x 8 x 8\n"
# What stands before, what stands again and again with its number for `@`, and what stands behind.
SHAPES: dict[str, tuple[str, str, str]] = {
    "bindings": (_HEAD, "a@=1\n", "}\n"),
    "bindings of bindings": (f"{_HEAD}a0=1\n", "a@=a\n", "}\n"),
    "unknown names": (_HEAD, "a@=b@\n", "}\n"),
    "unknown names in one": (f"{_HEAD}a=[", "b@->", "b]}\n"),
    "unknown functions": (_HEAD, "a@=f(b)\n", "}\n"),
    "models": ("", "model m@ { }\n", ""),
    "models of unknown models": ("", "model m@ extends n@{}\n", ""),
    "models in a chain": ("model m0 { }\n", "model m@ extends m0{}\n", ""),
    "the same model": ("", "model m { }\n", ""),
    "blocks": ("", "block b@(){out=in}\n", ""),
    "blocks without out": ("", "block b@(){}\n", ""),
    "the same block": ("", "block b(){}\n", ""),
    "comments": ("", "#\n", ""),
    "documentation": ("", "##\n", "model m { }\n"),
    "comments in a pipeline": (f"{_HEAD}stem=relu", "#\n->relu", "\n}\n"),
    "one long comment": ("", "#", ""),
    "broken items": ("", "model @\n", ""),
    "broken models": ("", "model m@ {\na=\nb=\n}\n", ""),
    "broken statements": (_HEAD, "a=\n", "}\n"),
    "open braces": ("", "model m@ {\n", ""),
    "brackets": ("", "{}", ""),
    "closing brackets": ("", ")", ""),
    "quotes": ("", '"', ""),
    "line ends": ("", "\n", ""),
    "spaces": (_HEAD, " ", "a=1\n}\n"),
    "carriage returns": ("", "\r", ""),
    "uses of nothing": ("", 'use "a@"\n', ""),
    "the same use": ("", 'use "v2_b.arch"\n', ""),
    "a shipped use": ("", 'use "archdsl:v2_b.arch"\n', ""),
    "columns": (f"{_HEAD}stages{{\n", "|a", "|\n}}\n"),
    "columns that differ": (f"{_HEAD}stages{{\n|op", "|a@", "|\n}}\n"),
    "empty rows": (f"{_HEAD}stages{{\n|op|\n", "|-|\n", "}}\n"),
    "rows of conv": (f"{_HEAD}stages{{\n|op|channels|\n", "|conv|8|\n", "}}\n"),
    "rows of a sum": (f"{_HEAD}a=1\nstages{{\n|op|channels|\n", "|conv|a+a+a+a|\n", "}}\n"),
    "ragged rows": (f"{_HEAD}stages{{\n|op|channels|\n", "|conv|\n", "}}\n"),
    "a long sum": (f"{_HEAD}a=1", "+1", "\n}\n"),
    "long sums": (_HEAD, f"a@={'+'.join(['1'] * 90)}\n", "}\n"),
    "arguments": (f"{_HEAD}stem=conv(", "1,", "1)\n}\n"),
    "named arguments": (f"{_HEAD}stem=conv(", "a@=1,", "b=1)\n}\n"),
    "the same argument": (f"{_HEAD}stem=conv(", "groups=1,", "groups=1)\n}\n"),
    "a long pipeline": (f"{_HEAD}stem=relu", "->relu", "\n}\n"),
    "pipelines": (_HEAD, "a@=relu->relu\n", "}\n"),
    "conditions": (f"{_HEAD}stem=relu", "->relu when true", "\n}\n"),
    "layers with names": (f"{_HEAD}stem=relu", "->relu as a", "\n}\n"),
    "parameters": ("block b(", "a@,", "b){\nout=in\n}\n"),
    "the same parameter": ("block b(", "a,", "b){\nout=in\n}\n"),
    "parameters of a model": ("model m(", "a@=1,", "b=1){\ninput=3 x 8 x 8\nstem=relu\n}\n"),
    "claims": (f"{_HEAD}stem=relu\n", "require params<1\n", "}\n"),
    "claims that hold": (f"{_HEAD}stem=relu\n", "require params<1 or true\n", "}\n"),
    "claims of a block": ("block b(){\nout=in\n", "require 1<2\n", f"}}\n{_HEAD}stem=b()->b()\n}}\n"),
    "scales": (f"{_HEAD}stages{{\n|op|\n|relu|\n}}\nscale{{\n", "a=1\n", "}}\n"),
    "overrides": (f"{_HEAD}stages{{\n|op|\n|relu|\n}}\n", "stages 1{op=relu}\n", "}\n"),
    "overrides of nothing": (_HEAD, "stages 1{op=relu}\n", "}\n"),
    "tensors": ("block b(){\nt0=in\n", "t@=in+in\n", f"out=in\n}}\n{_HEAD}stem=b()\n}}\n"),
    "tensors in a row": ("block b(){\nt=in", "+in", f"\nout=t\n}}\n{_HEAD}stem=b()\n}}\n"),
    "one concat": ("block b(){\nout=concat(", "in,", f"in)\n}}\n{_HEAD}stem=b()\n}}\n"),
    "facts": (f"{_HEAD}stem=relu\n", "stem.a@=1\n", "}\n"),
    "facts that are read": ("block b(){\n", "a@=in.b\n", f"out=in\n}}\n{_HEAD}stem=b()\n}}\n"),
    "facts of a block": ("block b(){\nout=in\n", "out.a@=1\n", f"}}\n{_HEAD}stem=b()->b()\n}}\n"),
    "facts of facts": (_HEAD, "a@=b.c.d.e.f\n", "}\n"),
    "labels": (f"{_HEAD}stem=relu\n}}\nvariants m{{\n|name|\n", "|a@|\n", "}\n"),
    "the same label": (f"{_HEAD}stem=relu\n}}\nvariants m{{\n|name|\n", "|a|\n", "}\n"),
    "recipes": (_HEAD + "}\n", "recipe r@ for m {a=1}\n", ""),
    "numbers": (f"{_HEAD}a=[", "1e9,", "]}\n"),
    "one long number": (f"{_HEAD}a=", "9", "\n}\n"),
    "one long name": (f"{_HEAD}a=", "b", "\n}\n"),
    "one long string": ('use "', "a", '"\n'),
    "backslashes": ('use "', "\\\\", '"\n'),
    "dots": (f"{_HEAD}a=b", ".c", "\n}\n"),
    "nots": (f"{_HEAD}a=", "not ", "b\n}\n"),
    "calls of calls": (f"{_HEAD}a=b", "()", "\n}\n"),
    "choices": (f"{_HEAD}a={{", "1,", "1}\n}\n"),
    "nested braces": (_HEAD, "a@={{{{1}}}}\n", "}\n"),
    "typographic characters": (_HEAD, "a=1×1\n", "}\n"),
    "strange characters": ("", "\u202e", ""),
    "astral characters": (_HEAD, "\U0001f600", "}\n"),
    "wide lines of mistakes": (f"{_HEAD}a=[", "@ b,", "]}\n"),
    "unknown columns": (f"{_HEAD}stages{{\n|op|channels|", "a@|", "\n|conv|8|\n}}\n"),
}


def shaped(name: str, characters: int) -> str:
    """The text of a shape that has about so many characters."""
    before, again, behind = SHAPES[name]
    parts, left, number = [before], characters - len(before) - len(behind), 1
    while left > 0:
        part = again.replace("@", str(number))
        parts.append(part)
        left -= len(part)
        number += 1
    return "".join([*parts[:-1], behind])


def squares(characters: int, random: Random) -> str:
    """Many rows with many columns, or many networks with many statements: the product of two lengths counts."""
    side = max(2, int(characters**0.5 / 2))
    columns = [f"a{number}" for number in range(side)]
    row = "|" + "1|" * (side + 2)
    table = "|op|channels|" + "|".join(columns) + "|\n" + "\n".join(row.replace("1", "conv", 1) for _ in range(side))
    names = "\n".join(f"|b{number}|" for number in range(min(limits().networks - 1, characters // 12)))
    lines = "\n".join(f"a{number} = {number}" for number in range(characters // 30))
    parameters = ", ".join(f"{name} = 1" for name in columns)
    return random.choice(
        (
            f"{_HEAD}stages {{\n{table}\n}}\n}}\n",
            f"{_HEAD}{lines}\nstem = relu\n}}\nvariants m {{\n|name|\n{names}\n}}\n",
            f"block b(channels, {parameters}) {{\nout = in\n}}\n"
            f"{_HEAD}stages {{\n{table.replace('conv', 'b')}\n}}\n}}\n",
            f"{_HEAD}stages {{\n|op|layers|\n|relu|9999|\n}}\n}}\nvariants m {{\n|name|\n{names}\n}}\n",
            f"{_HEAD}{lines}\nstem = relu\n}}\n"
            + "\n".join(f"model n{number} extends m {{ }}" for number in range(characters // 60)),
            f"{_HEAD}stages {{\n|op|\n"
            + "|relu|\n" * 999
            + "}\n"
            + "stages 1..999 { op = norm }\n" * (characters // 60)
            + "}\n",
        )
    )


def deep(random: Random) -> str:
    """A short text that unfolds: blocks of blocks, layers of layers, repeats of repeats."""
    count = random.choice((5, 10, 20, 40, 60))
    layer = random.choice(("relu", "conv(8)", "b0()", "conv_norm_act(8)", "mbconv(3)"))
    twice = "".join(f"block b{n}() {{\nout = in -> b{n + 1}() -> b{n + 1}()\n}}\n" for n in range(count))
    twice += f"block b{count}() {{\nout = in -> relu\n}}\n"
    times = random.choice((10, 100, 1000, 10000))
    sums = "".join(f"t{n + 1} = t{n} + t{n}\n" for n in range(count))
    choices = "".join(f"t{n + 1} = if a > {n} then t{n} else t{n} + t{n}\n" for n in range(count))
    steps = random.choice((100, 400, 990))
    guards = "".join(f"\n-> conv({8 + n % 7}) when n > {n}" for n in range(steps))
    either = "".join(f"\n-> if n > {n} then conv({8 + n % 7}) else conv({8 + n % 5}, 3)" for n in range(steps))
    name = "n" * limits().name
    return random.choice(
        (
            # Two instances of a block that differ in every step, or two networks.
            f"block b(n) {{\nout = in{guards}\n}}\n{_HEAD}stem = b(0) -> b({steps})\n}}\n",
            f"block b(n) {{\nt = in{guards}\nout = t + t\n}}\n{_HEAD}stem = b({steps}) -> b(0)\n}}\n",
            f"block b(n) {{\nout = in{either}\n}}\n{_HEAD}stem = b(0) -> b({steps})\n}}\n",
            f"model m(n = 1) {{\ninput = 3 x 8 x 8\nstem = relu{guards}\n}}\n"
            f"variants m {{\n|name|n|\n|a|0|\n|b|{steps}|\n}}\n",
            f"block b() {{\nout = in{' -> relu' * steps}\n}}\n{_HEAD}stem = b()\n}}\n",
            f"block b(n) {{\nout = concat(in{', in -> conv(n)' * steps}) -> conv(8)\n}}\n"
            f"{_HEAD}stem = b(2) -> b(3)\n}}\n",
            # Names that stand again and again.
            f"model {name} {{\ninput = 3 x 8 x 8\nstem = relu\n}}\nvariants {name} {{\n|name|\n"
            + "".join(f"|{'a' * 50}{n}|\n" for n in range(steps // 2))
            + "}\n",
            twice.replace(f"b{count}() -> b{count}()", f"b{count}() as {name}").replace("-> relu", "-> relu * 9000")
            + f"{_HEAD}stem = b{count - 1}()\n}}\n",
            "".join(f"block c{n}() {{\nout = in -> c{n + 1}() as {name} -> relu when false\n}}\n" for n in range(count))
            + f"block c{count}() {{\nout = in -> relu * 9000\n}}\n{_HEAD}stem = c0()\n}}\n",
            f"{twice}{_HEAD}stem = b0()\n}}\n",
            f"{twice}{_HEAD}stem = [b0() * {times}] * {times}\n}}\n",
            f"{_HEAD}l0 = {layer if layer != 'b0()' else 'relu'}\n"
            + "".join(f"l{n + 1} = [l{n} -> l{n}]\n" for n in range(count))
            + f"stem = l{count}\n}}\n",
            f"{_HEAD}stem = {'[' * 3}{'norm'}{'] * ' + str(times) if times else ''}] * 3] * 3\n}}\n",
            "block b(n) {\na = in -> conv(in.channels + 1)\n"
            "out = if n > 0 then a -> b(n - 1) -> b(n - 1) else a\n}\n"
            f"{_HEAD}stem = b({count})\n}}\n",
            f"block b(a = 1) {{\nt0 = in\n{sums}out = t{count}\n}}\n{_HEAD}stem = b()\n}}\n",
            f"block b(a = 1) {{\nt0 = in\n{choices}out = t{count}\n}}\n{_HEAD}stem = b({count}) -> b(2)\n}}\n",
            f"block b(a = 1) {{\nt0 = in\n{choices}out = if a > 3 then in else t{count}\n}}\n{_HEAD}stem = b(1)\n}}\n",
            f"{_HEAD}stages {{\n|op|channels|layers|\n|conv|8|{times}|\n|mbconv|8|{times}|\n}}\n}}\n",
            f"{_HEAD}stem = {layer if layer != 'b0()' else 'norm'} * {times}\n}}\n",
            "".join(f"model m{n} extends m{n + 1} {{ }}\n" for n in range(count))
            + f"model m{count} {{\ninput = 3 x 8 x 8\nstem = relu\n}}\n",
        )
    )


def large(random: Random) -> str:
    """One of them all."""
    characters = int(limits().characters * random.choice((0.1, 0.3, 1.0)))
    match random.randrange(4):
        case 0:
            return deep(random)
        case 1:
            return squares(characters, random)
    return shaped(random.choice(list(SHAPES)), characters)
