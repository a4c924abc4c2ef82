"""A stage's stream time where it takes more than a minimum: idle partitions, and what retreats.

From the design. S(q) is the highest stream time heard of input partition q; S is the minimum over
all q and never retreats. An idle q is left out until its next record, but only for records appended
within twice the idle timeout of its last idle record. With several input topics S is the least of
the topics' own, none of which retreats; a topic whose q are all idle holds nothing back. When all
are idle, S is the highest S(q) plus the shortest of their idle times.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from app.audit.states import NEVER_MS


class Clock:
    """Stream time of one stage in one partition.

    Attributes:
        s_ms: Stream time, in epoch ms.
    """

    def __init__(
        self, topics: Sequence[Sequence[str]], valid_ms: int, heard: Mapping[str, int]
    ) -> None:
        """Begin where nobody was ever idle.

        Args:
            topics: The input partitions of each input topic.
            valid_ms: How long an idle record holds.
            heard: Stream times heard so far, by input partition.
        """
        self._topics = topics
        self._valid_ms = valid_ms
        self._heard = dict(heard)
        self._idle: dict[str, tuple[int, int]] = {}
        self._least = [self._lowest(topic) for topic in topics]
        self.s_ms = min(self._least)

    def record(self, q: str, stream_ms: int, at_ms: int) -> int:
        """Hear of q by a record or a watermark record, appended at some time.

        Returns:
            Stream time after it.
        """
        before_ms = self._heard.get(q, NEVER_MS)
        self._heard[q] = max(before_ms, stream_ms)
        if self._idle or before_ms <= self.s_ms:  # else q does not hold the minimum
            self._idle.pop(q, None)
            self._advance(at_ms)
        return self.s_ms

    def idle(self, q: str, stream_ms: int, idle_ms: int, at_ms: int) -> None:
        """Hear that q has been idle for so long."""
        self._advance(at_ms)
        self._heard[q] = max(self._heard.get(q, NEVER_MS), stream_ms)
        self._idle[q] = idle_ms, at_ms
        self._advance(at_ms)

    def _lowest(self, partitions: Sequence[str]) -> int:
        return min(self._heard.get(q, NEVER_MS) for q in partitions)

    def _advance(self, at_ms: int) -> None:
        sleeping = {
            q for q, (_, told_ms) in self._idle.items() if told_ms + self._valid_ms >= at_ms
        }
        times = []
        for number, partitions in enumerate(self._topics):
            awake = [q for q in partitions if q not in sleeping]
            if awake:
                self._least[number] = max(self._least[number], self._lowest(awake))
                times.append(self._least[number])
        self.s_ms = max(self.s_ms, min(times) if times else self._all_idle())

    def _all_idle(self) -> int:
        highest_ms = max(self._heard.values(), default=NEVER_MS)
        if highest_ms == NEVER_MS:
            return NEVER_MS
        return highest_ms + min(idle_ms for idle_ms, _ in self._idle.values())


class Returns:
    """Which records came back from idleness, however the input topics were interleaved.

    While q is idle, stream time can run ahead of it: at most as far as any record tells that was
    appended while the idle record holds, plus an idle time. Until q has come as far, its records
    may be behind stream time.

    Attributes:
        most_ms: What stream time can be at most.
    """

    def __init__(self, heard: Iterable[tuple[int, int, int]], valid_ms: int) -> None:
        """Look at everything that was heard.

        Args:
            heard: When it was appended, the stream time that it told, and for how long its
                partition had been idle (0 if it was not).
            valid_ms: How long an idle record holds.
        """
        told = sorted(heard)
        self._at_ms = [at_ms for at_ms, _, _ in told]
        self._highest_ms = list(accumulate((stream_ms for _, stream_ms, _ in told), max))
        self._longest_ms = max((idle_ms for _, _, idle_ms in told), default=0)
        self._valid_ms = valid_ms
        self._bounds: dict[str, int] = {}
        self.most_ms = (self._highest_ms or [NEVER_MS])[-1] + self._longest_ms

    def idle(self, q: str, at_ms: int) -> None:
        """Hear that q was idle."""
        last = bisect_right(self._at_ms, at_ms + self._valid_ms) - 1
        self._bounds[q] = self._highest_ms[last] + self._longest_ms

    def returned(self, q: str, stream_ms: int) -> bool:
        """Whether a record of q came back from idleness."""
        bound_ms = self._bounds.get(q)
        if bound_ms is None:
            return False
        if stream_ms >= bound_ms:
            del self._bounds[q]
            return False
        return True
