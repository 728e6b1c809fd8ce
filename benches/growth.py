#!/usr/bin/env python3
"""What one task, dependency and source costs `par` as there are more of them.

    cargo build --release
    benches/growth.py target/release/par            # prints a table
    benches/growth.py target/release/par --write    # and puts it and its picture into docs

Shown is CPU time (user and system, `par` and its children) above that of the smallest run that does nothing,
divided by the number of tasks, dependencies or sources: the least of several runs, taken in turns. Where it
is level, twice the work takes twice the time. Needs python 3.9 and nothing else.
"""
import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from side_by_side import DOCUMENT, measure  # noqa: E402

PICTURE = os.path.join(os.path.dirname(DOCUMENT), "growth.svg")
BEGIN, END = "<!-- growth -->\n", "<!-- end of growth -->\n"
SIZES = [1_000, 3_000, 10_000, 30_000, 100_000]
HEAD = "version: '3'\nsilent: true\ntasks:\n"


def described(count):
    """Tasks that are listed."""
    tasks = "".join(f"  t{n}:\n    desc: The task {n}\n    cmds: ['true']\n" for n in range(count))
    return HEAD + tasks, ["list"]


def one_of(count):
    """Tasks of which one runs."""
    return described(count)[0], ["run", "t7"]


def layers(count):
    """Tasks in layers of 100 that need three of the layer below."""
    lines = []
    for n in range(count):
        below = n // 100 * 100 - 100
        deps = [f"t{below + (n * step + step) % 100}" for step in (1, 7, 31)] if below >= 0 else []
        lines.append(f"  t{n}:\n    run: once\n    deps: [{', '.join(deps)}]\n    cmds: ['true']\n")
    last = ", ".join(f"t{n}" for n in range(count - 100, count))
    return HEAD + "".join(lines) + f"  all: {{deps: [{last}]}}\n", ["run", "all"]


def needs(count):
    """One task that needs so many."""
    tasks = "".join(f"  t{n}: 'true'\n" for n in range(count))
    names = ", ".join(f"t{n}" for n in range(count))
    return HEAD + tasks + f"  all: {{deps: [{names}]}}\n", ["run", "all"]


def processes(count):
    """Tasks of one process each."""
    tasks = "".join(f"  t{n}: /bin/true\n" for n in range(count))
    names = ", ".join(f"t{n}" for n in range(count))
    return HEAD + tasks + f"  all: {{deps: [{names}]}}\n", ["run", "-j2", "all"]


def sources(count):
    """One task with so many sources and nothing to do."""
    return HEAD + "  all:\n    sources: ['in/*/*.c']\n    cmds: ['true']\n", ["run", "all"]


WORK = {
    "tasks listed": (described, SIZES),
    "tasks of which one runs": (one_of, SIZES),
    "tasks `true` in layers, 3 dependencies each": (layers, SIZES),
    "dependencies of one task": (needs, SIZES),
    "tasks `/bin/true`": (processes, SIZES[:3]),
    "sources of one task, nothing to do": (sources, SIZES),
}


def prepare(root, work, count):
    folder = os.path.join(root, f"{work.__name__}-{count}")
    os.makedirs(folder)
    text, words = work(count)
    with open(os.path.join(folder, "Taskfile.yml"), "w") as file:
        file.write(text)
    if work is sources:
        for n in range(count):
            part = os.path.join(folder, "in", str(n // 1000))
            os.makedirs(part, exist_ok=True)
            with open(os.path.join(part, f"{n}.c"), "w") as file:
                file.write(f"/* {n} */\n")
    return folder, words


def rows(par, root, only, rounds):
    idle, words = prepare(root, described, 1)
    base = min(measure([par, "run", "t0"], idle)[1] for _ in range(rounds))
    for title, (work, sizes) in WORK.items():
        if only not in title:
            continue
        places = {size: prepare(root, work, size) for size in sizes}
        for folder, words in places.values():
            measure([par, *words], folder)
        found = {size: [] for size in sizes}
        for turn in range(rounds):
            # Who asks with another environment is not told what was found before.
            os.environ["GROWTH"] = str(turn)
            for size, (folder, words) in places.items():
                found[size].append(measure([par, *words], folder)[1])
        yield title, {size: (min(runs) - base) / size * 1e6 for size, runs in found.items()}


def table(all_rows):
    lines = ["| CPU time, µs for each of the | " + " | ".join(f"{size:,}" for size in SIZES) + " | most : least |"]
    lines.append("|---" * (len(SIZES) + 2) + "|")
    for title, costs in all_rows:
        cells = [f"{costs[size]:.1f}" if size in costs else "" for size in SIZES]
        spread = max(costs.values()) / max(min(costs.values()), 1e-3)
        lines.append(f"| {title} | " + " | ".join(cells) + f" | {spread:.2f} |")
    return "\n".join(lines) + "\n"


def picture(all_rows):
    """One panel for each kind of work: cost beside that of the smallest size, the band up to 1.3 shaded."""
    wide, high, gap = 250, 120, 40
    across = 3
    down = (len(all_rows) + across - 1) // across
    width, height = across * (wide + gap) + gap, down * (high + 2 * gap) + gap
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, (title, costs) in enumerate(all_rows):
        left, top = gap + number % across * (wide + gap), 2 * gap + number // across * (high + 2 * gap)
        first = costs[min(costs)]
        most = max(2.0, *(cost / first for cost in costs.values()))
        y = lambda ratio: top + high - ratio / most * high
        x = lambda size: left + SIZES.index(size) / (len(SIZES) - 1) * wide
        parts.append(f'<text x="{left}" y="{top - 12}" font-weight="bold">{title.replace("`", "")}</text>')
        parts.append(f'<rect x="{left}" y="{y(1.3):.1f}" width="{wide}" height="{y(0) - y(1.3):.1f}" fill="#e8f3e8"/>')
        parts.append(f'<path d="M{left} {y(1):.1f}h{wide}" stroke="#7a7" stroke-dasharray="3 3"/>')
        points = " ".join(f"{x(size):.1f},{y(cost / first):.1f}" for size, cost in costs.items())
        parts.append(f'<polyline points="{points}" fill="none" stroke="#2457a6" stroke-width="2"/>')
        for size, cost in costs.items():
            parts.append(f'<circle cx="{x(size):.1f}" cy="{y(cost / first):.1f}" r="3" fill="#2457a6"/>')
            parts.append(f'<text x="{x(size):.1f}" y="{top + high + 14}" text-anchor="middle">{size:,}</text>')
            parts.append(f'<text x="{x(size):.1f}" y="{y(cost / first) - 7:.1f}" text-anchor="middle" fill="#2457a6">{cost:.1f}</text>')
    return "\n".join(parts) + "\n</svg>\n"


def write(text, svg):
    with open(DOCUMENT) as file:
        document = file.read()
    before, rest = document.split(BEGIN)
    with open(DOCUMENT, "w") as file:
        file.write(before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1])
    with open(PICTURE, "w") as file:
        file.write(svg)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("par", help="the program to measure")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md and docs/growth.svg")
    parser.add_argument("--only", default="", help="only work whose title has this in it")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each size")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="growth-") as root:
        found = []
        for row in rows(os.path.abspath(asked.par), root, asked.only, asked.rounds):
            found.append(row)
            print(row[0], {size: round(cost, 1) for size, cost in row[1].items()}, flush=True)
    text = table(found)
    print(text)
    if asked.write:
        write(text, picture(found))


if __name__ == "__main__":
    main()
