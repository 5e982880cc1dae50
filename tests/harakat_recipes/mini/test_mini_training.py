"""Training of harakat-mini: the pieces of a step, and a tiny run that stops, resumes and exports."""

import json
import random
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers

import harakat_recipes.mini
from harakat.arabic.marks import codes as markcodes
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.data.held_out import is_held_out_surah
from harakat.errors import OptionError, RecordError
from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
from harakat.training.distillation import find_axes
from harakat_recipes.mini import checkpoint, loop, losses, preparation, targets, texts
from harakat_recipes.mini.__main__ import main
from harakat_recipes.mini.batches import TokenSequence, embed, pool
from harakat_recipes.mini.examples import _typed, bare_codes, phrases, thinned
from harakat_recipes.mini.judge import _recall_and_map
from harakat_recipes.mini.scenes import scene
from harakat_recipes.mini.settings import Settings
from support.marked import read_marked

CONFIG = MarkedBertConfig(
    vocab_size=80,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=64,
)


def network():
    torch.manual_seed(3)
    made = MarkedBert(CONFIG)
    made.load_state_dict({name: torch.randn_like(value) * 0.2 for name, value in made.state_dict().items()})
    return made


def sequences(lengths, seed=0):
    noise = np.random.default_rng(seed)
    return [TokenSequence(noise.integers(0, 60, n), noise.integers(1, 2**60, n)) for n in lengths]


def test_pooling_keeps_the_order_and_does_not_depend_on_the_batch():
    made, items = network(), sequences([5, 9, 1, 9, 17])
    with torch.no_grad():
        together = pool(made, items)
        alone = torch.cat([pool(made, [item]) for item in items])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
    vectors = embed(made, items, tokens=10)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_target_is_of_the_everyday_spelling():
    made, tokenizer = tiny_start()
    uthmani, everyday = "ٱلسَّمَٰوَٰتِ", "السماوات"
    one, other = targets.teach(made, tokenizer, [uthmani, everyday], longest=40)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_everyday_sentences_have_their_share(data):
    few, many = (phrases(data, 400, 1, scenes=share) for share in (0.1, 0.6))
    known = {scene(random.Random(seed)) for seed in range(3000)}

    def everyday(items):
        found = sum(text in known for text in items)
        assert found < len(items)
        return found

    assert everyday(many) > 2 * everyday(few) > 0


def test_the_projection_is_the_axes():
    made, items = network(), sequences([6, 7, 8])
    with torch.no_grad():
        made.projection.weight.copy_(torch.eye(32))
        made.projection.bias.zero_()
        pooled = pool(made, items)
        norm = float(pooled.norm(dim=1).mean())
        unit = torch.nn.functional.normalize(pooled, dim=1).numpy()
        axes = find_axes(np.random.default_rng(1).normal(size=(99, 32)).astype(np.float32), 0.5)
        targets.attach_axes(made, axes, norm)
        ours = pool(made, items).numpy()
    expected = (pooled.numpy() - norm * axes.mean) @ axes.matrix
    np.testing.assert_allclose(ours, expected, atol=1e-3, rtol=1e-3)
    assert axes.apply(unit).shape == (3, 32)


def test_contrast_prefers_the_gold():
    vectors = torch.randn(6, 32)
    hidden = torch.zeros(6, 6, dtype=torch.bool)
    right = losses.contrast(vectors, vectors, torch.arange(6), hidden, [32])
    wrong = losses.contrast(vectors, vectors, (torch.arange(6) + 1) % 6, hidden, [32])
    assert right < 0.1 < wrong
    assert losses.part(vectors, vectors, [32], 0.1) == pytest.approx(0.9, abs=1e-5)
    assert losses.part(vectors, -vectors, [32], 0.1) == 0
    nothing_else = ~torch.eye(6, dtype=torch.bool)
    assert losses.contrast(vectors, vectors, torch.arange(6), nothing_else, [32]) < 1e-5


def test_margin_is_what_a_triplet_lacks():
    anchor, near, far = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.6, 0.8]]), torch.tensor([[0.0, 2.0]])
    assert losses.margin(anchor, near, far, [2], 0.7).item() == pytest.approx(0.1)
    assert losses.margin(anchor, near, far, [2], 0.5).item() == 0
    assert losses.margin(anchor, far, near, [2], 0.5).item() == pytest.approx(1.1)


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_thinning_only_takes_marks_away(seed, length):
    (item,) = sequences([length], seed)
    thin = thinned(item, random.Random(seed))
    np.testing.assert_array_equal(thin.ids, item.ids)
    for before, after in zip(item.marks.tolist(), thin.marks.tolist(), strict=True):
        both = list(zip(markcodes.unpack(before), markcodes.unpack(after), strict=True))
        assert all(b in (0, a) or (b == 8 and 8 <= a < 15) for a, b in both)  # a shadda may lose its vowel
    assert not bare_codes(item).marks.any()


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_typed_texts_bear_shadda_and_tanwin_only(seed, length):
    (item,) = sequences([length], seed)
    typed = _typed(item, random.Random(seed))
    left = []
    for before, after in zip(item.marks.tolist(), typed.marks.tolist(), strict=True):
        for slot, (b, a) in enumerate(zip(markcodes.unpack(before), markcodes.unpack(after), strict=True)):
            if a:
                left.append(slot)
                assert (a == 8 and 8 <= b < 15) or (a == b == 4 and slot == markcodes.CASE_SLOT)
    assert len(left) <= 3


def test_recall_and_average_precision():
    scores = np.array([[0.9, 0.8, 0.1, 0.7], [0.1, 0.2, 0.9, 0.3]], np.float32)
    recall, precision = _recall_and_map(scores, [{1, 3}, {0}], depth=3)
    assert recall == 50
    assert precision == pytest.approx(100 * ((1 / 2 + 2 / 3) / 2) / 2)


def test_scenes_vary():
    chance = random.Random(0)
    assert len({scene(chance) for _ in range(200)}) > 190


def test_splits_do_not_cross(data):
    train = {name for name, _ in texts.synsets(data, dev=False)}
    dev = {name for name, _ in texts.synsets(data, dev=True)}
    assert train and dev and not train & dev
    assert all(zlib.crc32(name.encode()) % 3 == 0 for name in dev)
    assert all(not is_held_out_surah(key) for key, _ in texts.commentaries(data))
    assert len(texts.prose(data, dev=True)) == 1
    with pytest.raises(RecordError, match="missing"):
        list(texts.rows(data, "missing"))
    (data / "broken.jsonl").write_text('{"a": 1}\nno json')
    with pytest.raises(RecordError, match="line 2"):
        list(texts.rows(data, "broken"))


def tiny_start():
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى،؟0123456789"
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)] + [
        (c, -5.0) for c in letters
    ]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return network(), PieceTokenizer(tokenizer)


TINY = Settings(
    steps=6, phrase_count=200, phrase_tokens=100, words=4, pairs=2, clashes=2, longest=40, bank=3, dims=[32, 16]
)


@pytest.fixture
def started(monkeypatch):
    for module in (loop, preparation):
        monkeypatch.setattr(module, "build_start", tiny_start)


class KilledError(Exception):
    pass


def train_until(step, monkeypatch, *arguments, **more):
    real = loop.Mixture.losses

    def killed(self, made, chance, at):
        if at == step:
            raise KilledError
        return real(self, made, chance, at)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Mixture, "losses", killed)
        with pytest.raises(KilledError):
            loop.train(*arguments, **more)


def test_a_run_that_is_killed_resumes_to_the_same_model(data, tmp_path, monkeypatch, started):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    caches = preparation.prepare_work(data, tmp_path, [TINY])
    loop.train(data, caches, whole, whole / "model", TINY, save_every=3)
    train_until(4, monkeypatch, data, caches, parts, parts / "model", TINY, save_every=3)
    loop.train(data, caches, parts, parts / "model", TINY, save_every=3)
    config, first = read_marked(whole / "model")
    _, second = read_marked(parts / "model")
    assert config["matryoshka_dims"] == [32, 16]
    states = [load_file(work / "last.safetensors") for work in (whole, parts)]
    assert {name.split(".")[0] for name in states[0]} == {"network", "optimiser", "bank"}
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert all(torch.equal(first[name], second[name]) for name in first)
    _, tokenizer = tiny_start()
    assert PieceTokenizer.from_folder(whole / "model").identity == tokenizer.identity
    assert not list(tmp_path.rglob("*.part*"))


def test_a_run_with_other_facts_does_not_go_on(data, tmp_path, monkeypatch, started):
    caches = preparation.prepare_work(data, tmp_path, [TINY])
    train_until(4, monkeypatch, data, caches, tmp_path, tmp_path / "model", TINY, save_every=3)
    before = (tmp_path / "last.safetensors").read_bytes()
    other_start = tmp_path / "start.safetensors"
    made, _ = tiny_start()
    checkpoint.save_network(other_start, made)
    (data / "tafsir.jsonl").write_text((data / "tafsir.jsonl").read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(OptionError, match=r"data\.tafsir=.*--work"):
        loop.train(data, caches, tmp_path, tmp_path / "model", TINY)
    text = (data / "tafsir.jsonl").read_text("utf-8")[:-1]
    (data / "tafsir.jsonl").write_text(text, "utf-8")
    with pytest.raises(OptionError, match=r"settings\.rate=6e-05, and now it is 0\.1.*--work"):
        loop.train(data, caches, tmp_path, tmp_path / "model", replace(TINY, rate=0.1))
    with pytest.raises(OptionError, match="start="):
        loop.train(data, caches, tmp_path, tmp_path / "model", TINY, start=other_start)
    assert (tmp_path / "last.safetensors").read_bytes() == before
    assert not (tmp_path / "model").exists()
    loop.train(data, caches, tmp_path, tmp_path / "model", TINY)  # with its own facts it does


def test_caches_are_named_by_what_made_them(data, tmp_path, monkeypatch, started):
    first = preparation.prepare_work(data, tmp_path, [TINY])
    assert first.glosses is None
    assert first == preparation.prepare_work(data, tmp_path, [TINY, replace(TINY, seed=9, rate=1.0, longest=30)])
    changed = [
        preparation.prepare_work(data, tmp_path, [replace(TINY, **{name: value})])
        for name, value in (("seed", 9), ("alpha", 0.5), ("scenes", 0.5), ("longest", 30), ("phrase_count", 150))
    ]
    assert len({first.targets, *(one.targets for one in changed)}) == 6
    assert {one.attested for one in changed} == {first.attested}
    found, other = first.read_targets(), changed[0].read_targets()
    assert found.vectors.shape[0] == len(found.sequences) and len(found.vectors) > 100
    np.testing.assert_allclose(np.linalg.norm(found.vectors.astype(float), axis=1), 1, atol=1e-2)
    assert found.vectors.shape != other.vectors.shape or not np.array_equal(found.vectors, other.vectors)
    (data / "hadith.jsonl").write_text((data / "hadith.jsonl").read_text("utf-8").replace("سَاعَةً", "سَنَةً"), "utf-8")
    again = preparation.prepare_work(data, tmp_path, [TINY])
    assert again.attested != first.attested and again.targets != first.targets
    made, tokenizer = tiny_start()
    with torch.no_grad():
        made.words.weight.add_(0.5)
    monkeypatch.setattr(preparation, "build_start", lambda: (made, tokenizer))
    retaught = preparation.prepare_work(data, tmp_path, [TINY])
    assert retaught.attested == again.attested and retaught.targets != again.targets
    with pytest.raises(RecordError, match="glosses"):
        first.read_glosses()


def test_marked_forms_are_read_as_they_were_counted(data, tmp_path, started):
    caches = preparation.prepare_work(data, tmp_path, [TINY])
    found = caches.read_attested()
    assert found == preparation._attested(data) and list(found) == list(preparation._attested(data))
    assert all(isinstance(form, tuple) for forms in found.values() for form in forms)
    assert found["خبزا"]


def test_a_round_goes_on_from_the_one_before_and_keeps_its_share_and_the_gains_set(data, tmp_path, started):
    first = replace(TINY, steps=1, phrase_count=100, phrase_tokens=60, bank=0)
    caches = preparation.prepare_work(data, tmp_path, [first])
    second = replace(first, blend=0.25, mark_gains=[9.0, 5.0], rate=1e-2, seed=2)
    start = None
    for name, choice in (("1", first), ("2", second)):
        loop.train(data, caches, tmp_path / name, tmp_path / name / "model", choice, start=start)
        start = tmp_path / name / loop.FINISHED
    before, kept = (load_file(tmp_path / name / loop.FINISHED) for name in "12")
    state = load_file(tmp_path / "2" / "last.safetensors")
    after = {name.removeprefix("network."): x for name, x in state.items() if name.startswith("network.")}
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert kept["mark_gain"][:2].tolist() == [9.0, 5.0]
    after["mark_gain"][:2] = before["mark_gain"][:2] = kept["mark_gain"][:2]
    for name, tensor in kept.items():
        torch.testing.assert_close(tensor, 0.75 * after[name] + 0.25 * before[name])
    silent = {"marks": torch.zeros(3)}
    assert torch.equal(loop.blended({"marks": torch.ones(3)}, silent, 0.5)["marks"], torch.ones(3))


def test_the_command_trains_every_round_from_the_one_before(data, tmp_path, monkeypatch, started):
    rounds = [
        {"steps": 1, "phrase_count": 100, "phrase_tokens": 60, "words": 4, "longest": 40, "dims": [32]},
        {"seed": 2},
    ]
    (tmp_path / "recipe.json").write_text(json.dumps(rounds), "utf-8")
    command = ["mini", "--data", str(data), "--work", str(tmp_path / "work"), "--config", str(tmp_path / "recipe.json")]
    monkeypatch.setattr("sys.argv", [*command, "--threads", str(torch.get_num_threads())])
    main()
    work = tmp_path / "work"
    one, other = (load_file(work / f"round-{number}" / loop.FINISHED) for number in (1, 2))
    assert any(not torch.equal(one[name], other[name]) for name in one)
    assert read_marked(work / "model")[1].keys() == read_marked(work / "round-2" / "model")[1].keys()


def test_the_command_says_its_options_in_a_checkout():
    root = Path(harakat_recipes.mini.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "harakat_recipes.mini", "--help"], cwd=root, capture_output=True, text=True, check=True
    )
    assert "--data" in done.stdout and "--work" in done.stdout
