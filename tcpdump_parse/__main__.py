"""`python -m tcpdump_parse` is `tdparse`."""

from tcpdump_parse.cli import main

if __name__ == "__main__":
    main()
