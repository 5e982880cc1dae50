"""Encoder: Arabic texts in, unit vectors out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from harakat._support.progress import progress_bar
from harakat._support.texts import check_text, checked, refuse_container, remembered, text_list
from harakat.model.checkpoints.fingerprint import Fingerprint
from harakat.model.pooling import to_precision, unit_prefix
from harakat.options import (
    AttentionKind,
    EncoderOptions,
    Overflow,
    Precision,
    Spelling,
    documented,
    encoder_options,
    options_that,
)
from harakat.runtime.batching import chunks, plan_windows
from harakat.runtime.encoder_cache import EncoderCache
from harakat.runtime.load import load
from harakat.runtime.output import file_kind, save
from harakat.runtime.pipeline import Job, at_once, run
from harakat.runtime.process_pool import ProcessPool
from harakat.runtime.resolve import check_overflow, resolve
from harakat.runtime.truncation import Truncation

if TYPE_CHECKING:
    from harakat.arabic.tokenizers.tokens import Piece
    from harakat.runtime.checkpoint import Checkpoint

__all__ = ["Encoder"]

CHUNK_TEXTS, STREAM_TEXTS = 4096, 1024
"""Texts that `encode` sorts by length together; texts that `encode_stream` reads ahead of what it has given out."""
CHUNK_CHARACTERS = 4_000_000
"""Characters of a chunk, whatever the number of texts; bounds the memory that tokens take."""
QUERY_CHARACTERS = 2000
"""One text up to this length is encoded at once, without what long runs need."""

_cached: EncoderCache[Encoder] = EncoderCache()


@documented(before="Raises")
class Encoder:
    """An encoder of Arabic text: texts in, unit vectors out, vowel marks included.

    Threads may share an encoder; it can be pickled (the files are loaded again where it is opened) and used after a
    fork on the CPU. Results depend neither on the order of the texts nor on what else is in the call, to within
    float rounding. `harakat.options.EncoderOptions` holds the options; `help(harakat.Encoder)` shows them all.

    Raises:
        OptionError: An option with an impossible value (DimError and DeviceError are kinds of it).
        UnknownModelError: No such model.
        ModelUnavailableError: Its files are not here and cannot be fetched.
        CheckpointError: Its files are unsafe, damaged, or do not fit together.
        MorphologyDataError: Segmentation is on and its data is missing.

    Example:
        >>> from harakat import Encoder
        >>> encoder = Encoder(dim=64)
        >>> encoder.encode(["عِلْم", "عَلَم"]).shape
        (2, 64)
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "harakat-mini",
        dim: int | None = None,
        device: str = "auto",
        dtype: str = "auto",
        revision: str | None = None,
        *,
        precision: Precision = "float32",
        spelling: Spelling | None = None,
        segmentation: bool | None = None,
        morphology: str | os.PathLike[str] | None = None,
        max_length: int | None = None,
        overflow: Overflow = "warn",
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        batch_tokens: int | None = None,
        attention: AttentionKind = "auto",
        compile: bool = False,
        workers: int = 0,
        allow_untrained_dim: bool = False,
        offline: bool = False,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        given = locals()
        self._options = EncoderOptions(**{name: given[name] for name in encoder_options()})
        self._process_pool: ProcessPool | None = None
        self._checkpoint = load(self._options)
        self._resolved = resolve(self._options, self._checkpoint)
        model, revision = self._checkpoint.reopen_as, self._checkpoint.revision or revision
        self._options = replace(self._options, model=model, revision=revision)

    def with_options(self, **options: Any) -> Encoder:
        """Return another encoder with some options changed; the weights are shared where they can be.

        Args:
            **options: Any argument of `Encoder`, for example ``dim=128`` or ``overflow="chunk"``.
        """
        return Encoder(**{**self.options, **options})

    @contextmanager
    def on_devices(self, devices: Sequence[str]) -> Iterator[Encoder]:
        """Open this encoder on several devices at once, with a process for each.

        The processes tokenise and encode side by side; results are those of this encoder, in order. They serve one
        call at a time; `encode_tokens` and `count_tokens` still run here. A script needs its work under
        ``if __name__ == "__main__":``.

        Args:
            devices: Such as ``["cuda:0", "cuda:1"]``; one may stand there more than once.

        Yields:
            An encoder that works there until the block ends.

        Raises:
            OptionError: No devices (DeviceError: one that is not there).
            WorkerError: A process died, at its start or later.

        Example:
            >>> with encoder.on_devices(["cuda:0", "cuda:1"]) as many:  # doctest: +SKIP
            ...     vectors = many.encode(texts)
        """
        with ProcessPool(self._options, devices) as pool:
            many = object.__new__(type(self))
            many.__dict__.update(self.__dict__, _process_pool=pool)
            yield many

    @classmethod
    def cached(cls, **options: Any) -> Encoder:
        """Return the one encoder of this process with these options, made at the first call.

        For adapters that are rebuilt from their configuration again and again. Where the model's files have been
        replaced since, it is made anew.

        Args:
            **options: Arguments of `Encoder`.
        """
        return _cached.get(cls, options)

    # Encoding

    def encode(
        self,
        texts: str | Iterable[str],
        *,
        prompt: str = "",
        overflow: Overflow | None = None,
        show_progress: bool | None = None,
    ) -> NDArray[Any]:
        """Encode texts as they are, without a prompt.

        Args:
            texts: A run of texts in any ordered container, or one text.
            prompt: Text put before each of them.
            overflow: Instead of the encoder's own policy.
            show_progress: Show a bar; None shows one on a terminal when the work takes over a second.

        Returns:
            float32 (n, dim) with unit rows for n texts, in their order, (dim,) for one text. An empty list gives
            (0, dim). With ``precision="int8"`` int8 (n, dim), with ``"binary"`` uint8 (n, dim/8).

        Raises:
            TextTypeError: Something that is not a text; nothing is encoded.
            TextError: A text with a lone surrogate; nothing is encoded.
            TextTooLongError: A text over `max_length` under ``overflow="error"``.
        """
        policy = self.overflow if overflow is None else check_overflow(overflow)
        if isinstance(texts, str):
            vector: NDArray[Any] = self.encode([texts], prompt=prompt, overflow=policy, show_progress=False)[0]
            return vector
        items = text_list(texts)
        cut = Truncation(self.max_length)
        if len(items) == 1 and len(items[0]) <= QUERY_CHARACTERS and self._process_pool is None and not show_progress:
            job = Job(prompt, policy, self._budget, self.dim, cut, lambda steps: None)
            alone = at_once(items[0], self._checkpoint.tokenizer, self._checkpoint.engine, job)
            cut.report()
            return to_precision(alone, self.precision)
        out = self._empty(len(items))
        done = 0
        with progress_bar(len(items), show_progress) as advance:
            parts = chunks(items, CHUNK_TEXTS, CHUNK_CHARACTERS)
            for vectors in self._run(parts, Job(prompt, policy, self._budget, self.dim, cut, advance)):
                out[done : done + len(vectors)] = to_precision(vectors, self.precision)
                done += len(vectors)
        cut.report()
        return out

    def encode_query(self, texts: str | Iterable[str], **options: Any) -> NDArray[Any]:
        """Encode search queries: `encode` with the query prompt, if the checkpoint has one."""
        return self.encode(texts, prompt=self.query_prompt, **options)

    def encode_document(self, texts: str | Iterable[str], **options: Any) -> NDArray[Any]:
        """Encode documents to be found: `encode` with the document prompt, if the checkpoint has one."""
        return self.encode(texts, prompt=self.document_prompt, **options)

    def encode_stream(
        self,
        texts: Iterable[str],
        *,
        prompt: str = "",
        overflow: Overflow | None = None,
        show_progress: bool | Callable[[int], None] | None = None,
    ) -> Iterator[NDArray[Any]]:
        """Encode texts one by one, in their order, in bounded memory.

        Texts are read as they are needed, about a thousand ahead of the vectors (on a GPU some ten thousand), so the
        source may be endless.

        Args:
            texts: Any ordered run of texts, such as a generator over a file.
            prompt: Text put before each of them, for example `document_prompt`.
            overflow: Instead of the encoder's own policy. A warning comes once, at the end.
            show_progress: As in `encode`, or a function that is called with the number of texts just done.

        Yields:
            One row a text, as `encode` gives it.

        Raises:
            TextTypeError, TextError, TextTooLongError: As `encode`, when the text in question is reached.
        """
        refuse_container(texts)
        policy = self.overflow if overflow is None else check_overflow(overflow)
        return (row for block in self._blocks(texts, prompt, policy, show_progress) for row in block)

    def _blocks(
        self,
        texts: Iterable[str],
        prompt: str,
        policy: Overflow,
        show_progress: bool | Callable[[int], None] | None,
    ) -> Iterator[NDArray[Any]]:
        """Yield the rows of `encode_stream`, some at a time."""
        cut = Truncation(self.max_length)
        total = len(texts) if isinstance(texts, Sequence) else None
        try:
            with progress_bar(total, show_progress) as advance:
                parts = chunks(checked(texts), self._stream_texts, CHUNK_CHARACTERS)
                for vectors in self._run(parts, Job(prompt, policy, self._budget, self.dim, cut, advance)):
                    yield to_precision(vectors, self.precision)
        finally:
            cut.report()

    def encode_to(
        self,
        path: str | os.PathLike[str],
        texts: Iterable[str],
        *,
        ids: Iterable[str] | Iterable[int] | None = None,
        keep_texts: bool = False,
        count: int | None = None,
        kind: Literal["npy", "parquet"] | None = None,
        prompt: str = "",
        overflow: Overflow | None = None,
        show_progress: bool | Callable[[int], None] | None = None,
    ) -> int:
        """Write vectors straight into a file, in bounded memory, for any number of texts.

        The file has its name only when it is whole; until then it stands beside `path` under a name of its own
        that ends in ``.part``. A .npy file can be opened with ``numpy.load(path, mmap_mode="r")``. A Parquet file has
        the columns `id` and `text` where asked for, and `embedding`, a list of fixed size; its metadata holds the
        fingerprint under ``harakat.fingerprint``.

        Args:
            path: Where to write; replaced if it exists.
            texts: As `encode_stream`.
            ids: One a text, all str or all int; Parquet only.
            keep_texts: Whether the texts go into the file as they were given; Parquet only.
            count: How many texts there are, if known: the room on the disk is then checked before any work, and
                another number is an error.
            kind: ``"npy"`` or ``"parquet"``; None goes by the suffix.
            prompt: Put before each text.
            overflow: Instead of the encoder's own policy.
            show_progress: As in `encode`, or a function that takes the number of texts encoded since its last call.

        Returns:
            How many rows were written.

        Raises:
            OptionError: No such format, or ids or texts for .npy.
            MissingExtraError: Parquet, and pyarrow is not installed.
            RecordError: Another number of texts than of ids, or than `count`.
            StoreError: The file cannot be written.
            TextTypeError, TextError, TextTooLongError: As `encode`. After any error `path` is what it was before.
        """
        target = Path(path)
        found = file_kind(target, kind)
        refuse_container(texts)
        policy = self.overflow if overflow is None else check_overflow(overflow)
        source: Iterable[str] = texts
        given: Iterator[str] | None = None
        if keep_texts:
            source, given = remembered(texts)
        return save(
            target,
            found,
            self._blocks(source, prompt, policy, show_progress),
            self._empty(0),
            ids=ids,
            texts=given,
            count=count,
            metadata={"harakat.fingerprint": str(self.fingerprint)} if found == "parquet" else None,
        )

    def encode_tokens(
        self, texts: Iterable[str], *, prompt: str = "", show_progress: bool | None = None
    ) -> list[NDArray[np.float32]]:
        """Encode each token of each text, for late interaction (MaxSim).

        Args:
            texts: A run of texts.
            prompt: Text put before each of them.
            show_progress: As in `encode`.

        Returns:
            For each text float32 (tokens, dim), unit rows, special tokens included. Texts over `max_length` follow
            the encoder's overflow policy; under ``"chunk"`` the windows' tokens are laid end to end.

        Raises:
            TextTypeError, TextError, TextTooLongError: As `encode`.
        """
        items = text_list(texts)
        cut = Truncation(self.max_length)
        tokens = self._checkpoint.tokenizer.tokenize([prompt + text for text in items] if prompt else items)
        windows = plan_windows(tokens, self._budget, self.overflow)
        cut.count([len(t) for t in tokens], self._budget, self.overflow, 0)
        with progress_bar(len(items), show_progress) as advance:
            rows = self._checkpoint.engine.token_vectors(windows, lambda batch: advance(len(batch)))
        cut.report()
        out: list[list[NDArray[np.float32]]] = [[] for _ in items]
        for window, row in zip(windows, rows, strict=True):
            out[window.text].append(unit_prefix(row, self.dim))
        return [np.concatenate(parts) for parts in out]

    def _run(self, parts: Iterable[list[str]], job: Job) -> Iterator[NDArray[np.float32]]:
        """Encode each list of texts: float32 (texts, dim), unit rows."""
        if self._process_pool is not None:
            return self._process_pool.run(parts, job)
        return run(parts, self._checkpoint.prefetcher, self._checkpoint.engine, job)

    # Tokens

    def count_tokens(self, texts: Iterable[str], *, prompt: str = "") -> NDArray[np.int64]:
        """Count the tokens of each text before any cut, special tokens included: int64 (n,)."""
        items = [prompt + text for text in text_list(texts)]
        specials = self._checkpoint.engine.specials
        return np.array([len(t) + specials for t in self._checkpoint.tokenizer.tokenize(items)], dtype=np.int64)

    def pieces(self, text: str) -> list[Piece]:
        """List the tokens of one text for a person to read, special tokens included."""
        return self._checkpoint.tokenizer.pieces(check_text(text, 0))

    # Facts

    @property
    def name(self) -> str:
        """The model's short name, hub id, or folder name."""
        return self._checkpoint.name

    @property
    def revision(self) -> str | None:
        """The commit of a hub model; None for local files."""
        return self._checkpoint.revision

    @property
    def dim(self) -> int:
        """Number of values of a vector."""
        return self._resolved.dim

    @property
    def dims(self) -> tuple[int, ...]:
        """The dims that the checkpoint was trained for, largest first."""
        return self._checkpoint.dims

    @property
    def precision(self) -> Precision:
        """float32, int8 or binary."""
        return self._resolved.precision

    @property
    def max_length(self) -> int:
        """Longest sequence in tokens, special tokens included."""
        return self._resolved.max_length

    @property
    def overflow(self) -> Overflow:
        """Policy for longer texts: warn, error or chunk."""
        return self._resolved.overflow

    @property
    def device(self) -> str:
        """Device of the network, such as ``"cpu"`` or ``"cuda:0"``."""
        return str(self._checkpoint.engine.device)

    @property
    def dtype(self) -> str:
        """Numbers of the computation, such as ``"float32"``."""
        return self._checkpoint.dtype

    @property
    def attention(self) -> str:
        """The attention in use: ``"varlen"``, ``"xformers"`` or ``"sdpa"``."""
        return self._checkpoint.engine.attention

    @property
    def spelling(self) -> str:
        """``"as-is"`` or ``"imlai"``."""
        return self._checkpoint.spelling

    @property
    def query_prompt(self) -> str:
        """Text put before each query; ``""`` for none."""
        return self._resolved.query_prompt

    @property
    def document_prompt(self) -> str:
        """Text put before each document; ``""`` for none."""
        return self._resolved.document_prompt

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint at work: files, config, tokenizer and network, for those who build on them."""
        return self._checkpoint

    @property
    def options(self) -> dict[str, Any]:
        """The arguments that make this encoder again, here or elsewhere: ``Encoder(**encoder.options)``.

        Those that are None are absent; a folder is an absolute path, a hub model has its commit.
        """
        return self._options.given()

    @property
    def resolved_options(self) -> dict[str, Any]:
        """`options`, with what was left to the checkpoint filled in."""
        return {**self.options, **{name: getattr(self, name) for name in options_that("by_checkpoint")}}

    @property
    def fingerprint(self) -> Fingerprint:
        """Fingerprint of its vectors: equal fingerprints, comparable vectors. `str()` of it fits any metadata."""
        return Fingerprint(
            model=self.name,
            revision=self.revision or "",
            weights=self._checkpoint.weights_digest(),
            tokenizer=self._checkpoint.tokenizer.identity,
            spelling=self.spelling,
            segmentation=self._checkpoint.segmentation,
            pooling="mean+l2",
            query_prompt=self.query_prompt,
            document_prompt=self.document_prompt,
            dim=self.dim,
            precision=self.precision,
            network=json.dumps(self._checkpoint.network.settings, sort_keys=True),
        )

    def __repr__(self) -> str:
        return (
            f"Encoder({self.name!r}, dim={self.dim}, precision={self.precision!r}, device={self.device!r}, "
            f"dtype={self.dtype!r}, attention={self.attention!r}, spelling={self.spelling!r}, "
            f"max_length={self.max_length})"
        )

    # Inner

    def _empty(self, rows: int) -> NDArray[Any]:
        """Allocate vectors in the encoder's precision, not filled."""
        like = to_precision(np.empty((0, self.dim), dtype=np.float32), self.precision)
        return np.empty((rows, like.shape[1]), dtype=like.dtype)

    @property
    def _stream_texts(self) -> int:
        return STREAM_TEXTS if self._checkpoint.engine.device.type == "cpu" else CHUNK_TEXTS

    @property
    def _budget(self) -> int:
        return self.max_length - self._checkpoint.engine.specials

    def __deepcopy__(self, memo: dict[int, Any]) -> Encoder:
        return self  # nothing about it changes, so one is as good as two

    def __getstate__(self) -> dict[str, Any]:
        return self.options

    def __setstate__(self, options: dict[str, Any]) -> None:
        self.__init__(**options)  # type: ignore[misc]
