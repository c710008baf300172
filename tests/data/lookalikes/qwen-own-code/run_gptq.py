import argparse
import json
from typing import Dict

import torch
from auto_gptq import AutoGPTQForCausalLM, BaseQuantizeConfig
from transformers import AutoTokenizer

if __name__ == "__main__":
    parser = argparse.ArgumentParser("Model Quantization using AutoGPTQ")
    parser.add_argument("--model_name_or_path", type=str)
    parser.add_argument("--out_path", type=str)
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.model_name_or_path, trust_remote_code=True)
    config = BaseQuantizeConfig(bits=4, group_size=128)
    model = AutoGPTQForCausalLM.from_pretrained(args.model_name_or_path, config, trust_remote_code=True)
    model.quantize([], cache_examples_on_gpu=False)
    model.save_quantized(args.out_path, use_safetensors=True)
