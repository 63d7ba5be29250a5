"""`python -m chainrule` is `chainrule`."""

import sys


def main() -> int:
    """Run the command line; returns the exit status.  Ctrl-C ends it in a line, while Python still imports it too."""
    try:
        from chainrule import cli

        return cli.main()
    except KeyboardInterrupt:
        print("chainrule: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
