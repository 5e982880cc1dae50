"""Whole runs on tiny networks: masked-LM training, distillation, what comes after, resumption, refusals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from harakat import Encoder
from harakat.arabic.marks.diacritics import strip_marks
from harakat.errors import CheckpointError, MissingExtraError, OptionError, RecordError, UnknownModelError
from harakat.training import Trained, load_recipe, train
from harakat.training.pretraining import DistilSettings, LearntTokenizer, PretrainSettings, distil, pretrain
from support.marked import write_marked
from support.tiny import write_tiny
from support.triplets import triplets, write_jsonl

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

TINY: dict[str, Any] = {"hidden_size": 32, "layers": 2, "heads": 2, "intermediate_size": 48, "max_positions": 64}
QUICK: dict[str, Any] = {"batch_size": 16, "max_length": 64, "log_every": 2, "save_every": 1000, "device": "cpu"}
MLM = PretrainSettings(**TINY, **QUICK, lr=1e-2, max_steps=40, dims=(32, 16), vocabulary=900, mark_strings=120)
DISTIL = DistilSettings(**QUICK, lr=1e-2, max_steps=80)


class Words:
    """A teacher: each text is the mean of its words, each a direction of its own."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([np.mean([self.word(word) for word in text.split()], axis=0) for text in texts])

    def word(self, word: str) -> np.ndarray:
        return np.random.default_rng(list(word.encode())).normal(size=32)


class Crash(Exception):
    pass


def crash_at(step: int) -> Any:
    def on_log(line: dict[str, Any]) -> None:
        if line["step"] == step:
            raise Crash

    return on_log


def same(one: Path, two: Path) -> bool:
    first, second = load_file(one / "model.safetensors"), load_file(two / "model.safetensors")
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def pretrained(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return pretrain(texts, tmp_path_factory.mktemp("mlm") / "run", MLM)


@pytest.fixture(scope="module")
def distilled(texts: list[str], pretrained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return distil(texts, tmp_path_factory.mktemp("distil") / "run", DISTIL, start=pretrained.folder, teacher=Words())


def test_masked_lm_learns(pretrained: Trained) -> None:
    losses = [loss for _, loss in pretrained.losses]
    assert losses[0] > 5.5
    assert np.mean(losses[-3:]) < losses[0] - 0.7
    lines = [json.loads(line) for line in pretrained.metrics.read_text(encoding="utf-8").splitlines()]
    # 40 steps of 16 windows, counted in passes over the windows there are.
    assert abs(lines[-2]["epoch"] - 640 / lines[0]["rows"]["texts"]) < 1e-3
    assert lines[-2]["lr"] < 1e-4 < max(line["lr"] for line in lines if "lr" in line)


def test_the_pretrained_model_is_an_encoder(pretrained: Trained, texts: list[str], learnt: LearntTokenizer) -> None:
    encoder = Encoder(pretrained.folder, device="cpu")
    assert (encoder.dims, encoder.max_length, encoder.spelling) == ((32, 16), 64, "as-is")
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), 32) and bool(np.isfinite(vectors).all())
    assert json.loads((pretrained.folder / "config.json").read_text(encoding="utf-8"))["model_type"] == "neoarabert"
    spec = json.loads((pretrained.folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert spec["model"]["vocab"] == json.loads(learnt.tokenizer.to_str())["model"]["vocab"]
    # What is stored is what the last checkpoint holds.
    trained = load_file(pretrained.folder.parent / "checkpoints" / "checkpoint-40" / "model.safetensors")
    stored = load_file(pretrained.folder / "model.safetensors")
    assert {f"network.{name}" for name in stored} == {name for name in trained if name.startswith("network.")}
    assert all(torch.equal(tensor, trained[f"network.{name}"]) for name, tensor in stored.items())


def test_it_is_a_sentence_transformer_too(distilled: Trained, texts: list[str]) -> None:
    from sentence_transformers import SentenceTransformer

    from harakat.interop import register_transformers

    register_transformers()
    theirs = SentenceTransformer(str(distilled.folder), device="cpu").encode(texts)
    assert np.abs(theirs - Encoder(distilled.folder, device="cpu").encode(texts)).max() < 1e-5


def test_marks_no_longer_move_a_vector(pretrained: Trained, distilled: Trained, texts: list[str]) -> None:
    """The student lands near the teacher, from marked and from bare text alike."""
    bare = [strip_marks(text) for text in texts]
    targets = Words().encode(bare)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    before, after = (Encoder(run.folder, device="cpu") for run in (pretrained, distilled))
    for shown in (texts, bare):
        near = float((after.encode(shown) * targets).sum(1).mean())
        assert near > float((before.encode(shown) * targets).sum(1).mean()) + 0.3
        assert near > 0.5
    assert distilled.losses[-1][1] < distilled.losses[0][1] - 0.3
    assert after.dims == before.dims and after.max_length == before.max_length


def test_a_recipe_starts_from_it(distilled: Trained, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "triplets.jsonl", triplets())
    changes = {"start": str(distilled.folder), "data.silma.path": str(data), "dims": [32, 16], "max_steps": 3}
    run = train(load_recipe("phase-1", {**changes, **QUICK, "batch_size": 8}), tmp_path / "contrast")
    assert run.steps == 3
    assert not same(run.folder, distilled.folder)
    assert Encoder(run.folder, device="cpu").dims == (32, 16)
    lineage = json.loads((run.folder / "training.json").read_text(encoding="utf-8"))
    assert lineage["start"]["fingerprint"] == str(Encoder(distilled.folder, device="cpu").fingerprint)


def test_a_killed_run_resumes_to_the_same_weights(texts: list[str], tmp_path: Path) -> None:
    settings = replace(MLM, max_steps=8, save_every=4, log_every=2)
    whole = pretrain(texts, tmp_path / "whole", settings)
    with pytest.raises(Crash):
        pretrain(texts, tmp_path / "cut", settings, on_log=crash_at(6))
    assert [path.name for path in (tmp_path / "cut" / "checkpoints").iterdir()] == ["checkpoint-4"]
    with pytest.raises(OptionError, match="holds a run already"):
        pretrain(texts, tmp_path / "cut", settings)
    with pytest.raises(OptionError, match=r"begun with share=0\.15"):
        pretrain(texts, tmp_path / "cut", replace(settings, share=0.3), resume=True)
    with pytest.raises(OptionError, match=r"other rows of data\.texts"):
        pretrain(texts[1:], tmp_path / "cut", settings, resume=True)
    resumed = pretrain(texts, tmp_path / "cut", settings, resume=True)
    assert (resumed.resumed_from, whole.resumed_from) == (4, None)
    assert same(whole.folder, resumed.folder)
    assert whole.losses == resumed.losses

    held = replace(DISTIL, max_steps=6, save_every=3, log_every=1, axes=0.5)
    start = whole.folder
    whole = distil(texts, tmp_path / "d-whole", held, start=start, teacher=Words())
    with pytest.raises(Crash):
        distil(texts, tmp_path / "d-cut", held, start=start, teacher=Words(), on_log=crash_at(5))
    resumed = distil(texts, tmp_path / "d-cut", held, start=start, teacher=Words(), resume=True)
    assert resumed.resumed_from == 3
    assert same(whole.folder, resumed.folder)


def test_principal_axes_make_short_prefixes_good(pretrained: Trained, texts: list[str], tmp_path: Path) -> None:
    """The student's first dims carry what tells the texts apart."""
    runs = {
        axes: distil(
            texts,
            tmp_path / str(axes),
            replace(DISTIL, axes=axes, dims=(32,)),
            start=pretrained.folder,
            teacher=Words(),
        )
        for axes in (None, 0.0)
    }
    spread = {}
    for axes, run in runs.items():
        vectors = Encoder(run.folder, device="cpu").encode(texts)
        spread[axes] = float(vectors[:, :8].var(0).sum() / vectors.var(0).sum())
    assert spread[0.0] > spread[None] + 0.1


def test_go_on_with_a_given_model(texts: list[str], tmp_path: Path) -> None:
    start = write_tiny(tmp_path / "tiny")
    run = pretrain(texts, tmp_path / "run", replace(MLM, max_steps=2, lr=1e-4), start=start)
    before, after = Encoder(start, device="cpu"), Encoder(run.folder, device="cpu")
    assert (after.dims, after.max_length) == (before.dims, before.max_length)
    assert 0.9 < float((before.encode(texts) * after.encode(texts)).sum(1).mean()) < 1 - 1e-6
    assert not (tmp_path / "run" / "fresh").exists()


def test_a_given_tokenizer_in_everyday_spelling(texts: list[str], tmp_path: Path) -> None:
    from harakat.training.pretraining import learn_tokenizer

    learn_tokenizer(texts, size=700, mark_strings=50, spelling="imlai").save(tmp_path / "tokenizer")
    run = pretrain(texts, tmp_path / "run", replace(MLM, max_steps=1), tokenizer=tmp_path / "tokenizer")
    encoder = Encoder(run.folder, device="cpu")
    assert encoder.spelling == "imlai"
    assert encoder.encode("ٱلۡعَٰلَمِينَ") == pytest.approx(encoder.encode("الْعَالَمِينَ"), abs=1e-6)


def test_nothing_is_written_before_everything_is_checked(
    texts: list[str], pretrained: Trained, tokenizer_folder: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    for options, error, said in (
        ({"settings": replace(MLM, vocabulary=100)}, OptionError, "take at least"),
        ({"tokenizer": tmp_path / "none"}, CheckpointError, "tokenizer.json is missing"),
        ({"tokenizer": tokenizer_folder, "start": tiny_folder}, OptionError, "leave one of them out"),
        ({"start": "no-such-model"}, UnknownModelError, "no-such-model"),
        ({"start": tiny_folder, "settings": replace(MLM, max_length=500, max_positions=500)}, OptionError, "500"),
    ):
        with pytest.raises(error, match=said):
            pretrain(texts, out, **{"settings": MLM, **options})
        assert not out.exists()
    with pytest.raises(RecordError, match="is no file"):
        pretrain(tmp_path / "absent.txt", out, MLM)
    marked = write_marked(tmp_path / "marked")
    for start, teacher, error, said in (
        (pretrained.folder, lambda rows: np.ones((len(rows), 7)), OptionError, "vectors of 7 values.*of 32"),
        (marked, Words(), OptionError, "harakat-mini's architecture"),
        (tmp_path / "nothing", Words(), UnknownModelError, "nothing"),
    ):
        with pytest.raises(error, match=said):
            distil(texts, out, DISTIL, start=start, teacher=teacher)
        assert not out.exists()


def test_vectors_of_other_texts_are_refused(texts: list[str], pretrained: Trained, tmp_path: Path) -> None:
    options: dict[str, Any] = {"start": pretrained.folder, "teacher": Words(), "vectors": tmp_path / "shared.npy"}
    quick = replace(DISTIL, max_steps=1)
    distil(texts, tmp_path / "one", quick, **options)
    assert not (tmp_path / "one" / "teacher.npy").exists()
    distil(texts, tmp_path / "two", replace(quick, seed=1), **options)
    with pytest.raises(OptionError, match=r"shared\.npy was computed with rows=\d+, and now rows=3; delete it"):
        distil(texts[:3], tmp_path / "three", quick, **options)
    assert not (tmp_path / "three").exists()


def test_impossible_settings() -> None:
    for options, said in (
        ({"hidden_size": 30, "heads": 4}, "does not split into heads=4"),
        ({"max_length": 600}, "over max_positions=512"),
        ({"dims": (512, 64)}, "512 is over hidden_size=384"),
        ({"share": 1.0}, "share=1.0"),
        ({"marks_only": 2}, "at most 1"),
        ({"lr": -1}, "mlm: lr=-1"),
        ({"spelling": "x"}, "spelling='x'"),
    ):
        with pytest.raises(OptionError, match=said):
            PretrainSettings(**options)
    with pytest.raises(OptionError, match="role='x'"):
        DistilSettings(role="x")
    assert PretrainSettings().dims == (384, 256, 128, 64)


def test_a_missing_extra(hide_module: Callable[[str], None], texts: list[str], tmp_path: Path) -> None:
    hide_module("accelerate")
    with pytest.raises(MissingExtraError, match=r"harakat\[train\]"):
        pretrain(texts, tmp_path / "run", MLM)


def test_half_written_checkpoints_are_not_gone_on_with(texts: list[str], tmp_path: Path) -> None:
    settings = replace(MLM, max_steps=4, save_every=2)
    whole = pretrain(texts, tmp_path / "whole", settings)
    with pytest.raises(Crash):
        pretrain(texts, tmp_path / "cut", settings, on_log=crash_at(4))
    checkpoints = tmp_path / "cut" / "checkpoints"
    shutil.copytree(checkpoints / "checkpoint-2", checkpoints / "checkpoint-3")
    (checkpoints / "checkpoint-3" / "complete").unlink()
    assert same(pretrain(texts, tmp_path / "cut", settings, resume=True).folder, whole.folder)
