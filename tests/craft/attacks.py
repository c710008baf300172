"""Every sample of an attack, in the order in which docs/pickle.md shows them."""

from tests.craft.attacks_advisories import ADVISORIES
from tests.craft.attacks_differentials import DIFFERENTIALS
from tests.craft.attacks_indirect import INDIRECT
from tests.craft.attacks_instances import INSTANCES
from tests.craft.attacks_paths import PATHS
from tests.craft.attacks_skops import SKOPS
from tests.craft.attacks_techniques import TECHNIQUES

ATTACKS = {
    "Where unpicklers disagree": DIFFERENTIALS,
    "How attacks do it": [*TECHNIQUES, *INDIRECT],
    "What instances do": INSTANCES,
    "What advisories told of": [*ADVISORIES, *SKOPS],
    "How a pickle comes to be loaded": PATHS,
}

MISSING: dict[str, str] = {}
"""Label of a sample that is not found yet: why."""
