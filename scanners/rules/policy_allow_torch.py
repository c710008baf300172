"""Reviewed names of torch that only make a value."""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Allowed

TORCH: Final[tuple[Allowed, ...]] = (
    Allowed(
        "torch 2.13: what torch.load(weights_only=True) itself lets a checkpoint name "
        "(_weights_only_unpickler._get_allowed_globals), less the two that call a callable they are "
        "handed",
        {
            "torch": (
                "BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CharStorage "
                "CharTensor ComplexDoubleStorage ComplexFloatStorage DoubleStorage DoubleTensor FloatStorage "
                "FloatTensor HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor "
                "QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage ShortStorage "
                "ShortTensor Size Tensor bfloat16 bits16 bits1x8 bits2x4 bits4x2 bits8 bool complex128 "
                "complex32 complex64 device float16 float32 float4_e2m1fn_x2 float64 float8_e4m3fn "
                "float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu int1 int16 int2 int3 int32 int4 "
                "int5 int6 int64 int7 int8 per_channel_affine per_channel_affine_float_qparams "
                "per_channel_symmetric per_tensor_affine per_tensor_symmetric qint32 qint8 quint2x4 quint4x2 "
                "quint8 uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64 uint7 uint8"
            ),
            "torch._utils": (
                "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy "
                "_rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter "
                "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor "
                "_rebuild_tensor_v2 _rebuild_tensor_v3"
            ),
            "torch.cuda": (
                "BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CharStorage "
                "CharTensor ComplexDoubleStorage ComplexFloatStorage DoubleStorage DoubleTensor FloatStorage "
                "FloatTensor HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor ShortStorage "
                "ShortTensor"
            ),
            "torch.cuda.sparse": (
                "BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor "
                "LongTensor ShortTensor"
            ),
            "torch.nn.parameter": "Parameter",
            "torch.serialization": "_get_layout",
            "torch.sparse": (
                "BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor "
                "LongTensor ShortTensor"
            ),
            "torch.storage": "TypedStorage UntypedStorage",
        },
    ),
    Allowed(
        "torch: enums, specifications and containers of optimizers, samplers, sharded tensors and DCP "
        "metadata, by review (threats.md 2.8)",
        {
            "torch": (
                "Generator channels_last contiguous_format double float half int layout long "
                "memory_format preserve_format short sparse_coo strided"
            ),
            "torch._C": "Generator Size",
            "torch._C._nn": "gelu",
            "torch.amp.grad_scaler": "GradScaler OptState",
            "torch.autograd.grad_mode": "no_grad",
            "torch.cuda.amp.grad_scaler": "GradScaler",
            "torch.distributed._shard.metadata": "ShardMetadata",
            "torch.distributed._shard.sharded_tensor.api": "ShardedTensor",
            "torch.distributed._shard.sharded_tensor.metadata": (
                "MEM_FORMAT_ENCODING ShardedTensorMetadata TensorProperties"
            ),
            "torch.distributed._shard.sharded_tensor.shard": "Shard",
            "torch.distributed._tensor.api": "DTensor",
            "torch.distributed._tensor.placement_types": ("DTensorSpec Partial Replicate Shard TensorMeta _Partial"),
            "torch.distributed.checkpoint.filesystem": "SerializationFormat _StorageInfo _StoragePrefix",
            "torch.distributed.checkpoint.metadata": (
                "BytesStorageMetadata ChunkStorageMetadata Metadata MetadataIndex StorageMeta "
                "TensorProperties TensorStorageMetadata _MEM_FORMAT_ENCODING"
            ),
            "torch.distributed.fsdp.api": (
                "BackwardPrefetch CPUOffload FullOptimStateDictConfig FullStateDictConfig "
                "LocalStateDictConfig MixedPrecision ShardedOptimStateDictConfig ShardedStateDictConfig "
                "ShardingStrategy StateDictType"
            ),
            "torch.distributed.fsdp.fully_sharded_data_parallel": (
                "BackwardPrefetch CPUOffload ShardingStrategy StateDictType"
            ),
            "torch.distributed.tensor": "DTensor Partial Replicate Shard",
            "torch.distributed.tensor._api": "DTensor",
            "torch.distributed.tensor._dtensor_spec": "DTensorSpec TensorMeta",
            "torch.distributed.tensor.placement_types": "Partial Replicate Shard _StridedShard",
            "torch.jit._pickle": (
                "build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist restore_type_tag"
            ),
            "torch.nn.backends.thnn": "_get_thnn_function_backend",
            "torch.nn.functional": (
                "elu gelu hardswish hardtanh leaky_relu log_softmax mish relu relu6 selu sigmoid silu "
                "softmax softplus tanh"
            ),
            "torch.nn.parameter": "Buffer UninitializedBuffer UninitializedParameter",
            "torch.nn.utils.parametrizations": "_Orthogonal _SpectralNorm _WeightNorm",
            "torch.nn.utils.parametrize": "ParametrizationList",
            "torch.nn.utils.spectral_norm": ("SpectralNorm SpectralNormLoadStateDictPreHook SpectralNormStateDictHook"),
            "torch.nn.utils.weight_norm": "WeightNorm",
            "torch.utils.data._utils.collate": "default_collate",
            "torch.utils.data.dataloader": "DataLoader",
            "torch.utils.data.sampler": (
                "BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler WeightedRandomSampler"
            ),
            "torch.utils.hooks": "RemovableHandle",
        },
    ),
)

TORCH_CLASSES: Final[tuple[Allowed, ...]] = (
    Allowed(
        "torch 2.13: the classes of torch.nn.modules, by enumeration",
        {
            "torch.nn.modules.activation": (
                "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax "
                "Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin "
                "Softplus Softshrink Softsign Tanh Tanhshrink Threshold"
            ),
            "torch.nn.modules.adaptive": "AdaptiveLogSoftmaxWithLoss",
            "torch.nn.modules.batchnorm": (
                "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d "
                "SyncBatchNorm _BatchNorm _LazyNormBase _NormBase"
            ),
            "torch.nn.modules.channelshuffle": "ChannelShuffle",
            "torch.nn.modules.container": ("Container ModuleDict ModuleList ParameterDict ParameterList Sequential"),
            "torch.nn.modules.conv": (
                "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d "
                "LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d _ConvNd "
                "_ConvTransposeMixin _ConvTransposeNd"
            ),
            "torch.nn.modules.distance": "CosineSimilarity PairwiseDistance",
            "torch.nn.modules.dropout": (
                "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout _DropoutNd"
            ),
            "torch.nn.modules.flatten": "Flatten Unflatten",
            "torch.nn.modules.fold": "Fold Unfold",
            "torch.nn.modules.instancenorm": (
                "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d "
                "LazyInstanceNorm3d _InstanceNorm"
            ),
            "torch.nn.modules.linear": "Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear",
            "torch.nn.modules.loss": (
                "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss "
                "HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss LinearCrossEntropyLoss MSELoss "
                "MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss "
                "NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss "
                "TripletMarginWithDistanceLoss _Loss _WeightedLoss"
            ),
            "torch.nn.modules.module": "Module",
            "torch.nn.modules.normalization": "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
            "torch.nn.modules.padding": (
                "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
                "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
                "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d _CircularPadNd _ConstantPadNd "
                "_ReflectionPadNd _ReplicationPadNd"
            ),
            "torch.nn.modules.pixelshuffle": "PixelShuffle PixelUnshuffle",
            "torch.nn.modules.pooling": (
                "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d "
                "AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d "
                "LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d "
                "MaxUnpool3d _AdaptiveAvgPoolNd _AdaptiveMaxPoolNd _AvgPoolNd _LPPoolNd _MaxPoolNd "
                "_MaxUnpoolNd"
            ),
            "torch.nn.modules.rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
            "torch.nn.modules.sparse": "Embedding EmbeddingBag",
            "torch.nn.modules.transformer": (
                "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer"
            ),
            "torch.nn.modules.upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
        },
    ),
    Allowed(
        "torch 2.13: optimizers and schedulers, by enumeration",
        {
            "torch.optim": "Adafactor Muon",
            "torch.optim._multi_tensor": ("ASGD Adadelta Adagrad Adam AdamW Adamax NAdam RAdam RMSprop Rprop SGD"),
            "torch.optim.adadelta": "Adadelta",
            "torch.optim.adagrad": "Adagrad",
            "torch.optim.adam": "Adam",
            "torch.optim.adamax": "Adamax",
            "torch.optim.adamw": "AdamW",
            "torch.optim.asgd": "ASGD",
            "torch.optim.lbfgs": "LBFGS",
            "torch.optim.lr_scheduler": (
                "ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR "
                "ExponentialLR LRScheduler LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR "
                "PolynomialLR ReduceLROnPlateau SequentialLR StepLR _LRScheduler"
            ),
            "torch.optim.nadam": "NAdam",
            "torch.optim.optimizer": "Optimizer",
            "torch.optim.radam": "RAdam",
            "torch.optim.rmsprop": "RMSprop",
            "torch.optim.rprop": "Rprop",
            "torch.optim.sgd": "SGD",
            "torch.optim.sparse_adam": "SparseAdam",
            "torch.optim.swa_utils": "AveragedModel SWALR",
        },
    ),
    Allowed(
        "torch 2.13: quantization modules, by enumeration",
        {
            "torch.ao.nn.intrinsic.modules.fused": (
                "BNReLU2d BNReLU3d ConvAdd2d ConvAddReLU2d ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d "
                "ConvBnReLU2d ConvBnReLU3d ConvReLU1d ConvReLU2d ConvReLU3d LinearBn1d LinearLeakyReLU "
                "LinearReLU LinearTanh _FusedModule"
            ),
            "torch.ao.nn.intrinsic.qat.modules.conv_fused": (
                "ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d ConvBnReLU3d ConvReLU1d ConvReLU2d "
                "ConvReLU3d _ConvBnNd"
            ),
            "torch.ao.nn.intrinsic.qat.modules.linear_fused": "LinearBn1d",
            "torch.ao.nn.intrinsic.qat.modules.linear_relu": "LinearReLU",
            "torch.ao.nn.intrinsic.quantized.dynamic.modules.linear_relu": "LinearReLU",
            "torch.ao.nn.intrinsic.quantized.modules.bn_relu": "BNReLU2d BNReLU3d",
            "torch.ao.nn.intrinsic.quantized.modules.conv_add": "ConvAdd2d ConvAddReLU2d",
            "torch.ao.nn.intrinsic.quantized.modules.conv_relu": "ConvReLU1d ConvReLU2d ConvReLU3d",
            "torch.ao.nn.intrinsic.quantized.modules.linear_relu": "LinearLeakyReLU LinearReLU LinearTanh",
            "torch.ao.nn.qat.dynamic.modules.linear": "Linear",
            "torch.ao.nn.qat.modules.conv": "Conv1d Conv2d Conv3d _ConvNd",
            "torch.ao.nn.qat.modules.embedding_ops": "Embedding EmbeddingBag",
            "torch.ao.nn.qat.modules.linear": "Linear",
            "torch.ao.nn.quantizable.modules.activation": "MultiheadAttention",
            "torch.ao.nn.quantizable.modules.rnn": "LSTM LSTMCell _LSTMLayer _LSTMSingleLayer",
            "torch.ao.nn.quantized.dynamic.modules.conv": (
                "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"
            ),
            "torch.ao.nn.quantized.dynamic.modules.linear": "Linear",
            "torch.ao.nn.quantized.dynamic.modules.rnn": (
                "GRU GRUCell LSTM LSTMCell PackedParameter RNNBase RNNCell RNNCellBase"
            ),
            "torch.ao.nn.quantized.modules": "DeQuantize Quantize",
            "torch.ao.nn.quantized.modules.activation": (
                "ELU Hardswish LeakyReLU MultiheadAttention PReLU ReLU6 Sigmoid Softmax"
            ),
            "torch.ao.nn.quantized.modules.batchnorm": "BatchNorm2d BatchNorm3d _BatchNorm",
            "torch.ao.nn.quantized.modules.conv": (
                "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd"
            ),
            "torch.ao.nn.quantized.modules.dropout": "Dropout",
            "torch.ao.nn.quantized.modules.embedding_ops": "Embedding EmbeddingBag EmbeddingPackedParams",
            "torch.ao.nn.quantized.modules.functional_modules": ("FXFloatFunctional FloatFunctional QFunctional"),
            "torch.ao.nn.quantized.modules.linear": "Linear LinearPackedParams",
            "torch.ao.nn.quantized.modules.normalization": (
                "GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm"
            ),
            "torch.ao.nn.quantized.modules.rnn": "LSTM",
            "torch.ao.nn.quantized.modules.utils": "WeightedQuantizedModule",
            "torch.ao.nn.quantized.reference.modules.conv": (
                "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd"
            ),
            "torch.ao.nn.quantized.reference.modules.linear": "Linear",
            "torch.ao.nn.quantized.reference.modules.rnn": ("GRU GRUCell LSTM LSTMCell RNNBase RNNCell RNNCellBase"),
            "torch.ao.nn.quantized.reference.modules.sparse": "Embedding EmbeddingBag",
            "torch.ao.nn.quantized.reference.modules.utils": "ReferenceQuantizedModule",
            "torch.ao.nn.sparse.quantized.dynamic.linear": "Linear",
            "torch.ao.nn.sparse.quantized.linear": "Linear LinearPackedParams",
        },
    ),
    Allowed(
        "torch before 1.13: the same quantization modules at their old place",
        {
            "torch.nn.intrinsic.modules.fused": (
                "BNReLU2d BNReLU3d ConvAdd2d ConvAddReLU2d ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d "
                "ConvBnReLU2d ConvBnReLU3d ConvReLU1d ConvReLU2d ConvReLU3d LinearBn1d LinearLeakyReLU "
                "LinearReLU LinearTanh _FusedModule"
            ),
            "torch.nn.intrinsic.qat.modules.conv_fused": (
                "ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d ConvBnReLU3d ConvReLU1d ConvReLU2d "
                "ConvReLU3d _ConvBnNd"
            ),
            "torch.nn.intrinsic.qat.modules.linear_fused": "LinearBn1d",
            "torch.nn.intrinsic.qat.modules.linear_relu": "LinearReLU",
            "torch.nn.intrinsic.quantized.dynamic.modules.linear_relu": "LinearReLU",
            "torch.nn.intrinsic.quantized.modules.bn_relu": "BNReLU2d BNReLU3d",
            "torch.nn.intrinsic.quantized.modules.conv_add": "ConvAdd2d ConvAddReLU2d",
            "torch.nn.intrinsic.quantized.modules.conv_relu": "ConvReLU1d ConvReLU2d ConvReLU3d",
            "torch.nn.intrinsic.quantized.modules.linear_relu": "LinearLeakyReLU LinearReLU LinearTanh",
            "torch.nn.qat.dynamic.modules.linear": "Linear",
            "torch.nn.qat.modules.conv": "Conv1d Conv2d Conv3d _ConvNd",
            "torch.nn.qat.modules.embedding_ops": "Embedding EmbeddingBag",
            "torch.nn.qat.modules.linear": "Linear",
            "torch.nn.quantized.dynamic.modules.conv": (
                "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"
            ),
            "torch.nn.quantized.dynamic.modules.linear": "Linear",
            "torch.nn.quantized.dynamic.modules.rnn": (
                "GRU GRUCell LSTM LSTMCell PackedParameter RNNBase RNNCell RNNCellBase"
            ),
            "torch.nn.quantized.modules": "DeQuantize Quantize",
            "torch.nn.quantized.modules.activation": (
                "ELU Hardswish LeakyReLU MultiheadAttention PReLU ReLU6 Sigmoid Softmax"
            ),
            "torch.nn.quantized.modules.batchnorm": "BatchNorm2d BatchNorm3d _BatchNorm",
            "torch.nn.quantized.modules.conv": (
                "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd"
            ),
            "torch.nn.quantized.modules.dropout": "Dropout",
            "torch.nn.quantized.modules.embedding_ops": "Embedding EmbeddingBag EmbeddingPackedParams",
            "torch.nn.quantized.modules.functional_modules": "FXFloatFunctional FloatFunctional QFunctional",
            "torch.nn.quantized.modules.linear": "Linear LinearPackedParams",
            "torch.nn.quantized.modules.normalization": (
                "GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm"
            ),
            "torch.nn.quantized.modules.rnn": "LSTM",
            "torch.nn.quantized.modules.utils": "WeightedQuantizedModule",
            "torch.nn.quantized.reference.modules.conv": (
                "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd"
            ),
            "torch.nn.quantized.reference.modules.linear": "Linear",
            "torch.nn.quantized.reference.modules.rnn": ("GRU GRUCell LSTM LSTMCell RNNBase RNNCell RNNCellBase"),
            "torch.nn.quantized.reference.modules.sparse": "Embedding EmbeddingBag",
            "torch.nn.quantized.reference.modules.utils": "ReferenceQuantizedModule",
            "torch.nn.sparse.quantized.dynamic.linear": "Linear",
            "torch.nn.sparse.quantized.linear": "Linear LinearPackedParams",
        },
    ),
    Allowed(
        "torch 2.13: tracers, which a module of torch.fx names, and loading makes without arguments; by review",
        {
            "torch.fx._symbolic_trace": "Tracer",
            "torch.fx.experimental.proxy_tensor": "PythonKeyTracer",
        },
    ),
    Allowed(
        "torch 2.13: data sets, by enumeration",
        {
            "torch.utils.data.dataset": (
                "ChainDataset ConcatDataset Dataset IterableDataset StackDataset Subset TensorDataset"
            ),
        },
    ),
)
