"""Every sample of an attack, in the order in which docs/pickle.md shows them."""

from tests.craft.attacks_advisories import ADVISORIES
from tests.craft.attacks_differentials import DIFFERENTIALS
from tests.craft.attacks_paths import PATHS
from tests.craft.attacks_skops import SKOPS
from tests.craft.attacks_techniques import TECHNIQUES

ATTACKS = {
    "Where unpicklers disagree": DIFFERENTIALS,
    "How attacks do it": TECHNIQUES,
    "What advisories told of": [*ADVISORIES, *SKOPS],
    "How a pickle comes to be loaded": PATHS,
}

MISSING = {
    "polyglot: junk and zeros before a second stream": "what lies behind junk is told as trailing, and not searched",
    "polyglot: a byte before a second stream": "what lies behind junk is told as trailing, and not searched",
}
"""Label of a sample that is not found yet: why."""
