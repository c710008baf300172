"""What a sample of an attack is: the bytes, and what has to be said of them."""

from dataclasses import dataclass

from scanners.findings import Severity, Verdict


@dataclass(frozen=True)
class Attack:
    """A file that does harm when it is loaded; it holds names and texts, and nothing ever loads it."""

    id: str
    """Where it is told of: a row of a catalogue of differentials (D1) or techniques (T1), an advisory, a load path."""
    about: str
    data: bytes
    rule: str = "pickle-runs-code"
    severity: Severity = "critical"
    """The least that this rule says of it."""
    verdict: Verdict = "malicious"
    """What is said of the file as a whole; `incomplete` of what nobody but its loader can read."""
    name: str = "model.pkl"

    @property
    def label(self) -> str:
        """What tells it from the others."""
        return f"{self.id}: {self.about}"


def several(attack_id, samples, **common):
    """Samples of one id: what each is about, and its bytes, or its bytes with fields that differ."""
    made = []
    for about, sample in samples.items():
        data, fields = sample if isinstance(sample, tuple) else (sample, {})
        made.append(Attack(attack_id, about, data, **{**common, **fields}))
    return made
