"""The embedding function that Chroma stores with a collection and rebuilds from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chromadb.api.types import (
    Documents,
    EmbeddingFunction,
    Embeddings,
    Space,
    normalize_embeddings,
    validate_embeddings,
)
from chromadb.utils.embedding_functions import register_embedding_function

from chroma_harakat.config import check_config, check_update, portable
from harakat import Encoder
from harakat.errors import FingerprintError, OptionError, StoreError

__all__ = ["NAME", "HarakatEmbeddingFunction"]

NAME = "harakat"
"""Under this name Chroma's registry knows the function."""


@register_embedding_function  # type: ignore[untyped-decorator,unused-ignore]
class HarakatEmbeddingFunction(EmbeddingFunction[Documents]):
    """Arabic text embeddings for Chroma, vowel marks included.

    Nothing is loaded until the first text comes; then the weights are loaded once a process, however often Chroma
    rebuilds the function (twice an `add`, once a query). Documents and queries get the checkpoint's own prompts.

    Args:
        model: A short name (`harakat.available_models()`), a folder, or a hub id.
        fingerprint: The fingerprint that the encoder must have; checked when it is loaded, so that a folder whose
            files have changed is refused before anything is written. `from_encoder` fills it in.
        **options: Any other argument of `harakat.Encoder` but `precision`: Chroma keeps float32 vectors.

    Raises:
        OptionError: An unknown option, or a value of the wrong kind.

    Example:
        >>> collection = client.create_collection("poems", embedding_function=HarakatEmbeddingFunction(dim=128))
        >>> collection.add(ids=["1"], documents=["الْعِلْمُ نُورٌ"])
    """

    def __init__(self, model: Any = "harakat-mini", *, fingerprint: str | None = None, **options: Any) -> None:
        if options.pop("precision", "float32") not in ("float32", None):
            raise OptionError("precision: Chroma keeps float32 vectors; leave it out")
        config = portable({"model": model, **options, "fingerprint": fingerprint})
        check_config(config)
        self._config = config
        self._encoder: Encoder | None = None

    @classmethod
    def from_encoder(cls, encoder: Encoder) -> HarakatEmbeddingFunction:
        """Return the function over an encoder that is loaded already; its configuration carries the fingerprint.

        Raises:
            OptionError: The encoder gives int8 or binary vectors.
        """
        options = encoder.options
        if encoder.precision != "float32":
            raise OptionError(
                f"precision={encoder.precision!r}: Chroma keeps float32 vectors; use "
                f"encoder.with_options(precision='float32')"
            )
        function = cls(**{**options, "fingerprint": str(encoder.fingerprint)})
        function._encoder = encoder
        return function

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded at the first use.

        Raises:
            FingerprintError: It is not the one that the configuration names.
            HarakatError: Whatever `harakat.Encoder` raises.
        """
        if self._encoder is None:
            options = {key: value for key, value in self._config.items() if key != "fingerprint"}
            encoder = Encoder.cached(**options)
            wanted = self._config.get("fingerprint")
            if wanted and not encoder.fingerprint.matches(wanted):
                raise FingerprintError(
                    f"the files of {self._config['model']!r} are not those that made this collection (fingerprint "
                    f"{encoder.fingerprint} here, {wanted} there); bring the old files back, or make a new collection"
                )
            self._encoder = encoder
        return self._encoder

    def __call__(self, input: Documents) -> Embeddings:
        """Encode documents: a list of float32 arrays of shape (dim,), unit length, in their order.

        Raises:
            TextTypeError: Something that is not a text.
            TextError: A text that cannot be embedded.
            ValueError: An empty list; Chroma's own rule.
        """
        return self._embed(input, query=False)

    def embed_query(self, input: Documents) -> Embeddings:
        """Encode queries, as `__call__`, but with the query prompt instead of the document prompt."""
        return self._embed(input, query=True)

    def _embed(self, texts: Documents, *, query: bool) -> Embeddings:
        # One text would be taken for a list of characters, and Chroma checks only what `__call__` gives back.
        if isinstance(texts, str):
            texts = [texts]
        encoder = self.encoder
        rows = encoder.encode_query(texts) if query else encoder.encode_document(texts)
        if rows.shape != (len(texts), encoder.dim):
            raise StoreError(f"{len(texts)} texts gave vectors of the shape {rows.shape}")
        return validate_embeddings(normalize_embeddings(list(rows)))  # type: ignore[arg-type]

    @staticmethod
    def name() -> str:
        """Return the name in Chroma's registry."""
        return NAME

    def default_space(self) -> Space:
        """Return cosine: vectors have unit length."""
        return "cosine"

    def supported_spaces(self) -> list[Space]:
        """Return all of them: between unit vectors each gives the same order."""
        return ["cosine", "l2", "ip"]

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> HarakatEmbeddingFunction:
        """Rebuild the function of a stored configuration; loads nothing.

        Raises:
            OptionError: The configuration is not valid.
        """
        check_config(config)
        return HarakatEmbeddingFunction(**config)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild this function, as JSON holds them."""
        return dict(self._config)

    @staticmethod
    def validate_config(config: dict[str, Any]) -> None:
        """Check a configuration against its JSON schema.

        Raises:
            OptionError: It does not fit.
        """
        check_config(config)

    def validate_config_update(self, old_config: dict[str, Any], new_config: dict[str, Any]) -> None:
        """Refuse another encoder for a collection that has vectors.

        Chroma stores a new configuration before it asks here; `open_collection` therefore checks it again.

        Raises:
            OptionError: The new configuration is not valid.
            FingerprintError: It names another encoder.
        """
        check_config(new_config)
        check_update(old_config, new_config)

    def __getstate__(self) -> Mapping[str, Any]:
        return self._config

    def __setstate__(self, config: Mapping[str, Any]) -> None:
        self.__init__(**config)  # type: ignore[misc]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HarakatEmbeddingFunction) and self._config == other._config

    def __hash__(self) -> int:
        return hash(repr(sorted(self._config.items())))

    def __repr__(self) -> str:
        return f"HarakatEmbeddingFunction({', '.join(f'{k}={v!r}' for k, v in self._config.items())})"
