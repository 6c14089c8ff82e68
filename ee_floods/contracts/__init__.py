"""What is written down and versioned: every file that leaves this package has its shape here."""
