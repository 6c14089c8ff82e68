"""The walks through the house that commands, jobs and notebooks call."""
