"""An object of a model's class whose every attribute is that of the binding's instance."""

from __future__ import annotations

import copy
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .binding import Binding


def live(of: type, binding: Binding) -> Any:
    """Return an object that `isinstance` takes for one of `of`, without values of its own.

    A method or a property runs on one instance, and so with the values of one moment. A copy is a
    plain object with the values of this moment.
    """

    class Live:
        __slots__ = ()

        def __getattribute__(self, name: str) -> Any:
            return of if name == "__class__" else getattr(binding.instance(name), name)

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise _read_only(of, name)

        def __delattr__(self, name: str) -> NoReturn:
            raise _read_only(of, name)

        def __repr__(self) -> str:
            # Without values: an error reporter shows the variables of frames.
            return f"<{of.__qualname__} bound by appconfig_env>"

        __str__ = __repr__

        def __copy__(self) -> Any:  # looked up in the class; deepcopy and pickle ask the object
            return copy.copy(binding.instance())

    names = (
        "__slots__", "__getattribute__", "__setattr__", "__delattr__", "__repr__", "__str__",
        "__copy__",
    )  # fmt: skip
    namespace = {name: vars(Live)[name] for name in names}
    namespace |= {"__module__": of.__module__, "__qualname__": of.__qualname__}
    bound = types.new_class(of.__name__, (of,), exec_body=lambda body: body.update(namespace))
    return object.__new__(bound)


def _read_only(of: type, name: str) -> AttributeError:
    return AttributeError(
        f"{of.__qualname__}.{name}: a bound object is read-only; change the source, or in a test "
        "use testing.override"
    )
