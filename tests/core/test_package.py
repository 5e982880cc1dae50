"""The package's face: light to import, honest about what is missing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import harakat
from harakat import errors
from harakat._support.extras import require


def test_import_is_light() -> None:
    """Under 0.2 s and without torch (best of five, in fresh processes)."""
    code = (
        "import sys, time; t = time.perf_counter(); import harakat; t = time.perf_counter() - t\n"
        "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules), 'heavy import'\n"
        "print(t)"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(times) < 0.2


def test_arabic_script_needs_no_torch() -> None:
    code = (
        "import sys, harakat.arabic, harakat.errors\n"
        "import harakat.arabic.tokenizers.neoarabert, harakat.arabic.tokenizers.mini\n"
        "harakat.arabic.to_imlai('\\u0671\\u0644')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names_exist() -> None:
    for name in harakat.__all__:
        assert getattr(harakat, name) is not None
    assert set(harakat.__all__) <= set(dir(harakat))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = harakat.nothing


def test_every_error_is_of_the_family() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, errors.HarakatError) or issubclass(kind, Warning)
        assert kind.__doc__


def test_a_missing_extra_says_what_to_install() -> None:
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'harakat\[chroma\]'"):
        require("no_such_module_anywhere", "chroma")
    with pytest.raises(ImportError):
        require("no_such_module_anywhere.inner", "chroma")


def test_an_error_inside_an_installed_extra_is_not_masked(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "broken_extra.py").write_text("import not_there_at_all")
    monkeypatch.syspath_prepend(str(tmp_path))
    start = time.perf_counter()
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all") as caught:
        require("broken_extra", "chroma")
    assert not isinstance(caught.value, errors.MissingExtraError)
    assert time.perf_counter() - start < 5
