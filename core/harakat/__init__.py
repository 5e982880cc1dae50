"""harakat: Arabic text to vectors, vowel marks included.

`Encoder` turns texts into unit vectors; `available_models()` lists the models with a short name; every error is in
`harakat.errors`. Importing this package loads neither torch nor any model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harakat.errors import HarakatError

if TYPE_CHECKING:
    from harakat.encoder import Encoder
    from harakat.model.checkpoints.names import available_models

__all__ = ["Encoder", "HarakatError", "__version__", "available_models"]


def __getattr__(name: str) -> Any:
    if name == "Encoder":
        from harakat.encoder import Encoder

        return Encoder
    if name == "available_models":
        from harakat.model.checkpoints.names import available_models

        return available_models
    if name == "__version__":
        from importlib.metadata import version

        return version("harakat")
    raise AttributeError(f"module 'harakat' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
