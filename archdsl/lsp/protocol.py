"""The protocol's own rules: no request goes without an answer, however wrong it is."""

from __future__ import annotations

from typing import Any

from cattrs import ClassValidationError, transform_error
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
)
from pygls.protocol import LanguageServerProtocol

_MOST_REASONS = 3


class _Handled:
    """A message that has been answered already."""


class Protocol(LanguageServerProtocol):
    """Answers what pygls passes over: requests that cannot be read, and those after a shutdown."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """A JSON object as a message; one that is part of a message stays what it is."""
        if data.keys() >= {"jsonrpc", "id", "method"} and not (isinstance(data["method"], str) and _is_id(data["id"])):
            error = JsonRpcInvalidRequest("a request has a text as its `method` and a number or a text as its `id`")
            self._refuse(data["id"], error)
            return _Handled()
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" not in data or "method" not in data:  # A notification, or an answer to us: nobody waits.
                raise
            self._refuse(data["id"], self._what_is_wrong(data, error))
            return _Handled()

    def handle_message(self, message: Any) -> None:
        """Hands a message to what answers it."""
        if isinstance(message, _Handled):
            return
        if getattr(message, "jsonrpc", None) != self.VERSION:
            self._refuse(_id_of(message), JsonRpcInvalidRequest("a message is an object with `jsonrpc` 2.0"))
        elif self._shutdown and hasattr(message, "id") and hasattr(message, "method"):
            self._refuse(message.id, JsonRpcInvalidRequest("the server is shutting down"))
        else:
            super().handle_message(message)

    def refuse_malformed(self) -> None:
        """Answers something that is not JSON, or nested too deeply to read: nobody knows which request it was."""
        self._refuse(None, JsonRpcParseError("the message is not JSON that can be read"))

    def _what_is_wrong(self, data: dict[str, Any], error: JsonRpcException) -> JsonRpcException:
        method: str = data["method"]
        if self.get_message_type(method) is None:
            return JsonRpcMethodNotFound(f"there is no method {method}")
        cause = error.__cause__
        reasons = transform_error(cause, path="") if isinstance(cause, ClassValidationError) else [str(cause)]
        listed = "; ".join(reason.replace(" @ .", " at ") for reason in reasons[:_MOST_REASONS])
        return JsonRpcInvalidParams(f"{method}: {listed}")

    def _refuse(self, id: Any, error: JsonRpcException) -> None:
        # By hand, since pygls leaves an `id` out that is null, and an answer always has one.
        answer = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": id if _is_id(id) else None, "error": answer})


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _id_of(message: object) -> object:
    return message.get("id") if isinstance(message, dict) else getattr(message, "id", None)
