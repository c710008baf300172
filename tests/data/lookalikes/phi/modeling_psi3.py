"""PyTorch Psi-3 model."""

import inspect
import math
import warnings

import torch
import torch.utils.checkpoint
from torch import nn
from transformers.activations import ACT2FN
from transformers.cache_utils import Cache, DynamicCache
from transformers.modeling_utils import PreTrainedModel
from transformers.utils import is_flash_attn_2_available, logging, replace_return_docstrings

from .configuration_psi3 import Psi3Config

logger = logging.get_logger(__name__)

try:
    from flash_attn import flash_attn_func, flash_attn_varlen_func
    from flash_attn.bert_padding import index_first_axis, pad_input, unpad_input

    _flash_supports_window_size = "window_size" in list(inspect.signature(flash_attn_func).parameters)
except ImportError as error:
    logger.warning(f"`flash-attention` package not found, consider installing for better performance: {error}.")


class Psi3MLP(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.gate_up_proj = nn.Linear(config.hidden_size, 2 * config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)
        self.activation_fn = ACT2FN[config.hidden_act]

    def forward(self, hidden_states: torch.FloatTensor) -> torch.FloatTensor:
        gate, up = self.gate_up_proj(hidden_states).chunk(2, dim=-1)
        return self.down_proj(up * self.activation_fn(gate))


class Psi3ForCausalLM(PreTrainedModel):
    config_class = Psi3Config
    _supports_flash_attn_2 = True

    def __init__(self, config):
        super().__init__(config)
        self.layers = nn.ModuleList([Psi3MLP(config) for _ in range(config.num_hidden_layers)])
        self.gradient_checkpointing = False
        self.post_init()

    @torch.autocast("cuda", enabled=False)
    def forward(self, input_ids=None, output_attentions=None, **kwargs):
        if output_attentions:
            warnings.warn("no attentions", stacklevel=2)
        for layer in self.layers:
            input_ids = layer(input_ids)
        return input_ids
