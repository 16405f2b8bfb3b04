"""The option `max_answers`, which is headns's own: an answer has so many records of a set at most, and is whole for all that."""

import messages as m
import model
import questions


class Asker(questions.Asker):
    def question(self):
        """By TCP, where nothing is cut for another reason."""
        asked = super().question()
        return asked._replace(tcp=asked.type not in (m.AXFR, m.IXFR))


class Model(model.Model):
    def __init__(self, most, objects, settings):
        super().__init__(objects, settings)
        self.most = most

    def is_part(self, ours, whole):
        """Whether ours is as many of the records as it may have, with what belongs to them."""
        records, all_records = ours.answer[1], whole.answer[1]
        targets = {record[4][3] for record in records if record[1] == m.SRV}
        glue = frozenset(record for record in whole.additional if record[0] in targets)
        rest = ("flags", "rcode", "question", "authority", "edns")
        return (
            records < all_records
            and len(records) == self.most
            and ours.answer[0] == whole.answer[0]
            and ours.additional == glue
            and all(getattr(ours, part) == getattr(whole, part) for part in rest)
        )
