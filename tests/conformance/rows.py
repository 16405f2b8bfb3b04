"""Tables of what must be answered, a behaviour each, asked of headns in both modes; what CoreDNS says otherwise must have its reason."""

import ipaddress
import re
import sys
from pathlib import Path
from typing import NamedTuple

import ask
import differential
import messages as m
import model
import reasons

FOLDER = Path(__file__).resolve().parent / "tables"
sys.path.insert(0, str(FOLDER))

import world as table_world  # noqa: E402

NUMBERS = {text: number for number, text in m.TYPES.items()}


class Row(NamedTuple):
    id: str
    name: str
    type: str
    answer: str

    def question(self, **form):
        rtype = NUMBERS.get(self.type)
        return m.Question(full_name(self.name), int(self.type.removeprefix("TYPE")) if rtype is None else rtype, **form)


def full_name(text):
    return m.name(text if text.endswith(".") else text + ".cluster.local")


def read(path):
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield Row(*line.split(None, 3))


def rows():
    return [row for path in sorted(FOLDER.glob("*.txt")) for row in read(path)]


def rdata(rtype, words):
    if rtype in (m.A, m.AAAA):
        return ipaddress.ip_address(words[0]).packed
    if rtype in (m.CNAME, m.PTR, m.NS):
        return full_name(words[0])
    if rtype == m.SRV:
        return 0, int(words[0]), int(words[1]), full_name(words[2])
    return b"".join(bytes([len(text)]) + text.encode() for text in re.findall(r'"(.*?)"', " ".join(words)))


def expected(row):
    """(rcode, CNAME targets in their order, the other records as (type, rdata))."""
    rcode, links, records = m.NOERROR, [], set()
    for text in row.answer.split(" | "):
        words = text.split()
        if words[0] in ("NXDOMAIN", "NODATA"):
            rcode = m.NXDOMAIN if words[0] == "NXDOMAIN" else m.NOERROR
            continue
        rtype = NUMBERS[words.pop(0)] if words[0] in NUMBERS else NUMBERS[row.type]
        if rtype == m.CNAME:
            links.append(rdata(rtype, words))
        else:
            records.add((rtype, rdata(rtype, words)))
    return rcode, links, records


def said(reply):
    links, records, _ = reply.answer
    return reply.rcode, [record[4] for record in links], {(record[1], record[4]) for record in records}


def check(row, question, replies, world):
    """What is wrong with the answers to a row, or None."""
    theirs, pods, slices = replies
    for title, reply in (("pods", pods), ("slices", slices)):
        if reply is None or said(reply) != expected(row):
            return f"headns ({title}) says {m.response_text(reply and reply.response)}"
    case = reasons.Case(question, pods, slices, theirs, differential.Normal(world.answer(question)), world)
    left, _ = reasons.explain(case, ["silence"] if theirs is None else differential.aspects(pods, theirs))
    if left:
        return f"CoreDNS differs in {', '.join(left)} without a reason: {m.response_text(theirs and theirs.response)}"
    return None


def run(stage):
    """[(what, problem or None)], a row each."""
    made = table_world.world()
    stage.show(made)
    found = rows()
    assert len({row.id for row in found}) == len(found), "two rows of one id"
    asked = [row.question(tcp=True) for row in found]
    world = model.Model(made.objects.values())
    results = []
    for row, question, *data in zip(found, asked, *ask.ask(stage.servers, asked)):
        problem = check(row, question, [differential.normal(d) for d in data], world)
        results.append((row.id, problem and f"{row.name} {row.type} is not {row.answer}: {problem}"))
    return results
