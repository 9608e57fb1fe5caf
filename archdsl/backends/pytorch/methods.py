"""The methods of a model's class: how images flow, and the interfaces that people know from timm and torchvision."""

from __future__ import annotations

from dataclasses import dataclass, field

from archdsl.backends.pytorch.steps import Child


@dataclass
class Head:
    """A head in its parts: what still makes maps, what makes the vector, and the classifier."""

    maps: list[Child] = field(default_factory=list)
    pool: list[Child] = field(default_factory=list)
    classifier: str | None = None  # the attribute
    features: str = ""  # the text of the classifier's input size
    bias: str = "True"
    single: frozenset[str] = frozenset()  # the parts that are one layer

    @property
    def parts(self) -> list[str]:
        """The attributes that hold the parts there are."""
        parts = [part for part, children in (("head", self.maps), ("pool", self.pool)) if children]
        return [*parts, self.classifier] if self.classifier else parts


def method_lines(head: Head, in_channels: int, has_stem: bool, has_stages: bool) -> list[str]:
    """The methods, each after an empty line."""
    stem = "self.stem(x)" if has_stem else "x"
    flow = f"self.stages({stem})" if has_stages else stem
    flow = f"self.head({flow})" if head.maps else flow
    lines = _method(
        "forward_features(self, x: Tensor) -> Tensor",
        f"Images, B x {in_channels} x H x W, to the last feature map.",
        *([f"features: Tensor = {flow}", "return features"] if flow != "x" else ["return x"]),
    )
    lines += _head_methods(head, has_stages)
    whole = "return self.forward_head(self.forward_features(x))"
    if not has_stages:
        return [*lines, *_method("forward(self, x: Tensor) -> Tensor", "", whole)]
    lines += _method(
        "forward_intermediates(self, x: Tensor) -> list[Tensor]",
        "The feature maps that `feature_info` lists, one for each reduction, largest first.",
        *([f"x = {stem}"] if has_stem else []),
        "features: list[Tensor] = []",
        "for index, stage in enumerate(self.stages):",
        "    x = stage(x)",
        "    if index in self.feature_stages:",
        "        features.append(x)",
        "return features",
    )
    return lines + _method(
        "forward(self, x: Tensor) -> Tensor | list[Tensor]",
        "",
        "if self.features_only:",
        "    return self.forward_intermediates(x)",
        whole,
    )


def _head_methods(head: Head, has_features: bool) -> list[str]:
    pooled = ["x = self.pool(x)"] if head.pool else []
    if head.classifier is None:
        return _method(
            "forward_head(self, x: Tensor) -> Tensor",
            "The last feature map to what the network puts out.",
            *(["pooled: Tensor = self.pool(x)", "return pooled"] if head.pool else ["return x"]),
        )
    name = head.classifier
    refusal = ("if self.features_only:", '    raise RuntimeError("a model of features has no classifier")')
    bias = ", bias=False" if head.bias == "False" else ""
    return [
        *_method(
            "forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor",
            "The last feature map to logits, or to the vector that the classifier reads.",
            *pooled,
            "if not pre_logits:",
            f"    x = self.{name}(x)",
            "return x",
        ),
        *_method(
            "reset_classifier(self, num_classes: int) -> None",
            "A fresh classifier for other classes; 0 leaves it out.",
            *(refusal if has_features else ()),
            "like = next(self.parameters(), torch.empty(0))",
            f"self.{name} = self._linear(num_classes).to(like.device, like.dtype)",
            f"self.{name}.apply(initialize)",
        ),
        *_method(
            "_linear(self, num_classes: int) -> nn.Module",
            "",
            f"return nn.Linear(self.num_features, num_classes{bias}) if num_classes else nn.Identity()",
        ),
    ]


def _method(signature: str, doc: str, *body: str) -> list[str]:
    lines = ["", f"    def {signature}:"]
    if doc:
        lines.append(f'        """{doc}"""')
    return [*lines, *(f"        {line}" for line in body)]
