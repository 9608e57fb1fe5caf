"""The classes of models that are parts of others: their stems and stages, from images to the maps of all of these."""

from __future__ import annotations

from archdsl.backends.pytorch.class_names import class_name
from archdsl.backends.pytorch.families import Member
from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.layout import call_lines
from archdsl.backends.pytorch.methods import images
from archdsl.backends.pytorch.module import Unmergeable, annotation
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.network import NetworkWriter
from archdsl.backends.pytorch.stages import Trunk
from archdsl.backends.pytorch.texts import docstring_lines, literal
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.description import Part


class Trunks:
    """The trunks of the networks of a file; equal ones are one class."""

    def __init__(self, classes: Classes, names: Names):
        self.classes, self.names = classes, names
        self.texts: list[str] = []
        self._known: dict[str, Trunk] = {}

    def of(self, member: Member, part: Part) -> Trunk:
        """The trunk of a network with a part."""
        lines, trunk = self._written(*member, part)
        text = "\n".join(lines)
        known = self._known.get(text)
        if known is None:
            name = self.names.new(f"{class_name(part.network.replace('.', '_'), part.doc)}Backbone")
            known = self._known[text] = trunk._replace(name=name)
            self.texts.append(f"class {name}(nn.Module):\n{text}\n")
        return known

    def _written(self, number: int, architecture: Architecture, part: Part) -> tuple[list[str], Trunk]:
        try:
            writer = NetworkWriter("", [(number, architecture)], self.classes)
            before = writer.before_head()
        except Unmergeable:
            writer = NetworkWriter("", [(number, architecture)], self.classes, listed=True)
            before = writer.before_head()
        own = writer.builder.arguments
        stages = before.stages
        options = {"in_channels": "in_channels: int"}
        if stages is not None and stages.uses_drop_path:
            options["drop_path_rate"] = "drop_path_rate: float"
        stem = before.stem if before.stem else ["self.stem = nn.Identity()"]
        parameters = [*options.values(), *(f"{name}: {annotation(values)}" for name, values in own.items())]
        doc = f"The stem and the stages of {part.network}, without its head."
        lines = [
            *(f"    {line}".rstrip() for line in docstring_lines(doc)),
            "",
            *call_lines("    def __init__", ["self", *parameters], " -> None:"),
            "        super().__init__()",
            *(f"        {line}" for line in [*stem, *before.loop]),
            *_methods(architecture.input, stages is not None),
        ]
        arguments = [*(f"{name}={name}" for name in options), *(f"{name}={literal(own[name][0])}" for name in own)]
        facts = "drop_path_rate" in options, stages is not None, writer.has_stem_maps, writer.is_fixed
        return lines, Trunk("", tuple(arguments), *facts)


def _methods(image: Shape, has_stages: bool) -> list[str]:
    body = ["return [self.stem(x)]"]
    what = "the map of the stem, in a list"
    if has_stages:
        what = "the maps of the stem and of every stage"
        body = [
            "maps = [self.stem(x)]",
            "for stage in self.stages:",
            "    maps.append(stage(maps[-1]))",
            "return maps",
        ]
    return [
        "",
        "    def forward(self, x: Tensor) -> list[Tensor]:",
        f'        """{images(image)}, to {what}."""',
        *(f"        {line}" for line in body),
    ]
