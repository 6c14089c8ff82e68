"""Pixels out of Earth Engine, as the contracts say."""
