"""What a page needs to run Python itself: the source in one file, and all of Pyodide or a sentence."""

import hashlib
import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import minigan
from minigan.lab import recording, webassembly
from minigan.lab.__main__ import main


@pytest.fixture
def pyodide(tmp_path):
    """A folder that looks like Pyodide."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for name in (*webassembly.CORE, "numpy.whl"):
        (folder / name).write_text(name)
    (folder / "pyodide-lock.json").write_text(json.dumps({"packages": {"numpy": {"file_name": "numpy.whl"}}}))
    return folder


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(recording, "record", lambda settings, steps: {})


def test_the_source_is_the_package_and_the_same_bytes_each_time(tmp_path):
    found = webassembly.source()
    assert found == webassembly.source()
    with zipfile.ZipFile(io.BytesIO(found)) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    root = Path(minigan.__file__).parents[1]
    assert "minigan/lab/commands.py" in names and "minigan/autograd.py" in names
    assert "minigan/data/generator_digits.npz" in names
    assert all((root / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)
    code = "import minigan.lab.commands as c; print(c.__file__, 'error' in c.Commands().answer('begin', {}))"
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert told.stdout.split() == [str(tmp_path / "minigan/lab/commands.py"), "False"]


def test_the_laboratory_needs_no_threads_and_none_of_the_modules_that_webassembly_lacks():
    code = (
        "import sys, threading\n"
        "for name in ('ssl', '_ssl', 'lzma', '_lzma', 'multiprocessing', 'matplotlib', 'PIL', 'tqdm', 'hypothesis'):\n"
        "    sys.modules[name] = None\n"
        "def start(self): raise RuntimeError('no threads')\n"
        "threading.Thread.start = start\n"
        "from minigan.lab.commands import Commands\n"
        "commands = Commands()\n"
        "print([commands.answer('act', {'action': 'b', 'n': 2}).get('moment'), *commands.answer('graph', {'of': 'd'})])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert told.stdout == "[2, 'boxes']\n", told.stderr


def test_a_folder_that_lacks_a_file_is_told(pyodide):
    assert len(webassembly.files(pyodide)) == 6
    for path in webassembly.files(pyodide):
        text = path.read_text()
        path.unlink()
        with pytest.raises(FileNotFoundError, match=f"has no {path.name}, expected Pyodide"):
            webassembly.files(pyodide)
        path.write_text(text)


def test_a_site_has_the_page_the_source_and_pyodide_if_it_was_given(pyodide, tmp_path, short):
    main(["--site", str(tmp_path / "site"), "--pyodide", str(pyodide)])
    names = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.*")}
    assert names == {"laboratory.html", "worker.js", "minigan.zip", "pyodide/numpy.whl"} | {
        f"pyodide/{name}" for name in webassembly.CORE
    }
    assert '<body data-pyodide="pyodide/"' in (tmp_path / "site" / "laboratory.html").read_text()


def test_by_default_a_site_loads_pyodide_from_its_own_address(tmp_path, short):
    main(["--site", str(tmp_path)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["laboratory.html", "minigan.zip", "worker.js"]
    text = (tmp_path / "laboratory.html").read_text()
    assert f'data-pyodide="https://cdn.jsdelivr.net/pyodide/v{webassembly.VERSION}/full/"' in text


def test_a_page_by_itself_does_not_offer_to_run_live(tmp_path, short):
    main(["--write", str(tmp_path / "page.html")])
    assert "data-pyodide=" not in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("more", [[], ["--site", "site"]])
def test_a_folder_without_pyodide_is_refused_before_anything_is_written(tmp_path, capsys, more, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["--no-browser", "--pyodide", str(tmp_path), *more])
    assert "has no pyodide.js, expected Pyodide" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tool():
    path = Path(__file__).parents[2] / "tools" / "fetch_pyodide.py"
    specification = importlib.util.spec_from_file_location("fetch_pyodide", path)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    return tool


def test_a_fetched_file_with_another_checksum_is_refused_and_removed(tool, tmp_path, monkeypatch, capsys):
    def download(folder):
        for name in tool.FILES:
            (folder / name).write_bytes(name.encode())

    right = {name: hashlib.sha256(name.encode()).hexdigest() for name in tool.FILES}
    monkeypatch.setattr(tool, "download", download)
    monkeypatch.setattr(tool, "FILES", right | {"pyodide.asm.wasm": "0" * 64})
    monkeypatch.setattr(sys, "argv", ["fetch_pyodide.py", str(tmp_path)])
    assert tool.main() == 1
    assert "another SHA-256: pyodide.asm.wasm" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == set(right) - {"pyodide.asm.wasm"}
    monkeypatch.setattr(tool, "FILES", right)
    assert tool.main() == 0
    monkeypatch.setattr(tool, "download", None)  # what is there and right is not fetched again
    assert tool.main() == 0


def test_a_client_that_is_missing_or_fails_is_told_in_one_sentence(tool, tmp_path):
    with pytest.raises(OSError, match="no-such-client is not installed"):
        tool.run("no-such-client", folder=tmp_path)
    with pytest.raises(OSError, match="-c: failed for a reason"):
        tool.run(sys.executable, "-c", "raise SystemExit('failed for a reason')", folder=tmp_path)
