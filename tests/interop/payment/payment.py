"""
A payment service written from docs/api/events.asyncapi.json, docs/events.md, docs/guarantees.md and docs/audit.md alone.

It moves no money: an address that begins with decline@ is declined, one that begins with slow@ is charged two seconds
after its deadline. One thread: each message is one transaction, which is acknowledged after its commit; the outbox is
published after that, with confirms.
"""

import os
import signal
from datetime import datetime, timedelta, timezone

import pika
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from events import Contract, Malformed, Unreadable, log, new_id, parse_instant

POLL_SECONDS = 0.1
PREFETCH = 20

contract = Contract(os.environ["EVENTS_DOCUMENT"])
queue = os.environ["PAYMENT_QUEUE"]
exchange = os.environ["ORDER_EXCHANGE"]
own_exchange = f"{queue}.direct"
retry_delays_ms = [int(text) for text in os.environ["RETRY_DELAYS_MS"].split(",")]
stopping = False


def load(cursor, order_id):
    cursor.execute(
        "SELECT * FROM payment_transactions WHERE order_id = %s FOR UPDATE", [order_id]
    )
    return cursor.fetchone()


def insert(cursor, envelope, status, now, **more):
    columns = {
        "order_id": envelope["orderId"],
        "saga_id": envelope["sagaId"],
        "payment_id": new_id(),
        "status": status,
        "created_at": now,
        "updated_at": now,
        **more,
    }
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    cursor.execute(
        f"INSERT INTO payment_transactions ({names}) VALUES ({places}) RETURNING *",
        list(columns.values()),
    )
    return cursor.fetchone()


def update(cursor, payment, now, **changes):
    names = ", ".join(f"{name} = %s" for name in changes)
    cursor.execute(
        f"UPDATE payment_transactions SET {names}, version = version + 1, updated_at = %s WHERE order_id = %s RETURNING *",
        [*changes.values(), now, payment["order_id"]],
    )
    return cursor.fetchone()


def append(cursor, name, payload, payment, cause, now):
    """Stores an event in the transaction of the change that it reports."""
    cursor.execute(
        """INSERT INTO events (event_id, saga_id, order_id, routing_key, payload, schema_version, causation_id, traceparent,
             created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        [
            *(new_id(), payment["saga_id"], payment["order_id"], name, Jsonb(payload)),
            *(contract.versions[name], cause.get("eventId"), cause.get("traceparent")),
            now,
        ],
    )


def completed(cursor, payment, cause, now):
    charge = f"py-charge-{payment['order_id']}"
    payment = update(
        cursor, payment, now, status="charged", charge_id=charge, next_attempt_at=None
    )
    if payment["refund_wanted"]:
        refund(cursor, payment, cause, now)
        return
    payload = {
        "paymentId": str(payment["payment_id"]),
        "amount": str(payment["amount"]),
        "currency": payment["currency"],
        "items": payment["items"],
        "deadline": payment["deadline"].isoformat(),
    }
    append(cursor, "payment.completed", payload, payment, cause, now)


def failed(cursor, payment, reason, cause, now):
    payload = {"reason": reason, "detail": reason}
    append(cursor, "payment.failed", payload, payment, cause, now)


def refund(cursor, payment, cause, now):
    refund_id = f"py-refund-{payment['order_id']}"
    payment = update(cursor, payment, now, status="refunded", refund_id=refund_id)
    refunded(cursor, payment, cause, now)


def refunded(cursor, payment, cause, now):
    paid = payment["status"] == "refunded"
    payload = {
        "refundId": payment["refund_id"] or f"none:{payment['order_id']}",
        "amount": str(payment["amount"]) if paid else "0",
        "currency": payment["currency"] or "XXX",
    }
    if payment["customer_email"] is not None:
        payload["customerEmail"] = payment["customer_email"]
    append(cursor, "payment.refunded", payload, payment, cause, now)


def on_order_created(cursor, envelope, payment, cause, now):
    order = envelope["payload"]
    deadline = parse_instant(order["deadline"])
    details = {
        "amount": order["amount"],
        "currency": order["currency"],
        "customer_email": order["customerEmail"],
        "items": Jsonb(order["items"]),
        "deadline": deadline,
    }
    if payment is not None:
        # A tombstone of the cancellation that came first; any other record has been answered.
        if payment["status"] == "cancelled" and payment["amount"] is None:
            payment = update(cursor, payment, now, **details)
            failed(cursor, payment, "order_cancelled", cause, now)
        return
    if now >= deadline:
        payment = insert(
            cursor, envelope, "cancelled", now, reason="expired", **details
        )
        failed(cursor, payment, "expired", cause, now)
        return
    local = order["customerEmail"].split("@")[0]
    if local == "decline":
        payment = insert(
            cursor, envelope, "declined", now, reason="declined", **details
        )
        failed(cursor, payment, "declined", cause, now)
        return
    due = deadline + timedelta(seconds=2) if local == "slow" else now
    payment = insert(cursor, envelope, "charging", now, next_attempt_at=due, **details)
    if local != "slow":
        completed(cursor, payment, cause, now)


def on_order_cancelled(cursor, envelope, payment, cause, now):
    if payment is None:
        insert(cursor, envelope, "cancelled", now, reason="order_cancelled")
    elif payment["status"] == "charging":
        # The charge is in flight; its result is published, and the saga requests the refund.
        update(cursor, payment, now, cancel_seen=True, next_attempt_at=now)


def on_refund_requested(cursor, envelope, payment, cause, now):
    if payment is None:
        payment = insert(cursor, envelope, "cancelled", now, reason="order_cancelled")
        refunded(cursor, payment, cause, now)
    elif payment["status"] == "charging":
        update(cursor, payment, now, refund_wanted=True)
    elif payment["status"] == "charged":
        refund(cursor, payment, cause, now)
    else:
        refunded(cursor, payment, cause, now)


reactions = {
    "order.created": on_order_created,
    "order.cancelled": on_order_cancelled,
    "payment.refund.requested": on_refund_requested,
}
assert set(reactions) == contract.names("receive")


def database_now(cursor):
    cursor.execute("SELECT clock_timestamp() AS now")
    return cursor.fetchone()["now"]


def react(database, name, envelope, traceparent):
    """One transaction: the inbox, the change, the events that report it."""
    with database.transaction(), database.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "INSERT INTO processed_events (event_id, consumer) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [envelope["eventId"], queue],
        )
        if cursor.rowcount == 0:
            return
        cause = {"eventId": envelope["eventId"], "traceparent": traceparent}
        payment = load(cursor, envelope["orderId"])
        reactions[name](cursor, envelope, payment, cause, database_now(cursor))


def complete_charges(database):
    """The results of charges that were in flight."""
    with database.transaction(), database.cursor(row_factory=dict_row) as cursor:
        now = database_now(cursor)
        cursor.execute(
            "SELECT * FROM payment_transactions WHERE next_attempt_at <= %s FOR UPDATE SKIP LOCKED",
            [now],
        )
        for payment in cursor.fetchall():
            completed(cursor, payment, {}, now)


def publish_outbox(database, channel):
    """A row is marked after the broker has confirmed the message; a crash in between publishes it again, under its id."""
    with database.transaction(), database.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT * FROM events WHERE published_at IS NULL AND parked_at IS NULL ORDER BY created_at FOR UPDATE SKIP LOCKED"
        )
        for event in cursor.fetchall():
            channel.basic_publish(
                exchange,
                event["routing_key"],
                contract.body(event),
                contract.properties(event),
                mandatory=True,
            )
            cursor.execute(
                "UPDATE events SET published_at = clock_timestamp() WHERE event_id = %s",
                [event["event_id"]],
            )


def move(channel, delivery, target, **written):
    """Publishes the delivery to another queue of this service; returns when the broker has confirmed it."""
    method, properties, body = delivery
    moved = contract.forwarded(method, properties, own_exchange, **written)
    channel.basic_publish(own_exchange, target, body, moved, mandatory=True)


def first_failure_of(delivery, now):
    """Headers are the sender's: a value that is no time with an offset counts as absent."""
    try:
        sent = parse_instant((delivery[1].headers or {})["first-failure"])
    except (KeyError, AttributeError, ValueError):
        return now
    return sent if sent.tzinfo is not None else now


def retry_later(channel, delivery, reason):
    """The attempt does not count: the message waits for a release that reads it, at last in the longest retry queue."""
    now = datetime.now(timezone.utc)
    first_failure = first_failure_of(delivery, now)
    left_ms = (now - first_failure).total_seconds() * 1000
    for delay_ms in retry_delays_ms:
        left_ms -= delay_ms
        if left_ms < 0:
            break
    times = {
        "first-failure": first_failure.isoformat(),
        "retried-at": now.isoformat(),
    }
    move(channel, delivery, f"{queue}.retry.{delay_ms}", reason=reason, **times)


def dead_letter(channel, delivery, reason):
    now = datetime.now(timezone.utc)
    times = {
        "first-failure": first_failure_of(delivery, now).isoformat(),
        "dead-lettered-at": now.isoformat(),
    }
    move(channel, delivery, f"{queue}.dlq", reason=reason, queue=queue, **times)


def main():
    database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    connection = pika.BlockingConnection(
        pika.URLParameters(os.environ["RABBITMQ_URL"])
    )
    consuming, publishing = connection.channel(), connection.channel()
    publishing.confirm_delivery()
    consuming.basic_qos(prefetch_count=PREFETCH)

    def on_message(channel, method, properties, body):
        delivery = (method, properties, body)
        try:
            name, envelope, traceparent = contract.read(*delivery, own_exchange)
            # Another failure ends the process: the broker delivers the message again.
            react(database, name, envelope, traceparent)
        except Unreadable as error:
            log("waits for a newer release", reason=str(error))
            retry_later(publishing, delivery, str(error))
        except Malformed as error:
            log("dead-lettered", reason=str(error))
            dead_letter(publishing, delivery, str(error))
        channel.basic_ack(method.delivery_tag)

    # Charges that the former implementation diverted are in the secondary queue.
    for each in (queue, f"{queue}.charges"):
        consuming.basic_consume(each, on_message)
    log("ready")
    while not stopping:
        connection.process_data_events(time_limit=POLL_SECONDS)
        complete_charges(database)
        publish_outbox(database, publishing)
    connection.close()
    database.close()


def stop(_signal, _frame):
    global stopping
    stopping = True


signal.signal(signal.SIGTERM, stop)
main()
