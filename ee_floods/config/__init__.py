"""What a person writes: YAML files and settings, checked with file and line."""
