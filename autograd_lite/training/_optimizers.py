"""What a training asks of an optimizer besides its steps."""

from typing import Any

from autograd_lite.optim import SGD


def reset(optimizer: SGD) -> None:
    """Let it forget all updates."""
    getattr(optimizer, "reset", lambda: None)()


def state_of(optimizer: SGD) -> dict[str, Any]:
    """What its updates left behind."""
    state: dict[str, Any] = getattr(optimizer, "state_dict", dict)()
    return state


def restore(optimizer: SGD, state: dict[str, Any]) -> None:
    """Let it go on from such a state."""
    reset(optimizer)
    getattr(optimizer, "load_state_dict", lambda state: None)(state)


def require_optimizer(optimizer: Any) -> None:
    """Raise TypeError unless it is an optimizer."""
    if isinstance(optimizer, SGD):
        return
    if callable(optimizer) and not isinstance(optimizer, type):
        raise TypeError(
            f"expected an optimizer, but got {optimizer!r}, a schedule: write SGD(lr=...) with it as the "
            "learning rate"
        )
    raise TypeError(f"expected an optimizer, such as SGD(lr=0.1), but got {optimizer!r}")
