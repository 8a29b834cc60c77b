"""All exercises in their order."""

from pathlib import Path

from minigan.exercises import bugs, derivatives, networks
from minigan.exercises.exercise import FILES, Exercise

#: number, from 1 on -> exercise
EXERCISES: dict[int, Exercise] = dict(
    enumerate((*derivatives.EXERCISES, *bugs.EXERCISES, *networks.EXERCISES), start=1)
)


def file_name(number: int) -> str:
    return f"ex{number:02}_{EXERCISES[number].name}.py"


def original(number: int) -> Path:
    """The file as it comes, with its hole or its bug."""
    return FILES / file_name(number)
