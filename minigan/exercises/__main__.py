"""python -m minigan.exercises: start, check, hint, list and reset the exercises."""

import argparse
import sys
import textwrap
from pathlib import Path

from minigan.exercises.attempt import attempt
from minigan.exercises.catalogue import EXERCISES, original
from minigan.exercises.exercise import title
from minigan.exercises.folder import DEFAULT, Folder, find
from minigan.training.progress import end_quietly_without_a_reader

COMMAND = "python -m minigan.exercises"
TEXT = f"""Exercises that check themselves, {len(EXERCISES)} short files to edit.

{COMMAND}
    start [FOLDER]   copy the files into a folder (or {DEFAULT})
    check [N]        check exercise N, or the next one that is not solved
    check all        check them all
    hint [N]         show the next hint
    list             show all exercises, and which are solved
    reset N          bring back the file as it came; yours is kept beside it

Run all but `start` in the folder of the exercises, or in the one around it."""


def wrapped(text: str) -> str:
    """The text with lines that fit into a terminal of 80 columns; what is indented stays so."""
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip()))
        lines += (
            textwrap.wrap(line, 79, subsequent_indent=indent, break_on_hyphens=False)
            if len(line) > 79
            else [line]
        )
    return "\n".join(lines)


def say_next(folder: Folder) -> None:
    number = folder.next()
    print(f"{len(folder.solved)} of {len(EXERCISES)} solved.", end=" ")
    if number is None:
        print("That was all of them.")
    else:
        print(f"Next: {number}, {title_of(number)}.\nEdit {folder.file(number)}, then: {COMMAND} check")


def title_of(number: int) -> str:
    return title(original(number).read_text(encoding="utf-8"))


def start(path: Path) -> int:
    folder = Folder(path)
    try:
        added = folder.add_missing()
    except OSError as error:
        print(f"start: cannot write into {path}: {error.strerror}")
        return 1
    where = "this folder" if path == Path() else path
    print(f"{added} exercises copied into {where}." if added else f"{where} has all exercises already.")
    if path not in (Path(), Path(DEFAULT)):
        print(f"Go there: cd {path}")
    say_next(folder)
    return 0


def check(folder: Folder, number: int) -> bool:
    path = folder.file(number)
    print(wrapped(f"Exercise {number}: {title_of(number)}"))
    if not path.exists():
        print(f"There is no {path}. `{COMMAND} reset {number}` brings it back.")
        return False
    result = attempt(number, path)
    if result.printed:
        print("It printed:", *result.printed.rstrip().splitlines(), sep="\n  | ")
    if result.passed:
        folder.solved.add(number)
        print("Solved.")
    else:
        folder.solved.discard(number)
        print(f"Not yet ({path.name}).\n\n{wrapped(result.words)}\n\nStuck? {COMMAND} hint {number}")
    folder.save()
    return result.passed


def check_all(folder: Folder) -> int:
    for number in EXERCISES:
        path = folder.file(number)
        passed = path.exists() and attempt(number, path).passed
        (folder.solved.add if passed else folder.solved.discard)(number)
        folder.save()
        print(f"{'solved ' if passed else '       '} {number:>2}  {title_of(number)}", flush=True)
    say_next(folder)
    return int(folder.next() is not None)


def hint(folder: Folder, number: int) -> int:
    hints = EXERCISES[number].hints
    shown = min(folder.hints.get(number, 0) + 1, len(hints))
    folder.hints[number] = shown
    folder.save()
    print(f"Exercise {number}: {title_of(number)}")
    for i in range(shown):
        print(wrapped(f"  hint {i + 1} of {len(hints)}: {hints[i]}"))
    return 0


def listing(folder: Folder) -> int:
    for number in EXERCISES:
        print(f"{'solved ' if number in folder.solved else '       '} {number:>2}  {title_of(number)}")
    say_next(folder)
    return 0


def reset(folder: Folder, number: int) -> int:
    kept = folder.reset(number)
    print(f"{folder.file(number)} is as it came." + (f" Yours is kept in {kept}." if kept else ""))
    return 0


def main(arguments: list[str] | None = None) -> int:
    if hasattr(sys.stdout, "reconfigure"):  # a terminal without Σ prints ? instead
        sys.stdout.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description=TEXT,
        usage=argparse.SUPPRESS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command", nargs="?", choices=("start", "check", "hint", "list", "reset"), help=argparse.SUPPRESS
    )
    parser.add_argument("argument", nargs="?", help=argparse.SUPPRESS)
    args = parser.parse_args(arguments)
    if args.command is None:
        print(TEXT)
        return 0
    folder = find(Path())
    if args.command == "start":
        return start(Path(args.argument) if args.argument else folder.path if folder else Path(DEFAULT))
    if folder is None:
        print(f"There are no exercises in this folder. Run `{COMMAND} start`, or go to their folder.")
        return 2
    if args.command == "list":
        return listing(folder)
    if (args.command, args.argument) == ("check", "all"):
        return check_all(folder)
    if args.argument is None and args.command == "reset":
        print(f"reset: of which exercise? A number from 1 to {len(EXERCISES)}.")
        return 2
    number = folder.next() if args.argument is None else _number(args.argument)
    if args.argument is None and number is None:
        say_next(folder)
        return 0
    if number is None:
        print(f"{args.argument!r} is no exercise: expected a number from 1 to {len(EXERCISES)}.")
        return 2
    if args.command == "check":
        passed = check(folder, number)
        if passed:
            say_next(folder)
        return int(not passed)
    return hint(folder, number) if args.command == "hint" else reset(folder, number)


def _number(text: str) -> int | None:
    """7 for "7", "07" and "ex07_norm.py"; None if it is none."""
    digits = Path(text).name.removeprefix("ex")[:2] if Path(text).name.startswith("ex") else text
    return int(digits) if digits.isdecimal() and int(digits) in EXERCISES else None


if __name__ == "__main__":
    end_quietly_without_a_reader()
    sys.exit(main())
