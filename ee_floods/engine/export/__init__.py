"""Pixels and features out of the engine: encodings, batch exports and imports."""
