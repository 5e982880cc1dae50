"""An encoder of harakat-mini's architecture inside a SentenceTransformer: the same vectors, never saved."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from harakat import Encoder
from harakat.errors import OptionError, TextTypeError
from harakat.interop import export_eurobert, to_sentence_transformer
from harakat.interop.sentence_transformer_modules import EncoderModule

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.mark.parametrize("dim", [64, 32])
def test_the_same_vectors(dim: int, marked_encoder: Encoder, texts: list[str]) -> None:
    encoder = marked_encoder.with_options(dim=dim, max_length=24, query_prompt="سؤال ")
    texts = [*texts, "عِلْم", "عَلَم", "كلمة " * 50]
    model = to_sentence_transformer(encoder)
    for got, wanted in (
        (model.encode(texts, batch_size=3), encoder.encode(texts)),
        (model.encode_query(texts), encoder.encode_query(texts)),
        (model.encode(texts, truncate_dim=32), encoder.with_options(dim=32).encode(texts)),
    ):
        assert np.abs(got - wanted).max() < 1e-5
    assert np.abs(model.encode("عِلْم") - model.encode("عَلَم")).max() > 1e-3
    assert model.get_embedding_dimension() == dim
    assert model.max_seq_length == 24
    assert model.similarity(model.encode(texts), model.encode(texts)).shape == (len(texts), len(texts))


def test_the_encoder_keeps_its_network(marked_encoder: Encoder, texts: list[str]) -> None:
    before = marked_encoder.encode(texts)
    model = to_sentence_transformer(marked_encoder).to(torch.float64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert np.array_equal(marked_encoder.encode(texts), before)


def test_it_is_not_saved(marked_encoder: Encoder, tmp_path: Path) -> None:
    model = to_sentence_transformer(marked_encoder)
    for save in (model.save, model.save_pretrained):
        with pytest.raises(OptionError, match="cannot be saved"):
            save(str(tmp_path / "st"))
    assert isinstance(model[0], EncoderModule)
    with pytest.raises(OptionError, match="cannot be saved"):
        model[0].save(str(tmp_path / "st"))
    with pytest.raises(OptionError, match="architecture of harakat's own"):
        export_eurobert(marked_encoder, tmp_path / "st")
    assert not (tmp_path / "st").exists()


def test_what_is_no_text_is_refused(marked_encoder: Encoder) -> None:
    model = to_sentence_transformer(marked_encoder)
    with pytest.raises((TextTypeError, TypeError, ValueError)):
        model.encode(["نعم", None])


def test_it_can_be_pickled(marked_encoder: Encoder, texts: list[str]) -> None:
    """As sentence-transformers does for the processes of a pool."""
    model = to_sentence_transformer(marked_encoder)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.encode(texts), model.encode(texts))
