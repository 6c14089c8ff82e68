"""Losses, supervised training and cross-modal distillation."""
