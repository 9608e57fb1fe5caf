"""Where the published architectures and the examples are."""

from __future__ import annotations

from pathlib import Path

SHIPPED = "archdsl:"


def specs_folder() -> Path:
    """The folder of the shipped `.arch` files: `archdsl/specs` in a wheel, `specs` beside the package in a checkout."""
    return _folder("specs")


def examples_folder() -> Path:
    """The folder of the examples, shipped likewise."""
    return _folder("examples")


def recipes_folder() -> Path:
    """The folder of the recipes of the papers, shipped likewise."""
    return _folder("recipes")


def shipped_files() -> list[Path]:
    """All shipped `.arch` files, the published architectures first."""
    return [path for folder in (specs_folder(), examples_folder()) for path in sorted(folder.glob("*.arch"))]


def library_folder() -> Path:
    """The folder of the standard library."""
    return Path(__file__).parent / "stdlib"


def devices_folder() -> Path:
    """The folder of the device profiles that ship."""
    return Path(__file__).parent / "devices"


def device_names() -> tuple[str, ...]:
    """The devices whose profiles ship."""
    return tuple(sorted(path.stem for path in devices_folder().iterdir() if path.suffix in (".toml", ".json")))


def shipped(text: str) -> Path | None:
    """The shipped file that `archdsl:resnet.arch` names, whether it is there or not; None for any other text.

    Its folder may be said, too: `archdsl:examples/regnet.arch`; for a recipe it must be: `archdsl:recipes/resnet.arch`.
    """
    name = text.removeprefix(SHIPPED)
    if name == text:
        return None
    folders = {"specs/": specs_folder(), "examples/": examples_folder()}
    for prefix, folder in {**folders, "recipes/": recipes_folder()}.items():
        if name.startswith(prefix) and _is_plain(name.removeprefix(prefix)):
            return folder / name.removeprefix(prefix)
    if not _is_plain(name):
        return None
    return next((folder / name for folder in folders.values() if _is_there(folder / name)), specs_folder() / name)


def shipped_beside(text: str) -> list[str]:
    """The names of the shipped files that one which is not there may stand for: recipes, where it says so."""
    folder = f"{SHIPPED}recipes/"
    if text.startswith(folder):
        return [f"{folder}{path.name}" for path in sorted(recipes_folder().glob("*.arch"))]
    return [f"{SHIPPED}{path.name}" for path in shipped_files()]


def shipped_name(path: Path) -> str | None:
    """`archdsl:resnet.arch` for a shipped file, None for another."""
    folder = path.resolve().parent
    if folder == recipes_folder().resolve():
        return f"{SHIPPED}recipes/{path.name}"
    return f"{SHIPPED}{path.name}" if folder in (specs_folder().resolve(), examples_folder().resolve()) else None


def _folder(name: str) -> Path:
    package = Path(__file__).parent
    installed = package / name
    return installed if installed.is_dir() else package.parent / name


def _is_plain(name: str) -> bool:
    """Whether a name is that of a file in a folder, and leads nowhere else."""
    return name == Path(name).name


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
