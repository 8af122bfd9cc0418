BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('c3bedd6a-d9e2-45c8-909d-6b350ffa8c84','vigil-1',1795441755000,1795441755000,'vigil');
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
INSERT INTO "queues" VALUES('8174870000723DEB73E9F66C6E2FBF2A','vigil-segments',NULL,20,NULL,NULL,1,0,0.1,1795441755000,1795441755334,'vigil',NULL,NULL,NULL,NULL);
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
INSERT INTO "workflow_input" VALUES('inc:long-0:1:act','{"args": ["act", "long-0", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-1:1:act:2','{"args": ["act", "long-1", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-2:1:act','{"args": ["act", "long-2", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-3:1:act:2','{"args": ["act", "long-3", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-4:1:act','{"args": ["act", "long-4", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-5:1:act:2','{"args": ["act", "long-5", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-6:1:act','{"args": ["act", "long-6", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-7:1:act:2','{"args": ["act", "long-7", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-8:1:act','{"args": ["act", "long-8", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-9:1:act:2','{"args": ["act", "long-9", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-10:1:act','{"args": ["act", "long-10", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-11:1:act:2','{"args": ["act", "long-11", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-12:1:act','{"args": ["act", "long-12", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-13:1:act:2','{"args": ["act", "long-13", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-14:1:act','{"args": ["act", "long-14", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-15:1:act:2','{"args": ["act", "long-15", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-16:1:act','{"args": ["act", "long-16", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-17:1:act:2','{"args": ["act", "long-17", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-18:1:act','{"args": ["act", "long-18", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-19:1:act:2','{"args": ["act", "long-19", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-20:1:act','{"args": ["act", "long-20", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-21:1:act:2','{"args": ["act", "long-21", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-22:1:act','{"args": ["act", "long-22", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-23:1:act:2','{"args": ["act", "long-23", 1], "kwargs": {}}',1795441755000);
INSERT INTO "workflow_input" VALUES('inc:long-24:1:act','{"args": ["act", "long-24", 1], "kwargs": {}}',1795441755000);
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
INSERT INTO "workflow_status" VALUES('inc:long-0:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','4db62c0d-99b1-477c-8b40-f537dedf4390');
INSERT INTO "workflow_status" VALUES('inc:long-1:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','3c58e718-082f-45bc-9c49-e62333a9c791');
INSERT INTO "workflow_status" VALUES('inc:long-2:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','0c61c152-3974-43b5-97f2-7b8ec3a81391');
INSERT INTO "workflow_status" VALUES('inc:long-3:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','b13f4a25-3de8-433c-adb6-6ddfa10b33cb');
INSERT INTO "workflow_status" VALUES('inc:long-4:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','298812a4-9e3a-496e-8de0-0dadde2970ec');
INSERT INTO "workflow_status" VALUES('inc:long-5:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','282d882b-e75b-4979-8aa5-af4304bff414');
INSERT INTO "workflow_status" VALUES('inc:long-6:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','db4d9128-3008-4958-b130-1d1ebb16a408');
INSERT INTO "workflow_status" VALUES('inc:long-7:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','11be77a2-3bdb-444c-ac41-33ed4bd9a7c8');
INSERT INTO "workflow_status" VALUES('inc:long-8:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','5c7dc53b-6f1f-4485-8e2e-0c61148a4bd5');
INSERT INTO "workflow_status" VALUES('inc:long-9:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','ee0a694f-541a-4dfb-8b67-b47fedecd230');
INSERT INTO "workflow_status" VALUES('inc:long-10:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','98125414-4737-4c27-8b74-0d3912fe3492');
INSERT INTO "workflow_status" VALUES('inc:long-11:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','b4f24f1e-9a6e-434d-b76f-190152bd0b85');
INSERT INTO "workflow_status" VALUES('inc:long-12:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','8c577ba0-a020-4740-b3ce-5a486c98d235');
INSERT INTO "workflow_status" VALUES('inc:long-13:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','f5ca5e4c-3281-44cf-a4d0-5373c22c3a47');
INSERT INTO "workflow_status" VALUES('inc:long-14:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','61879062-a01f-4b60-9442-ef37bd1bb3b3');
INSERT INTO "workflow_status" VALUES('inc:long-15:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','502460a4-3fe8-4338-b956-81e58420bc2b');
INSERT INTO "workflow_status" VALUES('inc:long-16:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','d8a92271-9642-4f2e-b6da-99bbe37f11ef');
INSERT INTO "workflow_status" VALUES('inc:long-17:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','cb14fb3e-ff96-47e1-902c-a2f0139646b5');
INSERT INTO "workflow_status" VALUES('inc:long-18:1:act','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','253cf580-026a-4848-a312-617daeb96b9d');
INSERT INTO "workflow_status" VALUES('inc:long-19:1:act:2','PENDING','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441756000,'vigil-1','',NULL,NULL,1,'vigil-segments',NULL,NULL,NULL,1795441756000,NULL,0,NULL,NULL,'797fe94a-b6ee-40c6-be1b-06e8313081b0',NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','92695a08-3225-48ec-9bdc-7d11d0fea5b6');
INSERT INTO "workflow_status" VALUES('inc:long-20:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441755000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','980e3748-227e-4ab3-8562-dace2e2e6c26');
INSERT INTO "workflow_status" VALUES('inc:long-21:1:act:2','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441755000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','9df91aa4-d4dd-443f-93f7-39f6987adc24');
INSERT INTO "workflow_status" VALUES('inc:long-22:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441755000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','da516dea-95d8-4847-bab6-d3e503966fe6');
INSERT INTO "workflow_status" VALUES('inc:long-23:1:act:2','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441755000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','67c692cc-abe2-41fb-9ddb-29e68391b6ce');
INSERT INTO "workflow_status" VALUES('inc:long-24:1:act','ENQUEUED','segment_v1',NULL,NULL,NULL,NULL,NULL,NULL,'vigil',1795441755000,1795441755000,'vigil-1','',NULL,NULL,0,'vigil-segments',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'vigil_json',NULL,0,0,NULL,'null',NULL,NULL,0,'vigil','dec0c068-9d70-4f67-bf3d-86609a3f60b8');
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
