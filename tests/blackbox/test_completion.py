"""The command line completed by real shells, at a terminal, by the scripts as they are installed."""

import os
import pty
import re
import select
import signal
import subprocess
from pathlib import Path

import pytest

import harness
from harness import run_headns

SETTINGS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "PS1='$ '; bind 'set enable-bracketed-paste off'; bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; "
        "bind 'set completion-query-items 0'; source {script}",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='$ '; unsetopt prompt_sp list_beep; bindkey -e; LISTMAX=10000; zstyle ':completion:*' insert-tab false; "
        "fpath=({folder} $fpath); autoload -U compinit; compinit -u -D",
    ),
}
SCRIPTS = {"bash": "headns.bash", "zsh": "_headns"}
TO_START, TO_END, END_OF_INPUT = "\x01", "\x05", "\x04"


class Shell:
    """An interactive shell. What it makes of a line and TAB is seen by having it print the line."""

    def __init__(self, shell, folder):
        self.name = shell
        command, settings = SETTINGS[shell]
        env = {"PATH": f"{Path(harness.HEADNS).parent}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, env)
        self.said = ""
        script = folder / SCRIPTS[shell]
        script.write_text(run_headns("completion", shell).stdout)
        self.send("stty cols 500\n" + settings.format(script=script, folder=folder) + "\n")
        self.send("echo BE''GIN\n")
        self.wait(r"^BEGIN\r?$")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, pattern):
        regex = re.compile(pattern, re.MULTILINE)
        deadline = harness.Deadline()
        while not (found := regex.search(self.said)):
            deadline.check(f"no {pattern!r} in {self.said!r}")
            if select.select([self.terminal], [], [], 1)[0]:
                self.said += os.read(self.terminal, 65536).decode(errors="replace")
        before, self.said = self.said[: found.start()], self.said[found.end() :]
        return found, before

    def complete(self, line):
        """The line as TAB leaves it, and all that was shown meanwhile."""
        self.send(f"{line}\t{TO_START}echo '<{TO_END}>'\n")
        found, shown = self.wait(r"^<(.*)>\r?$")
        return found.group(1), shown

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(request, tmp_path_factory):
    if subprocess.run(["which", request.param], capture_output=True).returncode:
        if os.environ.get("CI"):
            pytest.fail(f"{request.param} is not installed")
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "web pages.yaml").touch()
    (folder / "plain.yaml").touch()
    (folder / "logs").mkdir()
    started = Shell(request.param, folder)
    yield started
    started.close()


@pytest.mark.parametrize(
    "line, completed",
    [
        ("headns ser", "headns serve "),
        ("headns du", "headns dump "),
        ("headns che", "headns check "),
        ("headns check pla", "headns check plain.yaml "),
        ("headns check --rec", "headns check --recursive "),
        ("headns help com", "headns help completion "),
        ("headns completion b", "headns completion bash "),
        ("headns serve --ready-", "headns serve --ready-file"),
        ("headns serve --no-r", "headns serve --no-rotate "),
        ("headns serve --log-level deb", "headns serve --log-level debug "),
        ("headns serve --log-level=deb", "headns serve --log-level=debug "),
        ("headns dump --lenient --log-level wa", "headns dump --lenient --log-level warning "),
        ("headns serve --set kubernetes.pods=ver", "headns serve --set kubernetes.pods=verified "),
        ("headns serve --set kubernetes.negative_t", "headns serve --set kubernetes.negative_ttl="),
        ("headns serve --set kubernetes.svc", "headns serve --set kubernetes.svcb "),
        ("headns serve pla", "headns serve plain.yaml "),
        ("headns serve --lenient pla", "headns serve --lenient plain.yaml "),
        ("headns serve web", r"headns serve web\ pages.yaml "),
        ("headns serve lo", "headns serve logs/"),
        ("headns dump --conf pla", "headns dump --conf plain.yaml "),
        ("headns dump --kubeconfig pla", "headns dump --kubeconfig plain.yaml "),
        ("headns --conf pla", "headns --conf plain.yaml "),
        ("headns --conf plain.yaml --dns", "headns --conf plain.yaml --dns.port"),
        ("headns run plain.yaml -- mkfi", "headns run plain.yaml -- mkfifo "),
        ("headns run plain.yaml -- cat pla", "headns run plain.yaml -- cat plain.yaml "),
        ("headns run --po", "headns run --pod"),
        # nothing is offered where anything may stand, nor what the command does not take
        ("headns serve --ttl pla", "headns serve --ttl pla"),
        ("headns dump --lis", "headns dump --lis"),
        ("headns frobnicate --lis", "headns frobnicate --lis"),
    ],
)
def test_a_line(shell, line, completed):
    got, _ = shell.complete(line)
    if not completed.endswith((" ", "=", "/")):
        got = got.rstrip(" =")  # zsh puts a = behind an option that takes an argument, bash a blank
    assert got == (completed.rstrip(" /") if shell.name == "zsh" else completed)  # zsh takes these back as the cursor moves


@pytest.mark.parametrize("command", ["serve", "run", "dump", "check"])
def test_every_option_is_offered(shell, command):
    told = set(re.findall(r"^  (--[a-z][a-z.-]+)", run_headns("help", command).stdout, re.MULTILINE))
    _, shown = shell.complete(f"headns {command} --")
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z.-]*[a-z]", shown))
    assert told <= offered and len(told) >= 10


def test_every_setting_is_offered(shell):
    said = run_headns("serve", "--set", "kubernetes.nothing=1", "x").stderr
    known = set(re.search(r"it has: ([\w, ]+)", said).group(1).split(", "))
    _, shown = shell.complete("headns serve --set kubernetes.")
    assert known <= set(re.findall(r"kubernetes\.(\w+)", shown)) and "ttl" in known


@pytest.mark.parametrize("name", SCRIPTS.values())
def test_what_is_installed_is_what_is_printed(name):
    built = Path(harness.HEADNS).parent / name
    if not built.exists():
        pytest.skip("the headns that is tested was not built here")
    assert built.read_text() == run_headns("completion", {v: k for k, v in SCRIPTS.items()}[name]).stdout


@pytest.mark.parametrize("arguments", [[], ["fish"], ["bash", "zsh"]])
def test_other_shells(arguments):
    done = run_headns("completion", *arguments)
    assert done.returncode == 2 and "completion: bash or zsh is wanted" in done.stderr and done.stdout == ""
