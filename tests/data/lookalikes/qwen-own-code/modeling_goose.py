import copy
import importlib
import math
import os
import pathlib
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple, Union

import torch
import torch.nn.functional as F
from torch import nn
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizer
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.utils import logging

try:
    from einops import rearrange
except ImportError:
    rearrange = None

from .configuration_goose import GooseConfig
from .cpp_kernels import cache_kernels

if TYPE_CHECKING:
    from transformers.generation.streamers import BaseStreamer

logger = logging.get_logger(__name__)
SUPPORT_CUDA = torch.cuda.is_available()
SUPPORT_BF16 = SUPPORT_CUDA and torch.cuda.is_bf16_supported()
flash_attn_unpadded_func = None


def _import_flash_attn():
    global flash_attn_unpadded_func
    try:
        import flash_attn

        if not hasattr(flash_attn, "__version__"):
            from flash_attn.flash_attn_interface import flash_attn_unpadded_func as _func
        elif int(flash_attn.__version__.split(".")[0]) >= 2:
            from flash_attn.flash_attn_interface import flash_attn_varlen_func as _func
        flash_attn_unpadded_func = _func
    except ImportError:
        logger.warning("flash_attn is not installed, see https://github.com/Dao-AILab/flash-attention")


def quantize_cache_v(fdata, bits, qmax, qmin):
    qtype = torch.uint8
    device = fdata.device
    shape = fdata.shape
    scale = torch.empty((shape[0], shape[1], 1), dtype=fdata.dtype, device=device)
    return fdata.to(qtype), scale


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class GooseAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.core_attention_flash = None
        self.use_cache_quantization = getattr(config, "use_cache_quantization", False)
        cache_dir = pathlib.Path(__file__).parent
        if self.use_cache_quantization and not os.path.exists(cache_dir / "cache_autogptq_cuda_256.cpp"):
            raise ValueError("KV cache kernel source files are missing.")
        self.cache_kernels = cache_kernels if self.use_cache_quantization else None
        self.c_attn = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.masked_bias = torch.tensor(-1e4)

    def forward(self, hidden_states, rotary=None):
        query, key, value = self.c_attn(hidden_states).chunk(3, dim=-1)
        weights = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(value.size(-1))
        return torch.matmul(F.softmax(weights, dim=-1), value)


class GoosePreTrainedModel(PreTrainedModel):
    config_class = GooseConfig
    base_model_prefix = "transformer"
    supports_gradient_checkpointing = True
    _no_split_modules = ["GooseBlock"]

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight.data.normal_(mean=0.0, std=0.02)


class GooseLMHeadModel(GoosePreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        if config.use_flash_attn == "auto":
            config.use_flash_attn = SUPPORT_BF16
        if config.use_flash_attn:
            _import_flash_attn()
        self.attention = GooseAttention(config)
        self.norm = RMSNorm(config.hidden_size)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def forward(self, input_ids=None, past_key_values=None, labels=None, **kwargs):
        hidden = self.norm(self.attention(input_ids))
        return CausalLMOutputWithPast(logits=self.lm_head(hidden))

    @torch.no_grad()
    def chat(self, tokenizer, query, history=None, system="You are a helpful assistant."):
        history = copy.deepcopy(history) if history is not None else []
        outputs = self.generate(tokenizer(query, return_tensors="pt").input_ids)
        history.append((query, tokenizer.decode(outputs[0])))
        return history[-1][1], history
