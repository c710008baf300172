"""Classes whose instances are harmless and whose constructors are not.

A pickle that a library wrote makes such an instance bare, without its constructor, and sets its state. So they are
denied, and pickle_arguments.py lets them pass where they are made in that way.
"""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Group

INSTANCES: Final[tuple[Group, ...]] = (
    Group(
        "exec_code",
        "YOLO models: parse_model evaluates texts of the configuration that the constructor takes (YOLOv5 and "
        "YOLOv7, models/yolo.py; ultralytics 8.4, nn/tasks.py)",
        "models.yolo.ClassificationModel models.yolo.DetectionModel models.yolo.Model models.yolo.SegmentationModel "
        "ultralytics.nn.tasks.ClassificationModel ultralytics.nn.tasks.DetectionModel ultralytics.nn.tasks.OBBModel "
        "ultralytics.nn.tasks.PoseModel ultralytics.nn.tasks.RTDETRDetectionModel "
        "ultralytics.nn.tasks.SegmentationModel ultralytics.nn.tasks.WorldModel ultralytics.nn.tasks.YOLOEModel",
    ),
    Group(
        "file_write_delete",
        "constructors that open a file by the name that they are given (xgboost 3.2, lightgbm 4.7, gensim 4.4, "
        "tokenizers 0.22, transformers 4.46)",
        "gensim.models.doc2vec.Doc2Vec gensim.models.fasttext.FastText gensim.models.word2vec.Word2Vec "
        "lightgbm.basic.Booster tokenizers.models.BPE tokenizers.models.Unigram tokenizers.models.WordLevel "
        "tokenizers.models.WordPiece transformers.deepspeed.HfDeepSpeedConfig "
        "transformers.deepspeed.HfTrainerDeepSpeedConfig transformers.integrations.deepspeed.HfDeepSpeedConfig "
        "transformers.integrations.deepspeed.HfTrainerDeepSpeedConfig xgboost.core.Booster",
    ),
    Group(
        "file_write_delete",
        "what joblib before 0.10 puts in the place of an array in another file, which it names (joblib 1.6, "
        "numpy_pickle_compat.py): the file is a finding of its own",
        "joblib.numpy_pickle.NDArrayWrapper joblib.numpy_pickle.ZNDArrayWrapper "
        "joblib.numpy_pickle_compat.NDArrayWrapper joblib.numpy_pickle_compat.ZNDArrayWrapper",
    ),
    Group(
        "file_write_delete",
        "training arguments: what they do after they are made opens files and sets variables of the environment that "
        "other libraries obey (transformers 4.46, training_args.py; accelerate 1.1, utils/dataclasses.py)",
        "accelerate.utils.dataclasses.DeepSpeedPlugin accelerate.utils.dataclasses.FullyShardedDataParallelPlugin "
        "accelerate.utils.dataclasses.MegatronLMPlugin accelerate.utils.dataclasses.ParallelismConfig "
        "accelerate.utils.dataclasses.TorchDynamoPlugin "
        "sentence_transformers.cross_encoder.training_args.CrossEncoderTrainingArguments "
        "sentence_transformers.training_args.SentenceTransformerTrainingArguments "
        "transformers.training_args.TrainingArguments transformers.training_args_seq2seq.Seq2SeqTrainingArguments "
        "trl.trainer.cpo_config.CPOConfig trl.trainer.dpo_config.DPOConfig trl.trainer.gkd_config.GKDConfig "
        "trl.trainer.grpo_config.GRPOConfig trl.trainer.kto_config.KTOConfig trl.trainer.orpo_config.ORPOConfig "
        "trl.trainer.ppo_config.PPOConfig trl.trainer.reward_config.RewardConfig trl.trainer.rloo_config.RLOOConfig "
        "trl.trainer.sft_config.SFTConfig",
    ),
    Group(
        "attribute_primitive",
        "a configuration whose constructor takes two attributes of torch by the names that it is given "
        "(transformers 5.23, utils/quantization_config.py:BitsAndBytesConfig.__init__)",
        "transformers.utils.quantization_config.BitsAndBytesConfig",
    ),
    Group(
        "network",
        "who joins a process group when it is made (torch 2.13, distributed/device_mesh.py; accelerate 1.1, state.py)",
        "accelerate.state.AcceleratorState accelerate.state.PartialState torch.distributed.device_mesh.DeviceMesh",
    ),
)

BARE: Final = frozenset(name for group in INSTANCES for name in group.entries())
"""All of them; they are written in their canonical spelling."""

ACTING: Final[tuple[Group, ...]] = (
    Group(
        "deserialize",
        "unpickles texts of the state that is set on it (ray 2, tune/experiment/trial.py:Trial.__setstate__)",
        "ray.Trial",
    ),
    Group(
        "file_write_delete",
        "delete or write files that their state names, when they are thrown away or an item is set, or read one to be "
        "made (torchrl, data/replay_buffers/storages/tensor.py:LazyMemmapStorage.__del__, "
        "envs/llm/transforms/tools.py, modules/llm/backends/sglang/sglang_server.py; transformers 5.23, "
        "integrations/integration_utils.py; ultralytics 8.4, utils/__init__.py:JSONDict.__setitem__; autogluon, "
        "common/dataset.py; numpy 2.4, lib/_datasource.py:DataSource.__del__; torch 2.13, profiler/profiler.py)",
        "torchrl.LazyMemmapStorage torchrl.PersistentPythonProcess torchrl.AsyncSGLang transformers.NeptuneCallback "
        "ultralytics.JSONDict ultralytics.SettingsManager autogluon.TabularDataset numpy.DataSource "
        "torch.ExecutionTraceObserver",
    ),
    Group(
        "network",
        "fetch the model that their state names (flair 0.15, embeddings/transformer.py; sktime, "
        "classification/foundation_models/tspulse.py)",
        "flair.TransformerBaseEmbeddings flair.TransformerEmbeddings flair.TransformerWordEmbeddings "
        "flair.TransformerDocumentEmbeddings flair.TransformerOnnxEmbeddings flair.TransformerOnnxWordEmbeddings "
        "flair.TransformerOnnxDocumentEmbeddings flair.TransformerJitEmbeddings flair.TransformerJitWordEmbeddings "
        "flair.TransformerJitDocumentEmbeddings sktime.TSPulseClassifier",
        severity="medium",
    ),
)
"""Classes that act already where a bare instance of them is given its state, or items: each by its name and the package
that it is found below, since other modules of that package hold it too."""
