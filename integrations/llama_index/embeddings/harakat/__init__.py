"""harakat in LlamaIndex: `HarakatEmbedding`, and vector stores that stay with their encoder.

Example:
    >>> from llama_index.embeddings.harakat import HarakatEmbedding
    >>> len(HarakatEmbedding(dim=64).get_query_embedding("عِلْم"))
    64
"""

from __future__ import annotations

from harakat._support.extras import require

require("llama_index.core", "llama-index")

from llama_index.embeddings.harakat.base import HarakatEmbedding  # noqa: E402
from llama_index.embeddings.harakat.stores import bind_store  # noqa: E402

__all__ = ["HarakatEmbedding", "bind_store"]
