"""The loads of a deployment under a workload: processor time, transactions, bytes, rows.

Everything is of the steady state: the input is read as it comes, each task commits at its interval.
A task is a stage in a partition; three of them need no more than one core each.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

from agents.stage import UNHURRIED_MS, behind_records
from dev.scaling.constants import Constants
from dev.scaling.workload import Deployment, Design, Workload

#: Users beyond which enrichment computes partitions anew: its cache holds as many.
_HASHED_USERS = 1 << 18
#: Seconds between the group offsets that a stage with a table commits.
_LAG_S = 1.0
_US = 1e-6


def distinct(drawn: float, population: float) -> float:
    """How many different ones are among so many that are drawn evenly."""
    return population * -math.expm1(-drawn / population) if population else 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """One stage in one partition.

    Attributes:
        stage: Its name.
        count: How many such tasks there are.
        records_s: Records that each gets.
        commits_s: Its transactions a second.
        touched: Partitions that each transaction writes to, and then marks.
        known: Input partitions whose stream time it carries.
        heard_s: Watermark records that it gets.
    """

    stage: str
    count: int
    records_s: float
    commits_s: float
    touched: float
    known: int = 0
    heard_s: float = 0.0


@dataclass(frozen=True)
class Model:
    """A deployment under a workload.

    Attributes:
        work: What is asked.
        given: What does it.
        design: How the work is done.
        one: What one of each thing costs.
    """

    work: Workload
    given: Deployment
    design: Design = field(default_factory=Design)
    one: Constants = field(default_factory=Constants)

    @property
    def told_s(self) -> float:
        """Watermark records a second of one input partition to one inner partition."""
        return 1000 / self.work.watermark_interval_ms

    @property
    def known(self) -> int:
        """Partitions of an input whose stream time every inner partition is told."""
        return 1 if self.design.relayed else self.given.inputs

    def _commits_s(self, records_s: float, least_ms: int = 0) -> float:
        paced = 1000 / max(self.work.commit_interval_ms, least_ms)
        behind = behind_records(self.work.commit_interval_ms)
        full = min(1000 / self.one.commit_ms, records_s / behind)
        return max(min(paced, records_s), full)

    @cached_property
    def enrichment(self) -> Task:
        """Enrichment: writes to as many inner partitions as its batch has users of."""
        return self._intake("enrichment", self.work.clicks_s)

    @cached_property
    def admission(self) -> Task:
        """The same of purchases."""
        return self._intake("admission", self.work.clicks_s * self.work.purchases)

    def _intake(self, stage: str, all_s: float) -> Task:
        records_s = all_s / self.given.inputs
        commits_s = self._commits_s(records_s)
        batch = distinct(records_s / commits_s, self.given.partitions)
        # One that tells a watermark writes to all; each to the group's offsets.
        told = 0.0 if self.design.relayed else min(1.0, self.told_s / commits_s)
        touched = told * self.given.partitions + (1 - told) * batch + 1
        return Task(stage, self.given.inputs, records_s, commits_s, touched)

    @cached_property
    def counting(self) -> Task:
        """Counting: its changelog and, where a window closes, its output."""
        inputs, partitions = self.known, self.given.partitions
        heard_s, records_s = inputs * self.told_s, self.work.clicks_s / partitions
        commits_s = self._commits_s(records_s + heard_s, UNHURRIED_MS)
        return Task("counting", partitions, records_s, commits_s, 1.5, inputs, heard_s)

    @cached_property
    def joining(self) -> Task:
        """Joining: its changelog and its outputs; it hears of the partitions of both inputs."""
        inputs, partitions = 2 * self.known, self.given.partitions
        heard_s = inputs * self.told_s
        records_s = self.work.clicks_s * (1 + self.work.purchases) / partitions
        commits_s = self._commits_s(records_s + heard_s)
        return Task("joining", partitions, records_s, commits_s, 2.0, inputs, heard_s)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """A task of each stage."""
        return self.enrichment, self.admission, self.counting, self.joining

    # Rows

    @cached_property
    def window_users(self) -> float:
        """Rows of one window: users with a click in it."""
        return distinct(self.work.clicks_s * self.work.window_ms / 1000, self.work.users)

    @cached_property
    def changed_s(self) -> float:
        """Rows of users that counting changes a second."""
        of, partitions = self.counting, self.given.partitions
        return (
            partitions
            * of.commits_s
            * distinct(of.records_s / of.commits_s, self.window_users / partitions)
        )

    @property
    def ranked_s(self) -> float:
        """Rows of products and pages that counting changes a second."""
        of = self.counting
        return of.count * of.commits_s * 2 * distinct(of.records_s / of.commits_s, self.one.ranked)

    @property
    def count_rows(self) -> float:
        """Rows of counts: windows that are open, and those that are still kept."""
        kept_ms = self.work.window_ms + self.work.grace_ms + self.work.retention_ms
        return self.window_users * kept_ms / self.work.window_ms

    @property
    def join_rows(self) -> float:
        """Clicks that wait for a purchase, and what came of purchases."""
        work = self.work
        waiting_s = (work.within_ms + work.grace_ms) / 1000
        return work.clicks_s * (waiting_s + work.purchases * work.retention_ms / 1000)

    # Processor time

    @property
    def enrich_us(self) -> float:
        """Microseconds to enrich a click: more, where users are too many to be remembered."""
        hashed = self.one.hash_us if self.work.users > _HASHED_USERS else 0.0
        return self.one.enrich_us + hashed

    @cached_property
    def click_cores(self) -> float:
        """Cores of workers that clicks themselves take."""
        one, clicks_s = self.one, self.work.clicks_s
        each = self.enrich_us + one.count_us + one.join_us
        bought = self.work.purchases * (self.enrich_us + one.join_us)
        return (clicks_s * (each + bought) + self.changed_s * one.row_us) * _US

    @property
    def commit_cores(self) -> float:
        """Cores of workers that transactions take."""
        one = self.one
        return (self.transactions_s * one.commit_us + self.markers_s * one.touch_us) * _US

    @cached_property
    def time_cores(self) -> float:
        """Cores of workers that stream time takes: hearing watermarks, carrying what is known."""
        one = self.one
        return sum(
            t.count * (t.heard_s * one.watermark_us + t.commits_s * t.known * one.known_us) * _US
            for t in self.tasks
        )

    @property
    def cores(self) -> float:
        """Cores of workers."""
        return self.click_cores + self.commit_cores + self.time_cores

    def task_cores(self, task: Task) -> float:
        """What part of a core one task takes."""
        one = self.one
        rows = self.changed_s * one.row_us / max(self.work.clicks_s, 1.0)
        each = {"counting": one.count_us + rows, "joining": one.join_us}
        own = task.records_s * each.get(task.stage, self.enrich_us)
        commit = one.commit_us + task.touched * one.touch_us + task.known * one.known_us
        return (own + task.commits_s * commit + task.heard_s * one.watermark_us) * _US

    # Transactions

    @cached_property
    def commits(self) -> tuple[Task, ...]:
        """Who commits: each task, or each worker for all that it has."""
        if not self.design.shared:
            return self.tasks
        workers = self.given.workers
        each = max(task.commits_s for task in self.tasks)
        drawn = sum(t.count * t.touched for t in (self.enrichment, self.admission)) / workers
        inner = distinct(drawn, 2 * self.given.partitions)
        own = sum(t.count * t.touched for t in (self.counting, self.joining)) / workers
        return (Task("worker", workers, self.work.clicks_s / workers, each, inner + own),)

    @property
    def transactions_s(self) -> float:
        """Transactions a second."""
        return sum(t.count * t.commits_s for t in self.commits)

    @property
    def markers_s(self) -> float:
        """Marks that transactions leave, one in each partition they wrote to."""
        return sum(t.count * t.commits_s * t.touched for t in self.commits)

    @property
    def watermarks_s(self) -> float:
        """Watermark records: each input partition tells each inner one, or the relay all."""
        relay = 2 * self.given.inputs * self.told_s if self.design.relayed else 0.0
        return relay + 2 * self.known * self.given.partitions * self.told_s

    @property
    def producers(self) -> int:
        """Transactional producers: one for each that commits."""
        return sum(t.count for t in self.commits)

    @property
    def offsets_s(self) -> float:
        """Group offsets a second, all of them in one partition of one broker."""
        if self.design.shared:
            return self.transactions_s
        stateless = (self.enrichment, self.admission)
        return sum(t.count * t.commits_s for t in stateless) + 2 * self.given.partitions / _LAG_S
