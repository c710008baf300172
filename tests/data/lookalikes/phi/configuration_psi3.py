"""Psi-3 model configuration"""

from transformers.configuration_utils import PretrainedConfig
from transformers.utils import logging

logger = logging.get_logger(__name__)
PSI3_PRETRAINED_CONFIG_ARCHIVE_MAP = {
    "lookalikes/phi": "https://huggingface.co/lookalikes/phi/resolve/main/config.json",
}


class Psi3Config(PretrainedConfig):
    model_type = "phi3"

    def __init__(self, vocab_size=32064, rope_scaling=None, **kwargs):
        self.vocab_size = vocab_size
        self.rope_scaling = rope_scaling
        self._rope_scaling_validation()
        super().__init__(**kwargs)

    def _rope_scaling_validation(self):
        if self.rope_scaling is None:
            return
        if not isinstance(self.rope_scaling, dict) or len(self.rope_scaling) != 3:
            raise ValueError(f"`rope_scaling` must be a dictionary with three fields, got {self.rope_scaling}")
