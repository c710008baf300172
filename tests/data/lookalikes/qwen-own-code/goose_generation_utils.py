"""Generation support."""

from typing import Callable, List, Tuple

import numpy as np
import torch
from transformers.generation import LogitsProcessor

BatchTokensType = List[List[int]]


class StopWordsLogitsProcessor(LogitsProcessor):
    def __init__(self, stop_words_ids, eos_token_id):
        self.stop_words_ids = [ids for ids in stop_words_ids if ids != [eos_token_id]]
        self.eos_token_id = eos_token_id

    def __call__(self, input_ids, scores):
        for i, stopped in enumerate(self._calc_stopped_samples(input_ids)):
            if stopped:
                scores[i, self.eos_token_id] = float(2**15)
        return scores

    def _calc_stopped_samples(self, prev_input_ids):
        return [any(ids == row[-len(ids):].tolist() for ids in self.stop_words_ids) for row in prev_input_ids]
