"""Runs a copy of a documented sample with the tool it was written for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server import Server

_SAMPLES = Path(__file__).parent
_RUN_SECONDS = 120.0

# An import that nothing uses is an error in Go, and the documents print these two so.
UNUSED_IN_GO = {
    "go/track.go": {'\t"encoding/json"\n': ""},
    "go/list.go": {'\t"bytes"\n': ""},
}


@dataclass(frozen=True)
class Run:
    """What a sample wrote, and how the server answered its requests."""

    stdout: str
    stderr: str
    answers: list[str]


@dataclass(frozen=True)
class SampleRunner:
    """Puts server, key and workspace into samples and runs them in a folder of their own."""

    server: Server
    workspace_id: str
    token: str
    folder: Path
    cache: Path

    def run(
        self,
        name: str,
        *,
        requests: int = 1,
        replacing: Mapping[str, str] | None = None,
        appended: str = "",
        fails: bool = False,
    ) -> Run:
        """Run tests/samples/<name> with lines appended; `requests` is how many it sends."""
        text = self._text(name, replacing or {}) + appended
        script = self.folder / f"sample{Path(name).suffix}"
        script.write_text(text)
        command = self._command(script)
        before = self.server.count_answers()
        result = self._execute(command)
        assert (result.returncode != 0) == fails, result.stdout + result.stderr
        answers = self.server.answers_after(before, requests)
        return Run(result.stdout, result.stderr, answers)

    def _text(self, name: str, replacing: Mapping[str, str]) -> str:
        text = (_SAMPLES / name).read_text()
        for old, new in {**replacing, **UNUSED_IN_GO.get(name, {})}.items():
            assert old in text, f"{name} does not contain {old!r}"
            text = text.replace(old, new)
        for old, new in self._access().items():
            text = text.replace(old, new)
        return text

    def _access(self) -> dict[str, str]:
        """Return what stands in the documents for scheme, host, token and workspace."""
        tokens = ["YOUR_API_TOKEN", "YOUR_API_KEY", "your_api_key"]
        tokens += ["ws_live_abc12345_abc123.your_secret_here"]
        return {
            "https://api.flameup.ai": self.server.url,
            "https://api.appizer.com": self.server.url,
            "http.use_ssl = true": "http.use_ssl = false",
            **dict.fromkeys(tokens, self.token),
            "ws_abc123": self.workspace_id,
            "/workspaces/example_string/": f"/workspaces/{self.workspace_id}/",
        }

    def _command(self, script: Path) -> list[str]:
        match script.suffix:
            case ".py":
                return [sys.executable, str(script)]
            case ".sh":
                need("curl")
                return [need("bash"), "-e", str(script)]
            case ".go":
                return self._build(script)
            case ".mjs":
                return [need("node"), str(script)]
            case ".rb":
                return [need("ruby"), str(script)]
        raise ValueError(f"no tool for {script.name}")

    def _build(self, script: Path) -> list[str]:
        program = script.with_suffix("")
        result = self._execute([need("go"), "build", "-o", str(program), str(script)])
        assert result.returncode == 0, result.stderr
        return [str(program)]

    def _execute(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "GOCACHE": str(self.cache / "go"),
            "GOFLAGS": "-mod=mod",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_RUN_SECONDS,
            cwd=self.folder,
            env=environment,
        )


def need(tool: str) -> str:
    """Return the tool's path, or skip the test."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


def link_axios(folder: Path) -> None:
    """Let the modules in the folder import axios, or skip the test.

    The environment variable FLAMEUP_NODE_MODULES names the `node_modules` to take it from.
    """
    modules = os.environ.get("FLAMEUP_NODE_MODULES", "")
    if not modules or not (Path(modules) / "axios").is_dir():
        pytest.skip("axios is not installed in a folder that FLAMEUP_NODE_MODULES names")
    (folder / "node_modules").symlink_to(modules)
