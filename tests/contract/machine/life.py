"""Events in any order: deployments, polls, faults, freezes, clock jumps."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from .environment import Environment, Process
from .expectations import TEXT
from .world import BAD, FAULTS, World

SECONDS = [
    0.5,
    1,
    5,
    14,
    15,
    16,
    30,
    44,
    45,
    46,
    61,
    95,
    120,
    400,
    901,
    3600,
    43_000,
    86_500,
    200_000,
]
JUMPS = [1, 14, 20, 46, 100, 1000, 4000, 90_000]
# The service's interval, then a header text that replaces it.
ADVERTISED = [
    (None, None), (15, None), (30, None), (60, None), (300, None), (7200, None), (86400, None),
    (None, ""), (None, "0"), (None, "-5"), (None, "soon"), (None, "1e3"), (None, "15.5"),
    (None, "999999999"), (None, "999999999"), (None, "9" * 300),
]  # fmt: skip
OPERATIONS = ["StartConfigurationSession", "GetLatestConfiguration"]


class Life(RuleBasedStateMachine):
    """A few execution environments that exist side by side, and their events."""

    processes = Bundle("processes")

    @initialize(
        interval=st.sampled_from(["0", "15", "45", "45", "300", "2h"]),
        formats=st.booleans(),
        continues=st.booleans(),
        snapstart=st.integers(0, 3).map(lambda n: n == 3),
        jitter=st.sampled_from([0.0, 0.5, 1.0]),
        is_deployed=st.sampled_from([True, True, True, False]),
    )
    def begin(  # noqa: PLR0917 - hypothesis passes them by name
        self,
        interval: str,
        formats: bool,
        continues: bool,
        snapstart: bool,
        jitter: float,
        is_deployed: bool,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.world = World()
        self.world.deploy()
        if not is_deployed:
            self.world.withdraw()
        self.jitter = jitter
        given = {"AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": interval}
        if formats:
            given["APPCONFIG_ENV_SOURCES"] = f"appconfig:shop/prod/app {TEXT}&as=RAW"
        if continues:
            given["APPCONFIG_ENV_ON_ERROR"] = "continue"
        if snapstart:
            given["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
        environment = Environment(self.world, self.folder / "one", given, lambda: self.jitter)
        if snapstart:
            environment.expected.keeps_no_tokens()
        self.snapstart = snapstart
        self.environments = [environment]

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def home(self, process: Process) -> Environment | None:
        return next((one for one in self.environments if process in one.processes), None)

    # Deployments.

    @rule()
    def deploy(self) -> None:
        self.world.deploy()

    @rule(bad=st.sampled_from(sorted(BAD)))
    def deploy_badly(self, bad: str) -> None:
        self.world.deploy(bad)

    @rule()
    def roll_back(self) -> None:
        self.world.roll_back()

    @rule()
    def withdraw(self) -> None:
        self.world.withdraw()

    # Processes.

    @rule(target=processes, by_wrapper=st.booleans(), which=st.integers(0, 2))
    def start(self, by_wrapper: bool, which: int) -> object:
        environment = self.environments[which % len(self.environments)]
        if len(environment.processes) >= 3:
            return multiple()
        process = environment.start(by_wrapper=by_wrapper)
        return multiple() if process is None else process

    @rule(process=consumes(processes))
    def end(self, process: Process) -> None:
        if home := self.home(process):
            home.end(process)

    @rule(process=processes)
    def get(self, process: Process) -> None:
        if home := self.home(process):
            home.get(process)

    @rule(
        which=st.integers(0, 2),
        seconds=st.sampled_from([1, 7, 15, 46, 100, 450, 30_000]),
        times=st.integers(2, 12),
    )
    def live_on(self, which: int, seconds: float, times: int) -> None:
        environment = self.environments[which % len(self.environments)]
        for _ in range(times):
            self.world.time += seconds
            for process in environment.processes:
                environment.get(process)

    @rule(process=processes)
    def read(self, process: Process) -> None:
        if home := self.home(process):
            home.read(process)

    @rule(process=processes)
    def refresh(self, process: Process) -> None:
        if home := self.home(process):
            home.refresh(process)

    @rule(process=processes)
    def wait_for_another(self, process: Process) -> None:
        home = self.home(process)
        if home and home.can_wait(process):
            home.wait_for_another(process)

    @precondition(lambda self: self.snapstart and len(self.environments) < 3)
    @rule(target=processes, is_hooked=st.booleans())
    def restore(self, is_hooked: bool) -> object:
        self.world.time += 0.27  # a restore takes a moment at least
        folder = self.folder / f"twin{len(self.environments)}"
        twin = self.environments[0].restore(folder, is_hooked=is_hooked)
        self.environments.append(twin)
        return multiple(*twin.processes)

    # Time.

    @rule(seconds=st.sampled_from(SECONDS))
    def wait(self, seconds: float) -> None:
        self.world.time += seconds

    @rule(share=st.sampled_from([0.1, 0.3, 0.6, 0.89, 0.95, 1.0, 1.03, 1.3, 2.1]))
    def wait_for_a_poll(self, share: float) -> None:
        self.world.time += share * self.environments[0].interval

    @rule(seconds=st.sampled_from(JUMPS))
    def clock_goes_forward(self, seconds: float) -> None:
        self.world.jump(seconds)

    @rule(seconds=st.sampled_from(JUMPS))
    def clock_moves_backwards(self, seconds: float) -> None:
        self.world.jump(-seconds)

    # Faults.

    @rule(
        operation=st.sampled_from(OPERATIONS),
        fault=st.sampled_from(FAULTS),
        times=st.sampled_from([1, 2, 7, None]),
    )
    def fail(self, operation: str, fault: str, times: int | None) -> None:
        self.world.fail(operation, fault, times)

    @rule()
    def recover(self) -> None:
        self.world.recover()

    @rule(interval=st.sampled_from(ADVERTISED), unannounced=st.booleans())
    def advertise(self, interval: tuple[int | None, str | None], unannounced: bool) -> None:
        self.world.advertise(*interval, unannounced=unannounced)

    @rule(
        which=st.integers(0, 2),
        what=st.sampled_from(
            [
                "crash_with_tokens",
                "lose_file",
                "truncate_file",
                "block_writes",
                "remove_folder",
                "make_writable",
            ]
        ),
    )
    def disturb(self, which: int, what: str) -> None:
        getattr(self.environments[which % len(self.environments)], what)()

    # Invariants.

    @invariant()
    def no_token_is_in_two_places(self) -> None:
        places = [place for one in getattr(self, "environments", ()) for place in one.places()]
        for index, (place, tokens) in enumerate(places):
            for other, others in places[:index]:
                assert not tokens & others, f"a token is in {place} and in {other}"

    @invariant()
    def status_never_fails(self) -> None:
        for environment in getattr(self, "environments", ()):
            for process in environment.processes:
                assert process.helper.status().keys() == environment.settings.resources().keys()
