"""Encoder: Arabic texts in, unit vectors out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from harakat._support.progress import progress_bar
from harakat._support.texts import check_text, checked, refuse_container, remembered, text_list
from harakat.model.layers.attention_choice import AttentionKind
from harakat.model.pooling import Precision, check_precision, to_precision, unit_prefix
from harakat.runtime.batching import Overflow, chunks, plan_windows
from harakat.runtime.described import Described
from harakat.runtime.load import load
from harakat.runtime.output import file_kind, save
from harakat.runtime.pipeline import Job, at_once, run
from harakat.runtime.resolve import check_dim, check_max_length, check_overflow, choose_prompt
from harakat.runtime.truncation import Truncation

if TYPE_CHECKING:
    from harakat.arabic.tokenizers.tokens import Piece
    from harakat.runtime.process_pool import ProcessPool

__all__ = ["Encoder"]

CHUNK_TEXTS = 4096
"""Texts that `encode` sorts by length together."""
STREAM_TEXTS = 1024
"""The same for `encode_stream`: what it reads ahead of what it has given out."""
CHUNK_CHARACTERS = 4_000_000
"""Characters of a chunk, whatever the number of texts; bounds the memory that tokens take."""
QUERY_CHARACTERS = 2000
"""One text up to this length is encoded at once, without what long runs need."""

_cached: dict[str, Encoder] = {}
_cached_lock = threading.Lock()


class Encoder(Described):
    """Turns Arabic text into unit vectors, vowel marks included.

    Threads may share an encoder; it can be pickled (the files are loaded again where it is opened) and used after a
    fork on the CPU. Results depend neither on the order of the texts nor on what else is in the call, to within
    float rounding.

    Args:
        model: A short name (`harakat.available_models()`), a folder, or a hub id.
        dim: Matryoshka dim: how many values a vector has. None for the checkpoint's full size, or for the one that a
            SentenceTransformer folder was saved at.
        device: ``"auto"`` (a CUDA GPU where there is one, else the CPU), ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or
            ``"mps"``.
        dtype: Numbers of the computation: ``"auto"`` and ``"float32"`` are exact; ``"float16"`` and ``"bfloat16"``
            are faster on a GPU and round each vector a little. Cosine to float32 at the published size, with random
            weights: 0.999998 and 0.9999. float16 may overflow, which is an error and never a wrong vector.
            ``"bfloat16"`` is also faster on a CPU with AVX-512 bfloat16. ``"int8"`` (weights and inputs of the linear
            layers; x86 CPUs with VNNI) is tried on loading: cosine to float32 0.999 on average, or it is refused.
        revision: Branch, tag or commit of a hub model.
        precision: ``"float32"``, ``"int8"`` or ``"binary"`` output (see `harakat.model.pooling.to_precision`).
        spelling: ``"as-is"``, or ``"imlai"`` to read everything in everyday spelling (`harakat.arabic.to_imlai`) and
            with the marks of a letter in one order; what you store and show is never altered. None for what the
            checkpoint was trained on. It changes ids and vectors, so a collection made with one cannot be opened
            with the other.
        segmentation: Whether clitics are split off by morphology. None for what the checkpoint says.
        morphology: Morphology data for segmentation: a catalogue name or a folder. None for the default.
        max_length: Longest sequence in tokens, special tokens included. None for the checkpoint's.
        overflow: What happens to longer texts. ``"warn"`` keeps the beginning and warns with a count, ``"error"``
            refuses, ``"chunk"`` encodes windows and gives their length-weighted, renormalised mean.
        query_prompt: Text put before each query. None for the checkpoint's own, ``""`` for none.
        document_prompt: Text put before each document, likewise.
        batch_tokens: Most tokens in one forward pass. None for a size that suits the device: 2,048 on the CPU; on a
            GPU that has met two million tokens, a probe of about two seconds finds it.
        attention: ``"varlen"`` (FlashAttention over packed sequences: CUDA, bfloat16 or float16), ``"xformers"``
            (its block-diagonal attention: CUDA, any dtype) or ``"sdpa"``. ``"auto"`` takes the first that the device
            and dtype allow; `attention` of the encoder says which. All give the same vectors but for rounding.
        compile: Fuse norms, rotary positions and feed-forward gates with `torch.compile`. The first pass then takes
            up to a minute; worth it on a GPU for many texts.
        workers: Processes that tokenise ahead where a call has more than a few thousand texts; the ids are the same.
            0 tokenises in this process. A script that asks for workers needs its work under
            ``if __name__ == "__main__":``.
        allow_untrained_dim: Take a `dim` that the checkpoint was not trained for.
        offline: Never ask the network for files.
        cache_dir: Hub cache to use instead of the default one.

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
        spelling: Literal["as-is", "imlai"] | None = None,
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
        self._options = {
            key: value for key, value in locals().items() if key not in ("self", "__class__") and value is not None
        }
        self._overflow = check_overflow(overflow)
        self._process_pool: ProcessPool | None = None
        self._loaded = load(
            model,
            device=device,
            dtype=dtype,
            revision=revision,
            spelling=spelling,
            segmentation=segmentation,
            morphology=morphology,
            batch_tokens=batch_tokens,
            attention=attention,
            compile=compile,
            workers=workers,
            offline=offline,
            cache_dir=cache_dir,
        )
        self._dim = check_dim(self._loaded, dim, allow_untrained=allow_untrained_dim)
        self._precision = check_precision(precision, self._dim)
        self._max_length = check_max_length(self._loaded, max_length)
        prompts = self._loaded.config.prompts
        self._query_prompt = choose_prompt(query_prompt, prompts, "query")
        self._document_prompt = choose_prompt(document_prompt, prompts, "document", "passage")
        self._options["model"] = self._loaded.reopen_as
        if self._loaded.revision:
            self._options["revision"] = self._loaded.revision

    def with_options(self, **options: Any) -> Encoder:
        """Another encoder with some options changed; the weights are shared where they can be.

        Args:
            **options: Any argument of `Encoder`, for example ``dim=128`` or ``overflow="chunk"``.
        """
        return Encoder(**{**self._options, **options})

    @contextmanager
    def on_devices(self, devices: Sequence[str]) -> Iterator[Encoder]:
        """This encoder on several devices at once, with a process for each.

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
        from harakat.runtime.process_pool import ProcessPool

        with ProcessPool(self.options, devices) as pool:
            many = object.__new__(type(self))
            many.__dict__.update(self.__dict__, _process_pool=pool)
            yield many

    @classmethod
    def cached(cls, **options: Any) -> Encoder:
        """The one encoder of this process with these options, made at the first call.

        For adapters that are rebuilt from their configuration again and again. Where the model's files have been
        replaced since, it is made anew.

        Args:
            **options: Arguments of `Encoder`.
        """
        key = _key(options)
        with _cached_lock:
            encoder = _cached.get(key)
            if encoder is None or not encoder._loaded.is_current():
                encoder = cls(**options)
                # One encoder also for whoever spells out what this one found in the checkpoint.
                decided = _key(encoder._decided())
                twin = _cached.get(decided)
                if twin is not None and twin._loaded.is_current():
                    encoder = twin
                _cached[key] = _cached[decided] = encoder
            return encoder

    # Encoding

    def encode(
        self,
        texts: str | Iterable[str],
        *,
        prompt: str = "",
        overflow: Overflow | None = None,
        show_progress: bool | None = None,
    ) -> NDArray[Any]:
        """Vectors of texts, as they are, without a prompt.

        Args:
            texts: A run of texts in any ordered container, or one text.
            prompt: Text put before each of them.
            overflow: Instead of the encoder's own policy.
            show_progress: Whether to show a bar; None shows one on a terminal when the work takes over a second.

        Returns:
            float32 (n, dim) with unit rows for n texts, in their order, (dim,) for one text. An empty list gives
            (0, dim). With ``precision="int8"`` int8 (n, dim), with ``"binary"`` uint8 (n, dim/8).

        Raises:
            TextTypeError: Something that is not a text; nothing is encoded.
            TextError: A text with a lone surrogate; nothing is encoded.
            TextTooLongError: A text over `max_length` under ``overflow="error"``.
        """
        policy = self._overflow if overflow is None else check_overflow(overflow)
        if isinstance(texts, str):
            vector: NDArray[Any] = self.encode([texts], prompt=prompt, overflow=policy, show_progress=False)[0]
            return vector
        items = text_list(texts)
        cut = Truncation(self._max_length)
        if len(items) == 1 and len(items[0]) <= QUERY_CHARACTERS and self._process_pool is None and not show_progress:
            job = Job(prompt, policy, self._budget, self._dim, cut, lambda steps: None)
            alone = at_once(items[0], self._loaded.tokenizer, self._loaded.engine, job)
            cut.report()
            return to_precision(alone, self._precision)
        out = self._empty(len(items))
        done = 0
        with progress_bar(len(items), show_progress) as advance:
            parts = chunks(items, CHUNK_TEXTS, CHUNK_CHARACTERS)
            for vectors in self._run(parts, Job(prompt, policy, self._budget, self._dim, cut, advance)):
                out[done : done + len(vectors)] = to_precision(vectors, self._precision)
                done += len(vectors)
        cut.report()
        return out

    def encode_query(self, texts: str | Iterable[str], **options: Any) -> NDArray[Any]:
        """Vectors of search queries: `encode` with the query prompt, if the checkpoint has one."""
        return self.encode(texts, prompt=self._query_prompt, **options)

    def encode_document(self, texts: str | Iterable[str], **options: Any) -> NDArray[Any]:
        """Vectors of documents to be found: `encode` with the document prompt, if the checkpoint has one."""
        return self.encode(texts, prompt=self._document_prompt, **options)

    def encode_stream(
        self,
        texts: Iterable[str],
        *,
        prompt: str = "",
        overflow: Overflow | None = None,
        show_progress: bool | Callable[[int], None] | None = None,
    ) -> Iterator[NDArray[Any]]:
        """Vectors one by one, in the order of the texts, in bounded memory.

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
        policy = self._overflow if overflow is None else check_overflow(overflow)
        return self._stream(texts, prompt, policy, show_progress)

    def _stream(
        self,
        texts: Iterable[str],
        prompt: str,
        policy: Overflow,
        show_progress: bool | Callable[[int], None] | None,
    ) -> Iterator[NDArray[Any]]:
        for block in self._blocks(texts, prompt, policy, show_progress):
            yield from block

    def _blocks(
        self,
        texts: Iterable[str],
        prompt: str,
        policy: Overflow,
        show_progress: bool | Callable[[int], None] | None,
    ) -> Iterator[NDArray[Any]]:
        """The rows of `encode_stream`, some at a time."""
        cut = Truncation(self._max_length)
        total = len(texts) if isinstance(texts, Sequence) else None
        try:
            with progress_bar(total, show_progress) as advance:
                parts = chunks(checked(texts), self._stream_texts, CHUNK_CHARACTERS)
                for vectors in self._run(parts, Job(prompt, policy, self._budget, self._dim, cut, advance)):
                    yield to_precision(vectors, self._precision)
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
        """Vectors straight into a file, in bounded memory, for any number of texts.

        The file has its name only when it is whole; until then it is called `path` and ``.part``. A .npy file can be
        opened with ``numpy.load(path, mmap_mode="r")``. A Parquet file has the columns `id` and `text` where asked
        for, and `embedding`, a list of fixed size; its metadata holds the fingerprint under ``harakat.fingerprint``.

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
            show_progress: As in `encode`, or a function that is told how many more texts are done.

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
        policy = self._overflow if overflow is None else check_overflow(overflow)
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
        """A vector for each token of each text, for late interaction (MaxSim).

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
        cut = Truncation(self._max_length)
        tokens = self._loaded.tokenizer.tokenize([prompt + text for text in items] if prompt else items)
        windows = plan_windows(tokens, self._budget, self._overflow)
        cut.count([len(t) for t in tokens], self._budget, self._overflow, 0)
        with progress_bar(len(items), show_progress) as advance:
            rows = self._loaded.engine.token_vectors(windows, lambda batch: advance(len(batch)))
        cut.report()
        out: list[list[NDArray[np.float32]]] = [[] for _ in items]
        for window, row in zip(windows, rows, strict=True):
            out[window.text].append(unit_prefix(row, self._dim))
        return [np.concatenate(parts) for parts in out]

    def _run(self, parts: Iterable[list[str]], job: Job) -> Iterator[NDArray[np.float32]]:
        """float32 (texts, dim), unit rows, for each list of texts."""
        if self._process_pool is not None:
            return self._process_pool.run(parts, job)
        return run(parts, self._loaded.prefetcher, self._loaded.engine, job)

    # Tokens

    def count_tokens(self, texts: Iterable[str], *, prompt: str = "") -> NDArray[np.int64]:
        """Tokens of each text before any cut, special tokens included: int64 (n,)."""
        items = [prompt + text for text in text_list(texts)]
        specials = self._loaded.engine.specials
        return np.array([len(t) + specials for t in self._loaded.tokenizer.tokenize(items)], dtype=np.int64)

    def pieces(self, text: str) -> list[Piece]:
        """The tokens of one text for a person to read, special tokens included."""
        return self._loaded.tokenizer.pieces(check_text(text, 0))

    # Inner

    def _decided(self) -> dict[str, Any]:
        """`options`, with what was left to the checkpoint filled in."""
        filled = ("dim", "spelling", "max_length", "query_prompt", "document_prompt")
        return {**self._options, **{name: getattr(self, name) for name in filled}}

    def _empty(self, rows: int) -> NDArray[Any]:
        """Room for vectors in the encoder's precision, not filled."""
        like = to_precision(np.empty((0, self._dim), dtype=np.float32), self._precision)
        return np.empty((rows, like.shape[1]), dtype=like.dtype)

    @property
    def _stream_texts(self) -> int:
        return STREAM_TEXTS if self._loaded.engine.device.type == "cpu" else CHUNK_TEXTS

    @property
    def _budget(self) -> int:
        return self._max_length - self._loaded.engine.specials

    def __deepcopy__(self, memo: dict[int, Any]) -> Encoder:
        return self  # nothing about it changes, so one is as good as two

    def __getstate__(self) -> dict[str, Any]:
        return self._options

    def __setstate__(self, options: dict[str, Any]) -> None:
        self.__init__(**options)  # type: ignore[misc]


def _key(options: dict[str, Any]) -> str:
    return repr(sorted((name, value) for name, value in options.items() if value is not None))
