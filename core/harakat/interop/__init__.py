"""harakat's models in other libraries' own formats: transformers, sentence-transformers, EuroBERT, ONNX.

What the Arabic step (segmentation, normalisation, marks apart from letters) needs on each route:

- `register_transformers`: our tokenizer class runs it; the reader imports harakat and calls the function first.
- `to_sentence_transformer`: the same tokenizer class, so the same holds for a folder that its `save` writes.
- `export_eurobert`, `export_onnx`: no code of ours at all. Without segmentation the step is rebuilt inside
  `tokenizer.json`, checked to give the same ids; with segmentation there is nothing that could carry it, and the
  export is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat._support.lazy import lazy_names

if TYPE_CHECKING:
    from harakat.interop.eurobert_export import export_eurobert
    from harakat.interop.onnx_export import export_onnx
    from harakat.interop.sentence_transformer import to_sentence_transformer
    from harakat.interop.transformers_registration import register_transformers

__all__ = ["export_eurobert", "export_onnx", "register_transformers", "to_sentence_transformer"]


__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "harakat.interop.eurobert_export": ("export_eurobert",),
        "harakat.interop.onnx_export": ("export_onnx",),
        "harakat.interop.sentence_transformer": ("to_sentence_transformer",),
        "harakat.interop.transformers_registration": ("register_transformers",),
    },
    __all__,
)
