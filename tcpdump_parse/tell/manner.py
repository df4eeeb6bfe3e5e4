"""How the story is to be told: language, depth, order, and which connections. All choices of a caller, none read from the environment."""

from __future__ import annotations

import enum

from msgspec import Struct

from tcpdump_parse.model.packet import Port
from tcpdump_parse.model.steps import Connection
from tcpdump_parse.tell.told import Phase


class Detail(enum.StrEnum):
    """QUIET: verdicts and overview alone. NORMAL: long ordinary stretches are folded. VERBOSE: every segment, with raw details."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


class Order(enum.StrEnum):
    """LOG: as the log goes, nothing waits (live). CONNECTION: one connection after the other, within a bound of memory (files)."""

    LOG = "log"
    CONNECTION = "connection"


class Lessons(enum.StrEnum):
    """TEACH: one explanation for each concept where it first appears."""

    NONE = "none"
    TEACH = "teach"


class Choice(Struct, frozen=True, gc=False):
    """Which connections, and which phases of them. Nothing set: all."""

    flow: str = ""  # an ordinal ("3"), or both ends as `tdparse flows` writes them, in either order
    client: str = ""  # address, or address:port
    port: Port | None = None  # of either end
    only: frozenset[Phase] = frozenset()

    def takes(self, connection: Connection) -> bool:
        return self._flow(connection) and self._client(connection) and self._port(connection)

    def _flow(self, connection: Connection) -> bool:
        if not self.flow:
            return True
        if self.flow.lstrip("#").isdigit():
            return int(self.flow.lstrip("#")) == connection.conn
        ends = [end.strip() for end in connection.flow.split(" > ")]
        return [end.strip() for end in self.flow.replace("→", ">").split(">")] in (ends, ends[::-1])

    def _client(self, connection: Connection) -> bool:
        wanted = self.client
        if not wanted:
            return True
        client = connection.flow.split(" > ")[0]
        return wanted in (connection.client, client, f"{connection.client}:{connection.client_port}")

    def _port(self, connection: Connection) -> bool:
        return self.port is None or str(self.port) in (str(connection.client_port), str(connection.server_port))


class Manner(Struct, frozen=True, gc=False):
    """One way of telling."""

    lang: str = "en"
    detail: Detail = Detail.NORMAL
    order: Order = Order.CONNECTION
    lessons: Lessons = Lessons.NONE
    choice: Choice = Choice()

    @property
    def folds(self) -> bool:
        """Live output must not wait for a run to end, and -v tells everything."""
        return self.order is Order.CONNECTION and self.detail is Detail.NORMAL
