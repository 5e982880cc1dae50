"""The `model_type`s that harakat reads; apart from the networks, so that reading a config imports no torch."""

NEOARABERT = "neoarabert"
MARKED_BERT = "harakat-marked-bert"

EVERYDAY_FORMAT = 3
"""Format in ``config.json`` from which on texts are read by all rules of `harakat.arabic.to_everyday`."""
