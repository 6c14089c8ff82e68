"""Scheduled work: specification, ledger, plan, runner, report."""
