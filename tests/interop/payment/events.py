"""Messages of the order saga, read and written by docs/api/events.asyncapi.json."""

import json
import sys
import uuid
from datetime import datetime, timezone

import jsonschema_rs
import pika

SERVICE = "payment"


class Malformed(Exception):
    """A message that no repetition makes readable."""


class Unreadable(Exception):
    """A version of an event that only a newer release reads."""


class Contract:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.document = json.load(file)
        messages = self.document["components"]["messages"]
        self.validators = {
            message["name"]: jsonschema_rs.validator_for(message["payload"])
            for message in messages.values()
        }
        self.versions = {
            message["name"]: message["examples"][0]["headers"]["schema-version"]
            for message in messages.values()
        }
        # Every event has the same headers; each retry and dead letter writes these anew.
        headers = next(iter(messages.values()))["headers"]["properties"]
        self.headers = {
            name: jsonschema_rs.validator_for(schema)
            for name, schema in headers.items()
            if name not in ("retried-at", "queue", "dead-lettered-at")
        }

    def names(self, action):
        """The events that this service sends or receives."""
        messages = self.document["components"]["messages"]
        return {
            messages[reference["$ref"].split("/")[-1]]["name"]
            for operation in self.document["operations"].values()
            if operation["action"] == action and {"name": SERVICE} in operation["tags"]
            for reference in operation["messages"]
        }

    def read(self, method, properties, body, own_exchange):
        headers = properties.headers or {}
        first = first_routing_key(method, headers, own_exchange)
        name = properties.type or first or method.routing_key
        if first is not None and name != first:
            raise Malformed(f"forged: the type {name} was published as {first}")
        if name not in self.names("receive"):
            known = name in self.validators and first is not None
            raise Malformed(f"{'forged: ' if known else ''}{name} is not consumed")
        version = headers.get("schema-version", 1)
        try:
            oldest_reader = int(headers.get("oldest-reader", version))
        except (TypeError, ValueError) as error:
            raise Malformed(f"malformed version: {error}") from error
        if oldest_reader > self.versions[name]:
            raise Unreadable(f"unknown version {version} of {name}")
        try:
            envelope = json.loads(body)
        except ValueError as error:
            raise Malformed(str(error)) from error
        if not self.validators[name].is_valid(envelope):
            raise Malformed(f"{name} does not match its schema")
        return name, envelope, headers.get("traceparent")

    def forwarded(self, method, properties, own_exchange, **written):
        """The properties of a message that is published to another queue of this service."""
        headers = properties.headers or {}
        first = first_routing_key(method, headers, own_exchange)
        kept = {
            name: value
            for name, value in headers.items()
            if name in self.headers and self.headers[name].is_valid(value)
        }
        kept = {**kept, "first-routing-key": first, **written}
        return pika.BasicProperties(
            message_id=properties.message_id,
            correlation_id=properties.correlation_id,
            type=properties.type or first or method.routing_key,
            content_type=properties.content_type,
            content_encoding=properties.content_encoding,
            timestamp=properties.timestamp,
            delivery_mode=2,
            headers={name: value for name, value in kept.items() if value is not None},
        )

    def properties(self, event):
        headers = {"schema-version": event["schema_version"]}
        if event["causation_id"] is not None:
            headers["causation-id"] = str(event["causation_id"])
        if event["traceparent"] is not None:
            headers["traceparent"] = event["traceparent"]
        return pika.BasicProperties(
            message_id=str(event["event_id"]),
            correlation_id=str(event["saga_id"]),
            type=event["routing_key"],
            content_type="application/json",
            timestamp=int(event["created_at"].timestamp()),
            delivery_mode=2,
            headers=headers,
        )

    def body(self, event):
        created = event["created_at"].astimezone(timezone.utc)
        envelope = {
            "eventId": str(event["event_id"]),
            "sagaId": str(event["saga_id"]),
            "orderId": str(event["order_id"]),
            "timestamp": created.isoformat(timespec="milliseconds").replace(
                "+00:00", "Z"
            ),
            "payload": event["payload"],
        }
        self.validators[event["routing_key"]].validate(envelope)
        return json.dumps(envelope).encode()


def first_routing_key(method, headers, own_exchange):
    """None: unknown, because the previous release moved the message."""
    if method.exchange in ("", own_exchange):
        return headers.get("first-routing-key")
    return method.routing_key


def new_id():
    return str(uuid.uuid4())


def parse_instant(text):
    return datetime.fromisoformat(text.upper().replace("Z", "+00:00"))


def log(message, **fields):
    print(json.dumps({"service": SERVICE, "msg": message, **fields}), flush=True)


def fail(message):
    log(message)
    sys.exit(1)
