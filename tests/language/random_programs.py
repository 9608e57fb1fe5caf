"""Random programs, and the same program with other white space and comments."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

COMMENTS = ["#", "# a", "## b", "# c -> d when (e", '# "f', "#| g |", "#  h\t", "### }"]


class Writer:
    """Writes random programs token by token, with whatever may stand between two tokens."""

    def __init__(self, random: Random):
        self.random = random
        self.text = ""
        self.depth = 0

    def maybe(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def pick(self, *choices: Callable[[], None]) -> None:
        self.random.choice(choices)()

    def gap(self) -> str:
        if self.depth and self.maybe(0.12):
            comment = self.random.choice(COMMENTS) if self.maybe() else ""
            return f" {comment}\n{self.gap()}"
        return self.random.choice(["", " ", " ", " ", "  ", "\t"])

    def put(self, *tokens: str) -> None:
        for token in tokens:
            gap = self.gap()
            # `2%` is a number with a unit, where `2 % x` is a remainder.
            touching = re.search(r"[\w%]$", self.text) and re.match(r"[\w%]", token)
            self.text += (gap or " " if touching else gap) + token

    def open(self, bracket: str) -> None:
        self.put(bracket)
        self.depth += 1

    def close(self, bracket: str) -> None:
        self.put(bracket)
        self.depth -= 1

    def end_line(self) -> None:
        """The end of a line, a comment before it and blank and comment lines after it."""
        self.text += f" {self.random.choice(COMMENTS)}" if self.maybe(0.2) else ""
        self.text += "\n"
        while self.maybe(0.25):
            self.text += self.random.choice(["\n", "  \n", f"  {self.random.choice(COMMENTS)}\n"])

    def listed(self, element: Callable[[], None], most: int = 3, least: int = 0) -> None:
        count = self.random.randint(least, most)
        for number in range(count):
            element()
            if number < count - 1 or self.maybe(0.1):
                self.put(",")

    # Expressions

    def name(self) -> None:
        self.put(self.random.choice(["a", "in", "x", "channels", "longer_name"]))

    def literal(self) -> None:
        self.put(self.random.choice(["1", "2.50", "1e-3", "118.5M", "0.1%", "75ms", "2GiB", '"#x"', "true", "none"]))

    def arguments(self, budget: int) -> None:
        self.open("(")
        self.listed(lambda: self.argument(budget))
        self.close(")")

    def argument(self, budget: int) -> None:
        if self.maybe(0.3):
            self.name()
            self.put("=")
        self.expression(budget)

    def operand(self, budget: int) -> None:
        if budget <= 0 or self.maybe(0.4):
            self.pick(self.name, self.literal)
            return
        shape = self.random.randrange(5)
        if shape == 0:
            self.open("(")
            self.expression(budget - 1)
            self.close(")")
        elif shape == 1:
            self.open("[")
            self.listed(lambda: self.expression(budget - 1), least=1)
            self.close("]")
        elif shape == 2:
            self.put("{")
            self.listed(lambda: self.expression(budget - 1), least=1)
            self.put("}")
        else:
            self.name()
            self.arguments(budget - 1)
        while self.maybe(0.2):
            if self.maybe():
                self.put(".", "channels")
            else:
                self.open("[")
                self.expression(budget - 1)
                self.close("]")

    def operation(self, budget: int) -> None:
        operators = ["or", "and", "+-", "x", "+", "-", "*", "/", "//", "%", "**"]
        compared = False
        for number in range(self.random.choice([1, 1, 1, 2, 2, 3, 4])):
            if number:
                operator = self.random.choice(operators if compared else [*operators, "==", "<=", ">"])
                compared |= operator in ("==", "<=", ">")
                self.put(operator)
            while self.maybe(0.15):
                self.put(self.random.choice(["-", "not"]))
            self.operand(budget - number)

    def conditional(self, budget: int, *, is_last: bool = False) -> None:
        """`is_last`: no `->` follows, so that `then` may hold one of its own."""
        if budget > 0 and self.maybe(0.15):
            self.put("if")
            self.expression(budget - 1)
            if self.maybe(0.2):
                self.end_line()
            self.put("then")
            if is_last:
                self.expression(budget - 1)
            else:
                self.operation(budget - 1)
            if self.maybe(0.2):
                self.end_line()
            self.put("else")
            self.conditional(budget - 1, is_last=is_last)
        else:
            self.operation(budget)

    def step(self, budget: int, *, is_last: bool) -> None:
        self.conditional(budget, is_last=is_last)
        if self.maybe(0.15):
            self.put("as")
            self.name()
        if self.maybe(0.2):
            self.put("when")
            self.conditional(budget - 1)

    def loop(self, budget: int) -> None:
        self.put("for", " i")
        if self.maybe(0.3):
            self.put(",", "k")
        self.put(" in")
        self.conditional(budget - 1)
        self.put(":")
        if self.maybe(0.3):
            self.end_line()
        self.expression(budget - 1)

    def expression(self, budget: int) -> None:
        if budget > 0 and self.maybe(0.1):
            self.loop(budget)
            return
        is_last = not self.maybe(0.3)
        self.step(budget, is_last=is_last)
        while not is_last:
            if self.maybe(0.3):
                self.end_line()
            self.put("->")
            is_last = not self.maybe(0.3)
            self.step(budget - 1, is_last=is_last)

    # Statements

    def body(self, *statements: Callable[[], None]) -> None:
        self.put("{")
        count = self.random.randint(0, 4)
        if self.maybe(0.8):
            self.end_line()
        for number in range(count):
            self.pick(*statements)
            if number < count - 1 or self.maybe(0.8):
                self.end_line()
        self.put("}")

    def binding(self) -> None:
        self.put(self.random.choice(["a", "stem", "head", "channels", "longer_name"]))
        if self.maybe(0.15):
            self.put(".", "variance")
        self.put("=")
        self.expression(3)

    def several(self) -> None:
        """`out = a, b`."""
        self.put("out", "=")
        self.expression(2)
        for _ in range(self.random.randint(1, 2)):
            self.put(",")
            self.expression(2)

    def unpacking(self) -> None:
        """`x, y = list`."""
        self.put("x")
        for _ in range(self.random.randint(1, 4)):
            self.put(",", self.random.choice(["_", "a", "longer_name"]))
        self.put("=")
        self.expression(3)

    def inputs(self) -> None:
        self.put("inputs")
        self.body(self.binding)

    def outputs(self) -> None:
        self.put("outputs")
        self.body(self.binding, self.unpacking)

    def cell_binding(self) -> None:
        self.put(self.random.choice(["op", "channels", "longer_name"]), "=")
        if self.maybe(0.3):
            self.put("-")
        else:
            self.expression(2)

    def require(self) -> None:
        self.put("require")
        self.expression(2)

    def scale(self) -> None:
        self.put("scale")
        self.body(self.binding)

    def stages(self) -> None:
        self.put("stages")
        self.table()

    def override(self) -> None:
        self.put("stages", self.random.choice(["1", "2..3", "02"]))
        self.body(self.cell_binding)

    def added(self) -> None:
        self.put("stages", self.random.choice(["after", "before"]), self.random.choice(["1", "3"]))
        self.table()

    def removed(self) -> None:
        self.put("stages", "without", self.random.choice(["1", "2..3", "02"]))

    def nested(self) -> None:
        self.name()
        if self.maybe():
            self.arguments(1)
        self.table()

    def table(self) -> None:
        columns = self.random.randint(1, 3)
        self.put("{")
        self.end_line()
        for number in range(self.random.randint(2, 4)):
            for _ in range(columns):
                self.put("|")
                if number and self.maybe(0.2):
                    self.put("-")
                else:
                    self.expression(2) if number else self.name()
            self.put("|")
            self.end_line()
        self.put("}")

    # Items

    def parameters(self) -> None:
        self.open("(")
        self.listed(self.parameter)
        self.close(")")

    def parameter(self) -> None:
        self.name()
        if self.maybe():
            self.put("=")
            self.expression(1)

    def reference(self) -> None:
        self.name()
        if self.maybe():
            self.put(".", self.random.choice(["b0", "050"]))
        if self.maybe():
            self.arguments(1)

    def use(self) -> None:
        self.put("use", '"other.arch"')

    def block(self) -> None:
        self.put("block")
        self.name()
        self.parameters()
        self.body(self.binding, self.require, self.several, self.unpacking)

    def model(self) -> None:
        self.put("model")
        self.name()
        if self.maybe():
            self.parameters()
        if self.maybe():
            self.put("extends")
            self.reference()
        self.body(
            *(self.binding, self.binding, self.require, self.scale, self.stages, self.override, self.added),
            *(self.removed, self.unpacking, self.inputs, self.outputs),
        )

    def variants(self) -> None:
        self.put("variants")
        self.name()
        self.table()

    def recipe(self) -> None:
        self.put("recipe")
        self.name()
        self.put("for")
        self.reference()
        self.body(self.binding, self.binding, self.nested)

    def program(self) -> str:
        while self.maybe(0.3):
            self.end_line()
        for _ in range(self.random.randint(1, 4)):
            self.pick(self.use, self.block, self.block, self.model, self.model, self.variants, self.recipe)
            self.end_line()
        return self.text.replace("\n", "\r\n") if self.maybe(0.1) else self.text


_WORDS = re.compile(r'"[^"\n]*"|#[^\n]*|\w+|->|[-+=!<>*/]+|[^\S\n]+|\n|.')


def perturbed(text: str, random: Random) -> str:
    """The same program with other white space, line breaks inside brackets and comments anywhere."""
    result, depth = "", 0
    chance = random.choice([0.02, 0.1, 0.5])
    for word in _WORDS.findall(text):
        depth += (word in "([") - (word in ")]")
        if word.startswith("#") or random.random() > chance:
            result += word
        elif word == "\n":
            result += random.choice(["\n\n", "\n  ", "\n  # x\n", "  # y\n", "\n\n## z\n\n", "\t\n", "\r\n"])
        elif word == "->":
            result += random.choice(["\n->", "\n\n    ->", " # y\n  ->", "\n  # x\n->", "->"])
        elif not word.isspace():
            result += word
        elif depth:
            result += random.choice(["\n", " # y\n", "\n  # x\n", "  ", " \t"])
        else:
            result += random.choice(["  ", "\t", " "])
    return result
