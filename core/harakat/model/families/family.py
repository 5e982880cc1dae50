"""One family of networks: the functions that open its checkpoints, and its capabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from harakat.arabic.tokenizers.tokens import TextTokenizer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from harakat.model.layers.attention import Attention

__all__ = ["Family", "Network", "NetworkFiles", "OneText", "TokenizerOptions"]


class Network(Protocol):
    """A network as the encoder uses it (see `harakat.model.families.neoarabert_network.NeoAraBERT.forward`)."""

    @property
    def hidden_size(self) -> int:
        """Width of the output."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Numbers of its config that decide a vector, by name; JSON values."""

    def __call__(self, ids: Tensor, positions: Tensor, attention: Attention, marks: Tensor | None = None) -> Tensor:
        """Compute token vectors, (T, hidden_size), of flat tokens."""


class OneText(Protocol):
    """A network's short path for a single short text."""

    def __call__(self, ids: NDArray[Any], marks: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """Compute the mean of the token vectors, float32 (hidden_size,)."""


class NetworkFiles(NamedTuple):
    """The files of a network, found and read as far as all families share it."""

    folder: Path
    config: dict[str, Any]
    """Content of config.json."""
    max_positions: int
    """Longest sequence in tokens that the network can take."""
    weights: Sequence[Path]
    """The safetensors files, in the order they are read."""


class TokenizerOptions(NamedTuple):
    """Options of a tokenizer; None leaves a choice to the checkpoint."""

    spelling: str
    """``"as-is"``, ``"imlai"``, or ``"everyday"`` where the format of the checkpoint reads by all rules."""
    segmentation: bool | None = None
    """True to split clitics off."""
    morphology: str | None = None
    """Morphology data: a name or a folder."""


@dataclass(frozen=True)
class Family:
    """A family of networks.

    Attributes:
        model_type: Its name in config.json.
        load: Builds the network, filled, on a device and in a number format.
        open_tokenizer: Reads the tokenizer of a checkpoint folder.
        needs_morphology: Reads from a folder whether its tokenizer needs morphology data.
        one_text: Gives the short path of a network, if it has one in this form.
        tokenizer_choice: Whether spelling and segmentation can be other than the checkpoint says.
        in_transformers: Whether `harakat.interop` registers classes for it, by which other libraries load, train and
            save it.
        exports: Whether it can be written in formats that need no harakat (EuroBERT, ONNX).
        gradient_checkpointing: Whether training can recompute activations to save memory.
        masked_lm: Whether `harakat.training.pretraining` trains it.
    """

    model_type: str
    load: Callable[[NetworkFiles, torch.device | str, torch.dtype], Any]
    open_tokenizer: Callable[[Path, TokenizerOptions], TextTokenizer]
    needs_morphology: Callable[[Path], bool]
    one_text: Callable[[Any], OneText | None]
    tokenizer_choice: bool
    in_transformers: bool
    exports: bool
    gradient_checkpointing: bool
    masked_lm: bool
