"""The `model_type`s that harakat reads; apart from the networks, so that reading a config imports no torch."""

NEOARABERT = "neoarabert"
MARKED_BERT = "harakat-marked-bert"
