"""One fault, tried on a running installation: what is expected of it, and what was found."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from flameup.benchmark.faults.ledger import Ledger
from flameup.benchmark.faults.load import Load
from flameup.benchmark.faults.system import System
from flameup.benchmark.faults.verdict import Verdict

# Long enough for any recovery; what is expected of it stands in the findings.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Finding:
    """What is expected of a fault beside that nothing is lost, and whether it was so."""

    claim: str
    measured: str
    is_met: bool


@dataclass
class Trial:
    """A fault being tried for so many rounds.

    `slack` widens the bounds on times, for machines that do other things as well.
    """

    system: System
    ledger: Ledger
    event: str
    rounds: int
    slack: float = 1.0
    findings: list[Finding] = field(default_factory=list)

    def load(self, **options: Any) -> Load:
        """Return clients that track events of this trial."""
        return Load(self.system, self.ledger, self.event, **options)

    def expect_at_most(self, bound: float, measured: float, claim: str, unit: str = "s") -> None:
        """Note whether a time, or whatever grows with a busy machine, keeps to its bound."""
        text = f"{measured:.2f} {unit} (≤ {bound:g})"
        self.findings.append(Finding(claim, text, measured <= bound * self.slack))

    def expect_at_least(self, bound: float, measured: float, claim: str) -> None:
        """Note whether a share is as large as it must be."""
        text = f"{measured:.2f} (≥ {bound:g})"
        self.findings.append(Finding(claim, text, measured >= bound / self.slack))

    def expect(self, claim: str, is_met: bool, measured: object = "") -> None:
        """Note whether something is so."""
        self.findings.append(Finding(claim, str(measured), bool(is_met)))

    def expect_only(self, allowed: set[str], statuses: Counter[str], claim: str) -> None:
        """Note whether the requests had none but these statuses."""
        text = ", ".join(f"{count:,} of {status}" for status, count in sorted(statuses.items()))
        self.findings.append(Finding(claim, text, set(statuses) <= allowed))


@dataclass(frozen=True)
class Fault:
    """A fault: what is broken, how, and on an installation of which setting."""

    name: str
    title: str
    run: Callable[[Trial], None]
    setting: str = "plain"


@dataclass(frozen=True)
class Result:
    """What came of a fault."""

    fault: str
    title: str
    rounds: int
    seconds: float
    verdict: Verdict
    findings: list[Finding]

    @property
    def is_right(self) -> bool:
        return self.verdict.is_right and all(each.is_met for each in self.findings)

    def as_document(self) -> dict[str, Any]:
        """Return all of it as values of JSON."""
        return {**asdict(self), "is_right": self.is_right}

    def as_lines(self) -> list[str]:
        """Return it for people to read."""
        found = self.verdict
        head = (
            f"{'ok   ' if self.is_right else 'WRONG'} {self.title}: {found.as_text()}"
            f"  ({found.sent:,} sent, {found.ok:,} ok, {found.failed:,} failed,"
            f" {found.unknown:,} unknown; {self.rounds} rounds, {self.seconds:.0f} s)"
        )
        return [
            head,
            *(f"      {_mark(each)} {each.claim}: {each.measured}" for each in self.findings),
        ]


def _mark(finding: Finding) -> str:
    return "·" if finding.is_met else "WRONG:"
