"""Whole runs on tiny checkpoints: every phase, resumption, fine-tuning, what they write."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from harakat import Encoder
from harakat.errors import DimError, MissingExtraError, OptionError, RecordError, UnknownModelError
from harakat.training import Recipe, Trained, fine_tune, load_recipe, plan, train
from support.marked import write_marked
from support.tiny import write_tiny
from support.triplets import muradif_rows, triplets, write_jsonl

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")

QUICK = {"batch_size": 8, "max_length": 64, "log_every": 1, "lr": 2e-3, "max_steps": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`triplets.jsonl` and `muradif.jsonl`."""
    folder = tmp_path_factory.mktemp("training-data")
    write_jsonl(folder / "triplets.jsonl", triplets())
    write_jsonl(folder / "muradif.jsonl", muradif_rows())
    return folder


def first_phase(data: Path, start: Path, **changes: Any) -> Recipe:
    settings = {"start": str(start), "dims": [64, 32, 16], "data.silma.path": str(data / "triplets.jsonl")}
    return load_recipe("phase-1", {**settings, **QUICK, **changes})


def accuracy(encoder: Encoder, rows: list[dict[str, str]]) -> float:
    """Share of triplets whose positive is closer to the anchor than the negative."""
    anchor, positive, negative = (encoder.encode([row[key] for row in rows]) for key in rows[0])
    return float(((anchor * positive).sum(1) > (anchor * negative).sum(1)).mean())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: Path, two: Path) -> bool:
    first, second = weights(one), weights(two)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def phases(data: Path, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trained]:
    """All three phases, one after the other."""
    runs = tmp_path_factory.mktemp("runs")
    triplet, muradif = str(data / "triplets.jsonl"), str(data / "muradif.jsonl")
    one = first_phase(data, tiny_folder)
    two = load_recipe(
        "phase-2",
        {"data.silma.path": triplet, "data.muradif.path": muradif, "data.mix-triplet.path": triplet, **QUICK},
    )
    four = load_recipe(
        "phase-4",
        {
            "data.arabic-nli.path": triplet,
            "data.msmarco-ar.path": triplet,
            "data.muradif.path": muradif,
            **QUICK,
            "mini_batch_size": 4,
        },
    )
    return {recipe.name: train(recipe, runs / recipe.name) for recipe in (one, two, four)}


def test_the_phases_learn(phases: dict[str, Trained], tiny_folder: Path) -> None:
    before = accuracy(Encoder(tiny_folder, device="cpu"), triplets())
    after = [accuracy(Encoder(run.folder, device="cpu"), triplets()) for run in phases.values()]
    assert before < 0.8
    assert after[-1] > 0.95
    assert after[0] > before
    first, last = phases["phase-1"].losses[0][1], phases["phase-4"].losses[-1][1]
    assert last < 0.3 * first


def test_each_phase_starts_from_the_one_before(phases: dict[str, Trained], tiny_folder: Path) -> None:
    lineages = {name: json.loads((run.folder / "training.json").read_text()) for name, run in phases.items()}
    folders = [tiny_folder, phases["phase-1"].folder, phases["phase-2"].folder]
    for lineage, folder in zip(lineages.values(), folders, strict=True):
        assert Path(lineage["start"]["model"]) == folder
        # The training length is part of neither the model nor its fingerprint.
        assert lineage["start"]["fingerprint"] == str(Encoder(folder, device="cpu").fingerprint)
    assert lineages["phase-1"]["held_out"] is None
    assert lineages["phase-2"]["held_out"] == lineages["phase-4"]["held_out"] is not None


def test_the_finished_model_is_an_encoder(phases: dict[str, Trained]) -> None:
    run = phases["phase-2"]
    encoder = Encoder(run.folder, device="cpu")
    assert encoder.dims == (64, 32, 16)
    assert encoder.max_length == 128
    checkpoint = next(run.folder.parent.glob("checkpoints/checkpoint-8"))
    in_memory, stored = weights(checkpoint), weights(run.folder)
    assert {f"0.model.{name}" for name in stored} == in_memory.keys()
    assert all(torch.equal(stored[name], in_memory[f"0.model.{name}"]) for name in stored)


def test_metrics_and_plots(phases: dict[str, Trained]) -> None:
    run = phases["phase-4"]
    lines = [json.loads(line) for line in run.metrics.read_text(encoding="utf-8").splitlines()]
    assert lines[0]["event"] == "start" and lines[-1]["event"] == "end"
    assert (lines[0]["precision"], lines[0]["steps"], lines[0]["processes"]) == ("float32", 8, 1)
    assert "CUDA" in lines[0]["why"]
    assert set(lines[0]["rows"]) == {"arabic-nli", "msmarco-ar", "muradif"}
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == list(range(1, 9))
    assert tuple((line["step"], line["loss"]) for line in steps) == run.losses
    # A tenth of warm-up, rounded up to one step, and then a cosine to zero.
    cosine = [2e-3 * 0.5 * (1 + np.cos(np.pi * place / 7)) for place in range(7)]
    assert np.allclose([line["lr"] for line in steps], [0.0, *cosine])
    for plot in run.plots:
        assert plot.read_bytes().startswith(b"\x89PNG")


def test_resumed_after_a_crash_to_the_same_weights(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    recipe = first_phase(data, tiny_folder, save_every=3, log_every=2)
    whole = train(recipe, tmp_path / "whole")

    class Crash(Exception):
        pass

    def crash(line: dict[str, Any]) -> None:
        if line["step"] == 6:
            raise Crash

    with pytest.raises(Crash):
        train(recipe, tmp_path / "cut", on_log=crash)
    checkpoints = tmp_path / "cut" / "checkpoints"
    assert [path.name for path in checkpoints.iterdir()] == ["checkpoint-3"]
    # What a kill in the middle of writing would leave behind.
    shutil.copytree(checkpoints / "checkpoint-3", checkpoints / "checkpoint-6")
    (checkpoints / "checkpoint-6" / "complete").unlink()
    (checkpoints / "checkpoint-6" / "model.safetensors").write_bytes(b"half")
    with pytest.raises(OptionError, match="holds a run already.*--resume"):
        train(recipe, tmp_path / "cut")
    resumed = train(recipe, tmp_path / "cut", resume=True)
    assert resumed.resumed_from == 3
    assert same(whole.folder, resumed.folder)
    assert whole.losses == resumed.losses
    # Checkpoints of who knows what are not gone on with.
    (tmp_path / "cut" / "run.json").rename(tmp_path / "run.json")
    with pytest.raises(OptionError, match=r"holds 'model' without the run\.json"):
        train(recipe, tmp_path / "cut", resume=True)
    (tmp_path / "run.json").rename(tmp_path / "cut" / "run.json")
    # Done is done.
    again = train(recipe, tmp_path / "cut", resume=True)
    assert again == resumed
    # Killed between the last checkpoint and the model's folder.
    shutil.rmtree(resumed.folder)
    assert same(train(recipe, tmp_path / "cut", resume=True).folder, whole.folder)


def test_a_resumed_run_is_the_same_run(data: Path, tiny_folder: Path, other_folder: Path, tmp_path: Path) -> None:
    mine = shutil.copy(data / "triplets.jsonl", tmp_path / "mine.jsonl")
    recipe = first_phase(data, tiny_folder, max_steps=1).changed({"data.silma.path": str(mine)})
    train(recipe, tmp_path / "run")
    with pytest.raises(OptionError, match=r"begun with lr=0\.002, and is to go on with 0\.1"):
        train(recipe.changed({"lr": 0.1}), tmp_path / "run", resume=True)
    with pytest.raises(OptionError, match=f"begun with start='{tiny_folder}'"):
        train(recipe.changed({"start": str(other_folder)}), tmp_path / "run", resume=True)
    write_jsonl(mine, triplets()[1:])
    with pytest.raises(OptionError, match=r"other rows of data\.silma: 72 rows .* and now 71"):
        train(recipe, tmp_path / "run", resume=True)
    write_jsonl(mine, triplets())
    assert train(recipe.changed({"log_every": 5}), tmp_path / "run", resume=True).steps == 1


def test_a_hub_data_set_stays_at_its_commit(tmp_path: Path) -> None:
    from harakat.training.run import _at_commit, _recorded_commits

    silma = load_recipe("phase-1").data[0]
    assert _at_commit(silma, _recorded_commits(tmp_path)) == silma
    facts = {"data": [{"name": "silma", "rows": 1, "commit": "c" * 40}, {"name": "other", "rows": 1}]}
    (tmp_path / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    commits = _recorded_commits(tmp_path)
    assert _at_commit(silma, commits).revision == "c" * 40
    pinned = load_recipe("phase-1", {"data.silma.revision": "v1"}).data[0]
    assert _at_commit(pinned, commits).revision == "v1"


def test_gradients_cached_in_small_parts_are_the_same(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    losses = [
        train(first_phase(data, tiny_folder, max_steps=4, mini_batch_size=size), tmp_path / str(size)).losses
        for size in (None, 3)
    ]
    assert np.allclose(losses[0], losses[1], rtol=2e-4)


def test_bfloat16_and_recomputed_blocks(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    plain = first_phase(data, tiny_folder, max_steps=3)
    exact = train(plain, tmp_path / "float32")
    rough = train(plain.changed({"precision": "bfloat16", "gradient_checkpointing": True}), tmp_path / "bfloat16")
    assert rough.precision == "bfloat16"
    assert {tensor.dtype for tensor in weights(rough.folder).values()} == {torch.float32}
    assert not same(exact.folder, rough.folder)
    assert np.allclose(exact.losses, rough.losses, rtol=0.1)


def test_another_held_out_part_is_refused(phases: dict[str, Trained], data: Path, tmp_path: Path) -> None:
    rows = [*muradif_rows(), {**muradif_rows()[0], "anchor_word": "جديد"}, {**muradif_rows()[0], "anchor_word": "قديم"}]
    rows += [{**muradif_rows()[0], "anchor_word": word} for word in ("كبير", "صغير", "بعيد", "قريب", "طويل", "قصير")]
    muradif = write_jsonl(tmp_path / "more.jsonl", rows)
    recipe = load_recipe(
        "phase-4",
        {
            "start": str(phases["phase-2"].folder),
            "data.arabic-nli.path": str(data / "triplets.jsonl"),
            "data.msmarco-ar.rows": 0,
            "data.muradif.path": str(muradif),
            **QUICK,
        },
    )
    with pytest.raises(OptionError, match="held-out part"):
        train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_fine_tune_the_bundled_architecture(tmp_path: Path) -> None:
    start = write_marked(tmp_path / "marked")
    options = {**QUICK, "max_steps": 24, "lr": 5e-3, "log_every": 8}
    run = fine_tune(triplets(), tmp_path / "run", model=start, **options)
    before, after = Encoder(start, device="cpu"), Encoder(run.folder, device="cpu")
    assert accuracy(after, triplets()) > max(0.75, accuracy(before, triplets()) + 0.2)
    assert (after.dims, after.max_length, after.spelling) == (before.dims, before.max_length, before.spelling)
    trained = weights(tmp_path / "run" / "checkpoints" / "checkpoint-24")
    stored = weights(run.folder)
    assert {f"0.network.{name}" for name in stored} == trained.keys()
    assert all(torch.equal(stored[name], trained[f"0.network.{name}"]) for name in stored)
    # Marks were learnt too.
    untrained: Any = before.checkpoint.engine.network
    assert not torch.equal(stored["marks"], untrained.marks)


def test_a_quarter_of_the_size(tmp_path: Path) -> None:
    start = write_marked(tmp_path / "marked")
    sizes = {}
    for storage in ("float32", "int8"):
        out = tmp_path / storage
        run = fine_tune(triplets(), out, model=start, storage=storage, **{**QUICK, "max_steps": 1})
        sizes[storage] = (run.folder / "model.safetensors").stat().st_size
        assert Encoder(run.folder, device="cpu").encode("نص").shape == (32,)
    assert sizes["int8"] < sizes["float32"]


def test_the_saved_vectors_are_those_that_were_trained(tmp_path: Path) -> None:
    """For both architectures: network, tokenizer and pooling of the folder against the trainer's own model."""
    from harakat.training.trainable import open_trainable

    texts = [row["anchor"] for row in triplets()[::5]]
    for start in (write_tiny(tmp_path / "native"), write_marked(tmp_path / "marked")):
        trainable = open_trainable(load_recipe("fine-tune", {"max_length": 40}), str(start))
        with torch.no_grad():
            for parameter in trainable.model.parameters():
                assert parameter.requires_grad
                parameter.mul_(1.25)
        vectors = trainable.model.encode(texts)
        trainable.save(tmp_path / f"{start.name}-saved", "card", {}, exact=True)
        saved = Encoder(tmp_path / f"{start.name}-saved", device="cpu")
        assert np.abs(saved.encode(texts) - vectors).max() < 1e-5
        assert np.abs(Encoder(start, device="cpu").encode(texts) - vectors).max() > 1e-3


def test_pairs_in_a_file_and_a_bar(tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [{"anchor": row["anchor"], "positive": row["positive"]} for row in triplets()]
    path = write_jsonl(tmp_path / "pairs.jsonl", pairs)
    run = fine_tune(path, tmp_path / "run", model=tiny_folder, show_progress=True, **{**QUICK, "max_steps": 2})
    assert len(run.losses) == 2
    assert "2/2" in capsys.readouterr().err


def test_triplets_and_pairs_together(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    path = str(data / "triplets.jsonl")
    recipe = first_phase(data, tiny_folder, max_steps=4, mixing="round_robin", workers=1).as_dict()
    recipe["data"].append({"name": "pairs", "format": "pairs", "path": path})
    assert len(train(Recipe.from_dict(recipe), tmp_path / "run").losses) == 4


def test_nothing_is_written_before_everything_is_checked(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    good = first_phase(data, tiny_folder)
    broken = write_jsonl(tmp_path / "broken.jsonl", [*triplets()[:3], {"anchor": "a"}])
    for changes, error, said in (
        ({"start": "no-such-model"}, UnknownModelError, "no-such-model"),
        ({"dims": [128, 64]}, DimError, "128"),
        ({"max_length": 4096}, OptionError, "max_length=4096"),
        ({"data.silma.path": str(broken)}, RecordError, r"broken\.jsonl, line 4: no field 'positive'"),
        ({"data.silma.path": "absent.jsonl"}, RecordError, "is no file"),
    ):
        with pytest.raises(error, match=said):
            train(good.changed(changes), out)
        assert not out.exists()
    with pytest.raises(OptionError, match="phase-1.*start="):
        train(load_recipe("phase-2"), out)
    with pytest.raises(OptionError, match="fine_tune sets it itself"):
        fine_tune(triplets(), out, model=tiny_folder, name="x")
    with pytest.raises(OptionError, match="did you mean 'batch_size'"):
        fine_tune(triplets(), out, model=tiny_folder, batchsize=4)
    marked = write_marked(tmp_path / "marked")
    with pytest.raises(OptionError, match="mini_batch_size to save memory"):
        fine_tune(triplets(), out, model=marked, max_length=64, gradient_checkpointing=True)
    with pytest.raises(OptionError, match="max_length=128: marked takes 3 to 64 tokens"):
        fine_tune(triplets(), out, model=marked)
    with pytest.raises(RecordError, match="the data, row 1: the field 'positive' is None"):
        fine_tune([triplets()[0], {"anchor": "a", "positive": None, "negative": "c"}], out, model=tiny_folder)  # type: ignore[dict-item]
    assert not out.exists()


def test_an_exploding_loss_stops_the_run(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"the loss is nan at step \d+: lr=1e\+30"):
        train(first_phase(data, tiny_folder, lr=1e30), tmp_path / "run")
    assert not (tmp_path / "run" / "model").exists()


def test_plan_writes_nothing(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    found = plan(first_phase(data, tiny_folder, max_steps=None, epochs=2), tmp_path / "run")
    assert (found.start, found.rows, found.steps) == (str(tiny_folder), {"silma": 72}, 18)
    assert found.start_is_here
    far = plan(load_recipe("phase-1", {"start": "nobody/has-this-model"}), tmp_path / "run")
    assert (far.rows, far.steps, far.start_is_here) == ({"silma": None}, None, False)
    with pytest.raises(UnknownModelError, match="no-such-model"):
        plan(load_recipe("phase-1", {"start": "no-such-model"}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_missing_extra(hide_module: Callable[[str], None], data: Path, tiny_folder: Path) -> None:
    hide_module("sentence_transformers")
    with pytest.raises(MissingExtraError, match=r"harakat\[train\]"):
        train(first_phase(data, tiny_folder))


@pytest.mark.slow
def test_fine_tune_harakat_mini(tmp_path: Path) -> None:
    rows = triplets()[::6]
    run = fine_tune(rows, tmp_path / "run", max_steps=6, batch_size=6, lr=5e-5, log_every=1, device="cpu")
    before, after = Encoder(device="cpu"), Encoder(run.folder, device="cpu")
    assert accuracy(after, rows) >= accuracy(before, rows)
    assert run.losses[-1][1] < run.losses[1][1]
    assert (after.dims, after.max_length) == (before.dims, before.max_length)
