"""The whole picture of a GPU in one command, in under 8 minutes: correct first, then fast.

    python benchmarks/gpu.py                         # writes benchmarks/results/gpu-NAME-DATE.json
    python benchmarks/gpu.py --texts hadith.txt      # your own texts beside the Quran, one a line
    python benchmarks/gpu.py --device cpu --small    # every path in seconds, for the tests; its figures mean nothing

For a NeoAraBERT of the published size (28 x 768, random weights, a vocabulary counted on the texts) and for
harakat-mini it

1. measures the matrix product of this GPU in each dtype, the ceiling that shares are shares of;
2. compares the vectors of every dtype and attention with float32 (SDPA) on the same device, and that with the CPU:
   least and mean cosine, 0.9999 is the bar;
3. times the network alone over dtypes and kinds of attention;
4. takes the fastest pair that meets the bar, compiles it, compares again, and times both over token budgets; then says
   which kernels take how much of the time;
5. times the whole way from strings to vectors on the host: on a fresh word cache and a warm one, with tokenising in a
   thread and in processes, on all GPUs where there are several; and the reference snippet (given order, batches of 32,
   padded) on the same GPU, and tokenising alone.

Texts are the Quran in verse order (PyPI package quran-text) and longer ones cut from it, with about 70 words on average
as hadith have. "Real tokens" count special tokens and no padding. Needs a clone, torch and harakat's core dependencies;
without quran-text it takes the sentences of the tests, and the result says so. What fails, or cannot run here, says why
in the result and stops nothing else. The result is written after every figure, and what no longer fits into --minutes
is left out and named.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in ("core", "tests", "benchmarks"):  # works without an installation too
    sys.path.insert(0, str(ROOT / folder))

if __name__ == "__main__":
    # Only here: processes that tokenise import this file again, and would spend seconds on torch.
    from gpu_steps import main

    main(__doc__)
