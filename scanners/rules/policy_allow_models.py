"""Reviewed names of training and modelling libraries that only make a value."""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Allowed

TRAINING: Final[tuple[Allowed, ...]] = (
    Allowed(
        "training arguments and their enums, as `training_args.bin` holds them (threats.md 2.8)",
        {
            "accelerate.state": "GradientState",
            "accelerate.utils.dataclasses": (
                "ComputeEnvironment DataLoaderConfiguration DistributedType DynamoBackend "
                "GradientAccumulationPlugin PrecisionType ProjectConfiguration RNGType "
                "SageMakerDistributedType"
            ),
            "peft.tuners.lora": "LoraConfig",
            "peft.tuners.lora.config": "CordaConfig EvaConfig LoftQConfig LoraConfig LoraRuntimeConfig",
            "peft.utils.peft_types": "PeftType TaskType",
            "sentence_transformers.training_args": "BatchSamplers MultiDatasetBatchSamplers",
            "setfit.training_args": "TrainingArguments",
            "simpletransformers.config.model_args": (
                "ClassificationArgs LanguageModelingArgs ModelArgs MultiLabelClassificationArgs NERArgs "
                "QuestionAnsweringArgs Seq2SeqArgs T5Args"
            ),
            "tokenizers": "AddedToken Encoding Tokenizer",
            "tokenizers.models": "Model",
            "transformers.debug_utils": "DebugOption",
            "transformers.generation.configuration_utils": "GenerationConfig",
            "transformers.tokenization_utils": "ExtensionsTrie Trie",
            "transformers.tokenization_utils_base": "AddedToken BatchEncoding",
            "transformers.trainer_callback": "TrainerControl TrainerState",
            "transformers.trainer_pt_utils": "AcceleratorConfig LabelSmoother",
            "transformers.trainer_utils": (
                "BestRun EvalPrediction EvaluationStrategy FSDPOption HubStrategy IntervalStrategy "
                "PredictionOutput SaveStrategy SchedulerType ShardedDDPOption TrainOutput"
            ),
            "transformers.training_args": "OptimizerNames ParallelMode",
            "transformers.utils.quantization_config": "QuantizationMethod",
            "trl.trainer.dpo_config": "FDivergenceConstants FDivergenceType",
        },
    ),
)

MODELS: Final[tuple[Allowed, ...]] = (
    Allowed(
        "classes of models, configurations and vocabularies that checkpoints often hold (threats.md 2.8)",
        {
            "addict.addict": "Dict",
            "easydict": "EasyDict",
            "fairseq.data.dictionary": "Dictionary",
            "fairseq.dataclass.configs": "CommonConfig FairseqConfig",
            "fastai.data.core": "FilteredBase",
            "fastai.optimizer": "Adam",
            "fastai.torch_core": "trainable_params",
            "gensim.corpora.dictionary": "Dictionary",
            "gensim.models.keyedvectors": "KeyedVectors Vocab Word2VecKeyedVectors",
            "gensim.models.phrases": "npmi_scorer original_scorer",
            "gensim.models.tfidfmodel": "df2idf",
            "gensim.utils": "call_on_class_only identity",
            "gym.spaces.box": "Box",
            "gym.spaces.dict": "Dict",
            "gym.spaces.discrete": "Discrete",
            "gym.spaces.multi_binary": "MultiBinary",
            "gym.spaces.multi_discrete": "MultiDiscrete",
            "gym.spaces.tuple": "Tuple",
            "gymnasium.spaces.box": "Box",
            "gymnasium.spaces.dict": "Dict",
            "gymnasium.spaces.discrete": "Discrete",
            "gymnasium.spaces.multi_binary": "MultiBinary",
            "gymnasium.spaces.multi_discrete": "MultiDiscrete",
            "gymnasium.spaces.tuple": "Tuple",
            "keras.preprocessing.text": "Tokenizer",
            "keras.src.legacy.preprocessing.text": "Tokenizer",
            "keras.src.preprocessing.text": "Tokenizer",
            "keras_preprocessing.text": "Tokenizer",
            "lightning.fabric.utilities.data": "AttributeDict",
            "lightning.pytorch.callbacks.early_stopping": "EarlyStopping EarlyStoppingReason",
            "lightning.pytorch.callbacks.model_checkpoint": "ModelCheckpoint",
            "lightning.pytorch.utilities.parsing": "AttributeDict",
            "lightning_fabric.utilities.data": "AttributeDict",
            "models.common": (
                "AutoShape Bottleneck BottleneckCSP C3 C3Ghost C3SPP C3TR C3x Classify Concat Contract Conv "
                "DWConv Expand Focus GhostBottleneck GhostConv ImplicitA ImplicitM MP Proto RepConv SP SPP "
                "SPPCSPC SPPF"
            ),
            "models.yolo": "Detect IAuxDetect IDetect Segment",
            "munch": "Munch",
            "nltk.probability": "ConditionalFreqDist FreqDist",
            "nltk.stem.snowball": "EnglishStemmer",
            "nltk.tokenize.punkt": "PunktToken",
            "omegaconf.base": "Container ContainerMetadata Metadata Node",
            "omegaconf.dictconfig": "DictConfig",
            "omegaconf.listconfig": "ListConfig",
            "omegaconf.nodes": (
                "AnyNode BooleanNode BytesNode EnumNode FloatNode IntegerNode PathNode StringNode ValueNode"
            ),
            "pyannote.audio.core.model": "Introspection",
            "pyannote.audio.core.task": "Problem Resolution Specifications",
            "pytorch_lightning.callbacks.early_stopping": "EarlyStopping EarlyStoppingReason",
            "pytorch_lightning.callbacks.model_checkpoint": "ModelCheckpoint",
            "pytorch_lightning.utilities.parsing": "AttributeDict",
            "regex._regex_core": "RegexFlag",
            "spacy.morphology": "unpickle_morphology",
            "spacy.strings": "StringStore",
            "stable_baselines3.common.buffers": ("DictReplayBuffer DictRolloutBuffer ReplayBuffer RolloutBuffer"),
            "stable_baselines3.common.noise": "NormalActionNoise OrnsteinUhlenbeckActionNoise",
            "stable_baselines3.common.policies": (
                "ActorCriticCnnPolicy ActorCriticPolicy BasePolicy MultiInputActorCriticPolicy"
            ),
            "stable_baselines3.common.running_mean_std": "RunningMeanStd",
            "stable_baselines3.common.torch_layers": "CombinedExtractor FlattenExtractor NatureCNN",
            "stable_baselines3.common.type_aliases": "RolloutReturn TrainFreq TrainFrequencyUnit",
            "stable_baselines3.common.utils": "ConstantSchedule FloatSchedule LinearSchedule",
            "stable_baselines3.common.vec_env.vec_normalize": "VecNormalize",
            "stable_baselines3.dqn.policies": "CnnPolicy DQNPolicy MultiInputPolicy",
            "stable_baselines3.her.goal_selection_strategy": "GoalSelectionStrategy",
            "stable_baselines3.her.her_replay_buffer": "HerReplayBuffer",
            "stable_baselines3.sac.policies": "CnnPolicy MultiInputPolicy SACPolicy",
            "stable_baselines3.td3.policies": "CnnPolicy MultiInputPolicy TD3Policy",
            "transformers.modeling_outputs": (
                "BaseModelOutput BaseModelOutputWithPooling CausalLMOutput CausalLMOutputWithPast "
                "SequenceClassifierOutput"
            ),
            "ultralytics.nn.modules.block": (
                "A2C2f AAttn ABlock Attention BNContrastiveHead Bottleneck BottleneckCSP C1 C2 C2PSA C2f "
                "C2fAttn C2fCIB C2fPSA C3 C3Ghost C3TR C3k C3k2 C3x CIB ContrastiveHead DFL GhostBottleneck "
                "HGBlock HGStem ImagePoolingAttn PSA PSABlock Proto RepC3 RepVGGDW ResNetBlock ResNetLayer "
                "SCDown SPP SPPF"
            ),
            "ultralytics.nn.modules.conv": (
                "CBAM ChannelAttention Concat Conv Conv2 ConvTranspose DWConv DWConvTranspose2d Focus "
                "GhostConv Index LightConv RepConv SpatialAttention"
            ),
            "ultralytics.nn.modules.head": ("Classify Detect OBB Pose RTDETRDecoder Segment WorldDetect v10Detect"),
            "ultralytics.nn.tasks": "BaseModel Ensemble",
            "ultralytics.utils": "IterableSimpleNamespace",
            "ultralytics.utils.loss": (
                "BboxLoss DFLoss E2EDetectLoss FocalLoss KeypointLoss VarifocalLoss v8ClassificationLoss "
                "v8DetectionLoss v8OBBLoss v8PoseLoss v8SegmentationLoss"
            ),
            "ultralytics.utils.tal": "RotatedTaskAlignedAssigner TaskAlignedAssigner",
        },
    ),
)
