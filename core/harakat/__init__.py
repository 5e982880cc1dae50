"""harakat: Arabic text to vectors, vowel marks included."""
