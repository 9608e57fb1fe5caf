"""Problems of a run: its folder, its device, its batches, and what may happen while it trains."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes

# The folder -----------------------------------------------------------------------------------------------------------


class RunExists(Problem):
    code = codes.WRONG_USAGE
    message = "{folder} holds a run already: `{name}`, {state}"
    help = "go on with it by `--resume`, start it anew by `--force`, or write to another folder"
    folder: str
    name: str
    state: str


class FolderInTheWay(Problem):
    code = codes.WRONG_USAGE
    message = "{folder} is not empty, and what is in it is not a run"
    help = "give a run a folder of its own with `--out`"
    folder: str


class RunInUse(Problem):
    code = codes.WRONG_USAGE
    message = "another training writes to {folder}{who}"
    help = "wait for it or stop it, or write to another folder with `--out`"
    folder: str
    who: str


class NoRun(Problem):
    code = codes.CANNOT_READ
    message = "{folder} is not the folder of a run: {reason}"
    help = "`archdsl train SPEC --recipe NAME --data DIR --out RUN` makes one"
    folder: str
    reason: str


class RunDiffers(Problem):
    """Something that decides what the weights will be."""

    code = codes.WRONG_USAGE
    message = "the run in {folder} was started with another {what}: {before}, not {now}"
    help = "resume it as it was started, `archdsl train --resume --out {folder}`, or start another run"
    folder: str
    what: str
    before: str
    now: str


class RunNotSaved(Problem):
    code = codes.CANNOT_WRITE
    message = "cannot write {path} of the run: {reason}"
    help = "{last}; make room, then `archdsl train --resume --out {folder}`"
    path: str
    reason: str
    last: str
    folder: str


class BadCheckpoint(Problem):
    code = codes.CANNOT_READ
    message = "cannot read the checkpoint {path}: {reason}"
    help = "remove that folder to go on from the checkpoint before it"
    path: str
    reason: str


# The set-up -----------------------------------------------------------------------------------------------------------


class MissingOfTraining(Problem):
    code = codes.MISSING_TOOL
    message = "training needs {names}"
    help = "install it with `pip install 'archdsl[train]'`"
    names: str


class MissingDevice(Problem):
    code = codes.WRONG_USAGE
    message = "there is no device `{device}` here: {reason}"
    help = "leave out `--device` for the best there is, or give `--device cpu`"
    device: str
    reason: str


class PrecisionNotHere(Problem):
    code = codes.WRONG_USAGE
    message = "{device} does not train in {precision}"
    help = "use `--precision {instead}`"
    device: str
    precision: str
    instead: str


class NoClassifierToTrain(Problem):
    code = codes.WRONG_USAGE
    message = "{network} is no classifier that could learn {classes} classes: it {output}"
    help = "have its head put out one number for each class: `head = global_avg_pool -> linear(classes)`"
    network: str
    classes: int
    output: str


class SeriesNotTrained(Problem):
    code = codes.WRONG_USAGE
    message = "a training reads images, and {network} takes series of {input}"
    help = "train the emitted module in a loop of your own"
    network: str
    input: str


class NotSquare(Problem):
    code = codes.WRONG_USAGE
    message = "images of a training are square, and {network} takes {height} x {width}"
    help = "say a side in the recipe, `resolution` and `test_resolution`"
    network: str
    height: int
    width: int


class UnevenBatch(Problem):
    code = codes.WRONG_USAGE
    message = "a batch of {batch} does not divide into {parts} equal parts: {why}"
    help = "use `--batch {suggestion}`"
    batch: int
    parts: int
    why: str
    suggestion: int


class FewImages(Problem):
    code = codes.WRONG_USAGE
    message = "{images} training images are less than one batch of {batch}"
    help = "use a smaller batch: `--batch {images}`"
    images: int
    batch: int


class SyncOnCPU(Problem):
    code = codes.WRONG_USAGE
    message = "batch norms are synchronized on GPUs only"
    help = "leave out `sync_batch_norm`, or train on GPUs"


class NoCheckpointing(Problem):
    code = codes.WRONG_USAGE
    message = "{network} has no stages whose activations could be computed twice"
    help = "leave out `--grad-checkpointing`"
    network: str


class ShardingAlone(Problem):
    code = codes.WRONG_USAGE
    message = "`--fsdp` shards a network over processes, and there is one"
    help = "start it with torchrun: `torchrun --nproc-per-node 8 -m archdsl train ...`"


# The training ---------------------------------------------------------------------------------------------------------


class Diverged(Problem):
    code = codes.DIVERGED
    message = "the loss is {loss} at step {step} (epoch {epoch}, learning rate {lr:.3g})"
    help = (
        "{last}; start another run with a lower learning rate, a longer warm-up, or gradients clipped: "
        "`--set 'clip = norm(1)'`"
    )
    loss: str
    step: int
    epoch: int
    lr: float
    last: str


class BatchTooLarge(Problem):
    code = codes.OUT_OF_MEMORY
    message = "{images} images of {resolution} x {resolution} do not fit the memory of {device}{said}"
    help = "{instead}"
    images: int
    resolution: int
    device: str
    said: str
    instead: str
