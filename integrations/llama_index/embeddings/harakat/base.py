"""HarakatEmbedding: harakat's encoder as a LlamaIndex embedding model."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding
from llama_index.core.bridge.pydantic import ConfigDict, Field, PrivateAttr, ValidationError, create_model
from llama_index.core.storage.kvstore.types import BaseKVStore
from pydantic import computed_field
from typing_extensions import Self

from harakat import Encoder
from harakat._support.option_checks import invalid_options, refuse_unknown
from harakat._support.texts import check_text, text_list
from harakat.adapters.microbatch import vectors
from harakat.adapters.option_fields import decided, encoder_arguments, option_fields
from harakat.adapters.options import check_fingerprint, environment_defaults, refuse_precision
from harakat.errors import OptionError
from harakat.options import EncoderOptions
from llama_index.embeddings.harakat.cache import IsolatedStore, role

__all__ = ["HarakatEmbedding"]

# LlamaIndex wraps its public methods, and ours that override them, in spans for observers. What an override calls is
# the bare method, so that an observer sees each call once.
_get_query_embedding = inspect.unwrap(BaseEmbedding.get_query_embedding)
_aget_query_embedding = inspect.unwrap(BaseEmbedding.aget_query_embedding)
_get_text_embedding_batch = inspect.unwrap(BaseEmbedding.get_text_embedding_batch)
_aget_text_embedding_batch = inspect.unwrap(BaseEmbedding.aget_text_embedding_batch)


if TYPE_CHECKING:

    class OptionFields(EncoderOptions, BaseEmbedding):  # type: ignore[misc]
        """Settings of the same names and meaning as the arguments of `harakat.Encoder`; `model` is `model_name`."""
else:
    OptionFields = create_model(
        "OptionFields", __base__=BaseEmbedding, __module__=__name__, **option_fields("model_name", frozen=True)
    )


class HarakatEmbedding(OptionFields):  # type: ignore[misc]
    """Embeddings of Arabic text, vowel marks included, for LlamaIndex.

    Everything is checked when it is made: an unknown option, a model that is not there, a dim that the checkpoint was
    not trained for. What decides a vector does not change afterwards; `model_copy` with an update gives another one.
    The options that were left open hold what the checkpoint decided (`dim`, `revision`, the prompts, `spelling`,
    `max_length`).

    `to_dict`, pickle and the hash by which an ingestion pipeline knows a transformation carry all of these and the
    encoder's fingerprint; opening a saved one where the model's files have become others is an error. An
    `embeddings_cache` keeps encoders, dims, queries and documents apart, and is not part of `to_dict`.

    Without arguments, HARAKAT_MODEL, HARAKAT_DIM and HARAKAT_REVISION choose the model; HARAKAT_DEVICE the device.

    Args:
        fingerprint: Refuse any encoder but the one with this fingerprint (`HarakatEmbedding.fingerprint`).
        **options: The fields below, and those of LlamaIndex (`embed_batch_size`, `callback_manager`, `num_workers`,
            `embeddings_cache`, `rate_limiter`). The ones that are also arguments of `harakat.Encoder` mean what they
            mean there; its `model` is `model_name` here.

    Raises:
        OptionError: An unknown option, or one with an impossible value (DimError and DeviceError are kinds of it).
        UnknownModelError, ModelUnavailableError, CheckpointError: The model cannot be opened.
        FingerprintError: The model's files are not those that `fingerprint` names.

    Example:
        >>> from llama_index.core import VectorStoreIndex
        >>> from llama_index.core.schema import TextNode
        >>> from llama_index.embeddings.harakat import HarakatEmbedding
        >>> verses = {"108:1": "إِنَّا أَعْطَيْنَاكَ الْكَوْثَرَ", "112:1": "قُلْ هُوَ اللَّهُ أَحَدٌ"}
        >>> nodes = [TextNode(id_=key, text=text) for key, text in verses.items()]
        >>> index = VectorStoreIndex(nodes, embed_model=HarakatEmbedding(dim=64))
        >>> index.as_retriever(similarity_top_k=1).retrieve("قل هو الله أحد")[0].node_id
        '112:1'
    """

    model_config = ConfigDict(extra="forbid")

    embed_batch_size: int = Field(default=256, description="Texts between two events for observers.", gt=0, le=2048)
    embeddings_cache: Any | None = Field(default=None, description="A BaseKVStore.", exclude=True, repr=False)

    _encoder: Encoder = PrivateAttr()

    def __init__(self, *, fingerprint: str | None = None, **options: Any) -> None:
        own = type(self).__name__
        refuse_unknown(options, [*type(self).model_fields, "fingerprint"], own)
        refuse_precision(options.get("precision", "float32"), own)
        cache = options.pop("embeddings_cache", None)
        options.update(environment_defaults(options, "model_name"))
        try:
            super().__init__(**options)
        except ValidationError as error:
            raise invalid_options(own, error.errors()) from error
        encoder = Encoder.cached(**encoder_arguments(self, "model_name"))
        check_fingerprint(encoder, fingerprint)
        self._encoder = encoder
        # What was left open is decided now. Past the setter, so that `model_fields_set` keeps what the caller chose.
        self.__dict__.update(decided(encoder, "model_name"))
        if cache is not None:
            self.embeddings_cache = cache

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex files it."""
        return "HarakatEmbedding"

    @property
    def encoder(self) -> Encoder:
        """The encoder at work, shared by all embeddings of this process with the same options."""
        return self._encoder

    @computed_field(description="What makes these vectors comparable with others.")  # type: ignore[prop-decorator]
    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of these vectors, equal for comparable ones: ``hk2:`` and 24 hex digits."""
        return str(self._encoder.fingerprint)

    def to_payload(self) -> dict[str, Any]:
        """Return the facts about the model for observers; nothing secret."""
        return {**super().to_payload(), "dim": self.dim, "revision": self.revision, "device": self._encoder.device}

    # What LlamaIndex asks of a model

    def _get_query_embedding(self, query: str) -> Embedding:
        row: Embedding = self._encoder.encode_query(check_text(query, 0), show_progress=False).tolist()
        return row

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return (await vectors(self._encoder, [query], prompt=self._encoder.query_prompt))[0]

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._get_text_embeddings([text])[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return (await self._aget_text_embeddings([text]))[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        rows: list[Embedding] = self._encoder.encode_document(texts, show_progress=False).tolist()
        return rows

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await vectors(self._encoder, texts, prompt=self._encoder.document_prompt)

    # What it leaves open: whether the input holds texts, and what a cached vector was made for

    def get_query_embedding(self, query: str) -> Embedding:
        """The vector of a query.

        Args:
            query: The query; it may be empty.

        Returns:
            A unit vector of `dim` Python floats.

        Raises:
            TextTypeError: Not a text.
            TextError: A text that cannot be encoded (a lone surrogate).
            TextTooLongError: A text over `max_length` under ``overflow="error"``.
        """
        with role("query"):
            row: Embedding = _get_query_embedding(self, check_text(query, 0))
            return row

    async def aget_query_embedding(self, query: str) -> Embedding:
        """`get_query_embedding` off the event loop; concurrent calls are joined into batches."""
        with role("query"):
            row: Embedding = await _aget_query_embedding(self, check_text(query, 0))
            return row

    def get_text_embedding_batch(self, texts: list[str], show_progress: bool = False, **kwargs: Any) -> list[Embedding]:
        """Vectors of documents.

        Args:
            texts: A list of texts; it may be empty, and so may a text.
            show_progress: Whether to show a bar.
            **kwargs: What a pipeline passes on; unused.

        Returns:
            A unit vector of `dim` Python floats for each, in order.

        Raises:
            TextTypeError, TextError: One of the texts; nothing is encoded.
            TextTooLongError: A text over `max_length` under ``overflow="error"``.
        """
        rows: list[Embedding] = _get_text_embedding_batch(self, text_list(texts), show_progress, **kwargs)
        return rows

    async def aget_text_embedding_batch(
        self, texts: list[str], show_progress: bool = False, **kwargs: Any
    ) -> list[Embedding]:
        """`get_text_embedding_batch` off the event loop; concurrent calls are joined into batches."""
        rows: list[Embedding] = await _aget_text_embedding_batch(self, text_list(texts), show_progress, **kwargs)
        return rows

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "embeddings_cache" and value is not None:
            if not isinstance(value, BaseKVStore):
                raise OptionError(f"embeddings_cache={value!r} is no BaseKVStore, such as a SimpleKVStore")
            store = value.store if isinstance(value, IsolatedStore) else value
            value = IsolatedStore(store, self.fingerprint)
        super().__setattr__(name, value)

    # Serialisation

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> Self:
        """Open what `to_dict` gave.

        Args:
            data: From `to_dict`.
            **kwargs: Options to change. Changed ones make another encoder, so its fingerprint is not compared.

        Raises:
            FingerprintError: The model's files are not those it was saved with.
        """
        left_out = {"class_name", "fingerprint"} if kwargs else {"class_name"}
        return cls(**{**{name: value for name, value in data.items() if name not in left_out}, **kwargs})

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state["__dict__"] = {**state["__dict__"], "fingerprint": self.fingerprint}
        state["__pydantic_private__"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        # LlamaIndex's own falls back to restoring the bare fields when this fails, and hides why.
        self.__init__(**state["__dict__"])  # type: ignore[misc]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Another one, with some options changed and checked.

        What the checkpoint decided for this one is decided anew, by the changed options.

        Args:
            update: The options to change.
            deep: Makes no difference: the encoder does not change, and managers and stores are shared.

        Raises:
            OptionError, UnknownModelError, ModelUnavailableError, CheckpointError: As when it is made.
        """
        chosen = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**chosen, **(update or {})})
