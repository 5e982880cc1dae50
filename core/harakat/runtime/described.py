"""What an encoder says of itself: its model, its sizes, where and how it computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harakat.model.checkpoints.fingerprint import Fingerprint
from harakat.model.pooling import Precision
from harakat.runtime.batching import Overflow

if TYPE_CHECKING:
    from harakat.runtime.load import Loaded

__all__ = ["Described"]


class Described:
    """The readable side of `harakat.Encoder`, which sets what is read here and does the work."""

    _loaded: Loaded
    _options: dict[str, Any]
    _dim: int
    _precision: Precision
    _max_length: int
    _overflow: Overflow
    _query_prompt: str
    _document_prompt: str

    @property
    def name(self) -> str:
        """The model's short name, hub id, or folder name."""
        return self._loaded.name

    @property
    def revision(self) -> str | None:
        """The commit of a hub model; None for local files."""
        return self._loaded.revision

    @property
    def dim(self) -> int:
        """How many values a vector has."""
        return self._dim

    @property
    def dims(self) -> tuple[int, ...]:
        """The dims that the checkpoint was trained for, largest first."""
        return self._loaded.dims

    @property
    def precision(self) -> Precision:
        """float32, int8 or binary."""
        return self._precision

    @property
    def max_length(self) -> int:
        """Longest sequence in tokens, special tokens included."""
        return self._max_length

    @property
    def overflow(self) -> Overflow:
        """What happens to longer texts: warn, error or chunk."""
        return self._overflow

    @property
    def device(self) -> str:
        """Where the network runs, such as ``"cpu"`` or ``"cuda:0"``."""
        return str(self._loaded.engine.device)

    @property
    def dtype(self) -> str:
        """Numbers of the computation, such as ``"float32"``."""
        return self._loaded.dtype

    @property
    def attention(self) -> str:
        """The attention in use: ``"varlen"``, ``"xformers"`` or ``"sdpa"``."""
        return self._loaded.engine.attention

    @property
    def spelling(self) -> str:
        """``"as-is"`` or ``"imlai"``."""
        return self._loaded.spelling

    @property
    def query_prompt(self) -> str:
        """Text put before each query; ``""`` for none."""
        return self._query_prompt

    @property
    def document_prompt(self) -> str:
        """Text put before each document; ``""`` for none."""
        return self._document_prompt

    @property
    def options(self) -> dict[str, Any]:
        """The arguments that make this encoder again, here or elsewhere: ``Encoder(**encoder.options)``.

        Those that are None are absent; a folder is an absolute path, a hub model has its commit.
        """
        return dict(self._options)

    @property
    def fingerprint(self) -> Fingerprint:
        """What makes its vectors comparable with others; `str()` of it is short enough for any metadata."""
        return Fingerprint(
            model=self.name,
            revision=self.revision or "",
            weights=self._loaded.weights_digest(),
            tokenizer=self._loaded.tokenizer.identity,
            spelling=self.spelling,
            segmentation=self._loaded.segmentation,
            pooling="mean+l2",
            query_prompt=self.query_prompt,
            document_prompt=self.document_prompt,
            dim=self.dim,
            precision=self.precision,
        )

    def __repr__(self) -> str:
        return (
            f"Encoder({self.name!r}, dim={self.dim}, precision={self.precision!r}, device={self.device!r}, "
            f"dtype={self.dtype!r}, attention={self.attention!r}, spelling={self.spelling!r}, "
            f"max_length={self.max_length})"
        )
