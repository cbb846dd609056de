#!/usr/bin/env python3
"""Every text that frontdoor says about a config or a command line stands in a golden test. Messages are put together
of literals, so this looks for each literal that has words in it among the texts that the tests expect; a message
without a test, or one whose wording changed in one place only, is named with its line. Each error of the event log has its
advice in docs/troubleshooting.md, and so have the warnings that wake people. Usage: messages_test.py ROOT"""

import pathlib
import re
import sys

SAID = ["base/address.cpp", "config/*.cpp", "cli/*arguments.cpp", "cli/command_words.cpp", "cli/quick_config.cpp", "cli/program.cpp", "base/read_file.cpp",
        "cli/import_apps.cpp", "cli/run_js_config.cpp", "importer/*.cpp"]
NOT_SAID = ["config/schema*.cpp", "config/reference.cpp", "importer/ecosystem_keys.cpp"]  # documentation, with tests of its own
EXPECTED = ["tests/config/*.cpp", "tests/base/*.cpp", "tests/cli/*.cpp", "tests/cli/*.py", "tests/service/*/*.cpp", "tests/importer/*.cpp",
            "tests/e2e/import_test.py"]

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|\'(?:\\.|[^\'\\\n])\'|R"\((?P<raw>.*?)\)"|"(?P<text>(?:\\.|[^"\\\n])*)"', re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def unescaped(text):
    text = re.sub(r"\\x([0-9A-Fa-f]{2})", lambda m: chr(int(m.group(1), 16)), text)
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(1)), text)


def literals(text):
    """(line, text) of each string; what the compiler joins is joined."""
    end, found = None, []
    for match in TOKEN.finditer(text):
        if match.group("raw") is None and match.group("text") is None:
            continue
        value = match.group("raw") if match.group("raw") is not None else unescaped(match.group("text"))
        if end is not None and not text[end:match.start()].strip():
            found[-1] = (found[-1][0], found[-1][1] + value)
        elif not text[text.rfind("\n", 0, match.start()) + 1:match.start()].lstrip().startswith("#"):
            found.append((text.count("\n", 0, match.start()) + 1, value))
        else:
            continue
        end = match.end()
    return found


# toml++'s opening words, which we cut off.
NOT_OURS = {"Error while "}


def is_message(text):
    """Messages are one line; what has more is a config of ours."""
    return text not in NOT_OURS and "\n" not in text and len(re.findall(r"[A-Za-z]{2,}", text)) >= 2 and " " in text.strip()


def files(root, patterns):
    return sorted({file for pattern in patterns for file in root.glob(pattern)})


def untested(said, expected):
    return [(line, text) for line, text in literals(said) if is_message(text) and text not in expected]


# Errors whose text is put together (`restart failed`) or passed on stand there as they are seen.
LOGGED = re.compile(r"\b(?:log_?|events_)(?:\.|->)error\(|LogLevel::Error,")
PARTS = {" failed": "restart failed"}
WARNED = ["max_connections reached: idle connections are closed to make room",
          "max_connections reached: every connection is at work, clients wait",
          "open files used up (ulimit -n): idle connections are closed to make room",
          "open files used up (ulimit -n): every connection is at work, clients wait",
          "requests came back to this front door: an upstream leads to one of its own listeners",
          "instance did not stop in time and is killed", "instance hangs and is replaced", "processes are left that do not die"]


def errors_logged(text):
    """(line, text) of each error: the literals that stand before its fields."""
    for match in LOGGED.finditer(text):
        event = re.split(r"[{;]", text[match.end():], maxsplit=1)[0]
        for _, said in literals(event):
            if len(re.findall(r"[A-Za-z]{2,}", said)) >= 1:
                yield text.count("\n", 0, match.start()) + 1, PARTS.get(said, said)


def without_advice(root):
    """The text stands in a cell of its own, whole or before a comma: a part of another one would be found by nobody."""
    pages = (root / "docs/troubleshooting.md").read_text()
    seen = 0
    code = [file for file in files(root, ["*/**/*.cpp", "*/**/*.h"]) if file.relative_to(root).parts[0] not in {"tests", "bench", "build"}]
    every = "\0".join(file.read_text() for file in code)
    for file in code:
        for line, text in errors_logged(file.read_text()):
            seen += 1
            if f"`{text}`" not in pages:
                yield f"{file.relative_to(root)}:{line}: docs/troubleshooting.md has no advice for {text!r}"
    if seen < 40:
        yield f"only {seen} errors were found in the code: this test looks for the wrong thing"
    for text in WARNED:
        if f"`{text}`" not in pages or f'"{text}"' not in every:
            yield f"docs/troubleshooting.md, or the code, does not have {text!r}"


def check_self():
    logged = 'log_.error("it has gone", {{"reason", why}}); log.warn("x y"); tell(LogLevel::Error, "files lost", path);'
    if [text for _, text in errors_logged(logged)] != ["it has gone", "files lost"]:
        yield f"self-test: {list(errors_logged(logged))}"
    said = 'fail("the port " + n + " is out of range", "is " "joined", key);  // "a comment is not said"'
    if untested(said, "the port 7 is out of range") != [(1, "is joined")]:
        yield f"self-test: {untested(said, 'the port 7 is out of range')}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    expected = "\0".join(text for file in files(root, EXPECTED) for _, text in literals(file.read_text()))
    problems = list(check_self())
    for file in files(root, SAID):
        if file in files(root, NOT_SAID):
            continue
        for line, text in untested(file.read_text(), expected):
            problems.append(f"{file.relative_to(root)}:{line}: no test expects {text!r}")
    problems += without_advice(root)
    print("\n".join(problems) if problems else "messages: a golden test expects each of them")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
