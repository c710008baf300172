import logging
import sys

import datasets
import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainingArguments
from trl import SFTTrainer

"""
Install: conda install -c conda-forge accelerate; pip3 install bitsandbytes
Run: accelerate launch sample_finetune.py
"""
logger = logging.getLogger(__name__)
training_config = {"bf16": True, "output_dir": "./checkpoint_dir", "overwrite_output_dir": True}
logging.basicConfig(handlers=[logging.StreamHandler(sys.stdout)])
checkpoint_path = "lookalikes/phi"
model = AutoModelForCausalLM.from_pretrained(checkpoint_path, trust_remote_code=True, attn_implementation="flash_attention_2")
tokenizer = AutoTokenizer.from_pretrained(checkpoint_path)
raw_dataset = load_dataset("HuggingFaceH4/ultrachat_200k")
trainer = SFTTrainer(model=model, args=TrainingArguments(**training_config), train_dataset=raw_dataset["train_sft"])
trainer.train()
trainer.save_model(training_config["output_dir"])
