"""What was seen, what differs, and docs/differential.md."""

import fnmatch
import pathlib
import re
from dataclasses import dataclass, field

VERDICTS = {
    "frontdoor": "The RFC is with frontdoor",
    "open": "The RFC leaves it open",
    "deviation": "frontdoor deviates, on purpose",
    "limit": "Limits",
}

INTRODUCTION = """# What front doors disagree about

The requests of the [conformance table](conformance.md) were sent to frontdoor, nginx and HAProxy, each in front of an
origin that records what arrives; only those in which the client alone speaks and no setting is changed. Two of them
*disagree* when their origins would act on different requests: more of them, others, or none. Which status a refusal
has does not count. Written by `scripts/acceptance differential`; the judgements are
`tests/differential/judgements.txt`.
"""


def _host(request):
    """Without its port and its case, which nginx's $host does not keep."""
    return re.sub(rb":\d*$", b"", request.field(b"host") or b"").lower()


@dataclass
class Seen:
    responses: list
    ended: bool
    requests: list  # as the origin read them

    def acted_on(self):
        """What must not differ. HAProxy says the client's version to the origin, the others 1.1."""
        return sorted((request.first_line().rpartition(b" HTTP/")[0], _host(request), request.body)
                      for request in self.requests if request.complete)

    def in_words(self):
        statuses = " ".join(str(response.status() or "no head") for response in self.responses)
        complete = sum(request.complete for request in self.requests)
        arrived = f"{complete} arrived" if complete else "a part arrived" if self.requests else ""
        return ", ".join(word for word in (statuses or "no answer", arrived) if word)


@dataclass
class Judgement:
    verdict: str
    text: str = ""
    patterns: list = field(default_factory=list)
    cases: list = field(default_factory=list)  # (case, {name of a front door: what it did, in words})


def _read(path):
    judgements = []
    for line in path.read_text().splitlines():
        if line.startswith("== "):
            judgements.append(Judgement(line[3:]))
        elif line and not line.startswith("#"):
            judgement = judgements[-1]
            if judgement.text:
                judgement.patterns.append(line)
            else:
                judgement.text = line
    return judgements


def _judge(judgements, name):
    """The judgement, its line, and whose answer varies."""
    for judgement in judgements:
        for line in judgement.patterns:
            who, _, pattern = line[1:].partition(" ") if line.startswith("~") else ("", "", line)
            if fnmatch.fnmatchcase(name, pattern):
                return judgement, line, who
    return None, None, None


def _tables(judgements, rivals):
    for verdict, title in VERDICTS.items():
        yield f"\n## {title}\n"
        for judgement in judgements:
            if judgement.verdict != verdict:
                continue
            yield judgement.text + "\n"
            yield "| case | " + " | ".join(rival.name for rival in rivals) + " |"
            yield "|---|" + "---|" * len(rivals)
            for case, seen in judgement.cases:
                words = " | ".join(seen[rival.name] for rival in rivals)
                yield f"| {case.family}: {case.name} | {words} |"
            yield ""


def _summary(judgements, rivals, cases, other_status):
    count = {verdict: sum(len(j.cases) for j in judgements if j.verdict == verdict) for verdict in VERDICTS}
    versions = ", ".join(f"{rival.name} {rival.version}" for rival in rivals if rival.version)
    yield f"{versions} as Debian ships them, with their own settings about messages.\n"
    yield "| | cases |\n|---|---|"
    yield f"| all three agree | {len(cases) - sum(count.values())} |"
    yield f"| … of these with different statuses | {other_status} |"
    for verdict, title in VERDICTS.items():
        yield f"| {title} | {count[verdict]} |"
    yield f"| together | {len(cases)} |"


def write(path: pathlib.Path, judgements_path, rivals, cases, results):
    """The exit status: 1 when judgements are missing or left over."""
    judgements = _read(judgements_path)
    used, missing, other_status = set(), [], 0
    for index, case in enumerate(cases):
        seen = {rival.name: results[rival.name][index] for rival in rivals}
        name = f"{case.family}: {case.name}"
        if all(one.acted_on() == seen["frontdoor"].acted_on() for one in seen.values()):
            statuses = {tuple(response.status() for response in one.responses) for one in seen.values()}
            other_status += len(statuses) > 1
            continue
        judgement, line, who = _judge(judgements, name)
        if not judgement:
            missing.append(name + "".join(f"\n    {who}: {one.in_words()}" for who, one in seen.items()))
            continue
        used.add(line)
        words = {rival: one.in_words() for rival, one in seen.items()} | ({who: "varies"} if who else {})
        judgement.cases.append((case, words))
    idle = [line for judgement in judgements for line in judgement.patterns if line not in used]
    for name in missing:
        print(f"no judgement for {name}")
    for line in idle:
        print(f"a judgement without a disagreement: {line}")
    if missing or idle:
        return 1
    lines = [INTRODUCTION, *_summary(judgements, rivals, cases, other_status), *_tables(judgements, rivals)]
    path.write_text("\n".join(lines).rstrip() + "\n")
    disagreements = sum(len(judgement.cases) for judgement in judgements)
    print(f"{len(cases)} requests through {len(rivals)} front doors, {disagreements} disagreements judged")
    return 0
