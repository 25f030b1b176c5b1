"""What the flows preprocess, train and report do. They need scikit-learn, an optional extra of the examples."""

from typing import Any


def split(test_share: float, seed: int) -> dict[str, Any]:
    """Return the iris measurements as scaled rows, split into those to learn from and those to test with."""
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    iris = load_iris()
    learn_x, test_x, learn_y, test_y = train_test_split(
        iris.data, iris.target, test_size=test_share, random_state=seed, stratify=iris.target
    )
    scaler = StandardScaler().fit(learn_x)
    print(f"{len(learn_x)} rows to learn from, {len(test_x)} to test with")
    return {
        "names": [str(name) for name in iris.target_names],
        "learn": {"x": scaler.transform(learn_x).round(4).tolist(), "y": learn_y.tolist()},
        "test": {"x": scaler.transform(test_x).round(4).tolist(), "y": test_y.tolist()},
    }


def train(rows: dict[str, Any], neighbours: int) -> dict[str, Any]:
    """Return how a nearest-neighbours classifier answers for the test rows."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(neighbours).fit(rows["learn"]["x"], rows["learn"]["y"])
    answers = model.predict(rows["test"]["x"]).tolist()
    accuracy = sum(answer == truth for answer, truth in zip(answers, rows["test"]["y"], strict=True)) / len(answers)
    print(f"accuracy {accuracy:.3f} with {neighbours} neighbours")
    return {
        "names": rows["names"],
        "neighbours": neighbours,
        "accuracy": accuracy,
        "answers": answers,
        "truth": rows["test"]["y"],
    }


def report(model: dict[str, Any]) -> dict[str, Any]:
    """Return accuracy and, for each kind of iris, how many of its rows were answered right."""
    kinds = {}
    for kind, name in enumerate(model["names"]):
        rows = [answer for answer, truth in zip(model["answers"], model["truth"], strict=True) if truth == kind]
        kinds[name] = {"right": sum(answer == kind for answer in rows), "of": len(rows)}
        print(f"{name}: {kinds[name]['right']} of {kinds[name]['of']} right")
    return {"accuracy": round(model["accuracy"], 4), "neighbours": model["neighbours"], "kinds": kinds}
