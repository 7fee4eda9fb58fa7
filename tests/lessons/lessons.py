#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lessons: the course has no fault, its solutions solve it, a learner gets through it.

What a solution is, is taken from the lesson itself: a step's `solution` block, or for a quiz the
choice marked `*`. So a changed lesson needs no changed test.
"""
import os
import re
import sys
import time
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import ROOT, Lab, Skip, check, expect, run_suite  # noqa: E402

COURSE = os.path.join(ROOT, "lessons", "course")
LESSON = "01-two-walls"
HAS_KVM = os.access("/dev/kvm", os.R_OK | os.W_OK)


def need_kvm():
    if not HAS_KVM:
        raise Skip("no /dev/kvm")


def read_steps():
    """The lesson's steps: each a list of (verb, keys, body)."""
    with open(os.path.join(COURSE, LESSON, "lesson.md"), encoding="utf-8") as file:
        text = file.read()
    steps = []
    for step in re.split(r"(?m)^## ", text)[1:]:
        fences = re.findall(r"(?ms)^```(\w+)([^\n]*)\n(.*?)^```", step)
        steps.append([(verb, dict(re.findall(r"(\w+)=(\S+)", keys)), body)
                      for verb, keys, body in fences])
    return steps


def right_choice(body):
    """The number of the choice marked `*`."""
    marks = [line[0] for line in body.splitlines() if line[:2] in ("* ", "- ")]
    return str(marks.index("*") + 1)


GUESSES = {"time": "120ms", "size": "512M", "number": "3", "yesno": "yes", "choice": "1"}


def moves(steps):
    """What a learner types, line by line, to get through: (line, may be run by the shell)."""
    for step in steps:
        for verb, keys, body in step:
            if verb == "predict":
                yield f"lesson answer {GUESSES[keys['ask']]}"
            elif verb == "quiz":
                yield f"lesson answer {right_choice(body)}"
            elif verb == "check":
                for solution in [body for kind, _, body in step if kind == "solution"]:
                    yield from solution.splitlines()
                yield "lesson check"
        yield "lesson next"


def test_list_and_show(lab):
    """lessons are listed and shown without a lab, in the language that was asked for"""
    expect(lab.isolab("lesson", "list"), out=LESSON)
    expect(lab.isolab("lesson", "show", LESSON), out="lesson start " + LESSON)
    lab.environment["LANGUAGE"] = "ja"
    expect(lab.isolab("lesson", "list"), out="未着手")
    expect(lab.isolab("lesson", "show", LESSON), out="コンテナ")
    expect(lab.isolab("lesson", "--lang", "en", "list"), out="new")
    expect(lab.isolab("lesson", "list"), out="new")


def test_mistakes(lab):
    """a learner's slips get a line and a hint"""
    expect(lab.isolab("lesson", "chek"), 2, err="did you mean 'lesson check'")
    expect(lab.isolab("lesson", "start", "walls"), 1, err="did you mean '" + LESSON)
    expect(lab.isolab("lesson", "start"), 2, err="hint: ")
    expect(lab.isolab("lesson", "check"), 1, err="no lesson is open")
    expect(lab.isolab("lesson", "play"), 2, err="not in this version")
    expect(lab.isolab("lesson", "list", "--course", "/nowhere"), 125, err="hint: .*--course")
    expect(lab.isolab("lesson", "start", "01"))
    expect(lab.isolab("lesson", "answer", "soon"), 1, out="not an answer")
    expect(lab.isolab("lesson", "check"), 1, out="guess first")
    expect(lab.isolab("lesson", "next"), 1, out="guess first")


def test_lint(lab):
    """the course has no fault, and its translation is whole and made of this text"""
    result = expect(lab.isolab("lesson", "lint"), out="0 errors, 0 warnings")
    check("(100 %)" in result.out, result)


def test_lint_run(lab):
    """before its solution every check fails, after it passes, the cleanup leaves nothing"""
    need_kvm()
    result = expect(lab.isolab("lesson", "lint", "--run"), out="0 errors, 0 warnings")
    check(result.out.count(" played") >= 5, result)


FAULTY = """---
title: Faulty
level: beginner
minutes: 5
---
## One {#one}

```check
process.count >= 0 : "none"
```

```hint
create process left
```

```solution
create process left
```

## Two {#two}

```check
process.state is paused : "not paused"
```

```hint
nothing
```

```solution
ps
```
"""


def write_lesson(lab, text):
    folder = os.path.join(lab.scratch, "course", "01-faulty")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lesson.md"), "w", encoding="utf-8") as file:
        file.write(text)
    return os.path.join(lab.scratch, "course")


def test_lint_finds_faults_of_form(lab):
    """lint names file and line of a spoiling hint, an unknown verb, a broken predicate"""
    course = write_lesson(lab, FAULTY)
    expect(lab.isolab("lesson", "lint", "--course", course), 1,
           out=r"01-faulty/lesson.md:12: .*solution")
    write_lesson(lab, FAULTY.replace("```hint", "```hnt", 1))
    expect(lab.isolab("lesson", "lint", "--course", course), 1, out=r"md:12: .*'hint'")
    write_lesson(lab, FAULTY.replace("is paused", "is asleep"))
    expect(lab.isolab("lesson", "lint", "--course", course), 1, out=r"md:23: .*asleep")


def test_lint_finds_faults_of_play(lab):
    """lint --run tells checks that pass anyway, commands that fail, a cleanup that leaves"""
    course = write_lesson(lab, FAULTY.replace("create process left\n```\n\n```sol",
                                              "nudge\n```\n\n```run\nbanana\n```\n\n```sol"))
    result = lab.isolab("lesson", "lint", "--run", "--course", course)
    expect(result, 1, out="md:8: a check passes before")
    expect(result, 1, out="md:16: a command of 'run' fails")
    expect(result, 1, out="md:26: the solution does not pass: not paused")
    expect(result, 1, out="leaves 'left'")


def play(lab, lines, run):
    """Plays all moves; checks that guesses come back beside what was measured."""
    told = run(["lesson start " + LESSON] + list(lines))
    for line, text in told:
        if line == "lesson check":
            check(re.search("Checked|確認結果", text), line, text)
    whole = "\n".join(text for _, text in told)
    check(re.search(r"guess 120 ms / measured|予想 120 ms／実測", whole), whole)
    check(whole.count("10倍くらい遅い／実測") + len(re.findall(
        r"guess about ten times slower / measured about", whole)) == 2, "step, summary", whole)
    check(re.search("You have finished|修了", told[-1][1]), told[-1][1])


def by_command_line(lab):
    def run(lines):
        return [(line, expect(lab.isolab(*line.split())).out) for line in lines]
    return run


def test_played_by_command_line(lab):
    """a learner gets through the lesson by the command line, and nothing is left"""
    need_kvm()
    play(lab, moves(read_steps()), by_command_line(lab))
    check(lab.isolab("ps", "--json").json() == [], "sandboxes are left")
    expect(lab.isolab("lesson", "list"), out="done")


def test_played_in_japanese(lab):
    """the lesson can be played in Japanese, answers in full-width characters"""
    need_kvm()
    lab.environment["LANGUAGE"] = "ja"
    lines = (line.replace("answer 120ms", "answer １２０ｍｓ").replace("answer yes", "answer はい")
             for line in moves(read_steps()))
    play(lab, lines, by_command_line(lab))


def test_played_in_the_plain_shell(lab):
    """the lesson can be played at the plain prompt, its lines coming from a pipe"""
    need_kvm()
    lines = ["lesson start " + LESSON] + list(moves(read_steps()))
    result = expect(lab.isolab("shell", "--plain", input="\n".join(lines + ["exit"]) + "\n"))
    check(result.out.count("Checked") == sum(line == "lesson check" for line in lines), result)
    check(re.search(r"guess 120 ms / measured", result.out), result)
    check("You have finished" in result.out, result)


class Screen:
    """The screen on a pty, watched by what it writes into the progress file."""

    def __init__(self, lab):
        self.file = os.path.join(lab.scratch, ".local/state/isolab/progress")
        self.terminal = lab.terminal(environment={"LANG": "C.UTF-8"}, rows=40, columns=120)
        self.terminal.until("isolab>")

    def progress(self):
        if not os.path.exists(self.file):
            return ""
        with open(self.file, encoding="utf-8") as file:
            return file.read()

    def type(self, line, has_happened, again=False):
        """Types a line and waits until it has happened; types it again now and then if asked."""
        deadline, typed = time.monotonic() + 15, 0
        while not has_happened():
            if not typed or again and time.monotonic() - typed > 0.3:
                self.terminal.send(line + "\r")
                typed = time.monotonic()
            check(self.terminal.read(0.05), "the screen has gone", self.terminal.seen[-500:])
            check(time.monotonic() < deadline, "nothing has happened", line, self.progress())


def play_on_screen(screen, lines):
    """Each line must leave its trace: an answer, a passed check, another step."""
    for line in lines:
        before = screen.progress()
        if line.startswith("lesson check"):
            screen.type(line, lambda: screen.progress().count("passed.") > before.count("passed."),
                        again=True)
        elif line.startswith("lesson"):
            screen.type(line.replace("lesson answer ", ""), lambda: screen.progress() != before)
        else:
            screen.terminal.send(line + "\r")


def test_played_on_the_screen(lab):
    """the lesson can be played on the screen, answers typed as they are"""
    need_kvm()
    screen = Screen(lab)
    waits = [line for line in moves(read_steps()) if not line.startswith("wait")]
    play_on_screen(screen, ["lesson start 01"] + waits)
    check("\tdone\t" in screen.progress(), screen.progress())
    screen.terminal.send("exit\r")
    check(screen.terminal.end() == 0, screen.terminal.seen[-500:])


def go_to(lab, words):
    """Opens the lesson at the step whose check holds `words`, without any sandbox."""
    expect(lab.isolab("lesson", "start", LESSON))
    for step in read_steps():
        if any(verb == "check" and words in body for verb, _, body in step):
            for _, keys, _ in [block for block in step if block[0] == "predict"]:
                expect(lab.isolab("lesson", "answer", GUESSES[keys["ask"]]))
            return
        expect(lab.isolab("lesson", "next", "--skip"))


def test_facts_of_a_later_session(lab):
    """who comes back with new sandboxes, never compared, gets the facts all the same"""
    need_kvm()
    go_to(lab, "pid 1")
    expect(lab.isolab("create", "both", "demo"))
    expect(lab.isolab("create", "both", "who", "--", "isolab-work", "pid"))
    result = expect(lab.isolab("lesson", "check"), out="guess yes / measured no")
    check("not measured" not in result.out, result)
    expect(lab.isolab("rm", "-f", "demo"))
    expect(lab.isolab("rm", "-f", "who"))


def test_what_is_missing_is_said(lab):
    """a figure that cannot be had says what to type"""
    need_kvm()
    go_to(lab, "pid 1")
    expect(lab.isolab("create", "both", "who", "--", "isolab-work", "pid"))
    expect(lab.isolab("lesson", "check"),
           out=r"(?s)type:\s+isolab\s+compare\s+demo-container.*create.*lesson\s+show")
    expect(lab.isolab("rm", "-f", "who"))


def test_skipping(lab):
    """every step can be left out, without any sandbox"""
    expect(lab.isolab("lesson", "start", LESSON))
    for _ in read_steps()[:-1]:
        expect(lab.isolab("lesson", "next", "--skip"), out="Step")
    expect(lab.isolab("lesson", "next", "--skip"), out="finished")


def columns(line):
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in line)


def test_lines_fit(lab):
    """in both languages no line is wider than 80 columns, none begins with a closing mark"""
    for language in ("en", "ja"):
        expect(lab.isolab("lesson", "reset", LESSON, "--lang", language))
        shown = expect(lab.isolab("lesson", "start", LESSON)).out
        for _ in read_steps()[:-1]:
            shown += expect(lab.isolab("lesson", "next", "--skip")).out
        for line in shown.splitlines():
            check(columns(line) <= 80, columns(line), line)
            check(not re.match(" *[、。）」』】？！ーっゃゅょ]", line), line)
            check("**" not in line, line)


def test_hints(lab):
    """hints come one after the other; the solution is shown and not run"""
    expect(lab.isolab("lesson", "start", LESSON))
    texts = [expect(lab.isolab("lesson", "hint")).out for _ in range(4)]
    check(len(set(texts)) == 3 and texts[2] == texts[3], *texts)
    expect(lab.isolab("lesson", "solution"), out="create both demo")
    check(lab.isolab("ps", "--json").json() == [], "the solution was run")
    expect(lab.isolab("lesson", "reset"))
    expect(lab.isolab("lesson", "list"), out="new")


def test_no_home(lab):
    """without a home the lesson works all the same"""
    for name in ("HOME", "XDG_STATE_HOME"):
        lab.environment.pop(name, None)
    expect(lab.isolab("lesson", "list"), out=LESSON)
    lab.environment["XDG_STATE_HOME"] = "/proc/nowhere"
    expect(lab.isolab("lesson", "start", LESSON), out="(?s)cannot be kept.*Step 1")


CASES = [value for name, value in list(globals().items()) if name.startswith("test_")]

if __name__ == "__main__":
    run_suite(CASES, Lab)
