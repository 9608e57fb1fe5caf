"""What people know from training scripts, and what says the same in a recipe."""

from __future__ import annotations

_OPTIMIZER = "the optimizer takes it: `optimizer = sgd(lr = 0.1, momentum = 0.9, weight_decay = 2e-5)`"
_SCHEDULE = "the schedule takes it: `schedule = cosine(warmup = 5)`, in epochs"
_DECAY = "the schedule takes it: `schedule = exponential(rate = 0.97, every = 2.4)`"
_COMMAND = "it belongs to the command: `archdsl train --{}`"

# Settings of other libraries whose name differs.
_RENAMED = {
    "batch": ("batch_size", "global_batch_size", "train_batch_size", "batchsize", "bs"),
    "epochs": ("num_epochs", "n_epochs", "max_epochs", "train_epochs"),
    "optimizer": ("opt", "optim"),
    "schedule": ("sched", "scheduler", "lr_schedule", "lr_scheduler"),
    "clip": ("clip_grad", "clip_mode", "grad_clip", "gradient_clip_val", "agc"),
    "accumulate": ("grad_accum_steps", "accumulation_steps", "accumulate_grad_batches", "gradient_accumulation_steps"),
    "precision": ("amp", "mixed_precision", "dtype", "amp_dtype"),
    "resolution": ("img_size", "image_size", "train_size", "train_crop_size", "train_resolution", "input_size"),
    "test_resolution": ("test_size", "val_size", "val_crop_size", "eval_size", "test_img_size"),
    "test_crop": ("crop_pct", "crop_ratio"),
    "normalization": ("mean", "std", "normalize", "normalise", "normalisation"),
    "crop_scale": ("scale", "random_resized_crop", "rrc_scale"),
    "flip": ("hflip", "horizontal_flip", "random_flip"),
    "jitter": ("color_jitter", "colour_jitter"),
    "rand_augment": ("aa", "auto_augment", "randaugment", "ra_magnitude", "randaug", "randaug_magnitude", "magnitude"),
    "rand_augment_layers": ("ra_layers", "num_ops", "randaug_num_layers"),
    "erase": ("reprob", "random_erase", "random_erasing", "erasing"),
    "mixup": ("mixup_alpha", "mix_up"),
    "cutmix": ("cutmix_alpha", "cut_mix"),
    "label_smoothing": ("smoothing", "label_smooth"),
    "dropout": ("drop_rate", "drop", "dropout_rate"),
    "drop_path": ("drop_path_rate", "stochastic_depth", "drop_connect_rate", "drop_connect", "stochastic_depth_prob"),
    "ema": ("model_ema", "ema_decay", "model_ema_decay", "moving_average_decay"),
    "sync_batch_norm": ("sync_bn", "syncbn"),
    "fixres": ("fix_res", "finetune_resolution"),
    "progressive": ("progressive_learning", "progressive_resizing"),
}
_EXPLAINED = {
    **dict.fromkeys(
        ("lr", "learning_rate", "base_lr", "momentum", "weight_decay", "wd", "nesterov", "alpha"), _OPTIMIZER
    ),
    **dict.fromkeys(("warmup", "warmup_epochs", "lr_warmup_epochs", "min_lr", "warmup_steps"), _SCHEDULE),
    **dict.fromkeys(
        ("decay_rate", "decay_epochs", "lr_gamma", "gamma", "lr_step_size", "milestones", "step_size"), _DECAY
    ),
    "classes": "the data says how many classes there are",
    "num_classes": "the data says how many classes there are",
    **{name: _COMMAND.format(name) for name in ("seed", "workers", "device", "data", "compile", "init", "out")},
    "num_workers": _COMMAND.format("workers"),
    "pretrained": _COMMAND.format("init"),
    "data_dir": _COMMAND.format("data"),
    "checkpoint": _COMMAND.format("init"),
}
_OURS = {theirs: ours for ours, names in _RENAMED.items() for theirs in names}
# Functions of other libraries.
_FUNCTIONS = {
    **dict.fromkeys(("adam", "nadam", "radam", "lamb", "lion"), "`adamw` is what there is of Adam's kind"),
    **dict.fromkeys(("step", "steplr", "multistep"), "`exponential(rate = 0.1, every = 30, staircase = true)`"),
    **dict.fromkeys(("exp", "exponentiallr"), "`exponential(rate = 0.97, every = 2.4)`"),
    **dict.fromkeys(("momentum", "nesterov"), "`sgd(lr = 0.1, momentum = 0.9, nesterov = true)`"),
    **dict.fromkeys(("rmsproptf", "rmsprop_tf"), "`rmsprop`, which is TensorFlow's"),
    **dict.fromkeys(("polynomial", "poly", "none"), "`linear` goes to 0 in a straight line"),
    **dict.fromkeys(("value", "global_norm", "clip_grad_norm"), "`norm(1)` or `agc(0.01)`"),
}


def of_setting(name: str) -> str | None:
    """What a recipe says instead of a setting of another library."""
    lower = name.lower()
    return f"the setting is `{_OURS[lower]}`" if lower in _OURS else _EXPLAINED.get(lower)


def of_function(name: str) -> str | None:
    """What a recipe says instead of an optimizer or a schedule of another library."""
    return _FUNCTIONS.get(name.lower())
