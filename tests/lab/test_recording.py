"""A recorded run is one file that needs nothing else, and shows what the session computed."""

import json
import re

import pytest

from minigan.lab import recording
from minigan.lab.__main__ import main
from minigan.lab.frame import frame
from minigan.lab.knobs import Settings
from minigan.lab.session import Session


def test_the_frames_are_those_of_the_session():
    found = recording.record(Settings(width=8), steps=30, every=10)
    session = Session(Settings(width=8))
    session.act("b", 20)
    there, recorded = frame(session), found["frames"][2]
    assert recorded["moment"] == 20 and recorded["modes"] == there["modes"]
    assert (recorded["surface"] == there["surface"]).all()
    assert recorded["fake"][5] == pytest.approx(there["fake"][5].tolist(), abs=0.006)
    assert [f["curves"]["moment"] for f in found["frames"][1:]] == [
        list(range(a + 1, a + 11)) for a in (0, 10, 20)
    ]


def test_the_page_names_no_other_file(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "record", lambda settings, steps: {"text": "</script>"})
    main(["--write", str(tmp_path / "lab.html")])
    text = (tmp_path / "lab.html").read_text()
    assert re.findall(r'(?:src|href)="(?!data:)([^"]*)"', text) == []
    data = re.search(r"window.labRecording = (.*);\n", text)[1]
    assert "</script>" not in data and json.loads(data) == {"text": "</script>"}


def test_a_page_that_has_changed_is_noticed():
    with pytest.raises(ValueError, match="0 times, expected once"):
        recording.replaced("text", "<link>", "")
