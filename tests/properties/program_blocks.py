"""Blocks of generated programs.

What can be written stands in tables of templates; a blank such as `{width}` is filled with channels of the moment's
choice. A writer keeps track of the tensor that flows - its channels, what divides them, its size - so that what it
writes fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.properties.drawing import ACTIVATIONS, PARAMETERS, Blanks, Block, Draw, mentions, values_of

BLOCK_NAMES = ["unit", "bottleneck", "cell", "gated_unit", "fire", "mixer", "dense_unit", "pyramid"]
# What a block does with a further tensor, of whatever size and channels.
JOINS = [
    "in + ({other} -> conv(in.channels) -> resize(like = in))",
    "concat(in, {other} -> resize(like = in)) -> conv(in.channels)",
    "in * ({other} -> global_avg_pool -> conv(in.channels) -> sigmoid)",
    "in -> conv({other}.channels) -> norm -> conv(in.channels) -> act",
    "(in -> resize(like = {other}) -> resize(like = in)) * 0.5",
    "max(in, {other} -> conv(in.channels) -> resize(like = in))",
    "min(in, 2 * alpha, {other} -> global_avg_pool -> conv(in.channels))",
    "in -> conv(8) -> dot_product_attention({other} -> conv(4), {other} -> conv(3), 2) -> conv(in.channels)",
    "in + ({other} -> conv(8) -> dot_product_attention(in -> conv(8), in -> conv(8), scale = alpha)"
    " -> conv(in.channels) -> resize(like = in))",
    "in -> cond_conv({other} -> global_avg_pool -> linear(n + 1) -> sigmoid, in.channels, n + 1, 3, bias = skip)",
    "in",
]

# What a block puts out that has several outputs: two of them, or three.
PUT_OUT = [
    "in -> conv(width, 3), in -> max_pool(3, stride = 2) -> conv(2 * width)",
    "in -> conv(width, 3) -> norm, in -> conv(width, 3), in -> conv(width)",
    "[in -> conv(width), in -> conv(width) -> avg_pool(3, stride = 2)]",
    "in, in -> conv(width)",
    "for i in 2: in -> conv(width * (i + 1), 3) -> act",
]
# What is made of a tensor and a list.
FUSED = [
    "sum(for x in xs: x -> conv(in.channels) -> resize(like = in)) -> norm",
    "in * (xs[0] -> global_avg_pool -> conv(in.channels) -> sigmoid)",
    "in -> conv(length(xs) * in.channels) -> conv(in.channels)",
    "concat(for i, x in xs: x -> conv(8 * (i + 1)) -> resize(like = in)) -> conv(in.channels)",
]
# The body of a block that makes a list of a list, whose tensors keep their shapes.
ROUNDS = [
    "out = for x in in: x -> {name}_fuse(in) -> [depthwise(3) -> norm] * n",
    "out = for i, x in in: (x -> conv(x.channels, 3)) + (in[0] -> conv(x.channels) -> resize(like = x))",
    "out = for x in in: x -> conv_norm_act(x.channels, 3)",
    "ys = for i, x in in: (if i == 0 then x else x + (ys[i - 1] -> conv(x.channels) -> resize(like = x))) -> act\n"
    "  out = ys",
    "out = for i in length(in): in[i] -> {name}_fuse([in[i], in[length(in) - 1 - i]])",
    "out = if n > 1 then in else (for x in in: x -> norm -> act)",
]
# What is made of a list, of the size of another tensor.
MERGED = [
    "concat(for x in in: x -> resize(like = like)) -> norm",
    "sum(for x in in: x -> conv(8) -> resize(like = like)) -> act",
    "in[0] -> conv(like.channels) -> resize(like = like)",
]

# Scalars that a block can bind: their texts, and what divides them.
WIDTHS = {
    "hidden": ("divisible(in.channels * expansion)", 8),
    "quarter": ("divisible(in.channels / 4, divisor = 4, limit = 0)", 4),
    "reduced": ("ceil(in.channels / 3) + 1", 1),
    "root": ("floor(sqrt(in.channels)) + 2", 1),
    "squeezed": ("max(1, round(in.channels * se))", 1),
    "halved": ("max(1, round_even(in.channels * se))", 1),
    "power": ("2 ** (n + 1) * 4", 8),
    "scaled": ("8 * ceil(width * 2)", 8),
    "chosen": ("if expansion > 1 then 16 else 8", 8),
    "rest": ("in.channels % 3 + 4", 1),
    "stretched": ("16 * width", 8),
    "layer": ("in.channels * 2.0", 2),
    "index": ("24 / 3", 8),
}
WIDTHS_OF_CHANNELS = {
    "mid": ("channels // 2", 4),
    "wide": ("max(channels, in.channels)", 1),
    "even": ("2 * ((channels + 3) // 4)", 2),
    "sum": ("channels + in.channels", 1),
    "out_channels": ("channels / 2", 4),
    "out_variance": ("channels * 1.5", 4),
    "picked": ("if in.channels == channels then channels else 8", 8),
}
# Layers that keep the shape of what they read.
KEEPING = [
    *(
        "norm",
        "act",
        "depthwise(3)",
        "depthwise({kernel})",
        "{activation}",
        "group_norm({group})",
        "layer_norm",
        "l2_norm",
        "norm",
    ),
    *("batch_norm(eps = 1e-3, momentum = 0.01)", "batch_norm(affine = false)", "channel_shuffle({group})"),
    *("dropout(0.1)", "dropout(rate)", "drop_path", "drop_path(0.3)", "drop_path(0.3, rescale = skip)", "gain(0.5)"),
    *("gain", "gain(alpha)", "channel_gain(0.1)", "channel_gain(alpha)", "identity", "act", "gate", "inner"),
    *("max_pool(3, stride = 1)", "avg_pool(3, stride = 1)", "avg_pool(3, stride = 1, count_padding = skip)"),
    *("max_pool({kernel}, stride = 1)", "avg_pool({kernel}, stride = 1, count_padding = false)"),
    *(
        "[resize(2) -> avg_pool(2)]",
        "[resize(2, mode = nearest) -> max_pool(2)]",
        "[resize(n) -> avg_pool(n, padding = valid)]",
    ),
    *(
        "[pad(1) -> max_pool(3, stride = 1, padding = valid)]",
        "[pad(margin + 1) -> depthwise(3 + 2 * margin, padding = valid)]",
    ),
    *("depthwise(1 + 2 * margin, padding = margin)", "depthwise(3, dilation = margin + 1)"),
    *(
        "[resize(2, mode = bicubic) -> resize(0.5)]",
        "[resize(2 * n, mode = nearest_exact) -> resize(0.5 / n, mode = area)]",
    ),
    *("channel_bias", "channel_bias(alpha)", "prelu(shared = skip)", "abs", "[abs -> sqrt]", "[tanh -> exp]"),
    *("softmax(over = channels)", "softmax(over = positions)", "softmax(over = height)", "softmax(over = width)"),
    *("[pad(1, mode = replicate) -> crop(1)]", "[pad(top = margin, right = 1) -> crop(top = margin, right = 1)]"),
    *("[pad(margin + 1, mode = replicate) -> depthwise(3, padding = valid) -> crop(margin) when margin]",),
    *("[resize(2) -> pixel_unshuffle(2) -> pixel_shuffle(2) -> avg_pool(2)]",),
    *("[transpose(height, width) -> depthwise(3) -> transpose(width, height)]",),
    *("depthwise(3, dilation = 1 x n)", "depthwise(3 x 5, padding = 1 x 2)"),
    *("max_pool(3 x 1, stride = 1, padding = 1 x 0)", "avg_pool(1 x 3, stride = 1, padding = 0 x 1)"),
    *("blur", "[resize(2) -> blur(stride = 2)]", "[pad(1, mode = reflect) -> crop(1)]"),
    *("leaky_relu(alpha)", "gelu(gain = alpha)", "[norm -> act]", "gain(2)", "gelu(gain = 1)"),
    *("inside", "[inside]", "[inside -> norm]", "[act] * 2", "[inside] * n", "inside * 2 * 2", "[norm]", "inside"),
]
# The same where the channels are known by a text.
KEEPING_KNOWN = [
    *("conv({here}, 3, groups = {group})", "ws_conv({here}, 3, groups = {group})", "conv({here})"),
    *("[depthwise(3, multiplier = 2) -> conv({here})]", "[depthwise(multiplier = n) -> conv({here}, bias = true)]"),
    *(
        "squeeze_excite(round({here} * 0.5))",
        "squeeze_excite(max(1, round({here} * se)))",
        "mbconv({here}, expansion = 2)",
    ),
    *("[conv({width}, 3) -> act -> conv({here}, 3)]", "fused_mbconv({here}, expansion = 2, kernel = {kernel})"),
    *("squeeze_excite(4, gate = gate, inner = relu)", "body({here})"),
    *("conv_transpose({here}, 3, groups = {group})", "[conv({here} + 3) -> slice(margin, {here})]"),
    *(
        "[conv_transpose({here}, 2, stride = 2) -> max_pool(2)]",
        "[conv({here} * 4) -> pixel_shuffle(2) -> avg_pool(2)]",
    ),
    *("[conv_transpose({here}, 3, stride = n, padding = same) -> avg_pool(n)]",),
    *("[conv_transpose({here}, 4, stride = 2, padding = 1) -> norm -> blur(stride = 2)]",),
]
# Layers that put out other channels.
CHANGING = [
    *(
        "conv({width})",
        "conv({width}, 3)",
        "conv_norm_act({width})",
        "conv({width}, bias = true)",
        "conv({width}, {kernel})",
    ),
    *(
        "ws_conv({width}, 3)",
        "conv({width}, 3, dilation = 2)",
        "ws_conv({width}, eps = 0.01)",
        "ws_conv({width}, 3, variance_eps = 0.001)",
        "ws_conv({width}, {kernel})",
    ),
    *("conv({width}, kernel = 3, padding = 1)", "conv({width}, 2 * margin + 1, padding = margin, bias = skip)"),
    *(
        "fused_mbconv({width}, expansion = 2)",
        "separable_conv({width})",
        "body({width})",
        "conv({width}, 3, dilation = n)",
    ),
    *("conv_transpose({width}, 3, bias = skip)", "conv_transpose({width}, 2 * margin + 1, dilation = n)"),
    *("conv_norm_act(kernel = {kernel}, channels = {width})",),
]
STRIDED_KEEPING = [
    *("depthwise({kernel}, stride = stride)", "avg_pool(3, stride = stride)", "max_pool(3, stride = stride)"),
    *("[depthwise(stride = stride x 1) -> depthwise(stride = 1 x stride)]",),
    *("[max_pool(3, stride = 1 x stride) -> avg_pool(3, stride = stride x 1)]",),
    *("[depthwise(stride = stride) -> norm]", "avg_pool({kernel}, stride = stride)"),
]
STRIDED_CHANGING = [
    *(
        "conv({width}, {kernel}, stride = stride)",
        "ws_conv({width}, 3, stride = stride)",
        "conv({width}, stride = stride)",
    ),
    *("conv_norm_act({width}, {kernel}, stride)", "[conv({width}, 3, stride = stride, bias = true) -> norm -> act]"),
    *("[conv({width}, 3, stride = stride x 1) -> norm -> ws_conv({width}, 3, stride = 1 x stride)]",),
    *("separable_conv({width}, stride = stride)", "body({width}, stride = stride)"),
]
KERNELS = [
    *("3", "1", "5", "kernel", "1 + 2 * 1", "kernel + 2", "2 * n + 1", "if skip then 3 else 5"),
    *("6 / 2", "kernel * 1.0", "1 x 6 / 2", "3 x kernel / 1"),
    *("1 x 3", "5 x 1", "1 x kernel", "if skip then 3 x 1 else 1 x 2 * n + 1"),
]
COUNTS = ["2", "1", "3", "n", "(n + 1)", "max(n, 2)"]
CONDITIONS = [
    *("skip", "expansion != 1", "se", "kernel > 3", "not skip", "se and skip", "n > 1", "in.channels > 8", "1 < n"),
    *("act == relu", "inner != relu", "act == inner and skip", "norm == batch_norm", "gate == sigmoid or n > 1"),
    *("skip == true", "not n == 2", "not (n > 1 or skip)", "se != none", "expansion != 1 and (n < 3 or skip)"),
]
CONDITIONS_OF_CHANNELS = ["in.channels == channels", "in.channels != channels and skip", "channels > 2 * in.channels"]
CONDITIONS_OF_STRIDE = ["stride > 1", "stride == 1", "stride != 1 or expansion > 1", "1 == stride"]


@dataclass(frozen=True)
class Flow:
    """A tensor: the text of its channels if that is known, a divisor of them, and its size: `in` or `out`."""

    channels: str | None
    divisor: int
    size: str = "in"


@dataclass
class BlockWriter:
    """Writes one block. Its parameters are whatever its lines turn out to use."""

    draw: Draw
    name: str
    known: list[Block]
    has_facts: bool
    lines: list[str] = field(default_factory=list)
    widths: dict[str, int] = field(default_factory=dict)
    layers: dict[str, str | None] = field(default_factory=dict)  # bound ones: the width that they set, or None
    calls: int = 0
    sets_channels: bool = False
    is_strided: bool = False
    tensor: str | None = None
    may_read: str | None = None
    beside: str = ""  # the text of blocks that it is made of

    def write(self) -> Block:
        draw = self.draw
        forms = [
            self._plain,
            self._residual,
            self._gated,
            self._branches,
            self._dense,
            self._recursive,
            self._arithmetic,
            self._product,
            self._resized,
            self._joined,
            self._sharing,
            self._looped,
            self._wired,
        ]
        form: Callable[[], str] = draw.pick(forms)
        self.sets_channels = form in (self._plain, self._residual, self._branches)
        self.is_strided = self.sets_channels and draw.chance(70)
        self.tensor = "other" if form == self._joined else None
        self._bind_scalars()
        self._bind_layers()
        self.lines.append(f"out = {form()}")
        if self.has_facts and draw.chance(50):
            facts = [
                "in.variance + 0.1",
                "1",
                "in.variance * 2",
                "in.variance + alpha ** 2",
                "if skip then 1 else in.variance",
            ]
            self.lines.append(f"out.variance = {draw.pick(facts)}")
        followers = self._followers()
        body = "".join(f"  {line}\n" for line in self.lines)
        own = {self.tensor: None} if self.tensor is not None else {}
        parameters = {**own, **self._parameters(body + " ".join(followers.values())), **followers}
        parameters |= {self.may_read: "none"} if self.may_read is not None else {}
        declared = ", ".join(name if default is None else f"{name} = {default}" for name, default in parameters.items())
        doc = f"## A {self.name.replace('_', ' ')} by chance.\n" if draw.chance(30) else ""
        return Block(
            self.name,
            parameters,
            f"{self.beside}{doc}block {self.name}({declared}) {{\n{body}}}\n",
            form == self._dense,
            self.tensor,
            self.may_read,
            self.beside != "",
        )

    def _parameters(self, body: str) -> dict[str, str | None]:
        parameters: dict[str, str | None] = {"channels": None} if self.sets_channels else {}
        for name, (default, _) in PARAMETERS.items():
            is_setting = name in ("act", "norm")
            if name not in self.widths and mentions(body, name) and (not is_setting or self.draw.chance(30)):
                parameters[name] = default
        if self.draw.chance(10):
            first = [name for name, default in parameters.items() if default and default.isdigit()][:1]
            parameters.update(dict.fromkeys(first))  # one that must be given
        return {
            **{n: d for n, d in parameters.items() if d is None},
            **{n: d for n, d in parameters.items() if d is not None},
        }

    def _followers(self) -> dict[str, str]:
        """Parameters whose defaults follow from the input and the other parameters; they were bindings before."""
        found: dict[str, str] = {}
        for line in self.draw.some([line for line in self.lines if line.split(" = ")[0] in self.widths], 25):
            self.lines.remove(line)
            name, default = line.split(" = ", 1)
            found[name] = default
        return found

    # Names -----------------------------------------------------------------------------------------------------------

    def _bind_scalars(self) -> None:
        options = {**WIDTHS, **(WIDTHS_OF_CHANNELS if self.sets_channels else {})}
        for name in self.draw.some(list(options), 12):
            text, self.widths[name] = options[name]
            self.lines.append(f"{name} = {text}")

    def _bind_layers(self) -> None:
        draw = self.draw
        if draw.chance(8):
            width = self.width()[0]
            text = draw.pick(
                [f"[conv({width}, 3) -> norm -> act]", f"conv_norm_act({width})", f"conv({width}) -> norm"]
            )
            self.lines.append(f"expand = {text}")
            self.layers["expand"] = width
        if draw.chance(8):
            text = draw.pick(
                ["depthwise(3)", "[norm -> act]", "if skip then depthwise(5) else identity", "norm -> act"]
            )
            self.lines.append(f"refine = {text}")
            self.layers["refine"] = None

    def width(self) -> tuple[str, int]:
        """Some channels for the inside of a block, and a divisor of them."""
        options = [("8", 8), ("16", 8), ("in.channels", 1), *self.widths.items()]
        if self.sets_channels:
            options += [
                ("channels", 8),
                ("channels // 2", 4),
                ("channels / 2", 4),
                ("channels * 0.5", 4),
                ("channels * 2", 8),
                ("max(channels, in.channels)", 1),
            ]
        return self.draw.pick(options)

    def condition(self) -> str:
        options = [*CONDITIONS, *(CONDITIONS_OF_CHANNELS if self.sets_channels else [])]
        options += CONDITIONS_OF_STRIDE if self.is_strided else []
        options += ["in.variance > 1"] if self.has_facts else []
        options += ["in.height > 4", "in.width >= 8 or skip"] if self.draw.chance(10) else []
        return self.draw.pick(options)

    # Layers ----------------------------------------------------------------------------------------------------------

    def _filled(self, template: str, flow: Flow, width: str = "8") -> str:
        draw = self.draw
        blanks = Blanks(
            here=lambda: flow.channels or "8",
            width=lambda: width,
            group=lambda: draw.pick(
                [
                    "1",
                    *(str(g) for g in (2, 4) if flow.divisor % g == 0),
                    *(["groups"] if flow.divisor % 4 == 0 else []),
                ]
            ),
            kernel=lambda: draw.pick(KERNELS),
            activation=lambda: draw.pick(ACTIVATIONS),
        )
        return template.format_map(blanks)

    def _called(self, block: Block, *arguments: str) -> str:
        """A call of a block of the same file, or its name alone."""
        self.calls += 1
        given = [
            f"{name} = {self._value(name)}"
            for name in block.free
            if block.parameters[name] is None or self.draw.chance(20)
        ]
        inside = ", ".join([*arguments, *given])
        return f"{block.name}({inside})" if inside else block.name

    def _value(self, parameter: str) -> str:
        """A value for a parameter of another block: a literal, or the parameter of the same name of this one."""
        return self.draw.pick([*values_of(parameter), *([parameter] if parameter in PARAMETERS else [])])

    def _blocks(self, sets_channels: bool) -> list[Block]:
        known = [block for block in self.known if block.sets_channels == sets_channels and not block.grows]
        return known if self.calls < 2 else []

    def keeping(self, flow: Flow) -> str:
        """A layer whose output has the shape of its input."""
        draw = self.draw
        blocks = self._blocks(sets_channels=False)
        if blocks and draw.chance(20):
            block = draw.pick(blocks)
            also = [f"{block.may_read} = in"] if block.may_read and draw.chance(50) else []
            return self._called(block, *(["in", *also] if block.tensor else []))
        options = [*KEEPING, *(KEEPING_KNOWN if flow.channels else [])]
        options += [name for name, width in self.layers.items() if width in (None, flow.channels)] * 5
        return self._filled(draw.pick(options), flow, self.width()[0])

    def changing(self, flow: Flow, width: str) -> str:
        """A layer that puts out `width` channels."""
        draw = self.draw
        blocks = self._blocks(sets_channels=True)
        if blocks and draw.chance(25):
            return self._called(draw.pick(blocks), width)
        options = [*CHANGING, *[name for name, sets in self.layers.items() if sets == width] * 5]
        return self._filled(draw.pick(options), flow, width)

    def step(self, flow: Flow) -> tuple[str, Flow]:
        """One step: a layer, a guarded layer, copies of a layer, layers in brackets, one of two layers."""
        draw = self.draw
        kind = draw.number(0, 99)
        if kind < 25:
            return self.keeping(flow), flow
        if kind < 40:
            return f"{self.keeping(flow)} when {self.condition()}", flow
        if kind < 48:
            inner = draw.pick([self.keeping(flow), f"[{self.keeping(flow)} -> {self.keeping(flow)}]"])
            name = " as copies" if draw.chance(15) else ""
            return f"{inner} * {draw.pick(['0', *COUNTS, *COUNTS])}{name}", flow
        if kind < 53:
            return f"[{self.keeping(flow)} -> {self.keeping(flow)}] as part{self._maybe_when()}", flow
        if kind < 58:
            inner = draw.pick([self.keeping(flow), f"[{self.keeping(flow)} -> {self.keeping(flow)}]"])
            return f"if {self.condition()} then {self.keeping(flow)} else {inner}", flow
        if kind < 61 and self.known and self.known[-1].grows:
            copies = f" * {draw.pick(COUNTS)}" if draw.chance(50) else ""
            return f"{self._called(self.known[-1])}{copies}", Flow(None, 1, flow.size)
        width, divisor = self.width()
        after = Flow(width, divisor, flow.size)
        if kind < 68:
            return f"{self.changing(flow, width)} when {self.condition()}", replace(after, channels=None, divisor=1)
        if kind < 75:
            inner = draw.pick([self.changing(flow, width), f"[{self.changing(flow, width)} -> act]"])
            return f"{inner} * {draw.pick(COUNTS)}{self._maybe_when()}", replace(after, channels=None, divisor=1)
        if kind < 79:
            return f"if {self.condition()} then {self.changing(flow, width)} else {self.changing(flow, width)}", after
        name = draw.pick([" as reduce", " as widen"]) if draw.chance(15) else ""
        return f"{self.changing(flow, width)}{name}", after

    def _maybe_when(self) -> str:
        return f" when {self.condition()}" if self.draw.chance(30) else ""

    def strided(self, flow: Flow) -> tuple[str, Flow]:
        """A step with the stride of the block."""
        draw = self.draw
        blocks = [block for block in self._blocks(sets_channels=True) if "stride" in block.parameters]
        width, divisor = self.width()
        after = Flow(width, divisor, "out")
        if blocks and draw.chance(25):
            return self._called(draw.pick(blocks), width, "stride = stride"), after
        template = draw.pick([*STRIDED_CHANGING, *STRIDED_KEEPING])
        return self._filled(template, flow, width), after if "{width}" in template else replace(flow, size="out")

    def pipeline(self, source: str, to: str, size: str = "in", most: int = 4) -> str:
        """A tensor of the shape of `in`, fed through a few layers until it has the channels `to` and the `size`."""
        draw = self.draw
        flow = Flow("in.channels", 1)
        steps: list[str] = []
        for _ in range(draw.number(0, most)):
            step, flow = self.step(flow)
            steps.append(step)
        if size != "in":
            step, flow = self.strided(flow)
            steps.append(step)
            for _ in range(draw.number(0, 2)):
                step, flow = self.step(flow)
                steps.append(step)
        if flow.channels != to:
            steps.append(draw.pick([f"conv({to})", f"[conv({to}) -> norm]", f"ws_conv({to})", f"conv_norm_act({to})"]))
        return laid_out([source, *(steps or [draw.pick(["norm", "act"])])])

    # Forms -----------------------------------------------------------------------------------------------------------

    @property
    def end(self) -> str:
        return "out" if self.is_strided else "in"

    def _plain(self) -> str:
        if self.draw.chance(8):  # longer than one expression can be
            steps = [self.draw.pick(["act", "norm", f"norm when {self.condition()}"]) for _ in range(40)]
            return laid_out([self.pipeline("in", "channels", self.end), *steps])
        return self.pipeline("in", "channels", self.end)

    def _residual(self) -> str:
        draw = self.draw
        source = "in"
        if draw.chance(30):
            starts = [
                "in -> norm -> act",
                "in -> act",
                *(["(in -> act) * (1 / in.variance ** 0.5)"] if self.has_facts else []),
            ]
            self.lines.append(f"x = {draw.pick(starts)}")
            source = "x"
        self.lines.append(f"main = {self.pipeline(source, 'channels', self.end)}")
        main = draw.pick(
            ["main", "(main -> drop_path)", "(main -> drop_path -> gain(0.5))", "(main -> drop_path) * 0.5"]
        )
        main = draw.pick([main, main, main, f"2 * {main}", f"alpha * {main}", f"-{main}"])
        same = draw.pick(["in.channels == channels", "skip and in.channels == channels"])
        same += " and stride == 1" if self.is_strided else ""
        if draw.chance(50):
            joined = draw.pick([f"in + {main}", f"{main} + in", f"in - {main}", f"(in + {main}) * alpha"])
            if draw.chance(20):
                self.lines.append(f"joined = if {same} then {joined} else main")
                return draw.pick(["joined -> act", "joined", "joined -> conv(channels) when skip"])
            return f"if {same} then {joined} else {draw.pick(['main', '(main -> act)'])}"
        shortcut = self.pipeline(source, "channels", self.end, most=2)
        if draw.chance(60):
            if draw.chance(50):
                self.lines.append(f"transition = not ({same.removeprefix('skip and ')})")
                shortcut = f"if transition then {shortcut} else in"
            else:
                shortcut = f"if {same.removeprefix('skip and ')} then in else ({shortcut})"
        self.lines.append(f"shortcut = {' '.join(shortcut.split())}")
        sums = [
            f"{main} + shortcut",
            f"shortcut + {main}",
            "(main + shortcut) / 2",
            f"(shortcut - {main}) -> act",
            f"0.5 * ({main} + shortcut)",
        ]
        return draw.pick(sums)

    def _product(self) -> str:
        """Pipelines multiplied on the spot, whose layers are the block's own."""
        draw = self.draw
        factors = [f"({self.pipeline('in', 'in.channels', most=2)} -> {draw.pick(['sigmoid', 'gate'])})" for _ in "12"]
        product = draw.pick([f"in * {factors[0]}", f"{factors[0]} * {factors[1]}", f"2 * {factors[0]} - in"])
        product = " ".join(product.split())
        if draw.chance(40):
            name = draw.pick(["conv_2", "norm_2", "forward", "train_", "depthwise"])
            self.lines.append(f"{name} = {self.pipeline('in', 'in.channels', most=2)}")
            product = f"({product}) + {name}"
        return f"{product} -> {self.keeping(Flow('in.channels', 1))}"

    def _resized(self) -> str:
        """Pipelines that resize to tensors: in one binding or several, in brackets, under conditions, repeated."""
        draw = self.draw
        self.lines.append(f"small = in -> {draw.pick(['max_pool(3, stride = 2)', 'depthwise(3, stride = 2)'])}")
        forms = ["resize(like = in)", "[resize(like = in) -> norm] as up", "[norm -> resize(like = in)]"]
        forms += ["[resize(like = small) -> act] * 2 -> resize(like = in)", "up -> resize(like = in)", "up -> up"]
        forms += ["resize(like = in -> avg_pool(3, stride = 2)) -> resize(like = in)"]
        forms += ["resize(like = small, mode = nearest) when {condition} -> resize(like = in)"]
        forms += ["(if {condition} then resize(like = in) else depthwise(3)) -> resize(like = in)"]
        for name in ("wide", "conv", "tall")[: draw.number(1, 3)]:
            form = draw.pick(forms).format(condition=self.condition())
            if "up ->" in form and not any(line.startswith("up = ") for line in self.lines):
                made = draw.pick(["[resize(like = in) -> norm]", "resize(like = in)", "norm -> resize(like = in)"])
                self.lines.append(f"up = {made}")
            source = draw.pick(["small", f"small -> {self.keeping(Flow('in.channels', 1))}"])
            text = self.pipeline(f"{source} -> {form}", "in.channels", most=2)
            self.lines.append(f"{name} = {text}" if name != "tall" else f"tall = ({' '.join(text.split())}) + in")
        names = [line.split(" ")[0] for line in self.lines if line.split(" ")[0] in ("wide", "conv", "tall")]
        return draw.pick(["{} -> resize(like = small) -> resize(like = in)", "{} -> norm", "in + {}"]).format(
            f"({' + '.join(names)})"
        )

    def _joined(self) -> str:
        """A further tensor: of another size and other channels than the input, or the same."""
        draw = self.draw
        other = "other"
        if draw.chance(40):
            self.lines.append(f"second = other -> {draw.pick(['norm', 'conv(8) -> norm', 'max_pool(2) -> act'])}")
            other = "second"
        joined = draw.pick(JOINS).format(other=other)
        if joined == "in":  # read by another block, or by nothing
            blocks = [block for block in self.known if block.tensor]
            joined = f"in -> {self._called(draw.pick(blocks), other)}" if blocks else f"in + {other}.channels"
        if draw.chance(30):  # one that may be left out
            self.may_read = "also"
            condition = draw.pick(["also != none", "not (also == none)", f"also != none and {self.condition()}"])
            more = draw.pick(JOINS[:-1]).format(other="also")
            self.lines.append(f"more = if {condition} then ({more}) else in")
            joined = f"more + ({joined})" + draw.pick(["", " -> norm when also == none"])
        if draw.chance(30):
            self.lines.append(f"joined = {joined}")
            joined = f"joined -> {self.keeping(Flow('in.channels', 1))}"
        return joined

    def _sharing(self) -> str:
        """A layer with the same weights on tensors of several sizes."""
        draw = self.draw
        flow = Flow("in.channels", 1)
        layers = ["[conv(in.channels, 3) -> norm -> act]", "conv(in.channels, bias = skip)", "depthwise(3) -> norm"]
        layer = draw.pick([*layers, f"[{self.keeping(flow)} -> conv(in.channels)]"])
        self.lines.append(
            f"shared tower = {layer}{draw.pick(['', '', ' * 2']) if ' -> norm' not in layer[-8:] else ''}"
        )
        self.lines.append(f"small = in -> max_pool(3, stride = 2) -> tower -> {self.keeping(flow)}")
        if draw.chance(50):
            self.lines.append(f"second = small -> norm -> tower when {self.condition()} -> tower")
        last = "second" if self.lines[-1].startswith("second") else "small"
        return draw.pick(
            [
                f"in + ({last} -> resize(like = in))",
                f"(in -> tower) * ({last} -> resize(like = in) -> sigmoid)",
                f"{last} -> resize(like = in) -> tower",
                f"concat(in -> tower, {last} -> resize(like = in)) -> conv(in.channels)",
            ]
        )

    def _looped(self) -> str:
        """Lists of tensors, made by loops, and of numbers."""
        draw = self.draw
        over = draw.pick(["kernels", "kernels", "n", "2", "3", "length(kernels)", "max(1, n - 1)", "[1, 3]"])
        count = over if over[0] not in "k[" else f"length({over})" if over == "kernels" else "2"
        kernel = "k" if over in ("kernels", "[1, 3]") else draw.pick(["3", "2 * i + 1"])
        source = "in"
        if draw.chance(60):
            self.lines.append(f"entry = in -> conv(8 * {count}{' + 4' if over in ('2', '[1, 3]') else ''})")
            parts = draw.pick([count, count, "[8, 12]"]) if over in ("2", "[1, 3]") else count
            self.lines.append(f"pieces = split(entry, {parts})")
            source = draw.pick(["pieces[i]", "pieces[i]", f"pieces[{count} - 1 - i]"])
        width = draw.pick(["in.channels", "8"])
        bodies = [
            f"{source} -> conv({width}, {kernel})",
            f"{source} -> conv({width}, {kernel}) -> norm -> act",
            f"{source} -> [norm -> act] when i > 0 -> conv({width}, {kernel}, bias = skip)",
            f"({source} -> conv({width}, {kernel})) * (in -> conv({width}) -> sigmoid)",
            f"{source} -> conv_norm_act({width}, {kernel}) * 2",
            f"{source} -> conv({width}) -> {self.keeping(Flow(width, 1))}",
            f"if i == 0 then ({source} -> conv({width})) else (in -> conv({width}, {kernel}))",
        ]
        if draw.chance(50):
            bodies = [
                f"(if i == 0 then ({source} -> conv({width})) else ys[i - 1]) -> conv({width}, {kernel}) -> act",
                f"({source} -> conv({width}, {kernel})) + (if i > 0 then ys[i - 1] else (in -> conv({width})))",
                f"concat(ys, in) -> conv({width}, {kernel})",
            ]
        head = "for i, k in" if kernel == "k" or over[0] in "k[" else "for i in"
        self.lines.append(f"ys = {head} {over}: {draw.pick(bodies)}")
        ends = ["concat(ys) -> conv(in.channels)", "concat(in, ys) -> norm -> conv(in.channels)"]
        ends += [f"(ys[{count} - 1] -> conv(in.channels)) * in", "(sum(ys) -> conv(in.channels)) + in"]
        ends += [f"concat(for y in ys: y -> norm -> {draw.pick(['act', 'sigmoid'])}) -> conv(in.channels)"]
        ends += [f"sum(for i, y in ys: y * (i + 1)) -> {self.keeping(Flow(width, 1))} -> conv(in.channels)"]
        if draw.chance(30):
            self.lines.append(f"zs = for y in ys: y -> {draw.pick(['depthwise(3)', 'norm', 'gain(alpha)'])}")
            ends = ["concat(zs, ys) -> conv(in.channels)", "concat(zs[0], sum(ys)) -> conv(in.channels)"]
        return draw.pick(ends)

    def _wired(self) -> str:
        """Blocks that put out several tensors, and read and put out lists."""
        draw, name = self.draw, self.name
        outs = draw.pick(PUT_OUT)
        count = 3 if outs.count(",") > 3 else 2
        bound = outs[0] in "[f" and draw.chance(50)  # a list that has a name besides
        first = f"  list = {outs}\n  out = list\n" if bound else f"  out = {outs}\n"
        self.beside = "".join(
            [
                f"block {name}_pair(width) {{\n{first}}}\n",
                f"block {name}_fuse(xs) {{\n  out = {draw.pick(FUSED)}\n}}\n",
                f"block {name}_round(n = 1) {{\n  {draw.pick(ROUNDS).format(name=name)}\n}}\n",
                f"block {name}_merge(like) {{\n  out = {draw.pick(MERGED)}\n}}\n",
            ]
        )
        width = draw.pick(["8", "16", "in.channels"])
        rounds = f"{name}_round{draw.pick(['', '(n)', '(2)'])}"
        names = ["x", "y", "z"][:count]
        if draw.chance(50):
            if draw.chance(30) and count == 3:
                names[1] = "_"
            self.lines.append(f"{', '.join(names)} = in -> {name}_pair({width})")
            names = [each for each in names if each != "_"]
            source = draw.pick([f"[{', '.join(names)}]", f"[{', '.join(reversed(names))}]", f"[{names[0]}, in]"])
        else:
            self.lines.append(f"xs = in -> {name}_pair({width})")
            source = draw.pick(["xs", "xs", "[xs[1], xs[0]]", "(for x in xs: x -> norm)"])
        chains = ["{0}", "{0} * n", "{0} -> {0} when {1}", "[{0} -> {0}] * 2", "if {1} then {0} else {0}(2)"]
        chain = draw.pick(chains).format(rounds, self.condition())
        if "if" in chain:
            chain = chain.replace(f"{rounds}(2)", f"{name}_round(3)")
        if draw.chance(25):
            self.lines += [f"shared tower = {rounds}", f"us = {source} -> tower", "zs = us -> tower"]
        else:
            self.lines.append(f"zs = {source} -> {chain}")
        ends = [
            f"zs -> {name}_merge(in) -> conv(in.channels)",
            "(zs[0] -> conv(in.channels) -> resize(like = in)) + in",
        ]
        ends += [f"(zs -> {rounds} -> {name}_merge(zs[1])) -> conv(in.channels) -> resize(like = in)"]
        ends += [f"in -> {name}_fuse(zs) -> {self.keeping(Flow('in.channels', 1))}"]
        ends += [f"in + (concat(for z in zs: z -> {name}_fuse([z, in]) -> resize(like = in)) -> conv(in.channels))"]
        if draw.chance(30):
            self.lines.append(f"u, v = [zs[1], zs[0]] -> {rounds}")
            ends = ["(u -> conv(in.channels) -> resize(like = in)) * (v -> global_avg_pool -> conv(in.channels))"]
        return draw.pick(ends)

    def _gated(self) -> str:
        draw = self.draw
        squeezed = draw.pick(["4", "max(1, in.channels // 2)", "8"])
        gate = draw.pick(["sigmoid", "gate"])
        reduced = draw.pick(
            [
                f"conv({squeezed}, bias = true)",
                f"linear({squeezed})",
                f"conv({squeezed})",
                f"linear({squeezed}, bias = skip)",
            ]
        )
        raised = draw.pick(["conv(in.channels, bias = true)", "linear(in.channels)"])
        weight = f"in -> {draw.pick(['global_avg_pool', 'global_max_pool'])} -> {reduced} -> act -> {raised} -> {gate}"
        if draw.chance(40):
            self.lines.append(f"weight = {weight}")
            weight = "weight"
        else:
            weight = f"({weight})"
        if draw.chance(30):
            self.lines.append(f"trunk = {self.pipeline('in', 'in.channels')}")
            return draw.pick(
                [f"trunk * {weight}", f"in + trunk * {weight}", f"(1 + {weight}) * trunk", f"trunk / (1 + {weight})"]
            )
        return draw.pick(
            [f"in * {weight}", f"{weight} * in", f"in * (1 + {weight})", f"if skip then in * {weight} else in"]
        )

    def _branches(self) -> str:
        draw = self.draw
        halves = draw.pick(
            [["channels // 2", "channels - channels // 2"], ["channels // 4", "channels // 2", "channels // 4"]]
        )
        names = ["left", "right", "third"][: len(halves)]
        for name, half in zip(names, halves, strict=True):
            self.lines.append(f"{name} = {self.pipeline('in', half, self.end, most=2)}")
        if draw.chance(30):
            names[0] = draw.pick([f"{names[0]} -> act", f"-{names[0]}", f"{names[0]} * 2", f"[{names[0]}]"[1:-1]])
        joined = f"concat({', '.join(names)})"
        return draw.pick(
            [
                joined,
                f"{joined} -> channel_shuffle(2)",
                f"{joined} -> act",
                f"{joined} -> [norm -> act] * n",
                f"{joined} -> chunk(2, 1) -> conv(channels)",
            ]
        )

    def _dense(self) -> str:
        self.lines.append(f"main = {self.pipeline('in', 'growth')}")
        return self.draw.pick(["concat(in, main)", "concat(main, in)", "concat(in, main) -> norm"])

    def _recursive(self) -> str:
        draw = self.draw
        deeper = draw.pick(
            [f"(down -> {self.name}(depth = depth - 1)) + down", f"down -> {self.name}(depth = depth - 1)"]
        )
        flow = Flow("in.channels", 1)
        layer = draw.pick(["conv(in.channels, 3)", "depthwise(3)", "separable_conv(in.channels)", self.keeping(flow)])
        pool = draw.pick(["max_pool(3, stride = 2)", "avg_pool(3, stride = 2)"])
        self.lines += [f"down = in -> {pool} -> {layer}", f"deep = if depth > 1 then {deeper} else down"]
        mode = draw.pick(
            [
                "",
                ", mode = nearest",
                ", mode = bicubic",
                ", mode = area",
                ", mode = nearest_exact",
                ", align_corners = true",
                ", align_corners = skip",
            ]
        )
        resize = f"resize(like = in{mode})"
        ends = [
            f"deep -> {resize}",
            f"in + (deep -> {resize})",
            f"deep -> {self.keeping(flow)} * n -> {resize} -> {self.keeping(flow)}",
        ]
        return draw.pick([*ends, f"deep -> [conv(in.channels) -> {resize}]"])

    def _arithmetic(self) -> str:
        """Numbers and tensors."""
        draw = self.draw
        self.lines.append(f"main = {self.pipeline('in', 'in.channels')}")
        self.lines.append(
            f"factor = {draw.pick(['alpha * 2', '1 / (1 + alpha)', 'sqrt(in.channels)', 'in.channels / (n + 1)'])}"
        )
        return draw.pick(
            [
                *(
                    "in * factor + main",
                    "(in - main) * factor",
                    "factor - main",
                    "main / factor",
                    "-(in + main) * factor",
                ),
                *(
                    "in + main * alpha * 2",
                    "(1 - alpha) * in + alpha * main",
                    "2 ** n * main - in",
                    "main - (in - main)",
                ),
                *(
                    "main * (in -> reduce_max(over = channels) -> tanh)",
                    "main - (main -> reduce_mean(over = positions))",
                ),
                *(
                    "in / (1 + (in -> reduce_norm(over = positions)))",
                    "max(in, main)",
                    "min(max(alpha, main), in, 3)",
                    "in + main * parameter(in.channels x 1 x 1, initial = alpha)",
                    "parameter(1 x 1 x 1, initial = 1) * in + parameter(in.channels x in.height x in.width, std = 0.1)",
                    "in * (parameter(1 x 1 x 1) -> sigmoid) + max(0, main)",
                    "in * (main -> reduce_var(over = channels)) + main",
                ),
                "main + (in -> reduce_min(over = channels)) - (in -> reduce_sum(over = channels))",
                "in * (main -> global_avg_pool -> transpose(channels, width) -> conv(1, 1 x 3)"
                " -> transpose(channels, width) -> sigmoid)",
                *("main * (in -> conv(1) -> sigmoid)", "(main -> conv(1, 3) -> tanh) + in * (in -> conv(1))"),
                *("if skip then main * factor else in", "in + (if n > 1 then main -> act else -main)", "main"),
            ]
        )


def laid_out(steps: Sequence[str]) -> str:
    """A pipeline on one line, or on several when it is long or has guards."""
    line = " -> ".join(steps)
    return line if len(line) <= 90 and " when " not in line else "\n    -> ".join(steps)
