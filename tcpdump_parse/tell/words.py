"""The text catalogue: every sentence of every language, one TOML a language, compiled into `%` templates when first asked for.

Law: both languages have the same sections, keys and placeholders (a test says so); a text that is missing falls back to English.
`{name}` in a text is a placeholder, `{name:port|ports}` one with the noun it counts; values arrive as text or numbers and are never
taken as a template themselves.
`texts/<lang>.toml` holds the narrative, `texts/<lang>/*.toml` the rules' titles and stories, a file a family: these are four fifths of
all, most logs need none of them, and they are read when the first of them is asked for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Final

from tcpdump_parse.model.terms import Side

LANGUAGES: Final = ("en", "zh")
_HOME: Final = Path(__file__).resolve().parent / "texts"
_PLACEHOLDER: Final = re.compile(r"\{(?P<name>\w+)(?::(?P<one>[\w ]+)\|(?P<many>[\w ]+))?\}")
_COMPILED: Final = re.compile(r"%%|%\((\w+)\)s")


class Counting(str):
    """A template with a noun that follows its number: `{ports:port|ports}` is "1 port" or "2 ports"."""

    __slots__ = ("nouns",)

    nouns: tuple[tuple[str, str, str], ...]

    def __mod__(self, values: Any) -> str:
        words = {f"{name}:{one}": one if values[name] == 1 else many for name, one, many in self.nouns}
        return str.__mod__(self, {**values, **words})


class Templates(dict[str, str]):
    """Texts by key, each compiled when it is first asked for. `later` gives more of them; what neither has is in `fallback`."""

    def __init__(self, texts: Mapping[str, str], later: Callable[[], Mapping[str, str]], fallback: Templates | None) -> None:
        super().__init__()
        self.texts = texts
        self.later = later
        self.fallback = fallback

    def __missing__(self, key: str) -> str:
        text = self.own(key)
        if text is not None:
            made = compiled(text)
        elif self.fallback is not None:
            made = self.fallback[key]
        else:
            raise KeyError(key)
        self[key] = made
        return made

    def own(self, key: str) -> str | None:
        return self.texts[key] if key in self.texts else self.later().get(key)

    def knows(self, key: str) -> bool:
        return self.own(key) is not None or (self.fallback is not None and self.fallback.knows(key))


class Words:
    """One language: `say("close.fin", who="the client")` is the sentence. `later`: texts that are read when one of them is asked for."""

    def __init__(
        self, lang: str, texts: Mapping[str, str], fallback: Words | None = None, later: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.lang = lang
        self.templates: Templates = Templates(texts, later, fallback.templates if fallback else None)
        self.gap: str = self.say("term.gap")  # between two sentences
        self.client: str = self.say("term.client")
        self.server: str = self.say("term.server")
        self.Client: str = self.say("term.Client")
        self.Server: str = self.say("term.Server")
        self.about: Final = {side: Sided(self.templates, _names(self, side)) for side in Side}

    def say(self, key: str, /, **values: object) -> str:
        """The text with its placeholders filled; KeyError if no language has it."""
        return self.templates[key] % values

    def knows(self, key: str) -> bool:
        return self.templates.knows(key)

    def count(self, unit: str, n: int) -> str:
        """`count("octets", 1)`: "1 byte"; each unit has a text for one and a text for many."""
        return _counted(self, unit, n)

    def listed(self, items: Iterable[str], last: str = "term.and") -> str:
        """ "a, b and c", as the language writes it."""
        several = list(items)
        if len(several) < 2:
            return "".join(several)
        before, word, after = self.say("term.comma").join(several[:-1]), self.say(last), several[-1]
        if not word.isascii():  # Chinese beside Latin letters or digits
            word = f"{' ' * _latin(before[-1:])}{word}{' ' * _latin(after[:1])}"
        return before + word + after


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


class Sided(dict[str, str]):
    """The templates of sentences about one end, with the names of both ends in their places; each is made when it is first asked for."""

    def __init__(self, templates: Mapping[str, str], names: Mapping[str, str]) -> None:
        super().__init__()
        self.templates = templates
        self.names = names

    def __missing__(self, key: str) -> str:
        made = self[key] = _COMPILED.sub(self._name, self.templates[key])
        return made

    def _name(self, match: re.Match[str]) -> str:
        name = self.names.get(match[1])
        return match[0] if name is None else name.replace("%", "%%")


def _names(words: Words, side: Side) -> dict[str, str]:
    fixed = {"client": words.client, "server": words.server, "Client": words.Client, "Server": words.Server}
    if side is Side.CLIENT:
        return {**fixed, "who": words.client, "Who": words.Client, "peer": words.server, "Peer": words.Server}
    return {**fixed, "who": words.server, "Who": words.Server, "peer": words.client, "Peer": words.Client}


@lru_cache(maxsize=4096)
def _counted(words: Words, unit: str, n: int) -> str:
    """A log counts the same few amounts again and again: full segments, and sums of them."""
    return words.templates[f"unit.{unit}_one" if n == 1 else f"unit.{unit}"] % {"n": n}


def compiled(text: str) -> str:
    """`{name}` → `%(name)s`: the fastest formatting Python has that takes names."""
    nouns = tuple((found["name"], found["one"], found["many"]) for found in _PLACEHOLDER.finditer(text) if found["one"])
    template = _PLACEHOLDER.sub(_mark, text.replace("%", "%%"))
    if not nouns:
        return template
    counting = Counting(template)
    counting.nouns = nouns
    return counting


def _mark(found: re.Match[str]) -> str:
    name, one = found["name"], found["one"]
    return f"%({name})s %({name}:{one})s" if one else f"%({name})s"


def placeholders(text: str) -> frozenset[str]:
    return frozenset(found["name"] for found in _PLACEHOLDER.finditer(text))


@cache
def words(lang: str) -> Words:
    """The catalogue of a language; English for one that nobody has written."""
    if lang not in LANGUAGES:
        return words("en")
    return Words(lang, _texts(_HOME / f"{lang}.toml"), None if lang == "en" else words("en"), partial(_of_rules, lang))


@cache
def texts(lang: str) -> dict[str, str]:
    """`section.key` → text, of all files of a language."""
    return {**_texts(_HOME / f"{lang}.toml"), **_of_rules(lang)}


@lru_cache(maxsize=len(LANGUAGES))
def _of_rules(lang: str) -> dict[str, str]:
    return {key: text for file in sorted((_HOME / lang).glob("*.toml")) for key, text in _texts(file).items()}


def _texts(file: Path) -> dict[str, str]:
    return dict(_flat(tomllib.loads(file.read_text("utf-8"))))


def _flat(sections: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for section, keys in sections.items():
        for key, text in keys.items():
            yield f"{section}.{key}", " ".join(text.split("\n")).strip() if "\n" in text else text
