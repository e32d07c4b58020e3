"""The OpenAPI document tells the truth: what it says is generated, sent and compared."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.factories import EventFactory

# What is valid by the document may still be refused, such as a control character in a name. All
# else holds: no 500, and no status, media type or body that the document does not know.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
# Few, for a quick suite; more find more.
EXAMPLES = os.environ.get("FLAMEUP_TEST_EXAMPLES", "4")
PHASES = "examples,fuzzing" if EXAMPLES == "4" else "examples,coverage,fuzzing,stateful"
CONFIGURATION = """
[parameters]
"path.workspace_id" = "{workspace}"
"path.person_id" = "{person}"
"path.event_id" = "{event}"
"""


def test_both_documents_say_the_same(call):
    as_json = call("GET", "/openapi.json", Authorization=None).json()
    assert yaml.safe_load(call("GET", "/openapi.yaml", Authorization=None).body) == as_json


# With one server, because it takes long.
@pytest.mark.parametrize("server", [True], ids=["edge"], indirect=True)
def test_no_answer_is_outside_the_document(server, workspace, token, tmp_path):
    event = EventFactory(workspace=workspace)
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(
        CONFIGURATION.format(
            workspace=workspace.public_id, person=event.person_id, event=f"evt_{event.id.hex}"
        )
    )
    command = [str(Path(sys.executable).with_name("schemathesis"))]
    command += ["--config-file", str(configuration), "run", f"{server.url}/openapi.yaml"]
    command += ["--header", f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS)]
    command += ["--phases", PHASES]
    command += ["--max-examples", EXAMPLES, "--workers", "1", "--seed", "1", "--no-color"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert "14 selected" in run.stdout
