"""Train on TPUs: `python train_script.py data_config.json output`."""

import argparse
import gzip
import json
import logging
import os
import queue
import random
import sys
from multiprocessing import Process, Queue
from shutil import copyfile

import torch
import torch_xla
import torch_xla.core.xla_model as xm
import torch_xla.distributed.xla_multiprocessing as xmp
from torch import nn
from transformers import AdamW, AutoModel, AutoTokenizer


class AutoModelForSentenceEmbedding(nn.Module):
    def __init__(self, model_name, tokenizer, normalize=True):
        super().__init__()
        self.model = AutoModel.from_pretrained(model_name)
        self.tokenizer = tokenizer

    def save_pretrained(self, output_path):
        if xm.is_master_ordinal():
            self.tokenizer.save_pretrained(output_path)
            self.model.config.save_pretrained(output_path)
        xm.save(self.model.state_dict(), os.path.join(output_path, "pytorch_model.bin"))


def produce_data(args, queue, filepaths, dataset_indices):
    with gzip.open(filepaths[0], "rt") as lines:
        for line in lines:
            queue.put(json.loads(line))


def _mp_fn(index, args):
    model = AutoModelForSentenceEmbedding(args.model, AutoTokenizer.from_pretrained(args.model))
    optimizer = AdamW(params=model.parameters(), lr=2e-5)
    model.train()
    optimizer.step()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="nreimers/MiniLM-L6-H384-uncased")
    parser.add_argument("data_config", help="A data_config.json file")
    parser.add_argument("output")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    os.makedirs(args.output, exist_ok=True)
    copyfile(args.data_config, os.path.join(args.output, "data_config.json"))
    p = Process(target=produce_data, args=(args, Queue(), [], []))
    p.start()
    xmp.spawn(_mp_fn, args=(args,), nprocs=8, start_method="fork")
    p.terminate()
    exit()
