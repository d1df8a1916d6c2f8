"""`python -m balto_cli` is `balto`."""

from balto_cli.cli.app import main

main()
