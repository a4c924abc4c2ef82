"""The command line: importing a command's module makes it a subcommand of ``faust -A app``."""
