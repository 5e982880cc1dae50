"""Options against a checkpoint: what is taken, what is refused, and with which words."""

import pytest

from harakat import Encoder
from harakat.errors import DimError, OptionError
from harakat.runtime.resolve import check_dim, check_max_length, check_overflow, choose_prompt
from support.marked import write_marked


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return Encoder(write_marked(tmp_path_factory.mktemp("models") / "tiny")).checkpoint


def test_dims(loaded):
    assert check_dim(loaded, None, allow_untrained=False) == 32
    assert check_dim(loaded, 16, allow_untrained=False) == 16
    assert check_dim(loaded, 7, allow_untrained=True) == 7
    for bad in (0, 33, True, 16.0):
        with pytest.raises(DimError, match=r"tiny gives 1 to 32 values; trained dims: 32, 16"):
            check_dim(loaded, bad, allow_untrained=True)
    with pytest.raises(DimError, match="allow_untrained_dim=True"):
        check_dim(loaded, 7, allow_untrained=False)


def test_lengths(loaded):
    assert check_max_length(loaded, None) == 64
    assert check_max_length(loaded, 3) == 3
    for bad in (2, 65, True, 3.0):
        with pytest.raises(OptionError, match="tiny takes 3 to 64 tokens"):
            check_max_length(loaded, bad)


def test_overflow():
    assert check_overflow("chunk") == "chunk"
    with pytest.raises(OptionError, match="choose one of"):
        check_overflow("cut")


def test_prompts():
    prompts = {"passage": "p: ", "query": "q: "}
    assert choose_prompt(None, prompts, "document", "passage") == "p: "
    assert choose_prompt("", prompts, "query") == ""
    assert choose_prompt(None, {}, "query") == ""
    with pytest.raises(OptionError, match="a prompt is a str"):
        choose_prompt(3, prompts, "query")
