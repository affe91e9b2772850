"""A chapter's step in all its variants: plain, each optimisation alone, and all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence

import torch
from isolated import Row, sentence
from measure import (
    BF16,
    COMPILED,
    Case,
    Numbers,
    Step,
    differences,
    operations,
    peak_bytes,
    rates,
    seconds,
)

from mmrepro.errors import MMReproError


class Variants:
    """The variants of a case's step on one device.

    Parameters
    ----------
    examples
        Most examples of a batch.
    least
        Least seconds that a step is repeated for.
    most
        FLOP/s of a matrix product, by the kind of numbers.
    """

    def __init__(
        self, case: Case, device: torch.device, examples: int, least: float, most: Mapping[str, float]
    ) -> None:
        self.case, self.device, self.least, self.most = case, device, least, most
        self.count, row, self.right = self._plain(examples)
        self.plain_s: float = row["step_s"]
        self.flops = operations(Step(case, self.count, device, ()).backward)
        self.plain = {"with": []} | row | self._rates(self.plain_s, ())
        release()

    def rows(self, compiling: bool, until: float) -> Iterator[Row]:
        """Yield a row a variant; none is begun after `until`, on the clock of `time.monotonic`."""
        yield self.plain
        usable = []
        for switch in self.case.switches():
            if switch == COMPILED and not compiling:
                yield {"with": [switch], "left_out": "Compiling is left out, unless --compile asks for it."}
                continue
            row = self._row((switch,), until)
            yield row
            usable += [switch] if "step_s" in row else []
        if len(usable) > 1:
            yield self._row(usable, until)

    def _plain(self, examples: int) -> tuple[int, Row, Numbers]:
        """Measure the plain step on as many examples as the memory holds, half as many at each attempt."""
        while examples:
            try:
                return examples, *self._measured(examples, ())
            except torch.OutOfMemoryError:
                examples //= 2
            release()
        raise MMReproError("The memory of the device does not hold the plain step of one example.")

    def _row(self, switches: Sequence[str], until: float) -> Row:
        row: Row = {"with": list(switches)}
        if time.monotonic() > until:
            return row | {"left_out": "The time of this chapter was spent."}
        try:
            found, numbers = self._measured(self.count, switches)
            row |= found | self._rates(found["step_s"], switches) | differences(self.right, numbers)
        except Exception as error:  # noqa: BLE001 - whatever one variant raises is told, and the next is tried
            row["left_out"] = sentence(error)
        release()
        return row

    def _measured(self, count: int, switches: Sequence[str]) -> tuple[Row, Numbers]:
        """Measure seconds and memory of a step, and loss and gradients before the first."""
        step = Step(self.case, count, self.device, switches)
        numbers = step.numbers()
        return {"step_s": seconds(step, self.least), "peak_bytes": peak_bytes(step, self.device)}, numbers

    def _rates(self, step_s: float, switches: Sequence[str]) -> dict[str, float]:
        most = self.most["bfloat16" if BF16 in switches else "float32"]
        return rates(step_s, self.flops, self.count, most, self.plain_s)


def release() -> None:
    """Give back the memory of a step that is over."""
    gc.collect()
    torch.cuda.empty_cache()
