-- Bots, user endpoints, retention, and what the sweeps need to find their work by an index.

-- A bot is an identity of kind 2; configuration is JSON text.
CREATE TABLE app_instance_bot (
	identity      {key},
	configuration {text} NOT NULL
);

-- device is a digest of the device and of the service that reaches it: it is registered once for a
-- user.
CREATE TABLE app_instance_user_endpoint (
	identity          bigint   NOT NULL,
	key               bigint   NOT NULL,
	muted             smallint NOT NULL,
	inactive          smallint NOT NULL,
	created           bigint   NOT NULL,
	updated           bigint   NOT NULL,
	id                {text}   NOT NULL,
	device            {bytes}  NOT NULL,
	type              {text}   NOT NULL,
	state_reason      {text}   NOT NULL,
	name              {text}   NOT NULL,
	resource_arn      {text}   NOT NULL,
	device_token      {text}   NOT NULL,
	voip_device_token {text}   NOT NULL,
	PRIMARY KEY (identity, key)
) {clustered};
CREATE UNIQUE INDEX app_instance_user_endpoint_id ON app_instance_user_endpoint (identity, id);
CREATE UNIQUE INDEX app_instance_user_endpoint_device ON app_instance_user_endpoint (identity, device);

-- retention_days is 0 without retention; retention_deletes is the time from which on messages beyond
-- it are deleted.
ALTER TABLE app_instance ADD COLUMN retention_days bigint NOT NULL DEFAULT 0;
ALTER TABLE app_instance ADD COLUMN retention_deletes bigint NOT NULL DEFAULT 0;
CREATE INDEX app_instance_retention ON app_instance (retention_deletes) WHERE retention_days > 0 AND deleted = 0;

-- oldest is a time that no message of the channel is older than.
ALTER TABLE channel ADD COLUMN oldest bigint NOT NULL DEFAULT 0;
CREATE INDEX channel_oldest ON channel (instance, oldest) WHERE deleted = 0;

-- expires is the time before which an identity, or a channel, does not expire; 0 is never.
ALTER TABLE identity ADD COLUMN expires bigint NOT NULL DEFAULT 0;
CREATE INDEX identity_expires ON identity (expires) WHERE expires > 0 AND deleted = 0;
ALTER TABLE channel ADD COLUMN expires bigint NOT NULL DEFAULT 0;
CREATE INDEX channel_expires ON channel (expires) WHERE expires > 0 AND deleted = 0;

-- What was deleted and still has records below it. kind is a store.CleanupKind.
CREATE TABLE cleanup (
	kind smallint NOT NULL,
	key  bigint   NOT NULL,
	PRIMARY KEY (kind, key)
) {clustered};

-- The ways from what is cleaned up to its records that no list needs.
CREATE INDEX identity_ended ON identity (instance, key) WHERE deleted = 1;
CREATE INDEX channel_ban_member ON channel_ban (member);

-- Work that one node at a time does. until is the time from which on anybody may take it over.
CREATE TABLE lease (
	name   {text} NOT NULL,
	until  bigint NOT NULL,
	holder {text} NOT NULL,
	PRIMARY KEY (name)
) {clustered};
