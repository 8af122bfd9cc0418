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
INSERT INTO "effects" VALUES('sha256:6135bd7c1da064c7f561c12e7b5acb7c4dd2357ba12512f19f948d5626b7c0dd:action-1:0','{"verb":"release.switch","grant":"release","arguments":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]}','{"looked": "before"}','2026-11-23T13:49:14.393217+00:00','2026-11-23T13:49:14.397472+00:00','{"ok":true,"text":"done"}');
INSERT INTO "effects" VALUES('sha256:cfceade1d425429309966275577f7d34130012e715a19ecc20af9e6ea661861f:action-1:0','{"verb":"release.switch","grant":"release","arguments":["sha256:2222222222222222222222222222222222222222222222222222222222222222"]}','{"looked": "before"}','2026-11-23T13:49:14.405131+00:00',NULL,NULL);
CREATE TABLE fences (
	resource TEXT NOT NULL, 
	token BIGINT NOT NULL, 
	PRIMARY KEY (resource)
);
INSERT INTO "fences" VALUES('process.restart:sha256:2209a65cba15c98cf9954fdc460da0391000839438b62d0d1de1dcfbbfcf2233',2);
INSERT INTO "fences" VALUES('process.restart:sha256:7d69c0e030cb355e026ed7b88e383777af156b9b1ee8e7fce3584e772cbaed7b',2);
INSERT INTO "fences" VALUES('release.switch:sha256:f04d8a1cc2510f7891cb7b4cd290b183526f3e9d8723141ada7fb6b76bac306b',2);
INSERT INTO "fences" VALUES('service:db',2);
INSERT INTO "fences" VALUES('service:web',2);
INSERT INTO "fences" VALUES('web/process:restart/web-1',2);
INSERT INTO "fences" VALUES('web/process:restart/web-2',2);
INSERT INTO "fences" VALUES('web/release:release',2);
CREATE TABLE runs (
	run_key TEXT NOT NULL, 
	plan_digest TEXT NOT NULL, 
	action TEXT NOT NULL, 
	begun_at TEXT NOT NULL, 
	ended_at TEXT, 
	result TEXT, 
	PRIMARY KEY (run_key)
);
INSERT INTO "runs" VALUES('sha256:6135bd7c1da064c7f561c12e7b5acb7c4dd2357ba12512f19f948d5626b7c0dd:action-1','sha256:6135bd7c1da064c7f561c12e7b5acb7c4dd2357ba12512f19f948d5626b7c0dd','action-1','2026-11-23T13:49:14.383485+00:00','2026-11-23T13:49:14.400548+00:00','{"action":"action-1","status":"succeeded","exit_code":0,"calls":[{"call":{"verb":"release.switch","grant":"release","arguments":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]},"allowed":true,"result":"done","repeated":false}],"output":"done\n","seconds":1.0}');
INSERT INTO "runs" VALUES('sha256:cfceade1d425429309966275577f7d34130012e715a19ecc20af9e6ea661861f:action-1','sha256:cfceade1d425429309966275577f7d34130012e715a19ecc20af9e6ea661861f','action-1','2026-11-23T13:49:14.402129+00:00',NULL,NULL);
COMMIT;
