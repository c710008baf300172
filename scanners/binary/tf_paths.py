"""Which operations of TensorFlow open a path or an address, and where in the operation it stands.

Positions and attributes are those of the op registry of TensorFlow 2.21 (tensorflow/core/ops/*.cc),
and of tensorflow-decision-forests 1.8.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Opener(NamedTuple):
    """Where an operation takes its paths from."""

    inputs: tuple[int, ...] = ()
    """Positions of inputs."""
    attributes: tuple[str, ...] = ()
    writes: bool = False


def _table(lines: str, *, writes: bool) -> dict[str, Opener]:
    """Each line is positions of inputs or names of attributes, by commas, then the operations."""
    found: dict[str, Opener] = {}
    for line in lines.strip().splitlines():
        where, *names = line.split()
        places = where.split(",")
        opener = Opener((), tuple(places), writes)
        if places[0].isdecimal():
            opener = Opener(tuple(map(int, places)), (), writes)
        found.update(dict.fromkeys(names, opener))
    return found


PROGRAMS: Final = frozenset(
    (
        b"XlaCallModule",
        b"MlirPassthroughOp",
        b"TPUCompileMlir",
        b"_TPUCompileMlir",
        b"_XlaHostComputeMlir",
        b"TfLiteSubgraphExecute",
    )
)
"""What runs a program in another language that the graph holds or names."""

SAVERS: Final = frozenset(
    "Save SaveV2 SaveSlices MergeV2Checkpoints Restore RestoreV2 RestoreSlice ShardedFilename ShardedFilespec".split()
)
"""What every SavedModel and MetaGraph holds to save and restore its variables; the path comes from who runs it."""

_READS: Final = """
0 ReadFile MatchingFiles MatchingFilesDataset ExperimentalMatchingFilesDataset
0 Restore RestoreV2 RestoreSlice DTensorRestoreV2 ShardedFilename ShardedFilespec LoadAndRemapMatrix
0 TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2
0 CSVDataset CSVDatasetV2 ExperimentalCSVDataset LMDBDataset ExperimentalLMDBDataset
0 LoadDataset ListSnapshotChunksDataset SnapshotDatasetReader SnapshotChunkDataset
1 InitializeTableFromTextFile InitializeTableFromTextFileV2 SqlDataset ExperimentalSqlDataset
0,1 GenerateVocabRemapping
0 SimpleMLLoadModelFromPath
1 SimpleMLLoadModelFromPathWithHandle
descriptor_source EncodeProto DecodeProtoV2
file_pattern RecordInput
filename Skipgram
memory_region_name ImmutableConst
vocab_file FixedUnigramCandidateSampler
"""
_WRITES: Final = """
0 WriteFile Save SaveV2 SaveSlices
0,1 MergeV2Checkpoints
1 CacheDataset CacheDatasetV2 CreateSummaryDbWriter CreateSummaryFileWriter DatasetToTFRecord
1 DistributedSave ExperimentalDatasetToTFRecord SaveDataset SaveDatasetV2 SnapshotDataset SnapshotDatasetV2
debug_urls DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary
log_dir_path,file_name DumpTensor
output_file_path CalibrationStatisticsSaver
output_stream PrintV2
"""
OPENERS: Final = _table(_READS, writes=False) | _table(_WRITES, writes=True)

NO_PATHS: Final = frozenset(
    ("", "stdout", "stderr", "log(info)", "log(warning)", "log(error)", "local://", "memory://")
)
"""What stands where a path may stand, and is none."""
