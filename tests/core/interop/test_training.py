"""The registered model learns under sentence-transformers' trainer, and its files are an encoder's again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from harakat import Encoder
from harakat.interop import to_sentence_transformer

PAIRS = [
    ("عِلْمٌ نَافِعٌ", "مَعْرِفَةٌ مُفِيدَةٌ"),
    ("عَلَمُ الْبِلَادِ", "رَايَةُ الْوَطَنِ"),
    ("بَيْتٌ كَبِيرٌ", "دَارٌ وَاسِعَةٌ"),
    ("كِتَابٌ قَدِيمٌ", "سِفْرٌ عَتِيقٌ"),
    ("قَالَ الشَّاعِرُ", "أَنْشَدَ الْأَدِيبُ"),
    ("يَوْمٌ طَوِيلٌ", "نَهَارٌ مَدِيدٌ"),
    ("مَاءٌ بَارِدٌ", "شَرَابٌ قُرٌّ"),
    ("رَجُلٌ كَرِيمٌ", "امْرُؤٌ جَوَادٌ"),
]


def test_a_few_steps(tiny_folder: Path, tmp_path: Path) -> None:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss, MultipleNegativesRankingLoss

    torch.manual_seed(0)
    encoder = Encoder(tiny_folder, device="cpu")
    model = to_sentence_transformer(encoder)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    anchors, positives = ([pair[side] for pair in PAIRS] for side in (0, 1))
    untrained = encoder.encode(anchors)

    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(tmp_path / "run"),
        max_steps=12,
        per_device_train_batch_size=len(PAIRS),
        learning_rate=2e-3,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        gradient_checkpointing=True,
        dataloader_pin_memory=False,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"anchor": anchors, "positive": positives}),
        loss=MatryoshkaLoss(model, MultipleNegativesRankingLoss(model), matryoshka_dims=[64, 32, 16]),
    )
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < 0.5 * losses[0]
    after = model.state_dict()
    assert all(not torch.equal(after[name], tensor) for name, tensor in before.items())
    # The encoder that it was made from has not moved.
    assert np.array_equal(encoder.encode(anchors), untrained)

    model.save_pretrained(str(tmp_path / "trained"))
    stored = load_file(tmp_path / "trained" / "model.safetensors")
    assert stored.keys() == load_file(tiny_folder / "model.safetensors").keys()
    for name, tensor in stored.items():
        assert torch.equal(tensor, after[f"0.model.{name}"]), name
    trained = Encoder(tmp_path / "trained", device="cpu")
    assert np.abs(trained.encode(anchors) - model.encode(anchors)).max() < 1e-5
    assert trained.dims == (64, 32, 16)
    assert str(trained.fingerprint) != str(encoder.fingerprint)
    scores = trained.encode(anchors) @ trained.encode(positives).T
    assert (scores.argmax(axis=1) == np.arange(len(PAIRS))).all()
    plain = SentenceTransformer(str(tmp_path / "trained"), device="cpu")
    assert np.abs(plain.encode(anchors) - trained.encode(anchors)).max() < 1e-5


pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
