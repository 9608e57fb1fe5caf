"""Small networks that nobody would publish: odd channels, kernels and strides, and every operator in odd places."""

from __future__ import annotations

from random import Random

_CHANNELS = (1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 17, 20, 24, 32, 40, 64)
_NORMS = ("batch_norm", "layer_norm", "l2_norm", "group_norm({channels})", "group_norm(1)")
_ACTIVATIONS = ("relu", "silu", "gelu", "hard_swish", "sigmoid", "softplus", "prelu", "silu(gain = 1.5)")
_ARRANGED = (
    "pad(1)",
    "resize(2)",
    "resize(2, mode = nearest)",
    "channel_shuffle({group})",
    "chunk({group}, 1)",
    "gain(0.5)",
    "channel_gain(0.5)",
    "dropout(0.2)",
    "squeeze_excite(2)",
)
_POOLS = (
    "max_pool(3, stride = 2)",
    "avg_pool(2)",
    "max_pool(7, stride = 1)",
    "avg_pool(5, stride = 3, padding = same)",
)
_COMBINED = ("x + y", "x * y", "x / y", "x - y", "concat(x, y, x, x, y)", "x * (y -> global_avg_pool)")
_HEADS = (
    "global_avg_pool -> linear(classes)",
    "global_max_pool -> flatten -> linear(1) -> linear(classes)",
    "global_avg_pool -> conv(classes)",
    "linear(classes)",
)


def unusual(random: Random) -> str:
    """The text of one network; a few are not valid, and for the compiler to refuse."""
    channels = random.choice((1, 2, 3, 3, 4, 6, 8, 12))
    size = random.choice((14, 24, 32, 33, 48, 64, 80))
    source, blocks, steps = f"{channels} x {size} x {size}", [], []
    for number in range(random.randint(1, 5)):
        kind = random.randint(0, 9)
        if kind <= 5 or not steps:
            step, channels = _convolution(random, channels)
        elif kind == 6:
            step = random.choice(_NORMS)
        elif kind == 7:
            step = random.choice(_ACTIVATIONS)
        elif kind == 8:
            step = random.choice((*_ARRANGED, *_POOLS))
        else:
            first, channels = _convolution(random, channels)
            second = f"conv({channels}{random.choice(('', ', 3'))}{', stride = 2' if 'stride = 2' in first else ''})"
            combined = random.choice(_COMBINED)
            step = f"both_{number}"
            blocks.append(f"block {step}() {{\n  x = in -> {first}\n  y = in -> {second}\n  out = {combined}\n}}")
            channels *= 5 if combined.startswith("concat") else 1
        divisors = [divisor for divisor in (1, 2, 3, 4, 5, 8) if channels % divisor == 0]
        group = random.choice(divisors)
        steps.append(step.format(channels=channels, group=group))
        if step.startswith("chunk"):
            channels //= group
    head = random.choice(_HEADS)
    model = (
        f"  input = {source}\n  classes = {random.choice((1, 10, 100))}\n  stem = {' -> '.join(steps)}\n  head = {head}"
    )
    return "\n".join([*blocks, f"model unusual {{\n{model}\n}}\n"])


def _convolution(random: Random, channels: int) -> tuple[str, int]:
    """One that reads that many channels, and how many it puts out."""
    kernel = random.choice(("1", "1", "2", "3", "3", "3", "3", "5", "7", "1 x 3", "3 x 1"))
    options = f"{kernel}{random.choice(('', '', '', ', stride = 2', ', bias = true', ', padding = same'))}"
    if kernel.isdigit() and "stride" not in options and random.random() < 0.1:
        options += ", dilation = 2"
    kind = random.randint(0, 9)
    if kind <= 6:
        written = random.choice(_CHANNELS)
        return f"conv({written}, {options})", written
    if kind == 7:
        return f"depthwise({options})", channels
    if kind == 8:
        groups = random.choice([divisor for divisor in (1, 2, 3, 4, 8) if channels % divisor == 0])
        written = groups * random.choice((1, 2, 3, 4, 8))
        return f"conv({written}, {options}, groups = {groups})", written
    written = random.choice(_CHANNELS)
    return f"ws_conv({written}, {options})", written
