-- Messages live in streams: a channel, or a sub-channel of an elastic channel, each by its key. They
-- are clustered by stream and sequence, so that a page of a list is one run of rows.

CREATE TABLE channel_message (
	stream        bigint   NOT NULL,
	sequence      bigint   NOT NULL,
	sender        bigint   NOT NULL,
	target        bigint   NOT NULL,
	control       smallint NOT NULL,
	redacted      smallint NOT NULL,
	status        smallint NOT NULL,
	created       bigint   NOT NULL,
	updated       bigint   NOT NULL,
	edited        bigint   NOT NULL,
	content_type  {text}   NOT NULL,
	status_detail {text}   NOT NULL,
	attributes    {text}   NOT NULL,
	metadata      {text}   NOT NULL,
	content       {text}   NOT NULL,
	PRIMARY KEY (stream, sequence)
) {clustered};

-- The tokens of sent messages. day is the UTC day of sending, counted from 1970: forgetting a day is
-- forgetting one end of the table.
CREATE TABLE message_token (
	day         bigint  NOT NULL,
	sender      bigint  NOT NULL,
	token       {bytes} NOT NULL,
	stream      bigint  NOT NULL,
	sequence    bigint  NOT NULL,
	sent        bigint  NOT NULL,
	fingerprint {bytes} NOT NULL,
	PRIMARY KEY (day, sender, token)
) {clustered};

-- newest is the time of the newest stored message, also of one that does not move last_message.
ALTER TABLE channel ADD COLUMN newest bigint NOT NULL DEFAULT 0;

-- last_targeted is the time of the last message that the member sees and others do not.
ALTER TABLE member_channel ADD COLUMN last_targeted bigint NOT NULL DEFAULT 0;

-- A sub-channel is a row of channel whose parent is the key of its elastic channel: what a channel
-- has, memberships, messages and a sequence, a sub-channel has under its own key. Its id is the
-- parent's key and its own id with a slash between, which the id of no channel can hold, and its
-- privacy is 2, which no list asks for.
ALTER TABLE channel ADD COLUMN parent bigint NOT NULL DEFAULT 0;

-- sub_channels counts, in an elastic channel, the sub-channels that take members; draining is 1 in a
-- sub-channel that takes none any more, because its members move elsewhere.
ALTER TABLE channel ADD COLUMN sub_channels bigint NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN draining smallint NOT NULL DEFAULT 0;

-- taken is the number of members of a sub-channel once more, and 0 in a channel. An index of members
-- would have to be written whenever anybody joins any channel, and with it, in PostgreSQL, every index
-- of the row.
ALTER TABLE channel ADD COLUMN taken bigint NOT NULL DEFAULT 0;

CREATE INDEX channel_sub_list ON channel (parent, key) WHERE parent <> 0 AND deleted = 0;
CREATE INDEX channel_sub_room ON channel (parent, draining, taken, key) WHERE parent <> 0 AND deleted = 0;
CREATE INDEX channel_elastic ON channel (instance, key) WHERE maximum_sub_channels > 0 AND deleted = 0;
CREATE INDEX channel_draining ON channel (draining, key) WHERE draining = 1 AND deleted = 0;

-- Where in an elastic channel somebody is: in one sub-channel, or, as a moderator, in several.
CREATE TABLE sub_channel_member (
	channel     bigint NOT NULL,
	member      bigint NOT NULL,
	sub_channel bigint NOT NULL,
	PRIMARY KEY (channel, member, sub_channel)
) {clustered};
