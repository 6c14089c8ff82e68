"""Predictors scored on labelled chips."""
