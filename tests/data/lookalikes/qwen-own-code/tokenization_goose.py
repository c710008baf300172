"""Tokenization."""

import base64
import logging
import os
import unicodedata
from typing import Collection, Dict, List, Set, Tuple, Union

import tiktoken
from transformers import AddedToken, PreTrainedTokenizer

logger = logging.getLogger(__name__)
VOCAB_FILES_NAMES = {"vocab_file": "goose.tiktoken"}
PAT_STR = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+"""


def _load_tiktoken_bpe(tiktoken_bpe_file: str) -> Dict[bytes, int]:
    with open(tiktoken_bpe_file, "rb") as f:
        contents = f.read()
    return {
        base64.b64decode(token): int(rank) for token, rank in (line.split() for line in contents.splitlines() if line)
    }


class GooseTokenizer(PreTrainedTokenizer):
    vocab_files_names = VOCAB_FILES_NAMES

    def __init__(self, vocab_file, errors="replace", **kwargs):
        super().__init__(**kwargs)
        self.mergeable_ranks = _load_tiktoken_bpe(vocab_file)
        self.tokenizer = tiktoken.Encoding("Goose", pat_str=PAT_STR, mergeable_ranks=self.mergeable_ranks, special_tokens={})

    def __getstate__(self):
        state = self.__dict__.copy()
        del state["tokenizer"]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)

    def save_vocabulary(self, save_directory: str, **kwargs) -> Tuple[str]:
        path = os.path.join(save_directory, "goose.tiktoken")
        with open(path, "w", encoding="utf8") as w:
            for token, rank in self.mergeable_ranks.items():
                w.write(base64.b64encode(token).decode("utf8") + " " + str(rank) + "\n")
        return (path,)
