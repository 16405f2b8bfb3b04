"""The two servers' answers to a case's questions: alike, different for a reason, or not."""

import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

import messages as m  # noqa: E402
import normal  # noqa: E402
import causes  # noqa: E402

SLACK_S = 1.2  # a TTL is in whole seconds, and so is each server's clock for it
SHOWN = 4  # records of an answer


class Outcome(NamedTuple):
    asked: int
    same: int
    problems: list
    reasons: list
    shown: list


def ttls(records):
    """By record; a SOA's serial is not compared."""
    return {(record[:3], record[4]): record[3] for record in map(normal.without_serial, records)}


def is_counted_down(ours, theirs, later):
    """Whether they are the same but for TTLs, which have been counted down for other times. later: how many seconds after theirs ours came."""
    for section in ("answer", "authority", "additional"):
        mine, other = ttls(getattr(ours.response, section)), ttls(getattr(theirs.response, section))
        if mine.keys() != other.keys() or any(abs(mine[key] - other[key] + later) > SLACK_S for key in mine if mine[key] != other[key]):
            return False
    return True


def aspects(ours, theirs, later):
    """In what they differ; ["silence"] where only one of them said anything."""
    if ours is None or theirs is None:
        return ["silence"] if ours is not theirs else []
    found = normal.aspects(ours, theirs)
    timed = {"answer", "soa-ttl", "soa", "additional"}
    return [aspect for aspect in found if aspect not in timed] if is_counted_down(ours, theirs, later) else found


def text_of(reply):
    lines = m.response_text(reply and reply.response).splitlines()
    return "\n      ".join(lines[: 1 + SHOWN] + ["…"] * (len(lines) > 1 + SHOWN))


def read(hexed):
    """A reply, or None."""
    return normal.normal(bytes.fromhex(hexed)) if hexed else None


def compare(case, theirs, ours, show):
    down = [f"{title}: {side['down']}" for title, side in (("CoreDNS", theirs), ("headns", ours)) if side["down"]]
    if down:
        return Outcome(0, 0, down, [], down)
    problems, because, shown, same, asked = [], [], [], 0, 0
    began = ours["replies"][0][1] - theirs["replies"][0][1]
    for step, (their_octets, their_time), (our_octets, our_time) in zip(case.steps, theirs["replies"], ours["replies"]):
        if step.verb != "ask":
            continue
        asked += 1
        mine, other = read(our_octets), read(their_octets)
        found = aspects(mine, other, our_time - their_time - began)
        left, why = causes.explain(step, mine, other, found)
        same += not found
        because += why
        text = f"  line {step.line}: {step.text}: {', '.join(found)}\n    headns:  {text_of(mine)}\n    CoreDNS: {text_of(other)}\n    because: {why}, left: {left}"
        if left:
            problems.append(f"{step.text}: {', '.join(left)}")
        if left or (show and found):
            shown.append(text)
    return Outcome(asked, same, problems, because, shown)
