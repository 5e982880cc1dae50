"""What adapters promise to the frameworks around them: schemas, stored configurations, metadata, public names."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings
from langchain_core.load import dumps
from qdrant_client import QdrantClient

import chroma_harakat
import qdrant_harakat
from harakat import Encoder, errors
from langchain_harakat import HarakatEmbeddings
from llama_index.embeddings.harakat import HarakatEmbedding
from support.golden.commands import in_folder

__all__ = ["compute_adapters", "compute_names"]

PACKAGES = (
    "harakat",
    "harakat.arabic",
    "harakat.errors",
    "harakat.evaluation",
    "harakat.interop",
    "harakat.training",
    "chroma_harakat",
    "langchain_harakat",
    "llama_index.embeddings.harakat",
    "qdrant_harakat",
)


def compute_adapters(work: Path) -> dict[str, Any]:
    """Compute schemas, configurations and metadata, of harakat-mini and of the small model in the folder."""
    with in_folder(work):
        mini = Encoder(dim=64)
        return {
            "langchain": _langchain(),
            "llama-index": _llama_index(),
            "chroma": _chroma(mini),
            "qdrant": _qdrant(mini),
        }


def _langchain() -> dict[str, Any]:
    embeddings = HarakatEmbeddings(dim=64, query_prompt="سؤال: ")
    return {
        "schema": HarakatEmbeddings.model_json_schema(),
        "dumps": json.loads(dumps(embeddings)),
        "fields": {name: repr(getattr(embeddings, name)) for name in sorted(HarakatEmbeddings.model_fields)},
        "fingerprint": embeddings.fingerprint,
        "namespaces": [embeddings.cache_namespace("document"), embeddings.cache_namespace("query")],
        "vector": embeddings.embed_query("عِلْم")[:8],
    }


def _llama_index() -> dict[str, Any]:
    embedding = HarakatEmbedding(dim=64, query_prompt="سؤال: ")
    return {
        "schema": HarakatEmbedding.model_json_schema(),
        "to_dict": embedding.to_dict(),
        "class_name": embedding.class_name(),
        "vector": embedding.get_query_embedding("عِلْم")[:8],
    }


def _chroma(mini: Encoder) -> dict[str, Any]:
    function = chroma_harakat.HarakatEmbeddingFunction(dim=64, query_prompt="سؤال: ")
    tied = chroma_harakat.HarakatEmbeddingFunction.from_encoder(mini)
    client = chromadb.PersistentClient("chroma-adapters", settings=Settings(anonymized_telemetry=False))
    collection = chroma_harakat.create_collection(client, "golden", mini, metadata={"about": "قصائد"})
    by_name = client.get_collection("golden")
    return {
        "name": function.name(),
        "spaces": [function.default_space(), *function.supported_spaces()],
        "get_config": function.get_config(),
        "get_config from an encoder": tied.get_config(),
        "repr": repr(function),
        "vectors": [row.tolist()[:8] for row in function(["عِلْم", "عَلَم"])],
        "metadata": collection.raw.metadata,
        "configuration": by_name.configuration_json,
        "fingerprint_metadata": chroma_harakat.fingerprint_metadata(mini),
        "recorded_options": chroma_harakat.recorded_options(client, "golden"),
    }


def _qdrant(mini: Encoder) -> dict[str, Any]:
    client = QdrantClient(":memory:")
    collection = qdrant_harakat.create_collection(
        client, "golden", mini.with_options(dim=256), dims=[256, 64], tokens=64, quantization="int8"
    )
    info = client.get_collection("golden")
    plain = qdrant_harakat.collection_schema(mini).client_arguments()
    binary = qdrant_harakat.collection_schema(
        mini.with_options(dim=384), quantization="binary", hnsw=qdrant_harakat.Hnsw(m=8), indexing_threshold=100
    ).client_arguments()
    return {
        "metadata": info.config.metadata,
        "vectors": json.loads(info.config.params.model_dump_json()),
        "layout": collection.layout.metadata(),
        "dims": list(collection.dims),
        "arguments": _plain(plain),
        "arguments binary": _plain(binary),
        "point ids": {str(key): str(qdrant_harakat.point_id(key)) for key in ("2:255", "قصيدة", 7, "a" * 32)},
    }


def _plain(value: Any) -> Any:
    """Models of qdrant-client as JSON values."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return json.loads(value.model_dump_json(exclude_none=True)) if hasattr(value, "model_dump_json") else value


def compute_names(work: Path) -> dict[str, Any]:
    """Compute the public names of each package, the arguments of the encoder, and the families of the errors."""
    methods = {
        name: str(inspect.signature(getattr(Encoder, name)))
        for name in sorted(dir(Encoder))
        if not name.startswith("_") and callable(getattr(Encoder, name))
    }
    return {
        "packages": {name: sorted(importlib.import_module(name).__all__) for name in PACKAGES},
        "Encoder": {"__init__": str(inspect.signature(Encoder)), **methods},
        "errors": {
            name: [base.__name__ for base in getattr(errors, name).__mro__[1:-1]] for name in sorted(errors.__all__)
        },
    }
