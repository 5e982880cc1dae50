"""harakat: Arabic text to vectors, vowel marks included.

`Encoder` turns texts into unit vectors; `available_models()` lists the models with a short name; every error is in
`harakat.errors`. Importing this package loads neither torch nor any model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harakat._support.lazy import lazy_names
from harakat.errors import HarakatError

if TYPE_CHECKING:
    from harakat.encoder import Encoder
    from harakat.model.checkpoints.names import available_models

__all__ = ["Encoder", "HarakatError", "__version__", "available_models"]


__version__: str

_get, __dir__ = lazy_names(
    __name__,
    {"harakat.encoder": ("Encoder",), "harakat.model.checkpoints.names": ("available_models",)},
    __all__,
)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("harakat")
    return _get(name)
