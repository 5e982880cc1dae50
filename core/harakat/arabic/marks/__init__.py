"""Vowel marks: classes, codes, and the functions that strip, split and join them, for one text or for arrays."""
