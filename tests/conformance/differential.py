"""The same questions to CoreDNS and to headns in both modes, about worlds that stand still. headns must say what the model says, to the
letter; what CoreDNS says otherwise must have a documented reason."""

import collections
import time

import ask
import messages as m
import questions
import reasons
from normal import Normal, aspects, normal


SIZE_MAX = 1232  # of headns's datagrams
SHOWN = 3  # of each kind of complaint


class Tally:
    """What came out, over all worlds."""

    def __init__(self):
        self.worlds = self.questions = self.changes = self.same = self.cut = self.unexplained = 0  # changes: of moving worlds
        self.reasons, self.kinds = collections.Counter(), collections.Counter()
        self.shown = []
        self.failed = set()  # seeds
        self.seconds = 0.0  # of asking

    def complain(self, seed, number, question, what, *responses, notes=""):
        self.unexplained += 1
        self.failed.add(seed)
        self.kinds[what] += 1
        if self.kinds[what] <= SHOWN:
            text = "\n".join(f"  {title}: {m.response_text(r and r.response)}" for title, r in responses)
            self.shown.append(f"{what}: --seed {seed} question {number}: {question}\n{text}\n{notes}".rstrip())


def is_right(case, reply):
    """Whether it is what the model says, or as much of that as an answer may have."""
    return case.world.is_part(reply, case.model) if case.is_bounded else reply == case.model


def modes_agree(case):
    """Whether both sources of endpoints answer alike, but for why a name is absent; where only a part is answered, it may be another."""
    if case.is_bounded:
        return is_right(case, case.slices)
    return not set(aspects(case.pods, case.slices)) - {"soa-ttl", "edns-options"}


def compare(tally, seed, number, case, compat):
    """One question's answers against the model, each other and CoreDNS."""
    ours = case.pods
    if ours is None or case.slices is None:
        return tally.complain(seed, number, case.question, "silence", ("pods", ours), ("slices", case.slices))
    if not compat and not is_right(case, ours):
        return tally.complain(seed, number, case.question, "not as the model", ("pods", ours), ("model", case.model))
    if not modes_agree(case):
        return tally.complain(seed, number, case.question, "the modes differ", ("pods", ours), ("slices", case.slices))
    found = ["silence"] if case.theirs is None else aspects(ours, case.theirs)
    if not found:
        tally.same += 1
        return None
    left, because = reasons.explain(case, found, compat)
    if left:
        return tally.complain(seed, number, case.question, f"unexplained {', '.join(left)}", ("headns", ours), ("CoreDNS", case.theirs))
    tally.reasons.update(because)
    return None


def lacks_records(reply, whole):
    return bool(reply.flags & m.TC) or reply.additional < whole.additional


def lacks_option(reply, whole):
    return bool(whole.edns and whole.edns.options and not reply.edns.options)


def octets_allowed(question):
    size = question.edns.size if question.edns else 0
    return min(max(size, 512), SIZE_MAX)


def is_cut_rightly(question, ours, whole):
    """A cut reply has part of the whole answer, and TC where that part is not all. The extended error is left out only for want of room."""
    records = {*ours.answer[0], *ours.answer[1], *ours.authority}
    all_records = {*whole.answer[0], *whole.answer[1], *whole.authority}
    truncated = bool(ours.flags & m.TC)
    room = octets_allowed(question) - ours.octets
    return (
        records <= all_records
        and ours.additional <= whole.additional
        and (records != all_records) == truncated
        and ours.rcode == (m.NOERROR if truncated else whole.rcode)
        and room >= 0
        and (truncated or not lacks_option(ours, whole) or room < len(whole.edns.options))
    )


def run_world(stage, tally, seed, count):
    profile = stage.profile
    world = profile.maker(seed).make()
    stage.show(world)
    asked = questions.questions(seed, world, count, profile.settings.zones, profile.asker)
    expected = profile.model(world.objects.values(), profile.settings)
    run_questions(stage, tally, f"{profile.name}/{seed}", list(enumerate(asked)), expected)
    tally.worlds += 1
    tally.questions += count


def run_questions(stage, tally, seed, numbered, expected):
    """Asks and compares. What did not fit into a datagram is asked again over TCP."""
    again = []
    began = time.monotonic()
    replies = ask.ask(stage.servers, [q for _, q in numbered])
    tally.seconds += time.monotonic() - began
    for (number, question), *data in zip(numbered, *replies):
        theirs, pods, slices = map(normal, data)
        whole = Normal(expected.answer(question))
        if not question.tcp and is_cut(tally, seed, number, question, (theirs, pods, slices), whole, stage.profile.compat):
            again.append((number, question._replace(tcp=True)))
        else:
            compare(tally, seed, number, reasons.Case(question, pods, slices, theirs, whole, expected), stage.profile.compat)
    if again:
        tally.cut += len(again)
        run_questions(stage, tally, seed, again, expected)


def is_cut(tally, seed, number, question, replies, whole, compat):
    """Whether one of the replies lacks what there was no room for."""
    theirs, *ours = replies
    if compat:
        return any(r and r.flags & m.TC for r in replies) or (theirs and ours[0] and theirs.additional != ours[0].additional)
    cut = [r for r in ours if r and (lacks_records(r, whole) or lacks_option(r, whole))]
    for reply in cut:
        if not is_cut_rightly(question, reply, whole):
            tally.complain(seed, number, question, "cut wrongly", ("headns", reply), ("model", whole))
    return cut or (theirs and lacks_records(theirs, whole))
