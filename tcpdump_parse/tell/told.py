"""What `tell` gives: the story as values, sentences already in the reader's language, layout still nobody's business.

Law: a `Told` stands for lines of the log and says so (frame, line); a sentence says how sure it is (`Weight`). Writers arrange, colour and
escape; they never find new words. Text that came from the log (captions, names, unread text) has fields of its own, so that each
format can escape it by its own rules; sentences hold none of it.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from tcpdump_parse.model.happenings import Happening
from tcpdump_parse.model.packet import Port
from tcpdump_parse.model.terms import Side


class Phase(enum.StrEnum):
    """Where a connection's life stands; the word is also the section of the text catalogue."""

    OPENING = "opening"
    DATA = "data"
    IDLE = "idle"
    CLOSE = "close"
    RESET = "reset"


class Weight(enum.StrEnum):
    """How a sentence is meant: what happens, what is remarkable, what a beginner may ask, where the ends stand now."""

    STORY = "story"
    REMARK = "remark"
    LESSON = "lesson"
    STATE = "state"
    LATER = "later"  # about an earlier frame, decided now


class Basis(enum.StrEnum):
    """What a verdict rests on."""

    PROVED = "proved"
    SUGGESTED = "suggested"
    UNKNOWN = "not_shown"
    FINDING = "finding"


class Sentence(Struct, frozen=True, gc=False, omit_defaults=True):
    """One sentence; `key` is its place in the catalogue, `severity` a finding's, `rule` its name."""

    text: str
    key: str = ""
    weight: Weight = Weight.STORY
    severity: str = ""
    rule: str = ""  # several, with commas between them, where one sentence says what several found
    frame: int = 0  # the earlier segment it is about


class Listening(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="listening"):
    """A capture begins: its ordinal, its file, and tcpdump's own banner, as it stood."""

    capture: int
    line: int
    file: str = ""
    banner: str = ""


class Begun(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="begun"):
    """A connection appears."""

    capture: int
    conn: int
    client: str
    client_port: Port
    server: str
    server_port: Port
    role_basis: str
    frame: int
    line: int
    time: str = ""
    file: str = ""
    tunnel: str = ""
    continued: bool = False  # told in pieces: an earlier one stands above


class Told(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="told"):
    """One segment. Numbers without a unit in their name are relative (the SYN is 0); `raw_…` are those on the wire. `since`: seconds."""

    capture: int
    conn: int
    frame: int
    line: int
    end_line: int
    side: Side
    phase: Phase
    flags: str  # in words: "SYN ACK"
    length: int = 0
    time: str = ""
    since: float | None = None
    seq: int | None = None
    end: int | None = None
    ack: int | None = None
    raw_seq: int | None = None
    raw_ack: int | None = None
    window: int | None = None  # octets
    details: str = ""  # -v: what else the record says
    captions: tuple[str, ...] = ()  # comments of the log that stand just before it
    pause: str = ""  # a silence before it, in words
    rest: bool = False  # in that silence nothing was outstanding: an idle phase of its own
    sentences: tuple[Sentence, ...] = ()
    happenings: tuple[Happening, ...] = ()
    resolution: float | None = None  # seconds; where the clock knows milliseconds at best


class Run(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="run"):
    """Ordinary segments of one phase, folded: nothing in them is remarkable. `client` and `server`: what each of them sent."""

    capture: int
    conn: int
    frame: int
    last_frame: int
    line: int
    end_line: int
    phase: Phase
    segments: int
    since: float | None = None
    seconds: float | None = None
    client: Load | None = None
    server: Load | None = None
    sentences: tuple[Sentence, ...] = ()
    resolution: float | None = None


class Load(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one end sent within a run: data segments, their octets, bare ACKs; relative numbers from and to."""

    data: int = 0
    octets: int = 0
    acks: int = 0
    start: int | None = None
    end: int | None = None


class Remark(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="remark"):
    """Something beside the segments: unread text, evidence from ICMP, a finding told late, a notice. `quote` is text of the log."""

    capture: int
    line: int
    sentences: tuple[Sentence, ...]
    conn: int = 0
    frame: int = 0
    quote: tuple[str, ...] = ()


class Reason(Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of a verdict, and what it rests on. `frames`: the records to look at."""

    basis: Basis
    text: str
    key: str = ""
    severity: str = ""
    rule: str = ""
    frames: tuple[int, ...] = ()
    side: Side | None = None  # whose


class Verdict(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="verdict"):
    """A connection as a whole, when no more will be said about it. `quotes`: comments of the log the verdict speaks of."""

    capture: int
    conn: int
    flow: str
    conn_state: str
    states: dict[str, tuple[str, ...]]
    packets: int
    frame: int
    headline: str
    summary: str
    seconds: float | None = None
    client_octets: int = 0
    server_octets: int = 0
    agreed: str = ""
    reasons: tuple[Reason, ...] = ()
    resolution: float | None = None
    brief: bool = False  # one of many, and unremarkable: a line is enough where little is asked for


class Row(Struct, frozen=True, gc=False, omit_defaults=True):
    """One connection in the overview."""

    conn: int
    flow: str
    packets: int
    conn_state: str
    client_octets: int = 0
    server_octets: int = 0
    seconds: float | None = None
    remark: str = ""
    resolution: float | None = None


class Overview(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="overview"):
    """A capture, or all of them (`capture` 0), when it is over: the log as a document. `rows` are bounded: `more` were left out."""

    capture: int
    packets: int
    connections: int
    reasons: tuple[Reason, ...] = ()
    conn_states: dict[str, int] = {}
    rows: tuple[Row, ...] = ()
    more: int = 0
    meanings: dict[str, str] = {}  # of each conn_state here; "" where its connections differ


Story = Listening | Begun | Told | Run | Remark | Verdict | Overview
"""One value of the story, in order of telling."""
