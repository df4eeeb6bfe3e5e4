"""Chapter 2: a TCP client. It opens one connection and plays its steps on it.

    python tcp_client.py "send 38" "receive 1024" close
"""

import argparse
import socket
import sys

from steps import play


def main() -> None:
    """Read the command line, connect, play the steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("steps", nargs="*", default=["send 38", "receive 1024", "close"])
    chosen = parser.parse_args()
    try:
        connection = socket.create_connection((chosen.host, chosen.port))
    except OSError as error:
        print(error, file=sys.stderr)
        return
    with connection:
        play(connection, chosen.steps)


if __name__ == "__main__":
    main()
