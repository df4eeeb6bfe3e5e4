"""What the tests of tell share: the samples as stories, and the golden texts, which were read line by line before they were kept.

`python -m tests.tell.stories` writes the golden texts again; the difference is then read as a user would read it.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from tcpdump_parse.tell import Begun, Listening, Manner, Story, explain
from tcpdump_parse.write.story import Look, lines

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
SAMPLES = {
    "seed": "samples/seed.md",
    "four-way": "samples/close/four-way.txt",
    "half-close": "samples/close/half-close.txt",
    "ipv6": "samples/handshake/ipv6.txt",
    "refused": "samples/handshake/refused.txt",
    "idle": "samples/keepalive/idle.txt",
    "linger": "samples/reset/linger.txt",
    "zero-window": "samples/window/zero-window.txt",
    "macos-lo0-ipv6": "samples/wild/macos-lo0-ipv6.md",
    "lost-data": "samples/lab/recorded/lost-data/client.txt",
    "lost-syn": "samples/lab/recorded/lost-syn/client.txt",
    "other-content": "samples/checksum/other-content.txt",
    "beyond": "samples/close/beyond.txt",
    "lost-burst": "samples/lab/recorded/lost-burst/server.txt",
    "lab-zero-window": "samples/lab/recorded/zero-window/client.txt",
}
PAGES = [
    *((name, "en", None) for name in SAMPLES),
    ("seed", "en", 80),
    ("seed", "zh", 60),
    ("zero-window", "zh", 80),
    ("beyond", "zh", 60),
    ("lost-data", "zh", None),
]


def story(sample: str, manner: Manner | None = None) -> list[Story]:
    return list(explain(ROOT / SAMPLES[sample], manner=manner))


def page(sample: str, lang: str = "en", width: int | None = None, manner: Manner | None = None) -> str:
    """The story as text, but for the place of the sample, whose first lines say what it proves and may grow."""
    told = lines([_placeless(value) for value in story(sample, manner or Manner(lang=lang))], Look(width=width, lang=lang))
    return "".join(f"{line}\n" for line in told)


def _placeless(value: Story) -> Story:
    return replace(value, file=f"{Path(value.file).name}", line=1) if isinstance(value, Begun | Listening) else value


def golden(sample: str, lang: str, width: int | None) -> Path:
    return GOLDEN / f"{sample}.{lang}{'' if width is None else width}.txt"


if __name__ == "__main__":
    for entry in PAGES:
        golden(*entry).write_text(page(*entry), "utf-8")
