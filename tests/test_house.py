"""The walls of the house: sizes of modules, mirrors of rooms, heavy imports, words that have no place."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ee_floods"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

HEAVY = {
    # Where each heavy package may be imported at all, as prefixes of module paths.
    "tensorflow": ("models/", "training/", "data/", "inference/runtimes.py"),
    "keras": ("models/", "training/", "inference/runtimes.py"),
    "geemap": ("maps/",),
    "xee": ("export/",),
    "apache_beam": ("export/",),
    "uvicorn": ("engine/",),
    "starlette": ("engine/",),
}
AT_USE_ONLY = {"tensorflow", "keras", "geemap", "xee", "apache_beam", "ee", "google.cloud"}
"""Packages that are never imported when a module loads, but for the modules of a network and its training."""
NETWORK = ("models/deeplab/", "models/keras_", "training/")


def _imports(path: Path) -> list[tuple[str, bool]]:
    """Imported names with whether they load with the module (type-checking blocks apart)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        found += [(name, id(node) not in inside) for name in names]
    return found


def _is(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda p: str(p.relative_to(ROOT)))
def test_module_is_under_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils.py", "util.py", "common.py", "helpers.py", "helper.py", "misc.py"}
    assert [str(p) for p in MODULES if p.name in drawers] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_where_they_belong(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    for name, at_load in _imports(path):
        for package, rooms in HEAVY.items():
            if _is(name, package):
                assert place.startswith(rooms), f"{place} imports {name}"
        if at_load and any(_is(name, package) for package in AT_USE_ONLY):
            assert place.startswith(NETWORK), f"{place} imports {name} when it loads"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, ee_floods; "
        "print([m for m in ('ee', 'numpy', 'rasterio', 'tensorflow', 'keras', 'geemap') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_public_names_of_the_stub_resolve() -> None:
    import ee_floods

    missing = [name for name in ee_floods.__all__ if getattr(ee_floods, name, None) is None]
    assert missing == []


def test_no_room_takes_the_name_of_a_public_function() -> None:
    """Importing a room sets an attribute of the package, which would hide the function."""
    import ee_floods

    rooms = {p.stem for p in PACKAGE.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert rooms & set(ee_floods.__all__) == {"errors"}


@pytest.mark.parametrize("room", sorted(p.name for p in PACKAGE.iterdir() if (p / "__init__.py").is_file()))
def test_every_room_has_a_mirror_in_the_tests(room: str) -> None:
    mirror = ROOT / "tests" / room
    assert mirror.is_dir() or (ROOT / "tests" / f"test_{room}.py").is_file()
    if mirror.is_dir():
        assert list(mirror.rglob("test_*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nothing_is_swallowed_or_left_for_later(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for word in ("TODO", "FIXME", "XXX"):
        assert word not in source
    for node in ast.walk(ast.parse(source)):
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"bare except in {path}"
        assert not (isinstance(node, ast.Name) and node.id in ("eval", "exec")), f"{node.id} in {path}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_public_things_say_what_they_give(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name} has no docstring"


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_links_of_the_documentation_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "@@" not in text
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target
