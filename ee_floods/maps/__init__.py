"""Figures and self-contained HTML maps."""
