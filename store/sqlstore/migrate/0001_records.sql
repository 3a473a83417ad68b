-- The records of package store. One text for every engine: what stands in braces is a word of the
-- dialect (dialect.go).
--
--   {key}        the type of a record's own key, which is its primary key and clusters the table
--   {text}       text that collates bytewise
--   {bytes}      a string of bytes
--   {clustered}  at the end of a table: its rows are kept in the order of the primary key
--
-- Keys are store.Key. Times are milliseconds since 1970 in UTC, 0 when absent. Flags are 0 or 1.
-- A primary key begins with what the table is distributed by: the channel for what is inside a
-- channel, the member for the member's own view. Numbers come before text, so that reading them
-- never needs the pages that long text overflows to.
--
-- Names are looked up by indexes that begin with the id, which tells rows apart at the first
-- comparison; the app instance would be the same in most.
--
-- deleted = 1 keeps a row as a tombstone: it has no name any more (the unique indexes leave it
-- out), but what refers to it by its key still finds who or what that was.

CREATE TABLE app_instance (
	key      {key},
	created  bigint   NOT NULL,
	updated  bigint   NOT NULL,
	deleted  smallint NOT NULL,
	account  {text}   NOT NULL,
	id       {text}   NOT NULL,
	name     {text}   NOT NULL,
	metadata {text}   NOT NULL
);
CREATE UNIQUE INDEX app_instance_name ON app_instance (id) WHERE deleted = 0;
CREATE INDEX app_instance_list ON app_instance (account, key) WHERE deleted = 0;

CREATE TABLE app_instance_admin (
	instance bigint NOT NULL,
	identity bigint NOT NULL,
	key      bigint NOT NULL,
	created  bigint NOT NULL,
	PRIMARY KEY (instance, identity)
) {clustered};
CREATE UNIQUE INDEX app_instance_admin_list ON app_instance_admin (instance, key);

-- kind is 1 for users and 2 for bots.
CREATE TABLE identity (
	key                  {key},
	instance             bigint   NOT NULL,
	kind                 smallint NOT NULL,
	created              bigint   NOT NULL,
	updated              bigint   NOT NULL,
	expiration_days      bigint   NOT NULL,
	deleted              smallint NOT NULL,
	expiration_criterion {text}   NOT NULL,
	id                   {text}   NOT NULL,
	name                 {text}   NOT NULL,
	metadata             {text}   NOT NULL
);
CREATE UNIQUE INDEX identity_name ON identity (id, instance, kind) WHERE deleted = 0;
CREATE INDEX identity_list ON identity (instance, kind, key) WHERE deleted = 0;

CREATE TABLE channel (
	key                                {key},
	instance                           bigint   NOT NULL,
	sequence                           bigint   NOT NULL,
	members                            bigint   NOT NULL,
	last_message                       bigint   NOT NULL,
	private                            smallint NOT NULL,
	unrestricted                       smallint NOT NULL,
	created_by                         bigint   NOT NULL,
	created                            bigint   NOT NULL,
	updated                            bigint   NOT NULL,
	expiration_days                    bigint   NOT NULL,
	maximum_sub_channels               bigint   NOT NULL,
	target_memberships_per_sub_channel bigint   NOT NULL,
	minimum_membership_percentage      bigint   NOT NULL,
	deleted                            smallint NOT NULL,
	expiration_criterion               {text}   NOT NULL,
	id                                 {text}   NOT NULL,
	name                               {text}   NOT NULL,
	metadata                           {text}   NOT NULL
);
CREATE UNIQUE INDEX channel_name ON channel (id, instance) WHERE deleted = 0;
CREATE INDEX channel_list ON channel (instance, private, key) WHERE deleted = 0;

-- A membership is two rows: the channel's, and the member's own.
CREATE TABLE channel_membership (
	channel    bigint   NOT NULL,
	member     bigint   NOT NULL,
	key        bigint   NOT NULL,
	hidden     smallint NOT NULL,
	invited_by bigint   NOT NULL,
	created    bigint   NOT NULL,
	PRIMARY KEY (channel, member)
) {clustered};
CREATE UNIQUE INDEX channel_membership_list ON channel_membership (channel, hidden, key);

CREATE TABLE member_channel (
	member      bigint   NOT NULL,
	key         bigint   NOT NULL,
	channel     bigint   NOT NULL,
	hidden      smallint NOT NULL,
	read_marker bigint   NOT NULL,
	preferences {text}   NOT NULL,
	PRIMARY KEY (member, key)
) {clustered};

-- A moderator's role is two rows: the channel's, and the moderator's own.
CREATE TABLE channel_moderator (
	channel    bigint NOT NULL,
	moderator  bigint NOT NULL,
	key        bigint NOT NULL,
	created_by bigint NOT NULL,
	created    bigint NOT NULL,
	PRIMARY KEY (channel, moderator)
) {clustered};
CREATE UNIQUE INDEX channel_moderator_list ON channel_moderator (channel, key);

CREATE TABLE moderator_channel (
	moderator bigint NOT NULL,
	key       bigint NOT NULL,
	channel   bigint NOT NULL,
	PRIMARY KEY (moderator, key)
) {clustered};

CREATE TABLE channel_ban (
	channel    bigint NOT NULL,
	member     bigint NOT NULL,
	key        bigint NOT NULL,
	created_by bigint NOT NULL,
	created    bigint NOT NULL,
	PRIMARY KEY (channel, member)
) {clustered};
CREATE UNIQUE INDEX channel_ban_list ON channel_ban (channel, key);

CREATE TABLE tag (
	resource bigint NOT NULL,
	name     {text} NOT NULL,
	value    {text} NOT NULL,
	PRIMARY KEY (resource, name)
) {clustered};

CREATE TABLE request_token (
	scope       {text}  NOT NULL,
	operation   {text}  NOT NULL,
	token       {text}  NOT NULL,
	expires     bigint  NOT NULL,
	fingerprint {bytes} NOT NULL,
	result      {text}  NOT NULL,
	PRIMARY KEY (scope, operation, token)
) {clustered};
CREATE INDEX request_token_expires ON request_token (expires);

CREATE TABLE setting (
	name  {text}  NOT NULL,
	value {bytes} NOT NULL,
	PRIMARY KEY (name)
) {clustered};
