"""Reader of a checkpoint's `tokenizer.json` and `tokenizer_config.json`: checks them and executes nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat._support.json_files import present, read_text
from harakat.errors import CheckpointError

if TYPE_CHECKING:
    from tokenizers import AddedToken, Encoding, Tokenizer

__all__ = ["Vocabulary", "check_pieces", "load_vocabulary"]

LONGEST_PIECE = 1000
"""Characters of the longest piece that a vocabulary may hold; real ones have some dozens."""

_SPECIAL_ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
_PROBE = "\u0627"  # alef: any text with content will do


@dataclass(frozen=True)
class Vocabulary:
    """Content of the two files of a tokenizer."""

    tokenizer: Tokenizer
    """The `tokenizers` pipeline: added tokens, normaliser, pre-tokeniser, model. Never truncates or pads."""
    spec: dict[str, Any]
    """`tokenizer.json` as parsed."""
    size: int
    """One more than the highest id."""
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    pad_id: int
    apply_stemming: bool
    """True for a model that was trained on segmented text (the file's name for segmentation)."""
    separator: str
    """Separator between the clitics of a segmented word."""
    digest: str
    """SHA-256 (hex) over what both files say that decides ids."""

    @property
    def added_tokens(self) -> tuple[AddedToken, ...]:
        """Return every token that is matched in the text before the model sees it."""
        return tuple(self.tokenizer.get_added_tokens_decoder().values())


def load_vocabulary(folder: Path) -> Vocabulary:
    """Read a folder's tokenizer files.

    Args:
        folder: Holds `tokenizer.json` and, as a rule, `tokenizer_config.json` (without it the published
            defaults hold: segmentation on, separator ``[+]``).

    Returns:
        The vocabulary.

    Raises:
        CheckpointError: A file is missing, unreadable or damaged, or the two do not fit together.
    """
    path = folder / "tokenizer.json"
    spec = _read_json(path)
    config_path = folder / "tokenizer_config.json"
    config = _read_json(config_path) if present(config_path) else {}

    apply_stemming = config.get("apply_stemming", True)
    separator = config.get("stemming_separator", "[+]")
    if not isinstance(apply_stemming, bool):
        raise CheckpointError(f"{config_path}: apply_stemming must be true or false, not {apply_stemming!r}")
    if not isinstance(separator, str) or not separator or any(char.isspace() for char in separator):
        raise CheckpointError(f"{config_path}: stemming_separator must be text without spaces, not {separator!r}")

    check_pieces(spec, path)
    tokenizer = _build(path, spec)
    _add_config_tokens(tokenizer, config, config_path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = bool(config.get("split_special_tokens", False))

    size = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    prefix, suffix = _template(tokenizer, path)
    beyond = [index for index in (*prefix, *suffix) if index >= size]
    if beyond:
        raise CheckpointError(f"{path}: its post-processor puts the id {beyond[0]}, and the vocabulary has {size} ids")
    return Vocabulary(
        tokenizer=tokenizer,
        spec=spec,
        size=size,
        prefix=prefix,
        suffix=suffix,
        pad_id=_pad_id(tokenizer, spec, config, path),
        apply_stemming=apply_stemming,
        separator=separator,
        digest=_digest(tokenizer, separator),
    )


def check_pieces(spec: object, path: Path) -> None:
    """Refuse a vocabulary with pieces of absurd length, with which the tokenizers library ends the process.

    Args:
        spec: Content of ``tokenizer.json``.
        path: The file, for the error.

    Raises:
        CheckpointError: A piece is longer than `LONGEST_PIECE`.
    """
    if not isinstance(spec, dict):
        return
    model, added = spec.get("model"), spec.get("added_tokens")
    vocab = model.get("vocab") if isinstance(model, dict) else None
    pieces = (
        [entry[0] if isinstance(entry, list) and entry else entry for entry in vocab]
        if isinstance(vocab, list | dict)
        else []
    )
    pieces += [token.get("content") for token in (added if isinstance(added, list) else ()) if isinstance(token, dict)]
    longest = max((len(piece) for piece in pieces if isinstance(piece, str)), default=0)
    if longest > LONGEST_PIECE:
        raise CheckpointError(f"{path}: a piece of its vocabulary has {longest:,} characters, over {LONGEST_PIECE:,}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        text = read_text(path)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing: a checkpoint needs it to turn text into ids") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged (not JSON: {error}); fetch the checkpoint again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} is damaged: an object is expected, not {type(content).__name__}")
    return content


def _build(path: Path, spec: dict[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer

    model = spec.get("model")
    kind = model.get("type") if isinstance(model, dict) else None
    if kind != "WordPiece":
        raise CheckpointError(f"{path}: a WordPiece model is expected, not {kind!r}")
    said: dict[str, Any] = model if isinstance(model, dict) else {}
    unknown, vocab = said.get("unk_token"), said.get("vocab")
    if not isinstance(vocab, dict) or not vocab:
        raise CheckpointError(f"{path}: the vocabulary is missing or empty")
    if unknown not in vocab:
        raise CheckpointError(f"{path}: the unknown token {unknown!r} is not in the vocabulary")
    try:
        return Tokenizer.from_str(json.dumps(spec))
    except Exception as error:  # the library raises nothing narrower
        raise CheckpointError(f"{path} is damaged: {error}") from error


def _add_config_tokens(tokenizer: Tokenizer, config: dict[str, Any], path: Path) -> None:
    """Add the tokens that only the config file names, as the published loader does.

    Tokens listed in `added_tokens_decoder` replace the flags of their namesakes; special tokens that neither
    file lists as added become added tokens.
    """
    from tokenizers import AddedToken

    known = {token.content: token for token in tokenizer.get_added_tokens_decoder().values()}
    wanted: dict[str, AddedToken] = {}
    ids: dict[str, int] = {}
    decoder = config.get("added_tokens_decoder") or {}
    try:
        for index, entry in sorted(decoder.items(), key=lambda item: int(item[0])):
            flags = {key: bool(entry[key]) for key in ("single_word", "lstrip", "rstrip", "normalized", "special")}
            token = AddedToken(entry["content"], **flags)
            ids[token.content] = int(index)
            if token.content not in known or repr(known[token.content]) != repr(token):
                wanted[token.content] = token
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: added_tokens_decoder is damaged ({error!r})") from error

    special = [_content(config.get(role)) for role in _SPECIAL_ROLES]
    extra = config.get("additional_special_tokens") or config.get("extra_special_tokens") or []
    special += [_content(token) for token in extra] if isinstance(extra, list) else []
    for content in special:
        if content is not None and content not in known and content not in wanted:
            wanted[content] = AddedToken(content, special=True, normalized=False)
    for token in wanted.values():
        if token.special or token.content in special:
            tokenizer.add_special_tokens([token])
        else:
            tokenizer.add_tokens([token])
    for content, index in ids.items():
        actual = tokenizer.token_to_id(content)
        if actual != index:
            raise CheckpointError(
                f"{path}: token {content!r} has id {index} there but {actual} in tokenizer.json; "
                "the two files are not of one checkpoint"
            )


def _content(token: object) -> str | None:
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) and token else None


def _template(tokenizer: Tokenizer, path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the special ids before and after the content, as the file's post-processor puts them."""
    content = tokenizer.encode(_PROBE, add_special_tokens=False).ids
    encoding: Encoding = tokenizer.encode(_PROBE)
    ids, special = encoding.ids, encoding.special_tokens_mask
    first = special.index(0) if 0 in special else len(ids)
    if ids[first : first + len(content)] != content:
        raise CheckpointError(f"{path}: its post-processor does more than put tokens before and after the text")
    return tuple(ids[:first]), tuple(ids[first + len(content) :])


def _pad_id(tokenizer: Tokenizer, spec: dict[str, Any], config: dict[str, Any], path: Path) -> int:
    padding = spec.get("padding")
    named = _content(config.get("pad_token"))
    if named is None and isinstance(padding, dict):
        named = _content(padding.get("pad_token"))
    named = named or "[PAD]"
    index = tokenizer.token_to_id(named)
    if index is None:
        raise CheckpointError(f"{path}: the padding token {named!r} is not in the vocabulary")
    return int(index)


def _digest(tokenizer: Tokenizer, separator: str) -> str:
    # The pipeline as the library writes it back: the same for the same meaning, however the file was indented.
    said = json.loads(tokenizer.to_str())
    said.pop("version", None)
    said["encode_special_tokens"] = tokenizer.encode_special_tokens
    said["separator"] = separator
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
