"""Chapter 1: a TCP server. It accepts one connection and plays its steps on it.

    python tcp_server.py "receive 38" "send 1024" eof close
"""

import argparse
import socket

from steps import play


def serve(host: str, port: int, buffer: int, steps: list[str]) -> None:
    """Listen, say so, accept one client, play the steps."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        listener.bind((host, port))
        listener.listen()
        print("listening", flush=True)
        connection, _ = listener.accept()
        with connection:
            play(connection, steps)


def main() -> None:
    """Read the command line, then serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--buffer", type=int, default=0, help="receive buffer in octets (0: the system's)")
    parser.add_argument("steps", nargs="*", default=["receive 38", "send 1024", "eof", "close"])
    chosen = parser.parse_args()
    serve(chosen.host, chosen.port, chosen.buffer, chosen.steps)


if __name__ == "__main__":
    main()
