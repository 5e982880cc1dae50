"""What is written is read by a process that knows only files: first without harakat, then with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harakat import Encoder
from harakat.interop import export_eurobert, to_sentence_transformer
from support.published_oracle import nasty_texts

FRESH = """
import json, sys
from pathlib import Path
import numpy as np, torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer
root = Path(sys.argv[1])
texts, ids = json.loads((root / "texts.json").read_text()), json.loads((root / "ids.json").read_text())
far = lambda a, b: float(np.abs(np.asarray(a) - np.load(root / b)).max())

# The EuroBERT export: no harakat at all.
for name in ("full", "small"):
    model = SentenceTransformer(str(root / name), device="cpu")
    assert far(model.encode(texts), f"{name}.npy") < 1e-5
    assert far(model.encode_query(texts), f"{name}-query.npy") < 1e-5
    assert model.max_seq_length == 64 and model.similarity_fn_name == "cosine"
tokenizer = AutoTokenizer.from_pretrained(root / "full")
assert tokenizer(texts)["input_ids"] == ids
assert [e.ids for e in Tokenizer.from_file(str(root / "full" / "tokenizer.json")).encode_batch(texts)] == ids
network, told = AutoModel.from_pretrained(root / "full", output_loading_info=True)
assert type(network).__module__.startswith("transformers.models.eurobert"), type(network)
assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), told
batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
with torch.inference_mode():
    hidden = network(**batch).last_hidden_state
mask = batch["attention_mask"][..., None]
unit = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
assert far(unit, "full.npy") < 1e-5

# The native folder: refused before the call, equal after it.
try:
    SentenceTransformer(str(root / "native"), device="cpu")
except ValueError as error:
    assert "neoarabert" in str(error), error
else:
    raise AssertionError("loaded without the registered classes")
assert not any(name.split(".")[0] == "harakat" for name in sys.modules)
from harakat.interop import register_transformers
register_transformers()
model = SentenceTransformer(str(root / "native"), device="cpu")
assert far(model.encode(texts), "full.npy") < 1e-5
assert far(model.encode_query(texts), "full-query.npy") < 1e-5
"""


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_fresh_process(tiny_folder: Path, tmp_path: Path, texts: list[str]) -> None:
    texts = [*texts, *nasty_texts(9, 60)]
    options: dict[str, Any] = {"device": "cpu", "max_length": 64, "query_prompt": "سُؤَالٌ: "}
    for name, dim in (("small", 32), ("full", None)):
        encoder = Encoder(tiny_folder, dim=dim, **options)
        assert export_eurobert(encoder, tmp_path / name) == tmp_path / name
        np.save(tmp_path / f"{name}.npy", encoder.encode(texts))
        np.save(tmp_path / f"{name}-query.npy", encoder.encode_query(texts))
    to_sentence_transformer(encoder).save(str(tmp_path / "native"))
    ids = [[piece.id for piece in encoder.pieces(text)] for text in texts]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    (tmp_path / "ids.json").write_text(json.dumps(ids))
    command = [sys.executable, "-c", FRESH, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
