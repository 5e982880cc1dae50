"""Everyday spelling (imla'i): rules that turn the spelling of the mushaf and other variants into it."""
