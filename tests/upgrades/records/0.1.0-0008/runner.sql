BEGIN TRANSACTION;
CREATE TABLE calls (
	id INTEGER NOT NULL, 
	run_key TEXT NOT NULL, 
	at TEXT NOT NULL, 
	record TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE effects (
	"key" TEXT NOT NULL, 
	call TEXT NOT NULL, 
	"before" TEXT NOT NULL, 
	begun_at TEXT NOT NULL, 
	done_at TEXT, 
	outcome TEXT, 
	PRIMARY KEY ("key")
);
INSERT INTO "effects" VALUES('sha256:68f671b299503d4552a09ea411ddced8dba5532f39b13273ce4da49e3a47876a:action-1:0','{"verb":"release.switch","grant":"release","arguments":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]}','{"looked": "before"}','2026-11-24T03:44:09.873776+00:00','2026-11-24T03:44:09.899504+00:00','{"ok":true,"text":"done"}');
INSERT INTO "effects" VALUES('sha256:3a930b1a95c9d896c8dd2ec34cbaa349b20c617d3b153a486ee6b8b71214eba3:action-1:0','{"verb":"release.switch","grant":"release","arguments":["sha256:2222222222222222222222222222222222222222222222222222222222222222"]}','{"looked": "before"}','2026-11-24T03:44:09.970807+00:00',NULL,NULL);
CREATE TABLE fences (
	resource TEXT NOT NULL, 
	token BIGINT NOT NULL, 
	PRIMARY KEY (resource)
);
INSERT INTO "fences" VALUES('path:sha256:f04d8a1cc2510f7891cb7b4cd290b183526f3e9d8723141ada7fb6b76bac306b',2);
INSERT INTO "fences" VALUES('process:sha256:2209a65cba15c98cf9954fdc460da0391000839438b62d0d1de1dcfbbfcf2233',2);
INSERT INTO "fences" VALUES('process:sha256:7d69c0e030cb355e026ed7b88e383777af156b9b1ee8e7fce3584e772cbaed7b',2);
INSERT INTO "fences" VALUES('service:db',2);
INSERT INTO "fences" VALUES('service:web',2);
INSERT INTO "fences" VALUES('web/process:restart/web-1',2);
INSERT INTO "fences" VALUES('web/process:restart/web-2',2);
INSERT INTO "fences" VALUES('web/release:release',2);
CREATE TABLE rates (
	grant_name TEXT NOT NULL, 
	begun_at TEXT NOT NULL, 
	PRIMARY KEY (grant_name)
);
CREATE TABLE runs (
	run_key TEXT NOT NULL, 
	plan_digest TEXT NOT NULL, 
	action TEXT NOT NULL, 
	begun_at TEXT NOT NULL, 
	ended_at TEXT, 
	result TEXT, 
	PRIMARY KEY (run_key)
);
INSERT INTO "runs" VALUES('sha256:68f671b299503d4552a09ea411ddced8dba5532f39b13273ce4da49e3a47876a:action-1','sha256:68f671b299503d4552a09ea411ddced8dba5532f39b13273ce4da49e3a47876a','action-1','2026-11-24T03:44:09.833821+00:00','2026-11-24T03:44:09.921648+00:00','{"action":"action-1","status":"succeeded","exit_code":0,"calls":[{"call":{"verb":"release.switch","grant":"release","arguments":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]},"allowed":true,"result":"done","repeated":false}],"output":"done\n","seconds":1.0,"attestation":null,"interrupted":false}');
INSERT INTO "runs" VALUES('sha256:3a930b1a95c9d896c8dd2ec34cbaa349b20c617d3b153a486ee6b8b71214eba3:action-1','sha256:3a930b1a95c9d896c8dd2ec34cbaa349b20c617d3b153a486ee6b8b71214eba3','action-1','2026-11-24T03:44:09.931390+00:00',NULL,NULL);
COMMIT;
