"""Tokenizers of the two model families, and the vocabularies and algorithms that they share."""
