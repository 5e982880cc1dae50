"""Options given by name."""

from __future__ import annotations

import pytest

from harakat._support.option_checks import invalid_options, refuse_unknown
from harakat.errors import OptionError


def test_an_unknown_option_is_named_with_those_that_exist() -> None:
    refuse_unknown(["dim"], ["model", "dim"], "Some")
    with pytest.raises(OptionError, match=r"Some has no option 'modle'; did you mean 'model'\? it takes: dim, model"):
        refuse_unknown(["dim", "modle"], ["model", "dim"], "Some")
    with pytest.raises(OptionError, match="no option 'zzz'; it takes: dim"):
        refuse_unknown(["zzz"], ["dim"], "Some")


def test_faults_of_a_validation_become_one_error() -> None:
    faults = [{"loc": ("dim",), "input": "x", "msg": "no number"}, {"loc": (), "input": 3, "msg": "no options"}]
    assert str(invalid_options("Some", faults)) == "Some: dim='x': no number; options=3: no options"
