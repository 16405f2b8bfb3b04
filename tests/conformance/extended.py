"""The model of more than the plain zones of a cluster."""

import messages as m
import model


class Model(model.Model):
    """Whose answers from its zones are made by another kind of Reply."""

    reply = model.Reply

    def answer(self, q):
        plain = super().answer(q)
        if not plain.flags & m.AA:  # it reaches no zone
            return plain
        reply = self.reply(self, q)
        reply.follow(q.name, 0)
        edns = plain.edns and plain.edns._replace(options=reply.why)
        return plain._replace(rcode=reply.rcode, answer=tuple(reply.answer), authority=tuple(reply.authority), additional=tuple(reply.additional), edns=edns)


class Falling(model.Model):
    """With `fallthrough`: there is nobody next, so it answers as without."""

    def __init__(self, fall, objects, settings):
        super().__init__(objects, settings)
        self.fall = fall  # zones; (): all


def covers(fall, name):
    """Whether a name, in lower case, is in these zones of a fallthrough; None: there is none."""
    return fall is not None and (not fall or any(is_in(name, m.name(zone)) for zone in fall))


def is_in(name, zone):
    labels, above = m.labels_of(name), m.labels_of(zone)
    return len(labels) >= len(above) and labels[len(labels) - len(above) :] == above
