"""NeoAraBERT's tokenizer as a transformers tokenizer: every way in goes through the Arabic step, once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import BatchEncoding, PreTrainedTokenizerFast

from harakat._support.checks import check_flag, check_one_of
from harakat._support.json_files import read_json
from harakat._support.locks import ForkSafeLock
from harakat._support.texts import check_text
from harakat.arabic.tokenizers.published import prepare
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from harakat.errors import OptionError

if TYPE_CHECKING:
    from harakat.arabic.morphology import Segmenter

__all__ = ["NeoAraBERTTokenizer"]

_DROPPED_ENTRIES = ("auto_map", "trust_remote_code")
_SPELLINGS = ("as-is", "imlai")


class NeoAraBERTTokenizer(PreTrainedTokenizerFast):
    """The published pipeline under transformers' interface; the ids are those of `harakat.Encoder`.

    Texts are segmented, normalised and their marks set apart from their letters in `__call__`, `encode` and
    `tokenize`, in pairs, batches and word lists alike. What `backend_tokenizer` is given directly is not: it sees
    the vocabulary only. Decoding gives the prepared text, letters and marks apart; offsets into the original text
    are not available. Threads may share an instance.

    Args:
        *args: As in transformers.
        apply_stemming: Whether clitics are split off by morphology (the published name of the option).
        stemming_separator: What is put between them.
        spelling: ``"as-is"``, or ``"imlai"`` for everyday spelling first. None for what `config.json` beside the
            tokenizer says.
        morphology: Where the segmentation's data is: a folder or a catalogue name; never saved. It is loaded
            with the first text.
        **kwargs: As in transformers.

    Raises:
        CheckpointError: The tokenizer's files are missing or damaged.
        OptionError: An option with an impossible value.
    """

    vocab_files_names = {"tokenizer_file": "tokenizer.json"}  # noqa: RUF012 - the library declares it so
    model_input_names = ["input_ids", "attention_mask"]  # noqa: RUF012
    slow_tokenizer_class = None

    def __init__(
        self,
        *args: Any,
        apply_stemming: bool = True,
        stemming_separator: str = "[+]",
        spelling: str | None = None,
        morphology: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        check_flag("apply_stemming", apply_stemming)
        spelling = spelling or "as-is"
        check_one_of("spelling", spelling, _SPELLINGS)
        for name in _DROPPED_ENTRIES:
            kwargs.pop(name, None)
        self.apply_stemming = apply_stemming
        self.stemming_separator = stemming_separator
        self.spelling = spelling
        self.morphology = None if morphology is None else str(morphology)
        self._segmenter: Segmenter | None = None
        self._backend_lock = ForkSafeLock()
        super().__init__(  # type: ignore[no-untyped-call]
            *args,
            apply_stemming=apply_stemming,
            stemming_separator=stemming_separator,
            spelling=spelling,
            **kwargs,
        )

    @classmethod
    def convert_to_native_format(cls, trust_remote_code: bool = False, **kwargs: Any) -> dict[str, Any]:
        """Return the arguments of the constructor from the content of the files; called by transformers."""
        file = kwargs.pop("tokenizer_file", None)
        if file is None:
            return kwargs
        # Read as the encoder reads it, so that there is one answer to what the files mean.
        folder = Path(file).parent
        vocabulary = load_vocabulary(folder)
        kwargs["tokenizer_object"] = vocabulary.tokenizer
        if kwargs.get("pad_token") is None:
            kwargs["pad_token"] = vocabulary.tokenizer.id_to_token(vocabulary.pad_id)
        if kwargs.get("spelling") is None and (folder / "config.json").exists():
            kwargs["spelling"] = read_json(folder / "config.json").get("spelling")
        return kwargs

    def prepare(self, text: str, *, apply_stemming: bool | None = None) -> str:
        """One text as the vocabulary sees it: respelt, segmented, normalised, marks apart from letters.

        Args:
            text: Any text.
            apply_stemming: Instead of the tokenizer's own setting.

        Raises:
            TextTypeError: Not a text.
            TextError: The text holds a lone surrogate.
            MorphologyDataError: The segmentation's data is missing.
        """
        check_text(text, 0)
        if self.spelling == "imlai":
            from harakat.arabic.spelling.imlai import canonical_spelling

            text = canonical_spelling(text)
        if self.apply_stemming if apply_stemming is None else apply_stemming:
            text = self._the_segmenter().segment(text)
        return prepare(text, self.stemming_separator)

    def _encode_plus(self, text: Any, text_pair: Any = None, *args: Any, **kwargs: Any) -> BatchEncoding:
        # The one method of transformers 5 that every public way in ends in.
        if kwargs.get("return_offsets_mapping"):
            raise OptionError(
                "return_offsets_mapping=True: tokens stand for the prepared text, not for the original, so offsets "
                "into it would be wrong; prepare(text) gives the text that the tokens are cut from"
            )
        stemming = kwargs.pop("apply_stemming", None)
        text = self._prepare_all(text, stemming)
        text_pair = None if text_pair is None else self._prepare_all(text_pair, stemming)
        # transformers sets truncation and padding on the shared backend just before it encodes.
        with self._backend_lock:
            encoding: BatchEncoding = super()._encode_plus(text, text_pair, *args, **kwargs)
        return encoding

    def _prepare_all(self, text: Any, stemming: bool | None) -> Any:
        if isinstance(text, tuple):  # a pair, where lists are batches or words
            return tuple(self._prepare_all(item, stemming) for item in text)
        if isinstance(text, list):
            return [self._prepare_all(item, stemming) for item in text]
        return self.prepare(text, apply_stemming=stemming)

    def encode_plus(self, *args: Any, **kwargs: Any) -> Any:
        """Older name of calling the tokenizer with one text, gone from transformers 5."""
        return self(*args, **kwargs)

    def batch_encode_plus(self, batch_text_or_text_pairs: list[Any], **kwargs: Any) -> Any:
        """Older name of calling the tokenizer with a batch of texts or of pairs, gone from transformers 5."""
        items = list(batch_text_or_text_pairs)
        if items and not kwargs.get("is_split_into_words") and all(isinstance(item, list | tuple) for item in items):
            return self([first for first, _ in items], [second for _, second in items], **kwargs)
        return self(items, **kwargs)

    def train_new_from_iterator(self, text_iterator: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        """Train another vocabulary, on prepared texts."""
        prepared = (self._prepare_all(item, None) for item in text_iterator)
        return super().train_new_from_iterator(prepared, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _the_segmenter(self) -> Segmenter:
        segmenter = self._segmenter
        if segmenter is None:
            with _LOADING:
                if self._segmenter is None:
                    from harakat.arabic.morphology import Segmenter

                    self._segmenter = Segmenter(self.morphology, separator=self.stemming_separator)
                segmenter = self._segmenter
        return segmenter

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_segmenter", "_backend_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _segmenter=None, _backend_lock=ForkSafeLock())


_LOADING = ForkSafeLock()
