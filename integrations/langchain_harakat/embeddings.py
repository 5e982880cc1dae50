"""HarakatEmbeddings: harakat's encoder as LangChain embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.embeddings import Embeddings
from langchain_core.load.serializable import Serializable
from pydantic import ConfigDict, PrivateAttr, ValidationError, create_model
from typing_extensions import Self

from harakat import Encoder
from harakat._support.checks import check_one_of
from harakat._support.option_checks import invalid_options, refuse_unknown
from harakat._support.texts import check_text, refuse_container
from harakat.adapters.microbatch import vectors
from harakat.adapters.option_fields import decided, encoder_arguments, option_fields
from harakat.adapters.options import check_fingerprint, environment_defaults, refuse_precision
from harakat.options import EncoderOptions

__all__ = ["HarakatEmbeddings"]

if TYPE_CHECKING:

    class OptionFields(EncoderOptions, Serializable):  # type: ignore[misc]
        """Settings of the same names and meaning as the arguments of `harakat.Encoder`."""
else:
    OptionFields = create_model("OptionFields", __base__=Serializable, __module__=__name__, **option_fields())


class HarakatEmbeddings(OptionFields, Embeddings):  # type: ignore[misc]
    """Embeddings of Arabic text, vowel marks included, for LangChain.

    Everything is checked when it is made: an unknown option, a model that is not there, a dim that the checkpoint was
    not trained for. From then on it does not change; `model_copy` with an update gives another one. The options that
    were left open hold what the checkpoint decided (`dim`, `revision`, the prompts, `spelling`, `max_length`).

    It serialises with `langchain_core.load.dumps` and with pickle. Either carries the fingerprint of the encoder, and
    opening it where the model's files have become others is an error.

    Without arguments, HARAKAT_MODEL, HARAKAT_DIM and HARAKAT_REVISION choose the model; HARAKAT_DEVICE the device.

    Args:
        fingerprint: Refuse any encoder but the one with this fingerprint (`HarakatEmbeddings.fingerprint`).
        **options: The fields below. The ones that are also arguments of `harakat.Encoder` mean what they mean there.

    Raises:
        OptionError: An unknown option, or one with an impossible value (DimError and DeviceError are kinds of it).
        UnknownModelError, ModelUnavailableError, CheckpointError: The model cannot be opened.
        FingerprintError: The model's files are not those that `fingerprint` names.

    Example:
        >>> from langchain_core.vectorstores import InMemoryVectorStore
        >>> from langchain_harakat import HarakatEmbeddings
        >>> store = InMemoryVectorStore(HarakatEmbeddings(dim=64))
        >>> keys = store.add_texts(["إِنَّا أَعْطَيْنَاكَ الْكَوْثَرَ", "قُلْ هُوَ اللَّهُ أَحَدٌ"], ids=["108:1", "112:1"])
        >>> store.similarity_search("قل هو الله أحد", k=1)[0].id
        '112:1'
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), use_attribute_docstrings=True)

    show_progress: bool | None = False
    """Whether `embed_documents` shows a bar; None shows one on a terminal when the work takes over a second."""

    _encoder: Encoder = PrivateAttr()

    def __init__(self, *, fingerprint: str | None = None, **options: Any) -> None:
        fields = type(self).model_fields
        refuse_unknown(options, [*fields, "fingerprint"], type(self).__name__)
        refuse_precision(options.get("precision", "float32"), type(self).__name__)
        options.update(environment_defaults(options))
        try:
            super().__init__(**options)
        except ValidationError as error:
            raise invalid_options(type(self).__name__, error.errors()) from error
        encoder = Encoder.cached(**encoder_arguments(self))
        check_fingerprint(encoder, fingerprint)
        self._encoder = encoder
        # What was left open is decided now. Past the setter, so that `model_fields_set` keeps what the caller chose.
        self.__dict__.update(decided(encoder))

    @property
    def encoder(self) -> Encoder:
        """The encoder at work, shared by all embeddings of this process with the same options."""
        return self._encoder

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of these vectors, equal for comparable ones: ``hk2:`` and 24 hex digits."""
        return str(self._encoder.fingerprint)

    # Embeddings

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Vectors of documents.

        Args:
            texts: A list of texts; it may be empty, and so may a text.

        Returns:
            A unit vector of `dim` Python floats for each, in order.

        Raises:
            TextTypeError: Something that is not a text; nothing is encoded.
            TextError: A text that cannot be encoded (a lone surrogate).
            TextTooLongError: A text over `max_length` under ``overflow="error"``.
        """
        refuse_container(texts)
        rows: list[list[float]] = self._encoder.encode_document(texts, show_progress=self.show_progress).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query.

        Args:
            text: The query.

        Returns:
            A unit vector of `dim` Python floats.

        Raises:
            TextTypeError, TextError, TextTooLongError: As `embed_documents`.
        """
        row: list[float] = self._encoder.encode_query(check_text(text, 0), show_progress=False).tolist()
        return row

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """`embed_documents` off the event loop; concurrent calls are joined into batches."""
        return await vectors(
            self._encoder, texts, prompt=self._encoder.document_prompt, show_progress=self.show_progress
        )

    async def aembed_query(self, text: str) -> list[float]:
        """`embed_query` off the event loop; concurrent calls are joined into batches."""
        return (await vectors(self._encoder, [text], prompt=self._encoder.query_prompt))[0]

    # Caches

    def cache_namespace(self, role: Literal["document", "query"] = "document") -> str:
        """A prefix for the keys of an embedding cache: other for each encoder, dim, prompt and role.

        For the `namespace` of `CacheBackedEmbeddings.from_bytes_store`; made of letters, digits and dashes, so that
        any store can hold it. `langchain_harakat.cache_backed` applies it to documents and queries at once.

        Args:
            role: What the cache holds. A query and a document with the same text may have different vectors.

        Raises:
            OptionError: Another role.
        """
        check_one_of("role", role, ("document", "query"), "'document' or 'query'")
        return f"harakat-{self.fingerprint.replace(':', '-')}-{role}-"

    # Serialisation

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """True: `langchain_core.load.dumps` takes it."""
        return True

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """The fingerprint, for `langchain_core.load.loads` to check."""
        return {"fingerprint": self.fingerprint}

    def __reduce__(self) -> tuple[Any, ...]:
        options = {name: getattr(self, name) for name in type(self).model_fields}
        return _reopen, (type(self), {**options, "fingerprint": self.fingerprint})

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Another one, with some options changed and checked.

        What the checkpoint decided for this one is decided anew, by the changed options.

        Args:
            update: The options to change.
            deep: Makes no difference; nothing in it changes.

        Raises:
            OptionError, UnknownModelError, ModelUnavailableError, CheckpointError: As when it is made.
        """
        chosen = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**chosen, **(update or {})})


def _reopen(cls: type[HarakatEmbeddings], options: dict[str, Any]) -> HarakatEmbeddings:
    return cls(**options)
