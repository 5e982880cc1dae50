"""A real Qdrant server. With HARAKAT_QDRANT_URL set, every other test of this folder runs against it as well."""

from __future__ import annotations

import os

import pytest
from qdrant_client import QdrantClient, models

from qdrant_harakat import Hnsw, create_collection

URL = os.environ.get("HARAKAT_QDRANT_URL")


@pytest.mark.skipif(URL is None, reason="needs a Qdrant server: set HARAKAT_QDRANT_URL, such as http://localhost:6333")
def test_the_server_takes_the_whole_schema(name, encoder, verses):
    client = QdrantClient(url=URL)
    hnsw = Hnsw(m=24, ef_construct=120, full_scan_threshold=5000)
    made = create_collection(client, name, encoder, tokens=True, quantization="int8", hnsw=hnsw)
    try:
        made.ingest(verses)
        assert made.search_two_stage(verses[9].text)[0].id == verses[9].id
        config = client.get_collection(name).config
        assert config.hnsw_config.m == 24
        assert config.params.vectors["dim_64"].quantization_config.scalar.type == models.ScalarType.INT8
        assert config.params.vectors["tokens"].hnsw_config.m == 0
    finally:
        client.delete_collection(name)
        client.close()
