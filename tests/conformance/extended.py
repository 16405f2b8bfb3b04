"""The model of more zones than the cluster's own."""

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
