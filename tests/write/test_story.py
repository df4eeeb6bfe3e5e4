"""The story on a page: it fits the terminal, means the same without colour, and obeys nothing that a log says."""

import io
import re
import sys
from inspect import signature

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from tcpdump_parse.model.packet import IPv4, Packet, Segment
from tcpdump_parse.read import read
from tcpdump_parse.tell import Begun, Detail, Lessons, Listening, Manner, Order, Overview, Remark, Run, Told, Verdict, tell
from tcpdump_parse.tell.told import Basis, Reason, Sentence
from tcpdump_parse.tell.words import LANGUAGES, texts, words
from tcpdump_parse.track import track
from tcpdump_parse.write.story import Glyphs, Look, Paint, lines, markdown, records, text
from tcpdump_parse.write.story.look import cells, fold
from tcpdump_parse.write.story.markdown import code, prose
from tests.tell.stories import ROOT, SAMPLES, page, story

SGR = re.compile("\x1b\\[[0-9;]*m")
PAGES = ["seed", "macos-lo0-ipv6", "zero-window", "lost-data"]
CACHES = [
    value
    for name, module in sorted(sys.modules.items())
    if name.startswith(("tcpdump_parse.tell.", "tcpdump_parse.write.story."))
    for value in vars(module).values()
    if hasattr(value, "cache_clear") and value.__module__ == name
]
"""Whatever telling and writing remember of what they made."""
EVIL = "evil\x1b[31m`|<script>\u202e*_#@x.example"


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("sample", PAGES)
def test_no_line_is_wider_than_the_terminal(sample, lang, width):
    manner = Manner(lang=lang, detail=Detail.VERBOSE, lessons=Lessons.TEACH)
    assert [line for line in lines(story(sample, manner), Look(width=width, lang=lang)) if wcswidth(line) > width] == []


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_long_path_is_folded(width):
    """Where the log stands on the reader's machine is not ours to choose."""
    far = "/srv/" + "evidence/of/the/incident/" * 6 + "lo0.md"
    near = story("macos-lo0-ipv6")
    told = [msgspec.structs.replace(value, file=far) if isinstance(value, Listening | Begun) else value for value in near]
    page = list(lines(told, Look(width=width)))
    assert [line for line in page if wcswidth(line) > width] == []
    assert far in "".join(line.strip() for line in page)


@pytest.mark.parametrize("width", [None, 60, 100])
def test_colour_adds_nothing_but_escapes(width):
    """Whoever cannot see colours, or sends the page through a pipe, reads the same."""
    told = story("macos-lo0-ipv6")
    plain = list(lines(told, Look(width=width)))
    coloured = list(lines(told, Look(width=width, paint=Paint.COLOUR)))
    assert [SGR.sub("", line).rstrip() for line in coloured] == [line.rstrip() for line in plain]
    assert coloured != plain
    assert all("\x1b" not in line for line in plain)


def test_a_page_without_a_width_wraps_nothing():
    """On a pipe a sentence is one line, so that grep finds it."""
    assert any(len(line) > 150 for line in lines(story("seed"), Look()))


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("sample", SAMPLES)
def test_the_quick_way_to_a_plain_page_writes_what_the_lines_say(sample, order):
    """A page is written a block at a time; most blocks are put together in one go."""
    told = story(sample, Manner(order=order))
    out = io.StringIO()
    text(told, out, Look())
    assert out.getvalue() == "".join(f"{line}\n" for line in lines(told, Look()))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_remembered_changes_no_word(lang):
    """Sentences, arrows and amounts are kept for the next segment like them: a page must not tell which came first."""
    warm = [page(sample, lang) for sample in SAMPLES]
    assert [page(sample, lang) for sample in reversed(SAMPLES)] == warm[::-1]
    for cache in CACHES:
        cache.cache_clear()
    assert [page(sample, lang) for sample in SAMPLES] == warm


def test_what_is_remembered_is_bounded():
    """What has no parameters remembers one value."""
    assert len(CACHES) > 5
    unbounded = [cache for cache in CACHES if cache.cache_parameters()["maxsize"] is None and signature(cache).parameters]
    assert [cache for cache in unbounded if cache not in (words, texts)] == []


def test_ascii_is_enough():
    page = "\n".join(lines(story("zero-window"), Look(glyphs=Glyphs.ASCII)))
    assert page.isascii()
    assert "|- SYN ------------->|" in page


def test_connections_side_by_side_name_themselves():
    """Live, the lines of several connections are told as they come: from the second on each line says whose it is."""
    packets = list(read(ROOT / SAMPLES["macos-lo0-ipv6"]))
    second = [msgspec.structs.replace(packet, capture=1) for packet in packets if isinstance(packet, Packet)]
    mixed = [packet for pair in zip(second[:12], second[12:], strict=False) for packet in pair]
    page = list(lines(tell(track(mixed), Manner(order=Order.LOG)), Look()))
    rows = [line for line in page if re.search("[├◄]", line)]
    assert [line[:2] for line in rows[:4]] == ["  ", "#2", "#1", "#2"]


@given(st.text(alphabet=st.sampled_from("ab 中文，。（1 µs)"), max_size=60), st.integers(8, 30))
def test_folding_a_line_loses_no_character(sentence, width):
    told = fold(sentence, width)
    assert "".join("".join(told).split()) == "".join(sentence.split())
    assert [line for line in told if cells(line) > width] == []


@pytest.mark.parametrize(
    ("sentence", "width", "told"),
    [
        ("a b c", 8, ["a b c"]),
        ("it took 3.4 ms in all", 12, ["it took", "3.4 ms in", "all"]),
        ("第 1 步，完成。", 10, ["第 1 步，", "完成。"]),
        ("服务器确认了 38 字节", 14, ["服务器确认了", "38 字节"]),
        ("abcdefghijkl", 8, ["abcdefgh", "ijkl"]),
    ],
)
def test_a_line_breaks_where_a_reader_would(sentence, width, told):
    """Not between a number and its unit, not before a closing mark; between wide characters anywhere."""
    assert fold(sentence, width) == told


def evil_story():
    ip = IPv4(EVIL, "10.0.0.2")
    packet = Packet(1, 1, 1, 1, time="1\x07", clock="1.0", ip=ip, tcp=Segment("http`x", 2, flags="S", seq=1, win=1, length=0))
    remark = Remark(1, 2, (Sentence("Odd."),), quote=("quoted ``` | <b>",))
    return [*tell(track([packet])), remark]


def test_text_of_the_log_is_shown_and_never_obeyed():
    page = "\n".join(lines(evil_story(), Look(width=80)))
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "evil\\x1b[31m" in page


def test_markdown_keeps_text_of_the_log_in_code_spans():
    out = io.StringIO()
    markdown(evil_story(), out)
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", out.getvalue().replace("<br>", ""))
    assert not re.search("<script>|<b>|evil|@x", outside)


@pytest.mark.parametrize(
    ("quoted", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`a``", "``` `a`` ```"), ("a|b", "`a\\|b`"), ("<i>", "`<i>`")]
)
def test_a_code_span_cannot_be_left(quoted, span):
    assert code(quoted) == span


def test_prose_is_not_markup():
    assert prose("a*b_c <i> [x](y) #1 |") == r"a\*b\_c \<i\> \[x\](y) \#1 \|"


def test_markdown_of_the_seed_is_a_table_and_a_verdict():
    out = io.StringIO()
    markdown(story("seed"), out)
    page = out.getvalue()
    assert "| 6 | 3.401 ms | ← PSH ACK, 1024 B | seq 1:1025 (645999201) ack 39 (1960817508) |" in page
    assert "`# tcp 3次握手`<br>" in page
    assert "- *not shown*: Whether the server closed after the log ends." in page


def test_json_lines_decode_to_the_values():
    """The encoding is the model's: nothing is said twice, nothing is lost but the classes of happenings."""
    out = io.StringIO()
    values = story("lost-data")
    records(values, out)
    decoded = [msgspec.json.decode(line) for line in out.getvalue().splitlines()]
    assert [value["type"] for value in decoded] == [type(value).__name__.lower() for value in values]
    told = next(value for value in decoded if value.get("frame") == 44)
    assert told["happenings"][0]["event"] in ("GapOpened", "DataSent")
    assert {"seq", "raw_seq", "phase", "since", "sentences"} <= told.keys()


def test_a_verdict_alone_begins_the_page():
    out = io.StringIO()
    text(story("seed", Manner(detail=Detail.QUIET)), out, Look())
    assert out.getvalue().startswith("Verdict on connection 1")


def test_an_overview_that_has_nothing_to_add_is_silent():
    reason = Reason(Basis.PROVED, "Said.", "overview.x")
    assert list(lines([Overview(0, 3, 1)], Look())) == []
    assert list(lines([Overview(0, 3, 1, (reason,))], Look())) == ["The whole log", "  proved     Said."]


def test_every_kind_of_value_has_its_lines():
    """A new kind of value must be laid out; these are all there are."""
    kinds = {type(value) for sample in ("macos-lo0-ipv6", "lost-data") for value in story(sample)} | {type(value) for value in evil_story()}
    assert kinds >= {Begun, Told, Run, Remark, Verdict, Overview}
