"""Areas of a flood product."""
