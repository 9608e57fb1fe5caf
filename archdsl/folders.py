"""Where the published architectures are."""

from __future__ import annotations

from pathlib import Path

SHIPPED = "archdsl:"


def specs_folder() -> Path:
    """The folder of the shipped `.arch` files: `archdsl/specs` in a wheel, `specs` beside the package in a checkout."""
    package = Path(__file__).parent
    installed = package / "specs"
    return installed if installed.is_dir() else package.parent / "specs"


def devices_folder() -> Path:
    """The folder of the device profiles that ship."""
    return Path(__file__).parent / "devices"


def device_names() -> tuple[str, ...]:
    """The devices whose profiles ship."""
    return tuple(sorted(path.stem for path in devices_folder().iterdir() if path.suffix in (".toml", ".json")))


def shipped(text: str) -> Path | None:
    """The shipped file that `archdsl:resnet.arch` names, whether it is there or not; None for any other text."""
    name = text.removeprefix(SHIPPED)
    return specs_folder() / name if name != text and name == Path(name).name else None


def shipped_name(path: Path) -> str | None:
    """`archdsl:resnet.arch` for a shipped file, None for another."""
    return f"{SHIPPED}{path.name}" if path.resolve().parent == specs_folder().resolve() else None
