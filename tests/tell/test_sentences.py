"""Every sentence about a segment can be reached, in both languages, and every happening is told or silent on purpose.

The cases are single happenings put on one plain step: what `tell` says of them does not depend on how `track` came to them.
"""

from itertools import product

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from tcpdump_parse.model import happenings as h
from tcpdump_parse.model.packet import Checksum
from tcpdump_parse.model.terms import Basis, Cause, ChallengeCause, DupReason, Proof, ResetCause, Side, State, Where
from tcpdump_parse.tell.scene import Scene
from tcpdump_parse.tell.sentences import SILENT, TELLS, sentences
from tcpdump_parse.tell.shapes import shape_of
from tcpdump_parse.tell.told import Weight
from tcpdump_parse.tell.words import LANGUAGES, texts, words
from tcpdump_parse.track.resolution import Resolution
from tests.track.talk import Talk

MS = 1_000_000
ACK = h.AckAdvanced(1, 10, 1, 4, 44 * MS, 44 * MS)
AGAIN = [
    h.Retransmitted(1, 11, 2, needed, cause, since_last=last, new_octets=5, proof=proof)
    for needed, proof in (
        (None, None),
        (True, Proof.ECHOED),
        (True, Proof.AS_FAR_AS_SEEN),
        (False, Proof.DSACK),
        (False, Proof.ALREADY_ACKED),
    )
    for cause, last in product(Cause, (None, 5))
]
CASES: list[tuple[h.Happening, ...]] = [
    (h.SynSent(1),), (h.SynSent(1 << 40, 2),), (h.SynSent(1 << 40, 2, 5),), (h.SynSent(1, 2),), (h.SynSent(1, crossed=True),),
    (h.SynSent(1 << 40, 2, challenged=7),),
    (h.SynAckSent(1, acks_syn=True),), (h.SynAckSent(1, 2),),
    (h.SynAckSent(1, acks_syn=False),), (h.SynAckSent(1),), (h.HandshakeDone(1, 2),), (h.HandshakeDone(),), (h.StartedLate(),),
    (h.PortReused(1, (3,)),), (h.PortReused(1, (3,), False),), (h.OptionSeen("unknown", 77),), (h.OptionSeen("tfo", 34),),
    (h.DataSent(10),), (h.DataSent(10, True),), (h.DataSent(10, turn=True, since_peer=5),), (ACK,), (h.DataSent(10), ACK), (),
    *((case,) for case in AGAIN), (h.Retransmitted(1, 11, 1, new_octets=10),),
    *((h.Judged(3, Side.SERVER, needed, Cause.UNKNOWN, proof),) for needed, proof in product((True, False, None), Proof)),
    (h.Reordered(1, 2, Proof.IP_ID),), (h.Reordered(1, 2, Proof.IP_ID, 5),), (h.OldAck(5),),
    *((h.Copied(where, Proof.SAME_ID, 1, (2,)),) for where in Where),
    *((h.DuplicateAck(n, reason),) for n, reason in product((1, 3), DupReason)), (h.SackSeen(((1, 5), (7, 9)), (1, 5), 2),),
    (h.GapOpened(1, 5),), (h.GapFilled(1, 5, 0, (3,)),), (h.GapFilled(1, 5, 4, (3,)),), (h.GapAcked(1, 5),), (h.GapAcked(1, 5, True),),
    (h.WindowUpdate(1, 1 << 20),),
    (h.WindowUpdate(2, 1),), (h.WindowClosed(),), (h.WindowReopened(5),), (h.WindowReopened(5, 6),), (h.WindowFull(),),
    (h.WindowExceeded(5),), (h.WindowShrunk(5),), (h.WindowShrunk(5, True),), (h.WindowProbe(1, 1),), (h.WindowProbe(2, 0, 5),),
    (h.WindowProbeAck(5, (3,)),), (h.KeepAlive(1, 0),), (h.KeepAlive(1, 1),), (h.KeepAlive(2, 0),), (h.KeepAliveAck(5, (3,)),),
    *((h.ChallengeAck(cause, (3,)),) for cause in ChallengeCause),
    *((h.FinSent(octets, first),) for octets, first in product((None, 5), (True, False))), (h.FinSent(5), h.FinAcked(5)), (h.FinAcked(),),
    (h.FinAcked(5),), (ACK, h.FinAcked(44 * MS)),
    *((h.ResetSent(cause, acceptable),) for cause, acceptable in product(ResetCause, (None, False))),
    *((h.StateMoved(side, was, State.CLOSED),) for side, was in product(Side, (State.UNKNOWN, State.ESTABLISHED))),
    (h.Contradiction(Side.CLIENT, ()),), (h.ClockStepped(5),), (h.ChecksumOffload(),), (h.ChecksumOffload(True),), (h.ChecksumWrong(),),
    (h.ChecksumUnjudged(),),
    (h.ChecksumWrong(True),), (h.ChecksumUnexplained(5),), (h.ChecksumUnexplained(5, 7),),
    (h.ChecksumUnexplained(256, None, "reserved_flag"),), (h.LengthsDisagree(40, 44),),
    (h.ContentDiffers(1, 5, (3,)),), (h.Idle(5),), (h.Opened(Basis.SYN),),
]  # fmt: skip
"""One way at least to every sentence about a segment."""

SECTIONS = ("handshake", "data", "loss", "window", "keepalive", "close", "reset", "state", "checksum")


def told(case, lang, bare=False, fin=False, flags=None):
    """What is said of a plain client ACK on which `case` happened."""
    steps = Talk().open().s("P.", 1, 10, 1).c("" if bare else ".", 1, ack=None if bare else 11).steps()
    step = steps[-1]
    tcp = replace(step.packet.tcp, checksum=Checksum(0xFE28, False, 0x1234), **({} if flags is None else {"flags": flags}))
    end = replace(step.after.me, fin=step.after.me.base if fin else None)
    step = replace(step, packet=replace(step.packet, tcp=tcp), after=replace(step.after, me=end), happenings=case)
    scene = Scene(step.connection, words(lang), True, set(), Resolution())
    scene.tally.quickest[Side.CLIENT] = MS
    return sentences(step, shape_of(case), scene)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_about_a_segment_can_be_reached(lang):
    """A text that nothing says is dead; one whose placeholder nobody fills would fail here."""
    ways = ({}, {"fin": True}, {"bare": True}, {"flags": "PU"}, {"flags": ""}, {"flags": UNSET})
    reached = {sentence.key for case in CASES for way in ways for sentence in told(case, lang, **way)}
    lists = {"loss.octets", "loss.syn", "loss.syn_ack", "loss.fin"}  # parts of others
    lists |= {"state.now", "state.arrives", "state.arrives_now", "state.after_all"}
    else_where = {
        "data.reply",
        "data.ack",
        "close.finack_data",
        "handshake.offers",
        "handshake.late_guess",
        "handshake.synack_crossed",
        "handshake.synack_late",
        "loss.cause_timeout_goes_on",
        "loss.cause_sack_again",
        "loss.old_ack_beyond",
        "loss.copied_clamped",
        "data.ack_first",
        "data.ack_one",
        "reset.unfitting",
        "loss.missed_syn",
        "data.ack_answer_unseen",
        "data.ack_strange",
        "loss.again_early",
        "handshake.no_room",
        "window.probe",
        "close.fin_crossed",
        "close.finack_crossed",
        "close.finack_crossed_after",
        "reset.foreign_number",
        "reset.repeated_other",
        "reset.rejected",
        "reset.disowned",
        "reset.crossed",
        "reset.no_connection",
        "handshake.done_later",
    }  # need another step: the goldens
    wanted = {key for key in texts(lang) if key.partition(".")[0] in SECTIONS and not key.endswith((".title", ".story"))}
    assert wanted - reached == lists | else_where


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: "+".join(type(happening).__name__ for happening in case) or "nothing")
def test_a_segment_is_never_told_as_nothing(case, lang):
    said = told(case, lang)
    assert any(sentence.weight is Weight.STORY for sentence in said)
    assert not [sentence for sentence in said if not sentence.text or "%(" in sentence.text or "{" in sentence.text]


def test_every_happening_is_told_or_silent_on_purpose():
    """A new happening costs a sentence, or a line that says why it needs none."""
    classes = set(h.Happening.__subclasses__())
    assert classes == TELLS.keys() | SILENT


def test_a_delayed_ack_is_only_suspected_where_nothing_else_explains_the_wait():
    """The ACK must be a sound sample (Karn), cover all that is outstanding, and come from an end known to be quicker."""
    keys = [sentence.key for sentence in told((ACK,), "en")]
    twice = [sentence.key for sentence in told((h.AckAdvanced(1, 10, 1, 4, 44 * MS, None),), "en")]
    assert "data.delayed" in keys
    assert "data.delayed" not in twice
