"""What people know from timm, torchvision and Keras, and what says the same here."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.diagnostics.nearest import is_slip

# Names that are a setting or a binding here: only the name differs.
RENAMED = {
    **dict.fromkeys(
        ("activation", "activation_layer", "activation_fn", "act_layer", "act_fn", "act_func", "nonlinearity"), "act"
    ),
    **dict.fromkeys(
        ("normalization", "normalisation", "normalization_layer", "norm_layer", "norm_type", "bn", "batchnorm"), "norm"
    ),
    **dict.fromkeys(("num_classes", "n_classes", "nb_classes", "nclasses", "n_class", "class_num"), "classes"),
    **dict.fromkeys(("pad", "pad_type", "padding_type", "padding_mode", "border_mode"), "padding"),
    **dict.fromkeys(("classifier", "fc", "top", "head_layer"), "head"),
    **dict.fromkeys(("stem_layer", "conv_stem", "first_conv"), "stem"),
}

_STOCHASTIC_DEPTH = "stochastic depth is a schedule: `drop_path = ramp(0.2)`"
_DROPOUT = "dropout is a layer: `head = global_avg_pool -> dropout(0.2) -> linear(classes)`"
_IMAGE = "the image's channels, height and width are one shape: `input = 3 x 224 x 224`"
_WIDTH = "a multiplier is a parameter that `scale` reads: `scale { channels = divisible(channels * width) }`"
_DEPTH = "a multiplier is a parameter that `scale` reads: `scale { layers = ceil(layers * depth) }`"
_STEM = "the stem is a layer: `stem = conv(32, 3, stride = 2) -> norm -> act`"
_HEAD = "the head is layers: `head = conv(1280) -> norm -> act -> global_avg_pool -> linear(classes)`"
_NORM = "the layer takes it: `norm = batch_norm(eps = 1e-3, momentum = 0.01)`"
_TABLE = "stages are rows of a table: `stages { | op | channels | layers | ... }`"
_COLUMN = "the stages take it, as a column of their table: "
_TRAINING = "training stands in a table of its own: `recipe name for model { ... }`"
_WEIGHTS = "weights are not part of a spec: `archdsl weights map` brings them in"

# Names whose meaning is said in another way here.
_EXPLAINED = {
    **dict.fromkeys(
        (
            "drop_path_rate",
            "drop_connect_rate",
            "drop_connect",
            "droppath_rate",
            "stochastic_depth",
            "stochastic_depth_prob",
            "stochastic_depth_rate",
            "survival_prob",
            "survival_probability",
        ),
        _STOCHASTIC_DEPTH,
    ),
    **dict.fromkeys(("drop_rate", "dropout", "dropout_rate", "dropout_prob", "drop"), _DROPOUT),
    **dict.fromkeys(
        (
            "in_chans",
            "in_channels",
            "input_channels",
            "img_size",
            "image_size",
            "input_size",
            "input_shape",
            "image_shape",
            "input_resolution",
            "resolution",
        ),
        _IMAGE,
    ),
    **dict.fromkeys(
        ("width_mult", "width_multiplier", "width_coefficient", "channel_multiplier", "width", "alpha"), _WIDTH
    ),
    **dict.fromkeys(("depth_mult", "depth_multiplier", "depth_coefficient", "depth"), _DEPTH),
    **dict.fromkeys(("stem_size", "stem_chs", "stem_channels", "stem_width", "stem_ch", "inplanes"), _STEM),
    **dict.fromkeys(
        (
            "num_features",
            "head_channels",
            "last_channel",
            "include_top",
            "global_pool",
            "pooling",
            "avg_pool",
            "classifier_activation",
        ),
        _HEAD,
    ),
    **dict.fromkeys(("bn_eps", "bn_momentum", "eps", "epsilon", "momentum", "batch_norm_epsilon"), _NORM),
    **dict.fromkeys(
        ("block_args", "blocks_args", "arch_def", "layers", "depths", "widths", "dims", "channels", "blocks"), _TABLE
    ),
    **dict.fromkeys(("se_ratio", "rd_ratio", "se_layer", "squeeze_factor"), f"{_COLUMN}`se`"),
    **dict.fromkeys(("expand_ratio", "exp_ratio", "expansion_ratio", "expansion"), f"{_COLUMN}`expansion`"),
    **dict.fromkeys(("kernel_size", "kernel_sizes", "kernel"), f"{_COLUMN}`kernel`"),
    **dict.fromkeys(("strides", "stride"), f"{_COLUMN}`stride`"),
    **dict.fromkeys(
        ("lr", "learning_rate", "optimizer", "batch_size", "epochs", "weight_decay", "label_smoothing"), _TRAINING
    ),
    **dict.fromkeys(("pretrained", "weights", "checkpoint", "checkpoint_path"), _WEIGHTS),
}


def counterpart(name: str, value: str | None = None, ours: Iterable[str] = ()) -> str | None:
    """What a model binds instead of a name that other libraries have, or of a slip in one, unless it is a slip in one
    of `ours`; `value` is what it was to be, as written."""
    lower = name.lower()
    found = _of(lower, value)
    if found is not None or any(is_slip(lower, known) for known in ours):
        return found
    # Only what can be nothing but a slip, and means one thing: anything else would be a guess.
    said = {_of(known, value) for known in (*RENAMED, *_EXPLAINED) if is_slip(lower, known)}
    return said.pop() if len(said) == 1 else None


def _of(name: str, value: str | None) -> str | None:
    if (own := RENAMED.get(name)) is not None:
        what = "binding" if own in ("classes", "head", "stem") else "setting"
        return f"the {what} is `{own}`" + (f": `{own} = {value}`" if value is not None else "")
    return _EXPLAINED.get(name)
