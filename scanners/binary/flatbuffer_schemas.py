"""The schemas of the formats that are FlatBuffers, as `scanners.binary.flatbuffer.schema` reads them.

Names stand where something is taken from the field. Sources: tensorflow/lite/schema/schema.fbs of TensorFlow 2.21,
schema/program.fbs of ExecuTorch 1.5, onnxruntime/core/flatbuffers/schema/ort.fbs of ONNX Runtime 1.32,
torch/csrc/jit/serialization/mobile_bytecode.fbs of torch 2.13, catboost/libs/model/flatbuffers of CatBoost 1.2,
format/Message.fbs, Schema.fbs and File.fbs of Arrow 26, jax/_src/export/serialization.fbs of JAX 0.10.
"""

from __future__ import annotations

from typing import Final

from scanners.binary.flatbuffer import schema

TFLITE: Final = schema("""
Model version=4 [OperatorCode] [SubGraph] text [Buffer] [4] [Metadata] [SignatureDef] \
[ExternalBufferGroup] [ExternalBuffer]
OperatorCode deprecated_builtin_code=1 custom_code=text 4 builtin_code=4
SubGraph [Tensor] [4] [4] [Operator] text 4
Tensor [4] 1 4 text QuantizationParameters 1 SparsityParameters [4] 1 [VariantSubType] 4
Operator opcode_index=4 [4] [4] 1 <BuiltinOptions> custom_options=[1] 1 [1] [4] offset=8 size=8 1 <BuiltinOptions2> 4
Buffer data=[1] offset=8 size=8
Metadata text 4
TensorMap text 4
SignatureDef [TensorMap] [TensorMap] text text 4
QuantizationParameters [4] [4] [4] [8] 1 <QuantizationDetails> 4
CustomQuantization [1]
BlockwiseQuantization 4 4 4
SparsityParameters [4] [4] [DimensionMetadata]
DimensionMetadata 1 4 1 <SparseIndexVector> 1 <SparseIndexVector>
Int32Vector [4]
Uint16Vector [2]
Uint8Vector [1]
VariantSubType [4] 1 1
ExternalBufferGroup name=text
ExternalBuffer 4 4 8 8 text
StablehloGatherOptions [8] [8] [8] 8 [8] 1
StablehloTransposeOptions [8]
StablehloDotGeneralOptions [8] [8] [8] [8] [4]
StablehloReduceWindowOptions [8] [8] [8] [8] [8] 4
StablehloBroadcastInDimOptions [8]
StablehloDynamicSliceOptions [8]
StablehloPadOptions [8] [8] [8]
StablehloCustomCallOptions target=text 1 text 4 [4] [1]
StablehloReduceOptions [8] 4
StablehloSliceOptions [8] [8] [8]
StablehloConvolutionOptions [8] [8] [8] [8] [1] 8 8 [8] 8 8 [8] 8 8 [8] 8 8 [4]
StablehloScatterOptions 1 [8] [8] [8] 8 1 4
StablehloCaseOptions [4]
ConcatEmbeddingsOptions 4 [4] [4]
ReshapeOptions [4]
SqueezeOptions [4]
VarHandleOptions text text
BucketizeOptions [4]
StableHLOCompositeOptions text 4 [1] 1 4
<BuiltinOptions> 7 7 ConcatEmbeddingsOptions 1 6 3 2 5 1 2 2 1 4 5 4 1 ReshapeOptions 3 1 1 1 0 2 0 0 0 1 2 1 \
SqueezeOptions 3 6 0 0 1 0 2 0 0 1 0 0 0 0 0 0 0 0 5 1 0 0 0 0 1 0 1 4 2 0 1 0 0 2 0 0 0 0 6 4 6 0 0 2 1 0 1 0 1 1 0 0 \
0 0 0 0 2 0 0 0 0 2 2 1 0 0 0 0 0 0 3 2 1 0 0 8 3 0 0 0 VarHandleOptions 0 0 2 BucketizeOptions 1 0 0 0 0 0 0 0 0 0 0
<BuiltinOptions2> 1 StablehloBroadcastInDimOptions StablehloSliceOptions StablehloConvolutionOptions \
StablehloCustomCallOptions StablehloReduceOptions StablehloScatterOptions 2 StablehloDynamicSliceOptions \
StablehloPadOptions 1 StablehloDotGeneralOptions StablehloReduceWindowOptions 3 2 StablehloGatherOptions \
StablehloTransposeOptions 0 1 1 StableHLOCompositeOptions 0 StablehloCaseOptions
<QuantizationDetails> CustomQuantization BlockwiseQuantization
<SparseIndexVector> Int32Vector Uint16Vector Uint8Vector
""")

EXECUTORCH: Final = schema("""
Program 4 [ExecutionPlan] [Buffer] [Inline] [Segment] constant=Subsegment mutable=[Subsegment] [NamedData]
ExecutionPlan text ContainerMetadata [EValue] [4] [4] [Chain] [Operator] [Delegate] [8] [BufferDevice]
BufferDevice 4 1 1
ContainerMetadata text text
EValue 1 <KernelTypes>
Tensor 1 4 [4] [1] 1 4 AllocationDetails 1 1 ExtraTensorInfo
AllocationDetails 4 4 4
ExtraTensorInfo 8 text 1 1 1
String text
IntList [8]
DoubleList [8]
BoolList [1]
TensorList [4]
Operator name=text overload=text
KernelCall 4 [4]
DelegateCall 4 [4]
Instruction 1 <InstructionArguments>
Frame text 4 text text
FrameList [Frame]
DataReference location=1 index=4
CompileSpec text [1]
Delegate id=text processed=DataReference [CompileSpec]
Chain [4] [4] [Instruction] [FrameList]
Buffer [1]
Inline data=[1]
Segment offset=8 size=8
Subsegment segment=4 [8]
NamedData key=text segment=4
<KernelTypes> 0 1 1 1 Tensor String IntList DoubleList BoolList TensorList TensorList
<InstructionArguments> KernelCall DelegateCall 2 2 1
""")

ORT: Final = schema("""
InferenceSession text Model SessionState KernelTypes
Model 8 [OperatorSetId] text text text 8 text Graph text [Entry]
OperatorSetId text 8
Entry text text
Graph [Tensor] [ValueInfo] [Node] 4 [NodeEdge] [text] [text] [SparseTensor] Optimizations
Node text text domain=text 4 4 op_type=text 4 text [text] [text] [Attribute] [4] [text]
NodeEdge 4 [12] [12]
Attribute text text 4 4 8 text Tensor Graph [4] [8] [text] [Tensor] [Graph]
Tensor text text [8] 4 [1] [text] 8
SparseTensor Tensor Tensor [8]
ValueInfo text text TypeInfo
TypeInfo text 1 <TypeInfoValue>
TensorType 4 Shape
SequenceType TypeInfo
MapType 4 TypeInfo
Shape [Dimension]
Dimension DimensionValue text
DimensionValue 1 8 text
Optimizations [OptimizationsEntry]
OptimizationsEntry text [Optimization]
Optimization text NodesToOptimize [NodeHash] [text]
NodesToOptimize [4] 4 4 1 1 4 4
NodeHash 4 8
SessionState Kernels [SubgraphState]
Kernels [4] [8]
SubgraphState text SessionState
KernelTypes [OperatorKernelTypes]
OperatorKernelTypes text [KernelTypeArguments]
KernelTypeArguments text [Argument]
Argument 1 4
<TypeInfoValue> TensorType SequenceType MapType
""")

TORCH_MOBILE: Final = schema("""
Module 4 [ExtraFile] [4] 4 [IValue] 4 [StorageData] [ObjectType] sources=[Source] [4] 4 4
ExtraFile text text
Source name=text content=text
StorageData [1]
ObjectType name=text 1 [text]
IValue 1 <IValueUnion>
Function name=text [8] [Operator] [4] [text] 4 FunctionSchema DebugInfo 4
Operator name=text overload=text 4
FunctionSchema [Arg] [Arg]
Arg text text 4
DebugInfo [8]
TensorMetadata 4 1 4 [4] [4] 1 QuantizedSchema
QuantizedSchema 1 8 4 TensorMetadata TensorMetadata 4
String text
List [4] text
Tuple [4]
Dict [4] [4] text
Object 4 4 [4] 4
IntList [8]
DoubleList [8]
BoolList [1]
EnumValue text 4
<IValueUnion> @8 @1 @8 @16 TensorMetadata String List Tuple Dict Object IntList DoubleList BoolList \
String EnumValue Function
""")

JAX_EXPORT: Final = schema("""
Exported 2 text PyTreeDef [AbstractValue] PyTreeDef [AbstractValue] 2 [Sharding] [Sharding] [text] [Effect] [Effect] \
[DisabledSafetyCheck] module=[1] 2 [2] 1 Exported 4 [AbstractValue] [AbstractMesh] [NamedSharding] [4] [4] [4] [4]
PyTreeDef 1 [PyTreeDef] [text] text [1]
AbstractDevice text 4 text
AbstractMesh [4] [text] [1] AbstractDevice
PartitionSpecOneAxis [text]
PartitionSpec [PartitionSpecOneAxis] [text] [text]
NamedSharding AbstractMesh PartitionSpec text 4
AbstractValue 1 [text] 1 1
Sharding 1 [1] NamedSharding
Effect text
DisabledSafetyCheck 1 target=text
""")

CATBOOST: Final = schema("""
TModelCore text TModelTrees [TKeyValue] parts=[text]
TKeyValue text text
TModelTrees 4 [4] [4] [4] [TCatFeature] [TFloatFeature] [TOneHotFeature] [TCtrFeature] [8] [8] [4] [4] \
[TCatFeature] [TEstimatedFeature] 8 8 [8] [4] [TEmbeddingFeature]
TCatFeature 4 4 text 1
TFloatFeature 1 4 4 [4] text 1
TEmbeddingFeature 4 4 text 4 1
TEstimatedFeature 4 16 4 [4]
TOneHotFeature 4 [4] [text]
TCtrFeature TModelCtr [4]
TModelCtr TModelCtrBase 4 4 4 4 4
TModelCtrBase TFeatureCombination 1 4
TFeatureCombination [4] [8] [8]
TCtrValueTable TModelCtrBase [1] [1] 4 4
""")

ARROW: Final = schema("""
Message 2 1 <Header> 8 [KeyValue]
Schema 2 [Field] [KeyValue] [8]
Field text 1 1 <Type> DictionaryEncoding [Field] [KeyValue]
KeyValue key=text value=[1]
DictionaryEncoding 8 Int 1 2
Int 4 1
Timestamp 2 text
Union 2 [4]
Footer 2 Schema dictionaries=[24] records=[24] [KeyValue]
<Header> Schema 3 5 5 6
<Type> 0 Int 1 0 0 0 3 1 2 Timestamp 1 0 0 Union 1 1 1 1 0 0 0 0 0 0 0 0
""")
