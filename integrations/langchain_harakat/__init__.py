"""harakat in LangChain: `HarakatEmbeddings`, and vector stores and caches that stay with their encoder.

Example:
    >>> from langchain_harakat import HarakatEmbeddings
    >>> len(HarakatEmbeddings(dim=64).embed_query("عِلْم"))
    64
"""

from __future__ import annotations

from harakat._support.extras import require

require("langchain_core", "langchain")

from langchain_harakat.cache import cache_backed  # noqa: E402
from langchain_harakat.embeddings import HarakatEmbeddings  # noqa: E402
from langchain_harakat.stores import bind_store  # noqa: E402

__all__ = ["HarakatEmbeddings", "bind_store", "cache_backed"]
