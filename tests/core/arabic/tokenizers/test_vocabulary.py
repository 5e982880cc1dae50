"""Reading tokenizer files: what they mean, and what is refused."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, processors

from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from harakat.errors import CheckpointError
from support.published_oracle import nasty_texts
from support.vocabularies import SPECIAL, build_tokenizer, write_tokenizer


def edited(folder: Path, published: Tokenizer, change: Any, **config: Any) -> Path:
    """A checkpoint whose tokenizer.json was changed by hand."""
    write_tokenizer(folder, published, **config)
    content = json.loads(published.to_str())
    change(content)
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_reads(tokenizer_folder: Path) -> None:
    vocabulary = load_vocabulary(tokenizer_folder)
    assert (vocabulary.size, vocabulary.prefix, vocabulary.suffix, vocabulary.pad_id) == (3000, (2,), (3,), 0)
    assert vocabulary.apply_stemming is False
    assert vocabulary.separator == "[+]"
    assert {token.content for token in vocabulary.added_tokens} == set(SPECIAL)


def test_defaults_without_a_config(tmp_path: Path, published: Tokenizer) -> None:
    (write_tokenizer(tmp_path, published) / "tokenizer_config.json").unlink()
    vocabulary = load_vocabulary(tmp_path)
    assert vocabulary.apply_stemming is True
    assert vocabulary.separator == "[+]"


def test_truncation_and_padding_in_the_file_are_ignored(tmp_path: Path, vocabulary: dict[str, int]) -> None:
    short = build_tokenizer(vocabulary)
    short.enable_truncation(4)
    short.enable_padding(length=50)
    folder = write_tokenizer(tmp_path, short)
    for cache_words in (0, 100):
        tokenizer = ArabicTokenizer.from_folder(folder, cache_words=cache_words)
        assert [len(tokens) for tokens in tokenizer.tokenize(["", "a b c d e f g"])] == [0, 7]


def test_no_special_tokens(tmp_path: Path, vocabulary: dict[str, int]) -> None:
    bare = build_tokenizer(vocabulary)
    bare.post_processor = processors.Sequence([])
    loaded = load_vocabulary(write_tokenizer(tmp_path, bare))
    assert (loaded.prefix, loaded.suffix) == ((), ())


def test_several_special_tokens(tmp_path: Path, vocabulary: dict[str, int]) -> None:
    more = build_tokenizer(vocabulary)
    more.post_processor = processors.TemplateProcessing(
        single="[CLS] [MASK] $A [SEP]", special_tokens=[(name, vocabulary[name]) for name in SPECIAL[2:5]]
    )
    loaded = load_vocabulary(write_tokenizer(tmp_path, more))
    assert (loaded.prefix, loaded.suffix) == ((2, 4), (3,))


def test_tokens_that_only_the_config_names(tmp_path: Path, published: Tokenizer) -> None:
    def forget(content: dict[str, Any]) -> None:
        content["added_tokens"] = [
            token for token in content["added_tokens"] if token["content"] not in ("[+]", "[MASK]", "[unused1]")
        ]

    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    folder = edited(
        tmp_path,
        published,
        forget,
        mask_token={"content": "[MASK]", "__type": "AddedToken"},
        additional_special_tokens=["[unused1]"],
        added_tokens_decoder={"5": {"content": "[+]", **flags}},
    )
    with_all = ArabicTokenizer.from_folder(write_tokenizer(tmp_path / "all", published))
    texts = ["قال[+]كتب [MASK][unused1]", *nasty_texts(31, 200)]
    ours = ArabicTokenizer.from_folder(folder).tokenize(texts)
    assert [tokens.ids.tolist() for tokens in ours] == [tokens.ids.tolist() for tokens in with_all.tokenize(texts)]


def test_an_added_token_past_the_vocabulary_counts(tmp_path: Path, vocabulary: dict[str, int]) -> None:
    more = build_tokenizer(vocabulary, added=["[entity]"])  # type: ignore[list-item]
    assert load_vocabulary(write_tokenizer(tmp_path, more)).size == 3001


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "{}", '{"model": {"type": "WordPiece"}}', "\ufeff{}"])
@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
def test_damaged_files(tmp_path: Path, published: Tokenizer, file: str, content: str) -> None:
    write_tokenizer(tmp_path, published)
    (tmp_path / file).write_text(content, encoding="utf-8")
    if file == "tokenizer_config.json" and content.startswith("{") and content != "{":
        load_vocabulary(tmp_path)  # a config that says nothing of ours
    else:
        with pytest.raises(CheckpointError, match=file.replace(".", r"\.")):
            load_vocabulary(tmp_path)


def test_files_cut_short(tmp_path: Path, published: Tokenizer) -> None:
    text = published.to_str()
    write_tokenizer(tmp_path, published)
    for length in (1, len(text) // 3, len(text) - 2):
        (tmp_path / "tokenizer.json").write_text(text[:length], encoding="utf-8")
        with pytest.raises(CheckpointError, match="damaged"):
            load_vocabulary(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_vocabulary(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match="missing"):
        load_vocabulary(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["model"].update(type="BPE"), "WordPiece"),
        (lambda content: content["model"].update(vocab={}), "empty"),
        (lambda content: content["model"].update(unk_token="[nothing]"), "unknown token"),
        (lambda content: content["model"]["vocab"].update({"قال": "word"}), "damaged"),
        (lambda content: content.update(pre_tokenizer={"type": "Absent"}), "damaged"),
    ],
)
def test_what_a_wordpiece_tokenizer_needs(tmp_path: Path, published: Tokenizer, change: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_vocabulary(edited(tmp_path, published, change))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"stemming_separator": ""}, "stemming_separator"),
        ({"stemming_separator": "[ + ]"}, "stemming_separator"),
        ({"stemming_separator": 3}, "stemming_separator"),
        ({"apply_stemming": "yes"}, "apply_stemming"),
        ({"pad_token": "[nothing]", "added_tokens_decoder": {"9": {}}}, "added_tokens_decoder"),
        ({"added_tokens_decoder": [1]}, "added_tokens_decoder"),
        (
            {
                "added_tokens_decoder": {
                    "7": {
                        "content": "[+]",
                        "single_word": False,
                        "lstrip": False,
                        "rstrip": False,
                        "normalized": False,
                        "special": True,
                    }
                }
            },
            "not of one checkpoint",
        ),
    ],
)
def test_what_a_config_may_say(tmp_path: Path, published: Tokenizer, config: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_vocabulary(write_tokenizer(tmp_path, published, **config))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("cache_words", [0, 200_000])
def test_a_forked_child_can_tokenize(tokenizer_folder: Path, cache_words: int) -> None:
    tokenizer = ArabicTokenizer.from_folder(tokenizer_folder, cache_words=cache_words)
    tokenizer.tokenize(nasty_texts(41, 100))
    texts = nasty_texts(42, 200)
    expected = [tokens.ids.tolist() for tokens in ArabicTokenizer.from_folder(tokenizer_folder).tokenize(texts)]
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the child, whatever it waits for
        signal.alarm(20)
        os._exit(0 if [tokens.ids.tolist() for tokens in tokenizer.tokenize(texts)] == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
