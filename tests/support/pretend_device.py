"""Both networks on a device that is only pretended, in every number format: run in a process of its own.

Shapes, number formats and devices are followed through all operators and nothing is computed. A tensor that is made on
the host and used on the device is an error here as it is on a GPU, and so is a look at a value, for which the host
would have to wait. Prints a line for each network, attention and format.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
from harakat.model.families.neoarabert_network import NeoAraBERT, NeoAraBERTShape
from harakat.model.layers.attention_choice import packed_attention
from harakat.model.pooling import mean_pool_segments

DEVICE = "pretended"
LENGTHS = [40, 40, 33, 20, 7, 5]


def moved(network: Any, dtype: torch.dtype) -> Any:
    """A network of the meta device, with empty tensors on the pretended one in the places of its own."""
    for module in network.modules():
        for name, tensor in list(module._parameters.items()):
            if tensor is not None:
                module._parameters[name] = torch.empty(tensor.shape, dtype=dtype, device=DEVICE)
        for name, tensor in list(module._buffers.items()):
            module._buffers[name] = torch.empty(tensor.shape, dtype=tensor.dtype, device=DEVICE)
    return network.eval()


def main() -> None:
    """Run them."""
    torch.utils.backend_registration._setup_privateuseone_for_python_backend(DEVICE)
    total, count = sum(LENGTHS), len(LENGTHS)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        for kind in ("sdpa", "varlen"):
            if kind == "varlen" and dtype == torch.float32:
                continue
            for name in ("NeoAraBERT", "MarkedBert"):
                with FakeTensorMode(), torch.no_grad():
                    with torch.device("meta"):
                        network: Any = (
                            NeoAraBERT(NeoAraBERTShape(num_hidden_layers=2))
                            if name == "NeoAraBERT"
                            else MarkedBert(MarkedBertConfig(vocab_size=99, num_hidden_layers=2, dictionary_keys=9))
                        )
                    network = moved(network, dtype)
                    values = torch.zeros(3 * total + count + 1, dtype=torch.int64, device=DEVICE)
                    ids, positions, marks = values[: 3 * total].view(3, total).unbind(0)
                    starts = values[-count - 1 :]
                    hidden = network(ids, positions, packed_attention(kind, LENGTHS, starts.to(torch.int32)), marks)
                    assert hidden.shape == (total, network.hidden_size), hidden.shape
                    assert hidden.dtype == dtype, hidden.dtype
                    pooled = mean_pool_segments(hidden, starts)
                    assert pooled.shape == (count, network.hidden_size), pooled.shape
                    assert pooled.dtype == torch.float32, pooled.dtype
                    assert hidden.device.type == pooled.device.type == DEVICE
                sys.stdout.write(f"{name} {kind} {dtype}\n")


if __name__ == "__main__":
    main()
