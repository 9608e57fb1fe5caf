"""Models of generated programs: settings, a stem, a table of stages, a head, variants, a model that extends another."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.properties.drawing import (
    ACTIVATIONS,
    CHANNELS,
    LIBRARY,
    PRIMITIVE_STAGES,
    Blanks,
    Block,
    Draw,
    mentions,
    table,
    values_of,
)

# Parameters of models by name, with what cells say; the first is the default.
PARAMETERS_OF_MODELS = {
    "width": ["1.0", "0.5", "1.25", "2.0"],
    "layers_factor": ["1.0", "1.5", "0.5"],
    "resolution": ["16", "8", "17", "24", "33"],
    "rate": ["0.2", "0.0", "0.4"],
    "base": ["8", "16", "24"],
    "n": ["1", "2"],
    "act": ["relu", "silu"],
    "kernel": ["3", "5"],
    "colors": ["3", "1", "4"],
    "outputs": ["10", "3"],
    "biased": ["true", "false"],
    "first": ["conv(8, 3)", "conv(8) -> relu", "[conv(8) -> batch_norm] * 2", "if 2 > 1 then [conv(8)] else relu"],
}
WIDTHS = ["16", "8", "32", "divisible(16 * width)", "base", "16 * width", "base / 2"]
NORMS = ["batch_norm", "batch_norm(eps = 1e-3, momentum = 0.01)", "layer_norm", "group_norm(1)", "identity"]
STEMS = [
    "conv_norm_act({width}, kernel = 3, stride = {stride})",
    "conv({width}, 3)",
    "conv({width}, 3, stride = 2) -> norm -> act",
    "ws_conv(8, 3) -> act -> ws_conv({width}, 3, stride = {stride})",
    "conv_norm_act({width}, kernel = {kernel}) -> max_pool(3, stride = 2)",
    "conv({width}, 3, padding = valid)",
    "[conv({width}, 3) -> norm] * 2",
    "conv({width}, 3) * n",
    "[conv({width}) -> act] * n -> conv({width}) when {flag}",
    "conv({width}) when {flag} -> conv({width}, 3) when not {flag}",
    "conv(base / 2) -> conv(16 * width, 6 / 2)",
    "conv({width}) as first -> [norm -> act] as second",
    "conv({width}, 3, stride = 2) -> dropout({rate}) when {flag}",
    "conv({width}, kernel) -> if {flag} then act else norm",
    "max_pool(3, stride = 2) -> conv({width})",
    "norm -> conv({width}, {kernel}, bias = {flag}) -> prelu",
    "depthwise(multiplier = 4) -> conv({width}) -> act",
    "first",
    "[first] -> norm",
    "first -> act -> first",
]
HEADS = [
    "global_avg_pool -> linear({classes})",
    "conv_norm_act({width}) -> global_avg_pool -> dropout({rate}) -> linear({classes})",
    "norm -> act -> global_avg_pool -> linear({classes}) as fc",
    "linear({classes})",
    "act -> linear({classes}, bias = false)",
    "global_avg_pool -> linear({width}) -> act -> dropout({rate}) -> linear({classes}, bias = {flag})",
    "global_max_pool -> flatten -> linear({width}, bias = false) -> norm -> act -> linear({classes})",
    "conv({classes}, bias = true) -> global_avg_pool -> flatten",
    "global_avg_pool -> conv({width}, bias = true) -> act -> conv({classes})",
    "conv_norm_act({width}) -> global_avg_pool",
    "global_avg_pool -> squeeze_excite(4) -> linear({classes}) as head",
    "[conv({width}) -> act] * 2 -> global_avg_pool -> gain -> linear({classes})",
    "conv_norm_act({width}) when {flag} -> global_avg_pool -> linear({classes})",
    "global_avg_pool -> linear({classes}) -> softplus",
    "conv({width}, 3)",
    "flatten -> conv({width}) -> linear({classes})",
    "flatten when {flag} -> linear({classes})",
    "conv({width}) * n -> act when {flag} -> global_avg_pool -> linear({classes})",
    "conv(base * 0.5, 3 / 1) when {flag} -> global_avg_pool -> linear({classes})",
    "global_avg_pool -> layer_norm -> channel_gain(0.5) -> drop_path -> linear({classes})",
    "global_avg_pool -> dropout({rate}) when {rate} -> linear({classes})",
    "(if {rate} > 0.3 then global_max_pool else global_avg_pool) -> linear({classes})",
    "conv({width}) as head_conv -> [norm -> act] as head_act -> global_avg_pool as pooling -> linear({classes})",
    "[global_avg_pool -> linear({width}) -> tanh] * 2 -> linear({classes})",
    "global_avg_pool -> [linear({width}) -> leaky_relu(0.3)] as mixed -> linear({classes}) as classify",
    "avg_pool(3, stride = 2) -> act -> flatten",
    "global_avg_pool -> prelu -> linear({classes}) as pool",
    "flatten",
    "act",
    "conv({width}) -> act when {flag} -> global_avg_pool -> linear({classes})",
    "[conv(8) -> norm] when {flag} -> global_avg_pool when {flag} -> [act] -> global_avg_pool -> linear({classes})",
    "first when {flag} -> global_avg_pool -> [first -> norm] as last when {flag} -> linear({classes})",
    "conv({width}) -> first when {flag} -> global_avg_pool -> prelu when {flag} -> linear({classes})",
]


@dataclass
class ModelWriter:
    """Writes one model, with its variants if it has any. Its parameters are whatever its lines turn out to use."""

    draw: Draw
    name: str
    blocks: list[Block]
    has_facts: bool
    parameters: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    count: int = 0
    stages: list[str] = field(default_factory=list)  # their names

    def write(self) -> str:
        draw = self.draw
        self.blanks = Blanks(
            width=lambda: draw.pick(WIDTHS) if draw.chance(60) else "16",
            stride=lambda: draw.pick(["1", "2"]),
            kernel=lambda: draw.pick(["3", "5", "kernel"]),
            rate=lambda: draw.pick(["0.2", "rate", "0.0"]),
            flag=lambda: draw.pick(["true", "false", "biased"]),
            classes=lambda: "classes" if self.has_classes else "5",
        )
        lines = [f"input = {self._input()}"]
        self.has_classes = draw.chance(90)
        if self.has_classes:
            lines.append(f"classes = {draw.pick(['10', '3', '2', 'outputs'])}")
        lines += self._settings()
        self.count = draw.number(1, 4) if draw.chance(95) else 0
        stages = self._stages() if self.count else []
        lines += self._scale(stages[0]) if stages and draw.chance(40) else []
        has_stem = draw.chance(75)
        if has_stem:
            lines.append(f"stem = {self._stem()}")
        if self.has_facts:
            lines.append(f"{'stem' if has_stem else 'input'}.variance = {draw.pick(['1', '2.5', '0.5', 'base / 8'])}")
        lines += ["stages {", *(f"  {line}" for line in stages), "}"] if stages else []
        tensors = self._tensors(has_stem)
        if tensors and draw.chance(60):
            lines += self._graph(tensors)
        elif draw.chance(92) or not (has_stem or stages):
            lines.append(f"head = {draw.pick(HEADS).format_map(self.blanks)}")
        body = "".join(f"  {line}\n" for line in lines)
        for name, (default, *_) in PARAMETERS_OF_MODELS.items():
            if mentions(body, name) and (name != "act" or draw.chance(15)):
                self.parameters[name] = default
        if "act" in self.parameters:
            body = "".join(line for line in body.splitlines(keepends=True) if not line.startswith("  act ="))
        parameters = ", ".join(f"{name} = {default}" for name, default in self.parameters.items())
        doc = f"## The network of this file, called {self.name}.\n" if draw.chance(30) else ""
        text = f"{doc}model {self.name}{f'({parameters})' if parameters else ''} {{\n{body}}}\n"
        return text + self._variants() + self._extension() + self._user(has_stem)

    def _tensors(self, has_stem: bool) -> list[str]:
        """What bindings can read by name, the last stage at the end; none where that has no name."""
        named = [name for name in self.stages if name.isidentifier()]
        if len(set(self.stages)) < len(self.stages) or not named or named[-1] != self.stages[-1]:
            return []
        return (["stem"] if has_stem else []) + named

    def _graph(self, tensors: list[str]) -> list[str]:
        """A head of tensors: bindings that read stages and each other, with one output or several."""
        draw, last = self.draw, tensors[-1]
        joins = [block for block in self.blocks if block.tensor and None not in list(block.parameters.values())[1:]]
        lines, known = [], [*tensors]
        for name in ("neck", "p4", "forward")[: draw.number(0, 3)]:
            one, other = draw.pick(known), draw.pick(known)
            forms = [
                f"{one} -> conv({{width}}) -> norm",
                f"({one} -> conv(8)) + ({other} -> conv(8) -> resize(like = {one}))",
                f"concat({one}, {other} -> resize(like = {one})) -> conv({{width}}) when {{flag}}",
                f"{one} -> conv({other}.channels) -> act",
                *(f"{one} -> conv(8) -> {block.name}({other}) -> norm" for block in joins),
                *(f"{one} -> {block.name}({other}, {block.may_read} = {one})" for block in joins if block.may_read),
                *(f"{one} -> [{block.name}({other}) -> act] * n" for block in joins),
            ]
            lines.append(f"{name} = {draw.pick(forms).format_map(self.blanks)}")
            known.append(name)
        for block in [block for block in self.blocks if block.has_lists][:1] if draw.chance(60) else ():
            one, other = draw.pick(known), draw.pick(known)
            lines.append(f"many = [{one} -> conv(8), {other} -> conv({{width}})] -> {block.name}_round * n")
            lines.append(f"some, more = many -> {block.name}_round".format_map(self.blanks))
            lines[-2] = lines[-2].format_map(self.blanks)
            known += draw.pick([["some", "more"], ["more", "many[0]", "some"]])
        if draw.chance(30):
            lines.append(
                f"shared tower = {draw.pick(['conv({width}, 3)', '[conv(8) -> norm -> act]'])}".format_map(self.blanks)
            )
            for name in ("left", "right")[: draw.number(1, 2)]:
                lines.append(f"{name} = {draw.pick(known)} -> conv(8) -> tower -> act")
                known.append(name)
        layers = ["conv({classes})", "global_avg_pool -> linear({classes})", "norm", "conv({classes}) -> softplus"]

        def end(source: str) -> str:
            return f"{source} -> {draw.pick(layers)}".format_map(self.blanks)

        if draw.chance(40):
            rest = [name for name in known if name not in (last, "stem")]
            joined = f"({last} -> conv(8)) + ({draw.pick(rest)} -> conv(8) -> resize(like = {last}))" if rest else last
            return [*lines, f"head = {end(joined)}"]
        names = ["logits", last, "raw"][: draw.number(1, 3)]
        sources = [last, *(draw.pick(known) for _ in names[1:])]
        outputs = [f"{name} = {draw.pick([source, end(source)])}" for name, source in zip(names, sources, strict=True)]
        if draw.chance(20):
            lines.append(f"head = {draw.pick(HEADS[:4]).format_map(self.blanks)}")
            outputs.append("vector = head")
        return [*lines, "outputs {", *(f"  {line}" for line in outputs), "}"]

    def _input(self) -> str:
        draw = self.draw
        channels = "colors" if draw.chance(5) else draw.pick(["3", "1", "4", "2"])
        if draw.chance(30):
            return f"{channels} x resolution x resolution"
        return f"{channels} x {draw.pick(['16', '8', '11', '24', '33'])} x {draw.pick(['16', '8', '13', '20', '32'])}"

    def _settings(self) -> list[str]:
        draw = self.draw
        lines = [f"norm = {draw.pick(NORMS)}"] if draw.chance(50) else []
        if draw.chance(50):
            lines.append(f"act = {draw.pick(ACTIVATIONS)}")
        if draw.chance(25):
            lines.append(f"padding = {draw.pick(['same', 'same', 'same', 'symmetric', 'valid'])}")
        if draw.chance(40):
            lines.append(f"drop_path = {draw.pick(['ramp(0.2)', 'ramp(rate)', 'ramp(0.2, reach = true)', 'none'])}")
        return lines

    def _scale(self, header: str) -> list[str]:
        draw = self.draw
        scale = ["channels = divisible(channels * width)"] if " channels " in header else []
        scale += ["layers = ceil(layers * layers_factor)"] if " layers " in header else []
        scale = scale if draw.chance(40) else scale[:1]
        if len(scale) == 1:
            return [f"scale {{ {scale[0]} }}"]
        return ["scale {", *(f"  {line}" for line in scale), "}"] if scale else []

    def _stem(self) -> str:
        options = list(STEMS)
        if not self.has_facts:
            blocks = [
                block
                for block in self.blocks
                if block.sets_channels and None not in list(block.parameters.values())[1:]
            ]
            options += [f"{block.name}({{width}})" for block in blocks]
        return self.draw.pick(options).format_map(self.blanks)

    def _stages(self) -> list[str]:
        draw = self.draw
        blocks = [block for block in self.blocks if block.tensor is None] + LIBRARY  # a cell is no tensor
        few = [draw.pick(blocks) for _ in range(2)]
        used = [draw.pick(few) if draw.chance(50) else draw.pick(blocks) for _ in range(self.count)]
        used = [draw.pick(PRIMITIVE_STAGES) if draw.chance(5) else block for block in used]
        parameters = dict.fromkeys(name for block in used for name in block.parameters)
        needed = {name for block in used for name in block.parameters if block.parameters[name] in (None, "")}
        shown = [name for name in parameters if name in needed or name == "depth" or draw.chance(60)]
        ends = ["layers"] * draw.chance(70) + ["name"] * draw.chance(25)
        rows = [["op", *shown, *ends]]
        for index, block in enumerate(used):
            hidden = [name for name in block.free if name not in shown]
            given = draw.pick(hidden) if hidden and draw.chance(20) else None
            op = f"{block.name}({given} = {draw.pick(values_of(given))})" if given else block.name
            row = [op, *(self._cell(block, name) for name in shown)]
            if "layers" in ends:
                row.append(draw.pick(["1", "2", "3", "n", "1 + n"]))
            if "name" in ends:
                names = [["low", "middle", "high", "last"][index], str(index), str(index + 5)]
                row.append(draw.pick([*names, "append" if index == 0 else f"s{index}"]))
                self.stages.append(row[-1])
            rows.append(row)
        return table(rows)

    def _cell(self, block: Block, name: str) -> str:
        draw = self.draw
        if name not in block.parameters:
            return "-"
        if name == "channels":
            return draw.pick([*CHANNELS, *CHANNELS, *WIDTHS])
        if block.name == "max_pool":
            return {"kernel": "3"}.get(name, draw.pick(["2", "1"]))
        if block.parameters[name] not in (None, "") and draw.chance(30):
            return "-"
        options = values_of(name)
        if block in LIBRARY or block in PRIMITIVE_STAGES:
            options = [option for option in options if option != "none"]
        return draw.pick([*options, *(["n", "2 * n"] if name == "n" else [])])

    def _variants(self) -> str:
        draw = self.draw
        if not self.parameters or draw.chance(30):
            return ""
        self.labels = draw.pick([["b0", "b1", "large"], ["050", "100", "tiny"]])[: draw.number(1, 3)]
        rows = [["name", *self.parameters]]
        rows += [[label, *(draw.pick(PARAMETERS_OF_MODELS[name]) for name in self.parameters)] for label in self.labels]
        return f"variants {self.name} {{\n" + "".join(f"  {line}\n" for line in table(rows)) + "}\n"

    def _extension(self) -> str:
        """A model that extends this one."""
        draw = self.draw
        if not draw.chance(20):
            return ""
        parent = f"{self.name}.{draw.pick(self.labels)}" if self.labels and draw.chance(70) else self.name
        if parent == self.name and "base" in self.parameters and draw.chance(50):
            parent = f"{self.name}(base = 24)"
        if parent == self.name and "first" in self.parameters:
            parent = f"{self.name}(first = conv(4) -> tanh -> conv(8))"
        lines = []
        if draw.chance(50) and "act" not in self.parameters:
            lines.append(f"act = {draw.pick(ACTIVATIONS)}")
        if draw.chance(30):
            lines.append("padding = same")
        if draw.chance(20):
            lines.append(
                f"head = {draw.pick(HEADS[:6]).replace('{width}', '16').format(classes='5', rate='0.1', flag='true')}"
            )
        if self.count and draw.chance(50):
            last = draw.number(1, self.count)
            lines.append(f"stages {draw.pick([f'1..{last}', str(last)])} {{ layers = {draw.pick(['1', '2'])} }}")
        body = "".join(f"  {line}\n" for line in lines)
        return f"model {self.name}_changed extends {parent} {{\n{body}}}\n"

    def _user(self, has_stem: bool) -> str:
        """A model that has this one as a part."""
        draw = self.draw
        if not draw.chance(25) or not (has_stem or self.count):
            return ""
        own = draw.pick(["trunk", "trunk", "stem_of", "stages_", self.name])
        part = f"{self.name}.{draw.pick(self.labels)}" if self.labels else self.name
        if "base" in self.parameters and draw.chance(40):
            part += "(base = 8 * times)"
        named = self.stages if len(set(self.stages)) == len(self.stages) else []
        rows = [(named[number] if named else "") for number in range(self.count)]
        maps = [name if name.isidentifier() else f"stage{number}" for number, name in enumerate(rows, start=1)]
        maps = [own, *(f"{own}.{map}" for map in [*(["stem"] if has_stem else []), *maps])]
        one, other = draw.pick(maps), draw.pick(maps)
        size = draw.pick(["32 x 32", "16 x 24", "33 x 17"])
        lines = [f"input = {draw.pick(['3', '1', '4'])} x {size}", "classes = 5", f"{own} = {part}"]
        if "times" in part:
            lines.insert(0, "times = 2")
        lines += [f"act = {draw.pick(ACTIVATIONS)}"] if draw.chance(30) else []
        heads = [
            ["head = conv_norm_act(8) -> global_avg_pool -> linear(classes)"],
            ["head = flatten -> linear(classes)"],
            [f"head = {one} -> conv(classes) -> resize(like = {other})"],
            [f"head = concat({one}, {other} -> resize(like = {one})) -> conv(classes)"],
            [f"neck = {one} -> conv({other}.channels) -> act", "head = neck -> global_avg_pool -> linear(classes)"],
            ["outputs {", f"  first = {one}", f"  second = {other} -> conv(classes, 3)", "}"],
            [
                "outputs {",
                f"  one = {one} -> [conv(8) -> norm] * 2",
                f"  both = concat({one}, input -> resize(like = {one}))",
                "}",
            ],
        ]
        head = draw.pick(heads)
        lines += head
        if draw.chance(30):
            lines = self._of_several(lines, own, part)
        body = "".join(f"  {line}\n" for line in lines)
        return f"model {self.name}_user {{\n{body}}}\n"

    def _of_several(self, lines: list[str], own: str, part: str) -> list[str]:
        """The same model with a second input, and a third one, which heads of tensors read."""
        draw = self.draw
        sizes = ["16 x 16", "9 x 12", "24 x 16"]
        others = {name: f"{draw.pick(['1', '2', '3'])} x {draw.pick(sizes)}" for name in ("mask", "depth")}
        if draw.chance(60):
            del others["depth"]
        found: list[str] = []
        for line in lines:
            if line.startswith("input = "):
                inputs = [f"image = {line.removeprefix('input = ')}", *(f"{name} = {s}" for name, s in others.items())]
                inputs = inputs[::-1] if draw.chance(40) else inputs
                found += ["inputs {", *(f"  {one}" for one in inputs), "}"]
            elif line == f"{own} = {part}":
                found.append(f"{own} = image -> {part}")
            else:
                found.append(line.replace("input ->", "image ->"))
        ends = ["conv(4, 3) -> act", "conv_norm_act(6, 3, stride = 2)", "global_avg_pool -> linear(classes)", "norm"]
        read = [f"  of_{name} = {name} -> {draw.pick(ends)}" for name in others]
        if found[-1] == "}":
            return [*found[:-1], *read, "}"]
        return [*found, "outputs {", "  main = head", *read, "}"]
