"""What is asked of a Corefile: a file `questions`, a line each.

    NAME TYPE [+tcp] [+edns[=SIZE]] [+do] [+cd] [+ad] [+norec] [+nsid] [+ch] [@ADDRESS[:PORT]] [! REASON…]
    wait SECONDS
    outside silent|alive

A question after which `! REASON…` stands is answered differently, for reasons that docs/compatibility.md has a row for; where it is answered alike the run
fails too. `#` begins a comment.
"""

import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

import messages as m  # noqa: E402

TYPES = {text: number for number, text in m.TYPES.items()}
NSID = b"\0\3\0\0"
SERVER = ("127.0.0.1", 53)


class Step(NamedTuple):
    """One line: what to do, and of a question also whom to ask and what reasons there are."""

    line: int
    text: str
    verb: str  # ask, wait, outside
    value: object  # a Question, seconds, a word
    server: tuple = SERVER
    reasons: tuple = ()


def read(text):
    """[Step] of a questions file."""
    return [step_of(number, words) for number, words in enumerate(map(words_of, text.splitlines()), 1) if words]


def words_of(line):
    return line.split("#", 1)[0].split()


def step_of(number, words):
    text = " ".join(words)
    if words[0] == "wait":
        return Step(number, text, "wait", float(words[1]))
    if words[0] == "outside":
        assert words[1] in ("silent", "alive"), text
        return Step(number, text, "outside", words[1])
    words, reasons = (words[: words.index("!")], tuple(words[words.index("!") + 1 :])) if "!" in words else (words, ())
    question, server = question_of(words)
    return Step(number, text, "ask", question, server, reasons)


def question_of(words):
    name, rdtype, *options = words
    flags, cls, size, do, extra, tcp, server = m.RD, m.IN, None, False, b"", False, SERVER
    for option in options:
        word, _, value = option.partition("=")
        if word[0] == "@":
            host, _, port = word[1:].partition(":")
            server = (host, int(port or 53))
        elif word == "+tcp":
            tcp = True
        elif word == "+norec":
            flags &= ~m.RD
        elif word in ("+ad", "+cd"):
            flags |= m.AD if word == "+ad" else m.CD
        elif word == "+ch":
            cls = 3
        elif word == "+edns":
            size = int(value or 1232)
        elif word == "+do":
            do, size = True, size or 1232
        elif word == "+nsid":
            extra, size = NSID, size or 1232
        else:
            raise ValueError(f"{word} in {' '.join(words)}")
    edns = m.Edns(size, 0, do, extra) if size else None
    return m.Question(m.name(name), TYPES[rdtype] if rdtype in TYPES else int(rdtype.removeprefix("TYPE")), cls, flags, edns, tcp), server
