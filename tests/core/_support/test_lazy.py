"""Packages that import their names when they are first asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from harakat._support.lazy import lazy_names

PACKAGES = [
    "harakat",
    "harakat.arabic",
    "harakat.interop",
    "harakat.training",
    "harakat.training.pretraining",
    "qdrant_harakat",
]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_has_the_names_it_lists(name: str) -> None:
    package = import_module(name)
    assert dir(package) == sorted(package.__all__)
    for each in package.__all__:
        assert hasattr(package, each), each
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        _ = package.nothing


def test_a_home_is_imported_when_a_name_of_its_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lazy_package"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from harakat._support.lazy import lazy_names\n"
        "__all__ = ['one']\n"
        "__getattr__, __dir__ = lazy_names(__name__, {'lazy_package.home': ('one',)}, __all__)\n"
    )
    (folder / "home.py").write_text("one = object()\n")
    monkeypatch.syspath_prepend(tmp_path)
    package = import_module("lazy_package")
    try:
        assert "lazy_package.home" not in sys.modules
        first = package.one
        assert vars(package)["one"] is first is sys.modules["lazy_package.home"].one
    finally:
        for name in ("lazy_package", "lazy_package.home"):
            sys.modules.pop(name, None)


def test_an_error_of_the_home_is_not_hidden() -> None:
    get, _ = lazy_names("harakat", {"harakat.no_such_module": ("name",)}, ["name"])
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        get("name")
