#!/usr/bin/env python3
"""Writes `.cargo/order.ld`: the functions that every start of `par` calls, for the linker to put side by side.

    CARGO_PROFILE_RELEASE_STRIP=false cargo build --release
    benches/order.py target/release/par

A page of the program that is touched first costs a page fault, and they are 16 at a time: what is called only once
costs more by where it is than by what it does. Where the functions were all over the program, a run of one process
had 160 of those faults. A name is written without the hash at its end, so that it holds until the function is called
otherwise, except where many others are called the same; a name that fits nothing does no harm. Needs python 3.9,
valgrind, nm and the C library's archive.
"""
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".cargo", "order.ld")
TASKFILE = """version: '3'
tasks:
  nothing: 'true'
  process: /bin/true
  shell: 'for i in 1; do echo $i; done'
  both: {deps: [process, shell], cmds: ['echo both']}
"""
COMMANDS = [["run", "nothing"], ["run", "process"], ["run", "both"], ["list"]]
# So many functions of one name are not all wanted.
MANY = 4
HEAD = """/* What every start calls, side by side. Written by benches/order.py. */
SECTIONS
{
  .text.start :
  {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""


def called(binary):
    """The functions that were called, in the order in which they are met."""
    names = {}
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "Taskfile.yml"), "w", encoding="utf-8") as file:
            file.write(TASKFILE)
        for command in COMMANDS:
            # The first run makes what the second one finds.
            for number in (1, 2):
                out = os.path.join(folder, f"out.{command[-1]}.{number}")
                valgrind = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={out}.%p"]
                subprocess.run([*valgrind, binary, *command], cwd=folder, check=True, capture_output=True)
        # Those of the second runs come first.
        for path in sorted(glob.glob(os.path.join(folder, "out.*")), key=lambda path: ".2." not in path):
            with open(path, encoding="utf-8", errors="replace") as file:
                for name in re.findall(r"^c?fn=\(\d+\) (\S+)", file.read(), re.MULTILINE):
                    names[re.sub(r"'\d+$", "", name)] = None
    return list(names)


def defined(path, *flags):
    """Functions in a file: the archive's member that has them, and their name."""
    out = subprocess.run(["nm", *flags, path], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        match = re.match(r"(?:.*:(\S+\.o):)?[0-9a-f]{16} [TtWwi] (\S+)$", line)
        if match:
            yield match[1], match[2]


def archive():
    """The member of the C library that has each function."""
    path = subprocess.run(["cc", "-print-file-name=libc.a"], check=True, capture_output=True, text=True).stdout
    return {name: member for member, name in defined(path.strip(), "-A")}


def plain(name):
    """The name without what changes from one compiler to the next."""
    return re.sub("Cs[0-9A-Za-z]+_", "Cs*_", re.sub(r"17h[0-9a-f]{16}E", "17h*", name))


def pattern(name, members, shared):
    """The input sections of a function."""
    if name in members:
        # Which of several is right the machine says at the start, and valgrind's is another one.
        member = re.sub(r"-(avx|sse|evex).*", "-*.o", members[name])
        return f"*libc.a:{member}(.text .text.*)"
    if plain(name) not in shared:
        name = plain(name)
    return f"*(.text.{name} .text.unlikely.{name})"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = os.path.abspath(sys.argv[1])
    own = {name for _, name in defined(binary)}
    members, names = archive(), [name for name in called(binary) if name in own]
    # Functions of one name for many types: the others would be between those that are called.
    others = collections.Counter(plain(name) for name in own.difference(names))
    shared = {name for name, count in others.items() if count >= MANY}
    patterns = dict.fromkeys(pattern(name, members, shared) for name in names)
    if len(patterns) < 100:
        sys.exit(f"{binary} does not tell its functions: build it with CARGO_PROFILE_RELEASE_STRIP=false")
    with open(SCRIPT, "w", encoding="utf-8") as file:
        file.write(HEAD + "".join(f"    {pattern}\n" for pattern in patterns) + TAIL)
    print(f"{len(patterns)} functions")


if __name__ == "__main__":
    main()
