"""Makes corpus/scipy-*: sparse containers, distributions, interpolators, trees. Releases: 1.9.3, 1.17.1."""

import numpy as np
import scipy
from corpus_writing import Folder
from scipy import cluster, integrate, interpolate, optimize, signal, sparse, spatial, special, stats

FORMATS = "bsr coo csc csr dia dok lil".split()


def values():
    x = np.linspace(0, 1, 8)
    dense = np.diag([1.0, 2.0, 3.0])
    for kind in FORMATS:
        yield f"matrix_{kind}", getattr(sparse, f"{kind}_matrix")(dense)
        yield f"array_{kind}", getattr(sparse, f"{kind}_array")(dense)
    for name in "norm t gamma beta expon lognorm uniform weibull_min poisson binom".split():
        shapes = {"t": (3,), "gamma": (2,), "beta": (2, 3), "lognorm": (1,), "weibull_min": (2,), "poisson": (4,), "binom": (5, 0.5)}
        yield f"frozen_{name}", getattr(stats, name)(*shapes.get(name, ()))
    yield "distributions", [stats.norm, stats.randint, stats.loguniform(1e-3, 1), stats.uniform(0, 1), stats.randint(1, 9)]
    yield "multivariate", [stats.multivariate_normal([0, 0], np.eye(2)), stats.dirichlet([1, 2])]
    yield "histogram", stats.rv_histogram(np.histogram(x, 3))
    yield "kde", stats.gaussian_kde(np.random.RandomState(0).rand(10))
    yield "results_of_tests", [stats.linregress(x, x * 2), stats.shapiro(x)]
    yield "cubic", interpolate.CubicSpline(x, x**2)
    yield "bspline", interpolate.make_interp_spline(x, x**2)
    yield "pchip", interpolate.PchipInterpolator(x, x**2)
    yield "akima", interpolate.Akima1DInterpolator(x, x**2)
    yield "univariate", interpolate.UnivariateSpline(x, x**2)
    yield "interp1d", interpolate.interp1d(x, x**2)
    yield "grid", interpolate.RegularGridInterpolator((x, x), np.outer(x, x))
    yield "rbf", interpolate.RBFInterpolator(x[:, None], x)
    yield "nearest", interpolate.NearestNDInterpolator(np.c_[x, x**2], x)
    yield "kdtree", [spatial.KDTree(np.c_[x, x]), spatial.cKDTree(np.c_[x, x])]
    yield "rotation", spatial.transform.Rotation.from_euler("z", 45, degrees=True)
    yield "optimum", optimize.minimize(np.linalg.norm, [1.0, 2.0])
    yield "filter", [signal.dlti([1], [1, 2]), signal.butter(2, 0.3, output="sos")]
    yield "solution", integrate.solve_ivp(np.negative, (0, 1), [1.0], dense_output=True)
    yield "ufuncs", [special.expit, special.logit, special.gammaln, special.softmax]
    yield "linkage", cluster.hierarchy.to_tree(cluster.hierarchy.linkage(np.c_[x, x**2]))


def main():
    out = Folder("scipy", scipy.__version__)
    numpy_2 = np.__version__ > "2"
    for name, value in values():
        out.pickle(name, value, (4 if numpy_2 else 2,))
    sparse.save_npz(out("sparse.npz"), sparse.csr_matrix(np.eye(4)))


if __name__ == "__main__":
    main()
