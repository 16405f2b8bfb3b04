"""A command on a terminal, to be typed at."""

import os
import pty
import re
import select
import subprocess
import time

from controlplane import PATIENCE_S

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    def __init__(self, command):
        self.end, end = pty.openpty()
        self.process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, start_new_session=True)
        os.close(end)
        self.text = ""

    def type(self, line):
        os.write(self.end, line.encode() + b"\n")

    def read_until(self, pattern, nudge_s=None):
        """What came before it; the rest stays. nudge_s: after so many seconds of silence Enter is pressed."""
        end = time.monotonic() + PATIENCE_S
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < end, f"no {pattern!r} in {self.text!r}"
            ready, _, _ = select.select([self.end], [], [], nudge_s or 1)
            if ready:
                self._read(pattern)
            elif nudge_s:
                self.type("")
        before, self.text = self.text[: found.start()], self.text[found.end() :]
        return before

    def _read(self, pattern):
        try:
            octets = os.read(self.end, 65536)
        except OSError:  # the other end is closed
            raise AssertionError(f"it ended without {pattern!r}: {self.text!r}") from None
        self.text += ESCAPES.sub("", octets.decode(errors="replace")).replace("\r", "")

    def close(self):
        """The exit status."""
        try:
            while os.read(self.end, 65536):
                pass
        except OSError:
            pass
        status = self.process.wait(PATIENCE_S)
        os.close(self.end)
        return status

    def abandon(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
