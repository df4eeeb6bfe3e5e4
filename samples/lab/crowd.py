"""Ordinary traffic on this host's loopback until standard input closes: a few servers, many clients, nothing lost.

Each client opens a connection, asks for pages of many sizes, now and then uploads or downloads a file, and closes; sometimes it is
the server that closes first. Seeded: the same seed asks the same things (the kernel still chooses ports and numbers).
"""

import argparse
import asyncio
import random
import sys

PORTS = (80, 443, 8000)
CLIENTS = 12
CLOSE = 0  # the size that asks the server to close


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer lines of `upload reply cookie` (two sizes and some weight) until the client leaves."""
    try:
        while line := await reader.readline():
            upload, reply = map(int, line.split()[:2])
            await reader.readexactly(upload)
            if reply == CLOSE:
                break
            writer.write(bytes(reply))
            await writer.drain()
    finally:
        writer.close()


def sizes(dice: random.Random) -> tuple[int, int]:
    """Octets up and octets down of one request: mostly pages, sometimes a file."""
    kind = dice.random()
    if kind < 0.03:
        return dice.randrange(20_000, 200_000), 20
    if kind < 0.10:
        return 0, dice.randrange(20_000, 300_000)
    return dice.choice((0, 0, 0, 120)), int(dice.lognormvariate(6.5, 1.2)) + 1


async def visit(host: str, source: str, port: int, dice: random.Random) -> None:
    """One connection: its requests, and who closes it."""
    reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    for _ in range(dice.randrange(1, 12)):
        up, down = sizes(dice)
        cookie = "x" * dice.randrange(20, 400)
        writer.write(f"{up} {down} {cookie}\n".encode() + bytes(up))
        await writer.drain()
        await reader.readexactly(down)
    if dice.random() < 0.3:
        writer.write(b"0 0 bye\n")
        await reader.read()
    writer.close()
    await writer.wait_closed()


async def wander(number: int, seed: int) -> None:
    """One client, visiting for ever."""
    dice = random.Random(f"{seed}/{number}")
    while True:
        if dice.random() < 0.2:
            await visit("::1", "::1", dice.choice(PORTS), dice)
        else:
            await visit("127.0.0.1", f"127.0.0.{number + 2}", dice.choice(PORTS), dice)


async def crowd(seed: int) -> None:
    """All servers and clients, until standard input closes."""
    for port in PORTS:
        for host in ("127.0.0.1", "::1"):
            await asyncio.start_server(serve, host, port)
    print("listening", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    wanderers = [asyncio.create_task(wander(number, seed)) for number in range(CLIENTS)]
    await asyncio.to_thread(sys.stdin.readline)
    for task in wanderers:
        task.cancel()


def main() -> None:
    """Read the seed, gather the crowd."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(crowd(parser.parse_args().seed))


if __name__ == "__main__":
    main()
