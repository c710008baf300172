"""Reviewed names of the standard library, numpy, scipy and pandas that only make a value."""

from __future__ import annotations

from typing import Final

from scanners.rules.policy_table import Allowed

_UFUNCS: Final = (
    "abs absolute acos acosh add arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh "
    "bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
    "bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod equal exp exp2 expm1 "
    "fabs float_power floor floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside hypot invert "
    "isfinite isinf isnan isnat lcm ldexp left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 "
    "logical_and logical_not logical_or logical_xor matmul matvec maximum minimum mod modf multiply negative "
    "nextafter not_equal positive pow power rad2deg radians reciprocal remainder right_shift rint sign signbit "
    "sin sinh spacing sqrt square subtract tan tanh true_divide trunc vecdot vecmat"
)
"""The ufuncs of numpy 2.4: numbers in, numbers out. numpy before 1.25 names them by the module that holds them."""
_SPECIAL: Final = (
    "betaln boxcox boxcox1p digamma entr erf erfinv expit expm1 exprel gamma gammaln i0 i1 inv_boxcox "
    "inv_boxcox1p kl_div log_expit log_ndtr logit ndtr ndtri psi rel_entr xlog1py xlogy"
)
"""Ufuncs of scipy.special that models are made of, under the same two kinds of names."""

PYTHON: Final[tuple[Allowed, ...]] = (
    Allowed(
        "constructors of the standard library that only make a value (threats.md 2.8)",
        {
            "__future__": (
                "_Feature absolute_import annotations division generator_stop generators nested_scopes "
                "print_function unicode_literals with_statement"
            ),
            "argparse": "Namespace",
            "array": "_array_reconstructor array",
            "builtins": (
                "ArithmeticError AssertionError AttributeError BaseException BufferError DeprecationWarning "
                "EOFError Ellipsis Exception FileNotFoundError FloatingPointError FutureWarning ImportError "
                "IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError NoneType "
                "NotImplemented NotImplementedError OSError OverflowError PermissionError RecursionError "
                "ReferenceError RuntimeError RuntimeWarning StopIteration SyntaxError SystemError "
                "TimeoutError TypeError UnicodeDecodeError UnicodeEncodeError UnicodeError UserWarning "
                "ValueError Warning ZeroDivisionError bool bytearray bytes classmethod complex dict ellipsis enumerate "
                "float frozenset int list object range reversed set slice staticmethod str tuple zip __main__"
            ),  # dill calls the script's own names `__main__` of this module
            "collections": "ChainMap Counter OrderedDict UserDict UserList UserString _tuplegetter defaultdict deque",
            "collections.abc": (
                "Hashable Iterable Iterator Mapping MutableMapping MutableSequence MutableSet Sequence Set"
            ),
            "dataclasses": (
                "Field FrozenInstanceError InitVar KW_ONLY MISSING _DataclassParams _FIELD _FIELD_BASE _FIELD_CLASSVAR"
                " _FIELD_INITVAR _HAS_DEFAULT_FACTORY _HAS_DEFAULT_FACTORY_CLASS _KW_ONLY_TYPE _MISSING_TYPE"
            ),
            "datetime": "date datetime time timedelta timezone",
            "dateutil._common": "weekday",
            "dateutil.relativedelta": "relativedelta",
            "dateutil.tz": "tzutc",
            "dateutil.tz.tz": "tzlocal tzoffset tzutc",
            "decimal": (
                "Clamped Context Decimal DecimalException DivisionByZero FloatOperation Inexact "
                "InvalidOperation Overflow Rounded Subnormal Underflow"
            ),
            "dill": "_dill",
            "enum": "Enum Flag IntEnum IntFlag StrEnum auto",
            "fractions": "Fraction",
            "http": "HTTPMethod HTTPStatus",
            "inspect": "Parameter Signature _ParameterKind _empty",
            "io": "BytesIO StringIO",
            "ipaddress": "IPv4Address IPv4Interface IPv4Network IPv6Address IPv6Interface IPv6Network",
            "itertools": "chain count cycle repeat",
            "logging": "Formatter Logger NullHandler PercentStyle PlaceHolder RootLogger getLogger",
            "numbers": "Complex Integral Number Rational Real",
            "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
            "pytz": "_UTC _p timezone",
            "pytz.tzinfo": "DstTzInfo StaticTzInfo",
            "random": "Random",
            "re": "Pattern RegexFlag _compile",
            "statistics": "NormalDist",
            "string": "Template",
            "time": "struct_time",
            "types": "GenericAlias MappingProxyType NoneType SimpleNamespace",
            "typing": "Any Callable Dict Generic Iterable List Literal Mapping Optional Sequence Set Tuple Union",
            "uuid": "SafeUUID UUID",
            "zoneinfo": "ZoneInfo",
        },
    ),
)

ARRAYS: Final[tuple[Allowed, ...]] = (
    Allowed(
        "functions that models keep, of CPython 3.11 and numpy 2.4, by review: a value in, a value out, and no "
        "callable, name or file among their arguments",
        {
            "builtins": "abs all any chr divmod hash len ord round sum",
            "math": (
                "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh degrees dist erf erfc exp "
                "exp2 expm1 fabs floor fmod frexp fsum gamma gcd hypot isclose isfinite isinf isnan isqrt lcm "
                "ldexp lgamma log log10 log1p log2 modf nextafter prod radians remainder sin sinh sqrt tan "
                "tanh trunc ulp"
            ),
            "numpy": (
                "all amax amin any argmax argmin argsort array asarray ascontiguousarray average clip "
                "concatenate count_nonzero cumprod cumsum diff dot hstack max mean median min nan_to_num "
                "nanmax nanmean nanmedian nanmin nanstd nansum nanvar ones percentile prod ptp quantile ravel "
                "reshape round sort squeeze stack std sum transpose unique var vstack where zeros"
            ),
            "numpy.linalg": "det inv norm pinv",
            "operator": "or_",
        },
    ),
    Allowed(
        "ufuncs of numpy 2.4 and scipy 1.17, by enumeration",
        {
            "numpy": _UFUNCS,
            "numpy._core._multiarray_umath": _UFUNCS,
            "scipy.special": _SPECIAL,
            "scipy.special._special_ufuncs": _SPECIAL,
            "scipy.special._ufuncs": _SPECIAL,
        },
    ),
    Allowed(
        "numpy 2.4: its scalar types by enumeration, its reconstructors by review",
        {
            "ml_dtypes": (
                "bfloat16 float4_e2m1fn float6_e2m3fn float6_e3m2fn float8_e3m4 float8_e4m3 "
                "float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu "
                "int2 int4 uint2 uint4"
            ),
            "numpy": (
                "bool bool_ byte bytes_ cdouble cfloat character chararray clongdouble complex128 complex256 "
                "complex64 complex_ complexfloating csingle datetime64 double dtype flexible float128 float16 "
                "float32 float64 float_ floating generic half inexact int16 int32 int64 int8 int_ intc integer "
                "intp long longdouble longfloat longlong matrix ndarray number object0 object_ poly1d recarray "
                "record short signedinteger single str_ string_ timedelta64 ubyte uint uint16 uint32 uint64 "
                "uint8 uintc uintp ulong ulonglong unicode_ unsignedinteger ushort void"
            ),
            "numpy._core._internal": "_convert_to_stringdtype_kwargs",
            "numpy._core.defchararray": "chararray",
            "numpy._core.multiarray": "_reconstruct scalar",
            "numpy._core.numeric": "_frombuffer",
            "numpy._core.records": "recarray record",
            "numpy.char": "chararray",
            "numpy.dtypes": (
                "BoolDType ByteDType BytesDType CLongDoubleDType Complex128DType Complex64DType "
                "DateTime64DType Float16DType Float32DType Float64DType Int16DType Int32DType Int64DType "
                "Int8DType IntDType LongDType LongDoubleDType LongLongDType ObjectDType ShortDType StrDType "
                "StringDType TimeDelta64DType UByteDType UInt16DType UInt32DType UInt64DType UInt8DType "
                "UIntDType ULongDType ULongLongDType UShortDType VoidDType"
            ),
            "numpy.ma": "MaskedArray",
            "numpy.ma.core": "MaskedArray MaskedConstant _mareconstruct",
            "numpy.ma.mrecords": "MaskedRecords _mrreconstruct",
            "numpy.matrixlib.defmatrix": "matrix",
            "numpy.polynomial.chebyshev": "Chebyshev",
            "numpy.polynomial.hermite": "Hermite",
            "numpy.polynomial.hermite_e": "HermiteE",
            "numpy.polynomial.laguerre": "Laguerre",
            "numpy.polynomial.legendre": "Legendre",
            "numpy.polynomial.polynomial": "Polynomial",
            "numpy.random": "Generator MT19937 PCG64 RandomState",
            "numpy.random._generator": "Generator",
            "numpy.random._mt19937": "MT19937",
            "numpy.random._pcg64": "PCG64 PCG64DXSM",
            "numpy.random._philox": "Philox",
            "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
            "numpy.random._sfc64": "SFC64",
            "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
            "numpy.random.mtrand": "RandomState",
            "numpy.rec": "recarray record",
        },
    ),
    Allowed(
        "results of tests, by enumeration: tuples with names (scipy 1.17)",
        {
            "scipy.stats._binned_statistic": "BinnedStatistic2dResult BinnedStatisticResult BinnedStatisticddResult",
            "scipy.stats._common": "ConfidenceInterval",
            "scipy.stats._crosstab": "CrosstabResult",
            "scipy.stats._mannwhitneyu": "MannwhitneyuResult",
            "scipy.stats._morestats": (
                "AndersonResult Anderson_ksampResult AnsariResult BartlettResult FlignerResult LeveneResult Mean "
                "MedianTestResult ShapiroResult Std_dev Variance WilcoxonResult"
            ),
            "scipy.stats._stats_mstats_common": "SiegelslopesResult TheilslopesResult",
            "scipy.stats._stats_py": (
                "BrunnerMunzelResult ConfidenceInterval CumfreqResult DescribeResult F_onewayResult "
                "FriedmanchisquareResult HistogramResult KruskalResult Ks_2sampResult KstestResult KurtosistestResult "
                "ModeResult NormaltestResult PearsonRResult Power_divergenceResult RanksumsResult RelfreqResult "
                "SigmaclipResult SignificanceResult SkewtestResult TtestResult Ttest_indResult"
            ),
            "scipy.stats.contingency": "Chi2ContingencyResult",
        },
    ),
    Allowed(
        "scipy 1.17: sparse containers, distributions and interpolators by enumeration",
        {
            "scipy._lib.array_api_compat.numpy._aliases": "asarray",
            "scipy.cluster.hierarchy": "ClusterNode",
            "scipy.integrate._ivp.common": "OdeSolution",
            "scipy.integrate._ivp.ivp": "OdeResult",
            "scipy.integrate._ivp.rk": "RkDenseOutput",
            "scipy.interpolate._bsplines": "BSpline",
            "scipy.interpolate._cubic": ("Akima1DInterpolator CubicHermiteSpline CubicSpline PchipInterpolator"),
            "scipy.interpolate._fitpack2": (
                "InterpolatedUnivariateSpline LSQUnivariateSpline RectBivariateSpline SmoothBivariateSpline "
                "UnivariateSpline"
            ),
            "scipy.interpolate._interpnd": ("CloughTocher2DInterpolator LinearNDInterpolator NDInterpolatorBase"),
            "scipy.interpolate._interpolate": "BPoly NdPPoly PPoly interp1d interp2d",
            "scipy.interpolate._ndgriddata": "NearestNDInterpolator",
            "scipy.interpolate._rbf": "Rbf",
            "scipy.interpolate._rbfinterp": "RBFInterpolator",
            "scipy.interpolate._rgi": "RegularGridInterpolator",
            "scipy.interpolate.interpolate": "PPoly interp1d interp2d",
            "scipy.optimize._optimize": "OptimizeResult",
            "scipy.optimize.optimize": "OptimizeResult",
            "scipy.sparse": (
                "bsr_array bsr_matrix coo_array coo_matrix csc_array csc_matrix csr_array csr_matrix "
                "dia_array dia_matrix dok_array dok_matrix lil_array lil_matrix"
            ),
            "scipy.sparse._arrays": "bsr_array coo_array csc_array csr_array dia_array dok_array lil_array",
            "scipy.sparse._base": "sparray",
            "scipy.sparse._bsr": "bsr_array bsr_matrix",
            "scipy.sparse._coo": "coo_array coo_matrix",
            "scipy.sparse._csc": "csc_array csc_matrix",
            "scipy.sparse._csr": "csr_array csr_matrix",
            "scipy.sparse._dia": "dia_array dia_matrix",
            "scipy.sparse._dok": "dok_array dok_matrix",
            "scipy.sparse._index": "IndexMixin",
            "scipy.sparse._lil": "lil_array lil_matrix",
            "scipy.sparse._matrix": "spmatrix",
            "scipy.sparse.bsr": "bsr_matrix",
            "scipy.sparse.coo": "coo_matrix",
            "scipy.sparse.csc": "csc_matrix",
            "scipy.sparse.csr": "csr_matrix",
            "scipy.sparse.dia": "dia_matrix",
            "scipy.sparse.dok": "dok_matrix",
            "scipy.sparse.lil": "lil_matrix",
            "scipy.spatial._ckdtree": "cKDTree",
            "scipy.spatial._kdtree": "KDTree",
            "scipy.spatial.ckdtree": "cKDTree",
            "scipy.spatial.distance": (
                "braycurtis canberra chebyshev cityblock correlation cosine dice euclidean hamming jaccard "
                "jensenshannon mahalanobis minkowski rogerstanimoto russellrao seuclidean sokalsneath "
                "sqeuclidean yule"
            ),
            "scipy.spatial.kdtree": "KDTree",
            "scipy.spatial.transform._rotation": "Rotation",
            "scipy.special._logsumexp": "log_softmax logsumexp softmax",
            "scipy.stats._continuous_distns": (
                "alpha_gen anglit_gen arcsine_gen argus_gen beta_gen betaprime_gen bradford_gen burr12_gen "
                "burr_gen cauchy_gen chi2_gen chi_gen cosine_gen crystalball_gen dgamma_gen "
                "dpareto_lognorm_gen dweibull_gen erlang_gen expon_gen exponnorm_gen exponpow_gen "
                "exponweib_gen f_gen fatiguelife_gen fisk_gen foldcauchy_gen foldnorm_gen gamma_gen "
                "gausshyper_gen genexpon_gen genextreme_gen gengamma_gen genhalflogistic_gen genhyperbolic_gen "
                "geninvgauss_gen genlogistic_gen gennorm_gen genpareto_gen gibrat_gen gompertz_gen "
                "gumbel_l_gen gumbel_r_gen halfcauchy_gen halfgennorm_gen halflogistic_gen halfnorm_gen "
                "hypsecant_gen invgamma_gen invgauss_gen invweibull_gen irwinhall_gen jf_skew_t_gen "
                "johnsonsb_gen johnsonsu_gen kappa3_gen kappa4_gen ksone_gen kstwo_gen kstwobign_gen "
                "landau_gen laplace_asymmetric_gen laplace_gen levy_gen levy_l_gen loggamma_gen logistic_gen "
                "loglaplace_gen lognorm_gen lomax_gen maxwell_gen mielke_gen moyal_gen nakagami_gen ncf_gen "
                "nct_gen ncx2_gen norm_gen norminvgauss_gen pareto_gen pearson3_gen powerlaw_gen "
                "powerlognorm_gen powernorm_gen rayleigh_gen rdist_gen recipinvgauss_gen reciprocal_gen "
                "rel_breitwigner_gen rice_gen rv_histogram semicircular_gen skewcauchy_gen skewnorm_gen "
                "studentized_range_gen t_gen trapezoid_gen triang_gen truncexpon_gen truncnorm_gen "
                "truncpareto_gen truncweibull_min_gen tukeylambda_gen uniform_gen vonmises_gen wald_gen "
                "weibull_max_gen weibull_min_gen wrapcauchy_gen"
            ),
            "scipy.stats._discrete_distns": (
                "_nchypergeom_gen bernoulli_gen betabinom_gen betanbinom_gen binom_gen boltzmann_gen "
                "dlaplace_gen geom_gen hypergeom_gen logser_gen nbinom_gen nchypergeom_fisher_gen "
                "nchypergeom_wallenius_gen nhypergeom_gen planck_gen poisson_binom_gen poisson_gen "
                "randint_gen skellam_gen yulesimon_gen zipf_gen zipfian_gen"
            ),
            "scipy.stats._distn_infrastructure": (
                "rv_continuous rv_continuous_frozen rv_discrete rv_discrete_frozen rv_frozen rv_sample"
            ),
            "scipy.stats._kde": "gaussian_kde",
            "scipy.stats._stats_mstats_common": "LinregressResult",
            "scipy.stats._stats_py": "LinregressResult",
            "scipy.stats.kde": "gaussian_kde",
        },
    ),
    Allowed(
        "pandas 3.1 and older: what its own objects pickle to, found by pickling them",
        {
            "pandas": (
                "ArrowDtype BooleanDtype Categorical CategoricalDtype CategoricalIndex DataFrame DateOffset "
                "DatetimeIndex DatetimeTZDtype Float32Dtype Float64Dtype Float64Index Index Int16Dtype "
                "Int32Dtype Int64Dtype Int64Index Int8Dtype Interval IntervalDtype IntervalIndex MultiIndex NA "
                "NaT Period PeriodDtype PeriodIndex RangeIndex Series SparseDtype StringDtype Timedelta "
                "TimedeltaIndex Timestamp UInt16Dtype UInt32Dtype UInt64Dtype UInt64Index UInt8Dtype "
                "get_dummies isna notna to_datetime to_numeric to_timedelta"
            ),
            "pandas._libs.arrays": "NDArrayBacked __pyx_unpickle_NDArrayBacked",
            "pandas._libs.internals": "BlockManager BlockPlacement _unpickle_block",
            "pandas._libs.interval": "Interval __pyx_unpickle_IntervalMixin",
            "pandas._libs.missing": "NA NAType",
            "pandas._libs.sparse": "BlockIndex IntIndex",
            "pandas._libs.tslibs.nattype": "NaTType __nat_unpickle _nat_unpickle",
            "pandas._libs.tslibs.offsets": (
                "BaseOffset BusinessDay BusinessMonthEnd DateOffset Day Hour Micro Milli Minute MonthBegin "
                "MonthEnd Nano QuarterBegin QuarterEnd Second Tick Week YearBegin YearEnd"
            ),
            "pandas._libs.tslibs.period": "Period",
            "pandas._libs.tslibs.timedeltas": "Timedelta _timedelta_unpickle",
            "pandas._libs.tslibs.timestamps": "Timestamp _unpickle_timestamp",
            "pandas.arrays": (
                "ArrowStringArray BooleanArray DatetimeArray FloatingArray IntegerArray IntervalArray "
                "NumpyExtensionArray PandasArray PeriodArray SparseArray StringArray TimedeltaArray"
            ),
            "pandas.core.arrays.boolean": "BooleanArray BooleanDtype",
            "pandas.core.arrays.categorical": "Categorical",
            "pandas.core.arrays.datetimes": "DatetimeArray",
            "pandas.core.arrays.floating": "Float32Dtype Float64Dtype FloatingArray",
            "pandas.core.arrays.integer": "Int16Dtype Int32Dtype Int64Dtype Int8Dtype IntegerArray",
            "pandas.core.arrays.interval": "IntervalArray",
            "pandas.core.arrays.numpy_": "NumpyExtensionArray PandasArray",
            "pandas.core.arrays.period": "PeriodArray",
            "pandas.core.arrays.sparse.array": "SparseArray",
            "pandas.core.arrays.sparse.dtype": "SparseDtype",
            "pandas.core.arrays.string_": "StringArray StringDtype",
            "pandas.core.arrays.timedeltas": "TimedeltaArray",
            "pandas.core.dtypes.dtypes": (
                "CategoricalDtype DatetimeTZDtype IntervalDtype NumpyEADtype PandasDtype PeriodDtype SparseDtype"
            ),
            "pandas.core.dtypes.missing": "isna notna",
            "pandas.core.flags": "Flags",
            "pandas.core.frame": "DataFrame",
            "pandas.core.indexes.base": "Index _new_Index",
            "pandas.core.indexes.category": "CategoricalIndex",
            "pandas.core.indexes.datetimes": "DatetimeIndex _new_DatetimeIndex",
            "pandas.core.indexes.frozen": "FrozenList",
            "pandas.core.indexes.interval": "IntervalIndex _new_IntervalIndex",
            "pandas.core.indexes.multi": "MultiIndex",
            "pandas.core.indexes.numeric": "Float64Index Int64Index NumericIndex UInt64Index",
            "pandas.core.indexes.period": "PeriodIndex _new_PeriodIndex",
            "pandas.core.indexes.range": "RangeIndex",
            "pandas.core.indexes.timedeltas": "TimedeltaIndex _new_TimedeltaIndex",
            "pandas.core.internals": "BlockManager SingleBlockManager",
            "pandas.core.internals.blocks": (
                "Block CategoricalBlock DatetimeLikeBlock DatetimeTZBlock ExtensionBlock NumericBlock "
                "NumpyBlock ObjectBlock new_block"
            ),
            "pandas.core.internals.managers": "BlockManager SingleBlockManager SingleManager",
            "pandas.core.reshape.encoding": "get_dummies",
            "pandas.core.series": "Series",
            "pandas.core.tools.datetimes": "to_datetime",
            "pandas.core.tools.numeric": "to_numeric",
            "pandas.core.tools.timedeltas": "to_timedelta",
        },
    ),
)
