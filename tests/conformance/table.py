"""The conformance table (cases/*.txt) for Python: what the differential runner and the fuzzers' seeds need of it. The
form is described in docs/conformance.md; tests/conformance/case_file.cpp reads all of it and is the strict one.
"""

import pathlib
import re
from dataclasses import dataclass, field

CASES = pathlib.Path(__file__).resolve().parent / "cases"


@dataclass
class Case:
    family: str
    name: str
    rule: str = ""
    config: str = ""
    client: str = ""  # the words behind "client": statuses and how it ends
    upstream: str = ""
    steps: list = field(default_factory=list)  # (kind, bytes): "client", "upstream", or an event's word

    def sent_by_client(self):
        return b"".join(data for kind, data in self.steps if kind == "client")

    def only_client_speaks(self):
        return all(kind == "client" for kind, _ in self.steps)


_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|\{(.*?)\*(\d+)\}|(.))", re.DOTALL)
_LETTERS = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"s": b" "}


def unescape(text):
    def meaning(match):
        byte, unit, times, letter = match.groups()
        if byte is not None:
            return bytes([int(byte, 16)])
        if unit is not None:
            return unescape(unit) * int(times)
        return _LETTERS.get(letter, letter)

    return _ESCAPE.sub(meaning, text)


def _bytes_of(line):
    exact = line.startswith("|")
    text = unescape(line[1 if exact else 0:].removeprefix(" ").encode())
    return text if exact else text + b"\r\n"


def _read(path):
    case, joins = None, False
    for line in path.read_text().splitlines():
        if line.startswith("== "):
            case, joins = Case(path.stem, line[3:]), False
            yield case
        elif not line or line.startswith("#"):
            joins = False
        elif not case.rule:
            case.rule = line
        elif line[0] in "<>":
            kind, data = "client" if line[0] == ">" else "upstream", _bytes_of(line[1:])
            if joins and case.steps[-1][0] == kind:
                data = case.steps.pop()[1] + data
            case.steps.append((kind, data))
            joins = True
        else:
            word, _, rest = line.partition(" ")
            if word in ("client", "upstream"):
                setattr(case, word, rest)
            elif word == "config":
                case.config += unescape(rest.encode()).decode() + "\n"
            elif word in ("client-ends", "upstream-ends", "upstream-resets", "time"):
                case.steps.append((word, rest.encode()))
            joins = False


def load():
    return [case for path in sorted(CASES.glob("*.txt")) for case in _read(path)]
