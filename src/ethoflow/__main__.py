"""``python -m ethoflow`` is the command `ethoflow`."""

from ethoflow.cli import main

main()
