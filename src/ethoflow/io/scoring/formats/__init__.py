"""Formats of scored behaviour, one file each; a new one is a new module with `@label_reader`."""
