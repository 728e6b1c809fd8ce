#!/usr/bin/env python3
"""`par` beside the task runners that this machine has, on the same work.

    cargo build --release
    benches/side_by_side.py target/release/par              # prints a table
    benches/side_by_side.py target/release/par --write      # and puts it into docs/performance.md

A peer is looked for under BENCH_<NAME> (BENCH_GO_TASK=/path/to/task) and on PATH; one that is not there is
left out and named. Within a workload all take turns, forwards and backwards, so that whatever else the
machine does falls on all of them; shown are medians with the least and the most, and CPU time, which
is the steadier of the two where others use the machine. Memory is not: a child begins with its parent's peak.
Needs python 3.9 and nothing else.
"""
import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAMS = {"par": None, "go-task": "task", "just": "just", "ninja": "ninja", "n2": "n2", "make": "make"}
DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "performance.md")
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


class Step:
    """One task of a workload, in nobody's language."""

    def __init__(self, name, command="", needs=(), reads=(), makes=None, says=None):
        self.name, self.command, self.needs = name, command, list(needs)
        self.reads, self.makes, self.says = list(reads), makes, says


def taskfile(steps):
    lines = ["version: '3'", "silent: true", "run: once", "tasks:"]
    for step in steps:
        lines.append(f"  {step.name}:")
        if step.says:
            lines.append(f"    desc: {step.says}")
        if step.needs:
            lines.append(f"    deps: [{', '.join(step.needs)}]")
        if step.reads:
            lines += ["    sources:"] + [f"      - {path}" for path in step.reads]
            lines += ["    generates:", f"      - {step.makes}"]
        lines.append(f"    cmds: [{json.dumps(step.command)}]" if step.command else "    cmds: []")
    return {"Taskfile.yml": "\n".join(lines) + "\n"}


def makefile(steps):
    plain = [step.name for step in steps if not step.makes]
    lines = [".PHONY: " + " ".join(plain)]
    for step in steps:
        target = step.makes or step.name
        lines.append(f"{target}: {' '.join(outputs(steps, step.needs) + step.reads)}")
        if step.command:
            lines.append(f"\t@{step.command}")
    return {"Makefile": "\n".join(lines) + "\n"}


def ninjafile(steps):
    lines = ["rule run", "  command = $what"]
    for step in steps:
        needs = " ".join(outputs(steps, step.needs) + step.reads)
        rule = "run" if step.command else "phony"
        lines.append(f"build {step.makes or step.name}: {rule} {needs}")
        if step.command:
            lines.append(f"  what = {step.command}")
    return {"build.ninja": "\n".join(lines) + "\n"}


def justfile(steps):
    lines = []
    for step in steps:
        if step.says:
            lines.append(f"# {step.says}")
        if len(step.needs) > 1:
            lines.append("[parallel]")
        lines.append(f"{step.name}: {' '.join(step.needs)}")
        if step.command:
            lines.append(f"  @{step.command}")
        lines.append("")
    return {"justfile": "\n".join(lines)}


def outputs(steps, names):
    if not any(step.makes for step in steps):
        return names
    made = {step.name: step.makes or step.name for step in steps}
    return [made[name] for name in names]


FILES = {"par": taskfile, "go-task": taskfile, "just": justfile, "ninja": ninjafile, "n2": ninjafile, "make": makefile}
RUN = {
    "par": ["run", "all", "-j", "2"],
    "go-task": ["-C", "2", "all"],
    "just": ["--jobs", "2", "all"],
    "ninja": ["--quiet", "-j", "2", "all"],
    "n2": ["-j", "2", "all"],
    "make": ["-s", "-j2", "all"],
}
LIST = {"par": ["list"], "go-task": ["--list"], "just": ["--list"], "ninja": ["-t", "targets", "all"]}


def fan(count, command):
    steps = [Step(f"t{n}", command) for n in range(count)]
    return steps + [Step("all", needs=[step.name for step in steps])]


def chain(count):
    steps = [Step(f"t{n}", "/bin/true", [f"t{n - 1}"] if n else []) for n in range(count)]
    return steps + [Step("all", needs=[steps[-1].name])]


def layers(count, wide):
    chance = random.Random(count)
    steps = []
    for n in range(count):
        below = range((n // wide - 1) * wide, n // wide * wide)
        steps.append(Step(f"t{n}", "true", [f"t{x}" for x in chance.sample(below, 3)] if n >= wide else []))
    return steps + [Step("all", needs=[step.name for step in steps[-wide:]])]


def sources(count, each):
    steps = [
        Step(f"t{n}", f"touch out/t{n}", reads=[f"in/{n}-{k}.c" for k in range(each)], makes=f"out/t{n}")
        for n in range(count)
    ]
    return steps + [Step("all", needs=[step.name for step in steps])]


def described(count):
    steps = [Step(f"t{n}", "true", says=f"The task {n}") for n in range(count)]
    return steps + [Step("all", "true", says="One of them")]


WORKLOADS = [
    ("one task, `true`", [Step("all", "true")], RUN, 20),
    ("one task, `/bin/true`", [Step("all", "/bin/true")], RUN, 20),
    ("1,000 × `/bin/true`", fan(1000, "/bin/true"), RUN, 5),
    ("1,000 × `echo hi > /dev/null`", fan(1000, "echo hi > /dev/null"), RUN, 5),
    ("a chain of 300", chain(300), RUN, 5),
    ("3,000 tasks `true` in layers, 3 dependencies each", layers(3000, 100), RUN, 5),
    ("nothing to do, 500 tasks × 10 sources", sources(500, 10), RUN, 5),
    ("list 100 tasks", described(100), LIST, 10),
    ("list 20,000 tasks", described(20000), LIST, 5),
    ("run one of 20,000 tasks", described(20000), RUN, 5),
]


def measure(argv, folder):
    """Wall time and CPU time of one run; a failure ends it all."""
    with open(os.devnull, "r+b") as null:
        began = time.monotonic()
        process = subprocess.Popen(argv, cwd=folder, stdin=null, stdout=null, stderr=null)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(argv)} in {folder}: exit code {process.returncode}")
    return wall, used.ru_utime + used.ru_stime


def prepare(root, number, name, steps):
    folder = os.path.join(root, f"{number}-{name}")
    os.makedirs(os.path.join(folder, "out"))
    os.makedirs(os.path.join(folder, "in"))
    for path, text in FILES[name](steps).items():
        with open(os.path.join(folder, path), "w") as file:
            file.write(text)
    for step in steps:
        for path in step.reads:
            with open(os.path.join(folder, path), "w") as file:
                file.write(f"/* {path} */\n" * 20)
    return folder


def rows(programs, root, workloads):
    for number, (title, steps, commands, rounds) in enumerate(workloads):
        names = [name for name in programs if name in commands]
        folders = {name: prepare(root, number, name, steps) for name in names}
        argv = {name: [programs[name], *commands[name]] for name in names}
        for name in names:
            measure(argv[name], folders[name])
        found = {name: [] for name in names}
        for turn in range(rounds):
            for name in names if turn % 2 == 0 else reversed(names):
                found[name].append(measure(argv[name], folders[name]))
        yield title, found


def table(title, found):
    lines = [f"### {title}", "", "| | median ms | least … most | CPU ms | beside `par` | CPU beside `par` |", "|---|---|---|---|---|---|"]
    median = {name: statistics.median(wall for wall, _ in runs) for name, runs in found.items()}
    for name in sorted(found, key=median.get):
        walls = [wall * 1000 for wall, _ in found[name]]
        cpu = statistics.median(cpu for _, cpu in found[name]) * 1000
        ratio, cpu_ratio = (
            statistics.median(one[part] / par[part] for one, par in zip(found[name], found["par"])) for part in (0, 1)
        )
        lines.append(
            f"| {name} | {median[name] * 1000:.1f} | {min(walls):.1f} … {max(walls):.1f} | {cpu:.1f} | {ratio:.2f} | {cpu_ratio:.2f} |"
        )
    return "\n".join(lines) + "\n"


def machine(programs):
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "")
    load = os.getloadavg()[0]
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {model}, {os.cpu_count()} CPUs, Linux {platform.release()},"
        f" load {load:.1f} at the beginning.",
        "Beside `par`: " + ", ".join(f"{name} ({version(path)})" for name, path in programs.items() if name != "par") + ".",
    ]
    absent = [name for name in PROGRAMS if name not in programs]
    return "\n".join(lines + ([f"Not there: {', '.join(absent)}."] if absent else [])) + "\n"


def version(path):
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    return next((word for word in said.split() if any(c.isdigit() for c in word)), "?")


def write(text):
    with open(DOCUMENT) as file:
        document = file.read()
    before, rest = document.split(BEGIN)
    with open(DOCUMENT, "w") as file:
        file.write(before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("par", help="the program to measure")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    parser.add_argument("--only", default="", help="only workloads whose title has this in it")
    asked = parser.parse_args()
    programs = {"par": os.path.abspath(asked.par)}
    for name, program in PROGRAMS.items():
        path = program and (os.environ.get("BENCH_" + name.upper().replace("-", "_")) or shutil.which(program))
        if path:
            programs[name] = path
    text = machine(programs)
    print(text)
    with tempfile.TemporaryDirectory(prefix="side-by-side-") as root:
        for title, found in rows(programs, root, [one for one in WORKLOADS if asked.only in one[0]]):
            part = table(title, found)
            print(part, flush=True)
            text += "\n" + part
    if asked.write:
        write(text)


if __name__ == "__main__":
    main()
