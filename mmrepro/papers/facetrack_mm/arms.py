"""The systems that are compared: what each one is shown, in how many tokens, and whose face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mmrepro.papers.facetrack_mm.scene import EXPRESSIONS, Clips, told_events

Whose = Literal["true", "detected", "wrong"]


@dataclass(frozen=True)
class Arm:
    """A captioner and what it is shown.

    Attributes
    ----------
    parts
        Parts of a whole frame, each a token; 0 leaves the whole picture out.
    face_share
        Face tokens a frame: 1, or 1/3 for one token in three frames; 0 for none.
    whose
        Whose boxes the face branch follows: the main character's as drawn, as detected and tracked, or those
        of the person beside it.
    """

    name: str
    parts: int = 1
    face_share: float = 0.0
    whose: Whose = "detected"

    def whole_tokens(self, frames: int) -> int:
        """Return the tokens of the whole picture in a clip."""
        return self.parts * frames

    def face_tokens(self, frames: int) -> int:
        """Return the tokens of the face in a clip."""
        return round(self.face_share * frames)

    def tokens(self, frames: int) -> int:
        """Return all visual tokens in a clip."""
        return self.whole_tokens(frames) + self.face_tokens(frames)


WHOLE = Arm("whole picture")
MORE_WHOLE = Arm("whole picture, twice the tokens", parts=2)
FACE = Arm("whole picture + face", face_share=1.0)
TRUE_FACE = Arm("whole picture + face, true boxes", face_share=1.0, whose="true")
WRONG_FACE = Arm("whole picture + another's face", face_share=1.0, whose="wrong")
FEW_FACE = Arm("whole picture + few face tokens", face_share=1 / 3)
FACE_ONLY = Arm("face alone", parts=0, face_share=1.0)
FOUR_WHOLE = Arm("whole picture, four times the tokens", parts=4)
BLIND = Arm("sees nothing", parts=0)
ARMS = (WHOLE, MORE_WHOLE, FOUR_WHOLE, FACE, TRUE_FACE, WRONG_FACE, FEW_FACE, FACE_ONLY, BLIND)
CONSTANT = "one constant caption"


def constant_caption(clips: Clips) -> str:
    """Return the caption that a system would give to every clip if it could only give one.

    The most frequent number of events, filled with the most frequent expressions in the order of how early
    they come on average: chosen on the training clips.
    """
    captions = [told_events(text) for text in clips.captions()]
    lengths = [len(events) for events in captions]
    number = max(sorted(set(lengths)), key=lengths.count)
    names = sorted({name for events in captions for name in events})
    counts = {name: sum(name in events for events in captions) for name in names}
    chosen = sorted(names, key=lambda name: -counts[name])[:number]
    places = {
        name: [events.index(name) / len(events) for events in captions if name in events] for name in chosen
    }
    return " then ".join(sorted(chosen, key=lambda name: sum(places[name]) / len(places[name])))


def exhaustive_caption(repeats: int) -> str:
    """Return a caption that tells every expression there is, in one order, `repeats` times over.

    Any script of as many events can be picked out of it in its right order.
    """
    return " then ".join(list(EXPRESSIONS) * repeats)
