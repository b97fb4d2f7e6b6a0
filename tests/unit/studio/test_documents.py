"""Files, folders and batches become documents; what cannot be read stops nothing else."""

import json
import os
from pathlib import Path

import pytest

from services.studio.complaints import Complaint, Rejected
from services.studio.documents import DOCUMENT_BYTES, Document, read_documents


def read(*paths: Path) -> tuple[list[Document], list[Complaint]]:
    found = list(read_documents(paths))
    documents = [each for each in found if isinstance(each, Document)]
    return documents, [c for each in found if isinstance(each, Rejected) for c in each.complaints]


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    written(tmp_path / "2.json", '{"name": "b"}')
    written(tmp_path / "1.yaml", "name: a")
    written(tmp_path / "notes.txt", "not an order")
    (tmp_path / "channels").mkdir()
    documents, complaints = read(tmp_path)
    assert [document.fields["name"] for document in documents] == ["a", "b"]
    assert not complaints


def test_a_broken_line_of_a_batch_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    batch = written(tmp_path / "b.jsonl", '{"name": "a"}\n\n{"name": \n{"name": "c"}\n')
    documents, complaints = read(batch)
    assert [document.fields["name"] for document in documents] == ["a", "c"]
    assert [(c.line, c.reason) for c in complaints] == [(3, "JSON_INVALID")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": NaN}', "JSON_INVALID"),
        ('{"a": 1, "a": 2}', "FIELD_DUPLICATE"),
        ("[1]", "ORDER_NOT_A_MAPPING"),
        ('{"a": ' + "[" * 100_000, "NESTING_TOO_DEEP"),
        ('{"a": ' + "9" * 5000 + "}", "JSON_INVALID"),
        ("", "JSON_INVALID"),
    ],
)
def test_json_that_no_order_can_be_made_of(tmp_path: Path, text: str, reason: str) -> None:
    _, complaints = read(written(tmp_path / "o.json", text))
    assert [complaint.reason for complaint in complaints] == [reason]


def test_a_byte_order_mark_is_no_matter_and_other_encodings_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfname: a")
    (tmp_path / "b.yaml").write_bytes("name: Größe".encode("latin-1"))
    documents, complaints = read(tmp_path)
    assert len(documents) == 1
    assert complaints[0].reason == "TEXT_NOT_UTF8"


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "o.yaml")
    _, complaints = read(tmp_path / "o.yaml")
    assert complaints[0].reason == "ASSET_NOT_REGULAR"


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    big = written(tmp_path / "o.json", json.dumps({"script": "x" * DOCUMENT_BYTES}))
    _, complaints = read(big, tmp_path / "missing.yaml", tmp_path / "o.txt")
    assert [c.reason for c in complaints] == [
        "ASSET_TOO_LARGE",
        "ASSET_NOT_FOUND",
        "ASSET_NOT_FOUND",
    ]


def test_an_empty_folder_and_a_strange_ending_are_complaints(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    strange = written(tmp_path / "o.docx", "x")
    _, complaints = read(tmp_path / "empty", strange)
    assert [c.reason for c in complaints] == ["ORDER_FOLDER_EMPTY", "ORDER_TYPE_UNSUPPORTED"]
