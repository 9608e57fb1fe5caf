"""The methods of a model's class: how images flow, and the interfaces that people know from timm and torchvision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archdsl.backends.pytorch.layout import WIDTH, call_lines, expression_lines
from archdsl.backends.pytorch.steps import Child
from archdsl.backends.pytorch.texts import literal
from archdsl.ir.base import Shape
from archdsl.ir.formula import Expression


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
    # The maps that a head reads by name, as positions: 0 is that of the stem, 1 that of the first stage; where it
    # `reads_images`, they come first.
    reads: list[int] | None = None
    reads_images: bool = False
    returns: str = "Tensor"  # the type of what the network puts out
    reset: Reset | None = None

    @property
    def linear(self) -> str:
        """The text that constructs a classifier."""
        bias = "" if self.bias else ", bias=False"
        return f"nn.Linear(self.num_features, num_classes{bias}) if num_classes else nn.Identity()"


def method_lines(head: Head, image: Shape, has_stem: bool, has_stages: bool, part: str = "") -> list[str]:
    """The methods, each after an empty line. `part` is the attribute that has the stem and the stages."""
    if head.reads is not None:
        return _methods_of_maps(head, head.reads, image, has_stem, has_stages, part)
    flow = "self.stem(x)" if has_stem else "x"
    flow = f"self.stages({flow})" if has_stages else flow
    flow = f"self.{part}(x)[-1]" if part else flow
    flow = f"self.head({flow})" if head.maps else flow
    return [
        *_method(
            "forward_features(self, x: Tensor) -> Tensor",
            f"{images(image)}, to the last feature map.",
            f"return {flow}",
        ),
        *_head_methods(head),
        *(_checkpointing(part) if has_stages else ()),
        *_method("forward(self, x: Tensor) -> Tensor", "", "return self.forward_head(self.forward_features(x))"),
    ]


def images(image: Shape) -> str:
    """What a network reads, in words."""
    return f"Series, B x {image.channels} x L" if image.is_line else f"Images, B x {image.channels} x H x W"


def _methods_of_maps(
    head: Head, reads: Sequence[int], image: Shape, has_stem: bool, has_stages: bool, part: str
) -> list[str]:
    """The methods of a network whose head reads several maps."""
    first = ["x"] * head.reads_images + ["self.stem(x)" if has_stem else "x"]
    lines = [f"return [{', '.join(first)}]"]
    if part:
        lines = [f"return [x, *self.{part}(x)]" if head.reads_images else f"return self.{part}(x)"]
    elif has_stages:
        lines = [f"maps = [{', '.join(first)}]", "for stage in self.stages:", "    maps.append(stage(maps[-1]))"]
        lines.append("return maps")
    maps = _said(has_stem, has_stages)
    what, given = (f"themselves and {maps}", f"Images and {maps}") if head.reads_images else (maps, f"T{maps[1:]}")
    if not (has_stem or has_stages):
        what = "a list of them"
    read = ["maps[-1]", *(f"maps[{number}]" for number in reads)]
    return [
        *_method(
            "forward_features(self, x: Tensor) -> list[Tensor]",
            f"{images(image)}, to {what}.",
            *lines,
        ),
        *_method(
            f"forward_head(self, maps: list[Tensor]) -> {head.returns}",
            f"{given} to what the network puts out.",
            *call_lines("return self.head", read, ""),
        ),
        *(head.reset.lines() if head.reset is not None else ()),
        *(_checkpointing(part) if has_stages else ()),
        *_method(
            f"forward(self, x: Tensor) -> {head.returns}", "", "return self.forward_head(self.forward_features(x))"
        ),
    ]


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
    if doc:
        lines.append(f'        """{doc}"""')
    return [*lines, *(f"        {line}" for line in body)]


def _checkpointing(part: str) -> list[str]:
    return _method(
        "set_grad_checkpointing(self, enable: bool = True) -> None",
        "Saves memory in training: what is inside the layers of the stages is not kept, but computed twice.",
        f"for stage in self.{part}.stages:" if part else "for stage in self.stages:",
        "    if isinstance(stage, Stage):",
        "        stage.grad_checkpointing = enable",
    )
