"""The record's tables. The migrations make them; a test holds the two together."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from vigil.integrations._clients.database import UtcTime

metadata = MetaData()

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("service", String(64), nullable=False),
    Column("symptom", String(64), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("stage", String(32), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("waiting_on", String(32)),
    Column("plan_digest", String(80)),
    Column("outcome", String(32)),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("cancelled_by", Text),
    # Raised by each run of a segment: what an overtaken run commits is refused.
    Column("claim", Integer, nullable=False, server_default="0"),
    Column("claimed_by", String(64), index=True),
    # Raised by each change of the row: what was read at a version stays true of that version.
    Column("version", Integer, nullable=False, server_default="0"),
    # Escalated and not heard to be over: alerts of the same trouble join it until then.
    Column("handed_over_until", UtcTime),
    # The last that any source said of it is that it ended.
    Column("said_over", Boolean, nullable=False, server_default=false()),
    # The newest link of the chain, and how far the newest checkpoint has signed it.
    Column("head_seq", Integer, nullable=False),
    Column("head_hash", String(64), nullable=False),
    Column("signed_seq", Integer, nullable=False),
    Index("ix_incidents_opened_at", "opened_at"),
    Index("ix_incidents_closed_at", "closed_at"),
    Index("ix_incidents_expires_at", "expires_at"),
)
# Finds what the next checkpoint has to sign, however many incidents there ever were.
Index(
    "ix_incidents_unsigned",
    incidents.c.id,
    sqlite_where=incidents.c.head_seq != incidents.c.signed_seq,
    postgresql_where=incidents.c.head_seq != incidents.c.signed_seq,
)
Index(
    "uq_incidents_one_open",
    incidents.c.service,
    incidents.c.symptom,
    unique=True,
    sqlite_where=incidents.c.closed_at.is_(None),
    postgresql_where=incidents.c.closed_at.is_(None),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_key", String(80), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("incident", ForeignKey("incidents.id")),
    Column("count", Integer, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    # Only of deliveries that opened or joined nothing: why.
    Column("text", Text),
)

# Authentic deliveries, written before they are answered and worked off afterwards.
inbox = Table(
    "inbox",
    metadata,
    # PostgreSQL gives no number twice, and 32 bits would be used up in some years of storms.
    Column(
        "id",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("source", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("size", Integer, nullable=False),
    # Why it could not be worked off; such a row is kept for a person.
    Column("failed", Text),
    Column("sealed", LargeBinary, nullable=False),
    # Finds who is next and counts what lies there, both without reading a document.
    Index("ix_inbox_line", "source", "failed", "id", "at", "size"),
    # What was worked off leaves no number behind for another delivery.
    sqlite_autoincrement=True,
)

# Digests, as a source may call a delivery whatever it likes.
delivery_ids = Table(
    "delivery_ids",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
)

outputs = Table(
    "outputs",
    metadata,
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("stage", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("json_text", Text, nullable=False),
)

executions = Table(
    "executions",
    metadata,
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
)

events = Table(
    "events",
    metadata,
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("payload_digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

payloads = Table(
    "payloads",
    metadata,
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("segment", String(16), primary_key=True),
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("written_at", UtcTime, nullable=False),
    Column("handed", Boolean, nullable=False),
    # How often it was begun on purpose: once more after each wait in the middle of it.
    Column("turn", Integer, nullable=False, server_default="1"),
)
Index(
    "ix_outbox_due",
    outbox.c.written_at,
    sqlite_where=~outbox.c.handed,
    postgresql_where=~outbox.c.handed,
)

approvals = Table(
    "approvals",
    metadata,
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("plan_digest", String(80), primary_key=True),
    Column("answer", String(16), nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)

# Each checkpoint signs all heads; only those that moved since the one before are stored with it.
checkpoint_heads = Table(
    "checkpoint_heads",
    metadata,
    Column("number", ForeignKey("checkpoints.number"), primary_key=True, autoincrement=False),
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

# From when on each channel is told things: what came before is not for it.
post_channels = Table(
    "post_channels",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("since", UtcTime, nullable=False),
)

# How far each channel has read each timeline.
post_read = Table(
    "post_read",
    metadata,
    Column("incident", ForeignKey("incidents.id"), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("seq", Integer, nullable=False),
)

# What people outside are to be told, and what became of it; what it says is in the timeline only.
post = Table(
    "post",
    metadata,
    Column(
        "number",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("incident", ForeignKey("incidents.id"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("place", String(64), nullable=False),
    Column("key", String(160), nullable=False),
    Column("deed", String(16), nullable=False),
    Column("said_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("settled_at", UtcTime),
    Column("text", Text, nullable=False),
    Column("remote", Text, nullable=False),
    UniqueConstraint("incident", "channel", "place", "key", "deed", name="uq_post_message"),
    # Finds what is due, and counts it, among all that there ever was.
    Index("ix_post_due", "channel", "state", "due_at"),
    # No number is given twice, so that they are in the order in which they were written.
    sqlite_autoincrement=True,
)
