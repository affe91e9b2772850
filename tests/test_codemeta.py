"""What machines read about the project: codemeta.json and CITATION.cff, against pyproject.toml."""

import json
import re
import tomllib
from datetime import date

import pytest
import yaml
from packaging.licenses import canonicalize_license_expression

from mmrepro.data.licence import licence_url
from tests.conftest import HERE

PYPROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
CODEMETA = json.loads((HERE / "codemeta.json").read_text())
# The required keys of CFF 1.2.0 and those that it knows beside them (its schema.json).
CFF_REQUIRED = {"authors", "cff-version", "message", "title"}
CFF_KNOWN = CFF_REQUIRED | {
    "abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license",
    "license-url", "preferred-citation", "references", "repository", "repository-artifact",
    "repository-code", "type", "url", "version",
}  # fmt: skip


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((HERE / "CITATION.cff").read_text())


def test_codemeta_is_of_version_3():
    assert CODEMETA["@context"] == "https://w3id.org/codemeta/3.0"
    assert CODEMETA["@type"] == "SoftwareSourceCode"


def test_codemeta_agrees_with_the_package(citation):
    assert CODEMETA["identifier"] == PYPROJECT["name"]
    assert CODEMETA["description"] == PYPROJECT["description"]
    assert CODEMETA["version"] == PYPROJECT["version"]
    assert CODEMETA["license"] == licence_url(PYPROJECT["license"])
    assert [author["name"] for author in CODEMETA["author"]] == [
        each["name"] for each in PYPROJECT["authors"]
    ]
    (language,) = {line.split(" :: ")[1] for line in PYPROJECT["classifiers"] if "Language" in line}
    assert CODEMETA["programmingLanguage"] == language
    (needed,) = CODEMETA["softwareRequirements"]
    assert (needed["name"], needed["version"]) == (language, PYPROJECT["requires-python"])


def test_codemeta_agrees_with_the_citation(citation):
    assert CODEMETA["name"] == citation["title"]
    assert CODEMETA["version"] == citation["version"]
    assert CODEMETA["license"] == licence_url(citation["license"])
    assert CODEMETA["datePublished"] == str(citation["date-released"])
    assert CODEMETA["keywords"] == citation["keywords"]
    told = [{"@type": "Organization", "name": author["name"]} for author in citation["authors"]]
    assert CODEMETA["author"] == told


def test_the_citation_has_what_its_format_demands(citation):
    assert set(citation) >= CFF_REQUIRED
    assert set(citation) <= CFF_KNOWN
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in ("software", "dataset")
    texts = [citation[name] for name in ("message", "title", "abstract", "version")]
    assert all(isinstance(text, str) and text.strip() for text in texts)
    assert isinstance(citation["date-released"], date)
    assert re.search(r"^date-released: \d{4}-\d\d-\d\d$", (HERE / "CITATION.cff").read_text(), re.MULTILINE)
    assert canonicalize_license_expression(citation["license"]) == citation["license"]
    assert len(set(citation["keywords"])) == len(citation["keywords"]) > 0
    # An entity has a name; a person would have family-names or an alias instead.
    assert citation["authors"] and all(
        set(author) == {"name"} and author["name"] for author in citation["authors"]
    )
