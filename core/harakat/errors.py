"""Every error that a caller of harakat can meet, in one family.

Each message names the thing at fault, its value, and the way out. All of them derive from `HarakatError`; each
also derives from the built-in exception that a Python reader would expect, so `except ValueError` keeps working.
"""

from __future__ import annotations

__all__ = [
    "CheckpointError",
    "CollectionError",
    "DataUnavailableError",
    "DeviceError",
    "DimError",
    "EvaluationError",
    "FingerprintError",
    "HarakatError",
    "MissingExtraError",
    "ModelError",
    "ModelUnavailableError",
    "MorphologyDataError",
    "OptionError",
    "RecordError",
    "StoreError",
    "TextError",
    "TextTooLongError",
    "TextTypeError",
    "TruncationWarning",
    "UnknownModelError",
    "WorkerError",
]


class HarakatError(Exception):
    """The root of the family."""


class TextError(HarakatError, ValueError):
    """A text that cannot be embedded as given (it holds a lone surrogate, say)."""


class TextTypeError(TextError, TypeError):
    """Something that is not a `str` where a text is expected (None, bytes, a number, …)."""


class TextTooLongError(TextError):
    """A text over the encoder's maximum length, under `overflow="error"`."""


class OptionError(HarakatError, ValueError):
    """An option with a value that is unknown, out of range, or impossible together with another one."""


class DimError(OptionError):
    """A dimension that the checkpoint was not trained for, or that does not fit a store's schema."""


class DeviceError(OptionError, RuntimeError):
    """A device that is unknown, absent, or unusable in this process."""


class ModelError(HarakatError):
    """Something is wrong with a model: its name, its availability, or its files."""


class UnknownModelError(ModelError, ValueError):
    """A model name that is neither known, nor a folder, nor a hub id."""


class ModelUnavailableError(ModelError, OSError):
    """A known model whose files are not on this machine and cannot be fetched now."""


class CheckpointError(ModelError, ValueError):
    """Model files that are missing, damaged, unsafe, or do not fit together."""


class MorphologyDataError(HarakatError, OSError):
    """The morphology data that clitic segmentation needs is missing or unreadable."""


class MissingExtraError(HarakatError, ImportError):
    """An optional dependency is not installed; the message says which extra brings it."""


class RecordError(HarakatError, ValueError):
    """An input record that cannot be taken: a missing field, a duplicate id, an undecodable line, and the like."""


class EvaluationError(HarakatError, ValueError):
    """Something that cannot be measured: no items, no spread, vectors of a wrong shape, unlike samples."""


class DataUnavailableError(HarakatError, OSError):
    """A data set whose files are not on this machine and cannot be fetched now."""


class StoreError(HarakatError):
    """A vector store refused, failed, or is not in the state that the call needs."""


class CollectionError(StoreError, ValueError):
    """A collection that is missing, was not made by harakat, or does not fit the request."""


class FingerprintError(StoreError, ValueError):
    """A collection whose vectors were made by another encoder than the one at hand."""


class TruncationWarning(UserWarning):
    """Texts over the encoder's maximum length were cut, under `overflow="warn"`; the message counts them."""


class WorkerError(HarakatError, RuntimeError):
    """A process that was started to help with the work ended before it was done."""
