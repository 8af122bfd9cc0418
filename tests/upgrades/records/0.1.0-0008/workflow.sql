BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('5d7e2b0d-6e10-4860-b8af-1905ee00fbdb','vigil-1',1795491854000,1795491854000,'vigil');
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
INSERT INTO "queues" VALUES('3CCA01C301F210928736BFE569C2B7A7','vigil-segments',NULL,20,NULL,NULL,1,0,0.1,1795491854000,1795491854156,'vigil',NULL,NULL,NULL,NULL);
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_input" VALUES('inc:long-0:1:act','{"args": ["act", "long-0", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-1:1:act:2','{"args": ["act", "long-1", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-2:1:act','{"args": ["act", "long-2", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-3:1:act:2','{"args": ["act", "long-3", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-4:1:act','{"args": ["act", "long-4", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-5:1:act:2','{"args": ["act", "long-5", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-6:1:act','{"args": ["act", "long-6", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-7:1:act:2','{"args": ["act", "long-7", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-8:1:act','{"args": ["act", "long-8", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-9:1:act:2','{"args": ["act", "long-9", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-10:1:act','{"args": ["act", "long-10", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-11:1:act:2','{"args": ["act", "long-11", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-12:1:act','{"args": ["act", "long-12", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-13:1:act:2','{"args": ["act", "long-13", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-14:1:act','{"args": ["act", "long-14", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-15:1:act:2','{"args": ["act", "long-15", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-16:1:act','{"args": ["act", "long-16", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-17:1:act:2','{"args": ["act", "long-17", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-18:1:act','{"args": ["act", "long-18", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-19:1:act:2','{"args": ["act", "long-19", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-20:1:act','{"args": ["act", "long-20", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-21:1:act:2','{"args": ["act", "long-21", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-22:1:act','{"args": ["act", "long-22", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-23:1:act:2','{"args": ["act", "long-23", 1], "kwargs": {}}',1795491854000);
INSERT INTO "workflow_input" VALUES('inc:long-24:1:act','{"args": ["act", "long-24", 1], "kwargs": {}}',1795491854000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('inc:long-0:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','8f193e77-34af-44aa-90c2-f33912a22b9a');
INSERT INTO "workflow_status" VALUES('inc:long-1:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','0605f372-9828-4c26-8e05-626ce5a1558e');
INSERT INTO "workflow_status" VALUES('inc:long-2:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','1a6d3f00-35de-4e59-8f95-50de69060070');
INSERT INTO "workflow_status" VALUES('inc:long-3:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','34b15bb6-e9f6-48e1-aac8-dbd9a5e66f86');
INSERT INTO "workflow_status" VALUES('inc:long-4:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','cc672e26-7a40-4f7f-8480-8249c8445200');
INSERT INTO "workflow_status" VALUES('inc:long-5:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','f2d6a9a7-efe9-4997-a19f-1b0bf4a03188');
INSERT INTO "workflow_status" VALUES('inc:long-6:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','244d387a-fa87-49df-831d-7a6d71e134be');
INSERT INTO "workflow_status" VALUES('inc:long-7:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','b563e62c-4726-442c-aa3e-6897018cf416');
INSERT INTO "workflow_status" VALUES('inc:long-8:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','c243ffc7-021b-479f-98c9-c4979bdfdb83');
INSERT INTO "workflow_status" VALUES('inc:long-9:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','b8d52918-678f-403a-90da-dc7defe3e09a');
INSERT INTO "workflow_status" VALUES('inc:long-10:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','5f4aac59-22e2-42a3-a67b-2e7c134729b2');
INSERT INTO "workflow_status" VALUES('inc:long-11:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','ef08b5ed-1e96-426e-b0ad-e1c0538857b4');
INSERT INTO "workflow_status" VALUES('inc:long-12:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','7a9f39d9-102c-474a-80e4-e2e4f4523a90');
INSERT INTO "workflow_status" VALUES('inc:long-13:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','7cb2ef94-0bbd-42af-b63c-442d9cbc0826');
INSERT INTO "workflow_status" VALUES('inc:long-14:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','1795d5af-731a-49dc-b7b9-2a12bc5852bf');
INSERT INTO "workflow_status" VALUES('inc:long-15:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','a60d0348-af58-49a7-8484-c6441f48f303');
INSERT INTO "workflow_status" VALUES('inc:long-16:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','62022b10-cd43-45ec-a807-9f7bc525650d');
INSERT INTO "workflow_status" VALUES('inc:long-17:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','febee957-3cf0-41ee-9013-8732dafff11b');
INSERT INTO "workflow_status" VALUES('inc:long-18:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','0cd2ad47-6ea0-41d4-9ad9-869d8d5ccf3c');
INSERT INTO "workflow_status" VALUES('inc:long-19:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491855000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795491855000,NULL,0,NULL,NULL,'8da6b0f5-2425-4fcc-b656-23d3ad965364',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','922b778a-4e6a-44c0-9590-017c1923473f');
INSERT INTO "workflow_status" VALUES('inc:long-20:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491854000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','0e647832-f20f-4019-8551-33e21e3bc2b2');
INSERT INTO "workflow_status" VALUES('inc:long-21:1:act:2','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491854000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','a2fa2110-78ef-4969-b9e3-54051cb9d546');
INSERT INTO "workflow_status" VALUES('inc:long-22:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491854000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','fcfd5bca-224a-4645-b980-d6362e48b206');
INSERT INTO "workflow_status" VALUES('inc:long-23:1:act:2','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491854000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','af8c4a63-4f9f-4112-ad2a-2af319488eb9');
INSERT INTO "workflow_status" VALUES('inc:long-24:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795491854000,1795491854000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','5162a813-2fa4-469b-9161-30aff1b7dd86');
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
COMMIT;
