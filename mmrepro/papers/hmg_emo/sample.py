"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from mmrepro.data.store import locate
from mmrepro.papers.hmg_emo.emotify import EMOTIONS
from mmrepro.papers.hmg_emo.tracks import GENRES, TAGS

_TRACKS, _EACH, _FRAMES, _SIDE = 400, 100, 4, 64
_LISTENERS, _ANSWERS = 90, 2600
_LANGUAGES = ("English", "Dutch", "Russian", "German", "Esperanto")


def _tracks() -> pd.DataFrame:
    """List the tracks as info.csv does, with the loudness of the real ones where only those are at hand.

    Columns genre, file, `track` (as the answers number it) and `listed` (as feature files do).
    """
    spelled = sorted(GENRES)
    table = pd.DataFrame({"genre": np.repeat(spelled, _EACH), "file": np.tile(np.arange(1, _EACH + 1), 4)})
    table["listed"] = np.arange(1, _TRACKS + 1)
    table["track"] = table["genre"].map(GENRES.index) * _EACH + table["file"]
    table["loudness"] = np.random.default_rng(0).uniform(0.02, 0.25, _TRACKS).round(6)
    table["slow"] = np.random.default_rng(5).uniform(0.01, 0.9, _TRACKS)
    real, audio = locate("hmg-emo", "emotify"), locate("hmg-emo", "emotify_audio")
    if real:
        known = pd.read_csv(real.path("emotify/info.csv")).set_index("Track ID")["Mean absolute amplitude"]
        table["loudness"] = table["listed"].map(known)
    elif audio:
        known = pd.read_csv(audio.path("emotify/handcrafted.csv")).set_index("track_id")["rms_mean"]
        table["loudness"] = table["listed"].map(known) / 1.3
    return table


def _taste() -> np.ndarray:
    """Return how much each emotion belongs to each genre, (genres, emotions)."""
    return np.random.default_rng(1).normal(scale=1.2, size=(len(GENRES), len(EMOTIONS)))


def write_emotify(folder: Path) -> None:
    """Write generated answers, track facts and tag probabilities, with the flaws that the real files have."""
    home = folder / "emotify"
    home.mkdir(parents=True, exist_ok=True)
    table, rng = _tracks(), np.random.default_rng(2)
    # The rows of info.csv go by genre and then by spelling: 1, 10, 100, 11.
    order = table.assign(file=table["file"].astype(str)).sort_values(["genre", "file"]).index.to_numpy()
    info = pd.DataFrame(
        {
            "Track ID": table["listed"], "Genre": table["genre"],
            "Filename": table["file"].astype(str) + ".mp3", "Duration": 60.0,
            "Sample rate": 44100.0, "Max absolute amplitude": 0.9,
            "Mean absolute amplitude": table["loudness"],
        }
    )  # fmt: skip
    info.iloc[order].to_csv(home / "info.csv", index=False)
    tags = rng.uniform(0.01, 0.05, (_TRACKS, _FRAMES, len(TAGS)))
    for tag, genre in (("classical", "classical"), ("techno", "electronic"), ("rock", "rock")):
        tags[table["genre"] == genre, :, TAGS.index(tag)] += 0.5
    for tag, column in (("loud", "loudness"), ("slow", "slow")):
        tags[:, :, TAGS.index(tag)] = table[column].to_numpy()[:, None]
    tags[5, 1:], tags[210, 2:] = np.nan, np.nan
    np.save(home / "musicnn_taggram_array.npy", tags[order])
    _answers(table, rng).to_csv(home / "data.csv", index=False)


def _answers(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    people = pd.DataFrame(
        {
            "mood": rng.integers(1, 6, _LISTENERS), "age": rng.integers(14, 70, _LISTENERS),
            "gender": rng.integers(0, 2, _LISTENERS), "mother tongue": rng.choice(_LANGUAGES, _LISTENERS),
        }
    )  # fmt: skip
    habit = rng.normal(scale=0.8, size=(_LISTENERS, len(EMOTIONS)))
    # Evenly spaced tracks are what profile smoke keeps; they get most answers.
    table = table.sort_values("track").reset_index(drop=True)
    spaced = np.linspace(0, _TRACKS - 1, 40).round().astype(int)
    frequent, any_track = rng.choice(spaced, _ANSWERS), rng.integers(0, _TRACKS, _ANSWERS)
    tracks = np.where(rng.random(_ANSWERS) < 0.7, frequent, any_track)
    listeners = rng.integers(0, _LISTENERS, _ANSWERS)
    genres = table["genre"].map(GENRES.index).to_numpy()[tracks]
    appeal = _taste()[genres] + habit[listeners] + rng.gumbel(size=(_ANSWERS, len(EMOTIONS)))
    appeal[:, EMOTIONS.index("calmness")] += 8 * (np.log(table["slow"].to_numpy()[tracks]) + 1)
    ticks = (appeal.argsort(1).argsort(1) >= len(EMOTIONS) - rng.integers(1, 4, (_ANSWERS, 1))).astype(int)
    ticks[::500] = 0  # as in the real file, some answers tick nothing
    frame = pd.DataFrame(
        {"track id": table["track"].to_numpy()[tracks], "genre": table["genre"].to_numpy()[tracks]}
    )
    frame = pd.concat([frame, pd.DataFrame(ticks, columns=list(EMOTIONS))], axis=1)
    chosen = people.iloc[listeners].reset_index(drop=True)
    chosen.loc[7, "age"] = 99
    frame = frame.assign(mood=chosen["mood"], liked=rng.integers(0, 2, _ANSWERS), disliked=0)
    frame = pd.concat([frame, chosen[["age", "gender", "mother tongue"]]], axis=1)
    return pd.concat([frame, frame.iloc[10:40]])  # repeats, as in the real file


def write_audio(folder: Path) -> None:
    """Write generated hand-crafted features and mel images that follow genre and loudness."""
    home = folder / "emotify"
    home.mkdir(parents=True, exist_ok=True)
    table, rng = _tracks(), np.random.default_rng(3)
    genres = table["genre"].map(GENRES.index).to_numpy()
    sheet = pd.DataFrame({"track_id": table["listed"], "genre": table["genre"]})
    for number in range(12):
        sheet[f"mfcc{number}_mean"] = genres * (number % 3) + rng.normal(size=_TRACKS)
    sheet["rms_mean"] = 1.3 * table["loudness"]
    sheet.round(5).to_csv(home / "handcrafted.csv", index=False)
    bright = 40 + 600 * table["loudness"].to_numpy()[:, None, None] + 10 * genres[:, None, None]
    images = np.clip(bright + rng.normal(scale=20, size=(_TRACKS, _SIDE, _SIDE)), 0, 255).astype(np.uint8)
    np.savez_compressed(home / "melspec64.npz", track_id=table["listed"].to_numpy(), image=images)


def write_scenes(folder: Path) -> None:
    """Write generated ratings in which a person's level counts for more than the scene's."""
    home = folder / "movie_scenes"
    home.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(4)
    raters, scenes = np.divmod(np.arange(16 * 24), 24)
    raters, scenes = np.append(raters, raters[:40]), np.append(scenes, scenes[:40])
    level = rng.normal(45, 18, 16)[raters] + rng.normal(0, 8, 24)[scenes] + rng.normal(0, 10, len(raters))
    frame = pd.DataFrame(
        {
            "ID": 100 + raters, "clip_item": [f"Generated film (2000) {scene}" for scene in scenes],
            "emotional_rating": np.clip(level, 0, 100).round().astype(int), "rating_RT": 1500,
        }
    )  # fmt: skip
    frame.to_csv(home / "scenes_emotional_ratings.csv", index=False)


SAMPLES: dict[str, Callable[[Path], None]] = {
    "emotify": write_emotify,
    "emotify_audio": write_audio,
    "movie_scenes": write_scenes,
}
