BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('802efd12-4b20-44a2-be21-b955c0b799f2','vigil-1',1795419704000,1795419704000,'vigil');
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
INSERT INTO "queues" VALUES('0B9693BF8D9B0825DB91FFDE6874CB0A','vigil-segments',NULL,20,NULL,NULL,1,0,0.1,1795419704000,1795419704376,'vigil',NULL,NULL,NULL,NULL);
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
INSERT INTO "workflow_input" VALUES('inc:long-0:1:act','{"args": ["act", "long-0", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-1:1:act','{"args": ["act", "long-1", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-2:1:act','{"args": ["act", "long-2", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-3:1:act','{"args": ["act", "long-3", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-4:1:act','{"args": ["act", "long-4", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-5:1:act','{"args": ["act", "long-5", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-6:1:act','{"args": ["act", "long-6", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-7:1:act','{"args": ["act", "long-7", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-8:1:act','{"args": ["act", "long-8", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-9:1:act','{"args": ["act", "long-9", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-10:1:act','{"args": ["act", "long-10", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-11:1:act','{"args": ["act", "long-11", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-12:1:act','{"args": ["act", "long-12", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-13:1:act','{"args": ["act", "long-13", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-14:1:act','{"args": ["act", "long-14", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-15:1:act','{"args": ["act", "long-15", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-16:1:act','{"args": ["act", "long-16", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-17:1:act','{"args": ["act", "long-17", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-18:1:act','{"args": ["act", "long-18", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-19:1:act','{"args": ["act", "long-19", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-20:1:act','{"args": ["act", "long-20", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-21:1:act','{"args": ["act", "long-21", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-22:1:act','{"args": ["act", "long-22", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-23:1:act','{"args": ["act", "long-23", 1], "kwargs": {}}',1795419704000);
INSERT INTO "workflow_input" VALUES('inc:long-24:1:act','{"args": ["act", "long-24", 1], "kwargs": {}}',1795419704000);
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
INSERT INTO "workflow_status" VALUES('inc:long-0:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','8567a14f-e5ca-4fc0-be9c-fe8546e2b1c0');
INSERT INTO "workflow_status" VALUES('inc:long-1:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','3c37f874-c96e-47d7-9742-c84364e74b5f');
INSERT INTO "workflow_status" VALUES('inc:long-2:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','74949d08-1db1-4223-9bf6-fcf545cb4432');
INSERT INTO "workflow_status" VALUES('inc:long-3:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','cb2bb346-5a4c-49e5-a5ba-51956d121d58');
INSERT INTO "workflow_status" VALUES('inc:long-4:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','722998c8-00dc-4015-87fe-41f2b696cfb4');
INSERT INTO "workflow_status" VALUES('inc:long-5:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','64e7d06f-5b2c-48f1-8a19-2b6bc260fb52');
INSERT INTO "workflow_status" VALUES('inc:long-6:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','58df4095-c0f5-401f-b4c5-87654ea23a57');
INSERT INTO "workflow_status" VALUES('inc:long-7:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','53470a26-272e-4db7-9df5-9cb5a81b41b1');
INSERT INTO "workflow_status" VALUES('inc:long-8:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','432732d7-e3c2-4125-8a32-e65bb67a2b47');
INSERT INTO "workflow_status" VALUES('inc:long-9:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','6ee699df-03ce-4375-891a-498f7c7e2586');
INSERT INTO "workflow_status" VALUES('inc:long-10:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','838ce34d-f8f7-4a74-b455-6ffb295e17b0');
INSERT INTO "workflow_status" VALUES('inc:long-11:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','6f95cfa6-1b64-4428-b530-9ea32e505414');
INSERT INTO "workflow_status" VALUES('inc:long-12:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','64776035-5476-4420-9d05-84cf45dae989');
INSERT INTO "workflow_status" VALUES('inc:long-13:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','d1acd9b0-ed13-46e2-9af5-863dc848ef89');
INSERT INTO "workflow_status" VALUES('inc:long-14:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','d1df687b-2b21-4a3f-93c3-e7d6a5de8864');
INSERT INTO "workflow_status" VALUES('inc:long-15:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','e1a851dc-6ac4-406a-9f30-4758c1acd70a');
INSERT INTO "workflow_status" VALUES('inc:long-16:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','792eab99-f98f-42ae-a176-f97ec9b5cadb');
INSERT INTO "workflow_status" VALUES('inc:long-17:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','3d733eaf-9157-4692-8691-6da76fd5019c');
INSERT INTO "workflow_status" VALUES('inc:long-18:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','1f305ee4-e909-41c2-8be6-c3b6761730ad');
INSERT INTO "workflow_status" VALUES('inc:long-19:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419705000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795419705000,NULL,0,NULL,NULL,'7eb88b94-37b6-4ce2-8d93-841c0c64c5f9',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','3cda2e93-5dd2-432c-8fd5-f817e9fe95aa');
INSERT INTO "workflow_status" VALUES('inc:long-20:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419704000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','826e7e04-fe91-4861-9772-7a52d54f56d6');
INSERT INTO "workflow_status" VALUES('inc:long-21:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419704000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','509e2630-3162-4555-ba89-284db7d2c17c');
INSERT INTO "workflow_status" VALUES('inc:long-22:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419704000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','efa96bca-153f-485d-8a0f-2d16dbcc03dc');
INSERT INTO "workflow_status" VALUES('inc:long-23:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419704000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','3174855e-0008-4f25-a601-9669d26594b3');
INSERT INTO "workflow_status" VALUES('inc:long-24:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795419704000,1795419704000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','92ac3f89-af69-4514-a04b-314e2b74161c');
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
