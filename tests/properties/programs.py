"""Whole programs of the language as text: small, readable, and nearly always valid.

`program(random)` writes one; `programs` is the same as a Hypothesis strategy that shrinks. Whatever is drawn, channels
are multiples of what groups need, branches end in one shape, and strides are a block's own. The few programs that are
not valid all the same (a map that shrinks away, say) are for the compiler to refuse; tests leave them out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

# What a parameter is when nothing is said, and what cells of tables and calls say.
PARAMETERS: dict[str, tuple[str, list[str]]] = {
    "kernel": ("3", ["3", "1", "5"]),
    "stride": ("1", ["1", "2"]),
    "expansion": ("2", ["1", "2", "1.5", "3"]),
    "se": ("0", ["0", "0.25", "0.5"]),
    "groups": ("1", ["1", "2", "4"]),
    "n": ("1", ["1", "2", "3"]),
    "skip": ("true", ["true", "false"]),
    "alpha": ("0.5", ["0.5", "1.0", "2", "0.2"]),
    "rate": ("0.1", ["0.1", "0.0", "0.25"]),
    "act": ("act", ["relu", "silu", "gelu(gain = 1.5)", "leaky_relu(0.2)"]),
    "gate": ("sigmoid", ["sigmoid", "hard_sigmoid", "tanh"]),
    "inner": ("act", ["relu", "hard_swish"]),
    "norm": ("norm", ["batch_norm", "group_norm(2)", "identity"]),
    "depth": ("1", ["1", "2", "0"]),
    "growth": ("4", ["4", "8"]),
}
BLOCK_NAMES = ["unit", "bottleneck", "cell", "gated_unit", "fire", "mixer", "dense_unit", "pyramid"]
CHANNELS = ["8", "16", "24", "32"]
ACTIVATIONS = [
    "relu",
    "silu",
    "hard_swish",
    "gelu",
    "tanh",
    "elu",
    "mish",
    "leaky_relu(0.1)",
    "gelu(gain = 1.7)",
    "prelu",
]


@dataclass(frozen=True)
class Flow:
    """A tensor: the text of its channels if that is known, a divisor of them, and its size: `in`, `out` or `1`."""

    channels: str | None
    divisor: int
    size: str = "in"


@dataclass(frozen=True)
class Block:
    """A block that later text can use. One without a parameter `channels` keeps the channels unless it `grows`."""

    name: str
    parameters: dict[str, str | None]
    text: str = ""
    grows: bool = False

    @property
    def is_strided(self) -> bool:
        return "stride" in self.parameters


LIBRARY = [
    Block("conv_norm_act", {"channels": None, "kernel": "1", "stride": "1", "groups": "1"}),
    Block("mbconv", {"channels": None, "kernel": "3", "stride": "1", "expansion": "6", "se": "0", "skip": "true"}),
    Block("fused_mbconv", {"channels": None, "kernel": "3", "stride": "1", "expansion": "4", "se": "0"}),
    Block("separable_conv", {"channels": None, "kernel": "3", "stride": "1"}),
]

PRIMITIVE_STAGES = [
    Block("max_pool", {"kernel": "", "stride": "none"}),
    Block("conv", {"channels": None, "kernel": "1", "stride": "1"}),
    Block("depthwise", {"kernel": "3", "stride": "1"}),
]


class Draw:
    """Choices, simplest first, so that a failing program shrinks to a simple one."""

    def __init__(self, random: Random):
        self.random = random

    def pick(self, options: Sequence[T]) -> T:
        return options[self.random.randint(0, len(options) - 1)]

    def number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def chance(self, percent: int) -> bool:
        return self.random.randint(0, 99) >= 100 - percent

    def some(self, options: Sequence[T], percent: int) -> list[T]:
        return [option for option in options if self.chance(percent)]


@dataclass
class BlockWriter:
    """Writes one block: its parameters come about as its lines use them."""

    draw: Draw
    name: str
    known: list[Block]
    has_facts: bool
    parameters: dict[str, str | None] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    calls: int = 0

    def write(self) -> Block:
        draw = self.draw
        form = draw.pick([self._plain, self._residual, self._gated, self._branches, self._dense, self._recursive])
        grows = form == self._dense
        if form in (self._plain, self._residual, self._branches):
            self.parameters["channels"] = None
            if draw.chance(70):
                self.use("stride")
        out = form()
        self.lines.append(f"out = {out}")
        if self.has_facts and draw.chance(50):
            fact = draw.pick(["in.variance + 0.1", "1", "in.variance * 2", "in.variance + alpha ** 2"])
            if "alpha" in fact:
                self.use("alpha")
            self.lines.append(f"out.variance = {fact}")
        body = "".join(f"  {line}\n" for line in self.lines)
        self.parameters = {name: default for name, default in self.parameters.items() if _mentions(body, name)}
        parameters = ", ".join(n if default is None else f"{n} = {default}" for n, default in self.parameters.items())
        doc = f"## A {self.name.replace('_', ' ')} by chance.\n" if draw.chance(30) else ""
        return Block(self.name, self.parameters, f"{doc}block {self.name}({parameters}) {{\n{body}}}\n", grows)

    def use(self, parameter: str) -> str:
        self.parameters.setdefault(parameter, PARAMETERS[parameter][0])
        return parameter

    # Scalars ---------------------------------------------------------------------------------------------------------

    def width(self) -> tuple[str, int]:
        """Some channels for the inside of a block, and a divisor of them."""
        draw = self.draw
        options = [("8", 8), ("16", 8), ("in.channels", 1)]
        if "channels" in self.parameters:
            options += [("channels", 8), ("channels // 2", 4), ("channels * 2", 8), ("max(channels, in.channels)", 1)]
        text, divisor = draw.pick(options)
        if draw.chance(30):
            name = draw.pick(["hidden", "mid"])
            if not any(line.startswith(f"{name} =") for line in self.lines):
                if draw.chance(50):
                    text, divisor = f"divisible(in.channels * {self.use('expansion')})", 8
                elif draw.chance(30):
                    text, divisor = f"if {self.condition()} then {text} else 8", min(divisor, 8)
                self.lines.append(f"{name} = {text}")
                return name, divisor
        return text, divisor

    def condition(self) -> str:
        draw = self.draw
        options = ["skip", "expansion != 1", "se", "kernel > 3", "not skip", "se > 0.3", "n > 1", "in.channels > 8"]
        if "channels" in self.parameters:
            options += ["in.channels == channels", "in.channels != channels and skip"]
        if "stride" in self.parameters:
            options += ["stride > 1", "stride == 1", "stride != 1 or expansion > 1"]
        if self.has_facts:
            options += ["in.variance > 1"]
        options += ["in.height > 4", "in.width >= 8 or skip"] if draw.chance(10) else []
        text = draw.pick(options)
        for parameter in ("skip", "expansion", "se", "kernel", "n"):
            if parameter in text.split():
                self.use(parameter)
        return text

    def kernel(self) -> str:
        return self.draw.pick(["3", "1", self.use("kernel") if self.draw.chance(30) else "5", "1 + 2 * 1"])

    # Pipelines -------------------------------------------------------------------------------------------------------

    def pipeline(self, source: str, flow: Flow, to: str | None, size: str | None = None) -> str:
        """A tensor fed through a few layers until it has the channels `to` and the `size`; None leaves them be."""
        draw = self.draw
        steps: list[str] = []
        wanted = size or flow.size
        for _ in range(draw.number(0, 4)):
            step, flow = self.step(flow)
            steps.append(step)
        if flow.size != wanted:
            step, flow = self.strided(flow)
            steps.append(step)
            for _ in range(draw.number(0, 2)):
                step, flow = self.step(flow)
                steps.append(step)
        if to is not None and flow.channels != to:
            steps.append(draw.pick([f"conv({to})", f"[conv({to}) -> norm]", f"ws_conv({to})", f"conv_norm_act({to})"]))
        if not steps:
            steps.append(draw.pick(["norm", "act", "conv(in.channels, 3)" if to is None else "act"]))
        return laid_out([source, *steps])

    def strided(self, flow: Flow) -> tuple[str, Flow]:
        draw = self.draw
        width, divisor = self.width()
        after = Flow(width, divisor, "out")
        options = [
            (f"conv({width}, {self.kernel()}, stride = stride)", after),
            (f"depthwise({self.kernel()}, stride = stride)", replace(flow, size="out")),
            ("avg_pool(3, stride = stride)", replace(flow, size="out")),
            ("max_pool(3, stride = stride)", replace(flow, size="out")),
            (f"ws_conv({width}, 3, stride = stride)", after),
            (f"conv_norm_act({width}, {self.kernel()}, stride)", after),
        ]
        for block in self.known:
            if block.is_strided and "channels" in block.parameters:
                options.append((f"{block.name}({width}, stride = stride)", after))
        return draw.pick(options)

    def step(self, flow: Flow) -> tuple[str, Flow]:
        """One step: a layer, a guarded layer, copies of a layer, layers in brackets, one of two layers."""
        draw = self.draw
        if draw.chance(25):
            return self.keeping(flow), flow
        if draw.chance(20):
            return f"{self.keeping(flow)} when {self.condition()}", flow
        if draw.chance(12):
            width, divisor = self.width()
            return f"{self.changing(width, flow)} when {self.condition()}", Flow(
                None, _common(flow.divisor, divisor), flow.size
            )
        if draw.chance(10):
            count = draw.pick(["2", "1", "3", self.use("n")])
            inner = draw.pick([self.keeping(flow), f"[{self.keeping(flow)} -> {self.keeping(flow)}]"])
            return f"{inner} * {count}{draw.pick(['', ' as copies'] if draw.chance(30) else [''])}", flow
        if draw.chance(10):
            width, divisor = self.width()
            count = draw.pick(["2", "1", "3", self.use("n")])
            inner = draw.pick([self.changing(width, flow), f"[{self.changing(width, flow)} -> act]"])
            return f"{inner} * {count}", Flow(width, divisor if divisor > 1 else 1, flow.size)
        if draw.chance(8) and not any("as inner_part" in line for line in self.lines):
            condition = f" when {self.condition()}" if draw.chance(40) else ""
            return f"[{self.keeping(flow)} -> {self.keeping(flow)}] as inner_part{condition}", flow
        if draw.chance(8):
            return f"if {self.condition()} then {self.keeping(flow)} else {self.keeping(flow)}", flow
        width, divisor = self.width()
        name = draw.pick(["", " as reduce", " as widen"]) if draw.chance(20) else ""
        return f"{self.changing(width, flow)}{name}", Flow(width, divisor, flow.size)

    def changing(self, width: str, flow: Flow) -> str:
        """A layer that puts out `width` channels."""
        draw = self.draw
        options = [f"conv({width})", f"conv({width}, 3)", f"conv_norm_act({width})", f"conv({width}, bias = true)"]
        options += [f"ws_conv({width}, 3)", f"conv({width}, 3, dilation = 2)", f"ws_conv({width}, eps = 0.01)"]
        options += [f"conv({width}, {self.kernel()})", f"conv({width}, kernel = 3, padding = 1)"]
        options += [f"fused_mbconv({width}, expansion = 2)", f"separable_conv({width})"]
        for block in self.known:
            if "channels" in block.parameters and self.calls < 2:
                arguments = [f"{name} = {self.value(name)}" for name in draw.some(_free(block), 20)]
                options.append(f"{block.name}({', '.join([width, *arguments])})")
        chosen = draw.pick(options)
        self._count(chosen)
        return chosen

    def keeping(self, flow: Flow) -> str:
        """A layer whose output has the shape of its input."""
        draw = self.draw
        fitting = [g for g in (1, 2, 4) if flow.divisor % g == 0]
        group = str(draw.pick(fitting))
        options = ["norm", "act", "depthwise(3)", f"depthwise({self.kernel()})", draw.pick(ACTIVATIONS)]
        options += [f"group_norm({group})", "layer_norm", "batch_norm(eps = 1e-3, momentum = 0.01)"]
        options += [
            f"channel_shuffle({group})",
            "dropout(0.1)",
            f"dropout({self.use('rate')})" if draw.chance(20) else "dropout",
        ]
        options += ["drop_path", "drop_path(0.3)", "gain(0.5)", "gain", "channel_gain(0.1)", "identity"]
        options += [
            "max_pool(3, stride = 1)",
            "avg_pool(3, stride = 1)",
            "avg_pool(3, stride = 1, count_padding = false)",
        ]
        options += [
            "[resize(2) -> avg_pool(2)]",
            "[resize(2, mode = nearest) -> max_pool(2)]",
            "pad(1) -> max_pool(3, stride = 1, padding = valid)",
        ]
        options += ["act", "gate", "inner"] if draw.chance(20) else []
        if flow.channels is not None:
            width = flow.channels
            options += [f"conv({width}, 3, groups = {group})", f"ws_conv({width}, 3, groups = {group})"]
            options += [f"[depthwise(3, multiplier = 2) -> conv({width})]", f"squeeze_excite(round({width} * 0.5))"]
            if flow.divisor % 4 == 0 and draw.chance(30):
                options.append(f"conv({width}, groups = {self.use('groups')})")
            if draw.chance(30):
                options.append(f"squeeze_excite(max(1, round({width} * {self.use('se')})))")
        for block in self.known:
            if "channels" not in block.parameters and not block.grows and self.calls < 2:
                arguments = [f"{name} = {self.value(name)}" for name in draw.some(_free(block), 20)]
                options.append(f"{block.name}({', '.join(arguments)})" if arguments else block.name)
        chosen = draw.pick(options)
        if chosen in ("gate", "inner"):
            self.use(chosen)
        if chosen == "act" and draw.chance(20):
            self.use("act")
        if chosen == "norm" and draw.chance(10):
            self.use("norm")
        self._count(chosen)
        return f"[{chosen}]" if " -> " in chosen and not chosen.startswith("[") else chosen

    def value(self, parameter: str) -> str:
        """A value for a parameter of another block: a literal, or the parameter of the same name of this one."""
        if self.draw.chance(30):
            return self.use(parameter)
        return self.draw.pick(PARAMETERS[parameter][1])

    def _count(self, layer: str) -> None:
        self.calls += any(layer.startswith(block.name) for block in self.known)

    # Forms -----------------------------------------------------------------------------------------------------------

    @property
    def input(self) -> Flow:
        return Flow("in.channels", 1)

    @property
    def end(self) -> str:
        return "out" if "stride" in self.parameters else "in"

    def _plain(self) -> str:
        return self.pipeline("in", self.input, "channels", self.end)

    def _residual(self) -> str:
        draw = self.draw
        source = "in"
        if draw.chance(30):
            start = draw.pick(["in -> norm -> act", "in -> act"])
            if self.has_facts:
                start = draw.pick([start, "(in -> act) * (1 / in.variance ** 0.5)"])
            self.lines.append(f"x = {start}")
            source = "x"
        self.lines.append(f"main = {self.pipeline(source, self.input, 'channels', self.end)}")
        main = draw.pick(
            ["main", "(main -> drop_path)", "(main -> drop_path -> gain(0.5))", "(main -> drop_path) * 0.5"]
        )
        if draw.chance(20):
            main = f"{draw.pick(['2 *', self.use('alpha') + ' *', '-'])} main"
        same = "in.channels == channels" + (" and stride == 1" if "stride" in self.parameters else "")
        if draw.chance(50):
            if draw.chance(30):
                same = f"{self.use('skip')} and {same}"
            sign = draw.pick(["+", "-"]) if draw.chance(20) else "+"
            joined = draw.pick([f"in {sign} {main}", f"{main} + in"])
            if draw.chance(20):
                self.lines.append(f"joined = if {same} then {joined} else main")
                return draw.pick(["joined -> act", "joined"])
            return f"if {same} then {joined} else main"
        shortcut = self.pipeline(source, self.input, "channels", self.end)
        if draw.chance(60):
            self.lines.append(f"transition = not ({same})")
            shortcut = f"if transition then {shortcut} else in".replace("\n", "")
        self.lines.append(f"shortcut = {' '.join(shortcut.split())}")
        return draw.pick(
            [f"{main} + shortcut", f"shortcut + {main}", "(main + shortcut) / 2", f"(shortcut - {main}) -> act"]
        )

    def _gated(self) -> str:
        draw = self.draw
        squeezed = draw.pick(["4", "max(1, in.channels // 2)", "8"])
        gate = self.use("gate") if draw.chance(60) else "sigmoid"
        reduced = draw.pick([f"conv({squeezed}, bias = true)", f"linear({squeezed})", f"conv({squeezed})"])
        raised = draw.pick(["conv(in.channels, bias = true)", "linear(in.channels)"])
        weight = f"in -> {draw.pick(['global_avg_pool', 'global_max_pool'])} -> {reduced} -> act -> {raised} -> {gate}"
        if draw.chance(40):
            self.lines.append(f"weight = {weight}")
            weight = "weight"
        else:
            weight = f"({weight})"
        if draw.chance(30):
            self.lines.append(f"trunk = {self.pipeline('in', self.input, 'in.channels')}")
            return draw.pick(
                [f"trunk * {weight}", f"in + trunk * {weight}", f"(1 + {weight}) * trunk", f"trunk / (1 + {weight})"]
            )
        return draw.pick([f"in * {weight}", f"{weight} * in", f"in * (1 + {weight})"])

    def _branches(self) -> str:
        draw = self.draw
        half = draw.pick(["channels // 2", "channels - channels // 2"])
        first = self.pipeline("in", self.input, half, self.end)
        second = self.pipeline("in", self.input, "channels // 2", self.end)
        self.lines += [f"left = {first}", f"right = {second}"]
        joined = draw.pick(
            ["concat(left, right)", "concat(left, right) -> channel_shuffle(2)", "concat(right, left) -> act"]
        )
        if draw.chance(20):
            joined = draw.pick(["concat(left, right -> act)", "concat(left * 2, -right)"])
        return joined

    def _dense(self) -> str:
        growth = self.use("growth")
        self.lines.append(f"main = {self.pipeline('in', self.input, growth)}")
        return self.draw.pick(["concat(in, main)", "concat(main, in)", "concat(in, main) -> norm"])

    def _recursive(self) -> str:
        draw = self.draw
        self.use("depth")
        deeper = draw.pick([f"(down -> {self.name}(depth - 1)) + down", f"down -> {self.name}(depth - 1)"])
        layer = draw.pick(
            ["conv(in.channels, 3)", "depthwise(3)", "separable_conv(in.channels)", self.keeping(self.input)]
        )
        self.lines += [
            f"down = in -> {draw.pick(['max_pool(3, stride = 2)', 'avg_pool(3, stride = 2)'])} -> {layer}",
            f"deep = if depth > 1 then {deeper} else down",
        ]
        mode = draw.pick(["", ", mode = nearest", ", align_corners = true"])
        return draw.pick([f"deep -> resize(like = in{mode})", f"in + (deep -> resize(like = in{mode}))"])


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){name}\b(?! = )", text) is not None


def laid_out(steps: Sequence[str]) -> str:
    """A pipeline on one line, or on several when it is long or has guards."""
    line = " -> ".join(steps)
    if len(line) <= 90 and " when " not in line:
        return line
    return "\n    -> ".join(steps)


def _common(one: int, other: int) -> int:
    return min(one, other) if max(one, other) % min(one, other) == 0 else 1


def _free(block: Block) -> list[str]:
    return [name for name in block.parameters if name not in ("channels", "stride", "depth")]


# Models --------------------------------------------------------------------------------------------------------------

MODEL_PARAMETERS = {
    "width": ["1.0", "0.5", "1.25", "2.0"],
    "layers_factor": ["1.0", "1.5", "0.5"],
    "resolution": ["16", "8", "17", "24", "33"],
    "rate": ["0.2", "0.0", "0.4"],
    "base": ["8", "16", "24"],
    "n": ["1", "2"],
    "act": ["relu", "silu"],
    "kernel": ["3", "5"],
    "colors": ["3", "1", "4"],
}


@dataclass
class ModelWriter:
    """Writes one model, with its variants if it has any."""

    draw: Draw
    name: str
    blocks: list[Block]
    has_facts: bool
    parameters: dict[str, str] = field(default_factory=dict)

    def write(self) -> str:
        draw = self.draw
        lines = [f"input = {self._input()}"]
        self.has_classes = draw.chance(90)
        if self.has_classes:
            lines.append(f"classes = {draw.pick(['10', '3', '2'])}")
        lines += self._settings()
        self.rows = draw.number(1, 4) if draw.chance(95) else 0
        table = self._table() if self.rows else []
        if table and draw.chance(40):
            columns = table[0]
            scale = [f"channels = divisible(channels * {self.use('width')})"] if " channels " in columns else []
            scale += [f"layers = ceil(layers * {self.use('layers_factor')})"] if " layers " in columns else []
            scale = scale if draw.chance(40) else scale[:1]
            lines += [f"scale {{ {line} }}" for line in scale] if len(scale) == 1 else []
            lines += ["scale {", *(f"  {line}" for line in scale), "}"] if len(scale) == 2 else []
        self.has_stem = draw.chance(85)
        if self.has_stem:
            lines.append(f"stem = {self._stem()}")
        if self.has_facts:
            lines.append(f"{'stem' if self.has_stem else 'input'}.variance = {draw.pick(['1', '2.5', '0.5'])}")
        if table:
            lines += ["stages {", *(f"  {line}" for line in table), "}"]
        if draw.chance(92) or not (self.has_stem or self.rows):
            lines.append(f"head = {self._head()}")
        self.parameters = {name: value for name, value in self.parameters.items() if _mentions("\n".join(lines), name)}
        parameters = ", ".join(f"{name} = {value}" for name, value in self.parameters.items())
        doc = f"## The network of this file, called {self.name}.\n" if draw.chance(30) else ""
        body = "".join(f"  {line}\n" for line in lines)
        text = f"{doc}model {self.name}{f'({parameters})' if parameters else ''} {{\n{body}}}\n"
        return text + self._variants() + self._extension()

    def use(self, name: str) -> str:
        self.parameters.setdefault(name, MODEL_PARAMETERS[name][0])
        return name

    def _input(self) -> str:
        draw = self.draw
        channels = self.use("colors") if draw.chance(5) else draw.pick(["3", "1", "4", "2"])
        if draw.chance(30):
            side = self.use("resolution")
            return f"{channels} x {side} x {side}"
        return f"{channels} x {draw.pick(['16', '8', '11', '24', '33'])} x {draw.pick(['16', '8', '13', '20', '32'])}"

    def _settings(self) -> list[str]:
        draw = self.draw
        norms = ["batch_norm", "batch_norm(eps = 1e-3, momentum = 0.01)", "layer_norm", "group_norm(1)", "identity"]
        lines = [f"norm = {draw.pick(norms)}"] if draw.chance(50) else []
        if draw.chance(5):
            self.use("act")
        elif draw.chance(50):
            lines.append(f"act = {draw.pick(ACTIVATIONS)}")
        if draw.chance(25):
            lines.append(f"padding = {draw.pick(['same', 'same', 'same', 'symmetric', 'valid'])}")
        if draw.chance(40):
            rate = self.use("rate") if draw.chance(30) else "0.2"
            lines.append(f"drop_path = {draw.pick([f'ramp({rate})', f'ramp({rate}, reach = true)'])}")
        return lines

    def _width(self) -> str:
        draw = self.draw
        if draw.chance(15):
            return draw.pick([f"divisible(16 * {self.use('width')})", self.use("base")])
        return draw.pick(["16", "8", "32"])

    def _stem(self) -> str:
        draw = self.draw
        width = self._width()
        stride = draw.pick(["1", "2"])
        options = [
            f"conv_norm_act({width}, kernel = 3, stride = {stride})",
            f"conv({width}, 3)",
            f"conv({width}, 3, stride = 2) -> norm -> act",
            f"ws_conv(8, 3) -> act -> ws_conv({width}, 3, stride = {stride})",
            f"conv_norm_act({width}, kernel = {self.use('kernel') if draw.chance(20) else '5'}) -> max_pool(3, stride = 2)",
            f"conv({width}, 3, padding = valid)",
            f"[conv({width}, 3) -> norm] * 2",
            f"conv({width}) as first -> [norm -> act] as second",
            f"conv({width}, 3, stride = 2) -> dropout({self.use('rate') if draw.chance(20) else '0.1'}) when {draw.pick(['true', 'false'])}",
        ]
        options += [
            f"{block.name}({width})" for block in self.blocks if "channels" in block.parameters and not self.has_facts
        ]
        return draw.pick(options)

    def _table(self) -> list[str]:
        draw = self.draw
        used = [draw.pick([*self.blocks, *LIBRARY[1:]]) for _ in range(self.rows)]
        for index in range(self.rows):
            if draw.chance(8):
                used[index] = draw.pick(PRIMITIVE_STAGES)
        parameters = list(dict.fromkeys(name for block in used for name in block.parameters))
        shown = [
            n
            for n in parameters
            if draw.chance(70)
            or n in ("channels", "kernel", "depth")
            or any(b.parameters.get(n, "") is None for b in used)
        ]
        has_names, has_layers = draw.chance(15), draw.chance(70)
        header = ["op", *shown, *(["layers"] if has_layers else []), *(["name"] if has_names else [])]
        names = ["low", "middle", "high", "last"]
        rows = [header]
        for index, block in enumerate(used):
            op = block.name
            hidden = [n for n in _free(block) if n not in shown]
            if hidden and draw.chance(20):
                given = draw.pick(hidden)
                op = f"{op}({given} = {draw.pick(PARAMETERS[given][1])})"
            row = [op]
            for name in shown:
                if name not in block.parameters:
                    row.append("-")
                elif name == "channels":
                    row.append(draw.pick([*CHANNELS, self._width()]))
                elif block.parameters[name] not in (None, "") and draw.chance(30):
                    row.append("-")
                else:
                    options = PARAMETERS[name][1]
                    if block.name == "max_pool":
                        options = ["3"] if name == "kernel" else ["2", "1"]
                    elif name == "n" and draw.chance(20):
                        options = [self.use("n"), f"1 + {self.use('n')}"]
                    row.append(draw.pick(options))
            if has_layers:
                row.append(draw.pick(["1", "2", "3", self.use("n") if draw.chance(15) else "1"]))
            if has_names:
                row.append(draw.pick([names[index], names[index], str(index)]))
            rows.append(row)
        widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
        return [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
        ]

    def _head(self) -> str:
        draw = self.draw
        classes = "classes" if self.has_classes else "5"
        width = self._width()
        rate = self.use("rate") if draw.chance(15) else "0.2"
        options = [
            f"global_avg_pool -> linear({classes})",
            f"conv_norm_act({width}) -> global_avg_pool -> dropout({rate}) -> linear({classes})",
            f"norm -> act -> global_avg_pool -> linear({classes}) as fc",
            f"linear({classes})",
            f"act -> linear({classes}, bias = false)",
            f"global_avg_pool -> linear({width}) -> act -> dropout({rate}) -> linear({classes})",
            f"global_max_pool -> flatten -> linear({width}, bias = false) -> norm -> act -> linear({classes})",
            f"conv({classes}, bias = true) -> global_avg_pool -> flatten",
            f"global_avg_pool -> conv({width}, bias = true) -> act -> conv({classes})",
            f"conv_norm_act({width}) -> global_avg_pool",
            f"global_avg_pool -> squeeze_excite(4) -> linear({classes}) as fc",
            f"[conv({width}) -> act] * 2 -> global_avg_pool -> gain -> linear({classes})",
            f"conv_norm_act({width}) when {draw.pick(['true', 'false'])} -> global_avg_pool -> linear({classes})",
            f"global_avg_pool -> linear({classes}) -> softplus",
            f"conv({width}, 3)",
            f"flatten -> conv({width}) -> linear({classes})",
            f"global_avg_pool -> layer_norm -> channel_gain(0.5) -> drop_path -> linear({classes})",
            f"global_avg_pool -> dropout({rate}) when {rate} -> linear({classes})",
            f"(if {rate} > 0.3 then global_max_pool else global_avg_pool) -> linear({classes})",
            f"conv({width}) as head_conv -> [norm -> act] as head_act -> global_avg_pool as pooling -> linear({classes})",
        ]
        return draw.pick(options)

    def _variants(self) -> str:
        draw = self.draw
        self.labels: list[str] = []
        if not self.parameters or draw.chance(30):
            return ""
        columns = list(self.parameters)
        self.labels = ["b0", "b1", "large"][: draw.number(1, 3)]
        rows = [["name", *columns]]
        rows += [[label, *(draw.pick(MODEL_PARAMETERS[name]) for name in columns)] for label in self.labels]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in rows]
        return f"variants {self.name} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"

    def _extension(self) -> str:
        """A model that extends this one."""
        draw = self.draw
        if not draw.chance(20):
            return ""
        parent = f"{self.name}.{draw.pick(self.labels)}" if self.labels and draw.chance(70) else self.name
        lines = []
        if draw.chance(50) and "act" not in self.parameters:
            lines.append(f"act = {draw.pick(ACTIVATIONS)}")
        if draw.chance(30):
            lines.append("padding = same")
        if self.rows and draw.chance(50):
            last = draw.number(1, self.rows)
            lines.append(f"stages {draw.pick([f'1..{last}', str(last)])} {{ layers = {draw.pick(['1', '2'])} }}")
        body = "".join(f"  {line}\n" for line in lines)
        return f"model {self.name}_changed extends {parent} {{\n{body}}}\n"


def program(random: Random) -> str:
    """The text of one program."""
    draw = Draw(random)
    has_facts = draw.chance(15)
    blocks: list[Block] = []
    names = list(BLOCK_NAMES)
    for _ in range(draw.number(1, 4)):
        name = names.pop(draw.number(0, len(names) - 1))
        blocks.append(BlockWriter(draw, name, list(blocks), has_facts).write())
    models = [ModelWriter(draw, "network", blocks, has_facts).write()]
    if draw.chance(10):
        models.append(ModelWriter(draw, "second_network", blocks, has_facts).write())
    return "\n".join([*(block.text for block in blocks), *models])


programs: st.SearchStrategy[str] = st.randoms(use_true_random=False).map(program)
