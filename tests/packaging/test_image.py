"""The Dockerfile copies what the wheel holds, installs by hash, and runs as nobody special."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from config import Settings
from tests.packaging.project import ROOT, commands, included, pyproject

SOURCE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction, with its continued lines joined."""

    name: str
    text: str


def instructions() -> list[Instruction]:
    lines = [line for line in SOURCE.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [
        Instruction(name=name, text=text)
        for name, _, text in (line.partition(" ") for line in joined.splitlines())
    ]


def all_of(name: str) -> list[str]:
    return [each.text for each in instructions() if each.name == name]


def test_base_is_pinned_and_of_a_python_that_is_supported() -> None:
    stages = all_of("FROM")

    assert len(stages) == 2
    assert len({stage.removesuffix(" AS build") for stage in stages}) == 1
    base = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-\w+", stages[-1])
    assert base
    least = re.fullmatch(r">=3\.(\d+)", pyproject()["project"]["requires-python"])
    assert least
    assert int(base[1]) >= int(least[1])


def test_copies_all_that_the_wheel_holds() -> None:
    copied = {source for text in all_of("COPY") for source in text.split()[:-1]}
    project = pyproject()["project"]

    assert copied >= {*included(), "pyproject.toml", project["readme"], *project["license-files"]}
    for source in copied - {"--from=build", "/opt/keepdate"}:
        assert (ROOT / source).exists(), source


def test_context_holds_all_that_is_copied() -> None:
    let_in = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {source for text in all_of("COPY") for source in text.split()[:-1]}
    here = {source for source in copied if not source.startswith(("--", "/", "requirements/"))}

    assert here <= let_in
    assert "requirements/*.txt" in let_in


def test_everything_is_installed_by_hash() -> None:
    for text in all_of("RUN"):
        if "install" in text or "build" in text:
            assert "--require-hashes" in text or "--no-deps /wheels/" in text, text


def test_requirements_bring_no_embedded_server_and_no_development_tools() -> None:
    (installed,) = [text for text in all_of("RUN") if "requirements/runtime.txt" in text]
    assert "dev.txt" not in installed
    locked = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    project = pyproject()
    unwanted = {
        re.split(r"[\[<>=;]", requirement)[0]
        for requirement in (
            *project["project"]["optional-dependencies"]["embedded"],
            *project["dependency-groups"]["dev"],
        )
    }

    assert names
    assert not names & unwanted


def test_runs_as_a_fixed_user_that_is_not_root() -> None:
    users = [each.text for each in instructions() if each.name == "USER"]

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1])
    after = [each.name for each in instructions()]
    assert "RUN" not in after[after.index("USER") :]


def test_process_gets_its_signals_itself() -> None:
    (entry,), (command,) = all_of("ENTRYPOINT"), all_of("CMD")
    (script,) = pyproject()["project"]["scripts"]

    assert json.loads(entry) == [script]
    assert set(json.loads(command)) <= commands()


def test_health_is_asked_of_the_port_that_the_api_listens_on() -> None:
    (health,) = all_of("HEALTHCHECK")
    probe = json.loads(health[health.index("[") :])

    compile(probe[-1], "probe", "exec")
    assert f"http://127.0.0.1:{Settings().http_port}/healthz" in probe[-1]


def test_variables_and_ports_are_the_settings_own() -> None:
    known = {f"KEEPDATE_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bKEEPDATE_[A-Z_]+", " ".join(all_of("ENV"))))
    (exposed,) = all_of("EXPOSE")

    assert named
    assert named <= known
    assert exposed.split() == [str(Settings().http_port), str(Settings().metrics_port)]
