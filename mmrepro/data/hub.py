"""Weights from the Hugging Face hub: one commit of a repository, held against the hub's own checksums.

The hub's client answers what there is and who may have it. The bytes come by our own transfers, since the
client begins a file anew when its process was killed, and weights have gigabytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from mmrepro.data.environment import OFFLINE_VARIABLE, cache_folder, offline
from mmrepro.data.errors import SourceError
from mmrepro.data.transfer import download
from mmrepro.errors import MMReproError, no_place
from mmrepro.files import sha256_file, write_atomic

if TYPE_CHECKING:
    from huggingface_hub import HfApi, RepoFile

_BESIDE = ("*.json", "*.txt", "*.model")  # configuration, tokenizer, processor
_LISTING = ".verified"  # name -> bytes of what was brought and held against the hub's checksums


@dataclass(frozen=True)
class Repository:
    """A repository of the hub, and which of its files a chapter takes.

    Attributes
    ----------
    name, revision
        As the hub spells them; the revision is a commit, or a branch where no commit is known to us.
    file
        Which file the variable of the data set is to name.
    weights
        Pattern of the weights; the same weights in other formats are left out.
    """

    name: str
    revision: str
    file: str
    weights: str = "*.safetensors"

    @property
    def folder(self) -> Path:
        """Where its files are kept."""
        return cache_folder() / "hub" / self.name.replace("/", "--") / self.revision

    def wants(self, path: str) -> bool:
        """Say whether a file of the repository is brought; folders hold none of those."""
        return "/" not in path and any(fnmatchcase(path, like) for like in (*_BESIDE, self.weights))


# Variable of a data set -> where the hub has it. In two of them only the older format is part of the commit.
REPOSITORIES = {
    "MMREPRO_BERT": Repository(
        "google-bert/bert-base-cased", "cd5ef92a9fb2f889e972770a36d4ed042daf221e", "model.safetensors"
    ),
    "MMREPRO_CLIP": Repository(
        "openai/clip-vit-base-patch32",
        "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
        "pytorch_model.bin",
        "pytorch_model.bin",
    ),
    "MMREPRO_MBERT": Repository(
        "google-bert/bert-base-multilingual-cased",
        "3f076fdb1ab68d5b2880cb87a0886f315b8146f8",
        "model.safetensors",
    ),
    "MMREPRO_PLIP": Repository(
        "vinid/plip",
        "67ade53ddd32195868f422585f72698ef5d15094",
        "pytorch_model.bin",
        "pytorch_model.bin",
    ),
    "MMREPRO_QWEN2_VL": Repository(
        "Qwen/Qwen2-VL-2B-Instruct", "895c3a49bc3fa70a340399125c650a463535e71c", "config.json"
    ),
    "MMREPRO_T5": Repository(
        "google-t5/t5-base", "a9723ea7f1b39c1eae772870f3b547bf6ef7e6c1", "model.safetensors"
    ),
    "MMREPRO_TARSIER2": Repository("omni-research/Tarsier2-Recap-7b", "main", "config.json"),
}


def bring(repository: Repository) -> Path:
    """Bring the wanted files of a repository, or what is missing of them, and return the one to name.

    Every file is held against the checksum that the hub lists. What an interrupted transfer brought is
    continued the next time. Offline, what was brought before is returned.

    Raises
    ------
    MMReproError
        When the hub cannot be reached, has no such repository or revision, asks for terms to be accepted,
        or delivers other files than it lists; and when they cannot be kept.
    """
    from huggingface_hub import HfApi

    if offline():
        return _brought_before(repository)
    # Asked now: the library reads the variable once, when it is imported.
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    with _told_in_a_sentence(repository):
        repository.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(repository.folder / ".lock"):
            listed = _listed(api, repository)
            for file in listed:
                if not _fits(repository.folder / file.path, file):
                    _transfer(api, repository, file)
            sizes = {file.path: file.size for file in listed}
            write_atomic(repository.folder / _LISTING, json.dumps(sizes))
    return _named(repository)


def _listed(api: HfApi, repository: Repository) -> list[RepoFile]:
    from huggingface_hub import RepoFile

    tree = api.list_repo_tree(repository.name, revision=repository.revision)
    return [entry for entry in tree if isinstance(entry, RepoFile) and repository.wants(entry.path)]


def _transfer(api: HfApi, repository: Repository, file: RepoFile) -> None:
    from huggingface_hub import get_token, hf_hub_url

    url = hf_hub_url(repository.name, file.path, revision=repository.revision, endpoint=api.endpoint)
    api.get_hf_file_metadata(url=url)  # says why, where the file is not for us
    target = repository.folder / file.path
    part = target.with_name(f"{file.path}.{file.blob_id[:12]}.part")
    if not _fits(part, file):  # a process may have been killed before it gave the whole file its name
        download(url, part, file.size, file.lfs.sha256 if file.lfs else None, get_token())
    if not _fits(part, file):
        part.unlink()
        raise SourceError(f"{file.path} is not the file that the hub lists")
    part.replace(target)


def _fits(path: Path, file: RepoFile) -> bool:
    """Hold a file against what the hub lists: SHA-256 of large files, git's own hash of small ones."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    if file.lfs:
        return sha256_file(path) == file.lfs.sha256
    return hashlib.sha1(b"blob %d\0" % file.size + path.read_bytes()).hexdigest() == file.blob_id


def _brought_before(repository: Repository) -> Path:
    try:
        sizes = json.loads((repository.folder / _LISTING).read_bytes())
        whole = all((repository.folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        whole = False
    if not whole:
        raise MMReproError(
            f"{repository.name} is not in {repository.folder}, and {OFFLINE_VARIABLE} is set; unset it, or "
            "copy that folder from a machine that has it."
        )
    return _named(repository)


def _named(repository: Repository) -> Path:
    path = repository.folder / repository.file
    if not path.is_file():
        raise MMReproError(
            f"{repository.name} has no {repository.file} at revision {repository.revision}; name a copy of "
            "your own instead."
        )
    return path


@contextmanager
def _told_in_a_sentence(repository: Repository) -> Iterator[None]:
    from httpx2 import HTTPError
    from huggingface_hub import errors

    name = repository.name
    unseen = f"The hub shows no {name} to you; where it is private, put a token with access into HF_TOKEN"
    try:
        yield
        return
    except errors.GatedRepoError:
        told = (
            f"{name} is gated: accept its terms at https://huggingface.co/{name}, then put a token of your "
            "account into HF_TOKEN"
        )
    except errors.RepositoryNotFoundError:
        told = unseen
    except errors.RevisionNotFoundError:
        told = f"{name} has no revision {repository.revision}; name a copy of your own instead"
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        told = (
            unseen if status in (401, 403, 404) else f"The hub answers {status} for {name}; try again later"
        )
    except HTTPError as error:
        told = f"The hub cannot be reached for {name} ({error}); connect to the network and ask again"
    except SourceError as error:
        told = f"{name} could not be brought ({error}); ask again, and what is here already is kept"
    except OSError as error:
        reason = no_place(error)
        if reason is None:
            raise
        told = f"{name} cannot be kept ({reason}); set MMREPRO_DATA to another folder"
    raise MMReproError(f"{told}.") from None
