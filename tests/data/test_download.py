"""A download ends with the right file or with none, whatever the mirrors and the network do."""

import pytest

from minigan.data import download as module
from minigan.data.download import download

CONTENT = bytes(range(256)) * 1000  # 256,000 bytes: several reads


def verify(path):
    if path.read_bytes() != CONTENT:
        raise ValueError(f"{path.name} is not the file")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "folder" / "data.bin"


@pytest.fixture
def part(target):
    target.parent.mkdir()
    return target.with_name("data.bin.part")


def get(server, target, *paths, limit=256_000, timeout=5.0):
    download([server.url + path for path in paths], target, verify, limit, timeout)


def test_a_good_file_arrives(server, target, capsys):
    server.files["/a"] = CONTENT
    get(server, target, "/a")
    assert [path.name for path in target.parent.iterdir()] == ["data.bin"]
    assert target.read_bytes() == CONTENT
    assert capsys.readouterr().err.endswith("\rdata.bin: 0.3 of 0.3 MB\n")


def test_a_file_of_unannounced_length_arrives(server, target):
    server.files["/a"], server.faults["/a"] = CONTENT, "no length"
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "fault, reason",
    [
        ("forbidden", "HTTP Error 403"),
        ("missing", "HTTP Error 404"),
        ("corrupt", "data.bin.part is not the file"),
        ("too long", "the file has 256001 bytes, expected at most 256000"),
        ("interrupted", "the connection closed after 128000 of 256000 bytes"),
        ("slow", "timed out"),
        ("redirect to ftp", "refused to open ftp://127.0.0.1/a: only http is allowed"),
    ],
)
def test_a_mirror_that_fails_is_named_and_the_next_one_delivers(server, target, fault, reason):
    server.files["/a"] = {"corrupt": b"x" + CONTENT[1:], "too long": CONTENT + b"x"}.get(fault, CONTENT)
    server.faults["/a"] = fault
    if fault == "missing":
        del server.files["/a"]

    with pytest.raises(ConnectionError, match=reason) as error:
        get(server, target, "/a", timeout=0.1)
    assert f"{server.url}/a: " in str(error.value)
    assert not target.exists()

    server.files["/b"] = CONTENT
    get(server, target, "/a", "/b", timeout=0.1)
    assert target.read_bytes() == CONTENT


def test_an_interrupted_download_goes_on_where_it_stopped(server, target):
    server.files["/a"], server.faults["/a"] = CONTENT, "interrupted"
    with pytest.raises(ConnectionError):
        get(server, target, "/a")
    server.faults.clear()
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT
    assert server.requests == [("/a", None), ("/a", "bytes=128000-")]


def test_the_next_mirror_goes_on_where_the_first_one_stopped(server, target):
    server.files["/a"] = server.files["/b"] = CONTENT
    server.faults["/a"] = "interrupted"
    get(server, target, "/a", "/b")
    assert target.read_bytes() == CONTENT
    assert server.requests[-1] == ("/b", "bytes=128000-")


def test_a_server_without_ranges_sends_the_file_from_the_beginning(server, target, part):
    part.write_bytes(CONTENT[:1000])
    server.files["/a"], server.faults["/a"] = CONTENT, "no ranges"
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


def test_a_server_that_sends_another_range_is_not_believed(server, target, part):
    part.write_bytes(CONTENT[:1000])
    server.files["/a"], server.faults["/a"] = CONTENT, "wrong range"
    with pytest.raises(ConnectionError, match="asked for byte 1000 on, got bytes 0-255999/256000"):
        get(server, target, "/a")


def test_a_complete_part_is_only_verified(server, target, part):
    part.write_bytes(CONTENT)
    server.files["/a"] = CONTENT
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("rubbish", [b"rubbish", bytes(len(CONTENT)), bytes(len(CONTENT) + 1)])
def test_a_part_of_another_file_is_thrown_away(server, target, part, rubbish):
    part.write_bytes(rubbish)
    server.files["/a"] = server.files["/b"] = CONTENT
    get(server, target, "/a", "/b")
    assert target.read_bytes() == CONTENT
    assert not part.exists()


def test_a_stream_of_unannounced_length_stops_at_the_limit(server, target):
    server.files["/a"], server.faults["/a"] = CONTENT, "no length"
    with pytest.raises(ConnectionError, match="more bytes than the expected 100000 at most"):
        get(server, target, "/a", limit=100_000)
    assert list(target.parent.iterdir()) == []


def test_nothing_but_https_is_allowed(target):
    assert module.SCHEMES == ("https",)
    for url in "http://127.0.0.1:9/a", "ftp://127.0.0.1/a", "file:///etc/hosts":
        with pytest.raises(ConnectionError, match=f"refused to open {url}: only https"):
            download([url], target, verify, 1000)


def test_offline_means_that_no_request_leaves(server, target, monkeypatch):
    server.files["/a"] = CONTENT
    monkeypatch.setenv("MINIGAN_OFFLINE", "1")
    with pytest.raises(ConnectionError, match="MINIGAN_OFFLINE is set"):
        get(server, target, "/a")
    assert server.requests == []

    monkeypatch.setenv("MINIGAN_OFFLINE", "0")
    get(server, target, "/a")
    assert target.exists()
