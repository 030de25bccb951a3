"""Well-known functions, each written once for the numbers of autograd_lite, JAX and mpmath.

The argument `m` holds the mathematics under the names of autograd_lite, `x` a nested list of scalars. Each
function has a point near which it is differentiated, away from kinks and from zeros of derivatives.
"""

from itertools import combinations, pairwise
from math import e, factorial, log, pi, sqrt

FUNCTIONS = {}
POINTS = {}


def near(*point):
    """Enter a function under its name, with the point near which it is differentiated."""

    def enter(function):
        FUNCTIONS[function.__name__] = function
        POINTS[function.__name__] = list(point)
        return function

    return enter


def product(A, B):
    """The product of two matrices, each a list of rows."""
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*B, strict=True)] for row in A
    ]


# Optimization: the test functions of Surjanovic and Bingham's collection at Simon Fraser University


@near(-1.2, 0.9, 0.7, 1.4)
def rosenbrock(m, x):
    """The curved valley of Rosenbrock (1960), chained over n variables."""
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


@near(0.8, -1.3, 2.1)
def ackley(m, x):
    """The nearly flat funnel of Ackley (1987)."""
    waves = m.mean([m.cos(2 * pi * a) for a in x])
    return 20 + e - 20 * m.exp(-0.2 * m.sqrt(m.mean([a * a for a in x]))) - m.exp(waves)


@near(1.4, 0.7)
def beale(m, x):
    """The function of Beale (1958), with sharp peaks at the corners."""
    a, b = x
    return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2


@near(2.3, -1.1)
def himmelblau(m, x):
    """The function of Himmelblau (1972), with four equal minima."""
    a, b = x
    return (a**2 + b - 11) ** 2 + (a + b**2 - 7) ** 2


@near(0.6, -1.2, 2.2, 0.9)
def rastrigin(m, x):
    """The egg box of Rastrigin (1974)."""
    return 10 * len(x) + sum(a**2 - 10 * m.cos(2 * pi * a) for a in x)


@near(2.6, -4.1, 7.3)
def griewank(m, x):
    """The function of Griewank (1981): a bowl with a product of cosines."""
    return 1 + m.sum([a**2 for a in x]) / 4000 - m.prod([m.cos(a / sqrt(i)) for i, a in enumerate(x, 1)])


@near(-2.2, 3.1, 0.4)
def levy(m, x):
    """The function of Levy and Montalvo (1985)."""
    w = [1 + (a - 1) / 4 for a in x]
    inner = sum((v - 1) ** 2 * (1 + 10 * m.sin(pi * v + 1) ** 2) for v in w[:-1])
    return m.sin(pi * w[0]) ** 2 + inner + (w[-1] - 1) ** 2 * (1 + m.sin(2 * pi * w[-1]) ** 2)


@near(0.4, -0.7)
def goldstein_price(m, x):
    """The polynomial of Goldstein and Price (1971), of degree eight."""
    a, b = x
    first = (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    second = (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2)
    return (1 + first) * (30 + second)


@near(4.3, 6.1)
def branin(m, x):
    """The function of Branin (1972), with three equal minima."""
    a, b = x
    return (b - 5.1 / (4 * pi**2) * a**2 + 5 / pi * a - 6) ** 2 + 10 * (1 - 1 / (8 * pi)) * m.cos(a) + 10


@near(2.1, 1.5, 1.2)
def michalewicz(m, x):
    """The steep ridges of Michalewicz (1992)."""
    return -sum(m.sin(a) * m.sin(i * a**2 / pi) ** 20 for i, a in enumerate(x, 1))


@near(130.0, -310.0, 47.0)
def schwefel(m, x):
    """The function of Schwefel (1981), whose second best minimum is far from the best."""
    return 418.9829 * len(x) - sum(a * m.sin(m.sqrt(m.abs(a))) for a in x)


# Statistics: negative logarithms of likelihoods, and distances

SAMPLE = (-1.7, 0.4, 0.9, 2.6, 4.1)
LABELLED = (((1.0, 0.5, -1.2), 1), ((1.0, -0.8, 0.3), -1), ((1.0, 1.9, 0.7), 1), ((1.0, 0.2, 1.4), -1))


@near(0.3, 1.1, -0.6)
def logistic_regression(m, x):
    """The loss of logistic regression (Cox 1958), log(1 + e**(-y w·a)), averaged."""
    return m.mean([m.softplus(-y * m.dot(x, a)) for a, y in LABELLED])


@near(0.4, -0.9, 0.7)
def probit_regression(m, x):
    """The loss of probit regression (Bliss 1934), -log Φ(y w·a), summed."""
    return -sum(m.log(m.ndtr(y * m.dot(x, a))) for a, y in LABELLED)


@near(-0.8, 2.7, 1.3, 0.9, 0.4)
def gaussian_mixture(m, x):
    """A mixture of two normal distributions, its weights σ(logit) and σ(-logit)."""
    mean, other_mean, deviation, other_deviation, logit = x

    def log_normal(t, mu, s):
        return -0.5 * ((t - mu) / s) ** 2 - m.log(s) - log(2 * pi) / 2

    return -sum(
        m.logsumexp(
            [
                log_normal(t, mean, deviation) - m.softplus(-logit),
                log_normal(t, other_mean, other_deviation) - m.softplus(logit),
            ]
        )
        for t in SAMPLE
    )


@near(0.6, 1.4, 3.2)
def student_t(m, x):
    """The t distribution of Student (1908) in location, scale and degrees of freedom, not normalized."""
    location, scale, nu = x
    return sum((nu + 1) / 2 * m.log1p(((t - location) / scale) ** 2 / nu) + m.log(scale) for t in SAMPLE)


@near(1.1, 0.8)
def cauchy(m, x):
    """Counts in intervals between cuts, of a Cauchy distribution in location and scale."""
    location, scale = x
    below = [0.5 + m.arctan((cut - location) / scale) / pi for cut in (-1.0, 0.5, 2.0, 3.5)]
    chances = [b - a for a, b in pairwise([0, *below, 1])]
    return -sum(n * m.log(p) for n, p in zip((2, 3, 9, 4, 3), chances, strict=True))


@near(0.3, 1.2, -0.5, 1.9)
def kullback_leibler(m, x):
    """The divergence of one normal distribution from another (Kullback and Leibler 1951)."""
    mean, deviation, other_mean, other_deviation = x
    squares = (deviation**2 + (mean - other_mean) ** 2) / (2 * other_deviation**2)
    return m.log(other_deviation / deviation) + squares - 0.5


@near(1.7, 2.3)
def weibull(m, x):
    """The distribution of lifetimes of Weibull (1951), in shape and scale."""
    k, scale = x
    return -sum(
        m.log(k / scale) + (k - 1) * m.log(t / scale) - (t / scale) ** k for t in (0.6, 1.4, 2.9, 4.2)
    )


@near(0.3, 1.2, 0.7, 1.6)
def johnson(m, x):
    """The unbounded distribution of Johnson (1949): γ + δ arcsinh((t - ξ) / λ) is normal."""
    gamma, delta, xi, scale = x
    u = [(t - xi) / scale for t in SAMPLE]
    normal = sum(0.5 * (gamma + delta * m.arcsinh(v)) ** 2 + 0.5 * m.log1p(v * v) for v in u)
    return normal + len(u) * m.log(scale / delta)


@near(0.9, -0.4, 1.6, 0.2)
def perplexity(m, x):
    """Two to the entropy of Shannon (1948), in bits, of the distribution with these logits."""
    return m.exp2(-sum(p * m.log2(p) for p in m.softmax(x)))


# Finance


def d1_and_d2(m, x):
    """The two quantiles of the formula of Black and Scholes."""
    spot, strike, rate, volatility, years = x
    deviation = volatility * m.sqrt(years)
    d1 = (m.log(spot / strike) + (rate + volatility**2 / 2) * years) / deviation
    return d1, d1 - deviation


@near(104.0, 97.0, 0.03, 0.25, 1.3)
def black_scholes(m, x):
    """The price of a call option (Black and Scholes 1973)."""
    spot, strike, rate, _, years = x
    d1, d2 = d1_and_d2(m, x)
    return spot * m.ndtr(d1) - strike * m.exp(-rate * years) * m.ndtr(d2)


@near(104.0, 92.0, 0.03, 0.25, 1.3)
def greeks(m, x):
    """Delta, gamma, vega and rho of that call, by their closed forms."""
    spot, strike, rate, volatility, years = x
    d1, d2 = d1_and_d2(m, x)
    delta = 0.5 * (1 + m.erf(d1 / sqrt(2)))
    density = m.exp(-0.5 * d1 * d1) / sqrt(2 * pi)
    gamma = density / (spot * volatility * m.sqrt(years))
    vega = spot * density * m.sqrt(years)
    rho = strike * years * m.exp(-rate * years) * 0.5 * (1 + m.erf(d2 / sqrt(2)))
    return [delta, gamma, vega, rho]


@near(0.042, 0.05, 100.0)
def bond_price(m, x):
    """A bond with half-yearly coupons, discounted at a yield."""
    bond_yield, coupon, face = x
    coupons = sum(coupon * face / 2 * (1 + bond_yield) ** (-k / 2) for k in range(1, 7))
    return coupons + face * (1 + bond_yield) ** -3.0


@near(0.045, -0.02, 0.013, 1.8)
def nelson_siegel(m, x):
    """The yields at four maturities of the curve of Nelson and Siegel (1987)."""
    level, slope, curvature, tau = x

    def rate(t):
        mean = -m.expm1(-t / tau) / (t / tau)
        return level + slope * mean + curvature * (mean - m.exp(-t / tau))

    return [rate(t) for t in (0.5, 1.0, 2.0, 5.0)]


@near(1.2, 0.9, 0.3, 0.6, -0.3, 0.5)
def sabr(m, x):
    """The implied volatility of the model SABR in its leading order (Hagan and others 2002)."""
    forward, strike, alpha, beta, rho, nu = x
    geometric = (forward * strike) ** ((1 - beta) / 2)
    moneyness = m.log(forward / strike)
    z = nu / alpha * geometric * moneyness
    chi = m.log((m.sqrt(1 - 2 * rho * z + z * z) + z - rho) / (1 - rho))
    squares = ((1 - beta) * moneyness) ** 2
    return alpha / (geometric * (1 + squares / 24 + squares**2 / 1920)) * z / chi


# Physics


@near(1.3, -2.1, 9.0, 10.0, 28.0, 2.7)
def lorenz(m, x):
    """A step of Runge and Kutta's method for the attractor of Lorenz (1963)."""
    *start, sigma, rho, beta = x
    h = 0.02

    def slope(u):
        a, b, c = u
        return [sigma * (b - a), a * (rho - c) - b, a * b - beta * c]

    def moved(step, k):
        return [u + step * v for u, v in zip(start, k, strict=True)]

    k1 = slope(start)
    k2 = slope(moved(h / 2, k1))
    k3 = slope(moved(h / 2, k2))
    k4 = slope(moved(h, k3))
    return [u + h / 6 * (a + 2 * b + 2 * c + d) for u, a, b, c, d in zip(start, k1, k2, k3, k4, strict=True)]


@near([0.3, 1.2, -0.4, 0.7], [-1.1, 0.5, 0.9, 0.2], [0.8, -0.9, 0.3, -1.1])
def n_body_energy(m, x):
    """The energy of three bodies in a plane, each its place and its velocity, under Newton's gravity."""
    masses = (1.0, 1.4, 0.6)
    kinetic = sum(0.5 * mass * (u**2 + v**2) for mass, (_, _, u, v) in zip(masses, x, strict=True))
    pairs = combinations(zip(masses, x, strict=True), 2)
    return kinetic - sum(k * n / m.hypot(a[0] - b[0], a[1] - b[1]) for (k, a), (n, b) in pairs)


@near([0.1, -0.2, 0.3], [1.3, 0.4, 0.5], [0.3, 1.3, -0.5])
def lennard_jones(m, x):
    """The energy of three atoms in the potential of Lennard-Jones (1924)."""
    distances = [m.norm([p - q for p, q in zip(a, b, strict=True)]) for a, b in combinations(x, 2)]
    return sum(4 * (r**-12 - r**-6) for r in distances)


@near(0.9, -0.4, 1.1, 0.7)
def double_pendulum(m, x):
    """The angular accelerations of two equal pendulums, one hanging from the other (Lagrange)."""
    a, b, u, v = x
    s, c, g = m.sin(a - b), m.cos(a - b), 9.81
    first = -g * (3 * m.sin(a) + m.sin(a - 2 * b)) - 2 * s * (v * v + u * u * c)
    second = 2 * s * (2 * u * u + 2 * g * m.cos(a) + v * v * c)
    return [first / (3 - m.cos(2 * a - 2 * b)), second / (3 - m.cos(2 * a - 2 * b))]


@near(1.3, 0.4, 0.9)
def kepler(m, x):
    """A planet's place from axis, eccentricity and mean anomaly, by Newton's steps for Kepler's equation."""
    axis, eccentricity, mean_anomaly = x
    E = mean_anomaly
    for _ in range(5):
        E = E - (E - eccentricity * m.sin(E) - mean_anomaly) / (1 - eccentricity * m.cos(E))
    return [axis * (m.cos(E) - eccentricity), axis * m.sqrt(1 - eccentricity**2) * m.sin(E)]


@near([0.3, -0.4, 0.2], [0.1, 0.5, -0.6])
def velocity_addition(m, x):
    """The sum of two velocities in space in Einstein's relativity (1905), light having speed one."""
    u, v = x
    gamma = 1 / m.sqrt(1 - m.dot(u, u))
    along = m.dot(u, v)
    return [
        (a + b / gamma + gamma / (1 + gamma) * along * a) / (1 + along) for a, b in zip(u, v, strict=True)
    ]


@near(1.2, 2.4, 1.5, 0.4)
def van_der_waals(m, x):
    """The pressure of a real gas (van der Waals 1873), the gas constant being one."""
    temperature, volume, a, b = x
    return temperature / (volume - b) - a / volume**2


@near(0.4, 1.3)
def planck(m, x):
    """The radiation of a black body by wavelength and temperature (Planck 1900), the constants being one."""
    wavelength, temperature = x
    return 2 * m.reciprocal(wavelength**5 * m.expm1(m.reciprocal(wavelength * temperature)))


@near(0.8, 0.3, 1.7)
def soliton(m, x):
    """The solitary wave of Korteweg and de Vries (1895) by place, time and speed."""
    place, time, speed = x
    return speed / 2 * m.sech(m.sqrt(speed) / 2 * (place - speed * time)) ** 2


@near(1.4, 2.3)
def catenary(m, x):
    """The length and the sag of a hanging chain (Huygens 1691), by parameter and span."""
    a, span = x
    return [2 * a * m.sinh(span / (2 * a)), a * m.cosh(span / (2 * a)) - a]


@near(61.0, 57.5, 64.2)
def decibels(m, x):
    """The level of several sounds together, from the level of each."""
    return 10 * m.log10(sum(10 ** (level / 10) for level in x))


# Linear algebra, written in scalars


def factor(m, A):
    """The rows of the lower triangular L with L Lᵀ = A."""
    L = []
    for i, row in enumerate(A):
        L.append([])
        for j in range(i):
            L[i].append((row[j] - sum(L[i][k] * L[j][k] for k in range(j))) / L[j][j])
        L[i].append(m.sqrt(row[i] - sum(v * v for v in L[i])))
    return L


@near([4.2, 1.1, -0.7], [1.1, 3.3, 0.6], [-0.7, 0.6, 2.8])
def cholesky(m, x):
    """The factorization of Cholesky (1910), of the lower half of a matrix."""
    return factor(m, x)


@near([2.1, 0.4, -0.3, 0.7], [0.6, 1.8, 0.5, -0.2], [-0.8, 0.3, 2.4, 0.9], [0.2, -0.6, 0.4, 1.7])
def log_determinant(m, x):
    """The logarithm of the determinant, from the pivots of Gauss's elimination."""
    rows, pivots = x, []
    while rows:
        first, *rest = rows
        pivots.append(first[0])
        rows = [[b - row[0] / first[0] * a for a, b in zip(first[1:], row[1:], strict=True)] for row in rest]
    return m.log(m.abs(m.prod(pivots)))


@near([1.9, 0.4, -0.6], [0.3, 1.6, 0.5], [-0.2, 0.8, 2.2])
def inverse(m, x):
    """The inverse of a matrix of order three, by cofactors."""

    def cofactor(i, j):
        (a, b), (c, d) = ([x[k % 3][n % 3] for n in (j + 1, j + 2)] for k in (i + 1, i + 2))
        return a * d - b * c

    total = sum(x[0][j] * cofactor(0, j) for j in range(3))
    return [[cofactor(j, i) / total for j in range(3)] for i in range(3)]


@near([3.1, 0.6, -0.4, 1.2], [0.5, 2.7, 0.8, -0.9], [-0.3, 0.7, 3.4, 2.1])
def gauss_seidel(m, x):
    """Two sweeps of Gauss and Seidel's method for a linear system, each row with its right-hand side."""
    solution = [0.0, 0.0, 0.0]
    for i in (0, 1, 2, 0, 1, 2):
        *row, right = x[i]
        others = sum(row[j] * solution[j] for j in range(3) if j != i)
        solution[i] = (right - others) / row[i]
    return solution


@near([2.3, 0.7, -0.4], [0.6, 1.9, 0.3], [-0.2, 0.5, 1.4])
def power_iteration(m, x):
    """Rayleigh's quotient after four power iterations (von Mises and Pollaczek-Geiringer 1929)."""
    v = [1.0, 0.8, 0.6]
    for _ in range(4):
        image = [m.dot(row, v) for row in x]
        v = [a / m.norm(image) for a in image]
    return m.dot(v, [m.dot(row, v) for row in x])


@near([1.4, 0.3, -0.5], [0.6, 1.7, 0.4])
def gram_schmidt(m, x):
    """The orthonormal vectors that Gram (1883) and Schmidt (1907) make of a basis."""
    basis = []
    for v in x:
        for q in basis:
            along = m.dot(q, v)
            v = [a - along * b for a, b in zip(v, q, strict=True)]
        length = m.norm(v)
        basis.append([a / length for a in v])
    return basis


# Geometry


@near(1.7, 0.8, 0.6)
def spherical_to_cartesian(m, x):
    """A point in space from its radius, polar angle and azimuth."""
    r, theta, phi = x
    return [r * m.sin(theta) * m.cos(phi), r * m.sin(theta) * m.sin(phi), r * m.cos(theta)]


@near(0.9, 1.4, -0.6)
def cartesian_to_spherical(m, x):
    """The radius, polar angle and azimuth of a point in space."""
    a, b, c = x
    r = m.norm(x)
    return [r, m.arccos(c / r), m.arctan2(b, a)]


@near([0.8, 0.3, -0.5, 0.4], [1.2, -0.7, 0.9])
def quaternion_rotation(m, x):
    """A vector turned by a quaternion of any length, by the formula of Euler (1770) and Rodrigues (1840)."""
    (a, b, c, d), v = x
    rows = [
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d],
    ]
    square = a * a + b * b + c * c + d * d
    return [row[0] / square for row in product(rows, [[w] for w in v])]


@near(0.79, -1.33, 0.85, 0.04)
def haversine(m, x):
    """The distance of two places on a sphere, from their latitudes and longitudes."""
    latitude, longitude, other_latitude, other_longitude = x
    across = m.cos(latitude) * m.cos(other_latitude) * m.sin((other_longitude - longitude) / 2) ** 2
    return 2 * m.arcsin(m.sqrt(m.sin((other_latitude - latitude) / 2) ** 2 + across))


@near([0.7, 0.4], [1.3, -0.2], [0.5, 0.9])
def mobius(m, x):
    """The transformation (z - a) / (1 - z conj(b)) of Möbius (1855), z, a and b being complex."""
    (p, q), (a, b), (c, d) = x
    real, imaginary = 1 - p * c - q * d, p * d - q * c
    square = real**2 + imaginary**2
    u, v = p - a, q - b
    return [(u * real + v * imaginary) / square, (v * real - u * imaginary) / square]


@near([0.3, -0.4], [0.5, 0.2])
def poincare_distance(m, x):
    """The distance of two points of the disk in the hyperbolic geometry of Poincaré (1882)."""
    (a, b), (c, d) = x
    return m.arccosh(1 + 2 * ((a - c) ** 2 + (b - d) ** 2) / ((1 - a * a - b * b) * (1 - c * c - d * d)))


@near(0.4, 0.9)
def mercator(m, x):
    """The height of a latitude on Mercator's map of an ellipsoid of some eccentricity, and the scale."""
    eccentricity, latitude = x
    s = m.sin(latitude)
    height = m.arctanh(s) - eccentricity * m.arctanh(eccentricity * s)
    return [height, m.sqrt((1 - (eccentricity * s) ** 2) * (1 + m.tan(latitude) ** 2))]


# Numerical methods


@near(0.7, 1.9)
def simpson(m, x):
    """The integral from 0 to 1 of e**(-a t²) cos(b t), by Simpson's rule."""
    a, b = x
    weights = (1, 4, 2, 4, 2, 4, 1)
    return sum(w / 18 * m.exp(-a * (k / 6) ** 2) * m.cos(b * k / 6) for k, w in enumerate(weights))


@near(0.8)
def continued_fraction(m, x):
    """The tangent as the continued fraction x / (1 - x² / (3 - x² / (5 - ...))) of Lambert (1761)."""
    (a,) = x
    below = 11.0
    for k in (9, 7, 5, 3, 1):
        below = k - m.square(a) / below
    return a / below


@near(1.9, 0.6)
def arithmetic_geometric_mean(m, x):
    """The common limit of arithmetic and geometric means (Gauss 1799)."""
    a, b = x
    for _ in range(4):
        a, b = (a + b) / 2, m.sqrt(a * b)
    return a


@near(0.31, 3.4)
def logistic_map(m, x):
    """Five generations of the logistic map (May 1976), from population and growth."""
    population, growth = x
    for _ in range(5):
        population = growth * population * (1 - population)
    return population


@near(1.3, 0.7)
def bessel(m, x):
    """The power series of the Bessel function J_0 of the distance of a point from the origin."""
    quarter = (x[0] ** 2 + x[1] ** 2) / 4
    return sum((-quarter) ** k / factorial(k) ** 2 for k in range(12))


# Learning


@near([[0.5, -0.8], [1.1, 0.3], [-0.6, 0.9]], [0.2, -0.1, 0.4], [0.7, -1.2, 0.5], [0.3])
def multilayer_perceptron(m, x):
    """The squared error of a network with three hidden units, by all its weights and biases."""
    weights, biases, outputs, (bias,) = x

    def network(inputs):
        hidden = [m.tanh(m.dot(w, inputs) + b) for w, b in zip(weights, biases, strict=True)]
        return m.sigmoid(m.dot(outputs, hidden) + bias)

    examples = (((0.0, 1.0), 1), ((1.0, 1.0), 0), ((1.0, -0.5), 1))
    return m.mean([(network(inputs) - y) ** 2 for inputs, y in examples])


@near([0.6, -0.4, 0.3], [0.8, -0.5, 0.1], [-0.3, 0.9, 0.4], [1.1, 0.2, -0.6], [0.7, 0.5, -0.2])
def lstm_cell(m, x):
    """The next cell and output of one long short-term memory that can forget (Gers and others 2000)."""
    *gates, (inputs, output, cell) = x
    ingoing, forget, candidate, outgoing = (w * inputs + u * output + b for w, u, b in gates)
    cell = m.sigmoid(forget) * cell + m.sigmoid(ingoing) * m.tanh(candidate)
    return [cell, m.sigmoid(outgoing) * m.tanh(cell)]


@near([0.7, -0.4], [1.2, 0.5], [-0.3, 0.9])
def attention(m, x):
    """Each of three tokens attending to all (Vaswani and others 2017), its own query, key and value."""
    scores = [[m.dot(a, b) / sqrt(2) for b in x] for a in x]
    return product([m.softmax(row) for row in scores], x)


@near(0.4, -1.3, 2.2, 0.9)
def layer_norm(m, x):
    """Numbers with their mean subtracted, over their deviation (Ba, Kiros and Hinton 2016)."""
    centre = m.mean(x)
    variance = m.mean([(a - centre) ** 2 for a in x])
    return [(a - centre) / m.sqrt(variance + 1e-5) for a in x]


@near(0.4, 0.7, -0.3)
def smooth_hinge(m, x):
    """The hinge loss with a parabola in its kink (Rennie 2005), and the squared hinge."""
    margins = [y * m.dot(x, a) for a, y in LABELLED]
    smooth = [m.where(z > 0, m.square(m.maximum(1 - z, 0.0)) / 2, 0.5 - z) for z in margins]
    return m.sum(smooth) + m.sum([m.maximum(1 - z, 0.0) ** 2 for z in margins])


@near([0.9, -0.7], [0.3, 0.5], [1.1, 0.8])
def physics_informed(m, x):
    """The squared residual of u' + u = 0 at four times, u a network of time (Raissi and others 2019)."""
    slopes, shifts, weights = x

    def residual(t):
        phases = [a * t + b for a, b in zip(slopes, shifts, strict=True)]
        u = sum(w * m.tanh(z) for w, z in zip(weights, phases, strict=True))
        du = sum(w * a * m.sech(z) ** 2 for w, a, z in zip(weights, slopes, phases, strict=True))
        return du + u

    return m.mean([residual(t) ** 2 for t in (0.0, 0.3, 0.7, 1.0)])


@near(0.8, 1.2, 0.3)
def gaussian_process(m, x):
    """A Gaussian process at three points, by length scale, size and noise: yᵀ K⁻¹ y + log det K."""
    length, size, noise = x
    places, heights = (0.0, 0.7, 1.9), (0.4, 1.1, -0.6)
    kernel = [[size**2 * m.exp(-0.5 * ((a - b) / length) ** 2) for b in places] for a in places]
    L = factor(m, [[k + noise**2 * (i == j) for j, k in enumerate(row)] for i, row in enumerate(kernel)])
    white = []
    for row, y in zip(L, heights, strict=True):
        white.append((y - sum(a * b for a, b in zip(row, white, strict=False))) / row[len(white)])
    return sum(a * a for a in white) + 2 * sum(m.log(row[-1]) for row in L)


@near(0.6, -0.9, 1.3, 0.2)
def rectifiers(m, x):
    """The activations that gate or bend a line at 0, above and below it, one after another."""
    a, b, c, d = x
    above = [m.relu(a), m.elu(a, d), m.leaky_relu(a, d), m.gelu(a), m.silu(a), m.mish(a)]
    below = [m.relu(b), m.elu(b, d), m.leaky_relu(b, d), m.gelu(b), m.silu(b), m.mish(b)]
    return m.softplus(m.dot(above, below) + c * m.prod(below[1:]))


@near(-0.4, 0.9, 0.15, -0.7)
def clipped_surrogate(m, x):
    """The objective of proximal policy optimization, by log-probabilities (Schulman and others 2017)."""
    before, advantages = (-0.6, 0.4, 0.1, -0.2), (1.2, -0.8, 0.5, -1.1)
    ratios = [m.exp(new - old) for new, old in zip(x, before, strict=True)]
    return m.mean(
        [m.minimum(r * A, m.clip(r, 0.8, 1.2) * A) for r, A in zip(ratios, advantages, strict=True)]
    )


@near([-0.8, 0.5], [1.3, -0.6], [0.2, 2.1])
def k_means(m, x):
    """The squared distances of points from the nearest of three centres (Lloyd 1957), and the largest."""
    points = ((-1.2, 0.9), (1.7, -0.2), (0.6, -1.1), (0.4, 1.6), (-0.3, -0.2))
    nearest = [m.min([(a - c) ** 2 + (b - d) ** 2 for c, d in x]) for a, b in points]
    return m.sum(nearest) + m.max(nearest)
