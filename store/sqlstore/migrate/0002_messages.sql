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
