"""Training of harakat-mini: the pieces of a step, and a tiny run that stops, resumes and exports."""

import random
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from harakat.arabic.marks import codes as markcodes
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.errors import RecordError
from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
from harakat.model.layers.attention import PaddedAttention
from harakat_recipes.mini import losses, targets, teacher, texts
from harakat_recipes.mini.batches import BucketAttention, Sequence_, embed, pool, prepare
from harakat_recipes.mini.examples import Phrase, _typed, bare_codes, phrases, reworded, thinned
from harakat_recipes.mini.judge import _recall_and_map
from harakat_recipes.mini.scenes import scene
from harakat_recipes.mini.settings import Settings
from support.stems import write_stems

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
    return [Sequence_(noise.integers(0, 60, n), noise.integers(1, 2**60, n)) for n in lengths]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_buckets_attend_like_padded_batches(lengths):
    lengths = sorted(lengths, reverse=True)
    torch.manual_seed(0)
    q, k, v = torch.randn(3, sum(lengths), 2, 8)
    padded = torch.zeros(3, len(lengths), lengths[0], 2, 8)
    mask = torch.arange(lengths[0])[None] < torch.tensor(lengths)[:, None]
    padded[:, mask] = torch.stack([q, k, v])
    flat = padded.flatten(1, 2)
    expected = PaddedAttention(len(lengths), lengths[0], mask)(flat[0], flat[1], flat[2]).view((*mask.shape, 2, 8))[
        mask
    ]
    rows = BucketAttention(lengths)
    assert torch.equal(rows.source[rows.real], torch.arange(sum(lengths)))
    assert torch.equal(rows.token_lengths()[rows.real], torch.tensor(lengths).repeat_interleave(torch.tensor(lengths)))
    q, k, v = (x[rows.source] for x in (q, k, v))
    torch.testing.assert_close(rows(q, k, v)[rows.real], expected, atol=1e-5, rtol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(rows(q, k, v)[rows.real], expected, atol=1e-5, rtol=1e-4)


def test_pooling_keeps_the_order_and_does_not_depend_on_the_batch():
    made, items = network(), sequences([5, 9, 1, 9, 17])
    with torch.no_grad():
        together = pool(made, items)
        alone = torch.cat([pool(made, [item]) for item in items])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
    vectors = embed(made, items, tokens=10)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_axes_centre_turn_and_order_by_variance():
    noise = np.random.default_rng(0)
    vectors = noise.normal(size=(500, 32)).astype(np.float32) * np.linspace(0.1, 1, 32, dtype=np.float32) + 3
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    axes = targets.find_axes(vectors, alpha=0.0)
    turned = (vectors - axes.mean) @ axes.matrix
    assert np.abs(turned.mean(0)).max() < 1e-5
    assert (np.diff(turned.var(0)) < 1e-7).all()
    np.testing.assert_allclose(axes.matrix.T @ axes.matrix, np.eye(32), atol=1e-5)
    whitened = targets.find_axes(vectors, alpha=1.0)
    spread = ((vectors - whitened.mean) @ whitened.matrix).var(0)
    assert spread.max() / spread.min() < 1.01


def test_a_share_of_the_mean_stays():
    noise = np.random.default_rng(0)
    vectors = noise.normal(size=(400, 8)).astype(np.float32) + 3
    whole, most = targets.find_axes(vectors, 0.25), targets.find_axes(vectors, 0.25, centre=0.75)
    np.testing.assert_array_equal(whole.matrix, most.matrix)
    left = (vectors - most.mean).mean(0)
    np.testing.assert_allclose(left, 0.25 * vectors.mean(0), rtol=1e-5)


def test_the_teacher_reads_a_text_after_each_prompt():
    made, tokenizer = tiny_start(None)
    items = ["كتب الرجل", "في البيت"]
    views = [
        embed(made, prepare(tokenizer, [prompt + text for text in items], longest=40)) for prompt in ("", "ب ", "د ")
    ]
    for prompts, expected in ((["", "ب ", "د "], sum(views)), (["د "], views[2])):
        found = targets.teach(made, tokenizer, items, prompts, longest=40)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        cosines = (found * expected).sum(1) / np.linalg.norm(expected, axis=1)
        assert cosines.min() > 0.999


def test_a_target_is_of_the_everyday_spelling():
    made, tokenizer = tiny_start(None)
    uthmani, everyday = "ٱلسَّمَٰوَٰتِ", "السماوات"
    axes = targets.Axes(np.zeros(32, np.float32), np.eye(32, dtype=np.float32))
    items = [Phrase(uthmani, False), Phrase(everyday, False)]
    one, other = targets.phrase_targets(made, tokenizer, items, axes, axes, longest=40).targets
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_everyday_sentences_have_targets_of_their_own_axes():
    made, tokenizer = tiny_start(None)
    texts_ = ["كتب الرجل", "في البيت"]
    vectors = targets.teach(made, tokenizer, texts_, [""], longest=40)
    axes = targets.Axes(vectors.mean(0), np.eye(32, dtype=np.float32))
    everyday = targets.Axes(vectors.mean(0) / 2, np.eye(32, dtype=np.float32))
    items = [Phrase(texts_[0], True), Phrase(texts_[1], False)]
    found = targets.phrase_targets(made, tokenizer, items, axes, everyday, longest=40).targets
    np.testing.assert_allclose(found[0], everyday.apply(vectors)[0], atol=1e-3)
    np.testing.assert_allclose(found[1], axes.apply(vectors)[1], atol=1e-3)
    assert found[0] @ axes.apply(vectors)[0] < 0.9


@given(st.lists(st.sampled_from(["رجل", "الحديقة", "يقرأ", "في"]), min_size=1, max_size=6), st.integers(0, 99))
def test_a_sentence_takes_words_in_the_place_of_its_own(words, seed):
    made = reworded(" ".join(words), ["قلم", "الماس"], random.Random(seed)).split()
    assert len(made) == len(words)
    changed = [(old, new) for old, new in zip(words, made, strict=True) if old != new]
    assert 1 <= len(changed) <= 2
    for old, new in changed:
        assert new in (("القلم", "الماس") if old.startswith("ال") else ("قلم", "الماس"))


def test_everyday_sentences_have_their_share_and_words_of_the_lexicon(data):
    few, many = (phrases(data, 400, 1, scenes=share) for share in (0.1, 0.6))
    known = {scene(random.Random(seed)) for seed in range(3000)}

    def everyday(items):
        found = sum(text in known for text, _ in items)
        assert found <= sum(item.everyday for item in items) < len(items)
        return found

    assert everyday(many) > 2 * everyday(few) > 0
    assert not any("قَالَ" in text for text, daily in many if daily)
    joined = phrases(data, 400, 1, scenes=0.6, paragraphs=0.5)
    long = [text for text, daily in joined if daily and ". " in text]
    assert len(long) == (len([item for item in joined if item.everyday]) - len(long)) // 2
    single = {text for text, daily in joined if daily} - set(long)
    assert all(2 <= text.count(". ") + 1 <= 10 and set(text.split(". ")) <= single for text in long)
    write_stems(data, [("qalam", "N", "pen"), ("bayot", "N", "house")])
    told = phrases(data, 400, 1, scenes=0.6, told=0.5)
    assert sum("قلم" in text.split() for text, _ in told) > sum("قلم" in text.split() for text, _ in many)


def test_the_projection_is_the_axes():
    made, items = network(), sequences([6, 7, 8])
    with torch.no_grad():
        made.projection.weight.copy_(torch.eye(32))
        made.projection.bias.zero_()
        pooled = pool(made, items)
        norm = float(pooled.norm(dim=1).mean())
        unit = torch.nn.functional.normalize(pooled, dim=1).numpy()
        axes = targets.find_axes(np.random.default_rng(1).normal(size=(99, 32)).astype(np.float32), 0.5)
        targets.attach_axes(made, axes, norm)
        ours = pool(made, items).numpy()
    expected = (pooled.numpy() - norm * axes.mean) @ axes.matrix
    np.testing.assert_allclose(ours, expected, atol=1e-3, rtol=1e-3)
    assert axes.apply(unit).shape == (3, 32)


def test_hold_is_zero_at_the_target_and_contrast_prefers_the_gold():
    vectors = torch.randn(6, 32)
    assert losses.hold(vectors, vectors * 3, [32, 8]) < 1e-6
    assert losses.hold(vectors, -vectors, [32]) > 1.99
    hidden = torch.zeros(6, 6, dtype=torch.bool)
    right = losses.contrast(vectors, vectors, torch.arange(6), hidden, [32])
    wrong = losses.contrast(vectors, vectors, (torch.arange(6) + 1) % 6, hidden, [32])
    assert right < 0.1 < wrong
    assert losses.part(vectors, vectors, [32], 0.1) == pytest.approx(0.9, abs=1e-5)
    assert losses.part(vectors, -vectors, [32], 0.1) == 0
    nothing_else = ~torch.eye(6, dtype=torch.bool)
    assert losses.contrast(vectors, vectors, torch.arange(6), nothing_else, [32]) < 1e-5


def test_losses_take_slices_as_they_take_prefixes():
    torch.manual_seed(0)
    one, other = torch.randn(2, 6, 8)
    wide = [torch.cat([torch.randn(6, 3), x], 1) for x in (one, other)]
    hidden = torch.zeros(6, 6, dtype=torch.bool)
    for dim in (4, 8):
        cut = slice(3, 3 + dim)
        gold = torch.arange(6)
        assert losses.contrast(*wide, gold, hidden, [cut]) == losses.contrast(one, other, gold, hidden, [dim])
        assert losses.part(*wide, [cut], 0.1) == losses.part(one, other, [dim], 0.1)
        assert losses.margin(*wide, wide[1].flip(0), [cut], 0.1) == losses.margin(one, other, other.flip(0), [dim], 0.1)
        assert losses.likeness(wide[0], one, [cut]) == losses.likeness(one, one, [dim])


def test_a_query_counts_only_if_its_passage_lies_among_the_nearest():
    passages = torch.eye(10)
    queries = passages[:3] + torch.tensor([0.0, 0.5, 3.0])[:, None] * passages[5:8]
    hidden = torch.zeros(3, 10, dtype=torch.bool)
    gold = torch.arange(3)
    assert losses.reached(queries, passages, gold, hidden, 10, 0.1).tolist() == [True, True, False]
    assert losses.reached(queries, passages, gold, hidden, 10, 0.2).all()
    hidden[2, 7] = True  # what is hidden does not stand before it
    assert losses.reached(queries, passages, gold, hidden, 10, 0.1).all()


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
    assert all(not texts.surah_is_dev(key) for key, _ in texts.commentaries(data))
    assert len(texts.prose(data, dev=True)) == 1
    with pytest.raises(RecordError, match="missing"):
        list(texts.rows(data, "missing"))
    (data / "broken.jsonl").write_text('{"a": 1}\nno json')
    with pytest.raises(RecordError, match="line 2"):
        list(texts.rows(data, "broken"))


def tiny_start(_settings):
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى،؟0123456789"
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)] + [
        (c, -5.0) for c in letters
    ]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return network(), PieceTokenizer(tokenizer)


@pytest.mark.parametrize(
    "more",
    [{}, {"dims": [32, 24], "short": [16, 8], "reach": 0.9, "company": 2, "order_weight": 1.0, "long_carriers": 1.0}],
)
def test_a_run_that_is_killed_resumes_to_the_same_model(data, tmp_path, monkeypatch, more):
    from harakat_recipes.mini import loop
    from support.marked import read_marked

    monkeypatch.setattr(loop, "build_start", tiny_start)
    choice = Settings(
        steps=6,
        phrase_count=200,
        phrase_tokens=100,
        words=4,
        pairs=2,
        clashes=2,
        longest=40,
        bank=3,
        save_every=3,
        threads=1,
        **{"dims": [32, 16], **more},
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for work in (whole, parts):
        loop.prepare_work(data, work, choice)
    loop.train(data, whole, whole, whole / "model", choice)

    class KilledError(Exception):
        pass

    real = loop.Mixture.losses

    def killed(self, made, chance, step):
        if step == 4:
            raise KilledError
        return real(self, made, chance, step)

    monkeypatch.setattr(loop.Mixture, "losses", killed)
    with pytest.raises(KilledError):
        loop.train(data, parts, parts, parts / "model", choice)
    monkeypatch.setattr(loop.Mixture, "losses", real)
    loop.train(data, parts, parts, parts / "model", choice)
    config, first = read_marked(whole / "model")
    _, second = read_marked(parts / "model")
    assert config["matryoshka_dims"] == ([32, 24, 16, 8] if more else [32, 16])
    states = [torch.load(work / "last.pt", weights_only=False) for work in (whole, parts)]
    assert torch.equal(states[0]["short"], states[1]["short"])
    assert states[0]["short"].shape == ((16, 32) if more else (0, 32))
    assert not more or not torch.equal(states[0]["short"], torch.eye(32)[:16])
    assert all(torch.equal(first[name], second[name]) for name in first)
    _, tokenizer = tiny_start(choice)
    assert PieceTokenizer.from_folder(whole / "model").identity == tokenizer.identity


def test_a_round_goes_on_from_the_one_before_and_keeps_its_share_and_the_gains_set(data, tmp_path, monkeypatch):
    from harakat_recipes.mini import loop

    monkeypatch.setattr(loop, "build_start", tiny_start)
    first = Settings(
        steps=1, phrase_count=100, phrase_tokens=60, words=4, pairs=2, clashes=2, longest=40, threads=1, dims=[32, 16]
    )
    loop.prepare_work(data, tmp_path, first)
    second = replace(
        first, start=str(tmp_path / "1" / "finished.pt"), blend=0.25, mark_gains=[9.0, 5.0], rate=1e-2, seed=2
    )
    for name, choice in (("1", first), ("2", second)):
        loop.train(data, tmp_path, tmp_path / name, tmp_path / name / "model", choice)
    before, after, kept = (
        torch.load(tmp_path / file, weights_only=False)["network"]
        for file in ("1/finished.pt", "2/last.pt", "2/finished.pt")
    )
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert kept["mark_gain"][:2].tolist() == [9.0, 5.0]
    after["mark_gain"][:2] = before["mark_gain"][:2] = kept["mark_gain"][:2]
    for name, tensor in kept.items():
        torch.testing.assert_close(tensor, 0.75 * after[name] + 0.25 * before[name])
    silent = {"marks": torch.zeros(3)}
    assert torch.equal(loop.blended({"marks": torch.ones(3)}, silent, 0.5)["marks"], torch.ones(3))


def test_a_network_from_random_weights_reads_bare_text_and_its_marks_are_silent():
    torch.manual_seed(1)
    made = teacher.fresh_network(CONFIG, 1)
    assert made.config.num_hidden_layers == 1
    texts_ = [Sequence_(s.ids, np.zeros_like(s.marks)) for s in sequences([7, 4])]
    bare, marked = (embed(made, batch) for batch in (texts_, sequences([7, 4])))
    assert np.isfinite(bare).all()
    np.testing.assert_allclose(bare, marked, atol=1e-6)
