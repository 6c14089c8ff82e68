"""`python -m ee_floods` is `ee-floods`."""

from ee_floods.cli import main

main()
