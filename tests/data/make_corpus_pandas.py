"""Makes corpus/pandas-*: frames, series, indexes and their kinds of values. Releases: 1.5.3, 3.1.1."""

import numpy as np
import pandas as pd
from corpus_writing import Folder


def values():
    dates = pd.date_range("2024-01-01", periods=3, tz="Europe/Paris")
    frame = pd.DataFrame(
        {
            "int": [1, 2, 3],
            "float": [1.5, np.nan, 2.5],
            "text": ["a", "b", None],
            "flag": [True, False, True],
            "date": dates,
            "kind": pd.Categorical(["x", "y", "x"]),
            "span": pd.to_timedelta([1, 2, 3], unit="h"),
        },
        index=pd.Index(["p", "q", "r"], name="key"),
    )
    yield "frame", frame
    yield "frame_of_numbers", pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list("abc"))
    yield "frame_grouped", frame.groupby("text")["int"].agg(["mean", "max"])
    yield "frame_of_levels", frame.set_index(["text", "flag"])
    yield "frame_with_attributes", frame.head(1).assign(list=[[1, 2]])
    yield "frame_empty", pd.DataFrame()
    yield "frame_nullable", pd.DataFrame(
        {"i": pd.array([1, None], "Int64"), "f": pd.array([1.5, None], "Float64"), "b": pd.array([True, None], "boolean")}
    )
    yield "frame_sparse", pd.DataFrame({"s": pd.arrays.SparseArray([0, 0, 1])})
    yield "series", pd.Series([1, 2, 3], name="numbers")
    yield "series_of_text", pd.Series(["a", None], dtype="string")
    yield "series_of_objects", pd.Series([{"a": 1}, [2], None])
    yield "series_of_categories", pd.Series(["low", "high"], dtype=pd.CategoricalDtype(["low", "high"], ordered=True))
    yield "series_of_intervals", pd.cut(pd.Series([1, 5, 9]), 3)
    yield "series_of_periods", pd.Series(pd.period_range("2024-01", periods=2, freq="M"))
    yield "series_named_time", pd.Series([1.0, 2.0], index=pd.DatetimeIndex(["2024-01-01", "2024-01-02"], freq="D"))
    yield "index_range", pd.RangeIndex(3)
    yield "index_int", pd.Index([1, 2, 3])
    yield "index_float", pd.Index([1.5, 2.5])
    yield "index_text", pd.Index(["a", "b"])
    yield "index_multi", pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["l", "n"])
    yield "index_dates", dates
    yield "index_timedelta", pd.timedelta_range("1h", periods=3, freq="h" if pd.__version__ > "2.2" else "H")
    yield "index_period", pd.period_range("2024-01", periods=3, freq="M")
    yield "index_interval", pd.interval_range(0, 3)
    yield "index_category", pd.CategoricalIndex(["a", "b", "a"])
    yield "scalars", [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01", tz="UTC"), pd.Timedelta("1D"), pd.NaT, pd.NA, pd.Interval(0, 1), pd.Period("2024", "Y")]
    yield "offsets", [pd.offsets.Day(2), pd.offsets.MonthEnd(), pd.offsets.BusinessDay(), pd.DateOffset(months=1), pd.offsets.Hour(3)]
    yield "dtypes", [pd.Int64Dtype(), pd.StringDtype(), pd.BooleanDtype(), pd.CategoricalDtype(["a"]), pd.DatetimeTZDtype(tz="UTC"), pd.SparseDtype("f8")]
    yield "classes_and_functions", [pd.DataFrame, pd.Series, pd.to_datetime, pd.to_numeric, pd.get_dummies]
    yield "methods", [pd.Series([1, 2]).map, pd.DataFrame.merge, frame.get]
    yield "dictionary_of_frames", {"train": frame.head(2), "means": frame["float"].mean(), "columns": list(frame.columns)}


def main():
    out = Folder("pandas", pd.__version__)
    for name, value in values():
        out.pickle(name, value, (2, 3, 4, 5) if name in {"frame", "series"} else (2, 5))
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    frame.to_pickle(out("to_pickle.pkl"))
    for suffix in ("gz", "bz2", "xz", "zip"):
        frame.to_pickle(out(f"to_pickle.pkl.{suffix}"))
    out.check()


if __name__ == "__main__":
    main()
