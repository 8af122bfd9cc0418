BEGIN TRANSACTION;
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    run_key TEXT NOT NULL,
    at TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE TABLE effects (
    key TEXT PRIMARY KEY,
    call TEXT NOT NULL,
    before TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    done_at TEXT,
    outcome TEXT
) STRICT;
INSERT INTO "effects" VALUES('sha256:6135bd7c1da064c7f561c12e7b5acb7c4dd2357ba12512f19f948d5626b7c0dd:action-1:0','{"verb":"release.switch","grant":"release","arguments":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]}','{"looked": "before"}','2026-11-23T07:41:41.715898+00:00','2026-11-23T07:41:41.720214+00:00','{"ok":true,"text":"done"}');
INSERT INTO "effects" VALUES('sha256:cfceade1d425429309966275577f7d34130012e715a19ecc20af9e6ea661861f:action-1:0','{"verb":"release.switch","grant":"release","arguments":["sha256:2222222222222222222222222222222222222222222222222222222222222222"]}','{"looked": "before"}','2026-11-23T07:41:41.735955+00:00',NULL,NULL);
CREATE TABLE fences (
    resource TEXT PRIMARY KEY,
    token INTEGER NOT NULL
) STRICT;
INSERT INTO "fences" VALUES('service:db',2);
INSERT INTO "fences" VALUES('service:web',2);
INSERT INTO "fences" VALUES('web/process:restart/web-1',2);
INSERT INTO "fences" VALUES('web/process:restart/web-2',2);
INSERT INTO "fences" VALUES('web/release:release',2);
CREATE TABLE runs (
    run_key TEXT PRIMARY KEY,
    plan_digest TEXT NOT NULL,
    action TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    ended_at TEXT,
    result TEXT
) STRICT;
INSERT INTO "runs" VALUES('sha256:6135bd7c1da064c7f561c12e7b5acb7c4dd2357ba12512f19f948d5626b7c0dd:action-1','sha256:6135bd7c1da064c7f561c12e7b5acb7c4dd2357ba12512f19f948d5626b7c0dd','action-1','2026-11-23T07:41:41.708438+00:00','2026-11-23T07:41:41.723918+00:00','{"action":"action-1","status":"succeeded","exit_code":0,"calls":[{"call":{"verb":"release.switch","grant":"release","arguments":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]},"allowed":true,"result":"done","repeated":false}],"output":"done\n","seconds":1.0}');
INSERT INTO "runs" VALUES('sha256:cfceade1d425429309966275577f7d34130012e715a19ecc20af9e6ea661861f:action-1','sha256:cfceade1d425429309966275577f7d34130012e715a19ecc20af9e6ea661861f','action-1','2026-11-23T07:41:41.728125+00:00',NULL,NULL);
COMMIT;
