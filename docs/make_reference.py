"""Write the reference of all public names, one page for each part of the package, for Sphinx' autodoc.

The docstrings are written to be read in a terminal.  `as_restructured_text` keeps what is laid out in columns,
and escapes what Sphinx would take for markup.
"""

import importlib
import inspect
import re
from pathlib import Path

#: page -> module, what is said at its top
MODULES = {
    "minigan": "The names of `import minigan as mg`: Tensors, gradients, devices.",
    "minigan.ops": "The operations. Given arrays they are NumPy; given a Tensor they record how it was made.",
    "minigan.layers": "The layers: weights, and how they meet the input.",
    "minigan.losses": "The losses. Each is a mean over the batch.",
    "minigan.optimizers": "What to do with a gradient.",
    "minigan.models": "One model, one paper.",
    "minigan.gradcheck": "Is this gradient right?",
    "minigan.gradcheck.strategies": "What the property tests draw. Needs Hypothesis.",
    "minigan.data": "What there is to train on, and in which order it comes.",
    "minigan.training": "A loop that can be interrupted and resumed.",
    "minigan.evaluation": "How good are the samples?",
    "minigan.runs": "The folder of a run, and what the examples share.",
    "minigan.fast": "Quicker bodies under some names of the book.",
    "minigan.interchange": "Weights to and from Keras and PyTorch, and a generator as an ONNX file.",
}
PAGES = [f"reference/{name}" for name in MODULES]


def public_names(module) -> list[str]:
    """What `__all__` lists, without modules; of a module without it, what it defines and does not begin with _."""
    if hasattr(module, "__all__"):
        names = module.__all__
    else:
        here = [n for n, v in vars(module).items() if getattr(v, "__module__", None) == module.__name__]
        names = [name for name in here if not name.startswith("_")]
    return [name for name in names if not inspect.ismodule(getattr(module, name))]


def directive(module, name: str) -> str:
    """How autodoc is to show a name: a class with its methods, a function (a primitive is one), or a value."""
    value, path = getattr(module, name), f"{module.__name__}.{name}"
    if inspect.isclass(value):
        if (
            value.__name__ != name
        ):  # `primitive`, as a decorator another name of Primitive, whose source is linked by hand
            source = f"../_modules/{value.__module__.replace('.', '/')}.html"
            methods = [m for m in vars(value) if not m.startswith("_")]
            return f".. autofunction:: {path}\n\n   `Its source <{source}>`__\n\n" + "\n".join(
                f".. autofunction:: {path}.{method}\n" for method in methods
            )
        return f".. autoclass:: {path}\n   :members:\n"
    return f".. autofunction:: {path}\n" if callable(value) else f".. autodata:: {path}\n   :no-value:\n"


def page(name: str) -> str:
    module = importlib.import_module(name)
    parts = [
        name,
        "=" * len(name),
        "",
        MODULES[name].replace("`", "``"),
        "",
        f".. currentmodule:: {name}",
        "",
    ]
    return "\n".join([*parts, *(directive(module, n) for n in public_names(module))])


def write(docs: Path) -> None:
    """Write the pages into docs/reference; a page that has not changed is left alone."""
    (docs / "reference").mkdir(exist_ok=True)
    for name in MODULES:
        path, text = docs / "reference" / f"{name}.rst", page(name)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def as_restructured_text(app, what, name, obj, options, lines: list[str]) -> None:
    """Change the lines of a docstring in place: examples and columns stay as they are, the rest is escaped."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip("\n"))
    lines[:] = "\n\n".join(map(_paragraph, paragraphs)).splitlines()


def _paragraph(text: str) -> str:
    if text.lstrip().startswith(">>>"):
        return text
    if re.search(r"^\s|[^\s.:;] {2,}\S", text, re.MULTILINE):
        body = "\n".join(f"   {line}" for line in text.splitlines())
        return f".. code-block:: text\n   :class: docstring\n\n{body}"
    words = re.split(r"(`+[^`\n]+`+)", text)
    return "".join(f"``{w.strip('`')}``" if w.startswith("`") else _escaped(w) for w in words)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*|_])", r"\\\1", text)


def without_any(app, what, name, obj, options, signature, returns):
    """Arrays are annotated as Any, which tells nothing."""
    signature = re.sub(r": (?:~?typing\.)?Any\b", "", signature) if signature else signature
    return signature, None if returns and re.fullmatch(r"(?:~?typing\.)?Any", returns) else returns
