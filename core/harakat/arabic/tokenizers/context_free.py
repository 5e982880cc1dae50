"""Tests that a tokenizer reads each word by itself, and the cut of a text into words for it.

Cutting at a character is exact when every step of the pipeline already separates there and throws the character
away: the published mark separation (Python's white space), the stemmer (Rust's), the added tokens, the normaliser
and the pre-tokeniser. Space, tab, line feed and carriage return qualify everywhere. Others do not: Rust does not
take U+001C to U+001F for white space, and BERT's normaliser deletes U+000B, U+000C and U+0085 as control characters,
which joins what stood around them. What stands between two cuts is a *run*: a word with its punctuation as a rule.
The tokens of a text are those of its runs, one after the other.
"""

from __future__ import annotations

from typing import Any

from harakat.arabic.tokenizers.vocabulary import Vocabulary

__all__ = ["cut", "reads_words_alone", "separator_stands_alone"]

_NORMALIZERS = ("BertNormalizer",)
_SPLITTERS = ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")
_REFINERS = ("Punctuation", "Digits")


def cut(text: str) -> list[str]:
    """Return the runs of a text, some of them empty. None holds a space, tab, line feed or carriage return."""
    return text.replace("\n", " ").replace("\t", " ").replace("\r", " ").split(" ")


def reads_words_alone(vocabulary: Vocabulary) -> bool:
    """Return True where the tokens of a text are exactly those of its runs, one after the other.

    True only for pipelines for which it has been shown: WordPiece after BERT's or a white-space pre-tokeniser,
    with no normaliser or BERT's, and no added token with white space in it. The published tokenizer is one.

    Args:
        vocabulary: A checkpoint's vocabulary.
    """
    spec = vocabulary.spec
    return (
        (spec.get("model") or {}).get("type") == "WordPiece"
        and _normalizer_is_local(spec.get("normalizer"))
        and _splits_at_spaces(spec.get("pre_tokenizer"))
        and not any(char.isspace() for token in vocabulary.added_tokens for char in token.content)
    )


def separator_stands_alone(vocabulary: Vocabulary) -> bool:
    """Return True where putting spaces around every separator changes no token.

    So it is where the separator is an added token that is found wherever it stands, and no other added token can
    take a part of it.

    Args:
        vocabulary: A checkpoint's vocabulary.
    """
    separator = vocabulary.separator
    added = {token.content: token for token in vocabulary.added_tokens}
    own = added.pop(separator, None)
    if own is None or own.single_word or own.normalized:
        return False
    return not any(
        separator in other or other in separator or _overlap(other, separator) or _overlap(separator, other)
        for other in added
    )


def _overlap(left: str, right: str) -> bool:
    """Return True where the end of one text is the beginning of the other."""
    return any(left.endswith(right[:length]) for length in range(1, min(len(left), len(right)) + 1))


def _normalizer_is_local(spec: Any) -> bool:
    if spec is None:
        return True
    if spec.get("type") == "Sequence":
        return all(_normalizer_is_local(step) for step in spec.get("normalizers", [None]))
    return spec.get("type") in _NORMALIZERS


def _splits_at_spaces(spec: Any) -> bool:
    if spec is None:
        return False
    if spec.get("type") == "Sequence":
        kinds = [step.get("type") for step in spec.get("pretokenizers", [])]
        return bool(kinds) and kinds[0] in _SPLITTERS and set(kinds) <= {*_SPLITTERS, *_REFINERS}
    return spec.get("type") in _SPLITTERS
