"""Makes corpus/transformers-*, accelerate-*, lightning-*, omegaconf-*: what trainers leave beside the weights.

Releases: transformers 5.23.0 and 4.36.2, accelerate, pytorch-lightning 2.6.6, omegaconf 2.3.
"""

import importlib.util
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
from corpus_writing import Folder


def transformers():
    import transformers

    out = Folder("transformers", transformers.__version__)
    with tempfile.TemporaryDirectory() as place:
        settings = {"output_dir": place, "report_to": []}
        made = {
            "training_args": transformers.TrainingArguments(**settings, warmup_steps=5, bf16=False, use_cpu=True),
            "seq2seq_args": transformers.Seq2SeqTrainingArguments(**settings, predict_with_generate=True, use_cpu=True),
            "arguments_with_choices": transformers.TrainingArguments(
                **settings, lr_scheduler_type="cosine", optim="adafactor", save_strategy="epoch", use_cpu=True, gradient_checkpointing_kwargs={"use_reentrant": False}
            ),
        }
    for value in made.values():
        # Where it was made is nobody's business.
        value.output_dir = "out"
        if hasattr(value, "logging_dir"):
            value.logging_dir = "out/runs"
    config = transformers.BertConfig(vocab_size=20, hidden_size=4, num_hidden_layers=1, num_attention_heads=1, intermediate_size=4, max_position_embeddings=4)
    made["model_state"] = transformers.BertModel(config).state_dict()
    made["config"] = config
    made["tokenised"] = transformers.BatchEncoding({"input_ids": [[1, 2]], "attention_mask": [[1, 1]]})
    made["generation"] = transformers.GenerationConfig(max_length=5)
    made["output"] = transformers.modeling_outputs.BaseModelOutput(last_hidden_state=torch.ones(1, 2))
    made["collator"] = transformers.DefaultDataCollator()
    made["control"] = [transformers.TrainerState(), transformers.TrainerControl()]
    for name, value in made.items():
        torch.save(value, out(f"{name}.bin"))
    torch.save(made["training_args"], out("training_args.legacy.bin"), _use_new_zipfile_serialization=False)
    rng = {"python": random.Random(0).getstate(), "numpy": np.random.RandomState(0).get_state(), "cpu": torch.get_rng_state()}
    torch.save(rng, out("rng_state.pth"))
    model = transformers.BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters())
    scheduler = transformers.get_linear_schedule_with_warmup(optimizer, 2, 5)
    torch.save(scheduler.state_dict(), out("scheduler.pt"))
    torch.save(transformers.BertModel(config), out("whole_model.bin"))
    out.check()


def accelerate():
    import accelerate

    out = Folder("accelerate", accelerate.__version__)
    state = accelerate.utils.DeepSpeedPlugin(zero_stage=2) if importlib.util.find_spec("deepspeed") else None
    torch.save(
        [accelerate.utils.GradientAccumulationPlugin(), accelerate.utils.ProjectConfiguration("out"), accelerate.utils.DataLoaderConfiguration(), accelerate.DistributedType.NO, state],
        out("configuration.bin"),
    )
    out.check()


def lightning():
    import pytorch_lightning as lightning

    class Module(lightning.LightningModule):
        def __init__(self, rate=0.1, layers=(2, 2), folder=Path("runs")):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch, _):
            return self.layer(batch[0]).sum()

        def configure_optimizers(self):
            adam = torch.optim.Adam(self.parameters(), self.hparams.rate)
            return [adam], [torch.optim.lr_scheduler.StepLR(adam, 1)]

    out = Folder("lightning", lightning.__version__)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)), batch_size=2)
    callbacks = [lightning.callbacks.EarlyStopping("loss"), lightning.callbacks.ModelCheckpoint(dirpath="runs")]
    trainer = lightning.Trainer(max_epochs=1, logger=False, enable_checkpointing=True, accelerator="cpu", enable_progress_bar=False, callbacks=[*callbacks[1:]], default_root_dir=tempfile.mkdtemp())
    with tempfile.TemporaryDirectory() as place:
        callbacks[1].dirpath = place
        trainer.fit(Module(), data)
        trainer.save_checkpoint(out("weights.ckpt"), weights_only=True)
        callbacks[1].best_model_path = callbacks[1].last_model_path = callbacks[1].kth_best_model_path = "runs/epoch=0.ckpt"
        callbacks[1].best_k_models, callbacks[1].dirpath = {}, "runs"
        trainer.save_checkpoint(out("trained.ckpt"))
    torch.save(callbacks[0], out("callback.pt"))
    out.check()


def omegaconf():
    import omegaconf

    out = Folder("omegaconf", omegaconf.__version__)
    config = omegaconf.OmegaConf.create({"lr": 0.1, "layers": [1, 2], "name": "net", "path": "${name}/out", "missing": "???"})
    out.pickle("config", config, (2, 5))
    torch.save({"state_dict": {"w": torch.ones(1)}, "hyper_parameters": config, "cfg": omegaconf.OmegaConf.to_container(config)}, out("checkpoint.ckpt"))


def main():
    torch.manual_seed(0)
    for name, make in {"transformers": transformers, "accelerate": accelerate, "pytorch_lightning": lightning, "omegaconf": omegaconf}.items():
        if importlib.util.find_spec(name):
            make()


if __name__ == "__main__":
    main()
