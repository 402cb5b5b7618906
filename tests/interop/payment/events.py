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

    def names(self, action):
        """The events that this service sends or receives."""
        messages = self.document["components"]["messages"]
        return {
            messages[reference["$ref"].split("/")[-1]]["name"]
            for operation in self.document["operations"].values()
            if operation["action"] == action and {"name": SERVICE} in operation["tags"]
            for reference in operation["messages"]
        }

    def read(self, method, properties, body):
        name = properties.type or method.routing_key
        if name not in self.names("receive"):
            raise Malformed(f"{name} is not consumed")
        try:
            envelope = json.loads(body)
        except ValueError as error:
            raise Malformed(str(error)) from error
        if not self.validators[name].is_valid(envelope):
            raise Malformed(f"{name} does not match its schema")
        headers = properties.headers or {}
        return name, envelope, headers.get("traceparent")

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


def new_id():
    return str(uuid.uuid4())


def parse_instant(text):
    return datetime.fromisoformat(text.upper().replace("Z", "+00:00"))


def log(message, **fields):
    print(json.dumps({"service": SERVICE, "msg": message, **fields}), flush=True)


def fail(message):
    log(message)
    sys.exit(1)
