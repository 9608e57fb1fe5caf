"""The options that a built network takes: those of its emitted function, and timm's names where they mean the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import signature
from numbers import Integral
from typing import Any

from torch import nn

from archdsl.diagnostics import did_you_mean
from archdsl.ir.architecture import Architecture
from archdsl.ir.head import dropout_rates, has_classifier

# What timm or torchvision takes that is said in the text here, or by another name.
_IN_THE_TEXT = {
    **dict.fromkeys(
        ("drop_connect_rate", "stochastic_depth_prob"),
        "`drop_path_rate`, of networks with a `drop_path` in their text",
    ),
    "act_layer": "`act` in the model",
    "norm_layer": "`norm` in the model",
    "global_pool": "the pooling in the model's `head`",
    "pad_type": "`padding` in the model",
    "drop_block_rate": "nothing: there is no DropBlock",
    "img_size": "`resolution=` of `load` and `create_model`",
    "checkpoint_path": "`load_state_dict` after `archdsl weights map`",
}
# What asks for trained weights, in timm and in torchvision.
_TRAINED = ("pretrained", "weights")


def build(make: Callable[..., nn.Module], architecture: Architecture, options: dict[str, Any]) -> nn.Module:
    """A network made by its emitted function.

    Args:
        make: that function.
        architecture: what it was emitted from.
        options: those of the function, or timm's `in_chans`, `drop_rate` (of the dropouts before the classifier),
            `out_indices` (into `feature_info`, with `features_only`), `output_stride`, `pretrained=False`; or
            torchvision's `weights=None`.

    Raises:
        TypeError: for an option that the network does not have, or has in another place.
        ValueError: for a value out of range.
    """
    options = dict(options)
    rest = {name: options.pop(name, None) for name in ("drop_rate", "out_indices", "output_stride")}
    parameters = signature(make).parameters
    for name in _TRAINED:
        if name not in parameters and options.pop(name, None):
            raise TypeError(
                f"{architecture.name} comes without trained weights (`{name}`); `archdsl weights map` brings in those "
                "of timm, torchvision or a file"
            )
    if "in_chans" in options:
        if "in_channels" in options:
            raise TypeError("`in_chans` and `in_channels` are the same option; give one")
        options["in_channels"] = options.pop("in_chans")
    # Those that have to be named are the modules that the caller brings.
    known = [name for name, each in parameters.items() if each.kind is not each.KEYWORD_ONLY]
    if unknown := [name for name in options if name not in known]:
        said = [f"`{name}` is {_IN_THE_TEXT[name]}" for name in unknown if name in _IN_THE_TEXT]
        theirs = ["in_chans"] if "in_channels" in known else []
        theirs += [*(["drop_rate"] if dropout_rates(architecture) else []), "output_stride"]
        theirs += ["out_indices"] if "features_only" in known else []
        message = f"{architecture.name} has no option {', '.join(unknown)}; it has {', '.join([*known, *theirs])}"
        said += filter(None, (did_you_mean(name, [*known, *theirs]) for name in unknown if name not in _IN_THE_TEXT))
        raise TypeError("; ".join([message, *said]))
    if rest["out_indices"] is not None and not options.get("features_only"):
        raise TypeError("`out_indices` chooses maps: give `features_only=True`, too")
    if rest["drop_rate"] is not None and "dropout_rate" in known:
        if "dropout_rate" in options:
            raise TypeError("`drop_rate` and `dropout_rate` are the same option; give one")
        options["dropout_rate"] = rest["drop_rate"]
    _check_rate(options.get("dropout_rate", 0))
    _check_counts(options, least_classes=0 if has_classifier(architecture) else 1)
    model = make(**options)
    if rest["output_stride"] is not None:
        from archdsl.dilation import dilate

        dilate(model, architecture, rest["output_stride"])
    if rest["drop_rate"] is not None and "dropout_rate" not in known:
        _drop(model, architecture, rest["drop_rate"], is_of_features=bool(options.get("features_only")))
    if rest["out_indices"] is not None:
        _choose(model, rest["out_indices"])
    return model


def _check_counts(options: dict[str, Any], least_classes: int) -> None:
    """Refuses what torch would refuse in words of its own, or build something else of."""
    said = "" if least_classes else "; 0 leaves the classifier out"
    for name, least, means in (("num_classes", least_classes, said), ("in_channels", 1, "")):
        value = options.get(name, least)
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise TypeError(f"`{name}` is a whole number of at least {least}{means}, not {value!r}")
        if value < least:
            raise ValueError(f"`{name}` is a whole number of at least {least}{means}, not {value}")
    if options.get("features_only") and options.get("num_classes"):
        raise TypeError(
            "`num_classes` is of the classifier, and a network of feature maps has none: leave out `num_classes`, or "
            "`features_only`"
        )


def _check_rate(rate: float) -> None:
    if not 0 <= rate < 1:
        raise ValueError(f"drop_rate is at least 0 and less than 1, not {rate}")


def _drop(model: nn.Module, architecture: Architecture, rate: float, *, is_of_features: bool) -> None:
    """Sets the rates of the dropouts between the last map and the classifier, which no option of the function does."""
    _check_rate(rate)
    pool = getattr(model, "pool", None)
    found = [part for part in pool.modules() if isinstance(part, nn.Dropout)] if isinstance(pool, nn.Module) else []
    if rate and not found and not is_of_features:
        way = f"write one into its `head`: `dropout({rate})`"
        if architecture.head is not None and architecture.head.reads_maps:
            way = f"its head reads tensors by name, and their dropouts are in the text alone: `dropout({rate})`"
        raise TypeError(f"{architecture.name} has no dropout before its classifier; {way}")
    for part in found:
        part.p = rate


def _choose(model: Any, indices: int | Iterable[int]) -> None:
    """Leaves the feature maps of these indices, in the order of the network; negative ones count from the end."""
    count = len(model.feature_info)
    indices = [indices] if isinstance(indices, int) else list(indices)
    if wrong := [index for index in indices if not -count <= index < count]:
        maps = ", ".join(f"{index} (reduction {info['reduction']})" for index, info in enumerate(model.feature_info))
        raise ValueError(f"out_indices has no {', '.join(map(str, wrong))}; the maps are {maps}")
    chosen = sorted({index % count for index in indices})
    model.feature_info = [model.feature_info[index] for index in chosen]
