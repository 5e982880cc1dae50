"""Fixtures: an embedder whose vectors are known, and a small real one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat.evaluation import Embedder, as_embedder

Known = Callable[..., Embedder]


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Embedder:
    """A NeoAraBERT with random weights."""
    return as_embedder(Encoder(tiny_folder))


@pytest.fixture(scope="session")
def foreign_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SentenceTransformer of another kind, as its own library saves it: BERT, WordPiece, mean pooling."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("foreign")
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters)]
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(vocab={piece: place for place, piece in enumerate(pieces)}).save_pretrained(folder / "bert")
    SentenceTransformer(modules=[Transformer(str(folder / "bert")), Pooling(32)]).save(str(folder / "foreign"))
    return folder / "foreign"


@pytest.fixture
def known() -> Known:
    """An embedder of given vectors; a text without one gets a vector drawn by its spelling."""

    def make(vectors: dict[str, list[float]], dim: int = 16, name: str = "known") -> Embedder:
        def encode(texts: list[str]) -> np.ndarray:
            rows = []
            for text in texts:
                row = vectors.get(text)
                if row is None:
                    row = np.random.default_rng(zlib.crc32(text.encode())).normal(size=dim).tolist()
                rows.append(row + [0.0] * (dim - len(row)))
            return np.array(rows, dtype=np.float32)

        return as_embedder(encode, name, dims=[dim, dim // 2])

    return make
