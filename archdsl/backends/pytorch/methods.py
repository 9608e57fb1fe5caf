"""The methods of a model's class: how images flow, and the interfaces that people know from timm and torchvision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archdsl.backends.pytorch.layout import WIDTH, call_lines, expression_lines
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.steps import Child
from archdsl.backends.pytorch.texts import docstring_lines, literal
from archdsl.ir.base import Shape
from archdsl.ir.description import Description
from archdsl.ir.formula import Expression
from archdsl.ir.names import python_name


@dataclass
class Reset:
    """How a part of a head without a final linear layer gets layers for other classes.

    `made` constructs the part, of `num_classes` and attributes; `kept` are the variables of the constructor that become
    these. `layers` are the paths inside of the part that follow the number of classes; none where it is such a layer.
    """

    part: str
    made: Expression
    kept: Mapping[str, str]
    layers: tuple[str, ...]
    initialize: str

    @property
    def method(self) -> str:
        return f"make_{self.part}"

    def lines(self) -> list[str]:
        body = [
            "if num_classes < 1:",
            '    raise ValueError(f"there is nothing to put out for {num_classes} classes")',
            "like = next(self.parameters(), torch.empty(0))",
            f"fresh = self.{self.method}(num_classes).apply({self.initialize})",
            "fresh.to(like.device, like.dtype).train(self.training)",
        ]
        if not self.layers:
            body.append(f"self.{self.part} = fresh")
        elif len(self.layers) == 1:
            name = literal(self.layers[0])
            body.append(f"self.{self.part}.set_submodule({name}, fresh.get_submodule({name}))")
        else:
            loop = f"for name in ({', '.join(map(literal, self.layers))}):"
            body += [loop] if len(loop) <= WIDTH - 8 else _one_a_line(self.layers)
            body.append(f"    self.{self.part}.set_submodule(name, fresh.get_submodule(name))")
        return [
            *_method(
                f"{self.method}(self, num_classes: int) -> nn.Module",
                "For so many classes, with fresh weights.",
                *expression_lines("return ", self.made),
            ),
            *_method(
                "reset_classifier(self, num_classes: int) -> None",
                "Fresh layers where their shapes follow the number of classes; all others stay as they are.",
                *body,
            ),
        ]


def _one_a_line(layers: Sequence[str]) -> list[str]:
    return ["for name in (", *(f"    {literal(layer)}," for layer in layers), "):"]


@dataclass
class Head:
    """A head in its parts: what still makes maps, what makes the vector, and the classifier."""

    maps: list[Child] = field(default_factory=list)
    pool: list[Child] = field(default_factory=list)
    classifier: str | None = None  # the attribute
    features: Expression | None = None  # the classifier's input size
    bias: bool = True
    single: frozenset[str] = frozenset()  # the parts that are one layer
    # The maps that a head reads by name, as positions: 0 is that of the stem, 1 that of the first stage; the `images`
    # that it reads, by their paths, come first.
    reads: list[int] | None = None
    images: tuple[str, ...] = ()
    returns: str = "Tensor"  # the type of what the network puts out
    reset: Reset | None = None

    @property
    def linear(self) -> str:
        """The text that constructs a classifier."""
        bias = "" if self.bias else ", bias=False"
        return f"nn.Linear(self.num_features, num_classes{bias}) if num_classes else nn.Identity()"


class Images:
    """What a network reads, as the variables of its methods: `x`, or the names of several inputs."""

    def __init__(self, architecture: Description):
        names = Names(("self", "maps", "stage"))
        self.shapes = [*architecture.images.values()]
        self.has_names = bool(architecture.inputs)
        self.variables = dict.fromkeys(architecture.images, "x")
        if self.has_names:
            paths = zip(architecture.images, architecture.inputs, strict=True)
            self.variables = {path: names.new(python_name(name)) for path, name in paths}
        self.first = self.variables[architecture.first]

    @property
    def parameters(self) -> str:
        return ", ".join(f"{name}: Tensor" for name in self.variables.values())

    @property
    def arguments(self) -> str:
        return ", ".join(self.variables.values())

    @property
    def said(self) -> str:
        """In words."""
        if not self.has_names:
            return images(self.shapes[0])
        named = zip(self.variables.values(), self.shapes, strict=True)
        texts = (f"`{name}` B x {shape.channels} x {'L' if shape.is_line else 'H x W'}" for name, shape in named)
        return f"{'Series' if self.shapes[0].is_line else 'Images'}, {' and '.join(texts)}"


def method_lines(head: Head, image: Images, has_stem: bool, has_stages: bool, part: str = "") -> list[str]:
    """The methods, each after an empty line. `part` is the attribute that has the stem and the stages."""
    if head.reads is not None:
        return _methods_of_maps(head, head.reads, image, has_stem, has_stages, part)
    flow = f"self.stem({image.first})" if has_stem else image.first
    flow = f"self.stages({flow})" if has_stages else flow
    flow = f"self.{part}({image.first})[-1]" if part else flow
    flow = f"self.head({flow})" if head.maps else flow
    return [
        *_method(
            f"forward_features(self, {image.parameters}) -> Tensor",
            f"{image.said}, to the last feature map.",
            f"return {flow}",
        ),
        *_head_methods(head),
        *(_checkpointing(part) if has_stages else ()),
        *_forward(image, "Tensor"),
    ]


def images(image: Shape) -> str:
    """What a network reads, in words."""
    return f"Series, B x {image.channels} x L" if image.is_line else f"Images, B x {image.channels} x H x W"


def _methods_of_maps(
    head: Head, reads: Sequence[int], image: Images, has_stem: bool, has_stages: bool, part: str
) -> list[str]:
    """The methods of a network whose head reads several maps."""
    own = [image.variables[path] for path in head.images]
    first = [*own, f"self.stem({image.first})" if has_stem else image.first]
    lines = [f"return [{', '.join(first)}]"]
    if part:
        maps = f"self.{part}({image.first})"
        lines = [f"return [{', '.join(own)}, *{maps}]" if own else f"return {maps}"]
    elif has_stages:
        lines = [f"maps = [{', '.join(first)}]", "for stage in self.stages:", "    maps.append(stage(maps[-1]))"]
        lines.append("return maps")
    maps = _said(has_stem, has_stages)
    what, given = (f"themselves and {maps}", f"Images and {maps}") if own else (maps, f"T{maps[1:]}")
    if not (has_stem or has_stages):
        what, given = "a list of them", "The images"
    read = ["maps[-1]", *(f"maps[{number}]" for number in reads)]
    return [
        *_method(
            f"forward_features(self, {image.parameters}) -> list[Tensor]",
            f"{image.said}, to {what}.",
            *lines,
        ),
        *_method(
            f"forward_head(self, maps: list[Tensor]) -> {head.returns}",
            f"{given} to what the network puts out.",
            *call_lines("return self.head", read, ""),
        ),
        *(head.reset.lines() if head.reset is not None else ()),
        *(_checkpointing(part) if has_stages else ()),
        *_forward(image, head.returns),
    ]


def _forward(image: Images, returns: str) -> list[str]:
    body = f"return self.forward_head(self.forward_features({image.arguments}))"
    return _method(f"forward(self, {image.parameters}) -> {returns}", "", body)


def _said(has_stem: bool, has_stages: bool) -> str:
    """What the maps are that a head reads, in words."""
    if has_stages:
        return "the maps of the stem and of every stage"
    return "the map of the stem" if has_stem else "the images"


def _head_methods(head: Head) -> list[str]:
    if head.classifier is None:
        forward = _method(
            "forward_head(self, x: Tensor) -> Tensor",
            "The last feature map to what the network puts out.",
            "return self.pool(x)" if head.pool else "return x",
        )
        return [*forward, *(head.reset.lines() if head.reset is not None else ())]
    name = head.classifier
    pooled = ["x = self.pool(x)"] if head.pool else []
    return [
        *_method(
            "forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor",
            "The last feature map to logits, or to the vector that the classifier reads.",
            *pooled,
            f"return x if pre_logits else self.{name}(x)",
        ),
        *_method(
            "reset_classifier(self, num_classes: int) -> None",
            "A fresh classifier for other classes; 0 leaves it out.",
            "like = next(self.parameters(), torch.empty(0))",
            f"classifier = {head.linear}",
            f"self.{name} = classifier.apply(initialize).to(like.device, like.dtype)",
        ),
    ]


def _method(signature: str, doc: str, *body: str) -> list[str]:
    lines = ["", f"    def {signature}:"]
    if len(lines[1]) > WIDTH:
        name, _, rest = signature.partition("(")
        parameters, _, returned = rest.rpartition(")")
        lines[1:] = call_lines(f"    def {name}", parameters.split(", "), f"{returned}:")
    if doc:
        written = f'        """{doc}"""'
        lines += [written] if len(written) <= WIDTH else [f"        {line}" for line in docstring_lines(doc)]
    return [*lines, *(f"        {line}" for line in body)]


def _checkpointing(part: str) -> list[str]:
    return _method(
        "set_grad_checkpointing(self, enable: bool = True) -> None",
        "Saves memory in training: what is inside the layers of the stages is not kept, but computed twice.",
        f"for stage in self.{part}.stages:" if part else "for stage in self.stages:",
        "    if isinstance(stage, Stage):",
        "        stage.grad_checkpointing = enable",
    )
