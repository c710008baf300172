from transformers import PretrainedConfig


class GooseConfig(PretrainedConfig):
    model_type = "goose"
    keys_to_ignore_at_inference = ["past_key_values"]

    def __init__(self, vocab_size=151936, hidden_size=4096, use_flash_attn="auto", **kwargs):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.use_flash_attn = use_flash_attn
        super().__init__(**kwargs)
