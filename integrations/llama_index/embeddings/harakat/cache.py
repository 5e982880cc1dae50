"""A key-value store seen by one encoder, with queries and documents apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from llama_index.core.storage.kvstore.types import DEFAULT_COLLECTION, BaseKVStore

__all__ = ["IsolatedStore", "role"]

_role: ContextVar[str] = ContextVar("harakat_role", default="document")


@contextmanager
def role(name: str) -> Iterator[None]:
    """Role of the texts that are encoded in this context: ``"document"`` (the default) or ``"query"``."""
    token = _role.set(name)
    try:
        yield
    finally:
        _role.reset(token)


class IsolatedStore(BaseKVStore):
    """A store whose collections belong to one encoder and one role.

    LlamaIndex looks vectors up by the raw text, in one collection for all. Here the collection's name carries the
    fingerprint and the role, so that one store may serve several encoders, dims and prompts.

    Args:
        store: Where the values are kept.
        fingerprint: Of the encoder.
    """

    def __init__(self, store: BaseKVStore, fingerprint: str) -> None:
        self.store = store
        self.fingerprint = fingerprint

    def _place(self, collection: str) -> str:
        return f"{collection}_{self.fingerprint.replace(':', '_')}_{_role.get()}"

    def put(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        """Put a value."""
        self.store.put(key, val, collection=self._place(collection))

    async def aput(self, key: str, val: dict[str, Any], collection: str = DEFAULT_COLLECTION) -> None:
        """Put a value."""
        await self.store.aput(key, val, collection=self._place(collection))

    def get(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """A value, or None."""
        return self.store.get(key, collection=self._place(collection))

    async def aget(self, key: str, collection: str = DEFAULT_COLLECTION) -> dict[str, Any] | None:
        """A value, or None."""
        return await self.store.aget(key, collection=self._place(collection))

    def get_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """All values of this encoder and role."""
        return self.store.get_all(collection=self._place(collection))

    async def aget_all(self, collection: str = DEFAULT_COLLECTION) -> dict[str, dict[str, Any]]:
        """All values of this encoder and role."""
        return await self.store.aget_all(collection=self._place(collection))

    def delete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Delete a value; whether there was one."""
        return self.store.delete(key, collection=self._place(collection))

    async def adelete(self, key: str, collection: str = DEFAULT_COLLECTION) -> bool:
        """Delete a value; whether there was one."""
        return await self.store.adelete(key, collection=self._place(collection))
