"""The folders of the tests are those of the package, so that who reads one knows where the other is."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "archdsl"
# Tests of no one package: of the diagnostics of all, of generated programs, of peers, of attacks, of kills.
OF_THE_WHOLE = {"data", "errors", "fuzz", "injection", "kill", "peers", "properties"}


def test_every_folder_of_tests_has_its_package() -> None:
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")} - {Path(".")}
    strangers = [
        str(folder) for folder in folders if folder.parts[0] not in OF_THE_WHOLE and not (PACKAGE / folder).is_dir()
    ]
    assert strangers == []


def test_every_package_has_its_tests() -> None:
    """A package of its own, or the one that it is in."""
    packages = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("__init__.py")} - {Path(".")}
    missing = [str(package) for package in packages if not any((TESTS / package).glob("**/test_*.py"))]
    assert missing == []
