"""Trains a network of scalar Values on two rings of points, from data to decision boundary.

The experiment of the uOttawa lecture's `SimpleMLP`: 2-4-4-1, relu, He's initial weights, the binary
cross-entropy of a sigmoid, batches of 32, a learning rate of 0.3 that decays by 0.95 an epoch.
"""

from pathlib import Path

from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from autograd_lite import draw
from autograd_lite.nn import MLP, binary_cross_entropy
from autograd_lite.optim import SGD, ExponentialDecay
from autograd_lite.plotting import decision_boundary, training_curves
from autograd_lite.training import History, evaluate, fit

OUTPUT = Path(__file__).parent / "output" / "circles"


def data():
    X, y = make_circles(n_samples=200, factor=0.5, noise=0.08, random_state=1)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), y_train, y_test


def report(history: History) -> None:
    if len(history) % 25 == 0 or len(history) == 1:
        print(f"epoch {len(history):3d}   loss {history.loss[-1]:.4f}   lr {history.learning_rate[-1]:.4f}")


def main() -> None:
    X_train, X_test, y_train, y_test = data()
    model = MLP(2, [4, 4, 1], activation="relu", output="sigmoid", init="he", seed=42)
    print(f"{model}, {len(model.parameters())} parameters, {len(X_train)} training examples")
    history = fit(
        model,
        X_train,
        y_train,
        loss="binary_cross_entropy",
        optimizer=SGD(lr=ExponentialDecay(0.3, 0.95)),
        epochs=150,
        batch_size=32,
        seed=0,
        callbacks=[report],
    )
    for name, X, y in (("train", X_train, y_train), ("test", X_test, y_test)):
        result = evaluate(model, X, y, loss="binary_cross_entropy", metrics=["accuracy"])
        print(f"{name} accuracy {result['accuracy']:>{10 - len(name)}.3f}")

    OUTPUT.mkdir(parents=True, exist_ok=True)
    model.zero_grad()
    loss = binary_cross_entropy(model(X_train[0]), y_train[0])
    loss.label = "J"
    loss.backward()
    draw(loss).render(OUTPUT / "graph.svg")
    training_curves(history).savefig(OUTPUT / "training_curves.png", dpi=150)
    decision_boundary(model, X_train, y_train).savefig(OUTPUT / "decision_boundary.png", dpi=150)
    for name in ("graph.svg", "training_curves.png", "decision_boundary.png"):
        print(f"wrote {OUTPUT / name}")


if __name__ == "__main__":
    main()
