#!/usr/bin/env python3
"""Checks what no compiler checks: the arrows between the folders and between the rooms of one, that outcomes are documented, and g++ 12's trap
around co_await.

An arrow points at what may be included. The table below is ARCHITECTURE.md's; CMake's USES must agree with it. A room
is a folder in a folder, with arrows of its own; who may include the folder may include each of its rooms.

The trap: g++ 12 destroys some temporaries twice when they are part of an expression with co_await in it (use after
free). These are lambdas that capture, aggregates with a member that has a destructor, and ?: between objects. What
has a name before the expression is safe. A place that is safe for a reason one can not see here says so behind it:
// co_await: trivially destructible
"""

import pathlib
import re
import sys

ARROWS = {
    "base": [],
    "observe": ["base"],
    "loop": ["base"],
    "tls": ["loop"],
    "http": ["base"],
    "http2": ["http"],
    "config": ["base"],
    "balancer": ["config", "observe"],
    "proxy": ["proxy/server"],
    "proxy/server": ["proxy/h1", "proxy/h2", "proxy/h2_upstream"],
    "proxy/h2": ["proxy/exchange", "http2"],
    "proxy/h2_upstream": ["proxy/exchange", "http2"],
    "proxy/h1": ["proxy/exchange"],
    "proxy/exchange": ["proxy/access_log", "proxy/upstreams", "http", "tls"],
    "proxy/upstreams": ["balancer", "loop", "tls"],
    "proxy/access_log": ["balancer", "http"],
    "health": ["balancer", "http", "http2", "tls"],
    "discovery": ["balancer"],
    "supervisor": ["supervisor/triggers"],
    "supervisor/triggers": ["supervisor/instances"],
    "supervisor/instances": ["supervisor/output"],
    "supervisor/output": ["supervisor/launcher"],
    "supervisor/launcher": ["balancer"],
    "importer": ["config"],
    "admin": ["base", "observe"],
    "dashboard": ["admin"],
    "service": ["service/serving"],
    "service/serving": ["service/admin"],
    "service/admin": ["service/files", "service/orders", "health", "discovery", "dashboard"],
    "service/orders": ["proxy", "admin"],
    "service/files": ["service/process"],
    "service/process": ["proxy", "supervisor"],
    "cli": ["service", "importer"],
}

# Folders that consist of rooms.
WITH_ROOMS = {name.split("/")[0] for name in ARROWS if "/" in name}

# Types that are known to be trivially destructible, so that a temporary of them may stand beside a co_await.
TRIVIAL = {"Millis", "Duration", "TimePoint", "Endpoint"}


def reachable(folder):
    found = {folder}
    for next_folder in ARROWS[folder]:
        found |= reachable(next_folder)
    return found


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def without_comments_and_strings(text):
    """The same text with the same line breaks, but nothing in it that is not code. Quotes stay."""
    token = re.compile(
        r'R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
        re.DOTALL)
    return token.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


# --- arrows -----------------------------------------------------------------------------------------------------------


def check_cmake(root):
    for folder, arrows in ARROWS.items():
        text = (root / folder / "CMakeLists.txt").read_text()
        libraries = {name.replace("/", "_"): name for name in ARROWS}
        if folder in WITH_ROOMS:
            call = re.search(r"target_link_libraries\(\s*(\w+) INTERFACE\s+([^)]*)\)", text)
            uses = call.group(2) if call else ""
            if rooms := re.search(r"frontdoor_rooms\((\w+) (\w+) ", text):
                call, uses = rooms, f"{rooms.group(1)}_{rooms.group(2)}"
        else:
            call = re.search(r"frontdoor_library\(\s*(\w+)([^)]*)\)", text)
            found = re.search(r"USES\s+([^)]*?)(?:PRIVATE|PRECOMPILE|$)", call.group(2)) if call else None
            uses = found.group(1) if found else ""
        if not call or libraries.get(call.group(1)) != folder:
            yield f"{folder}/CMakeLists.txt: makes no library {folder.replace('/', '_')}"
        linked = [libraries[name] for name in uses.split() if name in libraries]
        if sorted(linked) != sorted(arrows):
            yield f"{folder}/CMakeLists.txt: USES {linked}, but the arrows are {arrows}"


def place_of(path):
    """The room or the folder that a file belongs to, or that an include names; None: it is none of ours."""
    parts = path.split("/")
    room = "/".join(parts[:2])
    return room if room in ARROWS else parts[0] if parts[0] in ARROWS else None


def check_includes(root):
    for top in ["", "tests/"]:
        for folder in (name for name in ARROWS if "/" not in name):
            for file in sorted((root / top / folder).rglob("*")):
                if file.suffix in (".h", ".cpp"):
                    yield from wrong_includes(str(file.relative_to(root)), file.read_text())


def wrong_includes(name, text):
    place = place_of(name.removeprefix("tests/"))
    if place in WITH_ROOMS and not name.startswith("tests/"):
        yield f"{name}:1: {place} consists of rooms, and this file is in none of them"
    allowed = reachable(place)
    for number, line in enumerate(text.splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+[<"]([^">]+/)', line)
        to = place_of(include.group(1) + "file") if include else None
        if to and to not in allowed:
            yield f"{name}:{number}: {place} may not include {to}"


def check_openings(root):
    for folder in ARROWS:
        for file in sorted((root / folder).glob("*.h")):
            if not file.read_text().startswith("//"):
                yield f"{file.relative_to(root)}:1: a header opens by saying what it is for"


def check_outcomes(root):
    """Operators look the words up, so each must be there, and once: two branches that change a row are merged by union."""
    documented = (root / "docs/outcomes.md").read_text()
    rows = re.findall(r"^\| `([^|]+)` \|", documented, re.M)
    for word in sorted({word for word in rows if rows.count(word) > 1}):
        yield f"docs/outcomes.md: two rows for {word}"
    for file in [root / "proxy/exchange/outcome.h", *sorted((root / "http").glob("*.cpp")), *sorted((root / "http").glob("*.h"))]:
        text = file.read_text()
        words = re.findall(r'inline constexpr std::string_view k\w+ = "(\w+)"', text)
        words += re.findall(r'\{\s*[45]\d\d, "(\w+)"', text)
        for word in words:
            if f"`{word}`" not in documented:
                yield f"{file.relative_to(root)}: outcome {word} is not in docs/outcomes.md"


# --- names in unity builds ---------------------------------------------------------------------------------------------

# A function, constant or type that begins in the first column. Aliases of one thing may meet.
DECLARED = re.compile(
    r"^(?=\S)(?:(?:struct|class|enum class|enum) (\w+)|"
    r"(?!return|using|namespace|template|struct|class|enum|else|case|public|private|#|\})[\w:<>,&*\[\] ]*?[\w>&*\]] [&*]?(\w+)(?:\(|\{| =|\[))", re.M)


def names_of_a_file(text):
    """What its anonymous namespaces declare."""
    text = without_comments_and_strings(re.sub(r"^\}  // namespace$", "}end", text, flags=re.M))
    for block in re.finditer(r"^namespace \{\n(.*?)^\}end$", text, re.M | re.S):
        for found in DECLARED.finditer(block.group(1)):
            name = found.group(1) or found.group(2)
            if name:
                yield name, line_of(text, block.start(1) + found.start())


def same_names(root, files):
    first = {}
    for file in files:
        for name, line in dict(names_of_a_file(file.read_text())).items():
            place = f"{file.relative_to(root)}:{line}"
            if first.setdefault(name, place) != place:
                yield f"{place}: {name} is a name in {first[name]} too, and both are compiled as one (FRONTDOOR_UNITY)"


def check_names(root):
    """Files that are compiled as one, those of each folder, must not give the same name to two things."""
    for folder in ARROWS:
        cmake = (root / folder / "CMakeLists.txt").read_text()
        skipped = re.findall(r"source_files_properties\((\S+) PROPERTIES SKIP_UNITY", cmake)
        yield from same_names(root, sorted(f for f in (root / folder).glob("*.cpp") if f.name not in skipped))
    tests = root / "tests"
    yield from same_names(root, sorted((tests / "support").glob("*.cpp")))
    cmake = (tests / "CMakeLists.txt").read_text()
    for folder, arguments in re.findall(r"^frontdoor_test\((\w+)([^)]*)\)", cmake, re.M):
        apart = arguments.partition(" APART ")[2].split()
        files = [*(tests / folder).glob("*.cpp"), *(tests / folder).glob("*/*.cpp")]
        yield from same_names(root, sorted(f for f in files if not any(f.match(glob) for glob in apart)))


# Inside namespace frontdoor `testing` may be ours: whether it is depends on what was included before, so on the build.
OF_GOOGLETEST = re.compile(r"(?<![\w:])testing::(?:Test|TempDir|Values|UnitTest|Message|_|Not|Pair|Each|Contains|AllOf|AnyOf|SizeIs|"
                           r"Optional|Field|IsEmpty|HasSubstr|StartsWith|EndsWith|MatchesRegex|\w*ElementsAre\w*|WithParamInterface)\b")


def check_googletest(root):
    for file in sorted((root / "tests").rglob("*.cpp")):
        text = without_comments_and_strings(file.read_text())
        for found in OF_GOOGLETEST.finditer(text):
            yield f"{file.relative_to(root)}:{line_of(text, found.start())}: write ::{found.group()}"


# --- co_await ---------------------------------------------------------------------------------------------------------


def skip_back(code, close):
    """The position of the bracket that the one at `close` closes, or 0."""
    pairs = {")": "(", "]": "[", "}": "{"}
    depth = 0
    for at in range(close, -1, -1):
        if code[at] in ")]}":
            depth += 1
        elif code[at] in "([{":
            depth -= 1
            if depth == 0:
                return at if pairs[code[close]] == code[at] else 0
    return 0


def expression_start(code, at):
    """Back to the ; { or } that ends what stands before. Initializers in braces are part of the expression."""
    at -= 1
    while at >= 0:
        if code[at] == "}":
            if not re.match(r"\}\s*[,).]", code[at:at + 200]):
                return at + 1
            at = skip_back(code, at)
        elif code[at] == ")":
            at = skip_back(code, at)
        elif code[at] in ";{":
            return at + 1
        at -= 1
    return 0


def expression_end(code, start):
    depth = 0
    for at in range(start, len(code)):
        char = code[at]
        if char == "{" and depth == 0 and re.search(r"\)\s*$", code[start:at]):
            return at  # the body of if, while, for
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return at
        elif char == ";" and depth == 0:
            return at
    return len(code)


def hazards(expression):
    for match in re.finditer(r"\[\s*([^\]\s][^\]]*)\]\s*(?=[({<]|mutable|noexcept|->)", expression):
        before = expression[:match.start()].rstrip()
        if re.search(r"\bauto\s*&{0,2}$", before):
            continue  # a structured binding
        if re.search(r"[\w)\]]$", before) and not re.search(r"\b(return|co_await|co_return)$", before):
            continue  # an index
        yield match.start(), "a lambda that captures"
    for match in re.finditer(r"[(,]\s*\{\s*[^\s}]", expression):
        yield match.start(), "an aggregate in braces"
    for match in re.finditer(r"\b((?:\w+::)*[A-Z]\w*)\s*\{\s*[^\s}]", expression):
        if match.group(1).split("::")[-1] not in TRIVIAL:
            yield match.start(), f"a temporary {match.group(1)}{{…}}"
    for match in re.finditer(r"\?", expression):
        yield match.start(), "a ?: "


def await_hazards(text):
    code = without_comments_and_strings(text)
    lines = text.splitlines()
    found = set()
    for match in re.finditer(r"\bco_await\b", code):
        start = expression_start(code, match.start())
        end = expression_end(code, start)
        for offset, what in hazards(code[start:end]):
            first, last = line_of(code, start + offset), line_of(code, end)
            if any("co_await: trivially destructible" in line for line in lines[first - 1:last]):
                continue
            found.add((first, what.strip()))
    return sorted(found)


def check_awaits(root):
    for folder in [*ARROWS, "tests", "bench"]:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".h", ".cpp"):
                for line, what in await_hazards(file.read_text()):
                    yield f"{file.relative_to(root)}:{line}: {what} in an expression with co_await: name it first"


# The search must find what it is for, or it is worth nothing.
CAUGHT = [
    "co_await f([this] { return 1; });",
    "co_await f(\n    [&x](int y) {\n return y; });",
    "auto r =\n  co_await connect(\n  {.address = a, .timeout = t});",
    "co_return co_await f({a, b});",
    "co_await f(Options{a, b});",
    "if (co_await f(config::Options{a})) { g(); }",
    "co_await f(ready ? first : second);",
    "use(Options{name}, co_await g());",
    "x = co_await f(y,\n   {  // why\n .a = b});",
]
LET_PASS = [
    "auto [error, size] = co_await read(buffer, quietly);",
    "const auto& [a, b] = co_await f();",
    "co_await f(table[i], [] { return 1; });",
    "Options o{a, b}; co_await f(o);",
    "if (co_await f()) { g({.a = b}); }",
    "while (co_await f()) { g([x] { return x; }); }",
    "spawn(io, [this]() -> Task<void> { co_await f(); });",
    "co_await until(now + Millis{5});",
    "for (;;) { co_await f(); }",
    "// co_await f({.a = b});",
    'co_await f("really?", \'?\');',
    "co_await f({a, b});  // co_await: trivially destructible",
    "co_await f({}); co_await g(Options{});",
]


# A file, what it includes, and whether it may.
INCLUDES = [
    ("proxy/exchange/exchange.h", "proxy/upstreams/local_snapshot.h", True),
    ("proxy/exchange/exchange.h", "http/head.h", True),
    ("proxy/exchange/exchange.cpp", "proxy/h1/h1_session.h", False),
    ("proxy/upstreams/local_snapshot.cpp", "proxy/exchange/exchange.h", False),
    ("proxy/access_log/access_log.cpp", "loop/event_loop.h", False),
    ("proxy/access_log/access_log.cpp", "proxy/upstreams/drain.h", False),
    ("proxy/server/worker.cpp", "proxy/access_log/access_log.h", True),
    ("proxy/stray.cpp", "proxy/server/worker.h", False),
    ("tests/proxy/exchange/replay_test.cpp", "proxy/h1/h1_session.h", False),
    ("tests/proxy/room_test.cpp", "proxy/h1/h1_session.h", True),
    ("health/monitor.cpp", "proxy/exchange/stream.h", False),
    ("service/serving/service.cpp", "proxy/exchange/stream.h", True),
    ("service/serving/service.cpp", "cli/hints.h", False),
    ("supervisor/launcher/launcher.cpp", "supervisor/instances/instance.h", False),
    ("base/log.cpp", "sys/epoll.h", True),
]


def check_self():
    for name, included, allowed in INCLUDES:
        if allowed == any(True for _ in wrong_includes(name, f'#include "{included}"')):
            yield f"self-test: {name} includes {included}"
    file = 'namespace {\n\nconstexpr auto a = 1;\nstd::string b(int x) {\n  return c(x);\n}\nstruct D {\n  int e;\n};\n}  // namespace\nint f() {}\n'
    if [name for name, _ in names_of_a_file(file)] != ["a", "b", "D"]:
        yield f"self-test: names found: {list(names_of_a_file(file))}"
    for sample in CAUGHT:
        if not await_hazards(sample):
            yield f"self-test: not caught: {sample!r}"
    for sample in LET_PASS:
        if await_hazards(sample):
            yield f"self-test: wrongly caught: {sample!r} {await_hazards(sample)}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1])
    problems = [*check_self(), *check_cmake(root), *check_includes(root), *check_openings(root),
                *check_outcomes(root), *check_names(root), *check_googletest(root), *check_awaits(root)]
    print("\n".join(problems) if problems else "architecture: arrows and co_await expressions are as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
