"""One call after which transformers loads NeoAraBERT checkpoints with harakat's code."""

from __future__ import annotations

import functools
from typing import Any

from harakat.errors import MissingExtraError
from harakat.model.families.names import NEOARABERT, is_neoarabert

__all__ = ["register_transformers"]

_MARK = "_harakat_registered"
_HUB_OPTIONS = (
    "cache_dir",
    "force_download",
    "local_files_only",
    "proxies",
    "revision",
    "subfolder",
    "token",
)
_CODE_OPTIONS = ("trust_remote_code", "code_revision", "use_fast", "config", "_from_auto")


def register_transformers() -> None:
    """Make `AutoConfig`, `AutoModel`, `AutoTokenizer` and `AutoProcessor` load NeoAraBERT with our classes.

    Affects checkpoints whose `config.json` says ``model_type: neoarabert``, in folders and on the hub. Their Python
    files are never run by these four, with `trust_remote_code` unset, False or True. Other Auto classes, for which
    there is no class of ours (`AutoModelForMaskedLM`, say), know nothing of them: they fail without
    `trust_remote_code` and run the checkpoint's own files with it, as they always do.

    May be called any number of times.

    A registered class is not enough for that: some versions of transformers prefer the checkpoint's files under
    `trust_remote_code=True`, and `AutoTokenizer` takes whatever class `tokenizer_config.json` names, so that a plain
    one would skip the Arabic step silently. Therefore `from_pretrained` of the four is wrapped: it looks at the model
    type first, and leaves every other model to transformers.

    Raises:
        MissingExtraError: transformers is a version whose tokenizers work another way than this was written for.
    """
    import transformers

    auto: Any = transformers  # its Auto classes are untyped
    for needed in ("_encode_plus", "convert_to_native_format"):
        if needed not in vars(transformers.PreTrainedTokenizerFast):
            raise MissingExtraError(
                f"transformers {transformers.__version__} tokenizers have no {needed}, through which the Arabic step "
                f"is run; install a version that harakat supports: pip install 'transformers>=5,<6'"
            )
    from harakat.interop.transformers_model import NeoAraBERTConfig, NeoAraBERTModel
    from harakat.interop.transformers_tokenizer import NeoAraBERTTokenizer

    auto.AutoConfig.register(NEOARABERT, NeoAraBERTConfig, exist_ok=True)
    auto.AutoModel.register(NeoAraBERTConfig, NeoAraBERTModel, exist_ok=True)
    auto.AutoTokenizer.register(NeoAraBERTConfig, fast_tokenizer_class=NeoAraBERTTokenizer, exist_ok=True)
    # sentence-transformers asks for a model's processor.
    auto.AutoProcessor.register(NeoAraBERTConfig, NeoAraBERTTokenizer, exist_ok=True)
    for kind in (auto.AutoConfig, auto.AutoModel, auto.AutoProcessor, auto.AutoTokenizer):
        if _MARK not in vars(kind):
            choose = _our_tokenizer if kind is auto.AutoTokenizer else _without_trust
            kind.from_pretrained = classmethod(choose(kind.from_pretrained.__func__))
            setattr(kind, _MARK, True)


def _without_trust(original: Any) -> Any:
    """Return `from_pretrained` of an Auto class that ignores `trust_remote_code` for NeoAraBERT checkpoints."""

    @functools.wraps(original)
    def from_pretrained(cls: type, pretrained_model_name_or_path: Any, *inputs: Any, **kwargs: Any) -> Any:
        if "trust_remote_code" in kwargs and _is_neoarabert(pretrained_model_name_or_path, kwargs):
            kwargs["trust_remote_code"] = False
        return original(cls, pretrained_model_name_or_path, *inputs, **kwargs)

    return from_pretrained


def _our_tokenizer(original: Any) -> Any:
    """Return an `AutoTokenizer.from_pretrained` that gives NeoAraBERT checkpoints our tokenizer."""

    @functools.wraps(original)
    def from_pretrained(cls: type, pretrained_model_name_or_path: Any, *inputs: Any, **kwargs: Any) -> Any:
        if not _is_neoarabert(pretrained_model_name_or_path, kwargs):
            return original(cls, pretrained_model_name_or_path, *inputs, **kwargs)
        from harakat.interop.transformers_tokenizer import NeoAraBERTTokenizer

        options = {name: value for name, value in kwargs.items() if name not in _CODE_OPTIONS}
        return NeoAraBERTTokenizer.from_pretrained(pretrained_model_name_or_path, *inputs, **options)

    return from_pretrained


def _is_neoarabert(where: Any, kwargs: dict[str, Any]) -> bool:
    if kwargs.get("config") is not None:
        return is_neoarabert(getattr(kwargs["config"], "model_type", None))
    if kwargs.get("tokenizer_type") is not None or kwargs.get("gguf_file") is not None:
        return False
    from transformers import PretrainedConfig

    options = {name: kwargs[name] for name in _HUB_OPTIONS if name in kwargs}
    try:
        read, _ = PretrainedConfig.get_config_dict(where, **options)
    except (OSError, ValueError):
        return False  # transformers says what is wrong with it
    return is_neoarabert(read.get("model_type"))
